//! Logs that a real strace recorded of real programs, played on the emulated kernel: no line comes out otherwise.

use oscope_userland::script::parse;
use oscope_userland::script::play::{Origin, Played, Verdict, boot, compile, report};
use std::sync::Arc;

fn replay(text: &str) -> Played {
    let parsed = parse(text);
    assert!(parsed.problems.is_empty(), "it is read whole");
    let (plan, _) = compile(&parsed.tree, Origin::Recorded);
    let plan = Arc::new(plan);
    let mut world = boot(&plan, 0, None).expect("the machine boots");
    world.run(report::LIMIT);
    Played::of(&plan, &world)
}

#[test]
fn recorded_programs_do_here_what_they_did_on_linux() {
    let mut wrong = String::new();
    for (name, text) in oscope_tests::files_in("data/replay", "strace") {
        let played = replay(&text);
        let matches = played.lines.iter().filter(|line| line.verdict == Verdict::Match).count();
        assert!(
            matches * 10 >= played.lines.len() * 6,
            "{name}: only {matches} lines are compared"
        );
        for failure in played.failures() {
            wrong.push_str(&format!("{name}, line {}: {:?}\n", failure.row, failure.verdict));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn what_a_log_says_otherwise_is_a_mismatch() {
    let log = "openat(AT_FDCWD, \"in\", O_RDONLY) = 3\nread(3, \"abc\", 10) = 3\n\
               read(3, \"\", 10) = 0\nclose(3) = 0\nclose(3) = 0\n";
    let wrong: Vec<u32> = replay(log).failures().map(|failure| failure.row).collect();
    assert_eq!(wrong, [5], "a file is closed once");
}

#[test]
fn impossible_figures_harm_nobody() {
    let log = "openat(AT_FDCWD, \"in\", O_RDONLY) = 3\nfstat(3, {st_mode=S_IFREG|0644, st_size=9223372036854775807, ...}) = 0\n\
               lseek(3, 18446744073709551615, SEEK_SET) = 18446744073709551615\n\
               read(3, \"x\"..., 99) = 18446744073709551615\nread(3, \"x\", 1) = 18446744073709551615\n\
               write(3, \"x\", 1) = 18446744073709551615\nopen(\"/\", O_RDONLY) = 9999999\nfcntl(1, F_DUPFD, -5) = 70\n";
    assert!(replay(log).failures().count() > 0);
}
