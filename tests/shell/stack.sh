push() { eval "stack$depth=\$1"; depth=$((depth+1)); }
pop() { depth=$((depth-1)); eval "top=\$stack$depth"; }
depth=0
push 'a b'; push "c'd"; push 'e"f'
pop; echo "$top"; pop; echo "$top"; pop; echo "$top"
