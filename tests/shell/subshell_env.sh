x=1; (x=2; y=3; cd /); echo $x "[$y]"; [ "$PWD" = / ] || echo same
(trap 'echo t' USR1; :); trap
f() { echo outer; }; (f() { echo inner; }; f); f
(set -f; echo $- | grep -c f); echo $- | grep -c f
(umask 0; umask); umask
(exit 1); echo $?
(echo $((x+1)))
v=$(x=9; echo $x); echo $v $x
