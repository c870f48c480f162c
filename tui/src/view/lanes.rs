//! Lanes: time runs from left to right, one row per CPU, then one row per task.

use super::pen::Pen;
use super::{colour, glyph};
use crate::model::{MachineModel, Model, SCALES};
use crate::narrate;
use crate::text::{fit_right, width};
use crate::theme::Role;
use crate::trace::Track;
use oscope_kernel::base::{Duration, Serial, Time};

/// Cells left of the lanes, for names, and right of them, for states.
const LEFT: u16 = 15;
const RIGHT: u16 = 17;
/// Columns of the future that are kept in sight.
const AHEAD: u64 = 6;

/// Which stretch of time the lanes show.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// The first column, counted from the start of the run.
    first: u64,
    /// The column of the moment.
    head: u64,
    /// How many columns there are.
    columns: u16,
    scale: Duration,
}

impl Window {
    pub(super) fn new(model: &Model, screen: u16) -> Self {
        let columns = screen.saturating_sub(LEFT + RIGHT);
        let scale = model.column();
        let head = model.now.0.saturating_sub(1) / scale.0;
        let room = u64::from(columns).saturating_sub(AHEAD + 2);
        Self { first: head.saturating_sub(room), head, columns, scale }
    }

    fn start(&self) -> Time {
        Time(self.first * self.scale.0)
    }

    /// The columns of the past, with the time that each stands for.
    fn past(&self, now: Time) -> impl Iterator<Item = (u16, Time, Time)> + use<> {
        let (first, scale) = (self.first, self.scale.0);
        (first..=self.head).zip(LEFT..).map(move |(column, x)| {
            let from = Time(column * scale);
            (x, from, (from + Duration(scale)).min(now))
        })
    }

    fn playhead(&self) -> u16 {
        // The window keeps the head within the columns.
        LEFT + u16::try_from(self.head - self.first + 1).unwrap_or(0)
    }

    fn end(&self) -> u16 {
        LEFT + self.columns
    }
}

/// The tasks that have a lane: those that were alive at some time in the window, and the chosen one.
pub(super) fn visible<'a>(model: &Model, machine: &'a MachineModel, screen: u16) -> Vec<&'a Track> {
    let start = Window::new(model, screen).start();
    let tasks = machine.trace.tasks(model.now).iter();
    tasks
        .filter(|track| {
            machine.selected == Some(track.serial)
                || track.ended(model.now).is_none_or(|end| end > start)
        })
        .collect()
}

/// Times above the lanes.
pub(super) fn axis(model: &Model, window: &Window, y: u16, pen: &mut Pen<'_>) {
    let fits = |scale: &&Duration| scale.0 >= window.scale.0 * 8;
    let step = SCALES.iter().find(fits).copied();
    let step = step.unwrap_or(Duration(window.scale.0.saturating_mul(10)));
    let (unit, size) = match step.0 {
        0..1_000 => ("ns", 1),
        1_000..1_000_000 => ("us", 1_000),
        1_000_000..1_000_000_000 => ("ms", 1_000_000),
        _ => ("s", 1_000_000_000),
    };
    pen.put(0, y, &fit_right(unit, usize::from(LEFT) - 1), Role::Faint);
    let head = u64::from(window.playhead());
    let mut time = window.start().0.div_ceil(step.0).saturating_mul(step.0);
    loop {
        let column = time / window.scale.0 - window.first;
        let x = u64::from(LEFT) + column;
        let label = format!("'{}", time / size);
        if x + label.len() as u64 > u64::from(window.end()) {
            break;
        }
        let known = time < model.now.0;
        let role = if known { Role::Text } else { Role::Faint };
        let touches = x <= head + 3 && x + label.len() as u64 >= head;
        if !touches {
            pen.put(u16::try_from(x).unwrap_or(u16::MAX), y, &label, role);
        }
        let Some(next) = time.checked_add(step.0) else {
            break;
        };
        time = next;
    }
    pen.put(window.playhead(), y, "now", Role::Playhead);
}

/// The lanes of the CPUs.
pub(super) fn cpus(
    model: &Model,
    machine: &MachineModel,
    window: &Window,
    (top, rows): (u16, u16),
    pen: &mut Pen<'_>,
) {
    let trace = &machine.trace;
    for (cpu, y) in (0..trace.cpus()).zip(top..top + rows) {
        let more = trace.cpus() - cpu;
        if y + 1 == top + rows && more > 1 {
            let text = format!("  and {more} more CPUs");
            pen.put(0, y, &text, Role::Faint);
            break;
        }
        pen.put(0, y, &format!("  cpu{cpu}"), Role::Heading);
        for (x, from, to) in window.past(model.now) {
            // The newest column shows what is true now, however short.
            let serial = if to == model.now {
                trace.holder(cpu, model.now)
            } else {
                trace.mostly(cpu, from, to)
            };
            match trace.track(serial) {
                Some(track) => pen.cell(x, y, track.letter, Role::Run(colour(track))),
                None => pen.cell(x, y, '-', Role::Idle),
            }
        }
        cover(model, window, y, '?', pen);
        let holder = trace.holder(cpu, model.now);
        let text = match trace.track(holder) {
            Some(track) => format!("{} {}", track.letter, track.name(model.now)),
            None => "idle".to_owned(),
        };
        let role = role_of(machine, holder);
        pen.field((window.end() + 1, y), &text, RIGHT - 2, role);
    }
}

fn role_of(machine: &MachineModel, serial: Serial) -> Role {
    if machine.selected == Some(serial) { Role::Selected } else { Role::Text }
}

/// The playhead, and the future behind it.
fn cover(model: &Model, window: &Window, y: u16, glyph: char, pen: &mut Pen<'_>) {
    let head = window.playhead();
    pen.cell(head, y, pen.bar, Role::Playhead);
    for (at, x) in (head + 1..window.end()).enumerate() {
        let time = (window.head + 1 + at as u64).saturating_mul(window.scale.0);
        if time < model.until.0 && at % 3 == 1 {
            pen.cell(x, y, glyph, Role::Covered);
        }
    }
}

/// The lanes of the tasks; returns how many had no room.
pub(super) fn tasks(
    model: &Model,
    machine: &MachineModel,
    window: &Window,
    (tasks, (top, rows)): (&[&Track], (u16, u16)),
    pen: &mut Pen<'_>,
) -> usize {
    if tasks.is_empty() {
        let text = "no task is alive in this stretch of time";
        pen.put(LEFT, top, text, Role::Faint);
    }
    let rows = usize::from(rows);
    let chosen = tasks.iter().position(|track| machine.selected == Some(track.serial));
    let first = chosen.map_or(0, |at| (at + 1).saturating_sub(rows));
    for (track, y) in tasks.iter().skip(first).take(rows).zip(top..) {
        let doing = track.doing(model.now);
        let is_chosen = machine.selected == Some(track.serial);
        let mark = if is_chosen { '>' } else { ' ' };
        let label = format!("{mark} {} {}", track.letter, track.name(model.now));
        let role = role_of(machine, track.serial);
        pen.field((0, y), &label, LEFT - 1, role);
        for (x, from, to) in window.past(model.now) {
            let what = if to == model.now {
                doing
            } else if to <= track.born {
                None
            } else {
                track.mostly(from, to)
            };
            let (glyph, role) = glyph(track, what);
            pen.cell(x, y, glyph, role);
        }
        cover(model, window, y, ' ', pen);
        let state = narrate::state(doing);
        pen.field((window.end() + 1, y), &state, RIGHT - 2, role);
    }
    tasks.len().saturating_sub(rows)
}

/// What the glyphs mean.
pub(super) fn legend(hidden: usize, y: u16, pen: &mut Pen<'_>) {
    let mut x = 2;
    if hidden > 0 {
        let more = format!("+{hidden} more (Down)");
        x = pen.put(x, y, &more, Role::Heading) + 2;
    }
    x = x.max(LEFT);
    let parts = [
        ("A", "has a CPU", Role::Run(0)),
        (".", "ready", Role::Ready),
        ("d", "disk", Role::Disk),
        ("s", "timer", Role::Asleep),
        ("w", "other wait", Role::Asleep),
        ("-", "idle", Role::Idle),
    ];
    for (glyph, words, role) in parts {
        let length = 3 + width(words);
        if usize::from(x) + length > usize::from(pen.width) {
            break;
        }
        x = pen.put(x, y, glyph, role);
        x = pen.put(x, y, &format!(" {words}   "), Role::Faint);
    }
}
