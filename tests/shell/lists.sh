true && echo and; false && echo no; true || echo no; false || echo or
false && echo a || echo b; true && false || echo c
true || echo x && echo y
{ echo group; false; }; echo $?
(echo subshell; exit 5); echo $?
x=1; (x=2; echo $x); echo $x
x=1; { x=2; }; echo $x
(cd /; pwd); [ "$(pwd)" = / ] || echo back
echo a; echo b & wait; echo c
true & wait $!; echo $?
(exit 9) & wait $!; echo $?
false; echo $?; true; echo $?
( (echo nested); echo outer)
