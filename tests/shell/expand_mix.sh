a=1 b='x y' c='*'
echo "$a$b"$b"$c" ${a}$a ${b#x }${b%y}
echo ${#a}${#b} "${b:+"$b"}" ${b:+"$b"} ${none:-$b} "${none:-$b}"
set -- "$b" "$c"; echo "$#" "${1#x }" "${2}"
echo "${a:-`echo no`}" "${none:-`echo yes`}" ${none:-$(echo "two  words")}
v=abcabc; echo ${v#*b} ${v##*b} ${v%b*} ${v%%b*} "${v%"${v#?}"}"
x='${a}'; eval "echo $x"; n=a; eval echo \$$n
echo $(( ${#v} * 2 )) $((${none:-4}+1))
IFS=,; w=1,2,3; set -- $w; echo $#; IFS=' '; echo "${*}"
echo ${v:+} "${v:+}" end
echo "a${v}b" a"${v}"b 'a${v}b'
echo ${v}$((1+1))$(echo z)`echo y`
