//! What a student's program wants next, as a function of what it was answered: asked once, and remembered.
//!
//! The program is another process that says what each of its tasks wants. A task is a function of its answers and of
//! nothing else, so all that is known of the program is a tree: at a node is a wish, and each answer leads to another
//! node. A tape holds that tree. The kernel may run the program again from any moment, fork it, or run two futures of
//! it: where the tree is known, nobody is asked; where it is not, the process is told the whole way there.
//!
//! So what the process emits is wishes alone, and a run is repeatable even if the process is not: what it said first
//! is what counts.

use super::super::child::{Child, Stop};
use std::collections::BTreeMap;
use std::fmt::Write;

/// How much a program may want in all.
const MOST: usize = 50_000;

/// The longest piece of memory that is read or written at once.
const PIECE: u64 = 1024;

/// What a task wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// A system call.
    Call(u16, [u64; 6]),
    /// A word of 8 bytes.
    Load(u64),
    /// A word of 4 bytes.
    Load32(u64),
    /// To store a word of 8 bytes.
    Store(u64, u64),
    /// To store a word of 4 bytes.
    Store32(u64, u32),
    /// To add to a word of 8 bytes.
    Add(u64, u64),
    /// To swap a word of 4 bytes.
    Swap32(u64, u32),
    /// To compare and exchange a word of 4 bytes: expected, new.
    Exchange32(u64, u32, u32),
    /// Bytes of memory: where, and how many.
    Peek(u64, usize),
    /// To write bytes to memory.
    Poke(u64, Vec<u8>),
    /// To use the CPU, in microseconds.
    Compute(u64),
    /// To end, with a code.
    End(u64),
    /// Nothing any more: it cannot go on.
    Abort,
}

/// What a task was answered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Answer {
    /// A word.
    Word(u64),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl Answer {
    fn write(&self, line: &mut String) {
        // Writing to a string cannot fail.
        let _ = match self {
            Self::Word(word) => write!(line, " {word}"),
            Self::Bytes(bytes) => {
                line.push_str(" x");
                bytes.iter().try_for_each(|byte| write!(line, "{byte:02x}"))
            }
        };
    }
}

impl Wish {
    /// Reads what the process said.
    fn parse(line: &str) -> Option<Self> {
        let (verb, rest) = line.split_once(' ')?;
        if verb == "poke" {
            let (address, digits) = rest.split_once(' ')?;
            if digits.len() as u64 > PIECE * 2 || !digits.len().is_multiple_of(2) {
                return None;
            }
            let pairs = (0..digits.len()).step_by(2);
            let bytes = pairs.map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok());
            return Some(Self::Poke(address.parse().ok()?, bytes.collect::<Option<_>>()?));
        }
        let words: Option<Vec<u64>> = rest.split(' ').map(|word| word.parse().ok()).collect();
        let small = |word: u64| u32::try_from(word).ok();
        Some(match (verb, words?.as_slice()) {
            ("call", [number, arguments @ ..]) => {
                Self::Call(u16::try_from(*number).ok()?, arguments.try_into().ok()?)
            }
            ("load", [at]) => Self::Load(*at),
            ("load32", [at]) => Self::Load32(*at),
            ("store", [at, value]) => Self::Store(*at, *value),
            ("store32", [at, value]) => Self::Store32(*at, small(*value)?),
            ("add", [at, n]) => Self::Add(*at, *n),
            ("swap32", [at, new]) => Self::Swap32(*at, small(*new)?),
            ("cas32", [at, old, new]) => Self::Exchange32(*at, small(*old)?, small(*new)?),
            ("peek", [at, length]) if *length <= PIECE => Self::Peek(*at, *length as usize),
            ("compute", [us]) if *us <= 1_000_000 => Self::Compute(*us),
            ("end", [code]) => Self::End(*code),
            _ => return None,
        })
    }
}

/// Where a task begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Start {
    /// The function's number.
    pub function: u64,
    /// The word that it is given.
    pub word: u64,
    /// Its scratch area.
    pub scratch: u64,
}

#[derive(Debug)]
struct Node {
    wish: Wish,
    /// How it came here; none at a beginning.
    from: Option<(usize, Answer)>,
    start: Start,
    after: BTreeMap<Answer, usize>,
    /// The number of a task of the process that stands exactly here.
    task: Option<u64>,
}

/// Why a program did not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The process did not answer.
    Stopped(Stop),
    /// It panicked, and said this.
    Panicked(String),
    /// It said what nobody understands.
    Garbled(String),
    /// It wanted too much.
    Endless,
}

/// All that is known of a program.
pub(super) struct Tape {
    child: Child,
    nodes: Vec<Node>,
    begins: BTreeMap<Start, usize>,
    tasks: u64,
    broken: Option<Broken>,
}

impl Tape {
    pub(super) fn new(child: Child) -> Self {
        Self { child, nodes: Vec::new(), begins: BTreeMap::new(), tasks: 0, broken: None }
    }

    /// Why it did not go on, if so.
    pub(super) fn broken(&self) -> Option<&Broken> {
        self.broken.as_ref()
    }

    /// The node at which a function begins.
    pub(super) fn begin(&mut self, start: Start) -> usize {
        if let Some(known) = self.begins.get(&start) {
            return *known;
        }
        let node = self.reach(None, start, None);
        self.begins.insert(start, node);
        node
    }

    /// What is wanted at a node.
    pub(super) fn wish(&self, at: usize) -> Wish {
        self.nodes.get(at).map_or(Wish::Abort, |node| node.wish.clone())
    }

    /// The node to which an answer leads.
    pub(super) fn answered(&mut self, at: usize, answer: Answer) -> usize {
        let Some(node) = self.nodes.get_mut(at) else { return at };
        if let Some(known) = node.after.get(&answer) {
            return *known;
        }
        let (start, task) = (node.start, node.task.take());
        let next = self.reach(Some((at, answer.clone())), start, task);
        if let Some(node) = self.nodes.get_mut(at) {
            node.after.insert(answer, next);
        }
        next
    }

    /// Makes a new node; asks the process what is wanted there.
    fn reach(&mut self, from: Option<(usize, Answer)>, start: Start, task: Option<u64>) -> usize {
        let mut line;
        let task = match (&from, task) {
            (Some((_, answer)), Some(task)) => {
                line = format!("go {task}");
                answer.write(&mut line);
                task
            }
            _ => {
                self.tasks += 1;
                let Start { function, word, scratch } = start;
                line = format!("begin {} {function} {word} {scratch}", self.tasks);
                for answer in self.way(from.as_ref()) {
                    answer.write(&mut line);
                }
                self.tasks
            }
        };
        let wish = self.ask(line);
        self.nodes.push(Node { wish, from, start, after: BTreeMap::new(), task: Some(task) });
        self.nodes.len() - 1
    }

    /// All answers on the way to a new node, the first first.
    fn way(&self, from: Option<&(usize, Answer)>) -> Vec<Answer> {
        let mut way = Vec::new();
        let mut from = from;
        while let Some((at, answer)) = from {
            way.push(answer.clone());
            from = self.nodes.get(*at).and_then(|node| node.from.as_ref());
        }
        way.reverse();
        way
    }

    fn ask(&mut self, line: String) -> Wish {
        if self.broken.is_none() && self.nodes.len() >= MOST {
            self.broken = Some(Broken::Endless);
        }
        if self.broken.is_some() {
            return Wish::Abort;
        }
        let said = match self.child.ask(line) {
            Ok(said) => said,
            Err(stop) => {
                self.broken = Some(Broken::Stopped(stop));
                return Wish::Abort;
            }
        };
        if let Some(why) = said.strip_prefix("panic") {
            self.broken = Some(Broken::Panicked(why.trim().to_owned()));
            return Wish::Abort;
        }
        Wish::parse(&said).unwrap_or_else(|| {
            self.broken = Some(Broken::Garbled(said));
            Wish::Abort
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Wish;

    #[test]
    fn what_nobody_understands_is_no_wish() {
        assert_eq!(Wish::parse("call 64 1 2 3 0 0 0"), Some(Wish::Call(64, [1, 2, 3, 0, 0, 0])));
        assert_eq!(Wish::parse("poke 16 0aff"), Some(Wish::Poke(16, vec![10, 255])));
        let long = format!("poke 16 {}", "00".repeat(2000));
        for wrong in [
            "",
            "call",
            "call 64 1",
            "call 70000 0 0 0 0 0 0",
            "load -1",
            "peek 0 5000",
            "poke 1 0",
            "poke 1 0g",
            "poke 1 é",
            "store32 1 4294967296",
            "{\"points\": 20}",
            &long,
        ] {
            assert_eq!(Wish::parse(wrong), None, "{wrong}");
        }
    }
}
