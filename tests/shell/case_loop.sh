n=0
while [ $n -lt 8 ]; do
  case $((n % 4)) in
    0) n=$((n+1)); continue ;;
    1) echo "one at $n" ;;
    [23]) echo "two or three at $n"; [ $n -gt 5 ] && break ;;
  esac
  n=$((n+1))
done
echo left at $n
