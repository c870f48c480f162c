show() { printf '<%s>' "$@"; echo " $#"; }
v='  lead and   trail  '
show $v
IFS=:; v='a:b::c:'; show $v; v=':a'; show $v; v='a b:c d'; show $v
IFS=' :'; v=' a : b :: c '; show $v
IFS=; v='a b'; show $v
unset IFS; v='x	y
z'; show $v
IFS=x; v=axbxc; show $v "$v" ${v}
IFS=' '
e=; show $e; show "$e"; show $e$e; show a$e; show $e"$e"
show $(echo 'a b' c) "$(echo 'a b' c)"
v='a*b'; show $v
