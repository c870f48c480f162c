x=value
cat <<E
plain $x $(echo cmd) $((1+1)) \$x \\ "quotes" 'single'
E
cat <<'E'
raw $x $(no) \$x
E
cat <<"E"
raw too $x
E
cat <<-E
	stripped
		two
	E
cat <<A; cat <<B
first
A
second
B
cat <<E | tr a-z A-Z
upper $x
E
while read a b; do echo "$b $a"; done <<E
1 2
3 4
E
f() { cat <<E
in function $1
E
}
f arg; f again
cat <<E
a\
b
`echo back`
${x:-none} ${y:-none}
E
if true; then cat <<E; fi
inside if
E
cat <<\E
esc $x
E
