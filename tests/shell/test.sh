t() { "$@"; echo "$? $*"; }
t [ a ]; t [ '' ]; t [ ]; t [ a = a ]; t [ a = b ]; t [ a != b ]
t [ 1 -eq 1 ]; t [ 1 -ne 1 ]; t [ 1 -lt 2 ]; t [ 2 -le 1 ]; t [ 2 -gt 1 ]; t [ 1 -ge 2 ]
t [ -n a ]; t [ -z a ]; t [ -z '' ]; t [ ! a ]; t [ ! '' ]
t [ a -a b ]; t [ a -a '' ]; t [ '' -o b ]; t [ '' -o '' ]
t [ '(' a ')' ]; t [ ! a = b ]; t [ -n ]; t [ = ]; t [ a = ]
: >f; mkdir d; echo x >s; ln -s f l; chmod +x s; mkfifo p
t [ -e f ]; t [ -f f ]; t [ -d d ]; t [ -d f ]; t [ -s f ]; t [ -s s ]; t [ -h l ]; t [ -L f ]; t [ -p p ]
t [ -e none ]; t [ -x s ]; t [ -x f ]; t [ -r f ]; t [ -w f ]; t [ -c /dev/null ]
t [ f -ef l ]; t [ s -ef f ]; t [ -t 0 ]
t [ 1 -eq a ]; t [ a b ]; t [ a b c ]; t test x = x
t [ ' 5 ' -eq 5 ]; t [ -5 -lt 3 ]
t [ 1 -eq 1 -a 2 -eq 2 ]; t [ 1 = 2 -o 2 = 2 ]; t [ ! 1 = 2 -a x ]
