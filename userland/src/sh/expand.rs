//! What becomes of a word when its command runs (XCU 2.6): tilde, parameters, commands and arithmetic; then field
//! splitting, file names, and last of all the quotes are gone.
//!
//! While a word is being expanded it is a list of [`Piece`]s, each of which still knows where it came from: only what
//! an expansion brought is split, and only what nobody quoted is a pattern.

use super::ast::{Action, Modifier, Parameter, Part, Word};
use super::pattern::{Mark, strip, text_of};
use super::{Flow, Shell, Stop, arithmetic, split};
use std::future::Future;
use std::pin::Pin;

/// A part of a word that is being expanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A character that was written so: it is not split, but may be part of a pattern.
    Written(char),
    /// A character that an expansion outside of quotes brought.
    Brought(char),
    /// A character that stands for itself.
    Quoted(char),
    /// Something was quoted here, though it may have been nothing: the field exists.
    Exists,
    /// A field ends here whatever the separators are (`"$@"`).
    Break,
}

/// A future that is boxed because it may come back to where it began.
type Boxed<'a, T> = Pin<Box<dyn Future<Output = Flow<T>> + 'a>>;

impl Shell {
    /// Words as a command gets them: split into fields, file names put in.
    pub(super) async fn fields(&mut self, words: &[Word]) -> Flow<Vec<String>> {
        let mut fields = Vec::new();
        for word in words {
            let pieces = self.pieces(word, false).await?;
            for field in split::fields(&pieces, self.state.separators()) {
                self.file_names(field, &mut fields).await?;
            }
        }
        Ok(fields)
    }

    /// A word as one text: what an assignment, a redirection or `case` takes.
    pub(super) async fn text(&mut self, word: &Word) -> Flow<String> {
        let marks = self.marks(word).await?;
        Ok(text_of(&marks))
    }

    /// The same for the value of an assignment, where a tilde may follow a colon too.
    pub(super) async fn value(&mut self, word: &Word) -> Flow<String> {
        let pieces = self.pieces(word, true).await?;
        Ok(text_of(&self.joined(&pieces)))
    }

    /// A word as one pattern.
    pub(super) async fn marks(&mut self, word: &Word) -> Flow<Vec<Mark>> {
        let pieces = self.pieces(word, false).await?;
        Ok(self.joined(&pieces))
    }

    /// Pieces put together without being split.
    fn joined(&self, pieces: &[Piece]) -> Vec<Mark> {
        let mark = |piece: &Piece| match *piece {
            Piece::Written(c) | Piece::Brought(c) => Some(Mark { c, is_quoted: false }),
            Piece::Quoted(c) => Some(Mark { c, is_quoted: true }),
            Piece::Exists => None,
            Piece::Break => Some(Mark { c: ' ', is_quoted: true }),
        };
        pieces.iter().filter_map(mark).collect()
    }

    /// Expands a word.
    pub(super) async fn pieces(&mut self, word: &Word, is_assignment: bool) -> Flow<Vec<Piece>> {
        let mut pieces = Vec::new();
        let mut parts = word.0.as_slice();
        if let [Part::Literal(text), rest @ ..] = parts
            && (text.starts_with('~') || is_assignment && text.contains(":~"))
        {
            self.with_tildes(text, rest.is_empty(), is_assignment, &mut pieces);
            parts = rest;
        }
        self.parts(parts, false, &mut pieces).await?;
        Ok(pieces)
    }

    /// `~` at the beginning, and in assignments behind colons, is the home directory.
    fn with_tildes(&self, text: &str, is_all: bool, is_assignment: bool, into: &mut Vec<Piece>) {
        let sections: Vec<&str> =
            if is_assignment { text.split(':').collect() } else { vec![text] };
        for (n, section) in sections.iter().enumerate() {
            if n > 0 {
                into.push(Piece::Written(':'));
            }
            // If the word goes on with something quoted or expanded, a user's name would too.
            let is_closed = section.contains('/') || is_all || n + 1 < sections.len();
            let (user, rest) = section.split_at(section.find('/').unwrap_or(section.len()));
            let home = match user {
                "~" if is_closed => self.state.get("HOME"),
                "~root" if is_closed => Some("/root"),
                _ => None,
            };
            match home {
                Some(home) => {
                    into.push(Piece::Exists);
                    into.extend(home.chars().map(Piece::Quoted));
                    into.extend(rest.chars().map(Piece::Written));
                }
                None => into.extend(section.chars().map(Piece::Written)),
            }
        }
    }

    /// Expands parts, which may hold words with parts of their own.
    fn parts<'a>(
        &'a mut self,
        parts: &'a [Part],
        is_quoted: bool,
        into: &'a mut Vec<Piece>,
    ) -> Boxed<'a, ()> {
        Box::pin(async move {
            for part in parts {
                match part {
                    Part::Literal(text) if is_quoted => {
                        into.extend(text.chars().map(Piece::Quoted));
                    }
                    Part::Literal(text) => into.extend(text.chars().map(Piece::Written)),
                    Part::Quoted(text) => {
                        into.push(Piece::Exists);
                        into.extend(text.chars().map(Piece::Quoted));
                    }
                    Part::DoubleQuoted(inner) => {
                        // `"$@"` without parameters is no field at all.
                        let before = into.len();
                        self.parts(inner, true, into).await?;
                        let may_vanish =
                            matches!(&inner[..], [Part::Parameter(p)] if p.name == "@");
                        if into.len() > before || !may_vanish {
                            into.insert(before, Piece::Exists);
                        }
                    }
                    Part::Parameter(parameter) => {
                        self.parameter(parameter, is_quoted, into).await?;
                    }
                    Part::Command(list) => {
                        let output = self.substitute(list).await?;
                        bring(&output, is_quoted, into);
                    }
                    Part::Arithmetic(word) => {
                        let text = self.text(word).await?;
                        let value = self.arithmetic(&text).await?;
                        bring(&value.to_string(), is_quoted, into);
                    }
                }
            }
            Ok(())
        })
    }

    /// The value of an arithmetic expression.
    pub(super) async fn arithmetic(&mut self, text: &str) -> Flow<i64> {
        match arithmetic::evaluate(text, &mut self.state) {
            Ok(value) => Ok(value),
            Err(message) => Err(self.abort(&message, 2).await),
        }
    }

    async fn parameter(
        &mut self,
        parameter: &Parameter,
        is_quoted: bool,
        into: &mut Vec<Piece>,
    ) -> Flow {
        let name = parameter.name.as_str();
        let value = self.value_of(name).await;
        match &parameter.modifier {
            Modifier::Bad => return Err(self.abort("Bad substitution", 2).await),
            Modifier::None if matches!(name, "@" | "*") => self.all(name, is_quoted, into),
            Modifier::None => {
                let value = self.must_be_set(name, value).await?;
                bring(&value, is_quoted, into);
            }
            Modifier::Length => {
                let value = self.must_be_set(name, value).await?;
                bring(&value.chars().count().to_string(), is_quoted, into);
            }
            Modifier::Strip { is_suffix, is_longest, pattern } => {
                let value = self.must_be_set(name, value).await?;
                let mut pieces = Vec::new();
                self.parts(&pattern.0, false, &mut pieces).await?;
                let pattern = self.joined(&pieces);
                bring(&strip(&value, &pattern, *is_suffix, *is_longest), is_quoted, into);
            }
            Modifier::Unless { action, or_empty, word } => {
                let is_there = match name {
                    "@" | "*" => !self.state.positional.is_empty(),
                    _ => value.is_some(),
                };
                let is_there =
                    is_there && !(*or_empty && value.as_ref().is_none_or(String::is_empty));
                match (action, is_there) {
                    (Action::Replace, true) | (Action::Use, false) => {
                        self.alternative(word, is_quoted, into).await?;
                    }
                    (Action::Replace, false) => {}
                    (_, true) if matches!(name, "@" | "*") => self.all(name, is_quoted, into),
                    (_, true) => bring(&value.unwrap_or_default(), is_quoted, into),
                    (Action::Assign, false) => {
                        let value = self.text_of_parts(&word.0).await?;
                        if !super::ast::is_name(name) {
                            return Err(self.abort("Bad substitution", 2).await);
                        }
                        if let Err(message) = self.state.set(name, &value) {
                            return Err(self.abort(&message, 2).await);
                        }
                        bring(&value, is_quoted, into);
                    }
                    (Action::Complain, false) => {
                        let message = self.text_of_parts(&word.0).await?;
                        let message = match (message.as_str(), or_empty) {
                            ("", true) => "parameter not set or null",
                            ("", false) => "parameter not set",
                            (message, _) => message,
                        };
                        return Err(self.abort(&format!("{name}: {message}"), 2).await);
                    }
                }
            }
        }
        Ok(())
    }

    /// The word of `${name:-word}`: outside of quotes it is split like a value.
    async fn alternative(&mut self, word: &Word, is_quoted: bool, into: &mut Vec<Piece>) -> Flow {
        if is_quoted {
            return self.parts(&word.0, true, into).await;
        }
        let written = self.pieces(word, false).await?;
        into.extend(written.into_iter().map(|piece| match piece {
            Piece::Written(c) => Piece::Brought(c),
            other => other,
        }));
        Ok(())
    }

    async fn text_of_parts(&mut self, parts: &[Part]) -> Flow<String> {
        let mut pieces = Vec::new();
        self.parts(parts, false, &mut pieces).await?;
        Ok(text_of(&self.joined(&pieces)))
    }

    /// `$@` and `$*`: outside of quotes each parameter is a field of its own, which may be split further.
    fn all(&self, name: &str, is_quoted: bool, into: &mut Vec<Piece>) {
        let separator = match (name, self.state.separators().chars().next()) {
            ("*", first) if is_quoted => first,
            _ => Some('\0'),
        };
        for (n, value) in self.state.positional.iter().enumerate() {
            if n > 0 {
                match separator {
                    Some('\0') => into.push(Piece::Break),
                    Some(c) => into.push(Piece::Quoted(c)),
                    None => {}
                }
            }
            if is_quoted {
                into.push(Piece::Exists);
            }
            bring(value, is_quoted, into);
        }
    }

    /// A parameter's value; `None` if it is not set.
    pub(super) async fn value_of(&mut self, name: &str) -> Option<String> {
        let state = &self.state;
        Some(match name {
            "?" => state.status.to_string(),
            "#" => state.positional.len().to_string(),
            "$" => state.pid.to_string(),
            "!" => state.last_background?.to_string(),
            "-" => state.letters(),
            "@" => state.positional.join(" "),
            "*" => {
                let separator = state.separators().chars().next();
                state.positional.join(&separator.map(String::from).unwrap_or_default())
            }
            "0" => state.name.clone(),
            "LINENO" => state.line.to_string(),
            "PPID" if state.get("PPID").is_none() => self.sys.getppid().await.to_string(),
            _ => match name.parse::<usize>() {
                Ok(number) => state.positional.get(number.checked_sub(1)?)?.clone(),
                Err(_) => state.get(name)?.to_owned(),
            },
        })
    }

    /// `set -u` makes an error of what is not set.
    async fn must_be_set(&mut self, name: &str, value: Option<String>) -> Flow<String> {
        match value {
            Some(value) => Ok(value),
            None if self.state.has('u') && !matches!(name, "@" | "*") => {
                Err(self.abort(&format!("{name}: parameter not set"), 2).await)
            }
            None => Ok(String::new()),
        }
    }

    /// An error that ends the shell, unless somebody types at it: then it ends the command.
    pub(super) async fn abort(&mut self, message: &str, status: i32) -> Stop {
        self.complain(message).await;
        self.state.status = status;
        Stop::Abort(status)
    }
}

/// Adds what an expansion brought.
fn bring(text: &str, is_quoted: bool, into: &mut Vec<Piece>) {
    into.extend(text.chars().map(|c| if is_quoted { Piece::Quoted(c) } else { Piece::Brought(c) }));
}
