//! The script view: its lines, how each stands, and below what the tasks have got so far.

use super::pen::Pen;
use super::table;
use crate::model::{MachineModel, Model, ScriptModel};
use crate::script::Standing;
use crate::text::{clean, fit, fit_right};
use crate::theme::Role;

/// Draws the view between two rows.
pub(super) fn draw(
    model: &Model,
    machine: &MachineModel,
    (top, rows): (u16, u16),
    pen: &mut Pen<'_>,
) {
    let Some(script) = &model.script else { return };
    let below = if rows < 14 { 0 } else { (rows / 3).min(10) };
    let above = rows - below;
    let words = model.words();
    let wrong = script.picture.lines.iter().filter(|s| matches!(s, Standing::Wrong { .. })).count();
    let told = if wrong == 0 { String::new() } else { format!("{wrong} {}", words.wrong_lines) };
    pen.rule(top, words.script, &told);
    lines(model, script, (top + 1, above - 1), pen);
    if below > 0 {
        table::draw(model, machine, (top + above, below), pen);
    }
}

/// A row of the list: a line of the script, or what was expected of it, or what happened.
enum Row<'m> {
    Line(usize),
    Told(&'static str, &'m str, Role),
}

fn lines(model: &Model, script: &ScriptModel, (top, rows): (u16, u16), pen: &mut Pen<'_>) {
    let words = model.words();
    let mut all: Vec<Row<'_>> = Vec::new();
    let mut focus = 0;
    for at in 0..script.lines.len() {
        if script.picture.current == Some(at) {
            focus = all.len();
        }
        all.push(Row::Line(at));
        match script.picture.lines.get(at) {
            Some(Standing::Wrong { expected, actual }) => {
                all.push(Row::Told(words.expected, expected, Role::Text));
                all.push(Row::Told(words.happened, actual, Role::Wrong));
            }
            Some(Standing::Skipped(why)) => all.push(Row::Told("", why, Role::Faint)),
            _ => {}
        }
    }
    let rows = usize::from(rows);
    // The current line has room below it, so that one sees what comes.
    let from = (focus + rows / 2 + 1).saturating_sub(rows).min(all.len().saturating_sub(rows));
    for (row, y) in all.iter().skip(from).take(rows).zip(top..) {
        match row {
            Row::Line(at) => line(model, script, *at, y, pen),
            Row::Told(label, text, role) => {
                let x = pen.put(10, y, label, Role::Faint) + 1;
                let room = usize::from(pen.width.saturating_sub(x));
                pen.put(x, y, &fit(&clean(text), room), *role);
            }
        }
    }
}

fn line(model: &Model, script: &ScriptModel, at: usize, y: u16, pen: &mut Pen<'_>) {
    let text = script.lines.get(at).map_or("", String::as_str);
    let standing = script.picture.lines.get(at).cloned().unwrap_or_default();
    let (mark, role) = match (&standing, model.ascii) {
        (Standing::Right, false) => ("✓", Role::Text),
        (Standing::Right, true) => ("+", Role::Text),
        (Standing::Wrong { .. }, false) => ("✗", Role::Wrong),
        (Standing::Wrong { .. }, true) => ("x", Role::Wrong),
        (Standing::Now, _) => ("~", Role::Caption),
        (Standing::Skipped(_), _) => ("?", Role::Faint),
        (Standing::Ahead | Standing::Quiet, _) => (" ", Role::Faint),
    };
    let is_current = script.picture.current == Some(at);
    let cursor = if is_current { ">" } else { " " };
    let number = fit_right(&(at + 1).to_string(), 5);
    let x = pen.put(0, y, cursor, Role::Heading);
    let x = pen.put(x, y, &number, Role::Faint) + 1;
    let x = pen.put(x, y, mark, role) + 1;
    let room = usize::from(pen.width.saturating_sub(x));
    let role = if is_current { Role::Selected } else { role };
    pen.put(x, y, &fit(&clean(text), room), role);
}
