printf 'b 2\na 10\nc 1\na 9\n' >f
sort f; sort -r f; sort -k2 -n f; sort -k1,1 -k2,2nr f; sort -u -k1,1 f; cut -d' ' -f1 f | sort | uniq -c
cut -d' ' -f1 f | sort | uniq -d; cut -d' ' -f1 f | sort | uniq -u
head -n 2 f; tail -n 2 f; head -c 3 f; echo; tail -c 3 f; tail -n +3 f; head -1 f
wc f; wc -l f; wc -lw <f; wc -c f f
tr a-z A-Z <f; tr -d ' ' <f; echo aabbcc | tr -s a-c; echo hello | tr el ip; tr -c 'a-z\n' . <f
cut -c1 f; echo a:b:c | cut -d: -f2-; echo a:b:c | cut -d: -f1,3; echo nosep | cut -d: -f2; echo nosep | cut -s -d: -f2
seq 3; seq 2 4; seq 5 -2 1; seq -s, 3; seq -w 8 11
rev f; nl f; echo abc | od -c; echo abc | od -An -tx1
tee g <f | wc -l; cmp f g && echo same; cmp f /dev/null; echo $?
printf '1\n2\n3\n' >x; printf '1\n3\n4\n' >y; diff x y; echo $?
basename /a/b.c .c; dirname /a/b/c; basename /; dirname x
expr 2 + 3 \* 4; expr abc : 'a\(.*\)'; expr length hello; expr 5 \> 3; expr a = b; echo $?; expr substr hello 2 3
