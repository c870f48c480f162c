sleep 0.05 & a=$!; sleep 0.01 & b=$!
wait $a; echo $?; wait $b; echo $?; wait; echo $?
{ sleep 0.02; echo later; } & echo now; wait
(exit 3) & wait $!; echo $?
wait 99999; echo $?
sh -c 'kill -9 $$' & wait $!; echo $?
for i in 3 1 2; do (sleep 0.0$i; echo $i) & done; wait
x=$( (sleep 0.02; echo done) & wait ); echo $x
true & p=$!; wait $p; wait $p; echo $?
