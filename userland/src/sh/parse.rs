//! The grammar: from tokens to a tree, by recursive descent (XCU 2.10).
//!
//! A function for each rule, and one token of lookahead. The shell parses and runs one complete command after
//! the other, so that what a command changes (an alias, an option) holds for those that follow.

use super::ast::{
    Command, Compound, Connector, Item, List, Pipeline, Redirection, RedirectionKind, Simple, Word,
    is_name,
};
use super::here;
use super::lex::{Announced, Token};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How deep commands and expansions may be nested in each other.
const DEEPEST: u32 = 100;

/// Why a text is no command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// What is wrong, in dash's words.
    pub message: String,
    /// The line, counted from 1.
    pub line: u32,
    /// Whether more text could make it right.
    pub is_incomplete: bool,
}

impl ParseError {
    pub(super) fn incomplete(message: &str) -> Self {
        Self { message: message.to_owned(), line: 0, is_incomplete: true }
    }

    pub(super) fn syntax(message: &str) -> Self {
        Self { message: message.to_owned(), line: 0, is_incomplete: false }
    }
}

pub(super) type Result<T> = std::result::Result<T, ParseError>;

/// A text that is being read.
pub struct Parser<'a> {
    pub(super) text: Cow<'a, str>,
    /// How far it has been read, in bytes.
    pub(super) at: usize,
    pub(super) line: u32,
    pub(super) aliases: &'a BTreeMap<String, String>,
    /// Aliases whose text is being read, and how much text stands behind each.
    pub(super) active: Vec<(String, usize)>,
    /// Where the last token begins.
    pub(super) token_start: usize,
    /// On which line that is.
    pub(super) token_line: u32,
    /// Here-documents that come after the end of this line.
    pub(super) announced: Vec<Announced>,
    /// Here-documents that came, in order.
    pub(super) here_documents: Vec<Word>,
    pub(super) depth: u32,
    /// Whether somebody may still type the rest of a here-document.
    pub(super) more_may_come: bool,
    peeked: Option<Token>,
}

/// Words that end a list.
const CLOSING: [&str; 7] = ["then", "else", "elif", "fi", "do", "done", "esac"];

impl<'a> Parser<'a> {
    /// A parser of a text whose first line has this number.
    #[must_use]
    pub fn new(text: &'a str, line: u32, aliases: &'a BTreeMap<String, String>) -> Self {
        Self {
            text: Cow::Borrowed(text),
            at: 0,
            line,
            aliases,
            active: Vec::new(),
            token_start: 0,
            token_line: line,
            announced: Vec::new(),
            here_documents: Vec::new(),
            depth: 0,
            more_may_come: false,
            peeked: None,
        }
    }

    /// Says that the text is only what was typed so far.
    pub fn expect_more(&mut self) {
        self.more_may_come = true;
    }

    /// Up to the end of a line on which a command ends. `None` at the end of the text.
    ///
    /// # Errors
    /// [`ParseError`].
    pub fn complete_command(&mut self) -> Result<Option<List>> {
        self.complete().map_err(|error| ParseError { line: error.line.max(self.line), ..error })
    }

    fn complete(&mut self) -> Result<Option<List>> {
        while *self.peek()? == Token::Newline {
            self.take()?;
        }
        if *self.peek()? == Token::End {
            return Ok(None);
        }
        let mut items = Vec::new();
        loop {
            items.push(self.item()?);
            match self.peek()? {
                Token::Newline => {
                    self.take()?;
                    break;
                }
                Token::End => break,
                _ => {}
            }
        }
        if !self.announced.is_empty() {
            self.read_announced()?;
        }
        here::fill(&mut items, &mut std::mem::take(&mut self.here_documents).into_iter());
        Ok(Some(items.into()))
    }

    /// How many bytes were read, and the line that follows.
    #[must_use]
    pub fn position(&self, whole: usize) -> (usize, u32) {
        (whole.saturating_sub(self.rest().len()), self.line)
    }

    /// All commands of a text.
    pub(super) fn whole(&mut self) -> Result<List> {
        let mut all = Vec::new();
        while let Some(list) = self.complete_command()? {
            all.extend(list.iter().cloned());
        }
        Ok(all.into())
    }

    /// What stands between `$(` and `)`.
    pub(super) fn substitution(&mut self) -> Result<List> {
        self.enter()?;
        let outer = (
            self.peeked.take(),
            std::mem::take(&mut self.announced),
            std::mem::take(&mut self.here_documents),
        );
        let mut items = self.items()?;
        self.expect_operator(")")?;
        here::fill(&mut items, &mut std::mem::take(&mut self.here_documents).into_iter());
        (self.peeked, self.announced, self.here_documents) = outer;
        self.leave();
        Ok(items.into())
    }

    /// One level deeper.
    pub(super) fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(ParseError::syntax("too deeply nested"));
        }
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    // ---- tokens ----

    fn peek(&mut self) -> Result<&Token> {
        let token = match self.peeked.take() {
            Some(token) => token,
            None => self.lex()?,
        };
        Ok(self.peeked.insert(token))
    }

    fn take(&mut self) -> Result<Token> {
        match self.peeked.take() {
            Some(token) => Ok(token),
            None => self.lex(),
        }
    }

    fn peek_operator(&mut self, wanted: &str) -> Result<bool> {
        Ok(matches!(self.peek()?, Token::Operator(operator) if *operator == wanted))
    }

    /// Whether the next token is this word, without quotes.
    fn peek_reserved(&mut self, wanted: &str) -> Result<bool> {
        Ok(matches!(self.peek()?, Token::Word(word) if word.literal() == Some(wanted)))
    }

    /// Goes past a reserved word, if it stands here.
    fn eat_reserved(&mut self, wanted: &str) -> Result<bool> {
        let stands = self.peek_reserved(wanted)?;
        if stands {
            self.take()?;
        }
        Ok(stands)
    }

    fn eat_operator(&mut self, wanted: &str) -> Result<bool> {
        let stands = self.peek_operator(wanted)?;
        if stands {
            self.take()?;
        }
        Ok(stands)
    }

    fn expect_reserved(&mut self, wanted: &str) -> Result<()> {
        if self.eat_reserved(wanted)? { Ok(()) } else { Err(self.unexpected(Some(wanted))) }
    }

    fn expect_operator(&mut self, wanted: &str) -> Result<()> {
        if self.eat_operator(wanted)? { Ok(()) } else { Err(self.unexpected(Some(wanted))) }
    }

    fn skip_newlines(&mut self) -> Result<()> {
        while *self.peek()? == Token::Newline {
            self.take()?;
        }
        Ok(())
    }

    /// The next token is none that could stand here.
    fn unexpected(&mut self, wanted: Option<&str>) -> ParseError {
        let found = match self.peek() {
            Err(error) => return error,
            Ok(Token::End) => "end of file".to_owned(),
            Ok(Token::Newline) => "newline".to_owned(),
            Ok(Token::IoNumber(_)) => "redirection".to_owned(),
            Ok(Token::Operator(operator)) if operator.starts_with(['<', '>']) => {
                "redirection".to_owned()
            }
            Ok(Token::Operator(operator)) => format!("\"{operator}\""),
            Ok(Token::Word(word)) => match word.literal() {
                Some(text) if CLOSING.contains(&text) || text == "}" || text == "in" => {
                    format!("\"{text}\"")
                }
                _ => "word".to_owned(),
            },
        };
        let expecting = wanted.map(|wanted| match wanted {
            "word" => " (expecting word)".to_owned(),
            wanted => format!(" (expecting \"{wanted}\")"),
        });
        let is_incomplete = found == "end of file";
        let message = format!("{found} unexpected{}", expecting.unwrap_or_default());
        ParseError { message, line: 0, is_incomplete }
    }

    // ---- lists ----

    /// A list between reserved words or parentheses, which may not be empty, and what closes it.
    fn list(&mut self, closing: &str) -> Result<List> {
        let items = self.items()?;
        if !items.is_empty() {
            return Ok(items.into());
        }
        let is_end = *self.peek()? == Token::End;
        Err(self.unexpected(Some(closing).filter(|_| is_end)))
    }

    /// Items as far as they go, with line feeds between them.
    fn items(&mut self) -> Result<Vec<Item>> {
        self.enter()?;
        let mut items = Vec::new();
        loop {
            self.skip_newlines()?;
            let is_end = match self.peek()? {
                Token::End => true,
                Token::Operator(operator) => matches!(*operator, ")" | ";;"),
                Token::Word(word) => {
                    word.literal().is_some_and(|word| CLOSING.contains(&word) || word == "}")
                }
                _ => false,
            };
            if is_end {
                break;
            }
            items.push(self.item()?);
        }
        self.leave();
        Ok(items)
    }

    /// A chain of pipelines with its separator.
    fn item(&mut self) -> Result<Item> {
        self.peek()?;
        let (start, whole) = (self.token_start, self.text.len());
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            let connector = match self.peek()? {
                Token::Operator("&&") => Connector::And,
                Token::Operator("||") => Connector::Or,
                _ => break,
            };
            self.take()?;
            self.skip_newlines()?;
            rest.push((connector, self.pipeline()?));
        }
        // The token that ends it has been looked at already. An alias has changed the text before it.
        let end = self.token_start;
        let text = if self.text.len() == whole { self.text.get(start..end) } else { None };
        let text: Arc<str> = text.unwrap_or_default().trim().into();
        let is_background = match self.peek()? {
            Token::Operator("&") => true,
            Token::Operator(";") => false,
            Token::Operator(")" | ";;") | Token::Newline | Token::End => {
                return Ok(Item { first, rest, is_background: false, text });
            }
            Token::Word(word) if word.literal().is_some_and(|word| CLOSING.contains(&word)) => {
                return Ok(Item { first, rest, is_background: false, text });
            }
            _ => return Err(self.unexpected(None)),
        };
        self.take()?;
        Ok(Item { first, rest, is_background, text })
    }

    fn pipeline(&mut self) -> Result<Pipeline> {
        let mut is_negated = false;
        while self.eat_reserved("!")? {
            is_negated = !is_negated;
        }
        let mut commands = vec![self.command()?];
        while self.eat_operator("|")? {
            self.skip_newlines()?;
            commands.push(self.command()?);
        }
        Ok(Pipeline { is_negated, commands })
    }

    // ---- commands ----

    fn command(&mut self) -> Result<Command> {
        self.substitute_alias()?;
        let compound = match self.peek()? {
            Token::Operator("(") => {
                self.take()?;
                let list = self.list(")")?;
                self.expect_operator(")")?;
                Compound::Subshell(list)
            }
            Token::Word(word) => match word.literal() {
                Some("{") => {
                    self.take()?;
                    let list = self.list("}")?;
                    self.expect_reserved("}")?;
                    Compound::Group(list)
                }
                Some("if") => self.conditional()?,
                Some("while") => self.repetition(false)?,
                Some("until") => self.repetition(true)?,
                Some("for") => self.iteration()?,
                Some("case") => self.selection()?,
                Some(word) if CLOSING.contains(&word) || word == "}" => {
                    return Err(self.unexpected(None));
                }
                _ => return self.simple(),
            },
            Token::IoNumber(_) => return self.simple(),
            Token::Operator(operator) if operator.starts_with(['<', '>']) => return self.simple(),
            _ => return Err(self.unexpected(None)),
        };
        let mut redirections = Vec::new();
        while let Some(redirection) = self.redirection()? {
            redirections.push(redirection);
        }
        Ok(Command::Compound(Arc::new(compound), redirections))
    }

    /// `if`, or `elif`, which is the same without a `fi` of its own.
    fn conditional(&mut self) -> Result<Compound> {
        self.enter()?;
        self.take()?;
        let condition = self.list("then")?;
        self.expect_reserved("then")?;
        let body = self.list("fi")?;
        let otherwise = if self.peek_reserved("elif")? {
            let line = self.line;
            let inner = Command::Compound(Arc::new(self.conditional()?), Vec::new());
            let pipeline = Pipeline { is_negated: false, commands: vec![inner] };
            let text = format!("elif in line {line}").into();
            [Item { first: pipeline, rest: Vec::new(), is_background: false, text }].into()
        } else {
            let otherwise =
                if self.eat_reserved("else")? { self.list("fi")? } else { List::default() };
            self.expect_reserved("fi")?;
            otherwise
        };
        self.leave();
        Ok(Compound::If { condition, body, otherwise })
    }

    fn repetition(&mut self, is_until: bool) -> Result<Compound> {
        self.take()?;
        let condition = self.list("do")?;
        let body = self.do_group()?;
        Ok(Compound::While { condition, body, is_until })
    }

    fn do_group(&mut self) -> Result<List> {
        self.expect_reserved("do")?;
        let body = self.list("done")?;
        self.expect_reserved("done")?;
        Ok(body)
    }

    fn iteration(&mut self) -> Result<Compound> {
        self.take()?;
        let name = match self.take()? {
            Token::Word(word) => word.literal().filter(|name| is_name(name)).map(str::to_owned),
            // Somebody may still type it.
            Token::End => {
                return Err(ParseError::incomplete("Bad for loop variable"));
            }
            _ => None,
        };
        let name = name.ok_or_else(|| ParseError::syntax("Bad for loop variable"))?;
        self.skip_newlines()?;
        let mut words = None;
        if self.eat_reserved("in")? {
            let mut list = Vec::new();
            while let Token::Word(_) = self.peek()? {
                if let Token::Word(word) = self.take()? {
                    list.push(word);
                }
            }
            words = Some(list);
            if !self.eat_operator(";")? && *self.peek()? != Token::Newline {
                return Err(self.unexpected(None));
            }
        } else {
            self.eat_operator(";")?;
        }
        self.skip_newlines()?;
        let body = self.do_group()?;
        Ok(Compound::For { name, words, body })
    }

    fn selection(&mut self) -> Result<Compound> {
        self.take()?;
        let Token::Word(_) = self.peek()? else { return Err(self.unexpected(Some("word"))) };
        let Token::Word(word) = self.take()? else { return Err(self.unexpected(Some("word"))) };
        self.skip_newlines()?;
        self.expect_reserved("in")?;
        let mut arms = Vec::new();
        loop {
            self.skip_newlines()?;
            if self.eat_reserved("esac")? {
                break;
            }
            self.eat_operator("(")?;
            let mut patterns = Vec::new();
            loop {
                let Token::Word(_) = self.peek()? else {
                    let is_end = *self.peek()? == Token::End;
                    return Err(self.unexpected(Some(")").filter(|_| is_end)));
                };
                if let Token::Word(pattern) = self.take()? {
                    patterns.push(pattern);
                }
                if !self.eat_operator("|")? {
                    break;
                }
            }
            self.expect_operator(")")?;
            let body = self.items()?;
            arms.push((patterns, body.into()));
            self.skip_newlines()?;
            if !self.eat_operator(";;")? {
                self.expect_reserved("esac")?;
                break;
            }
        }
        Ok(Compound::Case { word, arms })
    }

    /// A simple command, or a function's definition, which looks like one at first.
    fn simple(&mut self) -> Result<Command> {
        self.peek()?;
        let mut simple = Simple { line: self.token_line, ..Simple::default() };
        loop {
            if let Some(redirection) = self.redirection()? {
                simple.redirections.push(redirection);
                continue;
            }
            let Token::Word(_) = self.peek()? else { break };
            let Token::Word(word) = self.take()? else { break };
            if simple.words.is_empty() {
                if let Some(assignment) = assignment(&word) {
                    simple.assignments.push(assignment);
                    self.substitute_alias()?;
                    continue;
                }
                if simple.assignments.is_empty()
                    && simple.redirections.is_empty()
                    && self.peek_operator("(")?
                {
                    return self.function(&word);
                }
            }
            simple.words.push(word);
        }
        Ok(Command::Simple(Arc::new(simple)))
    }

    fn function(&mut self, word: &Word) -> Result<Command> {
        self.take()?;
        self.expect_operator(")")?;
        let name = word.literal().filter(|name| is_name(name));
        let name = name.ok_or_else(|| ParseError::syntax("Bad function name"))?;
        self.skip_newlines()?;
        self.enter()?;
        let body = Arc::new(self.command()?);
        self.leave();
        Ok(Command::Function { name: name.into(), body })
    }

    /// A redirection, if one stands here.
    fn redirection(&mut self) -> Result<Option<Redirection>> {
        let fd = match self.peek()? {
            Token::IoNumber(number) => Some(*number),
            _ => None,
        };
        if fd.is_some() {
            self.take()?;
        }
        let Token::Operator(operator) = *self.peek()? else { return Ok(None) };
        let kind = match operator {
            "<" => RedirectionKind::Read,
            ">" => RedirectionKind::Write,
            ">|" => RedirectionKind::Clobber,
            ">>" => RedirectionKind::Append,
            "<>" => RedirectionKind::ReadWrite,
            "<&" => RedirectionKind::DupIn,
            ">&" => RedirectionKind::DupOut,
            "<<" | "<<-" => RedirectionKind::Here,
            _ => return Ok(None),
        };
        self.take()?;
        let Token::Word(_) = self.peek()? else { return Err(self.unexpected(None)) };
        let Token::Word(mut target) = self.take()? else { return Err(self.unexpected(None)) };
        if kind == RedirectionKind::Here {
            let announced = Announced {
                delimiter: here::delimiter(&target),
                is_quoted: target.is_quoted(),
                strips_tabs: operator == "<<-",
            };
            self.announced.push(announced);
            // Its text comes later, and then takes this place.
            target = Word::default();
        }
        Ok(Some(Redirection { fd, kind, target }))
    }

    /// If the next token is an alias, its text takes its place.
    fn substitute_alias(&mut self) -> Result<()> {
        let aliases = self.aliases;
        loop {
            let Token::Word(word) = self.peek()? else { return Ok(()) };
            let Some(name) = word.literal() else { return Ok(()) };
            let Some(text) = aliases.get(name) else { return Ok(()) };
            let (name, behind) = (name.to_owned(), self.text.len() - self.token_start);
            // An alias is not looked for in its own text.
            if self.active.iter().any(|(active, end)| *active == name && behind > *end) {
                return Ok(());
            }
            self.peeked = None;
            self.insert(&name, text);
        }
    }
}

/// `name=value`, if the word is that.
fn assignment(word: &Word) -> Option<(String, Word)> {
    use super::ast::Part;
    let Some(Part::Literal(first)) = word.0.first() else { return None };
    let (name, value) = first.split_once('=')?;
    if !is_name(name) {
        return None;
    }
    let mut parts = Vec::new();
    if !value.is_empty() {
        parts.push(Part::Literal(value.to_owned()));
    }
    parts.extend_from_slice(&word.0[1..]);
    Some((name.to_owned(), Word(parts)))
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
