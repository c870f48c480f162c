(readonly a=1; a=2; echo no); echo $?
(unset x; : ${x?message here}; echo no); echo $?
(unset x; : ${x:?}; echo no); echo $?
(: ${x!}; echo no); echo $?
(export 1a=2; echo no); echo $?
(set -Z; echo no); echo $?
(shift 9; echo no); echo $?
(break; echo ok); echo $?
(return 3; echo no); echo $?
(cd a b c 2>/dev/null; echo ok $?)
(local x; echo no); echo $?
(trap x NOSIG; echo ok $?)
(kill -NOSIG 1; echo $?)
(eval 'if'; echo no); echo $?
(command eval 'if'; echo no); echo $?
(. /nonexistent; echo no); echo $?
(echo ${a.b}); echo $?
(read 1x </dev/null; echo $?)
(getopts; echo $?)
(unset 1x; echo no); echo $?
(wait abc; echo $?)
(exit abc; echo no); echo $?
(umask 999; echo $?)
(kill 2>/dev/null; echo $?)
(fg 2>&1; echo $?)
