(echo $((1/0))); echo $?
(echo $((1+))); echo $?
(echo $((08))); echo $?
(x=abc; echo $((x+1))); echo $?
(echo $((1 2))); echo $?
echo $((1/0)); echo unreached
