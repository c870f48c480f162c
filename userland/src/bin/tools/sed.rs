//! `sed [-n] [-E] [-e SCRIPT] SCRIPT [FILE...]`: edits lines. It knows `s`, `p`, `d`, `q`, `=`, `y`, addresses by line,
//! `$` and `/pattern/`, ranges of two, and `!`.

use super::tool::{Lines, Tool};
use crate::sys::Sys;
use crate::text::regex::{Style, compile};
use regex_lite::{Captures, Regex};

enum Address {
    Line(u64),
    Last,
    Pattern(Regex),
}

enum Action {
    Substitute { pattern: Regex, with: String, nth: usize, is_global: bool, prints: bool },
    Transliterate(Vec<(char, char)>),
    Print,
    Delete,
    Quit,
    Number,
}

struct Command {
    from: Option<Address>,
    to: Option<Address>,
    is_negated: bool,
    action: Action,
    /// Whether a range is under way.
    is_inside: bool,
}

/// Reads a script; commands end at `;` and line feeds.
fn parse(script: &str, is_extended: bool) -> Result<Vec<Command>, String> {
    let mut rest = script;
    let mut commands = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', '\t', ';', '\n']);
        if rest.is_empty() {
            return Ok(commands);
        }
        let from = address(&mut rest, is_extended)?;
        let mut to = None;
        if from.is_some()
            && let Some(behind) = rest.strip_prefix(',')
        {
            rest = behind.trim_start();
            to = Some(address(&mut rest, is_extended)?.ok_or("unexpected `,'")?);
        }
        rest = rest.trim_start();
        let is_negated = rest.starts_with('!');
        rest = rest.trim_start_matches('!').trim_start();
        let mut letters = rest.chars();
        let letter = letters.next().ok_or("missing command")?;
        rest = letters.as_str();
        let action = match letter {
            'p' => Action::Print,
            'd' => Action::Delete,
            'q' => Action::Quit,
            '=' => Action::Number,
            's' => substitution(&mut rest, is_extended)?,
            'y' => {
                let [from, to] = halves(&mut rest)?;
                let (from, to): (Vec<char>, Vec<char>) =
                    (from.chars().collect(), to.chars().collect());
                if from.len() != to.len() {
                    return Err("strings for `y' command are different lengths".to_owned());
                }
                Action::Transliterate(from.into_iter().zip(to).collect())
            }
            '#' => {
                rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
                continue;
            }
            other => return Err(format!("unknown command: `{other}'")),
        };
        commands.push(Command { from, to, is_negated, action, is_inside: false });
        rest = rest.trim_start_matches([' ', '\t']);
        if !rest.is_empty() && !rest.starts_with([';', '\n', '}']) {
            return Err("extra characters after command".to_owned());
        }
    }
}

fn address(rest: &mut &str, is_extended: bool) -> Result<Option<Address>, String> {
    if let Some(behind) = rest.strip_prefix('$') {
        *rest = behind;
        return Ok(Some(Address::Last));
    }
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 0 {
        let number = rest[..digits].parse().map_err(|_| "invalid line number")?;
        *rest = &rest[digits..];
        return Ok(Some(Address::Line(number)));
    }
    if let Some(behind) = rest.strip_prefix('/') {
        let (text, behind) = until(behind, '/').ok_or("unterminated address regex")?;
        *rest = behind;
        let style = Style { is_extended, ..Style::default() };
        return Ok(Some(Address::Pattern(compile(&text, style)?)));
    }
    Ok(None)
}

/// Text up to a delimiter that no backslash stands before, and what follows.
fn until(text: &str, delimiter: char) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut letters = text.char_indices();
    while let Some((at, c)) = letters.next() {
        if c == delimiter {
            return Some((out, &text[at + c.len_utf8()..]));
        }
        if c == '\\' {
            let (_, next) = letters.next()?;
            if next != delimiter {
                out.push('\\');
            }
            out.push(next);
        } else {
            out.push(c);
        }
    }
    None
}

/// The two parts of `s` and `y`.
fn halves(rest: &mut &str) -> Result<[String; 2], String> {
    let mut letters = rest.chars();
    let delimiter = letters.next().ok_or("unterminated command")?;
    let unterminated = "unterminated `s' command";
    let (first, behind) = until(letters.as_str(), delimiter).ok_or(unterminated)?;
    let (second, behind) = until(behind, delimiter).ok_or(unterminated)?;
    *rest = behind;
    Ok([first, second])
}

fn substitution(rest: &mut &str, is_extended: bool) -> Result<Action, String> {
    let [pattern, with] = halves(rest)?;
    let length = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let (flags, behind) = rest.split_at(length);
    *rest = behind;
    let digits: String = flags.chars().filter(char::is_ascii_digit).collect();
    if let Some(wrong) = flags.chars().find(|c| !c.is_ascii_digit() && !"gpiI".contains(*c)) {
        return Err(format!("unknown option to `s': {wrong}"));
    }
    let ignores_case = flags.contains(['i', 'I']);
    let style = Style { is_extended, ignores_case, ..Style::default() };
    Ok(Action::Substitute {
        pattern: compile(&pattern, style)?,
        with,
        nth: digits.parse().unwrap_or(1),
        is_global: flags.contains('g'),
        prints: flags.contains('p'),
    })
}

/// The replacement with `&` and `\1` filled in.
fn fill(with: &str, found: &Captures<'_>) -> String {
    let group = |n: usize| found.get(n).map_or("", |group| group.as_str());
    let mut out = String::new();
    let mut letters = with.chars();
    while let Some(c) = letters.next() {
        match c {
            '&' => out.push_str(group(0)),
            '\\' => match letters.next() {
                Some(digit @ '0'..='9') => out.push_str(group(digit as usize - '0' as usize)),
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(c) => out.push(c),
                None => {}
            },
            c => out.push(c),
        }
    }
    out
}

impl Command {
    /// Whether it is for this line.
    fn applies(&mut self, line: &str, number: u64, is_last: bool) -> bool {
        let fits = |address: &Address| match address {
            Address::Line(wanted) => number == *wanted,
            Address::Last => is_last,
            Address::Pattern(pattern) => pattern.is_match(line),
        };
        let applies = match (&self.from, &self.to) {
            (None, _) => true,
            (Some(from), None) => fits(from),
            (Some(_), Some(to)) if self.is_inside => {
                let is_over = matches!(to, Address::Line(end) if number >= *end) || fits(to);
                self.is_inside = !is_over;
                true
            }
            (Some(from), Some(to)) => {
                let begins = fits(from);
                self.is_inside = begins && !matches!(to, Address::Line(end) if number >= *end);
                begins
            }
        };
        applies != self.is_negated
    }
}

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "sed").await;
    let Some(mut options) = tool.options("nErse:").await else { return 1 };
    let mut scripts: Vec<String> = options.values('e').map(str::to_owned).collect();
    if scripts.is_empty() {
        if options.operands.is_empty() {
            return tool.usage("sed [OPTION]... {script} [input-file]...").await;
        }
        scripts.push(options.operands.remove(0));
    }
    let is_extended = options.has('E') || options.has('r');
    let mut commands = match parse(&scripts.join("\n"), is_extended) {
        Ok(commands) => commands,
        Err(message) => {
            tool.complain(&format!("-e expression #1: {message}")).await;
            return 1;
        }
    };
    let mut number = 0;
    let mut inputs = options.inputs().into_iter();
    let mut lines: Option<(Lines, u64)> = None;
    let mut next: Option<(String, bool)> = None;
    let mut is_first = true;
    loop {
        // One line ahead, to know the last one.
        let current = next.take();
        next = loop {
            if let Some((reader, fd)) = &mut lines {
                if let Some(line) = reader.next(&mut tool).await {
                    let text = String::from_utf8_lossy(&line).into_owned();
                    break Some((text, reader.last_was_whole()));
                }
                tool.close(*fd).await;
                lines = None;
            }
            let Some(name) = inputs.next() else { break None };
            lines = tool.open(&name).await.map(|fd| (Lines::new(fd), fd));
        };
        if std::mem::take(&mut is_first) {
            continue;
        }
        let Some((mut line, is_whole)) = current else { break };
        number += 1;
        let end = if is_whole { "\n" } else { "" };
        let (mut is_deleted, mut quits) = (false, false);
        for command in &mut commands {
            if !command.applies(&line, number, next.is_none()) {
                continue;
            }
            match &command.action {
                Action::Print => tool.print(&format!("{line}\n")).await,
                Action::Number => tool.print(&format!("{number}\n")).await,
                Action::Delete => is_deleted = true,
                Action::Quit => quits = true,
                Action::Transliterate(pairs) => {
                    let put = |c: char| pairs.iter().find(|(from, _)| *from == c);
                    line = line.chars().map(|c| put(c).map_or(c, |(_, to)| *to)).collect();
                }
                Action::Substitute { pattern, with, nth, is_global, prints } => {
                    let (mut out, mut at, mut count) = (String::new(), 0, 0);
                    for found in pattern.captures_iter(&line) {
                        count += 1;
                        let Some(whole) = found.get(0) else { break };
                        if count < *nth || count > *nth && !is_global {
                            continue;
                        }
                        out.push_str(&line[at..whole.start()]);
                        out.push_str(&fill(with, &found));
                        at = whole.end();
                    }
                    let is_changed = count >= *nth;
                    out.push_str(&line[at..]);
                    line = out;
                    if is_changed && *prints {
                        tool.print(&format!("{line}\n")).await;
                    }
                }
            }
            if is_deleted || quits {
                break;
            }
        }
        if !is_deleted && !options.has('n') {
            tool.print(&format!("{line}{end}")).await;
        }
        if quits {
            break;
        }
    }
    tool.end().await
}
