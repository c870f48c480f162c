umask 077; : >p; ls -l p | cut -c1-10; mkdir pd; ls -ld pd | cut -c1-10; umask 0; : >q; ls -l q | cut -c1-10
umask -S; umask a=rx; umask
ulimit -n >/dev/null; echo $?; ulimit -n 64; ulimit -n; ulimit -Z 2>/dev/null; echo $?
times >/dev/null; echo $?
