(set -e; false; echo no); echo $?
(set -e; false || true; echo yes); echo $?
(set -e; if false; then :; fi; echo yes); echo $?
(set -e; ! true; echo yes); echo $?
(set -e; false && true; echo yes); echo $?
(set -e; true && false; echo no); echo $?
(set -e; (exit 3); echo no); echo $?
(set -e; f() { false; echo in f; }; f; echo no); echo $?
(set -e; f() { false; echo in f; }; f || echo or; echo yes); echo $?
(set -e; x=$(false); echo no); echo $?
(set -e; while false; do :; done; echo yes); echo $?
(set -e; false | true; echo yes); echo $?
(set -e; true | false; echo no); echo $?
(set -e; { false; echo no; }; echo no); echo $?
(set -e; for i in 1; do false; done; echo no); echo $?
(set -e; case x in x) false;; esac; echo no); echo $?
(set -e; set +e; false; echo yes); echo $?
set -e; echo before; trap 'echo exit trap $?' EXIT; false; echo never
