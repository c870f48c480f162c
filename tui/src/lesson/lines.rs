//! Markdown as lines of words, for a terminal.

use crate::text::{clean, width};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

/// How a piece of a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Look {
    /// As it is.
    #[default]
    Plain,
    /// Emphasised.
    Strong,
    /// What is typed, or a name from the machine.
    Code,
}

/// A line: its pieces.
pub type Line = Vec<(String, Look)>;

/// Text of a lesson as lines of at most so many cells.
#[must_use]
pub fn lines(markdown: &str, cells: usize) -> Vec<Line> {
    let mut page = Page { cells: cells.max(10), ..Page::default() };
    for event in Parser::new(markdown) {
        page.take(event);
    }
    page.flush();
    while page.lines.last().is_some_and(Vec::is_empty) {
        page.lines.pop();
    }
    page.lines
}

/// The same without looks.
#[must_use]
pub fn plain(markdown: &str, cells: usize) -> Vec<String> {
    let text = |line: Line| line.into_iter().map(|(text, _)| text).collect::<String>();
    lines(markdown, cells).into_iter().map(text).collect()
}

#[derive(Default)]
struct Page {
    cells: usize,
    lines: Vec<Line>,
    /// The words of the paragraph so far, and whether a blank stands before each.
    words: Vec<(String, Look, bool)>,
    strong: usize,
    is_code: bool,
    /// The lists that are open: the number of the next item, if they have numbers.
    lists: Vec<Option<u64>>,
    /// What the next line begins with.
    mark: Option<String>,
    /// The next word follows without a blank.
    is_glued: bool,
}

impl Page {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented)) => {
                self.flush();
                self.is_code = true;
            }
            Event::End(TagEnd::CodeBlock) => {
                self.is_code = false;
                self.lines.push(Line::new());
            }
            Event::Start(Tag::List(first)) => {
                self.flush();
                self.lists.push(first);
            }
            Event::End(TagEnd::List(_)) => {
                self.flush();
                self.lists.pop();
                self.end_paragraph();
            }
            Event::Start(Tag::Item) => {
                self.flush();
                let mark = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    _ => "* ".to_owned(),
                };
                self.mark = Some(mark);
            }
            Event::End(TagEnd::Item) => self.flush(),
            Event::End(TagEnd::Paragraph | TagEnd::Heading(_)) => {
                self.flush();
                self.strong = 0;
                self.end_paragraph();
            }
            Event::Start(Tag::Emphasis | Tag::Strong | Tag::Heading { .. }) => self.strong += 1,
            Event::End(TagEnd::Emphasis | TagEnd::Strong) => {
                self.strong = self.strong.saturating_sub(1);
            }
            Event::Text(text) if self.is_code => {
                for line in text.lines() {
                    let indent = ("  ".to_owned(), Look::Plain);
                    self.lines.push(vec![indent, (clean(line), Look::Code)]);
                }
            }
            Event::Text(text) => {
                let look = if self.strong > 0 { Look::Strong } else { Look::Plain };
                self.say(&text, look);
            }
            Event::Code(text) => self.say_code(&text),
            Event::SoftBreak => self.is_glued = false,
            Event::HardBreak => self.flush(),
            _ => {}
        }
    }

    /// A blank line, but not between the items of a list.
    fn end_paragraph(&mut self) {
        if self.lists.is_empty() {
            self.lines.push(Line::new());
        }
    }

    fn say(&mut self, text: &str, look: Look) {
        let mut is_glued = self.is_glued && !text.starts_with(char::is_whitespace);
        for word in text.split_whitespace() {
            self.words.push((clean(word), look, !is_glued));
            is_glued = false;
        }
        self.is_glued = !text.ends_with(char::is_whitespace);
    }

    fn say_code(&mut self, text: &str) {
        let is_glued = self.is_glued;
        for (at, word) in text.split(' ').enumerate() {
            self.words.push((clean(word), Look::Code, at > 0 || !is_glued));
        }
        self.is_glued = true;
    }

    /// Ends the lines of a paragraph.
    fn flush(&mut self) {
        self.is_glued = false;
        let words = std::mem::take(&mut self.words);
        if words.is_empty() {
            return;
        }
        let mark = self.mark.take().unwrap_or_default();
        let indent = (self.lists.len() * 2).max(width(&mark));
        let begin = format!("{}{mark}", " ".repeat(indent - width(&mark)));
        let mut line: Line = vec![(begin, Look::Plain)];
        let mut used = indent;
        let mut is_first = true;
        for (at, (word, look, has_blank)) in words.iter().enumerate() {
            // What hangs together without a blank goes on together to the next line.
            let tail = words[at + 1..].iter().take_while(|(_, _, blank)| !blank);
            let length = width(word) + tail.map(|(word, ..)| width(word)).sum::<usize>();
            if !is_first && *has_blank && used + 1 + length > self.cells {
                self.lines.push(std::mem::take(&mut line));
                line.push((" ".repeat(indent), Look::Plain));
                used = indent;
                is_first = true;
            }
            if !is_first && *has_blank {
                line.push((" ".to_owned(), Look::Plain));
                used += 1;
            }
            line.push((word.clone(), *look));
            used += width(word);
            is_first = false;
        }
        self.lines.push(line);
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn paragraphs_lists_and_code() {
        let text = "A *long* `open(2)`, and so on for ever.\n\n* one\n* two\n\n```\nint  x;\n```\n\n1. a\n2. b\n";
        let expected = "A long open(2), and|so on for ever.||* one|* two||  int  x;||1. a|2. b";
        assert_eq!(plain(text, 20).join("|"), expected);
    }

    #[test]
    fn korean_takes_two_cells_a_letter() {
        for line in
            plain("페이지 폴트가 나면 커널이 프레임을 복사합니다. 그래서 값이 갈라집니다.", 20)
        {
            assert!(crate::text::width(&line) <= 20, "{line}");
        }
    }
}
