//! Exercises keep what they promise, and `oscope exercise` its contract.

use oscope_tui::exercise::{lint, shelf};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder of its own for a test.
fn place(name: &str) -> PathBuf {
    let place =
        std::env::temp_dir().join(format!("oscope-exercises-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&place);
    place
}

fn oscope(args: &[&str], at: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oscope"));
    command.args(args).current_dir(at).env("LANG", "C");
    command.output().expect("the program starts")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn starters_fail_solutions_pass_and_wrong_answers_are_told_why() {
    let all = shelf::all();
    assert!(all.len() >= 24, "{} exercises", all.len());
    let numbers: BTreeSet<_> = all.iter().map(shelf::Folder::number).collect();
    assert_eq!(numbers.len(), all.len(), "each has a number of its own");
    let kinds: BTreeSet<_> =
        all.iter().filter_map(|folder| Some(folder.exercise().ok()?.kind.name())).collect();
    for kind in ["trace", "predict", "experiment", "debug", "policy", "program"] {
        assert!(kinds.contains(kind), "no {kind}");
    }
    let faults = all.iter().flat_map(|folder| {
        lint::lint(folder).into_iter().map(|fault| format!("{}: {fault}", folder.name))
    });
    let faults: Vec<String> = faults.collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_student_goes_from_a_new_folder_to_a_solved_exercise() {
    let place = place("student");
    let here = std::env::temp_dir();
    let name = place.to_string_lossy();
    let made = oscope(&["exercise", "new", &name], &here);
    assert_eq!(made.status.code(), Some(0), "{}", text(&made));
    let listed = text(&oscope(&["exercise", "list"], &place));
    assert!(listed.starts_with("01-zombie "), "{listed}");
    // The starter fails with a sentence, a picture and a command that opens the run.
    let first = oscope(&["exercise", "check"], &place);
    assert_eq!(first.status.code(), Some(1), "{}", text(&first));
    let told = text(&first).replace('\n', " ");
    assert!(told.contains("only a child can become a zombie"), "{told}");
    assert!(told.contains("oscope exercise open zombie"), "{told}");
    let refused = oscope(&["exercise", "solution", "zombie"], &place);
    assert_eq!(refused.status.code(), Some(1));
    for level in ["1/3", "2/3", "3/3", "3/3"] {
        assert!(text(&oscope(&["exercise", "hint"], &place)).contains(level));
    }
    let solution = shelf::all()[0].file("solution/zombie.trace").expect("a solution").to_owned();
    std::fs::write(place.join("01-zombie/zombie.trace"), solution).expect("a file");
    let solved = oscope(&["exercise", "check"], &place);
    assert_eq!(solved.status.code(), Some(0), "{}", text(&solved));
    assert!(text(&oscope(&["exercise", "list"], &place)).contains("Solved."));
    assert_eq!(oscope(&["exercise", "solution", "zombie"], &place).status.code(), Some(0));
    // The next one is current now.
    assert!(text(&oscope(&["exercise", "check"], &place)).starts_with("02-"));
    std::fs::write(place.join("02-deadlock/deadlock.trace"), "fork( = 2\n").expect("a file");
    let unreadable = oscope(&["exercise", "check"], &place);
    assert_eq!(unreadable.status.code(), Some(2), "{}", text(&unreadable));
    let korean = text(&oscope(&["exercise", "check", "lru", "--lang", "ko"], &place));
    assert!(korean.contains("커널"), "{korean}");
    std::fs::remove_dir_all(&place).expect("it was made here");
}

#[test]
fn wrong_usage_is_told_in_one_message() {
    let here = place("nothing");
    std::fs::create_dir_all(&here).expect("a folder");
    for args in [
        &["exercise", "check"][..],
        &["exercise", "check", "zomby"],
        &["exercise", "watch"],
        &["exercise", "lint", "no-such-folder"],
        &["exercise", "new", "x", "--student", "kim"],
    ] {
        let output = oscope(args, &here);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", text(&output));
        assert!(output.stdout.is_empty(), "{args:?}");
    }
    std::fs::remove_dir_all(&here).expect("it was made here");
}

/// A class: folders of students with what they handed in for one exercise.
fn class(name: &str, exercise: &str, submissions: &[(&str, &str, &str)]) -> PathBuf {
    let class = place(name);
    for (student, file, text) in submissions {
        let folder = class.join(student).join(exercise);
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(file), text).expect("a file");
    }
    class
}

fn solution(exercise: &str, file: &str) -> String {
    let all = shelf::all();
    let folder = all.iter().find(|folder| folder.name == exercise).expect("an exercise");
    folder.file(&format!("solution/{file}")).expect("a solution").to_owned()
}

const FORGED: &str = "import sys\nprint('{\"exercise\":\"14-write-lru\",\"points\":20,\"max\":20,\"unreadable\":false,\"findings\":[]}')\n\
    for line in sys.stdin:\n    print('{\"points\":20,\"passed\":true}', flush=True)\n";
const READS: &str = "import os, sys\nroot = os.environ.get('PWD', '.')\n\
    found = [f for d, _, fs in os.walk(root) for f in fs]\nenv = sorted(os.environ)\n\
    for line in sys.stdin:\n    print({'evict': str(found) + str(env)}, flush=True)\n";
const FLOOD: &str = "import sys\nwhile True:\n    sys.stdout.write('x' * 65536)\n";
const LINES: &str = "while True:\n    print('{\"evict\": 0}', flush=True)\n";
const GREEDY: &str = "all = []\nwhile True:\n    all.append('x' * (1 << 24))\n";
const LEAVES: &str = "import sys\nsys.exit(0)\n";
const ENDLESS: &str = "while True:\n    pass\n";

#[test]
fn cheats_get_nothing_and_stop_nobody() {
    let right = solution("14-write-lru", "lru.py");
    let cheats = [
        ("endless", ENDLESS),
        ("flood", FLOOD),
        ("forged", FORGED),
        ("greedy", GREEDY),
        ("leaves", LEAVES),
        ("lines", LINES),
        ("reads", READS),
        ("right", &right),
    ];
    let handed_in = cheats.map(|(name, text)| (name, "lru.py", text));
    let class = class("cheats", "14-write-lru", &handed_in);
    let rust = class.join("rust/14-write-lru");
    std::fs::create_dir_all(&rust).expect("a folder");
    std::fs::write(
        rust.join("lru.rs"),
        "fn main() { print!(\"{}\", include_str!(\"/etc/passwd\")) }",
    )
    .expect("a file");
    let name = class.to_string_lossy().into_owned();
    let args =
        ["exercise", "grade", &name, "--only", "write-lru", "--hidden", "9", "--format", "csv"];
    let graded = oscope(&args, &std::env::temp_dir());
    assert_eq!(graded.status.code(), Some(0), "{}", text(&graded));
    let told = text(&graded);
    for line in [
        "endless,14-write-lru,0,20,too-late",
        "flood,14-write-lru,0,20,flood",
        "forged,14-write-lru,0,20,",
        "greedy,14-write-lru,0,20,",
        "leaves,14-write-lru,0,20,ended-early",
        "lines,14-write-lru,0,20,",
        "reads,14-write-lru,0,20,",
        "right,14-write-lru,20,20,solved",
        "rust,14-write-lru,0,20,barred",
    ] {
        assert!(told.contains(line), "expected {line} in\n{told}");
    }
    std::fs::remove_dir_all(&class).expect("it was made here");
}

/// A program of the machine with this in its `main`.
fn program(body: &str) -> String {
    format!(
        "use crate::oscope::Sys;\nprogram!(main);\nasync fn main(sys: Sys) -> u64 {{\n    let _ = sys.getpid().await;\n    {body}\n    0\n}}\n"
    )
}

#[test]
fn programs_that_cheat_get_nothing_and_stop_nobody() {
    if Command::new("rustc").arg("--version").output().is_err() {
        println!("skipped: there is no rustc here");
        return;
    }
    let right = solution("18-pipeline", "pipeline.rs");
    let cheats = [
        ("calls", "loop { sys.getpid().await; }"),
        ("forged", "println!(\"{}\", \"{\\\"points\\\":14,\\\"passed\\\":true}\");"),
        ("long", "println!(\"poke 65536 {}\", \"00\".repeat(9000));"),
        ("panics", "let none: Option<u64> = None; none.expect(\"nobody is there\");"),
        ("pending", "std::future::pending::<()>().await;"),
        ("quits", "std::process::exit(0);"),
        ("reads", "print!(\"{}\", include_str!(\"/etc/passwd\"));"),
        ("typo", "sys.getpid().awaits;"),
    ]
    .map(|(name, body)| (name, program(body)));
    let mut handed_in: Vec<_> =
        cheats.iter().map(|(name, text)| (*name, "pipeline.rs", text.as_str())).collect();
    handed_in.push(("right", "pipeline.rs", &right));
    let class = class("programs", "18-pipeline", &handed_in);
    let name = class.to_string_lossy().into_owned();
    let args = ["exercise", "grade", &name, "--only", "pipeline", "--format", "csv"];
    let graded = oscope(&args, &std::env::temp_dir());
    assert_eq!(graded.status.code(), Some(0), "{}", text(&graded));
    let told = text(&graded);
    for line in [
        "calls,18-pipeline,0,14,endless",
        "forged,18-pipeline,0,14,garbled",
        "long,18-pipeline,0,14,too-late",
        "panics,18-pipeline,0,14,panicked",
        "pending,18-pipeline,0,14,panicked",
        "quits,18-pipeline,0,14,barred",
        "reads,18-pipeline,0,14,barred",
        "typo,18-pipeline,0,14,not-compiled",
        "right,18-pipeline,14,14,solved",
    ] {
        assert!(told.contains(line), "expected {line} in\n{told}");
    }
    std::fs::remove_dir_all(&class).expect("it was made here");
}

#[test]
fn sheets_ask_what_is_graded_and_have_a_key() {
    let here = std::env::temp_dir();
    let sheet = |more: &[&str]| {
        let args = ["exercise", "sheet", "--salt", "spring", "--count", "3"];
        text(&oscope(&[&args[..], more].concat(), &here))
    };
    let page = sheet(&["--key"]);
    assert_eq!(page.matches("class=\"sheet\"").count(), 3);
    let without = sheet(&[]);
    assert!(page.starts_with(without.trim_end_matches("</body></html>\n")), "the key comes last");
    assert!(!sheet(&["--only", "lru"]).contains("arrives at"));
    assert!(sheet(&["--lang", "ko"]).contains("라운드 로빈"));
    assert_eq!(oscope(&["exercise", "sheet", "--only", "zombie"], &here).status.code(), Some(2));
}

#[test]
fn a_class_is_graded_alike_in_shards_and_whole_and_in_all_formats() {
    let right = solution("01-zombie", "zombie.trace");
    let handed_in = [
        ("choi", "zombie.trace", "fork( = "),
        ("kim", "zombie.trace", right.as_str()),
        ("lee", "zombie.trace", "getpid() = 1\n"),
    ];
    let class = class("class", "01-zombie", &handed_in);
    let name = class.to_string_lossy().into_owned();
    let grade = |more: &[&str]| {
        let args = ["exercise", "grade", &name, "--only", "zombie"];
        let output = oscope(&[&args[..], more].concat(), &std::env::temp_dir());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        text(&output)
    };
    let whole = grade(&["--format", "csv"]);
    assert!(whole.contains("kim,01-zombie,10,10,solved"), "{whole}");
    assert!(whole.contains("lee,01-zombie,0,10,no-child"), "{whole}");
    assert!(whole.contains("choi,01-zombie,0,10,unreadable"), "{whole}");
    assert_eq!(whole, grade(&["--format", "csv"]));
    let mut parts = Vec::new();
    for part in ["1/2", "2/2"] {
        let file = class.join(part.replace('/', "-"));
        std::fs::write(&file, grade(&["--format", "json", "--shard", part])).expect("a file");
        parts.push(file.to_string_lossy().into_owned());
    }
    // Who submits one file submits no folder.
    let bare = class.join("kim/01-zombie").to_string_lossy().into_owned();
    let alone = oscope(
        &["exercise", "grade", &bare, "--only", "zombie", "--format", "csv"],
        &std::env::temp_dir(),
    );
    assert!(text(&alone).contains("01-zombie,01-zombie,10,10,solved"), "{}", text(&alone));
    let merge = ["exercise", "grade", "--format", "csv", "--merge", &parts[0], &parts[1]];
    assert_eq!(text(&oscope(&merge, &std::env::temp_dir())), whole);
    let gradescope: serde_json::Value =
        serde_json::from_str(&grade(&["--format", "gradescope"])).expect("JSON");
    assert_eq!(gradescope["tests"].as_array().map(Vec::len), Some(3));
    assert_eq!(gradescope["tests"][1]["score"], 10);
    let exercism: serde_json::Value =
        serde_json::from_str(&grade(&["--format", "exercism"])).expect("JSON");
    assert_eq!((&exercism["version"], &exercism["status"]), (&3.into(), &"fail".into()));
    let junit = grade(&["--format", "junit"]);
    assert_eq!(junit.matches("<failure").count(), 2, "{junit}");
    assert!(grade(&["--summary"]).contains("01-zombie,no-child,1"));
    std::fs::remove_dir_all(&class).expect("it was made here");
}
