mkdir -p a/b; ln -s a/b l; base=$PWD
cd a; [ "$PWD" = "$base/a" ] && echo a; cd b; cd ../..; [ "$PWD" = "$base" ] && echo back
cd l; [ "$PWD" = "$base/l" ] && echo logical; [ "$(pwd -P)" = "$(cd -P .; pwd)" ] && echo physical; cd ..; [ "$PWD" = "$base" ] && echo up
cd -P l; [ "${PWD##*/}" = b ] && echo b; cd "$base"
HOME=$base/a; cd; [ "$PWD" = "$base/a" ] && echo home; cd - >/dev/null; [ "$PWD" = "$base" ] && echo old
CDPATH=$base/a; cd b >/dev/null; [ "${PWD##*/}" = b ] && echo cdpath; cd "$base"
cd nodir; echo $?; cd ./a/../a/./b; [ "$PWD" = "$base/a/b" ] && echo dots
cd /; pwd; cd /tmp/../tmp/.; pwd; cd ../../..; pwd
