set -- a b; echo $-; set -f; echo $-; set +f
set -o noglob; echo *; set +o noglob
set a; echo $1; set --; echo $#
set -- -e; echo $1
set -n 2>/dev/null
echo not run
