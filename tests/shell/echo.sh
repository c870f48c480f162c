echo; echo a b; echo 'a  b'; echo -n no newline; echo
echo 'a\tb\nc'; echo 'back\\slash'; echo 'oct\0101'; echo 'stop\chere'; echo
echo -e x; echo -- x; echo -n; echo "-n" x; echo
echo '\x'
