echo hello | cat | cat
false | true; echo $?
true | false; echo $?
! true; echo $?; ! false; echo $?
! true | false; echo $?
echo a b c | while read x y; do echo "$y-$x"; done
printf '3\n1\n2\n' | sort | head -n 1
{ echo x; echo y; } | { read a; read b; echo $b$a; }
seq 1 1000 | wc -l
yes | head -n 2
echo $(echo a | tr a b)
exit 3 | cat; echo $?
(exit 2) | (exit 4); echo $?
x=1; echo | x=2; echo $x
seq 10 | tail -n 3 | sort -r
