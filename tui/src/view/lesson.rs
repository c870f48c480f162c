//! A lesson's text, beside the machine that it tells of or in its place, and the list of lessons.

use super::pen::Pen;
use crate::keys::Action;
use crate::lesson::lines::{Line, Look, lines};
use crate::lesson::reading::{Reading, letter};
use crate::lesson::{Lesson, shelf};
use crate::model::{LessonModel, Model};
use crate::text::{clean, fit};
use crate::theme::Role;
use crate::update::Target;

/// From so many columns on, text and machine stand side by side.
pub(super) const WIDE: u16 = 112;

/// Draws the text into the left columns of the screen, with a bar behind it.
pub(super) fn beside(model: &Model, lesson: &LessonModel, columns: u16, pen: &mut Pen<'_>) {
    let title = format!(" {} {}", lesson.reading.lesson.number, lesson.reading.lesson.title);
    pen.field((0, 0), &title, columns, Role::Title);
    let height = pen.height;
    for y in 0..height {
        pen.cell(columns, y, pen.bar, Role::Faint);
    }
    text(model, lesson, (1, 1), (columns.saturating_sub(3), height - 1), pen);
}

/// Draws the text where the machine's view would be.
pub(super) fn instead(
    model: &Model,
    lesson: &LessonModel,
    (top, rows): (u16, u16),
    pen: &mut Pen<'_>,
) {
    let title = format!("{} {}", lesson.reading.lesson.number, lesson.reading.lesson.title);
    pen.rule(top, &title, "");
    let columns = pen.width.saturating_sub(4);
    text(model, lesson, (2, top + 1), (columns, rows.saturating_sub(1)), pen);
}

/// A row of the text.
struct Row {
    line: Line,
    role: Role,
    /// What a click on it does.
    target: Option<Target>,
}

fn text(
    model: &Model,
    lesson: &LessonModel,
    (x, y): (u16, u16),
    (columns, rows): (u16, u16),
    pen: &mut Pen<'_>,
) {
    let all = page(model, lesson, usize::from(columns));
    let shown = usize::from(rows.saturating_sub(2));
    let from = lesson.scroll.min(all.len().saturating_sub(shown));
    for (row, y) in all.iter().skip(from).take(shown).zip(y..) {
        let mut at = x;
        for (piece, look) in &row.line {
            let role = match look {
                Look::Plain => row.role,
                Look::Strong => Role::Heading,
                Look::Code => Role::Key,
            };
            at = pen.put(at, y, piece, role);
        }
        if let Some(target) = row.target {
            pen.zone(y, x..x + columns, target);
        }
    }
    let words = model.lang.lesson();
    let more = if from + shown < all.len() { "  ..." } else { "" };
    let last = y + rows - 2;
    let x = pen.put(x, last, how(model, lesson), Role::Caption);
    pen.put(x, last, more, Role::Faint);
    pen.zone(last, x.saturating_sub(20)..x, Target::Act(Action::Open));
    pen.field((1, last + 1), words.keys, columns, Role::Faint);
}

/// What Enter does now.
fn how(model: &Model, lesson: &LessonModel) -> &'static str {
    let words = model.lang.lesson();
    let reading = &lesson.reading;
    if !reading.waits() {
        let is_last = reading.at + 1 >= reading.steps.len();
        return if is_last { words.end } else { words.how_to_go_on };
    }
    let step = reading.step();
    match step.map(|step| (&step.question, &step.change)) {
        Some((Some(_), _)) => words.how_to_answer,
        Some((None, Some(change))) if change.script => words.how_to_write,
        _ => words.how_to_change,
    }
}

/// All rows of the open step.
fn page(model: &Model, lesson: &LessonModel, cells: usize) -> Vec<Row> {
    let words = model.lang.lesson();
    let reading = &lesson.reading;
    let Some(step) = reading.step() else { return Vec::new() };
    let mut page = Page { rows: Vec::new(), cells };
    let place = format!("{} {} {} {}", words.step, reading.at + 1, words.of, reading.steps.len());
    page.say(&place, Role::Faint);
    page.say(&format!("**{}**", step.heading), Role::Heading);
    page.gap();
    if reading.at == 0 {
        page.say(&format!("{}: {}", words.goal, reading.lesson.goal), Role::Faint);
        page.gap();
    }
    page.say(&step.text, Role::Text);
    let standing = reading.standing();
    if let Some(question) = &step.question {
        page.gap();
        for (at, offer) in question.options.iter().enumerate() {
            let is_chosen = standing.done && offer.is_right;
            let role = if is_chosen { Role::Heading } else { Role::Text };
            page.say(&format!("`{}` {}", letter(at), offer.label), role);
        }
        for hint in question.hints.iter().take(standing.hints) {
            page.gap();
            page.say(&format!("{}: {hint}", words.hint), Role::Caption);
        }
        if standing.shown {
            page.gap();
            page.say(&format!("{}: {}", words.answer, question.right_answer()), Role::Heading);
        }
    }
    if let Some(change) = &step.change {
        page.gap();
        page.say(&change.ask, Role::Text);
        if let Some(path) = &change.set {
            page.say(&format!("`{path} = ?`"), Role::Key);
        }
        if let Some(file) = lesson.file.as_ref().filter(|_| change.script) {
            page.say(&format!("`{file}`"), Role::Key);
        }
        if standing.shown {
            page.say(&format!("{}: `{}`", words.for_example, change.reference), Role::Heading);
        }
    }
    page.verdict(reading, model);
    // What explains it would give the answer away.
    if let Some(why) = step.why.as_ref().filter(|_| !reading.waits()) {
        page.gap();
        page.say(&format!("`!` {}", why.text), Role::Caption);
        for link in &why.links {
            page.say(&format!("* {link}"), Role::Text);
        }
    }
    if reading.at + 1 == reading.steps.len() && !reading.waits() {
        page.gap();
        page.say(
            &format!("{}: {}", words.source, reading.lesson.front.source.join(", ")),
            Role::Faint,
        );
        page.say(&format!("{}: {}", words.terms, terms(model, reading)), Role::Faint);
    }
    page.rows
}

/// The words of the glossary that a lesson uses, with their Korean.
fn terms(model: &Model, reading: &Reading) -> String {
    let words = reading.lesson.front.terms.iter().map(|term| {
        let korean = crate::lesson::glossary::korean(term);
        if korean.is_empty() { term.clone() } else { format!("{term} {}", korean.join("/")) }
    });
    let _ = model;
    words.collect::<Vec<_>>().join(" · ")
}

struct Page {
    rows: Vec<Row>,
    cells: usize,
}

impl Page {
    fn say(&mut self, markdown: &str, role: Role) {
        let lines = lines(markdown, self.cells).into_iter();
        self.rows.extend(lines.map(|line| Row { line, role, target: None }));
    }

    fn gap(&mut self) {
        self.rows.push(Row { line: Line::new(), role: Role::Text, target: None });
    }

    fn verdict(&mut self, reading: &Reading, model: &Model) {
        let words = model.lang.lesson();
        let Some((is_right, say)) = &reading.said else { return };
        self.gap();
        let (word, role) =
            if *is_right { (words.right, Role::Heading) } else { (words.not_right, Role::Wrong) };
        self.say(&format!("{word} {say}"), role);
    }
}

/// The list of lessons.
pub(super) fn shelf(model: &Model, (top, rows): (u16, u16), pen: &mut Pen<'_>) {
    let words = model.lang.lesson();
    pen.rule(top, words.all, words.how_to_open);
    let folders = shelf::all();
    for (folder, y) in folders.iter().zip(top + 1..top + rows) {
        let (lesson, _) = Lesson::read(folder, model.lang, 0);
        let x = pen.put(2, y, &format!("{:>2} ", lesson.number), Role::Key);
        let room = usize::from(pen.width.saturating_sub(x + 1));
        pen.put(x, y, &fit(&clean(&lesson.title), room), Role::Text);
    }
}
