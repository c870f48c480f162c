printf 'a b c\n' | { read x y; echo "[$x][$y]"; }
printf '  lead  trail  \n' | { read x; echo "[$x]"; }
printf 'one\n' | { read x y z; echo "[$x][$y][$z]"; }
printf 'a\\tb c\\\nd\n' | { read x; echo "[$x]"; }
printf 'a\\tb\n' | { read -r x; echo "[$x]"; }
printf 'a:b:c\n' | { IFS=: read x y; echo "[$x][$y]"; }
printf 'noeol' | { read x; echo "$? [$x]"; }
read x </dev/null; echo "$? [$x]"
printf '1\n2\n3\n' | while read n; do echo "n=$n"; done
printf 'x\ny\n' | { read a; cat; echo "a=$a"; }
printf 'a::b\n' | { IFS=: read x y z; echo "[$x][$y][$z]"; }
printf 'a b  \n' | { read x y; echo "[$x][$y]"; }
printf '  a b\n' | { IFS= read x; echo "[$x]"; }
printf ' a : b : c \n' | { IFS=' :' read x y; echo "[$x][$y]"; }
printf 'a:\n' | { IFS=: read x; echo "[$x]"; }
printf 'a:b:\n' | { IFS=: read x y; echo "[$x][$y]"; }
