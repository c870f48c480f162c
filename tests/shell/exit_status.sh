nocmd_; echo $?; ./nofile; echo $?; /; echo $?
echo 'echo script' >s; ./s; echo $?; chmod +x s; ./s; echo $?
sh -c 'exit 42'; echo $?; sh -c 'kill -9 $$'; echo $?
sh -c 'kill -TERM $$' ; echo $?
sh nofile; echo $?; . ./nofile; echo not here
