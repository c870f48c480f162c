(set -u; echo $nope; echo no); echo $?
(set -u; echo ${nope:-ok} ${nope-ok} "${nope+x}"); echo $?
(set -u; x=; echo "[$x]"); echo $?
(set -u; echo "$@" "$*" $#); echo $?
(set -u; echo $1); echo $?
(set -u; echo ${#nope}); echo $?
(set -u; unset IFS; echo a b); echo $?
echo ${q?}; echo unreached
