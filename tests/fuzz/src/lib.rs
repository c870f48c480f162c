//! What is fuzzed: each target takes any bytes, and panics if a promise does not hold.

use oscope_kernel::abi::Restart;
use oscope_kernel::base::Time;
use oscope_kernel::event::CallEvent;
use oscope_userland::predicate::Predicate;
use oscope_userland::scenario::WorldFile;
use oscope_userland::script::play::{Origin, compile};
use oscope_userland::script::printer::{CallText, Style};
use oscope_userland::script::{check, parse};

/// A target's name and function.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 4] =
    [("script", script), ("printer", printer), ("predicate", predicate), ("world", world)];

/// Inputs longer than this are cut: the time per input stays short.
const LONGEST: usize = 1 << 16;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(..LONGEST).unwrap_or(bytes)).into_owned()
}

/// A script or log: it prints back as it was, its mistakes can be shown, and it can be made a program.
pub fn script(bytes: &[u8]) {
    let text = text(bytes);
    let parsed = parse(&text);
    assert_eq!(parsed.tree.render(), text, "a tree keeps every byte");
    for problem in &parsed.problems {
        assert!(problem.show("fuzz", &text).contains("expected"));
    }
    for problem in check(&parsed.tree).first {
        assert!(!problem.show("fuzz", &text).is_empty());
    }
    if parsed.problems.is_empty() {
        for origin in [Origin::Written, Origin::Recorded] {
            let (_, problems) = compile(&parsed.tree, origin);
            problems.iter().for_each(|problem| assert!(!problem.show("fuzz", &text).is_empty()));
        }
    }
}

/// A call of any number with any words and any memory beside it, in all styles: one line each.
pub fn printer(bytes: &[u8]) {
    let Some((head, detail)) = bytes.split_first_chunk::<12>() else { return };
    let number = u16::from_le_bytes([head[0], head[1]]) % 600;
    let result = i64::from(i32::from_le_bytes([head[2], head[3], head[4], head[5]]) >> (head[6] % 24));
    let restart = Restart::ALL.get(usize::from(head[7])).copied();
    let options = ["", "-v", "-xx -s 3", "-e raw=all", "-x"];
    let style = options[usize::from(head[8]) % options.len()];
    let style = Style::default().with_options(style).expect("these are options");
    let entered = Time::ZERO;
    let nothing = Default::default();
    let events = [
        CallEvent::Wait { number, entered, restart, detail: nothing },
        CallEvent::Done { number, entered, result, restart, detail: nothing },
    ];
    for event in events {
        let line = CallText::with(&event, detail, &style).line();
        assert!(!line.contains('\n'), "{line}");
    }
}

/// A condition on events.
pub fn predicate(bytes: &[u8]) {
    if let Err(error) = Predicate::parse(&text(bytes)) {
        assert!(!error.to_string().is_empty());
    }
}

/// A world file, and options of strace that somebody typed.
pub fn world(bytes: &[u8]) {
    let text = text(bytes);
    if let Err(error) = WorldFile::parse("fuzz", &text) {
        assert!(!error.to_string().is_empty());
    }
    if let Err(message) = Style::default().with_options(&text) {
        assert!(!message.is_empty());
    }
}
