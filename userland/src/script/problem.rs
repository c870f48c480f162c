//! What is wrong with a script, said so that its writer can mend it.

use std::fmt::Write;
use std::ops::Range;

/// A mistake: where it is and what was expected there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The bytes that are wrong.
    pub range: Range<usize>,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What was expected at that place.
    pub expected: String,
    /// What may help.
    pub help: Option<String>,
}

/// Longer lines are shown in part: a log may have lines of any length.
const WIDEST: usize = 160;

impl Problem {
    /// The problem as rustc would show it: file, line, column, the line itself, and a mark below the place. Line and
    /// column count from 1, columns in characters.
    #[must_use]
    pub fn show(&self, name: &str, source: &str) -> String {
        let at = floor(source, self.range.start.min(source.len()));
        let start = source[..at].rfind('\n').map_or(0, |end| end + 1);
        let line = source[..start].matches('\n').count() + 1;
        let end = source[at..].find('\n').map_or(source.len(), |length| at + length);
        let column = source[start..at].chars().count();
        // A window of the line, so that the mark is in it.
        let shown_from = column.saturating_sub(WIDEST / 2);
        let shown = visible(source[start..end].chars().skip(shown_from).take(WIDEST));
        let before = visible(source[start..at].chars().skip(shown_from));
        let marked = source[at..floor(source, self.range.end.clamp(at, end))].chars();
        let carets = "^".repeat(marked.take(WIDEST / 2).count().max(1));
        let margin = " ".repeat(line.to_string().len());
        let indent = " ".repeat(width(&before));
        let mut text = format!("error: {}\n", self.message);
        let _ = writeln!(text, "{margin}--> {name}:{line}:{}", column + 1);
        let _ = writeln!(text, "{margin} |\n{line} | {shown}");
        let _ = writeln!(text, "{margin} | {indent}{carets} expected {}", self.expected);
        if let Some(help) = &self.help {
            let _ = writeln!(text, "{margin} = help: {help}");
        }
        text
    }
}

/// The end of the last whole character before `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// What is shown of characters that could move a cursor.
fn visible(characters: impl Iterator<Item = char>) -> String {
    characters.map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// How many cells a text takes on a terminal: East Asian characters take two.
fn width(text: &str) -> usize {
    let wide = |c: char| matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{1f300}'..='\u{1faff}');
    text.chars().map(|c| 1 + usize::from(wide(c))).sum()
}
