//! Values: what stands between the parentheses of a call, and behind its `=`.

use super::{Parser, Read};
use crate::script::tree::Kind;

/// What a word consists of, behind its first character.
#[inline]
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'_' | b'.' | b'$' | b'?' | b'%' | b'@')
        || byte >= 0x80
}

impl Parser<'_> {
    /// Values between commas, up to `closer`, which is read too. `false`: the list ends in a mark such as
    /// `<unfinished ...>`, and `closer` may be missing.
    pub(super) fn list(&mut self, closer: u8) -> Result<bool, super::Problem> {
        self.deeper()?;
        let mut whole = true;
        self.list_blanks();
        // What is resumed may begin with the comma, or with how an argument has changed.
        if self.peek(0) == b',' {
            self.at += 1;
            self.list_blanks();
        } else if self.looking_at("=> ") {
            self.at += 2;
            self.leaf(Kind::Operator, self.at - 2);
            self.blanks();
        }
        while self.peek(0) != closer {
            if self.looking_at("<unfinished ...>") || self.looking_at("<detached ...>") {
                self.mark()?;
                whole = false;
                break;
            }
            self.item(true)?;
            self.list_blanks();
            match self.peek(0) {
                b',' => {
                    self.at += 1;
                    self.list_blanks();
                }
                byte if byte == closer => {}
                b'<' if self.looking_at("<unfinished") || self.looking_at("<detached") => {}
                _ => {
                    let expected = match closer {
                        b')' => "`,` or `)`",
                        b']' => "`,` or `]`",
                        _ => "`,` or `}`",
                    };
                    return Err(self.expected(expected));
                }
            }
        }
        if self.peek(0) == closer {
            self.at += 1;
        }
        self.depth -= 1;
        Ok(whole)
    }

    /// Blanks in a list, where strace may interrupt itself: `24strace: Process 7 attached`, and the list goes on in
    /// the next line.
    fn list_blanks(&mut self) {
        self.blanks();
        while self.peek(0) == b's' && self.looking_at("strace: Process ") {
            let start = self.at;
            self.skip_line();
            self.leaf(Kind::Message, start);
            self.at = (self.at + 1).min(self.bytes.len());
            self.blanks();
        }
    }

    /// A value, or several with operators between them. In a list, that may also be a set: words with blanks between
    /// them, as in `[INT CHLD]`.
    pub(super) fn item(&mut self, in_list: bool) -> Read {
        let first = self.nodes.len();
        self.operand()?;
        let mut is_chain = false;
        loop {
            let end = self.at;
            self.blanks();
            let apart = self.at > end;
            if let Some(length) = self.operator(apart) {
                self.begin_chain(first, &mut is_chain);
                let start = self.at;
                self.at += length;
                self.leaf(Kind::Operator, start);
                self.blanks();
                self.operand()?;
            } else if self.peek(0) == b'=' && !apart {
                if is_chain {
                    self.close(first);
                }
                self.at += 1;
                self.wrap(first, Kind::Named);
                self.deeper()?;
                self.blanks();
                self.item(in_list)?;
                self.depth -= 1;
                self.close(first);
                return Ok(());
            } else if self.begins_operand(apart, in_list) {
                self.begin_chain(first, &mut is_chain);
                self.operand()?;
            } else {
                self.at = end;
                break;
            }
        }
        if is_chain {
            self.close(first);
        }
        Ok(())
    }

    fn begin_chain(&mut self, first: usize, is_chain: &mut bool) {
        if !*is_chain {
            self.wrap(first, Kind::Chain);
            *is_chain = true;
        }
    }

    /// How long the operator is that stands here. Those that could also begin a value need no blank before them.
    fn operator(&self, apart: bool) -> Option<usize> {
        match (self.peek(0), self.peek(1)) {
            (b'=' | b'!' | b'<' | b'>', b'=')
            | (b'=' | b'>', b'>')
            | (b'&', b'&')
            | (b'|', b'|')
            | (b'<', b'<') => Some(2),
            // The frame around the end of a process is no operator.
            (b'+', b'+') => None,
            (b'|' | b'+' | b'*' | b'%', _) => Some(1),
            (b'-', _) if !apart => Some(1),
            (b'/', next) if next != b'*' => Some(1),
            (b'<' | b'>', b' ') if apart => Some(1),
            _ => None,
        }
    }

    /// Whether a value begins here that is no part of the one before it: the next word of a set, a remark, an index.
    fn begins_operand(&self, apart: bool, in_list: bool) -> bool {
        match self.peek(0) {
            b'[' => !apart || in_list,
            b'/' => self.peek(1) == b'*',
            b'"' | b'{' | b'-' => apart && in_list,
            b's' if self.looking_at("strace: Process ") => false,
            byte => apart && in_list && is_word(byte) && byte != b'@',
        }
    }

    /// One value.
    fn operand(&mut self) -> Read {
        let start = self.at;
        match self.peek(0) {
            b'"' => self.quoted(start),
            b'@' if self.peek(1) == b'"' => {
                self.at += 1;
                self.quoted(start)
            }
            b'{' => self.bracketed(Kind::Struct, b'}', "`,` or `}`"),
            b'[' => self.bracketed(Kind::Array, b']', "`,` or `]`"),
            b'(' => self.bracketed(Kind::Group, b')', "`,` or `)`"),
            b'/' if self.peek(1) == b'*' => self.remark(),
            b'-' if self.peek(1).is_ascii_digit() => self.number(),
            b'~' | b'!' | b'&' | b'-' => {
                let node = self.open(Kind::Prefixed);
                self.at += 1;
                self.deeper()?;
                self.operand()?;
                self.depth -= 1;
                self.close(node);
                Ok(())
            }
            b'<' if self.looking_at("<... ") => self.mark(),
            b'0'..=b'9' => self.number(),
            byte if is_word(byte) => self.word(),
            _ => Err(self.expected("a value")),
        }
    }

    fn bracketed(&mut self, kind: Kind, closer: u8, expected: &str) -> Read {
        let node = self.open(kind);
        self.at += 1;
        if !self.list(closer)? {
            return Err(self.expected(expected));
        }
        self.close(node);
        Ok(())
    }

    /// A string, which begins at `start`; the cursor is on its quotation mark.
    fn quoted(&mut self, start: usize) -> Read {
        let quote = self.at;
        self.at += 1;
        loop {
            match self.rest().first() {
                Some(b'"') => break,
                // What is escaped may be the quotation mark.
                Some(b'\\') if self.peek(1).is_ascii_graphic() => self.at += 2,
                None | Some(b'\n') => {
                    let message = "this string has no end";
                    return Err(self.problem(quote..self.at, message, "`\"` at its end"));
                }
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        if self.looking_at("...") {
            self.at += 3;
        }
        self.leaf(Kind::Text, start);
        Ok(())
    }

    fn remark(&mut self) -> Read {
        let start = self.at;
        self.at += 2;
        while !self.looking_at("*/") {
            if self.at_line_end() {
                let message = "this remark has no end";
                return Err(self.problem(start..self.at, message, "`*/` at its end"));
            }
            self.at += 1;
        }
        self.at += 2;
        self.leaf(Kind::Remark, start);
        Ok(())
    }

    fn number(&mut self) -> Read {
        let start = self.at;
        self.at += 1;
        self.skip_while(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'_');
        self.before_message(start);
        self.leaf(Kind::Integer, start);
        self.note()
    }

    /// A word: a name, `?`, `...`, a variable, or a name with a list in parentheses.
    fn word(&mut self) -> Read {
        let start = self.at;
        self.skip_while(is_word);
        self.before_message(start);
        if self.peek(0) == b'(' {
            let node = self.nodes.len();
            self.leaf(Kind::Name, start);
            self.wrap(node, Kind::Apply);
            self.at += 1;
            if !self.list(b')')? {
                return Err(self.expected("`)`"));
            }
            self.close(node);
            return Ok(());
        }
        let kind = match &self.bytes[start..self.at] {
            b"..." => Kind::Ellipsis,
            [b'$', ..] => Kind::Variable,
            _ => Kind::Word,
        };
        self.leaf(kind, start);
        self.note()
    }

    /// A word that has just been read is not to hold the beginning of a message that strace wrote into the line.
    fn before_message(&mut self, start: usize) {
        if self.peek(0) == b':' && self.looking_at(": Process ") {
            let word = &self.bytes[start..self.at];
            if word.len() > "strace".len() && word.ends_with(b"strace") {
                self.at -= "strace".len();
            }
        }
    }

    /// `<…>` directly behind a descriptor or a pid, if it stands here.
    pub(super) fn note(&mut self) -> Read {
        let next = self.peek(1);
        if self.peek(0) != b'<'
            || matches!(next, b'<' | b'=' | b' ')
            || self.looking_at("<unfinished ...>")
            || self.looking_at("<detached ...>")
        {
            return Ok(());
        }
        self.angled(Kind::Note)
    }

    /// `<…>` that stands alone.
    pub(super) fn mark(&mut self) -> Read {
        self.angled(Kind::Mark)
    }

    /// Text in angle brackets: it may hold such text again, strings, and `->` between two addresses.
    fn angled(&mut self, kind: Kind) -> Read {
        let start = self.at;
        let mut depth = 0u32;
        loop {
            match self.rest().first() {
                Some(b'<') => depth += 1,
                Some(b'>') if self.bytes[self.at - 1] != b'-' => depth -= 1,
                Some(b'"') => self.skip_string()?,
                None | Some(b'\n') => {
                    let message = "this has no end";
                    return Err(self.problem(start..self.at, message, "`>` at its end"));
                }
                Some(_) => {}
            }
            self.at += 1;
            if depth == 0 {
                break;
            }
        }
        self.leaf(kind, start);
        Ok(())
    }

    /// Goes from a quotation mark to the one that ends the string.
    pub(super) fn skip_string(&mut self) -> Read {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek(0) {
                b'"' => return Ok(()),
                _ if self.at_line_end() => {
                    let message = "this string has no end";
                    return Err(self.problem(start..self.at, message, "`\"` at its end"));
                }
                b'\\' if self.peek(1).is_ascii_graphic() => self.at += 2,
                _ => self.at += 1,
            }
        }
    }
}
