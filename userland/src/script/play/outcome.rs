//! The outcome of a script: a verdict for each line, and the text of the run.

use super::compare::Names;
use super::compile::{arguments, resumed};
use super::observe::{Observed, Taken};
use super::plan::{Plan, Skip, What};
use super::project::{call_of, project};
use super::referee::of_the_machine;
use super::result::Expected;
use super::survey::signal_of;
use crate::script::tree::{Kind, Node};
use oscope_kernel::abi::signal::DefaultAction;
use oscope_kernel::abi::{Signal, WaitStatus};
use oscope_kernel::event::Log;
use oscope_kernel::world::World;
use std::collections::BTreeMap;
use std::ops::Range;

/// Why a recorded call's answer is another one on every machine, if it is.
fn varies(name: &str) -> Option<&'static str> {
    match name {
        "getrandom" => Some("nobody can say what chance brings"),
        "getdents64" => Some("the log does not say what all the names were"),
        "getppid" | "getpgrp" | "getpgid" | "getsid" => Some("who started it is not in the log"),
        "prlimit64" | "getrlimit" | "ugetrlimit" => Some("its limits were its parent's"),
        // Where the heap is, is a name like other addresses.
        "brk" => None,
        name => of_the_machine(name),
    }
}

/// What became of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It says nothing that could be wrong.
    Quiet,
    /// As it says.
    Match,
    /// What it says has not happened, and nothing else instead: at the end of a run that is a mismatch.
    Pending {
        /// What it says.
        expected: String,
        /// How things stand.
        actual: String,
    },
    /// Otherwise: what happened instead.
    Mismatch {
        /// What it says, the part that is wrong.
        expected: String,
        /// What happened.
        actual: String,
    },
    /// The kernel has no such call.
    Unsupported(String),
    /// It cannot be compared, because.
    NotComparable(String),
    /// The run did not get there.
    NotReached,
}

impl Verdict {
    /// Whether a script with such a line at its end fails.
    #[must_use]
    pub const fn is_wrong(&self) -> bool {
        matches!(self, Self::Pending { .. } | Self::Mismatch { .. } | Self::NotReached)
    }
}

/// A line with what became of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its number in the source, from 1.
    pub row: u32,
    /// The bytes of the source that it is.
    pub range: Range<usize>,
    /// The bytes that are wrong.
    pub wrong: Range<usize>,
    /// The call's name as the script has it; empty if it is none.
    pub call: String,
    /// The verdict.
    pub verdict: Verdict,
    /// The whole line as it happened, if that is another than what the script has.
    pub happened: Option<String>,
}

/// What became of a script.
#[derive(Clone, Debug)]
pub struct Played {
    /// All lines in the order of the script, repetitions too.
    pub lines: Vec<Outcome>,
    /// Whether the run got to the end.
    pub finished: bool,
}

struct Judge<'p> {
    plan: &'p Plan,
    seen: Observed,
    names: Names,
}

impl Played {
    /// Reads off a world, which has run, what became of its script.
    #[must_use]
    pub fn of(plan: &Plan, world: &World) -> Self {
        match world.logs().first() {
            Some(log) => Self::of_log(plan, log),
            None => Self { lines: Vec::new(), finished: false },
        }
    }

    /// The same, from the log of the machine.
    #[must_use]
    pub fn of_log(plan: &Plan, log: &Log) -> Self {
        Self::of_observed(plan, Observed::of(plan, log))
    }

    /// The same, from what was seen somewhere else.
    pub(super) fn of_observed(plan: &Plan, seen: Observed) -> Self {
        let mut judge = Judge { plan, seen, names: Names::default() };
        judge.names.is_recorded = plan.scene.is_some();
        for (task, tid) in &judge.seen.tids {
            if let Ok(label) = plan.tasks[*task].label.parse() {
                judge.names.tasks.insert(label, i128::from(*tid));
            }
        }
        let lines: Vec<_> = (0..plan.lines.len()).map(|line| judge.line(line)).collect();
        let finished = !lines.iter().any(|outcome| outcome.verdict == Verdict::NotReached);
        Self { lines, finished }
    }

    /// Whether everything is as the script says.
    #[must_use]
    pub fn passes(&self) -> bool {
        let is_right = |outcome: &Outcome| !outcome.verdict.is_wrong();
        self.finished && self.lines.iter().all(is_right)
    }

    /// The lines that are not as they say.
    pub fn failures(&self) -> impl Iterator<Item = &Outcome> {
        self.lines.iter().filter(|outcome| outcome.verdict.is_wrong())
    }

    /// The run as text: the script itself where it is right, what happened where it is not or says nothing.
    #[must_use]
    pub fn text(&self, plan: &Plan) -> String {
        let mut instead: BTreeMap<u32, Option<&str>> = BTreeMap::new();
        for outcome in &self.lines {
            match (&outcome.verdict, &outcome.happened) {
                (Verdict::NotReached, _) => {
                    instead.insert(outcome.row, None);
                }
                (_, Some(happened)) => {
                    instead.entry(outcome.row).or_insert(Some(happened));
                }
                _ => {}
            }
        }
        let mut text = String::new();
        for (row, line) in (1..).zip(plan.source().split_inclusive('\n')) {
            match instead.get(&row) {
                None => text.push_str(line),
                Some(None) => {}
                Some(Some(happened)) => {
                    text.push_str(happened);
                    text.push_str(if line.ends_with('\n') { "\n" } else { "" });
                }
            }
        }
        text
    }
}

impl Judge<'_> {
    fn line(&mut self, line: usize) -> Outcome {
        let known = &self.plan.lines[line];
        let (row, task) = (known.row, known.task);
        let node = self.plan.node(line).unwrap_or_else(|| unreachable!("a line has a node"));
        let range = node.range();
        let name = node.child(Kind::Name).filter(|_| node.kind() != Kind::Directive);
        let call = name.map_or(String::new(), |name| name.text().to_owned());
        let mut outcome = Outcome {
            row,
            wrong: range.clone(),
            range,
            call,
            verdict: Verdict::Quiet,
            happened: None,
        };
        match known.what.clone() {
            What::Other => {}
            What::Skipped(Skip::Unsupported(why)) => outcome.verdict = Verdict::Unsupported(why),
            What::Skipped(Skip::NotComparable(why)) => {
                outcome.verdict = Verdict::NotComparable(why.to_owned());
            }
            What::Call => self.call(line, line, node, &mut outcome),
            What::Begin(end) => {
                // Judged where it ends.
                if !self.seen.lines[line].reached {
                    outcome.verdict = Verdict::NotReached;
                } else if end.is_none() {
                    self.begun(line, node, &mut outcome);
                }
            }
            What::Resume(begin) => self.call(begin, line, node, &mut outcome),
            What::Signal => self.signal(task, node, &mut outcome),
            What::End => self.end(task, node, &mut outcome),
            What::Load => self.load(line, node, &mut outcome),
            What::Expect(_) => {
                outcome.verdict = match &self.seen.lines[line].found {
                    None => Verdict::NotReached,
                    Some((_, true)) => Verdict::Match,
                    Some((found, false)) => Verdict::Mismatch {
                        expected: node.text().trim().to_owned(),
                        actual: found.clone(),
                    },
                };
            }
        }
        outcome
    }

    /// A call that began at one line and ended at another, or at the same.
    fn call(&mut self, begin: usize, end: usize, node: Node<'_>, outcome: &mut Outcome) {
        let plan = self.plan;
        if matches!(outcome.call.as_str(), "rt_sigreturn" | "sigreturn") {
            self.handler_return(begin, node, outcome);
            return;
        }
        let seen = &self.seen.lines[begin];
        let Some(text) = seen.call.clone() else {
            if begin == end {
                outcome.wrong = node.child(Kind::Result).unwrap_or(node).range();
            }
            let expected = Expected::of(node);
            let dies = expected.is_open() && begin != end;
            outcome.verdict = match (&seen.begun, seen.reached) {
                // It was killed in the middle.
                (Some(_), _) if dies && self.seen.ends.contains_key(&plan.lines[end].task) => {
                    Verdict::Match
                }
                (Some(begun), _) => Verdict::Pending {
                    expected: result_text(node),
                    actual: format!("{begun} has not returned"),
                },
                (None, true) => Verdict::Pending {
                    expected: result_text(node),
                    actual: "the call was not made".to_owned(),
                },
                (None, false) => Verdict::NotReached,
            };
            return;
        };
        let begun = plan.node(begin).unwrap_or(node);
        let mut written = arguments(begun);
        if begin != end {
            written.extend(resumed(node));
        }
        let name = begun.child(Kind::Name).map_or("", Node::text);
        let actual = project(&text, name, &written);
        let Some(tree) = call_of(&actual) else {
            outcome.verdict = Verdict::NotComparable("what happened cannot be read".to_owned());
            return;
        };
        let Some(happened) = tree.statements().next() else { return };
        let wrong = self.compare(node, &written, happened);
        outcome.verdict = Verdict::Match;
        let shown = || leader(node).to_owned() + &aligned(leader(node), &self.renamed(&actual));
        let scene = plan.scene.as_ref();
        let elsewhere = scene.and_then(|scene| {
            let by_line = scene.varies(node.number()).or(scene.varies(begun.number()));
            varies(name).or(by_line)
        });
        let as_well = Expected::of(node).fails() == Expected::of(happened).fails();
        if let Some(why) = elsewhere.filter(|_| wrong.is_some() && as_well) {
            outcome.verdict = Verdict::NotComparable(why.to_owned());
        } else if let Some((range, expected, actual)) = wrong {
            outcome.wrong = if begin == end { range } else { node.range() };
            outcome.happened = Some(shown());
            outcome.verdict = Verdict::Mismatch { expected, actual };
        } else if begin == end && Expected::of(node).is_open() && !actual.ends_with("= ?") {
            outcome.happened = Some(shown());
        }
    }

    /// A handler returned. What it returned to is told by the errno alone: a number is what a register of the machine
    /// held, and machines differ.
    fn handler_return(&self, line: usize, node: Node<'_>, outcome: &mut Outcome) {
        let seen = &self.seen.lines[line];
        if !seen.reached {
            outcome.verdict = Verdict::NotReached;
            return;
        }
        outcome.verdict = Verdict::Match;
        let Some(text) = &seen.returned else { return };
        let Some(tree) = call_of(text) else { return };
        let happened = tree.statements().next().map(Expected::of).unwrap_or_default();
        if Expected::of(node).errno != happened.errno {
            outcome.happened = Some(leader(node).to_owned() + &aligned(leader(node), text));
            let actual = text.rsplit_once(" = ").map_or("", |(_, result)| result);
            let (expected, actual) = (result_text(node), format!("= {actual}"));
            outcome.verdict = Verdict::Mismatch { expected, actual };
        }
    }

    /// The first value that is otherwise: where, what the script says, what happened.
    fn compare(
        &mut self,
        node: Node<'_>,
        written: &[Node<'_>],
        happened: Node<'_>,
    ) -> Option<(Range<usize>, String, String)> {
        let expected = Expected::of(node);
        let have = Expected::of(happened);
        if let (Some(name), Some(value)) = (expected.variable(), have.value) {
            let value = value.integer().map_or_else(|| value.text().to_owned(), |n| n.to_string());
            self.names.bind(name, value);
        }
        // First the result: when that is wrong, nothing else needs to be right.
        let result_range = node.child(Kind::Result).map_or(node.range(), Node::range);
        if !expected.is_open() {
            let same_errno = expected.errno == have.errno;
            let same_value = match (expected.value, have.value) {
                (Some(a), Some(b)) => self.names.fits(a, b),
                (None, _) => true,
                (Some(_), None) => false,
            };
            let same_told = match (expected.told, have.told) {
                (Some(a), Some(b)) => a == b,
                _ => true,
            };
            if !same_errno || !same_value || !same_told {
                return Some((result_range, result_text(node), result_text(happened)));
            }
        }
        let actual = arguments(happened);
        for (n, written) in written.iter().enumerate() {
            let Some(actual) = actual.get(n) else {
                if written.kind() == Kind::Ellipsis {
                    break;
                }
                continue;
            };
            if !self.names.fits(*written, *actual) {
                let (expected, actual) = (written.text().to_owned(), actual.text().to_owned());
                return Some((written.range(), expected, actual));
            }
        }
        None
    }

    /// A call that nothing in the script ends.
    fn begun(&mut self, line: usize, node: Node<'_>, outcome: &mut Outcome) {
        let seen = &self.seen.lines[line];
        outcome.verdict = match (&seen.call, &seen.begun) {
            (None, Some(_)) => Verdict::Match,
            (Some(call), _) => Verdict::Mismatch {
                expected: "a call that does not return".to_owned(),
                actual: call.clone(),
            },
            (None, None) => Verdict::Pending {
                expected: node.text().trim().to_owned(),
                actual: "the call was not made".to_owned(),
            },
        };
    }

    fn signal(&mut self, task: usize, node: Node<'_>, outcome: &mut Outcome) {
        let Some(number) = signal_of(node) else {
            // `stopped by SIGSTOP`: said of the signal in the line before.
            outcome.verdict = Verdict::Match;
            return;
        };
        let taken = self.seen.signals.entry(task).or_default();
        let found = taken.iter_mut().find(|taken| taken.signal == number && !taken.told);
        let discarded = self.seen.discarded.entry(task).or_default();
        let Some(Taken { info, told, .. }) = found else {
            if let Some(place) = discarded.iter().position(|signal| *signal == number) {
                // A tracer sees those too that are ignored.
                discarded.remove(place);
                outcome.verdict = Verdict::Match;
                return;
            }
            let signal = Signal::from_number(u64::from(number));
            let ignored = signal.is_some_and(|s| s.default_action() == DefaultAction::Ignore);
            outcome.verdict = if ignored && self.seen.tids.contains_key(&task) {
                Verdict::NotComparable("a signal that is ignored leaves no trace".to_owned())
            } else if self.seen.tids.contains_key(&task) {
                let expected = node.text().trim().to_owned();
                Verdict::Pending { expected, actual: "no such signal came".to_owned() }
            } else {
                Verdict::NotReached
            };
            return;
        };
        *told = true;
        let info = info.clone();
        let Some(expected) = node.child(Kind::Struct) else {
            outcome.verdict = Verdict::Match;
            return;
        };
        let Some(tree) = call_of(&format!("f({info})")) else { return };
        let actual = tree.statements().next().map(arguments).unwrap_or_default();
        let fits = actual.first().is_some_and(|&actual| self.names.fits(expected, actual));
        outcome.verdict = if fits {
            Verdict::Match
        } else {
            outcome.wrong = expected.range();
            let name =
                Signal::from_number(u64::from(number)).map_or_else(String::new, |s| s.to_string());
            let lead = leader(node);
            outcome.happened = Some(format!("{lead}--- {name} {} ---", self.renamed(&info)));
            Verdict::Mismatch { expected: expected.text().to_owned(), actual: info }
        };
    }

    fn end(&mut self, task: usize, node: Node<'_>, outcome: &mut Outcome) {
        let text = node.text();
        let lead = leader(node);
        let said = text.get(lead.len()..).unwrap_or(text).trim();
        let Some(&status) = self.seen.ends.get(&task) else {
            outcome.verdict = if self.seen.tids.contains_key(&task) {
                Verdict::Pending { expected: said.to_owned(), actual: "it lives".to_owned() }
            } else {
                Verdict::NotReached
            };
            return;
        };
        let how = match WaitStatus::from_word(status) {
            Some(WaitStatus::Signaled { signal, core }) => {
                format!("+++ killed by {signal}{} +++", if core { " (core dumped)" } else { "" })
            }
            _ => format!("+++ exited with {} +++", status >> 8 & 0xff),
        };
        if said == how || said.starts_with("+++ superseded") {
            outcome.verdict = Verdict::Match;
        } else {
            outcome.happened = Some(format!("{lead}{how}"));
            outcome.verdict = Verdict::Mismatch { expected: said.to_owned(), actual: how };
        }
    }

    fn load(&mut self, line: usize, node: Node<'_>, outcome: &mut Outcome) {
        let seen = &self.seen.lines[line];
        let Some(value) = seen.loaded else {
            outcome.verdict = Verdict::NotReached;
            return;
        };
        let expected = Expected::of(node);
        if let Some(name) = expected.variable() {
            self.names.bind(name, value.to_string());
        }
        let right = expected.number().is_none_or(|number| number == i128::from(value));
        let text = node.child(Kind::Arguments).map_or("", Node::text);
        let happened = format!("{}load{text} = {value}", leader(node));
        if expected.is_open() {
            outcome.happened = Some(happened);
            outcome.verdict = Verdict::Match;
        } else if right {
            outcome.verdict = Verdict::Match;
        } else {
            outcome.wrong = node.child(Kind::Result).map_or(node.range(), Node::range);
            outcome.happened = Some(happened);
            let expected = result_text(node);
            outcome.verdict = Verdict::Mismatch { expected, actual: format!("= {value}") };
        }
    }

    /// A text of this run with the script's own numbers for its tasks, where a whole result is one.
    fn renamed(&self, text: &str) -> String {
        let Some((head, result)) = text.rsplit_once(" = ") else { return text.to_owned() };
        let here = result.parse::<i128>().ok();
        let name = head.split('(').next().unwrap_or_default();
        let is_task = super::survey::is_fork(name)
            || matches!(name, "getpid" | "gettid" | "getppid" | "wait4" | "waitpid" | "wait");
        let known = self.names.tasks.iter().find(|(_, tid)| is_task && Some(**tid) == here);
        known.map_or_else(|| text.to_owned(), |(label, _)| format!("{head} = {label}"))
    }
}

/// What stands before a statement on its line.
fn leader(node: Node<'_>) -> &str {
    let first = node
        .children()
        .find(|child| !matches!(child.kind(), Kind::Pid | Kind::Time | Kind::Elapsed | Kind::Tag));
    let start = node.range().start;
    let body = node.text();
    match first {
        // The frame of a signal or an end belongs to it.
        Some(first) => {
            let lead = body.get(..first.range().start - start).unwrap_or_default();
            let cut =
                lead.find("--- ").or_else(|| lead.find("+++ ")).or_else(|| lead.find("<... "));
            cut.map_or(lead, |at| &lead[..at])
        }
        None => "",
    }
}

/// A call with its equals sign in strace's column.
fn aligned(leader: &str, call: &str) -> String {
    let Some((head, result)) = call.rsplit_once(" = ") else { return call.to_owned() };
    let width = leader.chars().count() + head.chars().count();
    let blanks = " ".repeat(39_usize.saturating_sub(width));
    format!("{head}{blanks} = {result}")
}

/// `= -1 ENOENT (No such file or directory)`.
fn result_text(node: Node<'_>) -> String {
    node.child(Kind::Result)
        .map_or_else(|| "a result".to_owned(), |result| result.text().to_owned())
}
