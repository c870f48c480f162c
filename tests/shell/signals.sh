sh -c 'trap "" TERM; kill -TERM $$; echo alive'
sh -c 'trap "echo caught; exit 7" HUP; kill -HUP $$'; echo $?
sleep 5 & p=$!; kill $p; wait $p; echo $?
sleep 5 & sleep 0.05; kill -INT $!; kill -KILL $!; wait $!; echo $?
sleep 5 & kill -STOP $!; kill -CONT $!; kill -TERM $!; wait $!; echo $?
kill -0 $$; echo $?; kill -0 999999 2>/dev/null; echo $?
trap 'echo alarm' ALRM; (sleep 0.02; kill -ALRM $$; sleep 0.3) & wait $!; [ $? -gt 128 ] && echo interrupted; wait
kill -l 9; kill -l 130
yes | true; echo $?
