alias say='echo said' two='say 2; echo'
say hello
two three
alias loop='loop x'; loop 2>/dev/null; echo $?
alias t='echo ' u='arg'; t u
alias | sort
unalias say; say 2>/dev/null || echo gone
\t u 2>/dev/null || echo notalias
unalias -a; alias; echo $?
