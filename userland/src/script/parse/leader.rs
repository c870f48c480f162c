//! What stands before a statement: who, when, and where.
//!
//! `[pid  9121] ` on a terminal or `9121  ` with `-o`, with `--decode-pids=comm` also `9121<cat>`; the time with `-t`,
//! `-tt`, `-ttt`; the time since the line before with `-r`; the call's number with `-n`; the instruction pointer with
//! `-i`.

use super::Parser;
use crate::script::tree::Kind;

impl Parser<'_> {
    /// Reads as much of a leader as there is. What only looks like one is left alone.
    pub(super) fn leader(&mut self) {
        let start = self.at;
        self.blanks();
        if !self.looking_at("[pid ") {
            self.at = start;
        }
        self.pid();
        loop {
            let before = self.at;
            self.blanks();
            let is_part = match self.peek(0) {
                b'0'..=b'9' => self.time(self.at > start && before == start),
                b'(' => self.elapsed(),
                b'[' => self.tag(),
                _ => false,
            };
            if !is_part {
                self.at = before;
                return;
            }
        }
    }

    fn pid(&mut self) {
        let start = self.at;
        if self.looking_at("[pid ") {
            self.at += "[pid ".len();
            self.blanks();
            if self.peek(0) == b'$' {
                // A script may not know the number: `[pid $child]`.
                self.skip_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$'));
            } else {
                self.skip_while(|byte| byte.is_ascii_digit());
            }
            self.comm();
            if self.peek(0) == b']' {
                self.at += 1;
                return self.leaf(Kind::Pid, start);
            }
        } else if self.peek(0).is_ascii_digit() {
            self.skip_while(|byte| byte.is_ascii_digit());
            self.comm();
            if self.peek(0) == b' ' {
                return self.leaf(Kind::Pid, start);
            }
        }
        self.at = start;
    }

    /// The name of a process in angle brackets.
    fn comm(&mut self) {
        if self.peek(0) != b'<' {
            return;
        }
        let start = self.at;
        self.skip_while(|byte| !matches!(byte, b'>' | b'\n'));
        if self.peek(0) == b'>' { self.at += 1 } else { self.at = start }
    }

    /// `11:35:39.875812`, `1795347339.915352`, and with `-r` the time since the line before, which is indented.
    fn time(&mut self, is_indented: bool) -> bool {
        let start = self.at;
        self.skip_while(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.'));
        let text = &self.bytes[start..self.at];
        let is_time = text.iter().any(|byte| !byte.is_ascii_digit()) && self.peek(0) == b' ';
        if !is_time {
            self.at = start;
            return false;
        }
        // Both are seconds with a fraction; that since 1970 has ten digits before it, and is not indented.
        let short = text.iter().position(|&byte| byte == b'.').is_some_and(|digits| digits < 9);
        let is_elapsed = short && !text.contains(&b':') && (is_indented || self.has_pid());
        self.leaf(if is_elapsed { Kind::Elapsed } else { Kind::Time }, start);
        true
    }

    fn has_pid(&self) -> bool {
        self.nodes.last().is_some_and(|node| node.kind == Kind::Pid)
    }

    /// `(+     0.000005)`.
    fn elapsed(&mut self) -> bool {
        let start = self.at;
        if self.peek(1) == b'+' {
            self.at += 2;
            self.skip_while(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'.'));
            if self.peek(0) == b')' {
                self.at += 1;
                self.leaf(Kind::Elapsed, start);
                return true;
            }
        }
        self.at = start;
        false
    }

    /// `[ 257]`, `[00007f801385dce7]`, `[????????????????]`.
    fn tag(&mut self) -> bool {
        let start = self.at;
        self.at += 1;
        self.skip_while(|byte| byte.is_ascii_hexdigit() || matches!(byte, b' ' | b'?'));
        if self.peek(0) == b']' {
            self.at += 1;
            self.leaf(Kind::Tag, start);
            return true;
        }
        self.at = start;
        false
    }
}
