//! From text to tree: the cursor, and what all of the grammar needs.
//!
//! Layers: this file moves through the text and builds nodes; `value` reads arguments; `leader` what stands before a
//! statement; `statement` statements and blocks.
//!
//! The grammar is that of strace 6.1's output under all of its usual options, and on top of it the lines that only
//! people write. It is read in one pass without going back by more than a word, by recursive descent over bytes: every
//! delimiter is ASCII, so no character is ever cut in two. After a mistake reading goes on with the next line.

mod leader;
mod statement;
mod value;

use super::check::Problems;
use super::problem::Problem;
use super::tree::{Kind, Raw, Tree};

/// How many brackets may stand within each other.
const DEEPEST: u32 = 100;

/// What became of a text: a tree in any case, and what is wrong with it.
pub struct Parsed {
    /// All of the text, with [`Kind::Broken`] where it could not be read.
    pub tree: Tree,
    /// The mistakes, in order; at most 20.
    pub problems: Vec<Problem>,
    /// How many there are besides.
    pub more: usize,
}

/// Reads a script or a log.
#[must_use]
pub fn parse(text: &str) -> Parsed {
    let mut parser = Parser::new(text);
    if u32::try_from(text.len()).is_err() {
        let problem = parser.problem(0..0, "this file is too large", "at most 4 GiB");
        return Parsed { tree: Tree::new(text, Vec::new()), problems: vec![problem], more: 0 };
    }
    parser.script();
    let Problems { first, more } = parser.problems;
    Parsed { tree: Tree::new(text, parser.nodes), problems: first, more }
}

/// Reading goes on behind what was read, or there is a problem.
type Read = Result<(), Problem>;

struct Parser<'s> {
    text: &'s str,
    bytes: &'s [u8],
    at: usize,
    nodes: Vec<Raw>,
    problems: Problems,
    depth: u32,
    /// Whether this is within the table of `strace -c`.
    in_summary: bool,
}

impl<'s> Parser<'s> {
    fn new(text: &'s str) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
            // About what a line of strace takes.
            nodes: Vec::with_capacity(text.len() / 6),
            problems: Problems::default(),
            depth: 0,
            in_summary: false,
        }
    }

    // ---- the cursor ----

    /// The byte `ahead` of the cursor; 0 behind the end.
    #[inline]
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn rest(&self) -> &'s [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    #[inline]
    fn looking_at(&self, text: &str) -> bool {
        self.rest().starts_with(text.as_bytes())
    }

    /// Whether the line, or the text, is over.
    #[inline]
    fn at_line_end(&self) -> bool {
        self.at >= self.bytes.len() || self.bytes[self.at] == b'\n'
    }

    /// Goes past bytes for which `test` holds.
    #[inline]
    fn skip_while(&mut self, test: impl Fn(u8) -> bool) {
        while self.at < self.bytes.len() && test(self.bytes[self.at]) {
            self.at += 1;
        }
    }

    /// Goes to the end of the line.
    fn skip_line(&mut self) {
        self.skip_while(|byte| byte != b'\n');
    }

    /// Goes past blanks within a line.
    #[inline]
    fn blanks(&mut self) {
        self.skip_while(|byte| byte == b' ' || byte == b'\t');
    }

    // ---- nodes ----

    /// Begins a node here.
    #[inline]
    fn open(&mut self, kind: Kind) -> usize {
        let at = self.at as u32;
        self.nodes.push(Raw { kind, start: at, end: at, size: 1 });
        self.nodes.len() - 1
    }

    /// Ends a node here.
    #[inline]
    fn close(&mut self, node: usize) {
        let size = (self.nodes.len() - node) as u32;
        self.nodes[node].end = self.at as u32;
        self.nodes[node].size = size;
    }

    /// A node without children, from `start` to here.
    #[inline]
    fn leaf(&mut self, kind: Kind, start: usize) {
        self.nodes.push(Raw { kind, start: start as u32, end: self.at as u32, size: 1 });
    }

    /// Puts what was read since `node` into a new node, which is still open. Mostly that is one leaf.
    fn wrap(&mut self, node: usize, kind: Kind) {
        let start = self.nodes[node].start;
        self.nodes.insert(node, Raw { kind, start, end: start, size: 1 });
    }

    // ---- mistakes ----

    fn problem(&self, range: std::ops::Range<usize>, message: &str, expected: &str) -> Problem {
        let (message, expected) = (message.to_owned(), expected.to_owned());
        Problem { range, message, expected, help: None }
    }

    /// The problem that here is something else than what was expected.
    fn expected(&self, expected: &str) -> Problem {
        let message = match self.rest().first() {
            None => "the text ends here".to_owned(),
            Some(b'\n') => "the line ends here".to_owned(),
            Some(_) => {
                let found = self.text[self.at..].chars().next().unwrap_or_default();
                format!("`{}` cannot stand here", found.escape_debug())
            }
        };
        let length = self.text[self.at..].chars().next().map_or(0, char::len_utf8);
        self.problem(self.at..self.at + length, &message, expected)
    }

    /// Goes past a byte that must stand here.
    fn demand(&mut self, byte: u8, expected: &str) -> Read {
        if self.peek(0) != byte {
            return Err(self.expected(expected));
        }
        self.at += 1;
        Ok(())
    }

    /// Goes into brackets.
    fn deeper(&mut self) -> Read {
        self.depth += 1;
        if self.depth > DEEPEST {
            let message = "brackets within brackets within brackets";
            return Err(self.problem(self.at..self.at + 1, message, "at most a hundred of them"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
