if echo a | grep -q a; then echo found; fi
if echo a | grep -q b; then echo found; else echo not; fi
if (exit 1) || (exit 0); then echo or; fi
while read x && [ "$x" != stop ]; do echo $x; done <<E
1
2
stop
3
E
until false || true; do echo never; done
if [ -d / ] && [ ! -f / ]; then echo root; fi
