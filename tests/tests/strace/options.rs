//! strace's options: one run, written in several ways.

use super::printed;
use oscope_kernel::abi::Signal;
use oscope_kernel::machine::Machine;
use oscope_userland::script::parse;
use oscope_userland::script::printer::Style;
use oscope_userland::sys::{RustImage, Sys};

/// A pipe, a copy of one end, a child that inherits it and ends, and a descriptor that is none.
fn machine() -> Machine {
    let image = RustImage::new("main", |sys: Sys| async move {
        let _ = sys.pipe().await;
        let _ = sys.dup(4).await;
        if let Ok(0) = sys.fork().await {
            let _ = sys.write(5, b"a\x01").await;
            return 0;
        }
        let _ = sys.read(3, 8).await;
        let _ = sys.wait(-1).await;
        let _ = sys.close(5).await;
        let _ = sys.close(5).await;
        let me = sys.getpid().await;
        let _ = sys.kill(me, Signal::WINCH).await;
        0
    });
    oscope_tests::run(vec![image])
}

/// The lines of a run that have a word in them.
fn lines(machine: &Machine, options: &str, word: &str) -> Vec<String> {
    let style = Style::default().with_options(options).expect("options of strace");
    let text = printed(machine, style);
    let parsed = parse(&text);
    assert!(parsed.problems.is_empty(), "{options}: {:?}", parsed.problems);
    text.lines().filter(|line| line.contains(word)).map(str::to_owned).collect()
}

#[test]
fn each_option_changes_what_it_says() {
    let machine = machine();
    let first = |options, word| lines(&machine, options, word).swap_remove(0);
    assert_eq!(first("-y", "pipe2"), "1     pipe2([3<pipe:[1]>, 4<pipe:[1]>], 0) = 0");
    assert_eq!(first("-y", "dup"), "1     dup(4<pipe:[1]>)                  = 5<pipe:[1]>");
    // The first close takes the name away, the second finds none.
    assert_eq!(
        lines(&machine, "-y", "close"),
        [
            "1     close(5<pipe:[1]>)                = 0",
            "1     close(5)                          = -1 EBADF (Bad file descriptor)"
        ]
    );
    assert_eq!(first("-n", "pipe2"), "1     [  59] pipe2([3, 4], 0)           = 0");
    assert_eq!(first("-x", "write"), "2     write(5, \"\\x61\\x01\", 2)           = 2");
    assert_eq!(first("-s1", "write"), "2     write(5, \"a\"..., 2)               = 2");
    assert_eq!(first("-e raw=pipe2", "pipe2"), "1     pipe2(0x3fffffa000, 0)            = 0");
    let stamped = first("-ttt -T", "pipe2");
    assert!(stamped.starts_with("1     0.0000"), "{stamped}");
    assert!(stamped.ends_with("= 0 <0.000001>"), "{stamped}");
}

#[test]
fn filters_leave_out_what_they_say() {
    let machine = machine();
    let is_of = |lines: &[String], words: &[&str]| {
        lines.iter().all(|line| words.iter().any(|word| line.contains(word)))
    };
    let failed = lines(&machine, "-Z -e signal=none -qqq", "");
    assert_eq!(
        failed,
        ["1     close(5)                          = -1 EBADF (Bad file descriptor)"]
    );
    assert!(lines(&machine, "-z", "EBADF").is_empty());
    let some = lines(&machine, "-e trace=pipe2,dup -e signal=none -qqq", "");
    assert!(some.len() == 2 && is_of(&some, &["pipe2", "dup"]), "{some:?}");
    let rest = lines(&machine, "-e trace=!pipe2,dup", "");
    assert!(!is_of(&rest, &["pipe2", "dup"]) && rest.len() > 8, "{rest:?}");
    let signals = lines(&machine, "-e signal=winch -e trace=none -qqq", "");
    assert!(signals.len() == 1 && is_of(&signals, &["SIGWINCH"]), "{signals:?}");
    assert!(is_of(
        &lines(&machine, "-e trace=%process -e signal=none", ""),
        &["exit", "clone", "execve", "wait4", "kill"]
    ));
}

#[test]
fn what_is_no_option_is_said() {
    for (options, word) in [
        ("-e trace=opnat", "did you mean `openat`?"),
        ("-e trace=%files", "expected one of %file"),
        ("-e signal=SIGFOO", "`SIGFOO` is no signal"),
        ("-e status=good", "expected successful"),
        ("-e foo=bar", "expected trace"),
        ("-k", "`-k` is not known"),
        ("-s", "wants a value"),
        ("-s many", "expected a number"),
        ("-a 100000", "at most 1000"),
        ("--verbose", "`--verbose` is not known"),
        ("tt", "`tt` is no option"),
        ("-t\u{ac00}", "`-\u{ac00}` is not known"),
    ] {
        let error = Style::default().with_options(options).expect_err(options);
        assert!(error.contains(word), "{options}: {error}");
    }
}
