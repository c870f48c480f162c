[ -d /proc ] && [ -e /dev/null ] && echo there
cat /dev/null; echo x >/dev/null; echo $?; head -c 3 /dev/zero | od -An -tx1
[ -c /dev/zero ] && echo char; echo y >/dev/full 2>/dev/null; echo $?
ls /dev/null; [ -r /etc/passwd ] && grep -c '^root:' /etc/passwd
cd /; [ -d tmp ] && ls -d tmp
