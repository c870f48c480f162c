//! A script as what its tasks do: for each process and thread the steps that it takes, in their order.

use super::keys::{Key, Keys};
use super::lower::{Expr, Lowered};
use super::scene::Scene;
use crate::script::expect::Expectation;
use crate::script::tree::{Node, Tree};
use oscope_kernel::base::Duration;
use std::collections::{BTreeMap, BTreeSet};

/// What binds the order in which lines are executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// A line begins when the one before it is done, or waits.
    #[default]
    Lines,
    /// The scheduler decides; only the lines of each task keep their order.
    Free,
}

/// Who wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A person: what cannot be done is a mistake.
    Written,
    /// A real strace: what cannot be done is left out and counted.
    Recorded,
}

/// A script, ready to be played.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) tree: Tree,
    pub(super) lines: Vec<Line>,
    pub(super) tasks: Vec<Task>,
    pub(super) keys: Keys,
    pub(super) order: Order,
    /// Set-up lines: name, then words.
    pub(super) directives: Vec<Directive>,
    /// Tasks whose ends stand behind the last line that somebody executes.
    pub(super) last_ends: Vec<Key>,
    /// How many turns there are.
    pub(super) turns: u64,
    /// For a line whose call a signal ended, the line at which the kernel makes it again.
    pub(super) again: BTreeMap<usize, usize>,
    /// Programs that a line executes and that the script goes on as.
    pub(super) becomes: BTreeSet<String>,
    /// What a recorded log has found: its files.
    pub(super) scene: Option<Scene>,
}

/// `@machine cpus=2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// `machine`.
    pub name: String,
    /// What follows, as it was written, and where in the source.
    pub words: Vec<(String, std::ops::Range<usize>)>,
    /// Where it stands.
    pub range: std::ops::Range<usize>,
}

/// A line, as often as it is executed.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Its node in the tree.
    pub(super) node: usize,
    /// Its number in the source, from 1.
    pub(super) row: u32,
    /// Whose it is.
    pub(super) task: usize,
    pub(super) what: What,
}

/// What a line is.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// A call from beginning to end.
    Call,
    /// The beginning of a call; the line with its end, if there is one.
    Begin(Option<usize>),
    /// The end of the call that another line began.
    Resume(usize),
    /// A call that the player cannot make, and why.
    Skipped(Skip),
    /// A signal is taken.
    Signal,
    /// A task ends.
    End,
    /// An assertion.
    Expect(Expectation),
    /// Memory that is looked at: `load`.
    Load,
    /// Done by the player alone: `compute`, `touch`, `store`, `join`, and what only people read.
    Other,
}

/// Why a line is not executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Skip {
    /// There is no such call here.
    Unsupported(String),
    /// It cannot mean the same here as where it was recorded.
    NotComparable(&'static str),
}

/// A process or thread.
#[derive(Clone, Debug, Default)]
pub(super) struct Task {
    pub(super) label: String,
    pub(super) steps: Vec<Step>,
    /// The key under which its number is known.
    pub(super) key: Option<Key>,
    /// The key that is written when it has done all its lines.
    pub(super) done: Option<Key>,
}

/// Something that a task does.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// The line that it belongs to.
    pub(super) line: usize,
    /// What the log is told when it begins: the line's number in the source, and above it `line`.
    pub(super) mark: u64,
    /// Which turn it waits for.
    pub(super) turn: Option<u64>,
    /// Tasks that must have ended before: the script says so in lines before this.
    pub(super) after: Vec<Key>,
    pub(super) act: Act,
}

/// What a step is.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// A call.
    Call(Box<CallStep>),
    /// The end of a call has its own line: nothing but its turn.
    Turn,
    /// A signal is taken here; with a handler, the steps that follow are the handler's.
    Signal { number: u8, handled: bool },
    /// A handler returns.
    Return,
    /// Time passes.
    Compute(Duration),
    /// A store to a byte, which may be a page fault.
    Touch(Expr),
    /// A word of four bytes is read; the key gets it.
    Load(Expr, Option<Key>),
    /// A word of four bytes is written.
    Store(Expr, Expr),
    /// Waits until a number is known.
    Join(Key),
    /// Waits for the signal that ends it.
    Rest,
}

/// A call that a task makes.
#[derive(Clone, Debug, Default)]
pub(super) struct CallStep {
    pub(super) lowered: Lowered,
    /// The name that its result gets.
    pub(super) result: Option<Key>,
    /// The task that it makes.
    pub(super) child: Option<usize>,
    /// Whether it may wait for what later lines do.
    pub(super) hands_over: bool,
    /// It makes a program of the script's own out of the caller.
    pub(super) becomes: bool,
}

impl Plan {
    /// The script's text.
    #[must_use]
    pub fn source(&self) -> &str {
        self.tree.source()
    }

    /// What binds its order.
    #[must_use]
    pub fn order(&self) -> Order {
        self.order
    }

    /// Its set-up lines.
    #[must_use]
    pub fn directives(&self) -> &[Directive] {
        &self.directives
    }

    /// How many lines are executed, repetitions counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The number in the source, from 1, of an executed line.
    #[must_use]
    pub fn row(&self, line: usize) -> Option<u32> {
        self.lines.get(line).map(|line| line.row)
    }

    /// The line whose turn is the last one.
    pub(super) fn last_line(&self) -> Option<usize> {
        let steps = self.tasks.iter().flat_map(|task| &task.steps);
        steps.max_by_key(|step| step.turn).map(|step| step.line)
    }

    pub(super) fn node(&self, line: usize) -> Option<Node<'_>> {
        self.lines.get(line).map(|line| self.tree.at(line.node))
    }
}
