for i in 1 2; do
  for j in a b; do
    if [ $j = a ]; then
      case $i in
        1) (echo "$i$j sub"; while :; do echo in; break; done) ;;
        *) { echo "$i$j group"; } ;;
      esac
    else
      x=$(for k in x y; do echo "$i$j$k"; done)
      echo "$x" | while read l; do echo "line $l"; done
    fi
  done
done
echo "$(echo "$(echo "$(echo deep)")")"
echo "${x:+${y:-$(echo ${z:-z})}}"
