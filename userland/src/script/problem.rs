//! What is wrong with a script, said so that its writer can mend it.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
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

/// Wider lines are shown in part: a log may have lines of any length.
const WIDEST: usize = 140;
/// How much of a line around the mistake is looked at at all, in bytes.
const WINDOW: usize = 4096;

impl Problem {
    /// The problem as rustc would show it: file, line, column, the line itself, and a mark below the place. Line and
    /// column count from 1, columns in characters.
    #[must_use]
    pub fn show(&self, name: &str, source: &str) -> String {
        let at = floor(source, self.range.start);
        let start = source[..at].rfind('\n').map_or(0, |end| end + 1);
        let number = source[..start].bytes().filter(|&byte| byte == b'\n').count() + 1;
        let end = source[at..].find('\n').map_or(source.len(), |length| at + length);
        let end = floor(source, end.min(at.saturating_add(WINDOW)));
        let marked = at..floor(source, self.range.end.clamp(at, end));
        let line = &source[start..end];
        let place = marked.start - start..marked.end - start;
        let label = format!("expected {}", self.expected);
        let annotation = AnnotationKind::Primary.span(place).label(label);
        let name = name.replace(|c: char| c.is_control(), "?");
        let snippet = Snippet::source(line).line_start(number).path(name).annotation(annotation);
        let mut report = Level::ERROR.primary_title(&self.message).element(snippet);
        if let Some(help) = &self.help {
            report = report.element(Level::HELP.message(help));
        }
        Renderer::plain().term_width(WIDEST).render(&[report]) + "\n"
    }
}

/// The end of the last whole character before `at`.
fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at)
}

#[cfg(test)]
mod tests {
    use super::{Problem, Range};

    fn problem(range: std::ops::Range<usize>) -> Problem {
        let (message, expected) = ("no".to_owned(), "yes".to_owned());
        Problem { range, message, expected, help: Some("try".to_owned()) }
    }

    #[test]
    fn the_mark_stands_below_the_place() {
        let source = "one\nread(\u{d55c}\u{ae00}, ?)\nthree\n";
        let at = source.find('?').expect("it is there");
        assert_eq!(
            problem(at..at + 1).show("a.trace", source),
            "\
error: no
 --> a.trace:2:10
  |
2 | read(\u{d55c}\u{ae00}, ?)
  |            ^ expected yes
  |
  = help: try
"
        );
    }

    #[test]
    fn any_range_of_any_text_can_be_shown() {
        let long = "\u{ac00}\u{1b}".repeat(100_000);
        for source in ["", "\n", "\r\n\t", "\u{ac00}", long.as_str()] {
            for range in [
                0..0,
                0..1,
                1..2,
                3..usize::MAX,
                usize::MAX..usize::MAX,
                Range { start: 5, end: 2 },
            ] {
                let shown = problem(range).show("x\u{1b}", source);
                assert!(shown.contains("expected yes") && !shown.contains('\u{1b}'), "{shown}");
                assert!(shown.len() < 10_000);
            }
        }
    }
}
