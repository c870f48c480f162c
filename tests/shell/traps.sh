trap 'echo got USR1' USR1; kill -USR1 $$; echo after
trap 'echo term; exit 3' TERM
(trap 'echo sub exit' EXIT; echo in sub)
(trap 'echo bye $?' 0; exit 4); echo $?
trap '' INT; kill -INT $$; echo survived
trap - INT USR1; trap
sh -c 'kill -TERM $$; echo no'; echo $?
sh -c 'trap "echo x" EXIT; kill -TERM $$'; echo $?
trap 'echo "exiting with $?"' EXIT
trap 'echo loop' USR2; for i in 1 2; do kill -USR2 $$; done
f() { trap 'echo in f' USR1; kill -USR1 $$; }; f
(kill -USR1 $$) ; echo s
kill -TERM $$
echo never
