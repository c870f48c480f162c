//! Calls and Log: records, one line each, and one call opened up.

use super::colour;
use super::pen::Pen;
use crate::calls;
use crate::list;
use crate::model::{MachineModel, Model, View};
use crate::narrate;
use crate::text::{clean, fit, fit_right, short};
use crate::theme::Role;
use crate::trace::Seen;
use crate::update::Target;
use oscope_kernel::base::Serial;
use oscope_kernel::event::{CallEvent, Event};
use oscope_userland::predicate::kind;

/// Draws the list between two rows.
pub(super) fn draw(
    model: &Model,
    machine: &MachineModel,
    (top, rows): (u16, u16),
    pen: &mut Pen<'_>,
) {
    let words = model.words();
    let title = if model.view == View::Calls { words.calls } else { words.log };
    let filter = match model.filter.1.as_str() {
        "" => String::new(),
        text => format!("{}: {}", words.filter, clean(text)),
    };
    pen.rule(top, title, &filter);
    let opened = if model.view == View::Calls { (rows / 3).clamp(4, 16) } else { 0 };
    let room = rows.saturating_sub(1 + opened);
    let shown = list::around(model, machine, usize::from(room));
    let chosen = list::current(model, machine);
    if shown.is_empty() {
        let is_all = model.filter.1.is_empty();
        let text = if is_all && model.view == View::Calls { words.no_calls } else { words.nothing };
        pen.put(2, top + 2, text, Role::Faint);
    }
    for (seen, y) in shown.into_iter().zip(top + 1..) {
        let is_chosen = chosen.is_some_and(|chosen| chosen.number == seen.number);
        line(model, machine, seen, (y, is_chosen), pen);
        pen.zone(y, 0..pen.width, Target::Record(seen.number));
    }
    if opened > 0 {
        call(model, machine, chosen, (top + 1 + room, opened), pen);
    }
}

fn who(machine: &MachineModel, serial: Serial) -> (String, Role) {
    match machine.trace.track(serial) {
        Some(track) => (track.tag.clone(), Role::Run(colour(track))),
        None => ("-".to_owned(), Role::Faint),
    }
}

fn line(
    model: &Model,
    machine: &MachineModel,
    seen: &Seen,
    (y, is_chosen): (u16, bool),
    pen: &mut Pen<'_>,
) {
    let stamp = seen.record.stamp;
    let role = if is_chosen { Role::Selected } else { Role::Text };
    pen.put(0, y, &" ".repeat(usize::from(pen.width)), role);
    let mark = if is_chosen { ">" } else { " " };
    let time = format!("{mark}{}", fit_right(&stamp.time.to_string(), 14));
    let x = pen.put(0, y, &time, role) + 1;
    let (tag, colour) = who(machine, stamp.thread);
    pen.put(x, y, &tag, colour);
    let x = x + 4;
    let room = |x: u16| pen_room(pen.width, x);
    if model.view == View::Calls {
        let text = calls::line(&seen.record, seen.detail.as_deref()).unwrap_or_default();
        let took = match seen.record.event {
            Event::Call(CallEvent::Done { entered, .. }) => {
                format!("<{}>", short(stamp.time.since(entered)))
            }
            _ => String::new(),
        };
        let cells = room(x).saturating_sub(took.len() + 2);
        pen.put(x, y, &fit(&text, cells), role);
        let at = pen.width.saturating_sub(u16::try_from(took.len()).unwrap_or(0) + 1);
        pen.put(at, y, &took, if is_chosen { role } else { Role::Faint });
        return;
    }
    let faint = if is_chosen { role } else { Role::Faint };
    let x = pen.put(x, y, &fit(kind(&seen.record.event), 17), faint);
    let told = match calls::line(&seen.record, seen.detail.as_deref()) {
        Some(call) => call,
        None => narrate::tell_record(model.lang, &machine.trace, &seen.record),
    };
    let cause = stamp.cause;
    let link = match cause.is_none() {
        true => String::new(),
        false => format!("<- {}", cause.sequence()),
    };
    let number = format!("{link}  #{}", seen.number);
    let cells = pen_room(pen.width, x).saturating_sub(number.len() + 2);
    pen.put(x, y, &fit(&told, cells), role);
    let at = pen.width.saturating_sub(u16::try_from(number.len()).unwrap_or(0) + 1);
    pen.put(at, y, &number, faint);
}

fn pen_room(width: u16, x: u16) -> usize {
    usize::from(width.saturating_sub(x))
}

/// One call opened up: its words, and what happened between its entry and its return.
fn call(
    model: &Model,
    machine: &MachineModel,
    chosen: Option<&Seen>,
    (top, rows): (u16, u16),
    pen: &mut Pen<'_>,
) {
    let words = model.words();
    pen.rule(top, words.one_call, "");
    let Some(seen) = chosen else { return };
    let (
        Event::Call(
            CallEvent::Done { entered, .. }
            | CallEvent::Wait { entered, .. }
            | CallEvent::Interrupted { entered, .. },
        ),
        Some(call),
    ) = (seen.record.event, calls::text(&seen.record, seen.detail.as_deref()))
    else {
        return;
    };
    let mut lines: Vec<(String, String, Role)> = Vec::new();
    let actor = narrate::who(model.lang, &machine.trace, seen.record.stamp.thread, model.now);
    let enters = format!("{actor} {}: {}({}", words.enters, call.name, call.before);
    lines.push((entered.to_string(), enters, Role::Text));
    let since = |at: oscope_kernel::base::Time| format!("+{}", short(at.since(entered)));
    let inside = list::descent(model, machine, seen);
    let room = usize::from(rows).saturating_sub(3);
    let skipped = inside.len().saturating_sub(room);
    for event in inside.into_iter().skip(skipped) {
        let told = narrate::tell_record(model.lang, &machine.trace, &event.record);
        lines.push((since(event.record.stamp.time), format!("  {told}"), Role::Text));
    }
    // Of a call that waits nothing is known yet, and one that ends its thread never returns.
    if !call.result.is_empty() && call.result != "?" {
        let returns = format!("{} {}) = {}", words.returns, call.after, call.result);
        lines.push((since(seen.record.stamp.time), returns, Role::Caption));
    }
    for ((time, text, role), y) in lines.into_iter().zip(top + 1..top + rows) {
        let x = pen.put(1, y, &fit_right(&time, 14), Role::Faint) + 1;
        pen.put(x, y, &fit(&text, pen_room(pen.width, x)), role);
    }
}
