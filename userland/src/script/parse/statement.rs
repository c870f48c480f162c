//! Statements, and blocks of them.

use super::{DEEPEST, Parser, Problem, Read};
use crate::script::nearest::nearest;
use crate::script::tree::Kind;
use oscope_kernel::abi::call;

/// The words that begin what only people write.
const KEYWORDS: [(&str, Kind); 6] = [
    ("compute", Kind::Compute),
    ("touch", Kind::Touch),
    ("repeat", Kind::Repeat),
    ("process", Kind::Process),
    ("thread", Kind::Thread),
    ("expect", Kind::Expect),
];

impl Parser<'_> {
    /// The whole text.
    pub(super) fn script(&mut self) {
        // Blocks that are open: their nodes.
        let mut blocks = Vec::new();
        while self.at < self.bytes.len() {
            let (start, nodes, depth) = (self.at, self.nodes.len(), self.depth);
            if let Err(problem) = self.line(&mut blocks) {
                // What was read of the statement is not to be trusted, but what other lines made stays.
                self.nodes.truncate(nodes);
                self.depth = depth;
                self.at = start.max(self.at);
                self.skip_line();
                self.leaf(Kind::Broken, start);
                self.problems.add(|| problem);
            }
            // The end of the line belongs to nobody.
            self.at = (self.at + 1).min(self.bytes.len());
        }
        if let Some(&block) = blocks.last() {
            let at = self.nodes[block].start as usize;
            let message = "this block has no end";
            let problem = self.problem(at..at + 1, message, "`}` in a later line");
            self.problems.add(|| problem);
        }
        for block in blocks.into_iter().rev() {
            self.close(block);
        }
    }

    /// A line, up to its end.
    fn line(&mut self, blocks: &mut Vec<usize>) -> Read {
        let start = self.at;
        self.blanks();
        if self.peek(0) == b'}' {
            let Some(&block) = blocks.last() else {
                let range = self.at..self.at + 1;
                return Err(self.problem(range, "there is no block to end", "a statement"));
            };
            self.at += 1;
            self.line_end()?;
            blocks.pop();
            self.close(block);
            return Ok(());
        }
        self.at = start;
        let node = self.open(Kind::Blank);
        let is_block = if self.summary() {
            self.nodes[node].kind = Kind::Summary;
            false
        } else {
            self.leader();
            self.blanks();
            self.statement(node)?
        };
        if is_block {
            self.line_end()?;
            if blocks.len() >= DEEPEST as usize {
                let message = "blocks within blocks within blocks";
                let range = self.nodes[node].start as usize..self.at;
                return Err(self.problem(range, message, "at most a hundred of them"));
            }
            blocks.push(node);
            return Ok(());
        }
        self.close(node);
        self.line_end()
    }

    /// Nothing may follow but a comment.
    fn line_end(&mut self) -> Read {
        self.blanks();
        if self.peek(0) == b'#' {
            let start = self.at;
            self.skip_line();
            self.leaf(Kind::Comment, start);
        } else if self.peek(0) == b'\r' && self.peek(1) == b'\n' {
            self.at += 1;
        } else if !self.at_line_end() {
            return Err(self.expected("the end of the line"));
        }
        Ok(())
    }

    /// A statement whose node is open. `true` if it begins a block.
    fn statement(&mut self, node: usize) -> Result<bool, Problem> {
        let kind = match self.peek(0) {
            _ if self.at_line_end() => Kind::Blank,
            b'\r' => Kind::Blank,
            b'#' => {
                self.skip_line();
                Kind::Comment
            }
            b'<' if self.looking_at("<... ") => self.resumed()?,
            b'<' if self.looking_at("<unfinished ...>") => {
                self.mark()?;
                Kind::Unfinished
            }
            b'-' if self.looking_at("--- ") => self.framed("---", Kind::Signal)?,
            b'+' if self.looking_at("+++ ") => self.framed("+++", Kind::End)?,
            b'+' | b'*' => self.packet()?,
            // A line of a stack, or of the bytes that `-e read=` and `-e write=` show.
            b'>' | b'|' => {
                self.skip_line();
                Kind::Frame
            }
            b'@' => self.words(Kind::Directive)?,
            b's' if self.looking_at("strace: ") => {
                self.skip_line();
                Kind::Message
            }
            _ => return self.named(node),
        };
        self.nodes[node].kind = kind;
        Ok(false)
    }

    /// A call, or what begins with one of our words.
    fn named(&mut self, node: usize) -> Result<bool, Problem> {
        let start = self.at;
        self.skip_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if self.at == start {
            return Err(self.expected("a statement, such as a call: `close(3) = 0`"));
        }
        if self.peek(0) == b'(' {
            self.leaf(Kind::Name, start);
            let arguments = self.open(Kind::Arguments);
            self.at += 1;
            self.nodes[node].kind = self.call(arguments)?;
            return Ok(false);
        }
        let word = &self.text[start..self.at];
        let Some((_, kind)) = KEYWORDS.iter().find(|(keyword, _)| *keyword == word) else {
            let message = format!("`{word}` begins nothing");
            let expected =
                "`(` as in a call, or one of compute, touch, repeat, process, thread, expect";
            let problem = self.problem(start..self.at, &message, expected);
            let calls = nearest(word, call::all().map(|call| call.name));
            let words = || nearest(word, KEYWORDS.iter().map(|(keyword, _)| *keyword));
            let near = calls.map(|call| format!("{call}(")).or_else(|| words().map(str::to_owned));
            let help = near.map(|near| format!("did you mean `{near}`?"));
            return Err(Problem { help, ..problem });
        };
        self.nodes[node].kind = *kind;
        self.values()?;
        if !matches!(kind, Kind::Repeat | Kind::Process | Kind::Thread) {
            return Ok(false);
        }
        self.demand(b'{', "`{`")?;
        Ok(true)
    }

    /// The rest of a call: its arguments, whose node is open, and its result if there is one.
    fn call(&mut self, arguments: usize) -> Result<Kind, Problem> {
        let whole = self.list(b')')?;
        self.close(arguments);
        let end = self.at;
        self.blanks();
        if self.peek(0) == b'=' {
            self.result()?;
            return Ok(Kind::Call);
        }
        self.at = end;
        Ok(if whole { Kind::Call } else { Kind::Unfinished })
    }

    /// `= -1 ENOENT (No such file or directory) <0.000017>`.
    fn result(&mut self) -> Read {
        let node = self.open(Kind::Result);
        self.at += 1;
        loop {
            let end = self.at;
            self.blanks();
            match self.peek(0) {
                _ if self.at_line_end() => {
                    self.at = end;
                    break;
                }
                b'#' | b'\r' => {
                    self.at = end;
                    break;
                }
                b'(' => self.explanation()?,
                b'<' => self.mark()?,
                _ => self.item(false)?,
            }
        }
        self.close(node);
        Ok(())
    }

    /// Text in parentheses, which may hold parentheses and strings.
    fn explanation(&mut self) -> Read {
        let start = self.at;
        let mut depth = 0u32;
        loop {
            match self.rest().first() {
                Some(b'(') => depth += 1,
                Some(b')') => depth -= 1,
                Some(b'"') => self.skip_string()?,
                None | Some(b'\n') => {
                    let message = "this explanation has no end";
                    return Err(self.problem(start..self.at, message, "`)` at its end"));
                }
                Some(_) => {}
            }
            self.at += 1;
            if depth == 0 {
                break;
            }
        }
        self.leaf(Kind::Explanation, start);
        Ok(())
    }

    /// `<... read resumed>"x", 1) = 1`.
    fn resumed(&mut self) -> Result<Kind, Problem> {
        self.at += "<... ".len();
        let start = self.at;
        self.skip_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        self.leaf(Kind::Name, start);
        if !self.looking_at(" resumed>") {
            return Err(self.expected("` resumed>`"));
        }
        self.at += " resumed>".len();
        let arguments = self.open(Kind::Arguments);
        self.call(arguments)?;
        Ok(Kind::Resumed)
    }

    /// `--- … ---` and `+++ … +++`.
    fn framed(&mut self, frame: &str, kind: Kind) -> Result<Kind, Problem> {
        self.at += frame.len();
        loop {
            self.blanks();
            if self.looking_at(frame) {
                self.at += frame.len();
                return Ok(kind);
            }
            match self.peek(0) {
                _ if self.at_line_end() => return Err(self.expected(&format!("`{frame}`"))),
                b'(' => self.explanation()?,
                _ => self.item(false)?,
            }
        }
    }

    /// packetdrill's lines: when, `<` or `>`, and the packet.
    fn packet(&mut self) -> Result<Kind, Problem> {
        let start = self.at;
        self.at += 1;
        self.skip_while(|byte| byte.is_ascii_digit() || byte == b'.');
        self.leaf(Kind::Time, start);
        self.blanks();
        if !matches!(self.peek(0), b'<' | b'>') {
            return Err(
                self.expected("`<` for a packet that comes in, or `>` for one that goes out")
            );
        }
        self.at += 1;
        self.leaf(Kind::Operator, self.at - 1);
        self.blanks();
        let packet = self.at;
        self.skip_while(|byte| !matches!(byte, b'\n' | b'#' | b'\r'));
        self.leaf(Kind::Word, packet);
        Ok(Kind::Packet)
    }

    /// `@machine cpus=1`: a name and values.
    fn words(&mut self, kind: Kind) -> Result<Kind, Problem> {
        self.at += 1;
        let start = self.at;
        self.skip_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        if self.at == start {
            return Err(self.expected("a word, such as `machine`"));
        }
        self.leaf(Kind::Name, start);
        self.values()?;
        Ok(kind)
    }

    /// Values up to the end of the line, a comment, or the brace that begins a block.
    fn values(&mut self) -> Read {
        loop {
            let end = self.at;
            self.blanks();
            match self.peek(0) {
                _ if self.at_line_end() => {
                    self.at = end;
                    return Ok(());
                }
                b'#' | b'\r' => {
                    self.at = end;
                    return Ok(());
                }
                b'{' => return Ok(()),
                _ => self.item(false)?,
            }
        }
    }

    /// The table of `strace -c`: from its heading to the line with the total.
    fn summary(&mut self) -> bool {
        let is_heading = self.looking_at("% time ");
        if !is_heading && !self.in_summary {
            return false;
        }
        let start = self.at;
        self.skip_line();
        self.in_summary = !self.text[start..self.at].trim_end().ends_with(" total");
        true
    }
}
