cat >text <<E
the quick brown fox jumps over the lazy dog
the dog sleeps the fox runs
E
tr ' ' '\n' <text | sort | uniq -c | sort -rn -k1,1 -k2 | head -n 3 | while read n w; do echo "$w=$n"; done
