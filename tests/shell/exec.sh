(exec echo replaced; echo no); echo $?
(exec nocmd_); echo $?
exec 5>f; echo x >&5; exec 5>&-; cat f
(exec >g; echo into g); cat g
(exec 2>/dev/null; ls /nonexistent); echo $?
exec sh -c 'echo last; exit 6'
echo never
