set -x
echo hi
x=5
y=a z="b c" true
echo "$x" 'a  b'
for i in 1 2; do :; done
[ 1 = 1 ] && true
f() { echo in; }; f arg
(echo sub)
v=$(echo cmd)
set +x
echo off
