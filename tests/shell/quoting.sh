echo 'single $x `y` \n' "double \"q\" \\ \$x" back\ slash
x='a b'
echo "$x" $x "${x}" '${x}'
echo "it's" 'say "hi"'
echo a"b"'c'd
echo "line
two" 'line
three'
echo con\
tinued
echo "con\
tinued"
echo "a\bc" 'a\bc' a\bc
echo "" '' | cat
printf '[%s]' "" '' a"" ; echo
