type cd : if ls_none 2>&1; echo $?
command -v cd; command -v echo; command -v if; command -v nope_; echo $?
f() { :; }; command -v f; type f
command echo plain; command -V cd
alias x='echo aliased'
x y
alias x; unalias x; alias x 2>&1; echo $?
eval 'echo evaled; z=9'; echo $z; eval; echo $?
eval "echo a" "b"; eval 'exit_() { return 6; }'; exit_; echo $?
: ignored args; echo $?; true x; echo $?; false; echo $?
umask 027; umask; umask -S; umask u=rwx,g=rx,o=; umask; umask 22; umask
cd /; pwd; cd /tmp >/dev/null; pwd; cd - >/dev/null; pwd; echo "$OLDPWD"
cd /nonexistent; echo $?
unset nothing; echo $?
(exit); echo $?; (false; exit); echo $?; (exit 300); echo $?
shift 5; echo not reached
