a=1; a=2 b=$a; echo $b
x=1; x=$((x+1)) y=$x; echo $y
f() { echo "$v"; }; v=1; v=2 f; echo $v
v=3 eval 'echo $v'; echo $v
v=4 :; echo $v
v=5 true; echo $v
PATH=/nonexistent ls 2>/dev/null; echo $?
e=1 export g; echo $e
u=$(echo 1) w=$(false); echo $? $u
