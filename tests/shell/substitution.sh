echo "$(echo one)" `echo two` $(echo $(echo nested))
echo `echo \`echo inner\``
echo "$(printf 'trail\n\n\n')end"
x=$(false); echo $?; x=$(exit 7); echo $?; echo $(exit 3) $?
x=$(echo a; echo b); echo "$x"; echo $x
echo "$(echo "quoted $(echo 'deep  er')")"
f() { echo "in f $1"; return 5; }
y=$(f arg); echo "$? $y"
echo $(
  echo multi # comment
  echo line
)
echo "$(cat <<E
here $x
E
)"
echo $(case a in (a) echo case;; esac)
n=1; : $(n=2); echo $n
