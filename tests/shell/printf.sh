printf '%s %d %i\n' str 42 -7
printf '%5d|%-5d|%05d|%+d|% d\n' 42 42 42 42 42
printf '%x %X %o %u %#x %#o\n' 255 255 8 3 255 8
printf '%10s|%-10s|%.2s|%10.3s|\n' abc abc abc abcdef
printf '%c%c\n' abc xyz
printf '%b' 'tab\there\nnl\0101\n'
printf '%s\n' a b c
printf '%s %s\n' a b c
printf 'no args\n'; printf '%s|%d\n'
printf '100%%\n'; printf '\x\n' | od -c | head -n 1; printf '\101\n'
printf '%d\n' 0x1f 010 "'A"
printf '%d\n' 12abc; echo $?
printf '%d\n' abc; echo $?
printf '%*d|%-*d|\n' 5 42 5 42
printf '%.3d|%8.3d\n' 5 5
printf '%s' 'a\nb'; echo
printf '%5b|\n' 'a\tb'
printf '%b' 'stop\chere'; echo
printf -- '-%s\n' x
printf '%5.1f|%.2f|%f\n' 3.14159 2 1
printf '%e\n' 12345.678
