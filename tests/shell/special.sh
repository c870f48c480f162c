echo $0 $#; true; echo $?; false; echo $?
[ $$ -gt 0 ] && echo pid
(sleep 0) & [ -n "$!" ] && echo bg; wait
echo "$-" | grep -c . 
set -- a b; echo "$#:$*:$@"
sh -c 'echo $0 $1 $2 $#' name one two
sh -c 'echo $0'
p=$$; (echo $(( $$ == p )))
