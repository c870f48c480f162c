echo a \
  b
if true &&
   true
then
  echo multi
fi
echo x |
  cat
true ||
  echo no
{
  echo group
}
(
  echo sub
)
case x
in
  x) echo case
  ;;
esac
for i in 1 \
 2
do echo $i
done
f ()
{
  echo f
}
f
while
  false
do
  :
done
