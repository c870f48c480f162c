//! The run queues as the policy keeps them, and how much of its slice whoever runs has used.

use super::colour;
use super::pen::Pen;
use crate::model::{MachineModel, Model};
use crate::text::{round, short};
use crate::theme::Role;
use oscope_kernel::base::{Duration, Serial, ThreadId};
use oscope_kernel::machine::{CpuView, Snapshot};
use oscope_kernel::sched::{QueueName, QueueView};

/// How many rows all queues would take.
pub(super) fn count(machine: &MachineModel) -> usize {
    let cpus = machine.snapshot.iter().flat_map(|s| &s.cpus);
    cpus.map(|cpu| shown(cpu).len().max(1)).sum()
}

/// The queues worth a row: the first, and others that are not empty.
fn shown(cpu: &CpuView) -> Vec<&QueueView> {
    let queues = cpu.queues.iter().enumerate();
    queues.filter(|(n, queue)| *n == 0 || !queue.tasks.is_empty()).map(|(_, queue)| queue).collect()
}

fn serial_of(snapshot: &Snapshot, thread: ThreadId) -> Option<Serial> {
    let task = snapshot.tasks.iter().find(|t| t.line.thread == thread)?;
    Some(task.serial)
}

pub(super) fn draw(
    model: &Model,
    machine: &MachineModel,
    (top, rows): (u16, u16),
    pen: &mut Pen<'_>,
) {
    let Some(snapshot) = machine.snapshot.as_ref().filter(|_| rows > 0) else {
        return;
    };
    pen.rule(top, "who is next", "front of the queue first");
    let mut y = top + 1;
    for cpu in &snapshot.cpus {
        for (n, queue) in shown(cpu).into_iter().enumerate() {
            if y >= top + rows {
                return;
            }
            if n == 0 {
                running(model, machine, cpu, y, pen);
            }
            line(machine, snapshot, queue, y, pen);
            y += 1;
        }
    }
}

/// The CPU, who has it, and the slice.
fn running(model: &Model, machine: &MachineModel, cpu: &CpuView, y: u16, pen: &mut Pen<'_>) {
    pen.put(2, y, &format!("cpu{}", cpu.cpu), Role::Heading);
    let track = cpu.current.and_then(|serial| machine.trace.track(serial));
    let Some(track) = track else {
        pen.put(8, y, "[ idle ]", Role::Faint);
        return;
    };
    let x = pen.put(8, y, "[", Role::Text);
    let x = pen.put(x, y, &track.letter.to_string(), Role::Run(colour(track)));
    pen.put(x, y, "]", Role::Text);
    let slice = super::slice(machine).filter(|slice| *slice > Duration::ZERO);
    let (Some(slice), Some(end)) = (slice, cpu.slice_end) else {
        pen.put(12, y, "until it waits or ends", Role::Faint);
        return;
    };
    let used = slice.saturating_sub(end.since(model.now));
    let filled = (used.0.saturating_mul(8) / slice.0).min(8) as usize;
    let bar = format!("{}{}", "#".repeat(filled), "_".repeat(8 - filled));
    let x = pen.put(12, y, &bar, Role::Text);
    let text = format!(" {} of {}", short(used), round(slice));
    pen.field((x, y), &text, 19, Role::Faint);
}

/// What a queue is called.
fn name_of(name: QueueName) -> String {
    match name {
        QueueName::Run => "run queue".to_owned(),
        QueueName::ByLength => "shortest first".to_owned(),
        QueueName::ByPriority => "most urgent first".to_owned(),
        QueueName::Level(level) => format!("level {level}"),
        QueueName::Lottery => "ticket holders".to_owned(),
        QueueName::ByPass => "smallest pass first".to_owned(),
        QueueName::ByVirtualTime => "least virtual time first".to_owned(),
        QueueName::Eligible => "eligible".to_owned(),
        QueueName::Ahead => "ahead of their share".to_owned(),
        QueueName::ByDeadline => "earliest deadline first".to_owned(),
        QueueName::RealTime => "real-time".to_owned(),
        QueueName::Deadline => "deadline class".to_owned(),
    }
}

/// Who stands in one queue.
fn line(machine: &MachineModel, snapshot: &Snapshot, queue: &QueueView, y: u16, pen: &mut Pen<'_>) {
    let mut x = pen.put(40, y, &format!("{}: ", name_of(queue.name)), Role::Faint);
    if queue.tasks.is_empty() {
        pen.put(x, y, "empty", Role::Faint);
        return;
    }
    let tracks = queue.tasks.iter().map(|queued| {
        let serial = serial_of(snapshot, queued.thread);
        serial.and_then(|serial| machine.trace.track(serial))
    });
    let total = queue.tasks.len();
    for (place, track) in tracks.enumerate() {
        let left = total - place;
        if x + 9 > pen.width && left > 1 {
            pen.put(x, y, &format!("+{left}"), Role::Faint);
            return;
        }
        let Some(track) = track else {
            x = pen.put(x, y, "? ", Role::Ready);
            continue;
        };
        let chosen = machine.selected == Some(track.serial);
        let role = if chosen { Role::Selected } else { Role::Ready };
        x = pen.put(x, y, &track.letter.to_string(), role);
        let name = track.name(snapshot.time);
        let named = usize::from(x) + (name.len() + 3) * left + 6 < usize::from(pen.width);
        if named && pen.width >= 120 {
            x = pen.put(x, y, &format!(" {name}"), Role::Faint);
        }
        x = pen.put(x, y, if left > 1 { ", " } else { " " }, Role::Faint);
    }
}
