show() { printf '<%s>' "$@"; echo " $#"; }
set -- 'a b' c ''
show "$@"; show $@; show "$*"; show $*
IFS=:; show "$*"; show $*; IFS=' '
show "x$@y"; show x"$@"
set --
show "$@"; show "$*"; show $@ end
set -- 1 2 3 4
shift; echo $*; shift 2; echo $*
for a; do echo "arg $a"; done
set a b; for i in "$@" last; do printf '%s;' "$i"; done; echo
set -- -x y; echo $1 $2
