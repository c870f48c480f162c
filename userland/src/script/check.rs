//! What is wrong with the names in a script, all of it at once: calls, flags, errors, signals, and how many arguments a
//! call has.
//!
//! The parser knows only the form of a line. This looks at what the table of calls says of each argument, and at nothing
//! that depends on the run. It is for scripts that people write: a recorded log may have calls that are not known here.

use super::nearest;
use super::play::alias::{self, Slot};
use super::play::canonical;
use super::problem::Problem;
use super::tree::{Children, Kind, Node, Tree};
use oscope_kernel::abi::call::{self, Call, Kind as Argument};
use oscope_kernel::abi::flags::{ConstSet, FlagSet};
use oscope_kernel::abi::{Errno, Restart, Signal};
use std::ops::Range;

/// What looks like a call and is none: what a thread does to memory, and waiting for one.
const OWN: [&str; 3] = ["load", "store", "join"];

/// How many mistakes are described; the rest is only counted.
pub(super) const DESCRIBED: usize = 20;

/// The mistakes of a script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    /// The first of them, in order; at most 20.
    pub first: Vec<Problem>,
    /// How many there are besides.
    pub more: usize,
}

impl Problems {
    /// One more.
    pub(super) fn add(&mut self, problem: impl FnOnce() -> Problem) {
        if self.first.len() < DESCRIBED {
            self.first.push(problem());
        } else {
            self.more += 1;
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }
}

/// Looks at all names of a script.
#[must_use]
pub fn check(tree: &Tree) -> Problems {
    let mut problems = Problems::default();
    statements(tree.statements(), &mut problems);
    problems
}

/// Statements, and those in blocks. Blocks are at most a hundred deep.
fn statements(nodes: Children<'_>, problems: &mut Problems) {
    for node in nodes {
        match node.kind() {
            Kind::Call | Kind::Unfinished => of_call(node, problems),
            Kind::Repeat | Kind::Process | Kind::Thread => statements(node.children(), problems),
            _ => {}
        }
    }
}

/// A call as it was written: the arguments of the table in the line's order.
struct Known {
    kinds: Vec<&'static Argument>,
    /// Whether each of them is always printed, so that the number of arguments is fixed.
    is_fixed: bool,
}

impl Known {
    fn find(name: &str) -> Option<Self> {
        if let Some(call) = call::by_name(name) {
            let kinds = call.arguments.iter().map(|argument| &argument.kind).collect();
            return Some(Self::new(kinds));
        }
        let alias = alias::find(name)?;
        let target: &Call = call::by_name(alias.target)?;
        let mut kinds = Vec::new();
        for (slot, argument) in alias.slots.iter().zip(target.arguments) {
            if !matches!(slot, Slot::Word(_)) {
                kinds.push(&argument.kind);
            }
        }
        Some(Self::new(kinds))
    }

    fn new(kinds: Vec<&'static Argument>) -> Self {
        let may_be_left_out = |kind: &&Argument| {
            matches!(
                kind,
                Argument::Hidden
                    | Argument::CreateMode { .. }
                    | Argument::Device { .. }
                    | Argument::CloneWord { .. }
                    | Argument::CloneStack
                    | Argument::FutexValue
                    | Argument::FutexTimeout
                    | Argument::FcntlArgument
                    | Argument::IoctlArgument
                    | Argument::PrctlArgument
                    | Argument::SigFrame
            )
        };
        Self { is_fixed: !kinds.iter().any(may_be_left_out), kinds }
    }
}

fn of_call(node: Node<'_>, problems: &mut Problems) {
    let (Some(name), Some(list)) = (node.child(Kind::Name), node.child(Kind::Arguments)) else {
        return;
    };
    let Some(known) = Known::find(name.text()) else {
        if !alias::is_foreign(name.text()) && !OWN.contains(&name.text()) {
            problems.add(|| no_call(name));
        }
        return;
    };
    let arguments: Vec<Node<'_>> = list
        .children()
        .filter(|node| !matches!(node.kind(), Kind::Message | Kind::Remark))
        .collect();
    let is_whole = node.kind() == Kind::Call && !arguments.iter().any(|node| is_mark(*node));
    if is_whole {
        count(name, list, (arguments.len(), &known), problems);
    }
    for (argument, kind) in arguments.iter().zip(&known.kinds) {
        names(*argument, kind, problems);
    }
    if let Some(result) = node.child(Kind::Result) {
        error_name(result, problems);
    }
}

fn is_mark(node: Node<'_>) -> bool {
    matches!(node.kind(), Kind::Mark | Kind::Ellipsis)
}

fn no_call(name: Node<'_>) -> Problem {
    let near = nearest(name.text(), call::all().map(|call| call.name).chain(alias::names()));
    problem(
        name.range(),
        &format!("no system call is called `{}`", name.text()),
        "the name of a call",
        near,
    )
}

fn problem(range: Range<usize>, message: &str, expected: &str, near: Option<&str>) -> Problem {
    let help = near.map(|near| format!("did you mean `{near}`?"));
    Problem { range, message: message.to_owned(), expected: expected.to_owned(), help }
}

/// Whether the call has as many arguments as it takes.
fn count(name: Node<'_>, list: Node<'_>, (given, known): (usize, &Known), problems: &mut Problems) {
    let most = known.kinds.len();
    if given > most || known.is_fixed && given < most {
        let s = if most == 1 { "" } else { "s" };
        let at_most = if known.is_fixed { "" } else { "at most " };
        let message = format!("`{}` takes {at_most}{most} argument{s}, not {given}", name.text());
        problems
            .add(|| problem(list.range(), &message, &format!("{at_most}{most} argument{s}"), None));
    }
}

/// The names in an argument whose kind has some.
fn names(node: Node<'_>, kind: &Argument, problems: &mut Problems) {
    match kind {
        Argument::Flags(set) | Argument::IpcFlags(set) => {
            each_word(node, &mut |word| {
                if set.parse(&canonical(word.text())).is_none() {
                    let near = nearest_in(word.text(), flag_names(set));
                    problems.add(|| no_constant(word, "a flag", near));
                }
            });
        }
        Argument::Enum(set) => {
            each_word(node, &mut |word| {
                if set.parse(&canonical(word.text())).is_none() {
                    let near = nearest_in(word.text(), constant_names(set));
                    problems.add(|| no_constant(word, "one of its constants", near));
                }
            });
        }
        Argument::Signal => {
            each_word(node, &mut |word| {
                if Signal::from_name(&canonical(word.text())).is_none() {
                    let all = (1..=31).filter_map(Signal::from_number);
                    let all: Vec<String> = all.map(|signal| signal.to_string()).collect();
                    let near = nearest_in(word.text(), all.iter().map(String::as_str));
                    problems.add(|| no_constant(word, "a signal", near));
                }
            });
        }
        _ => {}
    }
}

/// Constants are in capitals, and so are compared as they are.
fn nearest_in<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let known: Vec<String> = known.map(str::to_lowercase).collect();
    nearest(word, known.iter().map(String::as_str)).map(str::to_uppercase)
}

fn flag_names(set: &FlagSet) -> impl Iterator<Item = &'static str> {
    let field =
        set.field.into_iter().flat_map(|field| field.names.names.iter().map(|(name, _)| *name));
    set.bits.iter().map(|(name, _)| *name).chain(field)
}

fn constant_names(set: &ConstSet) -> impl Iterator<Item = &'static str> {
    set.names.iter().map(|(name, _)| *name)
}

fn no_constant(word: Node<'_>, what: &str, near: Option<String>) -> Problem {
    let message = format!("`{}` is not {what} that may stand here", word.text());
    problem(word.range(), &message, what, near.as_deref())
}

/// The constants of a value: words in capitals, but for NULL. What a remark says is not looked at.
fn each_word<'t>(node: Node<'t>, look: &mut dyn FnMut(Node<'t>)) {
    match node.kind() {
        Kind::Word if is_constant(node.text()) => look(node),
        Kind::Chain | Kind::Group => node.children().for_each(|child| each_word(child, look)),
        _ => {}
    }
}

fn is_constant(word: &str) -> bool {
    word != "NULL"
        && word.starts_with(|first: char| first.is_ascii_uppercase())
        && word
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        && !word.ends_with("_SHIFT")
}

/// The error that a call is to fail with.
fn error_name(result: Node<'_>, problems: &mut Problems) {
    let is_error = |word: &Node<'_>| {
        let is_name = word.text().starts_with('E') && is_constant(word.text());
        word.kind() == Kind::Word && is_name
    };
    let mut words = Vec::new();
    for child in result.children() {
        each_word(child, &mut |word| words.push(word));
    }
    for word in words.into_iter().filter(is_error) {
        let text = word.text();
        let is_known =
            Errno::from_name(text).is_some() || Restart::ALL.iter().any(|code| code.name() == text);
        if !is_known {
            let near = nearest_in(text, Errno::ALL.iter().map(|errno| errno.name()));
            problems.add(|| no_constant(word, "an error", near));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::script::parse;

    /// Message and help of all mistakes in a script.
    fn mistakes(text: &str) -> Vec<String> {
        let parsed = parse(text);
        assert!(parsed.problems.is_empty(), "{text}: {:?}", parsed.problems);
        let found = check(&parsed.tree);
        let told = found.first.iter().map(|problem| {
            format!("{} {}", problem.message, problem.help.as_deref().unwrap_or("-"))
        });
        told.collect()
    }

    #[test]
    fn names_are_known_or_something_near_is_suggested() {
        for (line, mistake) in [
            (
                "opnat(AT_FDCWD, \"x\", 0) = 3",
                "no system call is called `opnat` did you mean `openat`?",
            ),
            (
                "openat(AT_FDCWD, \"x\", O_RDNLY) = 3",
                "`O_RDNLY` is not a flag that may stand here did you mean `O_RDONLY`?",
            ),
            (
                "open(\"x\", O_CREAT|O_WRONGLY, 0644) = 3",
                "`O_WRONGLY` is not a flag that may stand here did you mean `O_WRONLY`?",
            ),
            (
                "lseek(3, 0, SEEK_SETT) = 0",
                "`SEEK_SETT` is not one of its constants that may stand here did you mean `SEEK_SET`?",
            ),
            (
                "kill(1, SIGTRM) = 0",
                "`SIGTRM` is not a signal that may stand here did you mean `SIGTERM`?",
            ),
            ("close(9) = -1 EBADFD", ""),
            (
                "close(9) = -1 EBDAF (Bad file descriptor)",
                "`EBDAF` is not an error that may stand here did you mean `EBADF`?",
            ),
            ("close() = 0", "`close` takes 1 argument, not 0 -"),
            ("close(3, 4) = 0", "`close` takes 1 argument, not 2 -"),
            ("openat(AT_FDCWD, \"x\", 0, 0, 0) = 0", "`openat` takes at most 4 arguments, not 5 -"),
            (
                "process a {\nrepeat 2 {\nclsoe(3)\n}\n}",
                "no system call is called `clsoe` did you mean `close`?",
            ),
        ] {
            let found = mistakes(line);
            assert_eq!(found, if mistake.is_empty() { vec![] } else { vec![mistake] }, "{line}");
        }
    }

    #[test]
    fn what_is_right_is_left_alone() {
        for line in [
            "read(3,  <unfinished ...>",
            "<... read resumed>\"x\", 1) = 1",
            "futex(0x20000, FUTEX_WAKE, 1) = 1",
            "fcntl(3, F_GETFD) = 0",
            "fork() = 2",
            "poll([{fd=0, events=POLLIN}], 1, 5) = 0",
            "mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = $at",
            "nanosleep({tv_sec=1, tv_nsec=0}, NULL) = ? ERESTART_RESTARTBLOCK (Interrupted by signal)",
            "arch_prctl(ARCH_SET_FS, 0x1) = 0",
            "rt_sigreturn({mask=[]}) = 0",
            "restart_syscall(<... resuming interrupted read ...>) = 0",
            "clone(child_stack=NULL, flags=CLONE_VM|SIGCHLD) = 2",
            "kill($child, $signal) = 0",
        ] {
            assert_eq!(mistakes(line), Vec::<String>::new(), "{line}");
        }
    }

    #[test]
    fn ten_thousand_mistakes_are_counted_and_twenty_described() {
        let found = check(&parse(&"clsoe(3) = 0\n".repeat(10_000)).tree);
        assert_eq!((found.first.len(), found.more), (20, 9_980));
    }
}
