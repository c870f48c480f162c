a=1 b=2; echo $a$b
a=x env | grep '^a='; echo $a
export c=3; env | grep '^c='
unset c; env | grep '^c=' || echo gone
readonly r=1; echo $r; (r=2; echo not here); echo $?
d=4; export d; sh -c 'echo $d' ; e=5 sh -c 'echo $e'; echo "[$e]"
f=' spaced '; echo "$f"; g=$f; echo "[$g]"
x= y=z; echo "[$x$y]"
v=a; v=$v$v; v=$v$v; echo $v
_u1=under; echo $_u1; echo ${_u1}x
A=1; B=$A A=2; echo $A $B
export -p | grep 'export d'
h=1; h=2 true; echo $h; h=3 :; echo $h
