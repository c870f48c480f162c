//! The run queues as the policy keeps them, how much of its slice whoever runs has used, and who is asleep.

use super::colour;
use super::pen::Pen;
use crate::model::{MachineModel, Model};
use crate::narrate;
use crate::text::{round, short};
use crate::theme::Role;
use crate::trace::{Doing, Track};
use crate::update::Target;
use oscope_kernel::base::{Duration, Serial, ThreadId};
use oscope_kernel::machine::{CpuView, Snapshot};
use oscope_kernel::sched::{Note, QueueName, QueueView};
use std::collections::BTreeMap;

/// How many rows all queues would take.
pub(super) fn count(machine: &MachineModel) -> usize {
    let cpus = machine.snapshot.iter().flat_map(|s| &s.cpus);
    // One row more for those who are asleep.
    cpus.map(|cpu| shown(cpu).len().max(1)).sum::<usize>() + 1
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
    let words = model.words();
    pen.rule(top, words.who_next, words.front_first);
    let mut y = top + 1;
    let asleep = (top + rows).saturating_sub(1);
    if rows > 2 {
        sleepers(model, machine, asleep, pen);
    }
    for cpu in &snapshot.cpus {
        for (n, queue) in shown(cpu).into_iter().enumerate() {
            if y >= asleep && rows > 2 {
                return;
            }
            if n == 0 {
                running(model, machine, cpu, y, pen);
            }
            line(model, (machine, snapshot), (queue, n > 0), y, pen);
            y += 1;
        }
    }
}

/// The CPU, who has it, and the slice.
fn running(model: &Model, machine: &MachineModel, cpu: &CpuView, y: u16, pen: &mut Pen<'_>) {
    pen.put(2, y, &format!("cpu{}", cpu.cpu), Role::Heading);
    let track = cpu.current.and_then(|serial| machine.trace.track(serial));
    let Some(track) = track else {
        pen.put(8, y, &format!("[ {} ]", model.words().idle), Role::Faint);
        return;
    };
    let x = pen.put(8, y, "[", Role::Text);
    let x = pen.put(x, y, &track.tag, Role::Run(colour(track)));
    let x = pen.put(x, y, "]", Role::Text).max(11) + 1;
    pen.zone(y, 8..x, Target::Task(track.serial));
    let Some(end) = cpu.slice_end else {
        pen.put(x, y, model.words().until_waits, Role::Faint);
        return;
    };
    // Slices that depend on the task are known by their end alone.
    let Some(slice) = super::slice(machine).filter(|slice| *slice > Duration::ZERO) else {
        let text = format!("{} {}", short(end.since(model.now)), model.words().left);
        pen.put(x, y, &text, Role::Faint);
        return;
    };
    let used = slice.saturating_sub(end.since(model.now));
    let filled = (used.0.saturating_mul(8) / slice.0).min(8) as usize;
    let bar = format!("{}{}", "#".repeat(filled), "_".repeat(8 - filled));
    let x = pen.put(x, y, &bar, Role::Text);
    let text = format!(" {} {} {}", short(used), model.words().of, round(slice));
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

/// What a policy has written beside a task, in a few cells.
fn note_of(note: Note) -> String {
    match note {
        Note::None => String::new(),
        Note::Used(_, slice) if slice == Duration::ZERO => String::new(),
        Note::Used(used, _) if used == Duration::ZERO => String::new(),
        Note::Used(used, slice) => format!("{}/{}", short(used), round(slice)),
        Note::Left(left) => round(left),
        Note::Priority(now, given) if now == given => now.to_string(),
        Note::Priority(now, given) => format!("{now}<-{given}"),
        Note::Tickets(own, all) => format!("{own}/{all}"),
        Note::Pass(pass) => pass.to_string(),
        Note::VirtualTime(time) | Note::VirtualDeadline(time) => short(Duration(time)),
        Note::Deadline(time) => round(Duration(time.0)),
    }
}

/// Who stands in one queue, and by what the policy goes.
fn line(
    model: &Model,
    (machine, snapshot): (&MachineModel, &Snapshot),
    (queue, is_more): (&QueueView, bool),
    y: u16,
    pen: &mut Pen<'_>,
) {
    let name = name_of(queue.name);
    let arrow = if is_more { "   " } else { "<- " };
    let mut x = pen.put(40, y, &format!("{arrow}{name}: "), Role::Faint);
    if queue.tasks.is_empty() {
        pen.put(x, y, model.words().empty, Role::Faint);
        return;
    }
    let total = queue.tasks.len();
    for (place, queued) in queue.tasks.iter().enumerate() {
        let left = total - place;
        let serial = serial_of(snapshot, queued.thread);
        let track = serial.and_then(|serial| machine.trace.track(serial));
        let (tag, role) = match track {
            Some(track) if machine.selected == Some(track.serial) => {
                (track.tag.as_str(), Role::Selected)
            }
            Some(track) => (track.tag.as_str(), Role::Ready),
            None => ("?", Role::Ready),
        };
        let mut note = note_of(queued.note);
        if !note.is_empty() {
            note.insert(0, ' ');
        }
        let length = u16::try_from(tag.len() + note.len()).unwrap_or(u16::MAX / 4);
        if x + length + 6 > pen.width && left > 1 {
            pen.put(x, y, &format!("+{left}"), Role::Faint);
            return;
        }
        let from = x;
        x = pen.put(x, y, tag, role);
        x = pen.put(x, y, &note, Role::Faint);
        if let Some(track) = track {
            pen.zone(y, from..x, Target::Task(track.serial));
        }
        x = pen.put(x, y, if left > 1 { ", " } else { " " }, Role::Faint);
    }
}

/// Who waits for something else than a CPU, by what it is.
fn sleepers(model: &Model, machine: &MachineModel, y: u16, pen: &mut Pen<'_>) {
    let words = model.words();
    let mut groups: BTreeMap<&'static str, Vec<&Track>> = BTreeMap::new();
    for track in machine.trace.tasks(model.now) {
        if let Some(Doing::Wait(wait)) = track.doing(model.now) {
            groups.entry(narrate::waits_for(model.lang, wait)).or_default().push(track);
        }
    }
    let mut x = pen.put(2, y, words.asleep, Role::Heading) + 2;
    if groups.is_empty() {
        pen.put(x, y, words.nobody, Role::Faint);
    }
    for (what, tracks) in groups {
        if x + 12 > pen.width {
            pen.put(x, y, "...", Role::Faint);
            return;
        }
        x = pen.put(x, y, &format!("{what}: "), Role::Faint);
        for (n, track) in tracks.iter().enumerate() {
            if x + 12 > pen.width || n == 8 {
                x = pen.put(x, y, &format!("+{} ", tracks.len() - n), Role::Faint);
                break;
            }
            let chosen = machine.selected == Some(track.serial);
            let role = if chosen { Role::Selected } else { Role::Asleep };
            let from = x;
            x = pen.put(x, y, &track.tag, role);
            pen.zone(y, from..x, Target::Task(track.serial));
            x = pen.put(x, y, " ", Role::Text);
        }
        x += 2;
    }
}
