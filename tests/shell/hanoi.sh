move() { [ $1 -eq 0 ] && return; move $(($1-1)) $2 $4 $3; echo "$2 -> $3"; move $(($1-1)) $4 $3 $2; }
move 3 a c b
count=0; moves() { [ $1 -eq 0 ] || { moves $(($1-1)); count=$((count+1)); moves $(($1-1)); }; }; moves 7; echo $count
