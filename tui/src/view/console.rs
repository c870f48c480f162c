//! The console: what a terminal at the machine's serial port shows, cell by cell.

use super::pen::Pen;
use crate::model::Model;
use crate::theme::Role;

/// From so many columns on there is room for who is in the foreground.
const WIDE: u16 = 100;

pub(super) fn draw(model: &Model, (top, rows): (u16, u16), pen: &mut Pen<'_>) {
    let words = model.lang.console();
    let Some(console) = model.console() else {
        pen.rule(top, words.heading, "");
        return;
    };
    let how = match (model.grabbed, console.has_session) {
        (true, _) => words.grabbed,
        (false, true) => words.enter,
        (false, false) => words.start,
    };
    let heading = match console.foreground.as_ref().filter(|_| pen.width >= WIDE) {
        Some(name) => format!("{}  {} {name}", words.heading, words.foreground),
        None => words.heading.to_owned(),
    };
    pen.rule(top, &heading, how);
    // The rows that end with the cursor's, or with the last one that says something.
    let last = console.lines.iter().rposition(|line| !line.is_empty()).map_or(0, |at| at + 1);
    let end = last.max(usize::from(console.cursor.0) + 1);
    let first = end.saturating_sub(usize::from(rows.saturating_sub(1)));
    for (y, line) in (top + 1..top + rows).zip(console.lines.iter().skip(first)) {
        pen.put(0, y, line, Role::Text);
    }
    let row = usize::from(console.cursor.0).saturating_sub(first);
    let y = top + 1 + u16::try_from(row).unwrap_or(rows);
    if y < top + rows && console.cursor.1 < pen.width {
        let role = if model.grabbed { Role::Playhead } else { Role::Selected };
        let under = console.lines.get(first + row);
        let under = under.and_then(|line| line.chars().nth(usize::from(console.cursor.1)));
        pen.cell(console.cursor.1, y, under.unwrap_or(' '), role);
    }
}
