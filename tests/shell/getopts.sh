parse() { OPTIND=1; while getopts ab:c o "$@"; do case $o in a) echo A;; b) echo "B=$OPTARG";; c) echo C;; \?) echo "bad";; esac; done; shift $((OPTIND-1)); echo "rest: $*"; }
parse -a -b val -c x y
parse -ac -bval z
parse -b 2>&1; parse -x 2>&1; parse -- -a; parse
parse -a - b; parse x -a
OPTIND=1; while getopts :ab: o -q -b; do echo "$o $OPTARG"; done
OPTIND=1; set -- -a foo; getopts a v; echo $v $OPTIND; getopts a v; echo $? $v $OPTIND
