newer() { [ ! -e "$2" ] || [ "$1" -nt "$2" ]; }
build() { newer "$1" "$2" && { echo "build $2"; tr a-z A-Z <"$1" >"$2"; } || echo "$2 is up to date"; }
echo source >in; touch -d @1000 in
build in out; touch -d @2000 out; build in out
touch -d @3000 in; build in out; cat out
touch -r in ref; [ in -nt ref ] || [ in -ot ref ] || echo same age
stat -c %Y in
