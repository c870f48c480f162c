//! Lanes: time runs from left to right, one row per CPU, then one row per task.

use super::pen::Pen;
use super::{colour, glyph};
use crate::model::{MachineModel, Model, SCALES};
use crate::narrate;
use crate::text::{fit_right, round, width};
use crate::theme::Role;
use crate::trace::Track;
use crate::update::Target;
use oscope_kernel::base::{Duration, Serial, Time};

/// Cells left of the lanes, for names, and right of them, for states.
const LEFT: u16 = 15;
const RIGHT: u16 = 17;
/// Columns of the future that are kept in sight.
const AHEAD: u64 = 6;

/// An idle stretch of at least so many columns is folded into [`FOLDED`].
const LONG: u64 = 28;
const FOLDED: u64 = 14;

/// A column of the past.
#[derive(Clone, Copy, Debug)]
struct Column {
    from: Time,
    to: Time,
    /// It is part of a folded stretch; the first one knows how long that is.
    folded: Option<Option<Duration>>,
}

/// Which stretch of time the lanes show: columns of equal length up to the moment, the future behind it.
#[derive(Clone, Debug)]
pub(super) struct Window {
    past: Vec<Column>,
    /// The first moment of the first column of the future.
    ahead: u64,
    columns: u16,
    scale: Duration,
}

impl Window {
    pub(super) fn new(model: &Model, machine: &MachineModel, screen: u16) -> Self {
        let columns = screen.saturating_sub(LEFT + RIGHT);
        let scale = model.column();
        let head = model.now.0.saturating_sub(1) / scale.0;
        let room = u64::from(columns).saturating_sub(AHEAD + 2).max(1);
        let mut past = vec![Column { from: Time(head * scale.0), to: model.now, folded: None }];
        let mut edge = head;
        while edge > 0 && (past.len() as u64) < room {
            let left = room - past.len() as u64;
            let end = Time(edge * scale.0);
            let idle = machine.trace.idle_since(end).filter(|_| !model.true_time && left >= FOLDED);
            let start = idle.map_or(edge, |since| since.0.div_ceil(scale.0) + 1);
            if edge.saturating_sub(start) >= LONG {
                let from = Time(start * scale.0);
                let part = Column { from, to: end, folded: Some(None) };
                past.extend((1..FOLDED).map(|_| part));
                past.push(Column { folded: Some(Some(end.since(from))), ..part });
                edge = start;
            } else {
                let from = Time((edge - 1) * scale.0);
                past.push(Column { from, to: end, folded: None });
                edge -= 1;
            }
        }
        past.reverse();
        Self { past, ahead: head.saturating_add(1).saturating_mul(scale.0), columns, scale }
    }

    pub(super) fn start(&self) -> Time {
        self.past.first().map_or(Time::ZERO, |column| column.from)
    }

    /// The columns of the past that are not folded, with the time that each stands for.
    fn past(&self) -> impl Iterator<Item = (u16, Time, Time)> + '_ {
        let columns = self.past.iter().zip(LEFT..);
        columns.filter(|(c, _)| c.folded.is_none()).map(|(c, x)| (x, c.from, c.to))
    }

    /// Where folded stretches begin, and how long they are.
    fn folds(&self) -> impl Iterator<Item = (u16, Duration)> + '_ {
        self.past.iter().zip(LEFT..).filter_map(|(c, x)| Some((x, c.folded??)))
    }

    fn playhead(&self) -> u16 {
        // There are never more columns than the screen has.
        LEFT + u16::try_from(self.past.len()).unwrap_or(0)
    }

    fn end(&self) -> u16 {
        LEFT + self.columns
    }
}

/// The tasks that have a lane: those that were alive at some time in the window, and the chosen one.
pub(super) fn visible<'a>(
    model: &Model,
    machine: &'a MachineModel,
    window: &Window,
) -> Vec<&'a Track> {
    let start = window.start();
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
    let head = window.playhead();
    let mut free = LEFT;
    for (x, from, to) in window.past() {
        let time = from.0.div_ceil(step.0).saturating_mul(step.0);
        let label = format!("'{}", time / size);
        let length = u16::try_from(label.len()).unwrap_or(0);
        if (time < to.0 || time == from.0) && x >= free && x + length < head {
            pen.put(x, y, &label, Role::Text);
            free = x + length + 1;
        }
    }
    let words = model.words();
    let x = pen.put(head, y, words.now, Role::Playhead);
    let text = format!("? {}", words.covered);
    pen.field((x.max(window.end()) + 1, y), &text, RIGHT - 2, Role::Covered);
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
        for (x, from, to) in window.past() {
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
        for (x, length) in window.folds() {
            let text = crate::text::fit(&format!("~~ {} ~~", round(length)), FOLDED as usize - 1);
            pen.put(x, y, &text, Role::Idle);
        }
        cover(model, window, y, '?', pen);
        let holder = trace.holder(cpu, model.now);
        let text = match trace.track(holder) {
            Some(track) => format!("{} {}", track.tag, track.name(model.now)),
            None => model.words().idle.to_owned(),
        };
        let role = role_of(machine, holder);
        pen.field((window.end() + 1, y), &text, RIGHT - 2, role);
        pen.zone(y, window.end()..pen.width, Target::Task(holder));
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
        let time = window.ahead.saturating_add((at as u64).saturating_mul(window.scale.0));
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
        pen.put(LEFT, top, model.words().no_task, Role::Faint);
    }
    let rows = usize::from(rows);
    let chosen = tasks.iter().position(|track| machine.selected == Some(track.serial));
    let first = chosen.map_or(0, |at| (at + 1).saturating_sub(rows));
    for (track, y) in tasks.iter().skip(first).take(rows).zip(top..) {
        let doing = track.doing(model.now);
        let is_chosen = machine.selected == Some(track.serial);
        let mark = if is_chosen { '>' } else { ' ' };
        let label = format!("{mark} {} {}", track.tag, track.name(model.now));
        let role = role_of(machine, track.serial);
        pen.field((0, y), &label, LEFT - 1, role);
        for (x, from, to) in window.past() {
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
        let state = narrate::state(model.lang, doing);
        pen.field((window.end() + 1, y), &state, RIGHT - 2, role);
        pen.zone(y, 0..pen.width, Target::Task(track.serial));
    }
    tasks.len().saturating_sub(rows)
}

/// A row per program: how many of its tasks want a CPU, in glyphs from few to many.
pub(super) fn density(
    model: &Model,
    machine: &MachineModel,
    window: &Window,
    (top, rows): (u16, u16),
    pen: &mut Pen<'_>,
) {
    const GLYPHS: [char; 8] = ['.', ':', '-', '=', '+', '*', '#', '@'];
    let programs = machine.trace.density.programs();
    for ((name, program), y) in programs.into_iter().zip(top..top + rows) {
        let label = format!("  {name} x{}", program.tasks);
        pen.field((0, y), &label, LEFT - 1, Role::Heading);
        let most = program.most(Time::ZERO, model.now).max(1);
        for (x, from, to) in window.past() {
            let level = program.most(from, to);
            // The more of all, the denser the glyph; one alone is still seen.
            let at = (u64::from(level) * GLYPHS.len() as u64).div_ceil(u64::from(most));
            let glyph = usize::try_from(at).ok().and_then(|at| GLYPHS.get(at.checked_sub(1)?));
            pen.cell(x, y, glyph.copied().unwrap_or(' '), Role::Ready);
        }
        cover(model, window, y, ' ', pen);
        let now = program.most(Time(model.now.0.saturating_sub(1)), model.now);
        pen.field((window.end() + 1, y), &format!("{now}"), RIGHT - 2, Role::Ready);
    }
}

/// What the glyphs mean, and how much time a column is.
pub(super) fn legend(model: &Model, hidden: usize, y: u16, pen: &mut Pen<'_>) {
    let words = model.words();
    let scale = format!("{} {}", words.column, round(model.column()));
    let right = pen.width.saturating_sub(u16::try_from(width(&scale)).unwrap_or(0) + 1);
    pen.put(right, y, &scale, Role::Text);
    let mut x = 2;
    if hidden > 0 {
        let more = format!("+{hidden} {}", words.hidden);
        x = pen.put(x, y, &more, Role::Heading) + 2;
    }
    let parts = [
        ("A", Role::Run(0)),
        (".", Role::Ready),
        ("d", Role::Disk),
        ("s", Role::Asleep),
        ("w", Role::Asleep),
        ("-", Role::Idle),
    ];
    for ((glyph, role), words) in parts.into_iter().zip(words.legend) {
        let length = 3 + width(words);
        if usize::from(x) + length > usize::from(right) {
            break;
        }
        x = pen.put(x, y, glyph, role) + 1;
        x = pen.put(x, y, words, Role::Faint) + 2;
    }
}
