//! Windows over the screen: the keys, the explanation, "why?", the choice of a policy, two futures.

use super::pen::Pen;
use crate::futures::Futures;
use crate::keys::KEYS;
use crate::metrics::Metrics;
use crate::model::{Model, Over};
use crate::text::{clean, fit, fit_right, short, width, wrap};
use crate::theme::Role;
use crate::update::Target;
use crate::why::{Bond, Link};
use oscope_kernel::sched::POLICIES;

/// How many cells the word takes that says how a link hangs on.
const BOND: usize = 11;

/// A line of a window: its text, how it is drawn, and what a click on it chooses.
struct Line {
    text: String,
    role: Role,
    choice: Option<usize>,
}

impl Line {
    fn new(text: String, role: Role) -> Self {
        Self { text, role, choice: None }
    }
}

pub(super) fn draw(model: &Model, over: &Over, pen: &mut Pen<'_>) {
    let words = model.words();
    let wide = pen.width.saturating_sub(6).min(90);
    match over {
        Over::Help(from) => help(model, *from, pen),
        Over::Explain => {
            let lines = explain(model, usize::from(wide) - 4);
            let name = model.lang.view(model.view).name;
            window((name, words.any_key), wide, &lines, 0, pen);
        }
        Over::Why(chain, at) => {
            let lines = why(model, chain, *at, usize::from(wide) - 4);
            let chosen = lines.iter().rposition(|line| line.choice == Some(*at));
            window((words.why, words.choose), wide, &lines, chosen.unwrap_or(0), pen);
        }
        Over::Policies { at, what_if } => {
            let rows = POLICIES.iter().enumerate().map(|(n, policy)| {
                let mark = if n == *at { '>' } else { ' ' };
                let role = if n == *at { Role::Selected } else { Role::Text };
                Line { text: format!("{mark} {policy}"), role, choice: Some(n) }
            });
            let lines: Vec<Line> = rows.collect();
            let title = if *what_if { words.what_if } else { words.which_policy };
            window((title, words.choose), wide.min(52), &lines, *at, pen);
        }
        Over::Futures(futures) => {
            let lines = compare(model, futures);
            window((words.what_if, words.any_key), wide.min(64), &lines, 0, pen);
        }
    }
}

/// A window in the middle of the screen. Of lines that have no room those around `keep` are shown.
fn window((title, foot): (&str, &str), wide: u16, lines: &[Line], keep: usize, pen: &mut Pen<'_>) {
    let room = usize::from(pen.height.saturating_sub(4));
    let first = (keep + 1).saturating_sub(room);
    let shown = lines.iter().skip(first).take(room);
    let rows = u16::try_from(lines.len().min(room)).unwrap_or(0) + 2;
    let (x, y) = ((pen.width - wide) / 2, (pen.height - rows) / 2);
    pen.clear((x, y), (wide, rows));
    let cells = usize::from(wide);
    pen.put(x, y, &fit(&format!("  {title}"), cells), Role::Title);
    for (line, row) in shown.zip(y + 1..) {
        pen.put(x, row, &fit(&format!("  {}", line.text), cells), line.role);
        if let Some(choice) = line.choice {
            pen.zone(row, x..x + wide, Target::Line(choice));
        }
    }
    pen.put(x, y + rows - 1, &fit(&format!("  {foot}"), cells), Role::Title);
}

/// The keys, made from the table: in two columns where there is room.
fn help(model: &Model, from: usize, pen: &mut Pen<'_>) {
    let columns = if pen.width >= 120 { 2 } else { 1 };
    let wide = (62 * columns).min(pen.width);
    let room = usize::from(pen.height.saturating_sub(4));
    let per_column = KEYS.len().div_ceil(usize::from(columns)).min(room);
    let last = KEYS.len().saturating_sub(per_column * usize::from(columns));
    let rows = u16::try_from(per_column).unwrap_or(0) + 2;
    let (x, y) = ((pen.width - wide) / 2, (pen.height - rows) / 2);
    pen.clear((x, y), (wide, rows));
    let words = model.words();
    pen.put(x, y, &fit(&format!("  {}", words.keys), usize::from(wide)), Role::Title);
    let each = wide / columns;
    for (n, binding) in KEYS.iter().skip(from.min(last)).enumerate() {
        let (column, row) = (n / per_column, n % per_column);
        if column >= usize::from(columns) {
            break;
        }
        let at = x + 1 + each * u16::try_from(column).unwrap_or(0);
        let row = y + 1 + u16::try_from(row).unwrap_or(0);
        let mut text = model.lang.key(binding.action).help.to_owned();
        if let crate::keys::Action::Show(view) = binding.action {
            text = format!("{text}: {}", model.lang.view(view).name);
        }
        let next = pen.put(at, row, &fit(&format!(" {}", binding.label), 12), Role::Key);
        pen.put(next, row, &fit(&text, usize::from(each.saturating_sub(14))), Role::Text);
    }
    let more = if last > 0 { "  j k ..." } else { "" };
    let foot = format!("  {}{more}", words.any_key);
    pen.put(x, y + rows - 1, &fit(&foot, usize::from(wide)), Role::Title);
}

fn explain(model: &Model, cells: usize) -> Vec<Line> {
    let words = model.words();
    let mut lines = Vec::new();
    for text in model.lang.view(model.view).about {
        let wrapped = wrap(text, cells).into_iter();
        lines.extend(wrapped.map(|line| Line::new(line, Role::Text)));
    }
    lines.push(Line::new(String::new(), Role::Text));
    lines.push(Line::new(words.glossary.to_owned(), Role::Heading));
    for (term, meaning) in words.terms {
        lines.push(Line::new(format!("{}{meaning}", fit(term, 15)), Role::Text));
    }
    lines
}

/// The chain of events, the answer first; every sentence can be gone to.
fn why(model: &Model, chain: &[Link], at: usize, cells: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    for (n, link) in chain.iter().enumerate() {
        let bond = link.bond.word(model.lang);
        let head = format!("{:>12}  {}", link.time.to_string(), fit(bond, BOND));
        let indent = width(&head) + 2;
        let told = wrap(&clean(&link.text), cells.saturating_sub(indent).max(1));
        for (row, part) in told.into_iter().enumerate() {
            let mark = if n == at && row == 0 { ">" } else { " " };
            let text = if row == 0 {
                format!("{mark} {head}{part}")
            } else {
                format!("{}{part}", " ".repeat(indent))
            };
            let role = match link.bond {
                _ if n == at => Role::Selected,
                Bond::Now => Role::Caption,
                _ => Role::Text,
            };
            lines.push(Line { text, role, choice: Some(n) });
        }
    }
    lines.push(Line::new(format!("  {}", model.words().first_cause), Role::Faint));
    lines
}

/// Both futures side by side.
fn compare(model: &Model, futures: &Futures) -> Vec<Line> {
    let words = model.words();
    let cell = |text: &str| fit_right(text, 15);
    let ((left, a), (right, b)) = (&futures.left, &futures.right);
    let heading = format!("{}{}{}", fit("", 20), cell(left), cell(right));
    let mut lines = vec![Line::new(heading, Role::Heading)];
    let (a, b) = (figures(a), figures(b));
    for ((name, a), b) in words.future_rows.iter().zip(a).zip(b) {
        let differs = if a == b { Role::Faint } else { Role::Text };
        lines.push(Line::new(format!("{}{}{}", fit(name, 20), cell(&a), cell(&b)), differs));
    }
    lines.push(Line::new(String::new(), Role::Text));
    let told = match futures.differs {
        Some(time) => format!("{} {time}.", words.first_difference),
        None => words.no_difference.to_owned(),
    };
    lines.push(Line::new(told, Role::Caption));
    lines
}

fn figures(metrics: &Metrics) -> [String; 8] {
    [
        metrics.ended.to_string(),
        short(metrics.turnaround),
        short(metrics.response),
        short(metrics.wait),
        format!("{:.1} %", metrics.utilisation * 100.0),
        format!("{:.3}", metrics.fairness),
        metrics.switches.to_string(),
        metrics.migrations.to_string(),
    ]
}
