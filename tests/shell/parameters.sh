unset x; e=; v=value
echo "[${x-unset}]" "[${e-unset}]" "[${v-unset}]"
echo "[${x:-null}]" "[${e:-null}]" "[${v:-null}]"
echo "[${x+set}]" "[${e+set}]" "[${v+set}]"
echo "[${x:+set}]" "[${e:+set}]" "[${v:+set}]"
echo "[${y=assigned}]" "[$y]" "[${e:=filled}]" "[$e]"
echo "${#v}" "${#e}" "${#x}"
path=/usr/local/lib/file.tar.gz
echo "${path##*/}" "${path#*/}" "${path%/*}" "${path%%.*}" "${path%.gz}"
echo "${path#nothing}" "${v%%*}" "${v#'va'}"
z='*'; s='a*b'; echo "${s#a"$z"}" "${s#a$z}"
echo "${x:-${v:-deep}}" "${x:-"a  b"}" ${x:-a  b}
echo "${x:-'quoted'}" ${x:-'quoted  word'}
set -- one two three
echo "$#" "$1" "${2}" "$*" "$@" "${#}" "${@}"
set -- a b c d e f g h i j k
echo "${10}" "$10" "${11}"
