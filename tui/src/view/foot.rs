//! The foot of the screen: what has just happened, where in the run this is, which keys there are.

use super::pen::Pen;
use crate::keys::{Action, Binding, KEYS};
use crate::model::{MachineModel, Model};
use crate::narrate;
use crate::text::{round, width, wrap};
use crate::theme::Role;
use oscope_kernel::base::Duration;

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
    let about = chosen.map(|track| narrate::tell_task_now(track, model.now));
    let for_caption = usize::from(rows) - usize::from(about.is_some());
    if lines.len() > for_caption {
        lines.truncate(for_caption);
        if let Some(last) = lines.last_mut() {
            last.push_str(" ...");
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
    if let Some(time) = model.progress {
        return format!("Running, {time} so far. Esc stops here.");
    }
    if let Some(notice) = &model.notice {
        return notice.clone();
    }
    if let Some((number, record)) = &model.event {
        return narrate::tell_event(&machine.trace, *number, record);
    }
    match machine.trace.steps.until(model.now).next() {
        Some(step) => narrate::tell(&machine.trace, step),
        None if model.pending > 0 => "The world boots.".to_owned(),
        None => "Nothing has happened on this machine yet.".to_owned(),
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
    let mut busy = vec![false; usize::try_from(columns).unwrap_or(0)];
    for step in machine.trace.steps.all() {
        if let Some(busy) = busy.get_mut(usize::try_from(place(step.start.0)).unwrap_or(0)) {
            *busy = true;
        }
    }
    for (column, x) in (0..columns).zip(left + 1..) {
        let changes = busy.get(usize::try_from(column).unwrap_or(0)) == Some(&true);
        let (glyph, role) = match column {
            _ if column == head => ('^', Role::Playhead),
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
        !binding.hint.is_empty() && has_use
    };
    let mut end = pen.width;
    for binding in KEYS.iter().rev().filter(|binding| always(binding)) {
        let length = u16::try_from(width(binding.hint)).unwrap_or(0) + 2;
        end = end.saturating_sub(length);
        put_hint(binding.hint, end + 1, y, pen);
    }
    let mut x = 1;
    let rest = KEYS.iter().filter(|binding| !always(binding));
    for binding in rest.filter(|binding| wanted(binding)) {
        if usize::from(x) + width(binding.hint) <= usize::from(end) {
            x = put_hint(binding.hint, x, y, pen) + 2;
        }
    }
}

fn put_hint(hint: &str, x: u16, y: u16, pen: &mut Pen<'_>) -> u16 {
    // The words before the last one are the key.
    let (key, what) = hint.rsplit_once(' ').unwrap_or((hint, ""));
    let x = pen.put(x, y, key, Role::Key);
    pen.put(x, y, &format!(" {what}"), Role::Text)
}
