//! What every task has got so far; on tall screens, also what happened before the newest change.

use super::pen::Pen;
use crate::model::{MachineModel, Model};
use crate::narrate;
use crate::text::{fit, fit_right, short};
use crate::theme::Role;
use crate::trace::{Doing, Track};

/// The heading of each column, and its width.
const COLUMNS: [(&str, usize); 5] =
    [("ran", 10), ("in queue", 11), ("asleep", 11), ("first ran after", 17), ("times on", 10)];

pub(super) fn draw(
    model: &Model,
    machine: &MachineModel,
    (top, rows): (u16, u16),
    pen: &mut Pen<'_>,
) {
    if rows < 2 {
        return;
    }
    pen.rule(top, "so far", "");
    let mut x = 15;
    for (name, width) in COLUMNS {
        let text = fit_right(&format!(" {name}"), width);
        let blank = text.len() - text.trim_start().len();
        let at = x + u16::try_from(blank.saturating_sub(1)).unwrap_or(0);
        x += u16::try_from(width).unwrap_or(0);
        pen.put(at, top, &format!(" {} ", text.trim_start()), Role::Text);
    }
    let room = usize::from(rows - 1);
    for (track, y) in order(model, machine, room).into_iter().zip(top + 1..) {
        row(model, machine, track, y, pen);
    }
}

/// Everybody in order if there is room; else the chosen one and those that run come first.
fn order<'a>(model: &Model, machine: &'a MachineModel, room: usize) -> Vec<&'a Track> {
    let mut tasks: Vec<&Track> = machine.trace.tasks(model.now).iter().collect();
    if tasks.len() > room {
        tasks.sort_by_key(|track| match track.doing(model.now) {
            _ if machine.selected == Some(track.serial) => 0,
            Some(Doing::Run(_)) => 1,
            Some(Doing::Ended(_)) | None => 3,
            _ => 2,
        });
        tasks.truncate(room);
        tasks.sort_by_key(|track| track.serial);
    }
    tasks
}

fn row(model: &Model, machine: &MachineModel, track: &Track, y: u16, pen: &mut Pen<'_>) {
    let spent = track.spent(model.now);
    let first = track.first_ran(model.now).map_or("-".to_owned(), short);
    let cells = [
        short(spent.ran),
        short(spent.queued),
        short(spent.slept),
        first,
        spent.switches.to_string(),
    ];
    let mut text = fit(&format!("  {} {}", track.letter, track.name(model.now)), 15);
    for (cell, (_, width)) in cells.iter().zip(COLUMNS) {
        text.push_str(&fit_right(cell, width));
    }
    let chosen = machine.selected == Some(track.serial);
    let role = if chosen { Role::Selected } else { Role::Text };
    pen.put(0, y, &text, role);
}

/// The visible changes before the newest one, as many as have room.
pub(super) fn lately(
    model: &Model,
    machine: &MachineModel,
    (top, rows): (u16, u16),
    pen: &mut Pen<'_>,
) {
    if rows < 2 {
        return;
    }
    pen.rule(top, "before that", "newest first");
    let steps = machine.trace.steps.until(model.now).skip(1);
    let room = usize::from(pen.width.saturating_sub(3));
    for (step, y) in steps.zip(top + 1..top + rows) {
        let told = narrate::tell(&machine.trace, step);
        pen.put(2, y, &fit(&told, room), Role::Text);
    }
}
