//! Blanks what is not code, so that a rule about code is not fooled by prose.

/// `text` with comments, strings and characters replaced by spaces, byte for byte: an offset into the result
/// is an offset into `text`, and lines stay lines. Lifetimes go too, because nothing asks for them.
pub(crate) fn code_only(text: &str) -> String {
    let mut stripper =
        Stripper { bytes: text.as_bytes(), at: 0, code: Vec::with_capacity(text.len()) };
    stripper.run();
    // Whole characters are kept or blanked, so this cannot fail; if it did, the rules would see the text.
    String::from_utf8(stripper.code).unwrap_or_else(|_| text.to_owned())
}

struct Stripper<'a> {
    bytes: &'a [u8],
    at: usize,
    code: Vec<u8>,
}

impl Stripper<'_> {
    fn run(&mut self) {
        while let Some(byte) = self.peek(0) {
            match byte {
                b'/' if self.peek(1) == Some(b'/') => self.line_comment(),
                b'/' if self.peek(1) == Some(b'*') => self.block_comment(),
                b'"' => self.string(),
                b'\'' => self.character_or_lifetime(),
                _ if starts_word(byte) => self.word(),
                _ if byte.is_ascii_digit() => self.keep_word(),
                _ => self.keep(1),
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn keep(&mut self, count: usize) {
        let end = (self.at + count).min(self.bytes.len());
        self.code.extend_from_slice(&self.bytes[self.at..end]);
        self.at = end;
    }

    fn blank(&mut self, count: usize) {
        let end = (self.at + count).min(self.bytes.len());
        let newline_or_space = |&byte: &u8| if byte == b'\n' { b'\n' } else { b' ' };
        self.code.extend(self.bytes[self.at..end].iter().map(newline_or_space));
        self.at = end;
    }

    fn line_comment(&mut self) {
        let rest = &self.bytes[self.at..];
        self.blank(rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len()));
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek(0) {
            match (byte, self.peek(1)) {
                (b'/', Some(b'*')) => {
                    depth += 1;
                    self.blank(2);
                }
                (b'*', Some(b'/')) => {
                    depth -= 1;
                    self.blank(2);
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.blank(1),
            }
        }
    }

    /// A string that begins at the quote here.
    fn string(&mut self) {
        self.blank(1);
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\\' => self.blank(2),
                b'"' => return self.blank(1),
                _ => self.blank(1),
            }
        }
    }

    /// A raw string that begins at the hashes or the quote here, and ends at a quote with as many hashes.
    fn raw_string(&mut self, hashes: usize) {
        self.blank(hashes + 1);
        while let Some(byte) = self.peek(0) {
            let closes = byte == b'"' && (1..=hashes).all(|i| self.peek(i) == Some(b'#'));
            if closes {
                return self.blank(hashes + 1);
            }
            self.blank(1);
        }
    }

    /// `'a'` is a character and `'a` a lifetime: what follows one character decides.
    fn character_or_lifetime(&mut self) {
        let first = self.peek(1).unwrap_or(b'\n');
        let width = match first {
            0xF0.. => 4,
            0xE0.. => 3,
            0xC0.. => 2,
            _ => 1,
        };
        if first == b'\\' {
            self.blank(3);
            while let Some(byte) = self.peek(0) {
                self.blank(1);
                if byte == b'\'' {
                    return;
                }
            }
        } else if self.peek(1 + width) == Some(b'\'') {
            self.blank(width + 2);
        } else {
            self.blank(1);
            self.blank(self.word_length());
        }
    }

    fn word_length(&self) -> usize {
        let continues_word = |&&b: &&u8| starts_word(b) || b.is_ascii_digit();
        let rest = &self.bytes[self.at..];
        rest.iter().take_while(continues_word).count()
    }

    fn keep_word(&mut self) {
        self.keep(self.word_length());
    }

    /// A word, or the prefix of a literal: `b"…"`, `c"…"`, `r#"…"#`, `br"…"`, `b'…'`.
    fn word(&mut self) {
        let length = self.word_length();
        let word = &self.bytes[self.at..self.at + length];
        let rest = &self.bytes[self.at + length..];
        let hashes = rest.iter().take_while(|&&b| b == b'#').count();
        let raw = matches!(word, b"r" | b"br" | b"cr") && rest.get(hashes) == Some(&b'"');
        let prefixed = matches!(word, b"b" | b"c") && matches!(rest.first(), Some(b'"' | b'\''));
        if raw {
            self.blank(length);
            self.raw_string(hashes);
        } else if prefixed {
            self.blank(length);
        } else {
            self.keep(length);
        }
    }
}

/// Beyond ASCII everything counts as a letter: Rust's identifiers may be written in any script.
fn starts_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::code_only;

    /// What is left, without the spaces.
    fn left(text: &str) -> String {
        let code = code_only(text);
        assert_eq!(code.len(), text.len(), "offsets must not move");
        assert_eq!(code.lines().count(), text.lines().count());
        code.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn comments_are_blanked_and_lines_stay() {
        assert_eq!(left("a // b \"\nc"), "a c");
        assert_eq!(left("//! doc 'x\n/// more\nfn f() {}"), "fn f() {}");
        assert_eq!(code_only("a /* b\nc */ d"), "a     \n     d");
    }

    #[test]
    fn block_comments_nest() {
        assert_eq!(left("a /* b /* c */ d */ e"), "a e");
        assert_eq!(left("a /*/ b */ c"), "a c");
        assert_eq!(left("a /* never closed"), "a");
    }

    #[test]
    fn strings_end_at_their_own_quote() {
        assert_eq!(left(r#"f("a // b", c)"#), "f( , c)");
        assert_eq!(left(r#"f("a \" b", c)"#), "f( , c)");
        assert_eq!(left(r#"f("a \\", c)"#), "f( , c)");
        assert_eq!(left("f(b\"x\", c\"y\", d)"), "f( , , d)");
        assert_eq!(left("\"two\nlines\" x"), "x");
    }

    #[test]
    fn raw_strings_end_at_a_quote_with_as_many_hashes() {
        assert_eq!(left(r###"f(r"a\", b)"###), "f( , b)");
        assert_eq!(left(r###"f(r#"a " b"#, c)"###), "f( , c)");
        assert_eq!(left(r####"f(br##"a "# b"##, c)"####), "f( , c)");
        assert_eq!(left("r#type + bar"), "r#type + bar");
    }

    #[test]
    fn characters_are_told_from_lifetimes() {
        assert_eq!(left("f('\"', b'\\'', '\\\\', c)"), "f( , , , c)");
        assert_eq!(left("f('\\u{1F600}', '한', c)"), "f( , , c)");
        assert_eq!(left("fn f<'a, 'b>(x: &'a str) {}"), "fn f< , >(x: & str) {}");
        assert_eq!(left("impl<'a> X<'a> for Y<'_> {}"), "impl< > X< > for Y< > {}");
        assert_eq!(left("'outer: loop { break 'outer; }"), ": loop { break ; }");
    }
}
