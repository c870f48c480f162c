mkdir d d/sub; : >a.txt; : >b.txt; : >c.c; : >d/x.txt; : >d/sub/y.txt; : >.hidden; : >'sp ace'
echo *.txt; echo *; echo ?.c; echo [ab].txt; echo [!a].txt
echo d/*; echo */*.txt; echo d/*/*.txt; echo */
echo *.none '*' "*" \*; echo .h*; echo .[a-z]*
for f in *; do echo "<$f>"; done
x='*.txt'; echo $x "$x"
set -f; echo *; set +f
echo "d"/* d/s*b; echo [a]*; echo [[:alpha:]].txt
echo /etc/host* | tr ' ' '\n' | grep hostname
cd d; echo ../*.c; cd ..
case a.txt in *.txt) echo match;; esac
