mkfifo a b
cat <a >b & cat <b >out & echo through two >a; wait; cat out
(echo one; echo two) >a & while read l; do echo "got $l"; done <a; wait
