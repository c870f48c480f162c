for i in 1 2 3; do echo $i; done
for i in; do echo never; done; echo $?
i=0; while [ $i -lt 3 ]; do i=$((i+1)); done; echo $i
until [ $i -eq 0 ]; do i=$((i-1)); done; echo $i
for i in 1 2 3 4 5; do [ $i = 2 ] && continue; [ $i = 4 ] && break; echo $i; done
for i in a b; do for j in 1 2 3; do [ $j = 2 ] && continue 2; echo $i$j; done; done
for i in a b; do for j in 1 2 3; do [ $j = 2 ] && break 2; echo $i$j; done; done
while true; do while true; do break 2; done; done; echo out $?
for x in "a b" c; do echo "$x"; done
for i in $(echo 1 2) *.none; do echo $i; done
while false; do :; done; echo $?
for i in 1; do false; done; echo $?
n=0; while :; do n=$((n+1)); if [ $n -gt 300 ]; then break; fi; done; echo $n
for f in 1 2 3; do echo $f; done | while read x; do echo "got $x"; done
i=5; until ! [ $i -gt 3 ]; do echo $i; i=$((i-1)); done
