//! The screen as a pure function of the model.
//!
//! Layers: `pen` writes into cells; `lanes`, `queues`, `table`, `foot` and `help` draw one part each;
//! [`draw`] gives every part its rows.
//!
//! A typical sequence: [`draw`] plans which rows go to whom for this size, then every part looks up in the
//! model what was true just before `model.now`, and writes it. Nothing is remembered between two frames.

mod foot;
mod help;
mod lanes;
mod pen;
mod queues;
mod table;

use crate::model::{MachineModel, Model};
use crate::text::round;
use crate::theme::Role;
use crate::trace::{Doing, Track};
use oscope_kernel::base::{Duration, ThreadId};
use oscope_kernel::sched::{Params, Task};
use pen::Pen;
use ratatui::buffer::Buffer;

/// Smaller screens show a message instead.
pub const SMALLEST: (u16, u16) = (60, 16);

/// Which rows belong to whom: where each part begins and how many rows it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    cpus: (u16, u16),
    tasks: (u16, u16),
    legend: u16,
    queues: (u16, u16),
    table: (u16, u16),
    lately: (u16, u16),
    caption: (u16, u16),
    timeline: u16,
    hints: u16,
}

impl Plan {
    fn new(height: u16, cpus: u16, lanes: u16, tasks: u16, queues: u16) -> Self {
        let caption = if height < 20 { 2 } else { 3 };
        // Title, heading, axis, legend, timeline, hints; and two headings further down.
        let mut left = height - 6 - caption;
        let take = |wanted: u16, left: &mut u16| {
            let got = wanted.min(*left);
            *left -= got;
            got
        };
        let cpu_rows = take(cpus.min(2.max(height / 8)), &mut left);
        let queue_rows = take(queues.min(2.max(height / 10)) + 1, &mut left);
        let table_least = if height < 20 { 0 } else { 3 };
        let task_rows = lanes.max(3).min(left.saturating_sub(table_least));
        left -= task_rows;
        let table_rows = take(tasks.saturating_add(1), &mut left);
        // What is left makes room around the parts, and tells of earlier changes.
        let cpus_at = 3;
        let gap = u16::from(left > 4);
        left -= 4 * gap;
        let lately = if left > 3 { left - 1 } else { 0 };
        let tasks_at = cpus_at + cpu_rows + gap;
        let legend = tasks_at + task_rows;
        let queues_at = legend + 1 + gap;
        let table_at = queues_at + queue_rows + gap;
        Self {
            cpus: (cpus_at, cpu_rows),
            tasks: (tasks_at, task_rows),
            legend,
            queues: (queues_at, queue_rows),
            table: (table_at, table_rows),
            lately: (table_at + table_rows + gap, lately),
            caption: (height - 2 - caption, caption),
            timeline: height - 2,
            hints: height - 1,
        }
    }
}

/// Draws the whole screen.
pub fn draw(model: &Model, buffer: &mut Buffer) {
    let area = buffer.area;
    let mut pen = Pen::new(buffer, model);
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let message = format!("oscope needs {} x {} cells", SMALLEST.0, SMALLEST.1);
        pen.put(0, 0, &message, Role::Text);
        pen.put(0, 1, "q quit", Role::Key);
        return;
    }
    title(model, &mut pen);
    let Some(machine) = model.machine() else {
        return;
    };
    let tasks = lanes::visible(model, machine, pen.width);
    let queue_rows = queues::count(machine);
    let rows = |n: usize| u16::try_from(n).unwrap_or(u16::MAX / 4);
    let plan = Plan::new(
        area.height,
        rows(machine.trace.cpus()),
        rows(tasks.len()),
        rows(machine.trace.tasks(model.now).len()),
        rows(queue_rows),
    );
    heading(machine, &mut pen);
    let window = lanes::Window::new(model, pen.width);
    lanes::axis(model, &window, 2, &mut pen);
    lanes::cpus(model, machine, &window, plan.cpus, &mut pen);
    let hidden = lanes::tasks(model, machine, &window, (&tasks, plan.tasks), &mut pen);
    lanes::legend(hidden, plan.legend, &mut pen);
    queues::draw(model, machine, plan.queues, &mut pen);
    table::draw(model, machine, plan.table, &mut pen);
    table::lately(model, machine, plan.lately, &mut pen);
    foot::caption(model, machine, plan.caption, &mut pen);
    foot::timeline(model, machine, plan.timeline, &mut pen);
    foot::hints(model, plan.hints, &mut pen);
    if model.help {
        help::draw(&mut pen);
    }
}

fn title(model: &Model, pen: &mut Pen<'_>) {
    let name = model.machine().map_or("", |machine| &machine.info.name);
    let state = match (model.playing, model.at_end()) {
        (true, _) => "> playing",
        (_, true) => "at the end",
        _ => "|| paused",
    };
    let mut left = format!(" oscope  {} / {name}", model.world);
    if model.machines.len() > 1 {
        let of = format!(" ({} of {})", model.shown + 1, model.machines.len());
        left.push_str(&of);
    }
    let step = match model.event {
        Some(_) => "step: event",
        None => "step: change",
    };
    let time = model.progress.unwrap_or(model.moment());
    let right = format!("{state}   t={time}   {step} ");
    pen.row(0, &left, &right, Role::Title);
}

fn heading(machine: &MachineModel, pen: &mut Pen<'_>) {
    let policy = machine.snapshot.as_ref().map_or("", |s| s.policy);
    let policy = match slice(machine) {
        Some(slice) => format!("{policy}, slice {}", round(slice)),
        None => format!("{policy}, no slices"),
    };
    pen.rule(1, "who has the CPU", &format!("policy: {policy}"));
}

/// How long a slice is under the policy that rules now, if it has slices.
fn slice(machine: &MachineModel) -> Option<Duration> {
    let name = machine.snapshot.as_ref()?.policy;
    let policy = machine.info.scheduler.with_policy(name).make()?;
    policy.slice(&Task::new(ThreadId::NONE, Params::default()))
}

/// The glyph of what a task does, in its lane.
fn glyph(track: &Track, doing: Option<Doing>) -> (char, Role) {
    use oscope_kernel::event::Wait;
    match doing {
        None | Some(Doing::Ended(_)) => (' ', Role::Text),
        Some(Doing::Run(_)) => (track.letter, Role::Run(colour(track))),
        Some(Doing::Ready(_)) => ('.', Role::Ready),
        Some(Doing::Wait(Wait::Disk)) => ('d', Role::Disk),
        Some(Doing::Wait(Wait::Sleep)) => ('s', Role::Asleep),
        Some(Doing::Wait(_)) => ('w', Role::Asleep),
        Some(Doing::Stopped) => ('t', Role::Asleep),
    }
}

/// The number that gives a task its colour.
fn colour(track: &Track) -> usize {
    track.serial.0.wrapping_sub(1) as usize
}

#[cfg(test)]
mod tests {
    use super::Plan;

    #[test]
    fn no_two_parts_share_a_row_at_any_size() {
        for height in 16..=120 {
            for (cpus, tasks) in [(1, 0), (1, 1), (2, 10), (64, 1000)] {
                let plan = Plan::new(height, cpus, tasks / 2, tasks, cpus);
                let ends = [
                    (plan.cpus.0 + plan.cpus.1, plan.tasks.0),
                    (plan.tasks.0 + plan.tasks.1, plan.legend),
                    (plan.legend + 1, plan.queues.0),
                    (plan.queues.0 + plan.queues.1, plan.table.0),
                    (plan.table.0 + plan.table.1, plan.lately.0),
                    (plan.lately.0 + plan.lately.1, plan.caption.0),
                    (plan.caption.0 + plan.caption.1, plan.timeline),
                    (plan.timeline + 1, plan.hints),
                ];
                for (end, next) in ends {
                    assert!(end <= next, "{height} {cpus} {tasks}: {plan:?}");
                }
                assert!(plan.cpus.1 > 0 && plan.hints < height);
            }
        }
    }
}
