mkdir a; mkdir -p x/y/z; mkdir a; echo $?; mkdir n/o; echo $?
echo data >a/f; cp a/f a/g; cat a/g; cp a/f nodir/g; echo $?; cp a b; echo $?; cp -r a b; ls b; cp a/f a/g x; ls x
mv a/g a/h; ls a; mv a/h x/y; ls x/y; mv nofile z; echo $?; mv x/y/h x/y/z/; find x | sort
ln a/f hard; ln -s a/f soft; readlink soft; cat soft hard; [ hard -ef a/f ] && echo same; ln a/f hard; echo $?; ln -sf x soft; readlink soft
rm hard; rm nofile; echo $?; rm -f nofile; echo $?; rm a; echo $?; rm -r x; ls; rmdir b; echo $?; rmdir nodir; echo $?
touch t1 t2; ls t*; chmod 640 t1; ls -l t1 | cut -c1-10; chmod u+x,g-r,o=w t1; ls -l t1 | cut -c1-10; chmod 9 t1 2>/dev/null; echo $?; chmod +x nofile; echo $?
stat -c '%a %s %F %h %n' a/f; stat -c '%a %F %n' a; stat nofile; echo $?
mkdir ls; cd ls; touch b a .h C; mkdir dir; ls; ls -a; ls -A; ls -1; ls -F; ls -r; ls -d dir; ls nofile; echo $?; ls -R ..|head -n 3; ls a b; cd ..
printf 12345 >sz; wc -c <sz; truncate -s 3 sz; cat sz; echo; truncate -s 10 sz; wc -c <sz
dd if=sz bs=1 skip=1 count=2 2>/dev/null; echo; dd if=/dev/zero bs=100 count=3 2>/dev/null | wc -c
find ls -type f | sort; find ls -name 'a*'; find . -maxdepth 1 -type d | sort; find ls -type f ! -name a | sort; find ls -name b -exec echo got {} \; ; find ls \( -name a -o -name b \) | sort; find nodir; echo $?
mkfifo p; [ -p p ] && echo fifo; echo through >p & cat p; wait; du -s nodir; echo $?
cat nofile; echo $?; cat a; echo $?; tail nofile; head nofile; wc nofile; sort nofile; cut -c1 nofile; echo $?
