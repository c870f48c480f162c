//! Takes a lesson's files apart: Markdown with TOML in it.

use super::front::{Change, EDITION, Front, Go, Predict, Why};
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Parser, Tag, TagEnd};
use serde::de::DeserializeOwned;
use std::fmt;
use std::ops::Range;

/// What is wrong with a lesson, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and what was expected.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

/// A step of a lesson.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// Its heading.
    pub heading: String,
    /// Its text, without the blocks.
    pub text: String,
    /// Where the machine goes.
    pub go: Option<Go>,
    /// A question.
    pub predict: Option<Predict>,
    /// Something to explain.
    pub why: Option<Why>,
    /// Something to change.
    pub change: Option<Change>,
    /// What it is made of, as a number: when the English changes, a translation is stale.
    pub hash: u32,
    /// The hash of the step that this one translates.
    pub of: Option<u32>,
    /// The line of its heading.
    pub line: usize,
}

/// One file of a lesson.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The front matter.
    pub front: Front,
    /// The steps.
    pub steps: Vec<Step>,
}

/// The text between the first two lines `+++`, and where the rest begins.
fn matter(text: &str) -> Option<(&str, usize)> {
    let body = text.strip_prefix("+++\n")?;
    let end = body.find("\n+++\n")?;
    Some((&body[..end + 1], 4 + end + 5))
}

/// The line of a place in a text, from 1.
fn line_of(text: &str, at: usize) -> usize {
    text[..at.min(text.len())].matches('\n').count() + 1
}

/// The 32-bit FNV-1a hash (Fowler, Noll, Vo) of a text, whatever blanks its lines end in.
fn hash(text: &str) -> u32 {
    let lines = text.trim().lines().flat_map(|line| line.trim_end().bytes().chain([b'\n']));
    lines.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// A block between fences.
struct Block {
    kind: String,
    text: String,
    range: Range<usize>,
}

/// The places of the headings that begin steps, and the blocks.
fn outline(body: &str) -> (Vec<Range<usize>>, Vec<Block>) {
    let (mut headings, mut blocks) = (Vec::new(), Vec::new());
    let mut open: Option<Block> = None;
    for (event, range) in Parser::new(body).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level: HeadingLevel::H2, .. }) => headings.push(range),
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(kind))) => {
                open = Some(Block { kind: kind.into_string(), text: String::new(), range });
            }
            Event::Text(text) => {
                if let Some(block) = &mut open {
                    block.text.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => blocks.extend(open.take()),
            _ => {}
        }
    }
    (headings, blocks)
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn fault(&mut self, at: usize, message: String) {
        let line = line_of(self.text, at);
        self.faults.push(Fault { file: self.file.to_owned(), line, message });
    }

    /// Reads TOML that begins at a place of the file.
    fn toml<T: DeserializeOwned + Default>(&mut self, text: &str, at: usize) -> T {
        toml::from_str(text).unwrap_or_else(|error: toml::de::Error| {
            let inside = error.span().map_or(0, |span| span.start);
            let message = error.message().lines().next().unwrap_or_default().to_owned();
            self.fault(at + inside, message);
            T::default()
        })
    }

    fn step(&mut self, raw: Range<usize>, heading: Range<usize>, blocks: &[Block]) -> Step {
        let line = line_of(self.text, raw.start);
        let source = &self.text[raw.clone()];
        let title = self.text[heading.clone()].trim().trim_start_matches('#').trim().to_owned();
        let mut step = Step { heading: title, hash: hash(source), line, ..Step::default() };
        let mut at = heading.end;
        for block in blocks.iter().filter(|block| raw.contains(&block.range.start)) {
            // The line of the fence comes before the text.
            let inner = block.range.start + block.kind.len() + 4;
            let is_second = match block.kind.as_str() {
                "run" => step.go.replace(self.toml(&block.text, inner)).is_some(),
                "predict" => step.predict.replace(self.toml(&block.text, inner)).is_some(),
                "why" => step.why.replace(self.toml(&block.text, inner)).is_some(),
                "change" => step.change.replace(self.toml(&block.text, inner)).is_some(),
                _ => continue,
            };
            if is_second {
                let message = format!("a second `{}`; expected one in a step", block.kind);
                self.fault(block.range.start, message);
            }
            step.text.push_str(&self.text[at..block.range.start]);
            at = block.range.end;
        }
        step.text.push_str(&self.text[at.min(raw.end)..raw.end]);
        step.of = self.mark(&mut step.text, raw.start);
        step.text = step.text.trim().to_owned();
        step
    }

    /// Takes `<!-- of 1a2b3c4d -->` out of a step.
    fn mark(&mut self, text: &mut String, at: usize) -> Option<u32> {
        let start = text.find("<!-- of ")?;
        let length = text[start..].find("-->")? + 3;
        let digits = text[start + 8..start + length - 3].trim().to_owned();
        text.replace_range(start..start + length, "");
        let number = u32::from_str_radix(&digits, 16);
        if number.is_err() {
            self.fault(at, format!("`{digits}`; expected a hash of eight hexadecimal digits"));
        }
        number.ok()
    }
}

impl Page {
    /// Reads one file; what is wrong with it comes with as much as could be read.
    #[must_use]
    pub fn read(file: &str, text: &str, is_translation: bool) -> (Self, Vec<Fault>) {
        let text = text.replace("\r\n", "\n");
        let mut reader = Reader { file, text: &text, faults: Vec::new() };
        let Some((front, begin)) = matter(&text) else {
            reader.fault(0, "expected the front matter between two lines `+++`".to_owned());
            return (Self::default(), reader.faults);
        };
        let front: Front = reader.toml(front, 4);
        if !is_translation && front.edition != EDITION && reader.faults.is_empty() {
            reader.fault(4, format!("edition `{}`; expected `{EDITION}`", front.edition));
        }
        let (headings, mut blocks) = outline(&text[begin..]);
        let moved = |range: &Range<usize>| range.start + begin..range.end + begin;
        for block in &mut blocks {
            block.range = moved(&block.range);
        }
        let headings: Vec<Range<usize>> = headings.iter().map(moved).collect();
        let first = headings.first().map_or(text.len(), |heading| heading.start);
        if let Some(lost) = text[begin..first].split_whitespace().next() {
            let message =
                format!("`{lost}` stands before the first step; expected a heading `## `");
            reader.fault(begin, message);
        }
        if headings.is_empty() {
            reader.fault(begin, "no steps; expected headings `## `".to_owned());
        }
        let ends = headings.iter().skip(1).map(|heading| heading.start).chain([text.len()]);
        let steps = headings.iter().zip(ends);
        let steps: Vec<Step> = steps
            .map(|(heading, end)| reader.step(heading.start..end, heading.clone(), &blocks))
            .collect();
        (Self { front, steps }, reader.faults)
    }
}

#[cfg(test)]
mod tests {
    use super::Page;

    const LESSON: &str = "+++\nedition = \"2026\"\ntitle = \"T\"\n+++\n\n## One\n\nText {a}.\n\n```predict\nanswer = \"a\"\n```\n\nMore.\n\n## Two\n<!-- of 00ff00ff -->\n\n```c\nint x;\n```\n";

    #[test]
    fn a_page_falls_into_steps() {
        let (page, faults) = Page::read("en.md", LESSON, false);
        assert_eq!(faults, []);
        let [one, two] = &page.steps[..] else { panic!("two steps") };
        assert_eq!((one.heading.as_str(), one.line), ("One", 6));
        assert_eq!(one.text, "Text {a}.\n\n\n\nMore.");
        assert_eq!(one.predict.as_ref().and_then(|p| p.answer.as_deref()), Some("a"));
        assert_eq!(two.of, Some(0x00ff_00ff));
        assert!(two.text.contains("int x;"), "other blocks are text");
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        let wrong = LESSON.replace("answer = ", "anwser = ");
        let (_, faults) = Page::read("en.md", &wrong, false);
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].line, 11, "{}", faults[0]);
        for text in ["", "+++\n+++\n", "## x", "+++\nedition = 1\n+++\n## x\n"] {
            assert!(!Page::read("en.md", text, false).1.is_empty(), "{text:?}");
        }
    }
}
