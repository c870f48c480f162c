//! English sentences.

use crate::lang::Lang;
use crate::steps::Step;
use crate::text::{count, short};
use crate::trace::{Doing, Trace, Track};
use oscope_kernel::abi::program::Abort;
use oscope_kernel::abi::signal::Signal;
use oscope_kernel::abi::{Access, Errno, call, probe};
use oscope_kernel::base::{CpuId, Duration, Serial, Time};
use oscope_kernel::event::{
    BlockEvent, CallEvent, Event, InputEvent, Leave, MachineEvent, MemoryEvent, Record, Repair,
    SchedEvent, TaskEvent, Wait,
};
use oscope_userland::bin::steps;

/// A task as sentences call it: `B (blink)`.
pub(super) fn who(trace: &Trace, serial: Serial, time: Time) -> String {
    match trace.track(serial) {
        Some(track) => format!("{} ({})", track.tag, track.name(time)),
        None => "the kernel".to_owned(),
    }
}

/// A moment as sentences name it.
fn at(time: Time) -> String {
    if time == Time::ZERO { "At the start".to_owned() } else { format!("At {time}") }
}

/// One sentence on a visible change.
pub(super) fn tell(trace: &Trace, step: &Step) -> String {
    let records: Vec<&Record> =
        step.records.iter().filter_map(|number| trace.record(*number)).collect();
    let mut parts: Vec<String> = Vec::new();
    let mut started: Vec<(Serial, Serial)> = Vec::new();
    for (place, record) in records.iter().enumerate() {
        match record.event {
            Event::Task(TaskEvent::Start { child, .. }) => {
                started.push((record.stamp.thread, child));
                let goes_on = records[place + 1..]
                    .iter()
                    .any(|next| matches!(next.event, Event::Task(TaskEvent::Start { .. })));
                if !goes_on {
                    parts.push(tell_started(trace, &started, record.stamp.time));
                }
            }
            Event::Sched(SchedEvent::Ready { thread, .. })
                if started.iter().any(|(_, child)| *child == thread) => {}
            _ => parts.push(tell_record(trace, record)),
        }
    }
    format!("{} {}.", at(step.start), parts.join("; "))
}

fn tell_started(trace: &Trace, started: &[(Serial, Serial)], time: Time) -> String {
    let after = time + Duration::nanos(1);
    let parent = started.first().map_or(Serial(0), |(parent, _)| *parent);
    if started.len() > 3 {
        let first = who(trace, started[0].1, after);
        let last = who(trace, started[started.len() - 1].1, after);
        let many = count(started.len(), "task");
        return format!("{} started {many}, {first} to {last}", who(trace, parent, after));
    }
    let children: Vec<String> =
        started.iter().map(|(_, child)| who(trace, *child, after)).collect();
    format!("{} started {}", who(trace, parent, after), children.join(" and "))
}

/// What one record says, without the time and the full stop.
pub(super) fn tell_record(trace: &Trace, record: &Record) -> String {
    let (stamp, after) = (record.stamp, record.stamp.time + Duration::nanos(1));
    let actor = || who(trace, stamp.thread, after);
    match record.event {
        Event::Sched(event) => tell_sched(trace, record, event),
        Event::Task(event) => tell_task(trace, record, event),
        Event::Machine(MachineEvent::Boot { cpus, frames }) => format!(
            "the kernel is up, with {} and {}",
            count(usize::from(cpus), "CPU"),
            count(frames as usize, "frame")
        ),
        Event::Machine(MachineEvent::NoProgress) => {
            format!("{} went round in circles, and the run was stopped", actor())
        }
        Event::Machine(MachineEvent::GuestExit { guest, .. }) => {
            format!("guest machine {guest} gave its virtual CPU back")
        }
        Event::Call(CallEvent::Wait { number, .. }) => {
            let name = call::lookup(number).map_or("an unknown call", |call| call.name);
            format!("{} waits in {name}", actor())
        }
        Event::Call(CallEvent::Interrupted { number, .. }) => {
            let name = call::lookup(number).map_or("an unknown call", |call| call.name);
            format!("{} was interrupted in {name} by a signal, and will make it again", actor())
        }
        Event::Call(CallEvent::Done { number, entered, result, .. }) => {
            let name = call::lookup(number).map_or("an unknown call", |call| call.name);
            let took = short(stamp.time.since(entered));
            format!("{} got {} from {name}, after {took}", actor(), told(result))
        }
        Event::Memory(MemoryEvent::Fault { access, repair, frame, address }) => {
            let (page, done) = repaired(repair);
            format!("{} {} {address:#x}, {page}: {done} (frame {frame})", actor(), verb(access))
        }
        Event::Memory(MemoryEvent::Shootdown { cpus, pages }) => {
            let what = if pages == 0 { "all pages".to_owned() } else { format!("{pages} pages") };
            format!("{} had {cpus} other CPUs forget where {what} lie", actor())
        }
        Event::Memory(MemoryEvent::Reclaim { frame, slot: Some(slot) }) => {
            format!("{} took frame {frame} away: its page goes to swap slot {slot}", actor())
        }
        Event::Memory(MemoryEvent::Reclaim { frame, slot: None }) => {
            format!("{} took frame {frame} away: its page is on the disk", actor())
        }
        Event::Memory(MemoryEvent::NoHole { pages, free, largest }) => {
            let why = if free >= pages { "though they would do" } else { "too few" };
            let holes = format!("{free} are free, {why}, the largest hole has {largest}");
            format!("{} got no block of {pages} frames: {holes}", actor())
        }
        Event::Memory(MemoryEvent::Candidate { pid, points, resident }) => {
            format!("memory is out: process {pid} has {resident} pages and {points} points")
        }
        Event::Memory(MemoryEvent::Kill { pid, points }) => {
            format!("memory is out, and process {pid} must go: {points} points")
        }
        Event::Memory(MemoryEvent::Violation { access, address }) => {
            let verb = verb(access);
            format!("{} {verb} address {address:#x}, which it may not", actor())
        }
        Event::Block(BlockEvent::Submit { block, write, .. }) => {
            let what = if write { "write" } else { "read" };
            format!("{} asked the disk to {what} block {block}", actor())
        }
        Event::Block(BlockEvent::Done { block, error, .. }) => match error {
            None => format!("the disk is done with block {block}"),
            Some(errno) => format!("the disk failed at block {block}: {}", errno.message()),
        },
        Event::Block(BlockEvent::Flush { .. }) => {
            "a barrier: what was written before is on the medium before what comes now".to_owned()
        }
        Event::Block(BlockEvent::Commit { blocks }) => {
            let blocks = count(blocks as usize, "block");
            format!("a change of the file system is complete in the cache: {blocks}")
        }
        Event::Net(event) => super::network::english(&event, actor),
        Event::Input(InputEvent::Key { length, .. }) => {
            format!("somebody typed {}", count(length as usize, "byte"))
        }
        Event::Input(InputEvent::Interrupt { device }) => {
            format!("device {device} interrupted CPU {}", stamp.cpu)
        }
        Event::Input(InputEvent::Timer) => "a timer ran out".to_owned(),
    }
}

fn told(result: i64) -> String {
    match Errno::from_result(result) {
        Some(errno) => format!("-1 ({})", errno.name()),
        None => result.to_string(),
    }
}

fn verb(access: Access) -> &'static str {
    match access {
        Access::Load => "read from",
        Access::Store => "wrote to",
        Access::Execute => "ran into",
        Access::Misaligned => "changed, misaligned,",
    }
}

/// What the page was like before, and what the kernel did.
fn repaired(repair: Repair) -> (&'static str, &'static str) {
    match repair {
        Repair::Zero => ("a page that nobody had used", "the kernel gave it a fresh frame"),
        Repair::File => ("a page of a file", "the kernel showed it the one in the cache"),
        Repair::Copy => ("a page that others see too", "the kernel copied that one frame for it"),
        Repair::Own => ("a page that others saw once", "it is alone now and may write"),
        Repair::Large => {
            ("a page that nobody had used", "the kernel gave it a large one, of 2 MiB")
        }
        Repair::ZeroPage => ("a page that nobody had used", "it sees the page of zeroes"),
        Repair::Shared => ("a page shared on purpose", "the kernel showed it the common one"),
        Repair::Noticed => ("a clean shared page", "the kernel noted that it is dirty now"),
        Repair::SwapIn => ("a page in the swap area", "the kernel brought it back"),
    }
}

fn tell_task(trace: &Trace, record: &Record, event: TaskEvent) -> String {
    let after = record.stamp.time + Duration::nanos(1);
    let actor = || who(trace, record.stamp.thread, after);
    let signal = |number: u8| {
        let signal = Signal::from_number(u64::from(number));
        signal.map_or(format!("signal {number}"), |s| format!("SIG{}", s.short_name()))
    };
    match event {
        TaskEvent::Start { child, .. } => {
            tell_started(trace, &[(record.stamp.thread, child)], record.stamp.time)
        }
        TaskEvent::Exec { .. } => format!("{} is another program now", actor()),
        TaskEvent::Exit { status } => format!("{} ended{}", actor(), status_words(status)),
        TaskEvent::Signal { target, signal: n } => {
            format!("{} was sent {}", who(trace, target, after), signal(n))
        }
        TaskEvent::Deliver { signal: n, handled, .. } => {
            let what = if handled { "handles" } else { "felt" };
            format!("{} {what} {}", actor(), signal(n))
        }
        TaskEvent::Discard { target, signal: n, .. } => {
            format!("{} ignored {}", who(trace, target, after), signal(n))
        }
        TaskEvent::Abort { why } => {
            let why = match why {
                Abort::Panic => "its code panicked",
                Abort::JournalFull => "its journal is full",
                Abort::NotDeterministic => "it is not a function of its answers",
            };
            format!("{} broke off: {why}", actor())
        }
        TaskEvent::Mark { fact, value } => format!("{} {}", actor(), stated(fact, value)),
        TaskEvent::Reap { pid } => format!("{} collected its child {pid}", actor()),
    }
}

/// What a program says of itself.
fn stated(fact: u16, value: u64) -> String {
    let line = value as u32;
    match u64::from(fact) {
        probe::LINE if line >= u32::MAX - 1 => "has done all its lines".to_owned(),
        probe::LINE => format!("came to line {line}"),
        probe::LOADED => format!("loaded {value}"),
        _ => match steps::Step::of(fact) {
            Some(step) => Lang::En.step(step).to_owned(),
            None => format!("states {fact}: {value}"),
        },
    }
}

fn status_words(status: u32) -> String {
    match (status >> 8, status & 0x7f) {
        (0, 0) => String::new(),
        (code, 0) => format!(" with status {code}"),
        (_, signal) => {
            let known = Signal::from_number(u64::from(signal));
            let name = known.map_or(signal.to_string(), |signal| signal.short_name());
            format!(", killed by SIG{name}")
        }
    }
}

fn tell_sched(trace: &Trace, record: &Record, event: SchedEvent) -> String {
    let (time, cpu) = (record.stamp.time, record.stamp.cpu);
    let after = time + Duration::nanos(1);
    match event {
        SchedEvent::Block { on } => {
            format!("{} {}", who(trace, record.stamp.thread, after), slept(on))
        }
        SchedEvent::Ready { thread, on } => {
            let name = who(trace, thread, after);
            match trace.track(thread).and_then(|track| track.doing(time)) {
                Some(Doing::Wait(wait)) => {
                    format!("{name} is ready for CPU {on}: {}", woken(wait))
                }
                Some(Doing::Stopped) => format!("{name} may go on, and is ready for CPU {on}"),
                _ => format!("{name} is ready for CPU {on}"),
            }
        }
        SchedEvent::Priority { thread, priority, inherited } => {
            let name = who(trace, thread, after);
            let from = if inherited { ", lent by who waits for it" } else { "" };
            format!("{name} has priority {priority} now{from}")
        }
        SchedEvent::Switch { from, to, why } => tell_switch(trace, (from, to), why, (cpu, after)),
    }
}

fn tell_switch(
    trace: &Trace,
    (from, to): (Serial, Serial),
    why: Leave,
    (cpu, time): (CpuId, Time),
) -> String {
    let (old, new) = (who(trace, from, time), who(trace, to, time));
    if to == Serial(0) {
        return format!("nobody is ready for CPU {cpu}, so it is idle");
    }
    match why {
        Leave::Idle => format!("{new} got CPU {cpu}, which was idle"),
        Leave::Slice if from == to => format!("{new} used its slice up, and got another one"),
        Leave::Slice => {
            format!("{old} used its slice up; {new} got CPU {cpu} because its turn came")
        }
        Leave::Preempted => format!("{new} took CPU {cpu} from {old}"),
        Leave::Yielded => format!("{old} gave CPU {cpu} away, and {new} got it"),
        Leave::Stopped => format!("{old} was stopped; {new} got CPU {cpu}"),
        Leave::Blocked | Leave::Exited => {
            format!("{new} got CPU {cpu} because its turn came")
        }
    }
}

/// What somebody who blocks does.
fn slept(on: Wait) -> &'static str {
    match on {
        Wait::Sleep => "went to sleep for a timer",
        Wait::Futex => "went to sleep on a futex",
        Wait::Child => "went to sleep until a child ends",
        Wait::Disk => "asked the disk and went to sleep",
        Wait::Pipe => "went to sleep at a pipe",
        Wait::Signal => "went to sleep until a signal comes",
        Wait::Poll => "went to sleep at several descriptors",
        Wait::Turn => "waits until its next line's turn",
        Wait::Socket => "went to sleep until a packet comes",
        Wait::Console => "went to sleep until somebody types",
        Wait::Server => "asked a server and went to sleep",
        Wait::Work => "has no work and went to sleep",
        Wait::Memory => "found no free memory and waits",
        Wait::Lock => "found the file locked and waits",
    }
}

/// Why somebody who waited goes on.
fn woken(wait: Wait) -> &'static str {
    match wait {
        Wait::Sleep => "its timer ran out",
        Wait::Futex => "its futex was woken",
        Wait::Child => "a child of it ended",
        Wait::Disk => "the disk is done",
        Wait::Pipe => "the pipe moved",
        Wait::Signal => "a signal came",
        Wait::Poll => "a descriptor was ready",
        Wait::Turn => "it is its line's turn",
        Wait::Socket => "a packet came",
        Wait::Console => "somebody typed",
        Wait::Server => "a server answered",
        Wait::Work => "there is work",
        Wait::Memory => "memory is free again",
        Wait::Lock => "the lock was given back",
    }
}

/// What somebody waits for, in a word.
pub(super) fn waits_for(wait: Wait) -> &'static str {
    match wait {
        Wait::Sleep => "timer",
        Wait::Futex => "futex",
        Wait::Child => "child",
        Wait::Disk => "disk",
        Wait::Pipe => "pipe",
        Wait::Signal => "signal",
        Wait::Poll => "poll",
        Wait::Turn => "turn",
        Wait::Socket => "packet",
        Wait::Console => "key",
        Wait::Server => "server",
        Wait::Work => "work",
        Wait::Memory => "memory",
        Wait::Lock => "file locks",
    }
}

/// A task's state in a few words, as at the end of its lane.
pub(super) fn state(doing: Option<Doing>) -> String {
    match doing {
        None => "not born".to_owned(),
        Some(Doing::Run(cpu)) => format!("runs, CPU {cpu}"),
        Some(Doing::Ready(_)) => "ready, waits".to_owned(),
        Some(Doing::Wait(wait)) => format!("asleep: {}", waits_for(wait)),
        Some(Doing::Stopped) => "stopped".to_owned(),
        Some(Doing::Ended(0)) => "ended".to_owned(),
        Some(Doing::Ended(status)) => match (status >> 8, status & 0x7f) {
            (code, 0) => format!("ended: {code}"),
            (_, signal) => format!("killed: {signal}"),
        },
    }
}

/// One sentence on what a task does at a moment, and since when.
pub(super) fn tell_task_now(track: &Track, time: Time) -> String {
    let name = format!("{} ({}, tid {})", track.tag, track.name(time), track.tid);
    let long = time.since(track.since(time));
    let long = match long.saturating_sub(Duration::nanos(1)) {
        Duration::ZERO => "no time yet".to_owned(),
        long => short(long),
    };
    let spent = track.spent(time);
    match track.doing(time) {
        None => format!("{name} is not born yet."),
        Some(Doing::Run(cpu)) => {
            format!("{name} has had CPU {cpu} for {long}; it ran {} in all.", short(spent.ran))
        }
        Some(Doing::Ready(cpu)) => {
            format!("{name} has waited for CPU {cpu} for {long}; {} in all.", short(spent.queued))
        }
        Some(Doing::Wait(wait)) => {
            let what = match wait {
                Wait::Sleep => "for its timer",
                Wait::Futex => "at a futex",
                Wait::Child => "for a child to end",
                Wait::Disk => "for the disk",
                Wait::Pipe => "at a pipe",
                Wait::Signal => "for a signal",
                Wait::Poll => "at several descriptors",
                Wait::Turn => "for its line's turn",
                Wait::Socket => "for a packet",
                Wait::Console => "for somebody to type",
                Wait::Server => "for a server",
                Wait::Work => "for work",
                Wait::Memory => "for free memory",
                Wait::Lock => "for a file lock",
            };
            format!("{name} has slept for {long}: it waits {what}.")
        }
        Some(Doing::Stopped) => format!("{name} was stopped by a signal {long} ago."),
        Some(Doing::Ended(status)) => {
            let how = status_words(status);
            let ran = short(spent.ran);
            format!("{name} ended {long} ago{how}; it ran {ran} in all.")
        }
    }
}

/// A single record, with its time and number.
pub(super) fn tell_event(trace: &Trace, number: u64, record: &Record) -> String {
    let time = record.stamp.time;
    format!("Event {number}, {time}: {}.", tell_record(trace, record))
}

#[cfg(test)]
mod tests {
    use super::{state, status_words, waits_for};
    use crate::trace::Doing;
    use oscope_kernel::base::CpuId;
    use oscope_kernel::event::Wait;

    #[test]
    fn states_are_plain_words() {
        assert_eq!(state(Some(Doing::Run(CpuId(1)))), "runs, CPU 1");
        assert_eq!(state(Some(Doing::Wait(Wait::Disk))), "asleep: disk");
        assert_eq!(state(Some(Doing::Ended(0x200))), "ended: 2");
        assert_eq!(waits_for(Wait::Child), "child");
    }

    #[test]
    fn a_status_is_told_as_wait_reports_it() {
        assert_eq!(status_words(0), "");
        assert_eq!(status_words(0x700), " with status 7");
        assert_eq!(status_words(9), ", killed by SIGKILL");
    }
}
