//! The memory view: who sees which frames, the map of all frames, free blocks, faults over time.
//!
//! A letter says who; small letters and signs say what a frame is. Two cells of a row that are joined by `===` see
//! the very same frames: the frame is counted once, and the line goes to all who see it.

use super::colour;
use super::pen::Pen;
use super::{memory_blocks, memory_space};
use crate::memory::{Mark, MemoryPicture, Row, RowKind};
use crate::model::{MachineModel, Model};
use crate::text::{fit, fit_right, width};
use crate::theme::Role;
use crate::trace::{Seen, Track};
use crate::update::Target;
use oscope_kernel::base::Time;
use oscope_kernel::event::{Event, MemoryEvent, Repair};
use oscope_kernel::machine::SpaceView;

/// Where the columns of the sharing map begin.
const COLUMNS: u16 = 28;
/// The narrowest and the widest column.
const COLUMN: std::ops::RangeInclusive<u16> = 8..=16;
/// From so many rows on, everything is shown at once.
const TALL: u16 = 30;

/// What the parts need to know.
pub(super) struct Look<'a> {
    pub(super) model: &'a Model,
    pub(super) machine: &'a MachineModel,
    pub(super) picture: &'a MemoryPicture,
}

impl<'a> Look<'a> {
    /// The first thread of a space, which gives it its letter and colour.
    pub(super) fn head(&self, space: &SpaceView) -> Option<&'a Track> {
        space.threads.iter().find_map(|serial| self.machine.trace.track(*serial))
    }

    /// The space of the chosen task.
    fn chosen(&self) -> Option<usize> {
        let track = self.machine.trace.track(self.machine.selected?)?;
        self.picture.space_of(track.pid)
    }

    /// The newest page fault.
    fn newest(&self) -> Option<&'a Seen> {
        let is_fault =
            |seen: &&Seen| matches!(seen.record.event, Event::Memory(MemoryEvent::Fault { .. }));
        self.machine.trace.log(self.model.now).iter().rev().find(is_fault)
    }
}

pub(super) fn draw(
    model: &Model,
    machine: &MachineModel,
    (top, rows): (u16, u16),
    pen: &mut Pen<'_>,
) {
    let words = model.lang.memory();
    let Some(picture) = model.memory() else {
        pen.rule(top, words.sharing, "");
        pen.put(2, top + 2, words.nothing, Role::Faint);
        return;
    };
    let look = Look { model, machine, picture };
    let end = top + rows;
    let chosen = look.chosen();
    let is_tall = rows >= TALL;
    // Without a choice a low screen has the maps; with one, that space and the way through its tables.
    let wanted = u16::try_from(picture.rows.len()).unwrap_or(u16::MAX / 2).max(1) + 3;
    let most = match (is_tall, chosen) {
        (true, _) => rows / 3,
        (false, None) => rows.saturating_sub(7),
        (false, Some(_)) => rows / 3 + 1,
    };
    let mut y = sharing(&look, (top, wanted.min(most.max(4))), pen);
    if is_tall || chosen.is_none() {
        // Whole blocks are more than their frames.
        let strip = if picture.partitions.is_some() { 6 } else { 0 };
        let left = end.saturating_sub(y + strip);
        let height = if is_tall { rows / 4 } else { left };
        y = frames(&look, (y, height), pen);
    }
    let space = chosen.or(is_tall.then_some(0));
    if let Some(at) = space.filter(|_| end.saturating_sub(y) >= 7) {
        let left = end - y;
        let height = if is_tall { (left / 2).max(7) } else { left - 5 };
        y = memory_space::areas(&look, at, (y, height), pen);
        y = memory_space::walk(&look, at, (y, end - y), pen);
    }
    if let Some(partitions) = &picture.partitions
        && end.saturating_sub(y) >= 4
    {
        y = memory_blocks::draw(&look, partitions, (y, end - y), pen);
    }
    if end.saturating_sub(y) >= 3 {
        y = holes(&look, y, pen);
    }
    if end.saturating_sub(y) >= 4 {
        over_time(&look, y, pen);
    }
}

/// The sharing map. Returns the row after it.
fn sharing(look: &Look<'_>, (top, rows): (u16, u16), pen: &mut Pen<'_>) -> u16 {
    let words = look.model.lang.memory();
    let picture = look.picture;
    pen.rule(top, words.sharing, words.bond);
    let room = pen.width.saturating_sub(COLUMNS);
    let count = u16::try_from(picture.spaces.len().max(1)).unwrap_or(u16::MAX);
    let cells = (room / count).clamp(*COLUMN.start(), *COLUMN.end());
    let fits = usize::from(room / cells).max(1);
    // The chosen space is always among those that are shown.
    let first = look.chosen().map_or(0, |at| (at + 1).saturating_sub(fits));
    let shown = first..picture.spaces.len().min(first + fits);
    pen.field((1, top + 1), words.column, 18, Role::Faint);
    pen.put(20, top + 1, &fit_right(words.frames, 7), Role::Faint);
    let more = picture.hidden + picture.spaces.len() - shown.len();
    if more > 0 {
        pen.put(1, top + 2, &format!("{} {more}", words.more), Role::Faint);
    }
    for (at, x) in shown.clone().zip((COLUMNS..).step_by(usize::from(cells))) {
        if let Some(space) = picture.spaces.get(at) {
            column(look, space, (x, top + 1, cells), pen);
        }
    }
    let mut y = top + 3;
    let newest = look.newest().and_then(|seen| {
        let track = look.machine.trace.track(seen.record.stamp.thread)?;
        picture.space_of(track.pid)
    });
    for row in picture.rows.iter().take(usize::from(rows.saturating_sub(3))) {
        label(look, row, y, pen);
        for (at, x) in shown.clone().zip((COLUMNS..).step_by(usize::from(cells))) {
            let last = at + 1 == shown.end;
            cell(row, (at, newest), (x, y, if last { 5 } else { cells }), pen);
        }
        y += 1;
    }
    y
}

/// Over a column: who it is, and who else is in it.
fn column(look: &Look<'_>, space: &SpaceView, (x, y, cells): (u16, u16, u16), pen: &mut Pen<'_>) {
    let Some(head) = look.head(space) else { return };
    let words = look.model.lang.memory();
    let after = pen.put(x, y, &head.tag, Role::Run(colour(head)));
    let name = head.name(look.model.now);
    let left = (x + cells).saturating_sub(after + 2);
    let chosen = look.machine.selected == Some(head.serial);
    let role = if chosen { Role::Selected } else { Role::Text };
    pen.put(after + 1, y, fit(name, usize::from(left)).trim_end(), role);
    pen.zone(y, x..x + cells, Target::Task(head.serial));
    let tracks: Vec<&Track> =
        space.threads.iter().filter_map(|serial| look.machine.trace.track(*serial)).collect();
    if tracks.len() > 1 {
        let mut at = x;
        for (n, track) in tracks.iter().enumerate() {
            let left = tracks.len() - n;
            if at + 3 > x + cells.saturating_sub(1) && left > 1 {
                pen.put(at, y + 1, &format!("+{left}"), Role::Faint);
                break;
            }
            at = pen.put(at, y + 1, &track.tag, Role::Run(colour(track))) + 1;
        }
    } else if let Some(parent) = look.machine.trace.track(head.parent) {
        let text = format!("{} {}", words.from, parent.tag);
        pen.put(x, y + 1, &fit(&text, usize::from(cells) - 1), Role::Faint);
    }
}

/// What a row is, and how many frames it has.
fn label(look: &Look<'_>, row: &Row, y: u16, pen: &mut Pen<'_>) {
    let [code, shared, file, cow, own] = look.model.lang.memory().rows;
    let (kind, name) = match &row.kind {
        RowKind::Code(name) => (code, name),
        RowKind::Shared(name) => (shared, name),
        RowKind::File(name) => (file, name),
        RowKind::CopyOnWrite(name) => (cow, name),
        RowKind::Own(name) => (own, name),
    };
    pen.put(1, y, &fit(kind, 7), Role::Heading);
    pen.put(9, y, &fit(name, 11), Role::Text);
    let parts: Vec<String> =
        row.seen.iter().filter(|seen| **seen > 0).map(usize::to_string).collect();
    let each = parts.join("+");
    let is_own = matches!(row.kind, RowKind::Own(_));
    let count = if is_own && each.len() <= 7 { each } else { row.frames.to_string() };
    pen.put(20, y, &fit_right(&count, 7), Role::Text);
}

/// A cell, and the bond to the next one that sees the same.
fn cell(
    row: &Row,
    (at, newest): (usize, Option<usize>),
    (x, y, cells): (u16, u16, u16),
    pen: &mut Pen<'_>,
) {
    let is_seen = row.seen.get(at).is_some_and(|seen| *seen > 0);
    let writes = row.writes.get(at).copied().unwrap_or(false);
    let (text, role) = match &row.kind {
        RowKind::Code(_) => ("[r-x]", Role::Text),
        RowKind::Shared(_) if writes => ("[RW ]", Role::Ready),
        RowKind::Shared(_) => ("[R  ]", Role::Ready),
        RowKind::File(_) if writes => ("[rw-]", Role::Disk),
        RowKind::File(_) => ("[r--]", Role::Disk),
        RowKind::CopyOnWrite(_) => ("[cow]", Role::Asleep),
        RowKind::Own(_) => ("[rw-]", Role::Heading),
    };
    // A bond passes behind columns that have no part in it.
    let passes = row.bonds.iter().take(at).flatten().any(|to| *to > at);
    let goes_on = row.bonds.get(at).is_some_and(Option::is_some);
    let line = |count: u16| "=".repeat(usize::from(count));
    let mut next = x;
    if is_seen {
        next = pen.put(x, y, text, role);
        if newest == Some(at) && matches!(row.kind, RowKind::Own(_)) {
            next = pen.put(next, y, "*", Role::Selected);
        }
    } else if passes {
        next = pen.put(x, y, &line(5), Role::Caption);
    }
    if goes_on || passes {
        pen.put(next, y, &line((x + cells).saturating_sub(next)), Role::Caption);
    }
}

/// The sign of what a frame holds.
fn glyph(look: &Look<'_>, mark: Mark) -> (char, Role) {
    match mark {
        Mark::Free => ('.', Role::Faint),
        Mark::Reserved => ('_', Role::Faint),
        Mark::Kernel => ('k', Role::Text),
        Mark::Table => ('#', Role::Text),
        Mark::Own(space) => {
            let space = space.and_then(|at| look.picture.spaces.get(at));
            let head = space.and_then(|space| look.head(space));
            head.map_or(('?', Role::Text), |head| (head.letter, Role::Run(colour(head))))
        }
        Mark::CopyOnWrite => ('c', Role::Asleep),
        Mark::Code => ('x', Role::Text),
        Mark::Shared => ('=', Role::Ready),
        Mark::Cache { dirty: false } => ('~', Role::Disk),
        Mark::Cache { dirty: true } => ('%', Role::Disk),
    }
}

/// What most of some frames hold; what is free counts only if all are.
fn mostly(marks: &[Mark]) -> Mark {
    let mut counts: Vec<(Mark, usize)> = Vec::new();
    for mark in marks.iter().filter(|mark| **mark != Mark::Free) {
        match counts.iter_mut().find(|(known, _)| known == mark) {
            Some((_, count)) => *count += 1,
            None => counts.push((*mark, 1)),
        }
    }
    // The first of those that are equal.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(Mark::Free, |(mark, _)| *mark)
}

/// The map of all frames, its legend, and what sharing saves. Returns the row after it.
fn frames(look: &Look<'_>, (top, rows): (u16, u16), pen: &mut Pen<'_>) -> u16 {
    let words = look.model.lang.memory();
    let picture = look.picture;
    let figures = &picture.figures;
    if rows < 4 {
        return top;
    }
    let wide = usize::from(pen.width.saturating_sub(4)) / 8 * 8;
    let room = wide * usize::from(rows - 3);
    // Of a large memory, only the part that was ever used is worth a map.
    let all = picture.size as usize;
    let size = if all > room { picture.marks.len() } else { all };
    let each = size.div_ceil(room.max(1)).max(1);
    let mut heading = format!("{} {}", figures.free, words.free);
    if each > 1 {
        heading = format!("{} {each}   {heading}", words.cell);
    }
    let part = if size < all { format!("{size} / ") } else { String::new() };
    pen.rule(top, &format!("{part}{all} {}", words.map), &heading);
    let is_used = |at: usize| picture.marks.get(at).is_some_and(|mark| *mark != Mark::Free);
    let newest = look.newest().and_then(|seen| match seen.record.event {
        Event::Memory(MemoryEvent::Fault { frame, .. }) if is_used(frame.0 as usize) => {
            Some(frame.0 as usize / each)
        }
        _ => None,
    });
    let cells = size.div_ceil(each);
    let used = cells.div_ceil(wide.max(1)).min(usize::from(rows - 3));
    for at in 0..cells {
        let (x, y) = ((at % wide.max(1)) as u16, (at / wide.max(1)) as u16);
        let from = (at * each).min(picture.marks.len());
        let to = (from + each).min(picture.marks.len());
        let (sign, role) = match newest == Some(at) {
            true => ('*', Role::Selected),
            false => glyph(look, mostly(&picture.marks[from..to])),
        };
        if usize::from(y) < used {
            pen.cell(2 + x, top + 1 + y, sign, role);
        }
    }
    let mut y = top + 1 + used as u16;
    legend(look, y, pen);
    y += 1;
    let (seen, behind) = picture.resident();
    let [all, only, saved] = words.sum;
    let mut text = format!("{all} {seen} {only} {behind} {saved} {}", seen.saturating_sub(behind));
    if figures.swap_total > 0 {
        text = format!("{text}   {} {}/{}", words.swap, figures.swap_used, figures.swap_total);
    }
    pen.put(1, y, &text, Role::Text);
    y + 1
}

fn legend(look: &Look<'_>, y: u16, pen: &mut Pen<'_>) {
    let words = look.model.lang.memory().legend;
    let signs = ["k", "#", "A..", "x", "c", "=", "~", "%", ".", "*"];
    let mut x = 1;
    for (sign, word) in signs.into_iter().zip(words) {
        let cells = u16::try_from(width(sign) + width(word) + 2).unwrap_or(u16::MAX);
        if x + cells > pen.width + 1 {
            break;
        }
        x = pen.put(x, y, sign, Role::Heading) + 1;
        x = pen.put(x, y, word, Role::Faint) + 1;
    }
}

/// The free blocks of the buddy allocator, where they lie and how many there are of each order.
fn holes(look: &Look<'_>, top: u16, pen: &mut Pen<'_>) -> u16 {
    let words = look.model.lang.memory();
    let picture = look.picture;
    let counts: Vec<String> = picture.blocks.iter().map(u32::to_string).collect();
    pen.rule(top, words.holes, &format!("{} {}", words.counts, counts.join(" ")));
    let wide = usize::from(pen.width.saturating_sub(4)).max(1);
    let all = picture.size as usize;
    let size = if all > wide * 64 { picture.marks.len() } else { all };
    let each = size.div_ceil(wide).max(1);
    let mut strip = vec!['#'; size.div_ceil(each)];
    let digit = |order: u32| char::from_digit(order, 36).unwrap_or('a');
    let mut paint = |from: usize, frames: usize, sign: char| {
        // A cell that is free only in part counts as used.
        for cell in from.div_ceil(each)..(from + frames) / each {
            if let Some(cell) = strip.get_mut(cell) {
                *cell = sign;
            }
        }
    };
    for (frame, order) in &picture.holes {
        paint(frame.0 as usize, 1 << order, digit(*order));
    }
    let described = picture.marks.len();
    paint(described, size.saturating_sub(described), '-');
    pen.put(2, top + 1, &strip.iter().collect::<String>(), Role::Text);
    pen.put(2, top + 2, &fit(words.orders, wide), Role::Faint);
    top + 3
}

/// How many page faults there were in each stretch of the run so far, by what they cost.
fn over_time(look: &Look<'_>, top: u16, pen: &mut Pen<'_>) {
    let words = look.model.lang.memory();
    pen.rule(top, words.over_time, "");
    let left = 13u16;
    let wide = u64::from(pen.width.saturating_sub(left + 2)).max(1);
    let now = look.model.now.0.max(1);
    let mut counts = vec![[0u32; 3]; wide as usize];
    for seen in look.machine.trace.log(look.model.now) {
        let Event::Memory(MemoryEvent::Fault { repair, .. }) = seen.record.event else { continue };
        let row = match repair {
            Repair::Copy | Repair::Own => 1,
            Repair::File | Repair::SwapIn => 2,
            Repair::Zero | Repair::ZeroPage | Repair::Large | Repair::Shared | Repair::Noticed => 0,
        };
        let Time(time) = seen.record.stamp.time;
        let at = u128::from(time) * u128::from(wide) / u128::from(now);
        if let Some(slot) = counts.get_mut(at as usize) {
            slot[row] += 1;
        }
    }
    for (row, (name, y)) in words.faults.into_iter().zip(top + 1..).enumerate() {
        pen.put(1, y, &fit(name, usize::from(left) - 2), Role::Text);
        let sign = |count: u32| match count {
            0 => '.',
            1..=9 => char::from_digit(count, 10).unwrap_or('9'),
            _ => '#',
        };
        let line: String = counts.iter().map(|slot| sign(slot[row])).collect();
        pen.put(left, y, &line, Role::Text);
    }
}
