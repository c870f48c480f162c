//! Why a call failed, or took so long.

use super::chain::{Chain, entered, is_given, is_ready};
use super::subject::Problem;
use super::{Bond, words};
use crate::calls;
use crate::text::short;
use crate::trace::Seen;
use oscope_kernel::abi::{Errno, nr};
use oscope_kernel::base::{Duration, MachineId, Serial, Time};
use oscope_kernel::event::{
    CallEvent, Event, EventId, Moment, Picture, Record, SchedEvent, TaskEvent, Wait,
};

/// So many waits of one call are told.
const WAITS: usize = 12;

/// Explains the newest call of a thread up to the moment.
pub(super) fn explain(
    chain: &mut Chain<'_>,
    machine: MachineId,
    serial: Serial,
    name: Option<&str>,
) -> Result<(), Problem> {
    let call = chain.scene.last(machine, chain.time, |record| {
        record.stamp.thread == serial
            && calls::name(record).is_some_and(|call| name.is_none_or(|name| name == call))
    });
    told(chain, machine, call.ok_or(Problem::Nothing)?);
    Ok(())
}

/// Explains a call.
pub(super) fn told(chain: &mut Chain<'_>, machine: MachineId, call: &Seen) {
    let Some((_, start)) = entered(&call.record) else { return };
    let serial = call.record.stamp.thread;
    if let Event::Call(CallEvent::Wait { .. }) = call.record.event {
        // It is still under way: the question is what the thread waits for.
        return super::thread::explain(chain, machine, serial);
    }
    let took = short(call.record.stamp.time.since(start));
    let line = chain.sentence(machine, call);
    chain.push(machine, call, Bond::Now, words::took(chain.lang, &line, &took));
    if let Event::Call(CallEvent::Done { result, .. }) = call.record.event
        && let Some(errno) = Errno::from_result(result)
    {
        let text = words::failed(chain.lang, errno.name(), errno.message());
        chain.push(machine, call, Bond::Because, text);
        precedent(chain, machine, call, errno);
    }
    match waits(chain, machine, serial, (start, call.record.stamp.time)) {
        Some(woken) => {
            chain.made_by(machine, woken);
            chain.causes(woken);
        }
        None => chain.causes(call),
    }
}

/// A stretch of time in which a thread did not run.
struct Gap<'a> {
    slept: Option<(Wait, Time)>,
    woken: Option<&'a Seen>,
    got: Option<&'a Seen>,
}

/// What a thread waited for between two moments; the record that ended the longest sleep.
fn waits<'a>(
    chain: &mut Chain<'a>,
    machine: MachineId,
    serial: Serial,
    (start, end): (Time, Time),
) -> Option<&'a Seen> {
    let past = chain.scene.past(machine, end);
    let from = past.partition_point(|seen| seen.record.stamp.time < start);
    let mut gaps: Vec<Gap<'a>> = Vec::new();
    for seen in past.get(from..).unwrap_or_default() {
        let record = &seen.record;
        let time = record.stamp.time;
        match record.event {
            Event::Sched(SchedEvent::Block { on }) if record.stamp.thread == serial => {
                gaps.push(Gap { slept: Some((on, time)), woken: None, got: None });
            }
            Event::Sched(SchedEvent::Switch { from, to, why })
                if from == serial && to != serial && why.is_still_ready() =>
            {
                gaps.push(Gap { slept: None, woken: Some(seen), got: None });
            }
            _ if is_ready(record, serial) => {
                if let Some(gap) = gaps.last_mut() {
                    gap.woken.get_or_insert(seen);
                }
            }
            _ if is_given(record, serial) => {
                if let Some(gap) = gaps.last_mut() {
                    gap.got.get_or_insert(seen);
                }
            }
            _ => {}
        }
    }
    let more = gaps.len().saturating_sub(WAITS);
    let mut longest: Option<(Duration, &Seen)> = None;
    for (place, gap) in gaps.iter().enumerate() {
        if let (Some((on, since)), Some(woken)) = (gap.slept, gap.woken) {
            let slept = woken.record.stamp.time.since(since);
            if longest.is_none_or(|(most, _)| slept > most) {
                longest = Some((slept, woken));
            }
            if place >= more {
                let told = chain.sentence(machine, woken);
                let text = words::slept(chain.lang, &short(slept), on, &told);
                chain.push(machine, woken, Bond::Meanwhile, text);
            }
        }
        if place >= more
            && let (Some(woken), Some(got)) = (gap.woken, gap.got)
        {
            queued(chain, machine, serial, (woken, got));
        }
    }
    longest.map(|(_, woken)| woken)
}

/// Ready, and somebody else had the CPU.
fn queued(chain: &mut Chain<'_>, machine: MachineId, serial: Serial, (from, got): (&Seen, &Seen)) {
    let (ready, time) = (from.record.stamp.time, got.record.stamp.time);
    let cpu = got.record.stamp.cpu;
    if time.since(ready) < Duration::micros(5) {
        return;
    }
    let Some(trace) = chain.scene.trace(machine) else { return };
    let holder = trace.mostly(usize::from(cpu.0), ready, time);
    let holder = (holder != Serial(0)).then(|| chain.name(machine, holder));
    let who = chain.name(machine, serial);
    let text = words::late(chain.lang, &who, &short(time.since(ready)), cpu, holder.as_deref());
    chain.push(machine, got, Bond::Meanwhile, text);
}

/// Texts that went into a call: paths.
fn texts(seen: &Seen) -> Vec<&[u8]> {
    let Some(detail) = seen.detail.as_deref() else { return Vec::new() };
    let picture = Picture::new(detail);
    let regions = picture.regions(Moment::Before);
    regions.filter_map(|(_, bytes)| bytes.strip_suffix(&[0]).filter(|t| t.len() > 1)).collect()
}

/// The call's first word.
fn first_word(seen: &Seen) -> u64 {
    seen.detail.as_deref().map_or(0, |detail| Picture::new(detail).words()[0])
}

/// Whether a call went well.
fn went_well(record: &Record) -> bool {
    matches!(record.event, Event::Call(CallEvent::Done { result, .. }) if result >= 0)
}

/// The earlier event on which an error rests: who removed the name, who closed the descriptor, which signal came.
fn precedent(chain: &mut Chain<'_>, machine: MachineId, call: &Seen, errno: Errno) {
    let Some((_, start)) = entered(&call.record) else { return };
    let serial = call.record.stamp.thread;
    let past = chain.scene.past(machine, start);
    let found = match errno {
        Errno::EBADF => {
            let descriptor = first_word(call);
            let pid = |serial| {
                let trace = chain.scene.trace(machine)?;
                Some(trace.track(serial)?.pid)
            };
            past.iter().rev().find(|seen| {
                entered(&seen.record).is_some_and(|(number, _)| number == nr::CLOSE)
                    && went_well(&seen.record)
                    && first_word(seen) == descriptor
                    && pid(seen.record.stamp.thread) == pid(serial)
            })
        }
        Errno::EINTR => chain.scene.last(machine, call.record.stamp.time, |record| {
            record.stamp.thread == serial
                && record.stamp.time >= start
                && matches!(record.event, Event::Task(TaskEvent::Deliver { .. }))
        }),
        Errno::ECHILD => past.iter().rev().find(|seen| {
            seen.record.stamp.thread == serial
                && matches!(seen.record.event, Event::Task(TaskEvent::Reap { .. }))
        }),
        _ => {
            let names = texts(call);
            let same = |seen: &&Seen| texts(seen).iter().any(|text| names.contains(text));
            past.iter().rev().find(|seen| went_well(&seen.record) && same(seen))
        }
    };
    if let Some(found) = found.filter(|seen| !chain.has(EventId::new(machine, seen.number))) {
        chain.tell(machine, found, Bond::Because);
    } else if matches!(errno, Errno::ENOENT | Errno::EBADF) {
        let text = words::nobody_before(chain.lang);
        chain.push(machine, call, Bond::Because, text);
    }
}
