//! The records of a view that lists them: which pass the filter, which one is chosen, what leads to it.
//!
//! A log may hold millions of records, so nothing here makes a list of all of them: every question goes from
//! a place outwards until it is answered.

use crate::model::{MachineModel, Model, View};
use crate::trace::Seen;
use oscope_kernel::base::Serial;
use oscope_kernel::event::{CallEvent, Event, SchedEvent, TaskEvent};
use oscope_userland::predicate::Predicate;

/// Whether a record stands in the list.
fn passes(model: &Model, machine: &MachineModel, seen: &Seen) -> bool {
    if model.view == View::Calls {
        match seen.record.event {
            // Once a call is over, its return says it all.
            Event::Call(CallEvent::Wait { .. })
                if machine.trace.is_over(seen.number, model.now) =>
            {
                return false;
            }
            Event::Call(_) => {}
            _ => return false,
        }
    }
    let filter = &model.filter.0;
    *filter == Predicate::Always || filter.holds(&machine.trace.facts(&machine.info.name, seen))
}

/// The record that is chosen: the newest unless somebody has chosen another one.
#[must_use]
pub fn current<'a>(model: &Model, machine: &'a MachineModel) -> Option<&'a Seen> {
    let chosen = machine.cursor.and_then(|number| machine.trace.seen(number));
    let chosen = chosen.filter(|seen| seen.record.stamp.time < model.now);
    chosen.or_else(|| {
        machine.trace.log(model.now).iter().rev().find(|seen| passes(model, machine, seen))
    })
}

/// Where a record stands among those of the past.
fn place(model: &Model, machine: &MachineModel, seen: &Seen) -> usize {
    let key = (seen.record.stamp.time, seen.number);
    let log = machine.trace.log(model.now);
    log.partition_point(|other| (other.record.stamp.time, other.number) < key)
}

/// The record so many rows further down (or up, if negative), as far as there are any.
#[must_use]
pub fn step<'a>(model: &Model, machine: &'a MachineModel, rows: i32) -> Option<&'a Seen> {
    let here = current(model, machine)?;
    let at = place(model, machine, here);
    let log = machine.trace.log(model.now);
    let wanted = rows.unsigned_abs() as usize;
    let is_shown = |seen: &&Seen| passes(model, machine, seen);
    let found = if rows < 0 {
        log[..at].iter().rev().filter(is_shown).take(wanted).last()
    } else {
        log.get(at + 1..)?.iter().filter(is_shown).take(wanted).last()
    };
    Some(found.unwrap_or(here))
}

/// The rows to show: the chosen record with what stands around it, in order.
#[must_use]
pub fn around<'a>(model: &Model, machine: &'a MachineModel, rows: usize) -> Vec<&'a Seen> {
    let Some(here) = current(model, machine) else {
        return Vec::new();
    };
    let at = place(model, machine, here);
    let log = machine.trace.log(model.now);
    let is_shown = |seen: &&Seen| passes(model, machine, seen);
    let after: Vec<&Seen> =
        log.get(at + 1..).unwrap_or_default().iter().filter(is_shown).take(rows).collect();
    let kept_below = after.len().min(rows / 3);
    let above = rows.saturating_sub(kept_below + 1);
    let mut shown: Vec<&Seen> = log[..at].iter().rev().filter(is_shown).take(above).collect();
    shown.reverse();
    shown.push(here);
    let room = rows.saturating_sub(shown.len());
    shown.extend(after.into_iter().take(room));
    shown
}

/// Whether a record says something about what a task does.
#[must_use]
pub fn is_about(seen: &Seen, task: Serial) -> bool {
    match seen.record.event {
        Event::Sched(SchedEvent::Switch { from, to, .. }) => from == task || to == task,
        Event::Sched(SchedEvent::Ready { thread, .. }) => thread == task,
        Event::Task(TaskEvent::Start { child, .. }) => child == task,
        _ => seen.record.stamp.thread == task,
    }
}

/// The record that a question like "why?" is about.
#[must_use]
pub fn subject<'a>(model: &Model, machine: &'a MachineModel) -> Option<&'a Seen> {
    if model.view.is_list() {
        return current(model, machine);
    }
    if let Some((number, _)) = model.event {
        return machine.trace.seen(number);
    }
    let log = machine.trace.log(model.now);
    if let Some(task) = machine.selected {
        let mut past = log.iter().rev();
        return past.find(|seen| {
            matches!(seen.record.event, Event::Sched(_) | Event::Task(_)) && is_about(seen, task)
        });
    }
    let newest = machine.trace.steps.until(model.now).next()?;
    let records = || newest.records.iter().rev().filter_map(|n| machine.trace.seen(*n));
    // What has a cause explains more: a CPU that falls idle has none of its own.
    records().find(|seen| !seen.record.stamp.cause.is_none()).or_else(|| records().next())
}

/// What happened to a call's thread, or because of it, between its entry and its return; of a call that has
/// not returned, until now.
#[must_use]
pub fn descent<'a>(model: &Model, machine: &'a MachineModel, call: &Seen) -> Vec<&'a Seen> {
    let (entered, end) = match call.record.event {
        Event::Call(CallEvent::Done { entered, .. }) => (entered, call.record.stamp.time),
        Event::Call(CallEvent::Wait { entered, .. } | CallEvent::Interrupted { entered, .. }) => {
            (entered, model.now)
        }
        _ => return Vec::new(),
    };
    let thread = call.record.stamp.thread;
    let log = machine.trace.log(end);
    let from = log.partition_point(|seen| seen.record.stamp.time < entered);
    let own = |seen: &&Seen| is_about(seen, thread) && !matches!(seen.record.event, Event::Call(_));
    log[from..].iter().filter(own).collect()
}
