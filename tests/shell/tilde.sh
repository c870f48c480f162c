HOME=/home/me
echo ~ ~/x "~" '~' \~ a~ ~/
x=~/bin; echo $x
P=~/a:~/b; echo $P
echo ${u:-~}
HOME=; echo "[$(echo ~)]"
