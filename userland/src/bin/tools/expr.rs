//! `expr WORD...`: arithmetic, comparisons, and texts, one word at a time.

use super::tool::Tool;
use crate::sys::Sys;
use crate::text::regex::{Style, compile};

/// How deep parentheses may be nested.
const DEEPEST: u32 = 100;

struct Reader<'a> {
    words: &'a [String],
    at: usize,
    depth: u32,
}

/// Operators that bind alike, those that bind least first.
const LEVELS: [&[&str]; 6] = [
    &["|"],
    &["&"],
    &["=", "==", "!=", "<", "<=", ">", ">="],
    &["+", "-"],
    &["*", "/", "%"],
    &[":"],
];

fn is_true(value: &str) -> bool {
    !value.is_empty() && value.parse::<i64>() != Ok(0)
}

impl Reader<'_> {
    fn peek(&self) -> Option<&str> {
        self.words.get(self.at).map(String::as_str)
    }

    fn level(&mut self, level: usize) -> Result<String, String> {
        let Some(operators) = LEVELS.get(level) else { return self.primary() };
        let mut left = self.level(level + 1)?;
        while let Some(operator) = self.peek().filter(|word| operators.contains(word)) {
            let operator = operator.to_owned();
            self.at += 1;
            let right = self.level(level + 1)?;
            left = apply(&left, &operator, &right)?;
        }
        Ok(left)
    }

    fn primary(&mut self) -> Result<String, String> {
        let Some(word) = self.peek().map(str::to_owned) else {
            let last = self.words.last().cloned().unwrap_or_default();
            return Err(format!("syntax error: missing argument after '{last}'"));
        };
        self.at += 1;
        match (word.as_str(), self.peek().is_some()) {
            ("(", true) => {
                self.depth += 1;
                if self.depth > DEEPEST {
                    return Err("too deeply nested".to_owned());
                }
                let value = self.level(0)?;
                if self.peek() != Some(")") {
                    return Err("syntax error: expecting ')'".to_owned());
                }
                self.at += 1;
                self.depth -= 1;
                Ok(value)
            }
            ("length", true) => Ok(self.primary()?.chars().count().to_string()),
            ("substr", true) => {
                let text = self.primary()?;
                let (from, length) = (self.primary()?, self.primary()?);
                let number = |text: String| text.parse::<usize>().unwrap_or(0);
                let (from, length) = (number(from), number(length));
                let skipped = from.saturating_sub(1);
                let taken = if from == 0 { 0 } else { length };
                Ok(text.chars().skip(skipped).take(taken).collect())
            }
            ("index", true) => {
                let (text, set) = (self.primary()?, self.primary()?);
                Ok(text.chars().position(|c| set.contains(c)).map_or(0, |at| at + 1).to_string())
            }
            ("match", true) => {
                let (text, pattern) = (self.primary()?, self.primary()?);
                apply(&text, ":", &pattern)
            }
            _ => Ok(word),
        }
    }
}

fn apply(left: &str, operator: &str, right: &str) -> Result<String, String> {
    let truth = |is_so: bool| Ok(i64::from(is_so).to_string());
    match operator {
        "|" => {
            return Ok(if is_true(left) {
                left
            } else if is_true(right) {
                right
            } else {
                "0"
            }
            .to_owned());
        }
        "&" => return Ok(if is_true(left) && is_true(right) { left } else { "0" }.to_owned()),
        ":" => {
            let pattern =
                compile(&format!("^{}", right.trim_start_matches('^')), Style::default())?;
            let has_group = pattern.captures_len() > 1;
            return Ok(match pattern.captures(left) {
                Some(found) if has_group => {
                    found.get(1).map_or("", |group| group.as_str()).to_owned()
                }
                Some(found) => {
                    found.get(0).map_or(0, |all| all.as_str().chars().count()).to_string()
                }
                None if has_group => String::new(),
                None => "0".to_owned(),
            });
        }
        _ => {}
    }
    let numbers = left.parse::<i64>().ok().zip(right.parse::<i64>().ok());
    let order = match numbers {
        Some((left, right)) => left.cmp(&right),
        None => left.cmp(right),
    };
    match operator {
        "=" | "==" => return truth(order.is_eq()),
        "!=" => return truth(order.is_ne()),
        "<" => return truth(order.is_lt()),
        "<=" => return truth(order.is_le()),
        ">" => return truth(order.is_gt()),
        ">=" => return truth(order.is_ge()),
        _ => {}
    }
    let (left, right) = numbers.ok_or("non-integer argument")?;
    let value = match operator {
        "+" => left.checked_add(right),
        "-" => left.checked_sub(right),
        "*" => left.checked_mul(right),
        _ if right == 0 => return Err("division by zero".to_owned()),
        "/" => left.checked_div(right),
        _ => left.checked_rem(right),
    };
    value.map(|value| value.to_string()).ok_or_else(|| "Numerical result out of range".to_owned())
}

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "expr").await;
    let words = tool.arguments.clone();
    if words.is_empty() {
        tool.complain("missing operand").await;
        return 2;
    }
    let mut reader = Reader { words: &words, at: 0, depth: 0 };
    let value = reader.level(0).and_then(|value| match reader.peek() {
        None => Ok(value),
        Some(word) => Err(format!("syntax error: unexpected argument '{word}'")),
    });
    match value {
        Ok(value) => {
            tool.print(&format!("{value}\n")).await;
            tool.status = u64::from(!is_true(&value));
        }
        Err(message) => {
            tool.complain(&message).await;
            tool.status = 2;
        }
    }
    tool.end().await
}
