//! Each rule objects to what it is for, and to nothing that merely looks like it.

use super::{ELSEWHERE, MARKS, NEIGHBOUR, deterministic, finished, layout, self_contained};
use crate::workspace::{Problem, Workspace};

fn wrong(rule: fn(&Workspace) -> Vec<Problem>, path: &str, text: &str) -> Vec<String> {
    let workspace = Workspace::new([(path.to_owned(), text.to_owned())]);
    rule(&workspace).iter().map(Problem::to_string).collect()
}

#[test]
fn layout_is_held() {
    let wrong = |path, text: &str| wrong(layout, path, text).len();
    assert_eq!(wrong("kernel/src/a.rs", "//! A.\n\nfn f() {}\n"), 0);
    assert_eq!(wrong("kernel/src/a.rs", "fn f() {}\n"), 1);
    assert_eq!(wrong("kernel/benches/a.rs", "fn f() {}\n"), 0);
    assert_eq!(wrong("kernel/src/a.rs", "//! A. \n\n//\tb\n//\r\n"), 3);
    assert_eq!(wrong("kernel/src/a.rs", "//! A."), 1);
    assert_eq!(wrong("kernel/src/a.rs", "//! A.\n\n"), 1);
    assert_eq!(wrong("kernel/src/a.rs", &format!("//!{}", "\n".repeat(601))), 2);
    assert_eq!(wrong("docs/a.md", "a \n"), 1);
    assert_eq!(wrong("tests/data/a.strace", "read(3, \"\", 1) = 0 "), 0);
}

#[test]
fn a_problem_says_where_it_is() {
    let problems = wrong(layout, "kernel/src/a.rs", "//! A.\n\nb \n");
    assert_eq!(problems, ["kernel/src/a.rs:3: trailing whitespace; expected none"]);
}

#[test]
fn chance_is_kept_out_of_the_kernel() {
    let wrong = |path, text: &str| wrong(deterministic, path, text).len();
    let forbidden = "use std::{collections::HashMap, env, fs::File, thread}; let x: f64 = 1.5;";
    assert_eq!(wrong("kernel/src/a.rs", forbidden), 6);
    assert_eq!(wrong("userland/src/a.rs", forbidden), 0);
    assert_eq!(wrong("kernel/src/a.rs", "rand::random(); use rand; Instant::now();"), 3);
    assert_eq!(wrong("kernel/src/a.rs", "// f64 1.5 HashMap\nlet rand = x.0.1 + (0..5).len();"), 0);
    let spawning = "std::thread::scope(f); crossbeam::scope(f);";
    assert_eq!(wrong("kernel/src/world/mod.rs", spawning), 2);
    assert_eq!(wrong("kernel/src/world/parallel.rs", spawning), 0);
}

#[test]
fn unfinished_work_is_found() {
    let wrong = |path, text: &str| wrong(finished, path, text).len();
    for mark in MARKS {
        assert_eq!(wrong("tui/src/a.rs", &format!("// {mark}: more\n")), 1);
        assert_eq!(wrong("tui/src/a.rs", &format!("const A{mark}S: u8 = 0;\n")), 0);
    }
    let macros = "todo!(); unimplemented!(); dbg!(1); todo(); #[allow(x, dead_code)]";
    assert_eq!(wrong("tui/src/a.rs", macros), 4);
    assert_eq!(wrong("tui/src/a.rs", "#![forbid(unsafe_code)] unsafe { f() }"), 1);
    assert_eq!(wrong("tests/host/a.rs", "unsafe { f() }"), 0);
}

#[test]
fn unwrap_is_for_tests() {
    let wrong = |path, text: &str| wrong(finished, path, text).len();
    assert_eq!(wrong("tui/src/a.rs", "a.unwrap(); b.unwrap_or(c); d\n.unwrap()"), 2);
    assert_eq!(wrong("tui/src/a.rs", "#[cfg(test)] mod t { fn f() { a.unwrap(); } }"), 0);
    assert_eq!(wrong("tui/src/a/tests.rs", "a.unwrap();"), 0);
    assert_eq!(wrong("tests/src/a.rs", "a.unwrap();"), 0);
    assert_eq!(wrong("kernel/benches/a.rs", "a.unwrap();"), 0);
    assert_eq!(wrong("tui/src/a.rs", "/// a.unwrap();\nconst A: &str = \"a.unwrap()\";"), 0);
}

#[test]
fn paths_elsewhere_are_found() {
    let wrong = |path, text: &str| wrong(self_contained, path, text).len();
    for place in ELSEWHERE {
        assert_eq!(wrong("docs/a.md", &format!("see {place}a and `{place}b`\n")), 2);
        assert_eq!(wrong("docs/a.md", &format!("https://example.org{place}a /home{place}\n")), 0);
    }
    assert_eq!(wrong("docs/a.md", &format!("see {NEIGHBOUR}/a\n")), 1);
    assert_eq!(wrong(".ci/run", &format!("ls {NEIGHBOUR}\n")), 0);
    assert_eq!(wrong("tests/tests/a.rs", &format!("// {NEIGHBOUR}/oracles\n")), 0);
}
