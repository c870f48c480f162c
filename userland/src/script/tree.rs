//! A script as a syntax tree.
//!
//! Nodes lie in one array, parents before children, and each knows how many nodes there are below it. A node's text is
//! a range of the source. What lies in a node's range and in none of its children's is punctuation and blanks, so a
//! tree holds every byte of its source and nothing is built for the ones that carry no meaning.

use std::ops::Range;
use std::sync::Arc;

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    // Statements.
    /// A line with nothing on it.
    Blank,
    /// `# …`, also behind a statement.
    Comment,
    /// A call: name, arguments, and perhaps a result.
    Call,
    /// The beginning of a call whose end comes later: it ends in `<unfinished ...>` or `<detached ...>`.
    Unfinished,
    /// `<... name resumed>`: the end of such a call.
    Resumed,
    /// `--- SIGCHLD {…} ---`, or `--- stopped by SIGSTOP ---`.
    Signal,
    /// `+++ exited with 0 +++`, `+++ killed by SIGSEGV +++`, `+++ superseded by execve in pid 3 +++`.
    End,
    /// `strace: Process 7 attached`, and whatever else strace says of itself. It may stand in the middle of a call.
    Message,
    /// A line of the table that `strace -c` prints.
    Summary,
    /// ` > file(function+0x10) [0x20]`: a line of a stack that `strace -k` prints, or ` | 00000  7f 45 …  .E |`: of the
    /// bytes that `-e read=` and `-e write=` do.
    Frame,
    /// `@machine cpus=1`: set-up.
    Directive,
    /// `compute 5ms`: time that the program uses.
    Compute,
    /// `touch 0x1000`: a store to a page.
    Touch,
    /// `repeat 3 { … }`.
    Repeat,
    /// `process name { … }`.
    Process,
    /// `thread name { … }`.
    Thread,
    /// `expect …`: an assertion.
    Expect,
    /// `+0 < S 0:0(0) win 1000`: a packet that comes in (`<`) or is expected to go out (`>`).
    Packet,
    /// What could not be read.
    Broken,

    // What stands before a statement.
    /// `[pid 7] `, or `7 ` with `-o`.
    Pid,
    /// `11:35:39.875812`, or seconds since 1970.
    Time,
    /// The time since the line before: `0.000005`, or `(+ 0.000005)`.
    Elapsed,
    /// `[ 257]`: a call's number, or an instruction's address.
    Tag,

    // Parts of calls.
    /// The name of a call, or of what is said in an [`Apply`](Self::Apply).
    Name,
    /// `(…)` of a call. Its children are the arguments.
    Arguments,
    /// All behind the `=`. Its children are the value, the name of the errno, explanations and how long it took.
    Result,
    /// `(No such file or directory)`, `(Timeout)`, `(INJECTED)`.
    Explanation,
    /// `<0.000017>`, `<unavailable>`, `<unfinished ...>`.
    Mark,

    // Values.
    /// A number, with its unit if it has one: `0x7f`, `0644`, `-1`, `10ms`.
    Integer,
    /// A name: `O_RDONLY`, `NULL`, `?`.
    Word,
    /// `$fd`.
    Variable,
    /// `"…"`, with `...` behind it if it was cut.
    Text,
    /// `...`: there is more.
    Ellipsis,
    /// `</path>` behind a descriptor or a pid.
    Note,
    /// `/* 22 vars */`.
    Remark,
    /// `htons(80)`.
    Apply,
    /// `{…}`.
    Struct,
    /// `[…]`.
    Array,
    /// `(…)` around a value.
    Group,
    /// `name=value`.
    Named,
    /// `~[…]`, `!x`, `&x`: an operator and its operand.
    Prefixed,
    /// Values with operators or with blanks between them: `A|B`, `INT CHLD`, `0 => 1`.
    Chain,
    /// `|`, `==`, `&&`, `=>`, `<<` …
    Operator,
}

/// A node as it is stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw {
    pub(super) kind: Kind,
    pub(super) start: u32,
    pub(super) end: u32,
    /// How many nodes its subtree has, itself included.
    pub(super) size: u32,
}

/// A script that was read. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Tree {
    text: Arc<str>,
    nodes: Arc<[Raw]>,
}

/// A node of a tree.
#[derive(Clone, Copy, Debug)]
pub struct Node<'t> {
    tree: &'t Tree,
    at: usize,
}

/// The children of a node, or the statements of a tree, in order.
#[derive(Clone)]
pub struct Children<'t> {
    tree: &'t Tree,
    at: usize,
    end: usize,
}

impl Tree {
    pub(super) fn new(text: &str, nodes: Vec<Raw>) -> Self {
        Self { text: text.into(), nodes: nodes.into() }
    }

    /// The text that it was made from.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.text
    }

    /// What stands in no block. What stands before a statement (its leader) is among its children.
    #[must_use]
    pub fn statements(&self) -> Children<'_> {
        Children { tree: self, at: 0, end: self.nodes.len() }
    }

    /// The node of a number that [`Node::number`] gave.
    pub(super) fn at(&self, number: usize) -> Node<'_> {
        Node { tree: self, at: number.min(self.nodes.len().saturating_sub(1)) }
    }

    /// The line, from 1, on which the byte at an offset lies.
    #[must_use]
    pub fn line_of(&self, at: usize) -> usize {
        let before = self.text.as_bytes().get(..at).unwrap_or(self.text.as_bytes());
        before.iter().filter(|&&byte| byte == b'\n').count() + 1
    }
}

impl<'t> Node<'t> {
    fn raw(self) -> Raw {
        self.tree.nodes[self.at]
    }

    /// Its number in its tree.
    pub(super) fn number(self) -> usize {
        self.at
    }

    /// What it is.
    #[must_use]
    pub fn kind(self) -> Kind {
        self.raw().kind
    }

    /// Where it stands in the source, in bytes.
    #[must_use]
    pub fn range(self) -> Range<usize> {
        let raw = self.raw();
        raw.start as usize..raw.end as usize
    }

    /// Its text, children included.
    #[must_use]
    pub fn text(self) -> &'t str {
        self.tree.text.get(self.range()).unwrap_or_default()
    }

    /// What it consists of.
    #[must_use]
    pub fn children(self) -> Children<'t> {
        Children { tree: self.tree, at: self.at + 1, end: self.at + self.raw().size as usize }
    }

    /// Its first child of a kind.
    #[must_use]
    pub fn child(self, kind: Kind) -> Option<Self> {
        self.children().find(|child| child.kind() == kind)
    }

    /// A number as its value: decimal, hexadecimal (`0x`) or octal (`0`), without a unit.
    #[must_use]
    pub fn integer(self) -> Option<i128> {
        let text = (self.kind() == Kind::Integer).then(|| self.text())?;
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let value = if let Some(hex) = digits.strip_prefix("0x") {
            i128::from_str_radix(hex, 16)
        } else if digits.len() > 1 && digits.starts_with('0') {
            i128::from_str_radix(digits, 8)
        } else {
            digits.parse()
        };
        value.ok().map(|value| if negative { -value } else { value })
    }
}

impl<'t> Iterator for Children<'t> {
    type Item = Node<'t>;

    fn next(&mut self) -> Option<Node<'t>> {
        if self.at >= self.end {
            return None;
        }
        let node = Node { tree: self.tree, at: self.at };
        // A subtree has at least the node itself, so this always goes on.
        self.at += (node.raw().size as usize).max(1);
        Some(node)
    }
}
