//! `test` and `[` (XCU, test): questions about texts, numbers and files.
//!
//! The words are read into an [`Expression`] first, by the rules that POSIX has for up to four of them and by precedence
//! for more; then it is answered.

use super::super::Shell;
use crate::sys::Sys;
use oscope_kernel::abi::flags::file::{FILE_TYPE_MASK, file_type};
use oscope_kernel::abi::types::Stat;
use std::future::Future;
use std::pin::Pin;

/// What is asked.
#[derive(Debug, PartialEq, Eq)]
enum Expression {
    /// Whether a text is not empty.
    Text(String),
    /// `-f name` and its relatives.
    Unary(char, String),
    /// `a = b`, `1 -lt 2` and their relatives.
    Binary(String, String, String),
    Not(Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
}

const UNARY: &str = "bcdefghknprstuwxzLSOG";
const BINARY: [&str; 14] =
    ["=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"];

/// How deep parentheses and `!` may be nested.
const DEEPEST: u32 = 100;

fn is_unary(word: &str) -> Option<char> {
    let letter = word.strip_prefix('-')?;
    let mut letters = letter.chars();
    let first = letters.next().filter(|letter| UNARY.contains(*letter))?;
    letters.next().is_none().then_some(first)
}

fn is_binary(word: &str) -> bool {
    BINARY.contains(&word)
}

struct Reader<'a> {
    words: &'a [String],
    at: usize,
    depth: u32,
}

type Parsed = Result<Expression, String>;

/// Reads the words of a test.
fn parse(words: &[String]) -> Parsed {
    let text = |at: usize| words.get(at).map(String::as_str).unwrap_or_default();
    match words.len() {
        0 => return Ok(Expression::Text(String::new())),
        1 => return Ok(Expression::Text(text(0).to_owned())),
        // What stands in the middle of three decides first.
        3 if is_binary(text(1)) => return Ok(binary(words)),
        4 if text(0) == "!" && is_binary(text(2)) => {
            return Ok(Expression::Not(Box::new(binary(&words[1..]))));
        }
        _ => {}
    }
    let mut reader = Reader { words, at: 0, depth: 0 };
    let expression = reader.or()?;
    match words.get(reader.at) {
        None => Ok(expression),
        // The word that something should have followed.
        Some(_) => Err(format!("{}: unexpected operator", text(reader.at.saturating_sub(1)))),
    }
}

fn binary(words: &[String]) -> Expression {
    let word = |at: usize| words.get(at).cloned().unwrap_or_default();
    Expression::Binary(word(0), word(1), word(2))
}

impl Reader<'_> {
    fn peek(&self, ahead: usize) -> Option<&str> {
        self.words.get(self.at + ahead).map(String::as_str)
    }

    fn or(&mut self) -> Parsed {
        let mut left = self.and()?;
        while self.peek(0) == Some("-o") {
            self.at += 1;
            left = Expression::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Parsed {
        let mut left = self.not()?;
        while self.peek(0) == Some("-a") {
            self.at += 1;
            left = Expression::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("too deeply nested".to_owned());
        }
        let result = if self.peek(0) == Some("!") && self.peek(1).is_some() {
            self.at += 1;
            self.not().map(|inner| Expression::Not(Box::new(inner)))
        } else {
            self.primary()
        };
        self.depth -= 1;
        result
    }

    fn primary(&mut self) -> Parsed {
        let Some(word) = self.peek(0).map(str::to_owned) else {
            return Err("argument expected".to_owned());
        };
        if word == "(" {
            self.at += 1;
            let inner = self.or()?;
            if self.peek(0) != Some(")") {
                return Err("closing paren expected".to_owned());
            }
            self.at += 1;
            return Ok(inner);
        }
        if self.peek(1).is_some_and(is_binary) {
            if self.peek(2).is_none() {
                return Err(format!("{}: argument expected", self.peek(1).unwrap_or_default()));
            }
            let expression = binary(&self.words[self.at..]);
            self.at += 3;
            return Ok(expression);
        }
        if let Some(letter) = is_unary(&word) {
            let operand = match self.peek(1) {
                Some(operand) => operand.to_owned(),
                None => return Err(format!("{word}: argument expected")),
            };
            self.at += 2;
            return Ok(Expression::Unary(letter, operand));
        }
        self.at += 1;
        Ok(Expression::Text(word))
    }
}

fn number(text: &str) -> Result<i64, String> {
    text.trim().parse().map_err(|_| format!("Illegal number: {text}"))
}

/// Whether what the words ask is so.
///
/// # Errors
/// What is wrong with the words.
pub(crate) async fn test(sys: &Sys, words: &[String]) -> Result<bool, String> {
    let expression = parse(words)?;
    answer(sys, &expression).await
}

type Answer<'a> = Pin<Box<dyn Future<Output = Result<bool, String>> + 'a>>;

fn answer<'a>(sys: &'a Sys, expression: &'a Expression) -> Answer<'a> {
    Box::pin(async move {
        Ok(match expression {
            Expression::Text(text) => !text.is_empty(),
            Expression::Not(inner) => !answer(sys, inner).await?,
            Expression::And(left, right) => answer(sys, left).await? && answer(sys, right).await?,
            Expression::Or(left, right) => answer(sys, left).await? || answer(sys, right).await?,
            Expression::Unary(letter, operand) => unary(sys, *letter, operand).await?,
            Expression::Binary(left, operator, right) => {
                compare(sys, left, operator, right).await?
            }
        })
    })
}

async fn unary(sys: &Sys, letter: char, operand: &str) -> Result<bool, String> {
    let access = match letter {
        'n' => return Ok(!operand.is_empty()),
        'z' => return Ok(operand.is_empty()),
        't' => return Ok(sys.isatty(number(operand)? as u64).await),
        'r' => 4,
        'w' => 2,
        'x' => 1,
        _ => 0,
    };
    if access != 0 {
        return Ok(sys.access(operand, access).await.is_ok());
    }
    let is_link = matches!(letter, 'h' | 'L');
    let status = if is_link { sys.lstat(operand).await } else { sys.stat(operand).await };
    let Ok(status) = status else { return Ok(false) };
    let is = |kind: u32| status.mode & FILE_TYPE_MASK == kind;
    Ok(match letter {
        'b' => is(file_type::BLK),
        'c' => is(file_type::CHR),
        'd' => is(file_type::DIR),
        'f' => is(file_type::REG),
        'h' | 'L' => is(file_type::LNK),
        'p' => is(file_type::IFO),
        'S' => is(file_type::SOCK),
        's' => status.size > 0,
        'u' => status.mode & 0o4000 != 0,
        'g' => status.mode & 0o2000 != 0,
        'k' => status.mode & 0o1000 != 0,
        'O' => u64::from(status.uid) == sys.geteuid().await,
        'G' => u64::from(status.gid) == sys.getegid().await,
        _ => true,
    })
}

async fn compare(sys: &Sys, left: &str, operator: &str, right: &str) -> Result<bool, String> {
    Ok(match operator {
        "=" | "==" => left == right,
        "!=" => left != right,
        "<" => left < right,
        ">" => left > right,
        "-nt" | "-ot" | "-ef" => {
            let (left, right) = (sys.stat(left).await.ok(), sys.stat(right).await.ok());
            let time = |status: Stat| (status.modified.seconds, status.modified.nanoseconds);
            match (operator, left, right) {
                ("-ef", Some(left), Some(right)) => {
                    (left.device, left.inode) == (right.device, right.inode)
                }
                ("-nt", Some(left), right) => right.is_none_or(|right| time(left) > time(right)),
                ("-ot", left, Some(right)) => left.is_none_or(|left| time(left) < time(right)),
                _ => false,
            }
        }
        _ => {
            let (left, right) = (number(left)?, number(right)?);
            match operator {
                "-eq" => left == right,
                "-ne" => left != right,
                "-lt" => left < right,
                "-le" => left <= right,
                "-gt" => left > right,
                _ => left >= right,
            }
        }
    })
}

impl Shell {
    /// `test WORDS` and `[ WORDS ]`
    pub(super) async fn test(&mut self, name: &str, words: &[String]) -> i32 {
        let words = match (name, words.split_last()) {
            ("[", Some((last, rest))) if last == "]" => rest,
            ("[", _) => return self.wrong("[", "missing ]").await,
            _ => words,
        };
        match test(&self.sys, words).await {
            Ok(is_so) => i32::from(!is_so),
            Err(message) => self.wrong(name, &message).await,
        }
    }
}
