printf '#!/bin/sh\necho "interp $0 $# $1"\n' >s; chmod +x s; ./s a b
printf 'echo "no bang $1"\n' >t; chmod +x t; ./t x
sh s one; sh -c '. ./t' ; sh <s
printf 'echo from stdin\nread x\necho "[$x]"\n' | sh
echo 'echo $1 $2' | sh -s a b
sh -e -c 'false; echo no'; echo $?; sh -x -c 'echo traced' 2>&1; sh -u -c 'echo $x'; echo $?
sh -c 'echo $-' | grep -c c; sh -n -c 'echo no'; sh -f -c 'echo *'
sh -c 'exit 3'; echo $?; sh -o errexit -c 'false; echo no'; echo $?
sh +e -c 'false; echo yes'
