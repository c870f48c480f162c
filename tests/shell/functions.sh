f() { echo "f $# $1"; }
f; f a b
g() { return 3; echo never; }
g; echo $?
h() { local x=inner; echo $x; x=changed; echo $x; }
x=outer; h; echo $x
fact() { if [ $1 -le 1 ]; then echo 1; else echo $(($1 * $(fact $(($1-1))))); fi; }
fact 6
set -- p q; k() { echo $1; shift; echo $#; }; k z; echo $1 $#
sub() (exit 4); sub; echo $?
w() { echo to stdout; echo to stderr >&2; } >w.out 2>&1
w; cat w.out
r() { false; return; }; r; echo $?
unset -f f; f 2>/dev/null; echo $?
over() { echo first; }; over; over() { echo second; }; over
cat() { printf 'mine %s\n' "$*"; }; cat hi; unset -f cat; echo hi | cat
outer() { inner() { echo nested; }; inner; }; outer; inner
l() { local a b=2; a=1; echo $a$b; }; l; echo "[$a$b]"
c() { for i in 1 2; do return $i; done; }; c; echo $?
