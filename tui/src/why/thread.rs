//! Why a thread does what it does: runs, waits for a CPU, sleeps, is stopped, has ended.

use super::chain::{Chain, is_given, is_ready};
use super::scene::after;
use super::{Bond, words};
use crate::text::short;
use crate::trace::{Doing, Seen};
use oscope_kernel::base::{MachineId, Serial};
use oscope_kernel::event::{
    BlockEvent, CallEvent, Event, EventId, Leave, Record, SchedEvent, TaskEvent, Wait,
};

/// A waits for B, B for C: so far this is followed.
const DEEPEST: usize = 8;

/// So many other owners of a CPU are named.
const TURNS: usize = 6;

/// Explains what a thread does at the moment of the chain.
pub(super) fn explain(chain: &mut Chain<'_>, machine: MachineId, serial: Serial) {
    let mut followed = Vec::new();
    if let Some(event) = stands(chain, machine, serial, Bond::Now, &mut followed) {
        chain.causes(event);
    }
}

/// How a thread stands; the event that brought it there. `followed` are the threads that led here.
pub(super) fn stands<'a>(
    chain: &mut Chain<'a>,
    machine: MachineId,
    serial: Serial,
    bond: Bond,
    followed: &mut Vec<Serial>,
) -> Option<&'a Seen> {
    followed.push(serial);
    let trace = chain.scene.trace(machine)?;
    let doing = trace.track(serial)?.doing(after(chain.time));
    let name = chain.name(machine, serial);
    let last = |test: &dyn Fn(&Record) -> bool| chain.scene.last(machine, chain.time, test);
    let lang = chain.lang;
    let event = match doing? {
        Doing::Run(cpu) => {
            let got = last(&|record| is_given(record, serial))?;
            chain.push(machine, got, bond, words::runs(lang, &name, cpu, &chain.ago(got)));
            got
        }
        Doing::Ready(cpu) => {
            let left = last(&|record| is_ready(record, serial) || has_lost_cpu(record, serial))?;
            chain.push(machine, left, bond, words::ready(lang, &name, cpu, &chain.ago(left)));
            chain.holder(machine, cpu);
            turns(chain, machine, serial, left);
            left
        }
        Doing::Wait(on) => {
            let slept = last(&|record| {
                record.stamp.thread == serial
                    && matches!(record.event, Event::Sched(SchedEvent::Block { .. }))
            })?;
            let text = words::asleep(lang, &name, on, &chain.ago(slept));
            chain.push(machine, slept, bond, text);
            awaited(chain, machine, (serial, on), slept, followed);
            return Some(slept);
        }
        Doing::Stopped => {
            let stopped = last(
                &|record| matches!(record.event, Event::Sched(SchedEvent::Switch { from, why: Leave::Stopped, .. }) if from == serial),
            )?;
            chain.push(machine, stopped, bond, words::stopped(lang, &name, &chain.ago(stopped)));
            tell_signal(chain, machine, serial);
            stopped
        }
        Doing::Ended(_) => {
            let end = last(&|record| {
                record.stamp.thread == serial
                    && matches!(record.event, Event::Task(TaskEvent::Exit { .. }))
            })?;
            chain.tell(machine, end, bond);
            tell_signal(chain, machine, serial);
            return Some(end);
        }
    };
    // Who left a CPU and why, in the event's own words.
    if matches!(event.record.event, Event::Sched(_)) {
        let text = chain.sentence(machine, event);
        chain.push(machine, event, Bond::Because, text);
        chain.made_by(machine, event);
    }
    Some(event)
}

/// Whether a thread lost its CPU there and could have gone on.
fn has_lost_cpu(record: &Record, serial: Serial) -> bool {
    matches!(record.event, Event::Sched(SchedEvent::Switch { from, to, why })
        if from == serial && to != serial && why.is_still_ready())
}

/// Who else got the CPU since a thread became ready.
fn turns(chain: &mut Chain<'_>, machine: MachineId, serial: Serial, since: &Seen) {
    let Event::Sched(SchedEvent::Ready { .. } | SchedEvent::Switch { .. }) = since.record.event
    else {
        return;
    };
    let cpu = match since.record.event {
        Event::Sched(SchedEvent::Ready { on, .. }) => on,
        _ => since.record.stamp.cpu,
    };
    let start = since.record.stamp.time;
    let past = chain.scene.past(machine, chain.time);
    let from = past.partition_point(|seen| seen.record.stamp.time < start);
    let given =
        past.get(from..).unwrap_or_default().iter().filter_map(|seen| match seen.record.event {
            Event::Sched(SchedEvent::Switch { to, .. })
                if seen.record.stamp.cpu == cpu && to != serial && to != Serial(0) =>
            {
                Some((seen, to))
            }
            _ => None,
        });
    let given: Vec<(&Seen, Serial)> = given.collect();
    if given.len() < 2 {
        return;
    }
    let newest = given[given.len() - 1].0;
    let shown = &given[given.len().saturating_sub(TURNS)..];
    let mut names: Vec<String> = shown.iter().map(|(_, who)| chain.name(machine, *who)).collect();
    names.dedup();
    let text = words::turns(chain.lang, cpu, given.len(), &names);
    chain.push(machine, newest, Bond::Meanwhile, text);
}

/// What a sleeper waits for: its call, what it asked a disk, whom it needs.
fn awaited(
    chain: &mut Chain<'_>,
    machine: MachineId,
    (serial, on): (Serial, Wait),
    slept: &Seen,
    followed: &mut Vec<Serial>,
) {
    let start = slept.record.stamp.time;
    let call = chain.scene.last(machine, chain.time, |record| {
        record.stamp.thread == serial
            && matches!(record.event, Event::Call(CallEvent::Wait { .. } | CallEvent::Done { .. }))
    });
    let call = call.filter(|seen| matches!(seen.record.event, Event::Call(CallEvent::Wait { .. })));
    if let Some(call) = call {
        chain.tell(machine, call, Bond::In);
    }
    if on == Wait::Disk {
        // What it asked for since it last slept; before that it was about something else.
        let woke = chain.scene.past(machine, start).iter().rev();
        let mut since = woke.take_while(|seen| !is_ready(&seen.record, serial));
        let asked = since.find(|seen| {
            seen.record.stamp.thread == serial
                && matches!(
                    seen.record.event,
                    Event::Block(BlockEvent::Submit { .. } | BlockEvent::Flush { .. })
                )
        });
        if let Some(asked) = asked {
            chain.tell(machine, asked, Bond::Because);
        }
    }
    // A lock that lends priority names its owner.
    let lent = chain.scene.last(machine, chain.time, |record| {
        record.stamp.thread == serial
            && record.stamp.time == start
            && matches!(record.event, Event::Sched(SchedEvent::Priority { inherited: true, .. }))
    });
    let owner = lent.and_then(|seen| match seen.record.event {
        Event::Sched(SchedEvent::Priority { thread, .. }) => Some((seen, thread)),
        _ => None,
    });
    if let Some((seen, owner)) = owner {
        let text = words::owner(chain.lang, &chain.name(machine, owner));
        chain.push(machine, seen, Bond::Because, text);
    }
    let wakes = chain.scene.next(machine, chain.time, |record| is_ready(record, serial));
    let needed = match (owner, wakes) {
        (Some((_, owner)), _) => owner,
        (None, Some(wakes)) => wakes.record.stamp.thread,
        (None, None) => Serial(0),
    };
    if needed != Serial(0) && !followed.contains(&needed) && followed.len() < DEEPEST {
        stands(chain, machine, needed, Bond::Meanwhile, followed);
    } else if followed.contains(&needed) && needed != Serial(0) && needed != serial {
        let text = words::circle(chain.lang, &chain.name(machine, needed));
        chain.push(machine, slept, Bond::Meanwhile, text);
    }
    match wakes {
        Some(wakes) => until(chain, machine, wakes),
        None if chain.scene.is_known_after(machine, chain.time) => {
            let text = words::never(chain.lang, &chain.name(machine, serial));
            chain.push(machine, slept, Bond::Until, text);
        }
        None => {}
    }
}

/// When a sleep ends, and through what.
fn until(chain: &mut Chain<'_>, machine: MachineId, wakes: &Seen) {
    let later = short(wakes.record.stamp.time.since(chain.time));
    let text = words::until(chain.lang, &later, &chain.sentence(machine, wakes));
    chain.push(machine, wakes, Bond::Until, text);
    // What a device or a timer does is not yet known as a cause of anything before the moment.
    let mut cause = wakes.record.stamp.cause;
    while let Some(seen) = chain.scene.seen(cause) {
        if seen.record.stamp.time <= chain.time || chain.has(cause) {
            break;
        }
        chain.tell(cause.machine(), seen, Bond::Because);
        cause = seen.record.stamp.cause;
    }
}

/// The signal that a thread felt last, and who sent it.
fn tell_signal(chain: &mut Chain<'_>, machine: MachineId, serial: Serial) {
    let felt = chain.scene.last(machine, chain.time, |record| {
        record.stamp.thread == serial
            && matches!(record.event, Event::Task(TaskEvent::Deliver { handled: false, .. }))
    });
    let Some(felt) = felt else { return };
    chain.tell(machine, felt, Bond::Because);
    let Event::Task(TaskEvent::Deliver { signal, .. }) = felt.record.event else { return };
    let sent = chain.scene.last(machine, felt.record.stamp.time, |record| {
        matches!(record.event, Event::Task(TaskEvent::Signal { target, signal: sent })
            if sent == signal && target == serial)
    });
    if let Some(sent) = sent.filter(|sent| !chain.has(EventId::new(machine, sent.number))) {
        chain.tell(machine, sent, Bond::Because);
    }
}
