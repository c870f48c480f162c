//! The foot of the screen: what has just happened, where in the run this is, which keys there are.

use super::pen::Pen;
use super::request;
use crate::keys::{Action, Binding, KEYS};
use crate::model::{Asking, MachineModel, Model, Prompt, View};
use crate::narrate;
use crate::text::{clean, fit, round, width, wrap};
use crate::theme::Role;
use crate::update::Target;
use oscope_kernel::base::{Duration, Time};

/// The newest visible change in a sentence, and the chosen task in another.
pub(super) fn caption(
    model: &Model,
    machine: &MachineModel,
    (top, rows): (u16, u16),
    pen: &mut Pen<'_>,
) {
    let room = usize::from(pen.width).saturating_sub(3);
    let mut lines = wrap(&sentence(model, machine), room);
    let chosen = machine.selected.and_then(|s| machine.trace.track(s));
    let about = chosen.map(|track| narrate::tell_task_now(model.lang, track, model.now));
    let for_caption = usize::from(rows) - usize::from(about.is_some());
    if lines.len() > for_caption {
        lines.truncate(for_caption);
        if let Some(last) = lines.last_mut() {
            *last = format!("{} ...", fit(last, room.saturating_sub(4)).trim_end());
        }
    }
    // The caption stands right above the timeline when it is short.
    let used = lines.len() + usize::from(about.is_some());
    let mut y = top + rows - u16::try_from(used).unwrap_or(rows);
    for (n, line) in lines.iter().enumerate() {
        let mark = if n == 0 { "> " } else { "  " };
        pen.put(0, y, &format!("{mark}{line}"), Role::Caption);
        y += 1;
    }
    if let Some(about) = about {
        pen.field((2, y), &about, pen.width.saturating_sub(3), Role::Text);
    }
}

fn sentence(model: &Model, machine: &MachineModel) -> String {
    let words = model.words();
    if let Some(time) = model.progress {
        return format!("{} {time}. {}", words.running, words.esc_stops);
    }
    if let Some(notice) = &model.notice {
        return notice.clone();
    }
    if let Some(told) = (model.view == View::Request).then(|| request::sentence(model)).flatten() {
        return told;
    }
    if let Some((number, record)) = &model.event {
        return narrate::tell_event(model.lang, &machine.trace, *number, record);
    }
    match machine.trace.steps.until(model.now).next() {
        Some(step) => narrate::tell(model.lang, &machine.trace, step),
        None if model.pending > 0 => words.boots.to_owned(),
        None => words.nothing_yet.to_owned(),
    }
}

/// The line that is typed into, instead of the hints.
pub(super) fn prompt(prompt: &Prompt, y: u16, pen: &mut Pen<'_>) {
    let sign = match prompt.asking {
        Asking::Command => ":",
        Asking::Filter => "/",
        Asking::Stop => "b ",
        Asking::Last => "B ",
        Asking::Answer => "= ",
        Asking::Change => "= ",
    };
    pen.put(0, y, &" ".repeat(usize::from(pen.width)), Role::Text);
    let x = pen.put(1, y, sign, Role::Key);
    // Of a long text the end is shown, where the typing goes on.
    let room = usize::from(pen.width.saturating_sub(x + 2));
    let mut text = clean(&prompt.text);
    while width(&text) > room {
        text.remove(0);
    }
    let x = pen.put(x, y, &text, Role::Text);
    pen.put(x, y, " ", Role::Selected);
    if !prompt.note.is_empty() {
        let lines = wrap(&clean(&prompt.note), usize::from(pen.width).saturating_sub(4));
        let rows = u16::try_from(lines.len()).unwrap_or(1).min(4);
        let top = y.saturating_sub(rows);
        pen.clear((0, top), (pen.width, rows));
        for (line, row) in lines.into_iter().zip(top..y) {
            pen.put(2, row, &line, Role::Caption);
        }
    }
}

/// The whole run in a row.
pub(super) fn timeline(model: &Model, machine: &MachineModel, y: u16, pen: &mut Pen<'_>) {
    let end = round(Duration(model.until.0));
    let left = pen.put(1, y, "0 ", Role::Faint);
    let right = pen.width.saturating_sub(u16::try_from(width(&end)).unwrap_or(0) + 3);
    pen.put(right + 2, y, &end, Role::Faint);
    let columns = u64::from(right.saturating_sub(left + 1)).max(1);
    pen.cell(left, y, pen.bar, Role::Text);
    pen.cell(right, y, pen.bar, Role::Text);
    let until = model.until.0.max(1);
    let place = |time: u64| {
        let column = u128::from(time) * u128::from(columns - 1) / u128::from(until);
        u64::try_from(column).unwrap_or(0).min(columns - 1)
    };
    let (head, known) = (place(model.now.0), place(model.reached.0));
    let moment = |column: u64| {
        let time = u128::from(column) * u128::from(until) / u128::from(columns.max(2) - 1);
        Time(u64::try_from(time).unwrap_or(u64::MAX))
    };
    let marked: Vec<u64> = model.marks.iter().map(|mark| place(mark.0)).collect();
    for (column, x) in (0..columns).zip(left + 1..) {
        let next = machine.trace.steps.after(moment(column));
        let changes = next.is_some_and(|step| step.end <= moment(column + 1));
        pen.zone(y, x..x + 1, Target::Moment(moment(column)));
        let (glyph, role) = match column {
            _ if column == head => ('^', Role::Playhead),
            _ if marked.contains(&column) => ('m', Role::Playhead),
            _ if column < head && changes => ('=', Role::Heading),
            _ if column < head => ('-', Role::Heading),
            _ if column <= known && model.reached > model.now => ('-', Role::Text),
            _ => ('.', Role::Covered),
        };
        pen.cell(x, y, glyph, role);
    }
}

/// The keys, as many as fit; help and quitting always do.
pub(super) fn hints(model: &Model, y: u16, pen: &mut Pen<'_>) {
    let always = |binding: &Binding| matches!(binding.action, Action::Help | Action::Quit);
    let wanted = |binding: &Binding| {
        let has_use = binding.action != Action::NextMachine || model.machines.len() > 1;
        !binding.short.is_empty() && has_use
    };
    let length = |binding: &Binding| {
        let text = model.lang.key(binding.action).hint;
        u16::try_from(width(binding.short) + 1 + width(text)).unwrap_or(0)
    };
    let mut end = pen.width;
    for binding in KEYS.iter().rev().filter(|binding| always(binding)) {
        end = end.saturating_sub(length(binding) + 2);
        put_hint(model, binding, end + 1, y, pen);
    }
    let mut x = 1;
    let rest = KEYS.iter().filter(|binding| !always(binding));
    for binding in rest.filter(|binding| wanted(binding)) {
        if x + length(binding) <= end {
            x = put_hint(model, binding, x, y, pen) + 2;
        }
    }
}

fn put_hint(model: &Model, binding: &Binding, from: u16, y: u16, pen: &mut Pen<'_>) -> u16 {
    let x = pen.put(from, y, binding.short, Role::Key);
    let x = pen.put(x, y, &format!(" {}", model.lang.key(binding.action).hint), Role::Text);
    pen.zone(y, from..x, Target::Act(binding.action));
    x
}
