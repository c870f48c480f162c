if true; then echo yes; else echo no; fi
if false; then echo yes; elif true; then echo elif; else echo no; fi
if false; then :; fi; echo $?
if false; then echo 1; elif false; then echo 2; else echo 3; fi
if ! false; then echo not; fi
case abc in a*) echo star;; *) echo other;; esac
case abc in (x|abc) echo alt;; esac
case "a b" in "a b") echo quoted;; esac
case '*' in \*) echo literal;; esac
case x in y) echo no;; esac; echo $?
case b in [a-c]) echo range;; esac
case d in [!a-c]) echo notrange;; esac
v='a*'; case 'a*' in "$v") echo exact;; esac; case abc in "$v") echo no;; $v) echo pattern;; esac
case "" in "") echo empty;; esac
case foo in
  bar) echo bar ;;
  foo)
    echo foo
    echo more
esac
case $(echo x) in x) false;; esac; echo $?
case ab in a?) echo q;; esac
case A in [[:upper:]]) echo upper;; esac
