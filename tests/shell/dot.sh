echo 'v=set; echo sourced $#; return 3; echo no' >lib
. ./lib; echo $? $v
set -- a b; . ./lib; echo $#
echo 'f() { echo from lib; }' >lib2; . ./lib2; f
PATH=$PWD:$PATH; echo 'echo found in path' >inpath; . inpath
echo 'exit 5' >ex; (. ./ex; echo no); echo $?
echo 'if' >bad; (. ./bad; echo no); echo $?
command . ./nonexistent; echo $?
