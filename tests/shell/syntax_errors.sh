for t in 'if' 'if true' 'for' 'for x in a' 'case x' 'echo )' '(' '{ echo' 'echo "a' "echo 'a" 'echo `a' 'echo $(a' 'fi' 'done' ';;' '&&' '| x' 'a ||' 'while true; do' 'echo ${x' 'for 1 in a; do :; done' 'f( { :; }' 'echo <' 'echo > ;' 'case x in' '}' 'then' 'if true; fi' 'a & && b' '()' 'x() ' 'echo $((1' ; do
  sh -c "$t" 2>&1; echo "$? [$t]"
done
