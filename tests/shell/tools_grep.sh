printf 'apple\nBanana\ncherry pie\n\napricot\n' >f
grep ap f; grep -i b f; grep -v a f; grep -c a f; grep -n p f; grep -l apple f /dev/null; grep -q zzz f; echo $?
grep '^a' f; grep 'e$' f; grep 'a.*t' f; grep '^$' f | wc -l; grep '[bB]an' f; grep 'p\{2\}' f; grep 'ap*' f
grep -E 'apple|cherry' f; grep -E 'p{2}' f; grep -E '(an)+' f; grep -F 'a.' f; echo $?; grep -x apple f; grep -w pie f
grep -o 'p[a-z]' f; grep -e apple -e Banana f; grep ap f nofile; echo $?
mkdir d; cp f d/g; grep -r cherry d; grep -rl apple d; grep -h pie f d/g; grep -H pie f; grep -L zzz f
cat f | grep -n ap; sed 's/a/X/' f; sed 's/a/X/g' f; sed -n '2p' f; sed '2,3d' f; sed -n '/ap/p' f; sed '$d' f
sed -e 's/\(ap\)\(.*\)/\2\1/' -e 's/p/P/2' f; sed 's|e|/|' f; sed -n '$=' f; sed '/^$/d' f; sed 's/[aeiou]/<&>/g' f | head -n 2; sed 2q f; sed -E 's/(a)(p+)/\2\1/' f; sed '/an/,/^$/s/e/E/' f; sed 'y/abc/xyz/' f
echo a b c | xargs echo x; echo 1 2 3 | xargs -n 1 echo; printf 'a b\nc\n' | xargs -I{} echo '<{}>'; echo | xargs echo empty; printf 'a\0b c\0' | xargs -0 -n1 echo
