//! What every task has got so far; on tall screens, also what happened before the newest change.

use super::pen::Pen;
use crate::metrics;
use crate::model::{MachineModel, Model};
use crate::narrate;
use crate::text::{fit, fit_right, short, width};
use crate::theme::Role;
use crate::trace::{Doing, Track};
use crate::update::Target;
use oscope_kernel::base::Duration;

/// The width of each column.
const COLUMNS: [usize; 7] = [9, 10, 9, 11, 10, 7, 11];
/// Where they begin.
const LEFT: u16 = 13;

pub(super) fn draw(
    model: &Model,
    machine: &MachineModel,
    (top, rows): (u16, u16),
    pen: &mut Pen<'_>,
) {
    if rows < 2 {
        return;
    }
    let words = model.words();
    pen.rule(top, words.so_far, "");
    let mut x = LEFT;
    for (name, cells) in words.columns.into_iter().zip(COLUMNS) {
        let text = fit_right(name, cells);
        let blank = text.len() - text.trim_start().len();
        let at = x + u16::try_from(blank.saturating_sub(1)).unwrap_or(0);
        x += u16::try_from(cells).unwrap_or(0);
        if x > pen.width {
            break;
        }
        pen.put(at, top, &format!(" {} ", text.trim_start()), Role::Text);
    }
    let room = usize::from(rows - 2);
    for (track, y) in order(model, machine, room).into_iter().zip(top + 1..) {
        row(model, machine, track, y, pen);
    }
    figures(model, machine, top + rows - 1, pen);
}

/// The machine as a whole.
fn figures(model: &Model, machine: &MachineModel, y: u16, pen: &mut Pen<'_>) {
    let metrics = metrics::of(&machine.trace, model.now);
    let [busy, ended, fairness, switches] = model.words().figures;
    let parts = [
        (busy, format!("{:.1} %", metrics.utilisation * 100.0)),
        (ended, format!("{:.1}", metrics.throughput)),
        (fairness, format!("{:.2}", metrics.fairness)),
        (switches, metrics.switches.to_string()),
    ];
    let mut x = 2;
    for (name, value) in parts {
        x = pen.put(x, y, name, Role::Faint) + 1;
        x = pen.put(x, y, &value, Role::Heading) + 3;
    }
}

/// Everybody in order if there is room; else the chosen one and those that run come first.
fn order<'a>(model: &Model, machine: &'a MachineModel, room: usize) -> Vec<&'a Track> {
    let mut tasks: Vec<&Track> = machine.trace.tasks(model.now).iter().collect();
    if tasks.len() > room {
        tasks.sort_by_cached_key(|track| match track.doing(model.now) {
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
    let or_none = |length: Option<Duration>| length.map_or("-".to_owned(), short);
    let turnaround = track.ended(model.now).map(|end| end.since(track.born));
    let cells = [
        short(spent.ran),
        short(spent.queued),
        short(spent.slept),
        or_none(track.first_ran(model.now)),
        spent.switches.to_string(),
        spent.migrations.to_string(),
        or_none(turnaround),
    ];
    let chosen = machine.selected == Some(track.serial);
    let role = if chosen { Role::Selected } else { Role::Text };
    let label = format!("  {} {}", track.tag, track.name(model.now));
    let mut text = fit(&label, usize::from(LEFT));
    for (cell, cells) in cells.iter().zip(COLUMNS) {
        if width(&text) + cells > usize::from(pen.width) {
            break;
        }
        text.push_str(&fit_right(cell, cells));
    }
    pen.put(0, y, &text, role);
    pen.zone(y, 0..pen.width, Target::Task(track.serial));
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
    pen.rule(top, model.words().before_that, model.words().newest_first);
    let steps = machine.trace.steps.until(model.now).skip(1);
    let room = usize::from(pen.width.saturating_sub(3));
    for (step, y) in steps.zip(top + 1..top + rows) {
        let told = narrate::tell(model.lang, &machine.trace, step);
        pen.put(2, y, &fit(&told, room), Role::Text);
    }
}
