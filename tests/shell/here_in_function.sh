usage() {
  cat <<-END
	usage: $0 [-h]
	  -h  help for ${1:-you}
	END
}
usage; usage me
for i in 1 2; do
  cat <<A
item $i
A
done | sort -r
while read x; do cat <<B; done <<C
got $x
B
one
two
C
x=$(cat <<'D'
in $(substitution)
D
)
echo "$x"
case y in y) cat <<E ;; esac
in case
E
cat <<F && echo after
first
F
