//! Reads conditions: a recursive descent over words, with errors that say where and what was expected.

use super::facts::KINDS;
use super::{FIELDS, Field, Op, PAGE, Predicate, Value, time};
use oscope_kernel::abi::{Errno, call};

/// Parentheses and `not` nest at most so deep.
const DEEPEST: usize = 64;

/// What is wrong with a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// In which column, from 1, in characters.
    pub column: usize,
    /// What is wrong, and what was expected.
    pub message: String,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "column {}: {}", self.column, self.message)
    }
}

impl std::error::Error for Error {}

/// A word of the text, with the column where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Quoted(String),
    Op(Op),
    Open,
    Close,
    Bang,
}

struct Reader {
    tokens: Vec<(usize, Token)>,
    at: usize,
    depth: usize,
    end: usize,
}

pub(super) fn parse(text: &str) -> Result<Predicate, Error> {
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Ok(Predicate::Always);
    }
    let mut reader = Reader { tokens, at: 0, depth: 0, end: text.chars().count() + 1 };
    let predicate = reader.any()?;
    match reader.peek() {
        None => Ok(predicate),
        Some(_) => Err(reader.error("`)` closes nothing; expected the end")),
    }
}

fn tokens(text: &str) -> Result<Vec<(usize, Token)>, Error> {
    let mut found = Vec::new();
    let mut rest = text.chars().zip(1..).peekable();
    while let Some((c, column)) = rest.next() {
        let equals = |rest: &mut std::iter::Peekable<_>| {
            rest.next_if(|next: &(char, usize)| next.0 == '=').is_some()
        };
        let token = match c {
            c if c.is_whitespace() => continue,
            '(' => Token::Open,
            ')' => Token::Close,
            '=' => {
                equals(&mut rest);
                Token::Op(Op::Equal)
            }
            '~' => Token::Op(Op::Contains),
            '!' if equals(&mut rest) => Token::Op(Op::Unequal),
            '!' => Token::Bang,
            '<' if equals(&mut rest) => Token::Op(Op::AtMost),
            '<' => Token::Op(Op::Less),
            '>' if equals(&mut rest) => Token::Op(Op::AtLeast),
            '>' => Token::Op(Op::Greater),
            '"' => {
                let mut word = String::new();
                loop {
                    match rest.next() {
                        Some(('"', _)) => break Token::Quoted(word),
                        Some((c, _)) => word.push(c),
                        None => {
                            let message = "a quotation begins here; expected `\"` at its end";
                            return Err(Error { column, message: message.to_owned() });
                        }
                    }
                }
            }
            c => {
                let mut word = String::from(c);
                let more =
                    |next: &(char, usize)| !next.0.is_whitespace() && !"()=~!<>\"".contains(next.0);
                while let Some((c, _)) = rest.next_if(more) {
                    word.push(c);
                }
                Token::Word(word)
            }
        };
        found.push((column, token));
    }
    Ok(found)
}

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.at += 1;
        token
    }

    fn is_word(&self, wanted: &str) -> bool {
        let followed = matches!(self.tokens.get(self.at + 1), Some((_, Token::Op(_))));
        matches!(self.peek(), Some(Token::Word(word)) if word == wanted) && !followed
    }

    fn error(&self, message: impl Into<String>) -> Error {
        let column = self.tokens.get(self.at).map_or(self.end, |(column, _)| *column);
        Error { column, message: message.into() }
    }

    fn any(&mut self) -> Result<Predicate, Error> {
        let mut parts = vec![self.all()?];
        while self.is_word("or") {
            self.at += 1;
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Predicate::Any(parts) })
    }

    fn all(&mut self) -> Result<Predicate, Error> {
        let mut parts = vec![self.one()?];
        loop {
            if self.is_word("and") {
                self.at += 1;
            } else if self.peek().is_none_or(|next| *next == Token::Close) || self.is_word("or") {
                break;
            }
            parts.push(self.one()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Predicate::All(parts) })
    }

    fn one(&mut self) -> Result<Predicate, Error> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.error(format!("nested too deep; expected at most {DEEPEST} levels")));
        }
        let predicate = self.simple();
        self.depth -= 1;
        predicate
    }

    fn simple(&mut self) -> Result<Predicate, Error> {
        if self.is_word("not") || self.peek() == Some(&Token::Bang) {
            self.at += 1;
            return Ok(Predicate::Not(Box::new(self.one()?)));
        }
        if self.is_word("and") || self.is_word("or") {
            return Err(self.error("nothing stands before this; expected a condition"));
        }
        match self.peek() {
            None => Err(self.error("the text ends here; expected a condition such as cpu=1")),
            Some(Token::Open) => {
                self.at += 1;
                let inner = self.any()?;
                if self.peek() != Some(&Token::Close) {
                    return Err(self.error("a parenthesis is open; expected `)`"));
                }
                self.at += 1;
                Ok(inner)
            }
            Some(Token::Quoted(word)) => {
                let word = word.clone();
                self.at += 1;
                Ok(Predicate::Word(word))
            }
            Some(Token::Word(word)) => {
                let word = word.clone();
                self.word(&word)
            }
            Some(Token::Op(_)) => Err(self.error("expected the name of a field before this")),
            Some(Token::Close | Token::Bang) => Err(self.error("expected a condition here")),
        }
    }

    fn word(&mut self, word: &str) -> Result<Predicate, Error> {
        let Some((_, Token::Op(op))) = self.tokens.get(self.at + 1) else {
            self.at += 1;
            return Ok(Predicate::Word(word.to_owned()));
        };
        let op = *op;
        let Some((_, field, what)) = FIELDS.iter().find(|(name, ..)| *name == word) else {
            let names: Vec<&str> = FIELDS.iter().map(|(name, ..)| *name).collect();
            let message = format!("`{word}` is no field; expected one of {}", names.join(", "));
            return Err(self.error(message));
        };
        self.at += 2;
        let value = match self.peek() {
            Some(Token::Word(value) | Token::Quoted(value)) => value.clone(),
            _ => return Err(self.error(format!("expected {what} here"))),
        };
        let value = self.value(*field, op, &value, what)?;
        self.next();
        Ok(Predicate::Is(*field, op, value))
    }

    fn value(&self, field: Field, op: Op, text: &str, what: &str) -> Result<Value, Error> {
        let wrong = || self.error(format!("`{text}` is not {what}"));
        let value = match field {
            Field::Tid | Field::Pid | Field::Cpu | Field::Result | Field::Event => {
                Value::Number(text.parse().map_err(|_| wrong())?)
            }
            Field::Address | Field::Page | Field::Frame | Field::Block | Field::Mark => {
                let number = match text.strip_prefix("0x") {
                    Some(digits) => u64::from_str_radix(digits, 16).ok(),
                    None => text.parse().ok(),
                };
                let number = number.ok_or_else(wrong)?;
                // Any address in a page names it.
                let is_page = field == Field::Page;
                Value::Number(if is_page { number >> PAGE << PAGE } else { number }.into())
            }
            Field::Time | Field::Took => Value::Number(time(text).ok_or_else(wrong)?.0.into()),
            Field::Task | Field::Machine | Field::Why => Value::Text(text.to_owned()),
            Field::Kind | Field::Call | Field::Errno if op == Op::Contains => {
                Value::Text(text.to_owned())
            }
            Field::Kind => {
                let known = KINDS.iter().any(|kind| {
                    *kind == text || kind.split('.').next().is_some_and(|family| family == text)
                });
                if !known {
                    let kinds = KINDS.join(", ");
                    return Err(self.error(format!("`{text}` is no kind; expected {kinds}")));
                }
                Value::Text(text.to_owned())
            }
            Field::Call => {
                call::by_name(text).ok_or_else(wrong)?;
                Value::Text(text.to_owned())
            }
            Field::Errno => {
                Errno::from_name(text).ok_or_else(wrong)?;
                Value::Text(text.to_owned())
            }
        };
        let ordered = matches!(op, Op::Less | Op::AtMost | Op::Greater | Op::AtLeast);
        match (&value, op) {
            (Value::Text(_), _) if ordered => {
                Err(self.error("words have no order; expected =, != or ~ before this"))
            }
            (Value::Number(_), Op::Contains) => {
                Err(self.error("`~` is for words; expected =, !=, <, <=, > or >= before this"))
            }
            _ => Ok(value),
        }
    }
}
