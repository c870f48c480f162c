//! From characters to tokens: quoting, operators, words and what is to be expanded in them (XCU 2.2, 2.3).
//!
//! There is no list of tokens: the grammar in [`super::parse`] asks for one at a time, because what a character
//! means depends on where it stands, and because `$(` brings the grammar back in the middle of a word.

use super::ast::{Action, Modifier, Parameter, Part, Word};
use super::parse::{ParseError, Parser, Result};
use std::borrow::Cow;

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A word.
    Word(Word),
    /// Digits right before `<` or `>`.
    IoNumber(u32),
    /// One of [`OPERATORS`].
    Operator(&'static str),
    /// The end of a line.
    Newline,
    /// The end of the text.
    End,
}

/// Longer ones first.
const OPERATORS: [&str; 17] = [
    "<<-", "&&", "||", ";;", "<<", ">>", "<&", ">&", "<>", ">|", "&", "|", ";", "<", ">", "(", ")",
];

/// Where a piece of text ends, and how quotes in it are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    /// At the closing `"`.
    Quote,
    /// At the `}` of an expansion outside of double quotes.
    Brace,
    /// At the `}` of an expansion inside of double quotes.
    QuotedBrace,
    /// At `))`.
    Parentheses,
    /// At the end of a here-document, which is the end of the text.
    End,
}

/// A here-document that was announced and has not come yet.
pub(super) struct Announced {
    pub(super) delimiter: String,
    pub(super) is_quoted: bool,
    pub(super) strips_tabs: bool,
}

impl Parser<'_> {
    pub(super) fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek_char(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next_char(&mut self) -> Option<char> {
        let c = self.peek_char()?;
        self.at += c.len_utf8();
        if c == '\n' {
            self.line += 1;
        }
        Some(c)
    }

    /// Goes past a text if it stands here.
    fn eat(&mut self, text: &str) -> bool {
        let stands = self.rest().starts_with(text);
        if stands {
            self.at += text.len();
        }
        stands
    }

    /// Goes past blanks, comments, and line feeds that a backslash takes away.
    fn skip_blanks(&mut self) {
        loop {
            if self.eat("\\\n") {
                self.line += 1;
            } else if self.rest().starts_with([' ', '\t']) {
                self.at += 1;
            } else {
                break;
            }
        }
        if self.rest().starts_with('#') {
            self.at += self.rest().find('\n').unwrap_or(self.rest().len());
        }
    }

    /// The next token.
    pub(super) fn lex(&mut self) -> Result<Token> {
        self.skip_blanks();
        (self.token_start, self.token_line) = (self.at, self.line);
        match self.peek_char() {
            None => return Ok(Token::End),
            Some('\n') => {
                self.next_char();
                self.read_announced()?;
                return Ok(Token::Newline);
            }
            Some(_) => {}
        }
        if let Some(operator) = OPERATORS.into_iter().find(|operator| self.eat(operator)) {
            return Ok(Token::Operator(operator));
        }
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0
            && self.rest()[digits..].starts_with(['<', '>'])
            && let Ok(number) = self.rest()[..digits].parse()
        {
            self.at += digits;
            return Ok(Token::IoNumber(number));
        }
        Ok(Token::Word(self.word()?))
    }

    /// A word, up to a blank or an operator.
    fn word(&mut self) -> Result<Word> {
        let mut parts = Vec::new();
        while let Some(c) = self.peek_char() {
            match c {
                ' ' | '\t' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')' => break,
                '\'' => parts.push(self.single_quoted()?),
                '"' => {
                    self.next_char();
                    parts.push(Part::DoubleQuoted(self.parts(Until::Quote)?));
                }
                '\\' => self.escape(&mut parts),
                '$' => self.dollar(false, &mut parts)?,
                '`' => parts.push(self.backquoted(false)?),
                _ => {
                    self.next_char();
                    literal(&mut parts, c);
                }
            }
        }
        Ok(Word(parts))
    }

    /// A backslash outside of quotes: it quotes any character, and takes a line feed away.
    fn escape(&mut self, parts: &mut Vec<Part>) {
        self.next_char();
        match self.next_char() {
            None => parts.push(Part::Quoted("\\".to_owned())),
            Some('\n') => {}
            Some(c) => parts.push(Part::Quoted(c.to_string())),
        }
    }

    fn single_quoted(&mut self) -> Result<Part> {
        self.next_char();
        let mut text = String::new();
        loop {
            match self.next_char() {
                None => return Err(ParseError::incomplete("Unterminated quoted string")),
                Some('\'') => return Ok(Part::Quoted(text)),
                Some(c) => text.push(c),
            }
        }
    }

    /// Text in which only some characters are special, and what ends it.
    fn parts(&mut self, until: Until) -> Result<Vec<Part>> {
        self.enter()?;
        let is_quoted = !matches!(until, Until::Brace);
        let (mut parts, mut depth) = (Vec::new(), 0u32);
        loop {
            let Some(c) = self.peek_char() else {
                if until == Until::End {
                    break;
                }
                return Err(ParseError::incomplete(match until {
                    Until::Parentheses => "Missing '))'",
                    Until::Brace | Until::QuotedBrace => "Missing '}'",
                    _ => "Unterminated quoted string",
                }));
            };
            match (c, until) {
                ('"', Until::Quote) | ('}', Until::Brace | Until::QuotedBrace) => {
                    self.next_char();
                    break;
                }
                (')', Until::Parentheses) if depth == 0 => {
                    if self.eat("))") {
                        break;
                    }
                    return Err(ParseError::syntax("Missing '))'"));
                }
                ('(' | ')', Until::Parentheses) => {
                    depth = if c == '(' { depth + 1 } else { depth - 1 };
                    self.next_char();
                    literal(&mut parts, c);
                }
                ('"', Until::Brace | Until::QuotedBrace) => {
                    self.next_char();
                    parts.push(Part::DoubleQuoted(self.parts(Until::Quote)?));
                }
                // Arithmetic is read as if it were in double quotes, and those themselves vanish.
                ('"', Until::Parentheses) => {
                    self.next_char();
                }
                ('\'', Until::Brace) => parts.push(self.single_quoted()?),
                ('\\', Until::Brace) => self.escape(&mut parts),
                ('\\', _) => self.quoted_escape(until, &mut parts),
                ('$', _) => self.dollar(is_quoted, &mut parts)?,
                ('`', _) => parts.push(self.backquoted(is_quoted)?),
                _ => {
                    self.next_char();
                    literal(&mut parts, c);
                }
            }
        }
        self.leave();
        Ok(parts)
    }

    /// A backslash within double quotes quotes few characters, and is itself before others.
    fn quoted_escape(&mut self, until: Until, parts: &mut Vec<Part>) {
        self.next_char();
        match self.peek_char() {
            Some('\n') => {
                self.next_char();
            }
            Some(c @ ('$' | '`' | '\\')) => {
                self.next_char();
                parts.push(Part::Quoted(c.to_string()));
            }
            Some('"') if until != Until::End => {
                self.next_char();
                parts.push(Part::Quoted("\"".to_owned()));
            }
            Some('}') if until == Until::QuotedBrace => {
                self.next_char();
                parts.push(Part::Quoted("}".to_owned()));
            }
            _ => parts.push(Part::Quoted("\\".to_owned())),
        }
    }

    /// Whatever begins with a dollar sign.
    fn dollar(&mut self, is_quoted: bool, parts: &mut Vec<Part>) -> Result<()> {
        self.next_char();
        if self.eat("((") {
            parts.push(Part::Arithmetic(Word(self.parts(Until::Parentheses)?)));
        } else if self.eat("(") {
            parts.push(Part::Command(self.substitution()?));
        } else if self.eat("{") {
            parts.push(self.braced(is_quoted)?);
        } else if let Some(name) = self.parameter_name(false) {
            let parameter = Parameter { name, modifier: Modifier::None };
            parts.push(Part::Parameter(Box::new(parameter)));
        } else {
            literal(parts, '$');
        }
        Ok(())
    }

    /// A variable's name, a number (of one digit outside of braces), or a special parameter.
    fn parameter_name(&mut self, in_braces: bool) -> Option<String> {
        let rest = self.rest();
        let length = match rest.bytes().next()? {
            b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!' => 1,
            b'0'..=b'9' if !in_braces => 1,
            b'0'..=b'9' => rest.bytes().take_while(u8::is_ascii_digit).count(),
            c if c.is_ascii_alphabetic() || c == b'_' => {
                rest.bytes().take_while(|c| c.is_ascii_alphanumeric() || *c == b'_').count()
            }
            _ => return None,
        };
        let name = rest.get(..length)?.to_owned();
        self.at += length;
        Some(name)
    }

    /// `${`, up to its `}`.
    fn braced(&mut self, is_quoted: bool) -> Result<Part> {
        let part = |name: String, modifier| Part::Parameter(Box::new(Parameter { name, modifier }));
        // `${#name}` is a length, but `${#}`, `${#-x}` and the like are about `$#`.
        let rest = self.rest();
        if rest.starts_with('#') && !rest.starts_with("#}") {
            let before = self.at;
            self.at += 1;
            if let Some(name) = self.parameter_name(true)
                && self.eat("}")
            {
                return Ok(part(name, Modifier::Length));
            }
            self.at = before;
        }
        let until = if is_quoted { Until::QuotedBrace } else { Until::Brace };
        let Some(name) = self.parameter_name(true) else {
            self.parts(until)?;
            return Ok(part(String::new(), Modifier::Bad));
        };
        if self.eat("}") {
            return Ok(part(name, Modifier::None));
        }
        for (sign, is_suffix) in [('#', false), ('%', true)] {
            if self.eat(&sign.to_string()) {
                let is_longest = self.eat(&sign.to_string());
                // Quotes in a pattern quote, even if the whole expansion stands in double quotes.
                let pattern = Word(self.parts(Until::Brace)?);
                return Ok(part(name, Modifier::Strip { is_suffix, is_longest, pattern }));
            }
        }
        let or_empty = self.eat(":");
        let action = match self.peek_char() {
            Some('-') => Action::Use,
            Some('=') => Action::Assign,
            Some('?') => Action::Complain,
            Some('+') => Action::Replace,
            _ => {
                self.parts(until)?;
                return Ok(part(name, Modifier::Bad));
            }
        };
        self.next_char();
        let word = Word(self.parts(until)?);
        Ok(part(name, Modifier::Unless { action, or_empty, word }))
    }

    /// `` `command` ``: its text, without the backslashes that quoted it, is a program of its own.
    fn backquoted(&mut self, is_quoted: bool) -> Result<Part> {
        self.next_char();
        let line = self.line;
        let mut text = String::new();
        loop {
            match self.next_char() {
                None => return Err(ParseError::incomplete("EOF in backquote substitution")),
                Some('`') => break,
                Some('\\') => match self.peek_char() {
                    Some(c @ ('$' | '`' | '\\')) => {
                        self.next_char();
                        text.push(c);
                    }
                    Some('"') if is_quoted => {
                        self.next_char();
                        text.push('"');
                    }
                    _ => text.push('\\'),
                },
                Some(c) => text.push(c),
            }
        }
        self.enter()?;
        let mut inner = Parser::new(&text, line, self.aliases);
        inner.depth = self.depth;
        let list = inner.whole()?;
        self.leave();
        Ok(Part::Command(list))
    }

    /// Reads the here-documents that were announced on the line that has just ended.
    pub(super) fn read_announced(&mut self) -> Result<()> {
        for announced in std::mem::take(&mut self.announced) {
            let first_line = self.line;
            let mut body = String::new();
            loop {
                let rest = self.rest();
                if rest.is_empty() {
                    if self.more_may_come {
                        return Err(ParseError::incomplete("here-document"));
                    }
                    break;
                }
                let length = rest.find('\n').map_or(rest.len(), |end| end + 1);
                let line = rest[..length].to_owned();
                self.at += length;
                self.line += 1;
                let line = match announced.strips_tabs {
                    true => line.trim_start_matches('\t'),
                    false => &line,
                };
                if line.strip_suffix('\n').unwrap_or(line) == announced.delimiter {
                    break;
                }
                body.push_str(line);
            }
            let word = if announced.is_quoted {
                Word(vec![Part::Quoted(body)])
            } else {
                let mut inner = Parser::new(&body, first_line, self.aliases);
                inner.depth = self.depth;
                Word(vec![Part::DoubleQuoted(inner.parts(Until::End)?)])
            };
            self.here_documents.push(word);
        }
        Ok(())
    }

    /// Puts an alias's text in the place of its name, which has just been read.
    pub(super) fn insert(&mut self, name: &str, text: &str) {
        let rest = self.rest();
        let length = rest.len();
        self.text = Cow::Owned(format!("{text}{rest}"));
        self.active.push((name.to_owned(), length));
        self.at = 0;
        self.token_start = 0;
    }
}

/// A text that `expr` or a prompt holds, read as if it stood in double quotes.
pub(super) fn double_quoted(text: &str) -> Result<Word> {
    let aliases = std::collections::BTreeMap::new();
    let mut parser = Parser::new(text, 1, &aliases);
    Ok(Word(vec![Part::DoubleQuoted(parser.parts(Until::End)?)]))
}

/// Adds a character to the last part if that is of its kind.
fn literal(parts: &mut Vec<Part>, c: char) {
    if let Some(Part::Literal(text)) = parts.last_mut() {
        text.push(c);
    } else {
        parts.push(Part::Literal(c.to_string()));
    }
}
