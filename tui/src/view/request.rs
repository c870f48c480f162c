//! The request view: the machines, the way of one request through them, what its time was spent on, what it holds, and
//! the data itself.

use super::pen::Pen;
use crate::lang::RequestWords;
use crate::model::Model;
use crate::text::{clean, fit, fit_right, short, width};
use crate::theme::Role;
use crate::trace::Doing;
use crate::trip::{self, Activity, Parts, Trip};
use crate::update::Target;
use oscope_kernel::base::{Duration, Time};
use oscope_kernel::event::Wait;
use oscope_userland::bin::steps::STEPS;

/// Rows below which the boxes of machines are lines.
const TALL: u16 = 30;

/// Draws the view between two rows.
pub(super) fn draw(model: &Model, (top, rows): (u16, u16), pen: &mut Pen<'_>) {
    let words = model.lang.request();
    let trips = trip::trips(model);
    let here = trips.last().and_then(Trip::last).map(|mark| mark.machine);
    let bottom = top + rows;
    let mut y = machines(model, words, here, (top, rows), pen);
    let Some(trip) = trips.last() else {
        if model.machines.len() > 1 {
            pen.put(2, y + 2, words.enter, Role::Key);
        }
        return;
    };
    y = table(model, words, (trip, trips.len()), (y, bottom), pen);
    y = sums(model, words, trip, (y, bottom), pen);
    data(model, words, trip, (y, bottom), pen);
}

/// One letter for what a task does.
fn letter(doing: Option<Doing>) -> Option<char> {
    Some(match doing? {
        Doing::Run(_) => 'R',
        Doing::Ready(_) => 'r',
        Doing::Wait(Wait::Disk) => 'D',
        Doing::Wait(_) => 'S',
        Doing::Stopped => 'T',
        Doing::Ended(_) => return None,
    })
}

/// The programs of a machine, and what each of their threads does: `httpd SSSSS`.
fn programs(model: &Model, machine: usize) -> Vec<(String, String)> {
    let mut programs: Vec<(String, String)> = Vec::new();
    let Some(machine) = model.machines.get(machine) else { return programs };
    for track in machine.trace.tasks(model.now) {
        let (name, Some(letter)) = (track.name(model.now), letter(track.doing(model.now))) else {
            continue;
        };
        // The kernel's own threads have brackets around their names.
        if name.starts_with('[') {
            continue;
        }
        match programs.iter_mut().find(|(known, _)| known == name) {
            Some((_, letters)) => letters.push(letter),
            None => programs.push((clean(name), letter.to_string())),
        }
    }
    programs
}

fn machines(
    model: &Model,
    words: &RequestWords,
    here: Option<usize>,
    (top, rows): (u16, u16),
    pen: &mut Pen<'_>,
) -> u16 {
    pen.rule(top, words.machines, words.letters);
    let count = u16::try_from(model.machines.len()).unwrap_or(1).max(1);
    let each = pen.width / count;
    let as_boxes = rows >= TALL && each >= 14;
    let mut y = top + 1;
    for (at, machine) in model.machines.iter().enumerate() {
        let is_here = here == Some(at);
        let mark = if is_here { "@" } else { " " };
        let role = if is_here { Role::Heading } else { Role::Text };
        let programs = programs(model, at);
        let place = u16::try_from(at).unwrap_or(0);
        if as_boxes {
            let x = place * each + 1;
            let inside = each.saturating_sub(4);
            let line = "-".repeat(usize::from(inside));
            pen.put(x, y, &format!("+{line}+"), Role::Faint);
            let name = format!("{mark}{}", clean(&machine.info.name).to_uppercase());
            frame((x, y + 1), &name, inside, role, pen);
            for row in 0..3_u16 {
                let text = programs
                    .get(usize::from(row))
                    .map(|(name, letters)| format!(" {name} {letters}"));
                frame((x, y + 2 + row), &text.unwrap_or_default(), inside, Role::Text, pen);
            }
            pen.put(x, y + 5, &format!("+{line}+"), Role::Faint);
        } else if y < top + rows / 3 + 2 {
            let name = fit(&clean(&machine.info.name).to_uppercase(), 9);
            let x = pen.put(1, y, &format!("{mark}{name}"), role);
            let all: Vec<String> =
                programs.iter().map(|(name, letters)| format!("{name} {letters}")).collect();
            let room = usize::from(pen.width.saturating_sub(x + 1));
            pen.put(x, y, &fit(&all.join("   "), room), Role::Text);
            y += 1;
        }
    }
    if as_boxes { y + 6 } else { y }
}

fn frame((x, y): (u16, u16), text: &str, inside: u16, role: Role, pen: &mut Pen<'_>) {
    pen.put(x, y, "|", Role::Faint);
    pen.field((x + 1, y), text, inside, role);
    pen.put(x + 1 + inside, y, "|", Role::Faint);
}

/// When each step was made, and when the next one.
fn spans(trip: &Trip, now: Time) -> Vec<Option<(Time, Time)>> {
    let end = trip.ended().unwrap_or(now).min(now);
    let times: Vec<Option<Time>> =
        STEPS.iter().map(|(step, _)| trip.first(*step).map(|m| m.time)).collect();
    let next = |at: usize| times[at + 1..].iter().flatten().next().copied().unwrap_or(end);
    times.iter().enumerate().map(|(at, time)| time.map(|time| (time, next(at)))).collect()
}

fn table(
    model: &Model,
    words: &RequestWords,
    (trip, number): (&Trip, usize),
    (top, bottom): (u16, u16),
    pen: &mut Pen<'_>,
) -> u16 {
    let title = format!("{} {number} · {}", words.request, words.trip);
    let title = if model.ascii { title.replace('·', "-") } else { title };
    pen.rule(top, &title, words.width);
    let first = 9;
    let column = ((pen.width.saturating_sub(first + 1)) / 21).max(2);
    let spans = spans(trip, model.now);
    let last = trip.last().map(|mark| mark.step);
    let mut y = top + 1;
    for (at, (step, _)) in STEPS.iter().enumerate() {
        let x = first + column * u16::try_from(at).unwrap_or(0);
        let is_last = last == Some(*step);
        let role = match (spans[at].is_some(), is_last) {
            (_, true) => Role::Selected,
            (true, _) => Role::Heading,
            (false, _) => Role::Faint,
        };
        // Where columns are narrow, every other number has room.
        if column >= 3 || at % 2 == 0 || is_last {
            pen.put(x, y, &(at + 1).to_string(), role);
        }
    }
    y += 1;
    let holders: Vec<usize> = {
        let mut all: Vec<usize> = trip.workers().iter().map(|(machine, _)| *machine).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    for machine in holders {
        if y + 1 >= bottom {
            return y;
        }
        let name = model.machines.get(machine).map_or("", |machine| machine.info.name.as_str());
        pen.put(1, y, &fit(&clean(name), 7), Role::Text);
        for (at, span) in spans.iter().enumerate() {
            let x = first + column * u16::try_from(at).unwrap_or(0);
            for cell in 0..column {
                let (glyph, role) = match span {
                    None => (if cell == 0 { ':' } else { ' ' }, Role::Covered),
                    Some((from, to)) => {
                        let length = to.since(*from).0;
                        let part =
                            length * (2 * u64::from(cell) + 1) / (2 * u64::from(column)).max(1);
                        cell_of(model, trip, machine, Time(from.0 + part + 1))
                    }
                };
                pen.cell(x + cell, y, glyph, role);
            }
        }
        y += 1;
    }
    if column >= 5 && y + 1 < bottom {
        pen.put(1, y, words.took, Role::Faint);
        for (at, span) in spans.iter().enumerate() {
            let x = first + column * u16::try_from(at).unwrap_or(0);
            if let Some((from, to)) = span {
                let text = tiny(to.since(*from));
                pen.put(x, y, &fit(&text, usize::from(column) - 1), Role::Faint);
            }
        }
        y += 1;
    }
    if y + 1 < bottom {
        pen.field((1, y), words.glyphs, pen.width.saturating_sub(2), Role::Faint);
        y += 1;
    }
    y
}

/// A length of time in at most four cells: `48u` are 48 microseconds.
fn tiny(length: Duration) -> String {
    match length.0 {
        ns @ ..1_000 => format!("{ns}n"),
        ns @ ..1_000_000 => format!("{}u", ns / 1_000),
        ns @ ..1_000_000_000 => format!("{}m", ns / 1_000_000),
        ns => format!("{}s", ns / 1_000_000_000),
    }
}

/// What a machine does for a trip at an instant.
fn cell_of(model: &Model, trip: &Trip, machine: usize, time: Time) -> (char, Role) {
    let Some(known) = model.machines.get(machine) else { return (' ', Role::Text) };
    let mut found = (' ', Role::Text);
    for (on, task) in trip.workers().into_iter().filter(|(on, _)| *on == machine) {
        let began = trip.marks.iter().find(|mark| (mark.machine, mark.task) == (on, task));
        let ended = trip.marks.iter().rfind(|mark| (mark.machine, mark.task) == (on, task));
        let inside = began.is_some_and(|mark| mark.time <= time)
            && ended.is_some_and(|mark| time <= mark.time || trip.holders().contains(&(on, task)));
        let track = known.trace.track(task);
        match track.and_then(|track| track.doing(time)) {
            Some(Doing::Run(_)) => return ('=', Role::Run(0)),
            Some(Doing::Wait(Wait::Disk)) => found = ('d', Role::Disk),
            Some(Doing::Ready(_)) => found = ('r', Role::Ready),
            Some(Doing::Wait(_)) if inside && found.0 == ' ' => found = ('s', Role::Asleep),
            _ => {}
        }
    }
    let is_wire = trip.activity(&model.machines, time) == Activity::Wire;
    if found.0 == 's' && is_wire { ('~', Role::Caption) } else { found }
}

fn sums(
    model: &Model,
    words: &RequestWords,
    trip: &Trip,
    (top, bottom): (u16, u16),
    pen: &mut Pen<'_>,
) -> u16 {
    if top + 2 > bottom {
        return top;
    }
    let Parts { cpu, queue, disk, wire, other } = trip.parts(&model.machines, model.now);
    let all = [cpu, queue, disk, wire, other];
    let whole: u64 = all.iter().map(|part| part.0).sum();
    let mut text = format!("{} {}: ", short(Duration(whole)), words.so_far);
    for (part, name) in all.iter().zip(words.parts) {
        let share = (part.0 * 100 + whole / 2).checked_div(whole).unwrap_or(0);
        if part.0 > 0 {
            text.push_str(&format!(" {name} {share} %, {} ", short(*part)));
        }
    }
    pen.field((1, top), &text, pen.width.saturating_sub(2), Role::Caption);
    let held: Vec<String> = trip
        .holders()
        .iter()
        .filter_map(|(at, task)| {
            let machine = model.machines.get(*at)?;
            let track = machine.trace.track(*task)?;
            Some(format!("{}: {} {}", machine.info.name, track.name(model.now), track.tid))
        })
        .collect();
    let held = if held.is_empty() { words.nothing_held.to_owned() } else { held.join(", ") };
    pen.field(
        (1, top + 1),
        &format!("{}  {}", words.held, clean(&held)),
        pen.width.saturating_sub(2),
        Role::Text,
    );
    top + 2
}

/// The newest steps, each with the call that carried its data.
fn data(
    model: &Model,
    words: &RequestWords,
    trip: &Trip,
    (top, bottom): (u16, u16),
    pen: &mut Pen<'_>,
) {
    if top + 2 > bottom {
        return;
    }
    pen.rule(top, words.data, "");
    let rows = usize::from(bottom - top - 1);
    let from = trip.marks.len().saturating_sub(rows);
    for (mark, y) in trip.marks[from..].iter().zip(top + 1..bottom) {
        let number = STEPS.iter().position(|(step, _)| *step == mark.step).map_or(0, |at| at + 1);
        let role = if trip.last() == Some(mark) { Role::Heading } else { Role::Text };
        let x = pen.put(1, y, &fit_right(&number.to_string(), 2), Role::Key);
        let caption = model.lang.step(mark.step);
        let wide = if pen.width >= 120 { 40 } else { 30 };
        let x = pen.field((x + 1, y), caption, wide, role);
        let text = trip::data(&model.machines, mark, model.now).unwrap_or_default();
        let room = pen.width.saturating_sub(x + 2);
        if width(&text) > 0 {
            pen.field((x + 1, y), &clean(&text), room, Role::Faint);
        }
        pen.zone(y, 0..pen.width, Target::Moment(mark.time + Duration::nanos(1)));
    }
}

/// The machine on which the last step was made, and its caption.
pub(super) fn sentence(model: &Model) -> Option<String> {
    let words = model.lang.request();
    let trips = trip::trips(model);
    let Some(mark) = trips.last().and_then(Trip::last).copied() else {
        let text = if model.machines.len() == 1 { words.none } else { words.nobody };
        return Some(text.to_owned());
    };
    let number = STEPS.iter().position(|(step, _)| *step == mark.step)? + 1;
    let machine = model.machines.get(mark.machine)?;
    let name = machine.trace.track(mark.task).map_or("?", |track| track.name(model.now));
    let caption = model.lang.step(mark.step);
    Some(format!("{number}/21  {caption}. ({}: {})", clean(&machine.info.name), clean(name)))
}
