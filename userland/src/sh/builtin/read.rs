//! `read`: a line, split into variables.

use super::super::ast::is_name;
use super::super::{Flow, Shell};
use oscope_kernel::abi::Errno;

/// The longest line, in bytes.
const LONGEST: usize = 1 << 20;

impl Shell {
    /// `read [-r] [-p PROMPT] NAME...`
    pub(super) async fn read(&mut self, arguments: &[String]) -> Flow<i32> {
        let (mut is_raw, mut names) = (false, arguments);
        while let Some((first, rest)) = names.split_first() {
            match first.as_str() {
                "-r" => is_raw = true,
                "-p" => {
                    let prompt = rest.first().cloned().unwrap_or_default();
                    let _ = self.sys.write(2, prompt.as_bytes()).await;
                    names = rest;
                }
                "--" => {
                    names = rest;
                    break;
                }
                option if option.len() > 1 && option.starts_with('-') => {
                    let letter = option.chars().nth(1).unwrap_or('-');
                    return Ok(self.wrong("read", &format!("Illegal option -{letter}")).await);
                }
                _ => break,
            }
            names = names.get(1..).unwrap_or_default();
        }
        if names.is_empty() {
            return Ok(self.wrong("read", "arg count").await);
        }
        for name in names {
            if !is_name(name) {
                return Ok(self.wrong("read", &format!("{name}: bad variable name")).await);
            }
        }
        let line = self.line(is_raw).await?;
        let Line { text, is_whole, status } = line;
        let values = self.divide(&text, names.len());
        for (name, value) in names.iter().zip(values) {
            if let Err(message) = self.state.set(name, &value) {
                return Ok(self.wrong("read", &message).await);
            }
        }
        Ok(if is_whole { 0 } else { status.max(1) })
    }

    /// Reads a line byte by byte: what comes behind it is for whoever reads next.
    async fn line(&mut self, is_raw: bool) -> Flow<Line> {
        // Bytes, and whether a backslash quoted each.
        let mut bytes: Vec<(u8, bool)> = Vec::new();
        let mut is_quoted = false;
        let (is_whole, status) = loop {
            let byte = match self.sys.read(0, 1).await {
                Ok(byte) => byte,
                Err(Errno::EINTR) => match self.trapped().await {
                    Some(signal) => break (false, 128 + i32::from(signal)),
                    None => continue,
                },
                Err(_) => break (false, 1),
            };
            let Some(&byte) = byte.first() else { break (false, 1) };
            if is_quoted {
                is_quoted = false;
                if byte != b'\n' {
                    bytes.push((byte, true));
                }
            } else if byte == b'\\' && !is_raw {
                is_quoted = true;
            } else if byte == b'\n' {
                break (true, 0);
            } else if byte != 0 && bytes.len() < LONGEST {
                bytes.push((byte, false));
            }
        };
        // A quoted byte is never part of another character, so that the marks stay with their characters.
        let mut text = Vec::new();
        for run in bytes.chunk_by(|a, b| a.1 == b.1) {
            let is_quoted = run.first().is_some_and(|(_, is_quoted)| *is_quoted);
            let plain: Vec<u8> = run.iter().map(|(byte, _)| *byte).collect();
            text.extend(String::from_utf8_lossy(&plain).chars().map(|c| (c, is_quoted)));
        }
        Ok(Line { text, is_whole, status })
    }

    /// Splits a line into so many values; the last one takes all that is left, without white space at its end.
    fn divide(&self, text: &[(char, bool)], count: usize) -> Vec<String> {
        let separators = self.state.separators();
        let separates = |&(c, is_quoted): &(char, bool)| !is_quoted && separators.contains(c);
        let is_space = |mark: &(char, bool)| separates(mark) && matches!(mark.0, ' ' | '\t' | '\n');
        let skip = |text: &[(char, bool)]| text.iter().take_while(|mark| is_space(mark)).count();
        let mut values = Vec::new();
        let mut rest = &text[skip(text)..];
        while values.len() + 1 < count {
            let length = rest.iter().take_while(|mark| !separates(mark)).count();
            values.push(rest[..length].iter().map(|(c, _)| *c).collect());
            rest = &rest[length..];
            rest = &rest[skip(rest)..];
            if rest.first().is_some_and(separates) {
                rest = &rest[1..];
                rest = &rest[skip(rest)..];
            }
        }
        // A single separator at the very end belongs to the last value's end, as a field's would.
        while rest.last().is_some_and(is_space) {
            rest = &rest[..rest.len() - 1];
        }
        if rest.last().is_some_and(separates)
            && rest[..rest.len() - 1].iter().all(|mark| !separates(mark))
        {
            rest = &rest[..rest.len() - 1];
        }
        values.push(rest.iter().map(|(c, _)| *c).collect());
        values
    }
}

/// A line that was read.
struct Line {
    /// Characters, and whether each was quoted.
    text: Vec<(char, bool)>,
    /// Whether there was a line feed at its end.
    is_whole: bool,
    /// The status if not.
    status: i32,
}
