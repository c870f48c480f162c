seq 1 20000 | sort -n | tail -n 1
yes abc | head -n 5000 | wc -c
i=0; while [ $i -lt 200 ]; do echo line $i; i=$((i+1)); done | grep -c 9
seq 1 3000 | while read n; do [ $((n % 1000)) -eq 0 ] && echo $n; done
x=$(seq 1 2000); echo "${#x}"
cat <<E | wc -c
$(seq 1 3000)
E
