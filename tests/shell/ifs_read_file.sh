cat >data <<E
root:x:0:admin
me:y:1000:my name
E
while IFS=: read -r user pw id name; do echo "$user has $id ($name)"; done <data
sum=0; while IFS=: read -r _ _ id _; do sum=$((sum+id)); done <data; echo $sum
set -- $(cut -d: -f1 data); echo $# $2
IFS=,; set -- a,b,,c; echo $#; v=a,b,,c; set -- $v; echo $#; IFS=' '
