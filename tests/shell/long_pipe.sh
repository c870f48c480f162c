seq 1 50 | grep 1 | grep -v 2 | sed 's/^/n/' | sort | uniq | tail -n 4 | tr '\n' ' '; echo
printf '%s\n' c b a | (read x; echo "first $x"; sort) | cat -n
find /etc -maxdepth 1 -name 'host*' | sort | sed 's|.*/||' | grep -x hostname | xargs -n 2 echo found:
echo one two three | { read a rest; echo "$rest" | { read b c; echo "$a-$b-$c"; }; }
