echo one >f; echo two >>f; cat f; cat <f
echo err >&2 2>e; ls /nonexistent 2>/dev/null; echo $?
{ echo a; echo b >&2; } >out 2>err; cat out err
{ echo a; echo b >&2; } >both 2>&1; cat both
echo swap 3>&1 >&2 2>&3 | cat
exec 3>three; echo to three >&3; exec 3>&-; cat three
exec 4<three; read line <&4; echo "$line"; exec 4<&-
cat <nofile; echo $?
echo x >/nonexistent/f; echo $?
>empty; [ -f empty ] && echo made
echo first >same; cat <same >other; cat other
if true; then echo in if; fi >iff; cat iff
for i in 1 2; do echo $i; done >loop; cat loop
while read l; do echo "[$l]"; done <loop
echo 1 2>&1 >file | cat; cat file
echo clobber >|f; cat f
set -C; echo no >f; echo $?; echo yes >|f; cat f; set +C
: <>rw; [ -e rw ] && echo rw
echo close >&-; echo $?
(echo sub; echo err >&2) 2>/dev/null
cat <<A >hd; cat hd
here
A
echo fd >&9; echo $?
