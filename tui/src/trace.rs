//! Records folded into lanes: who had which CPU when, and what every task did.
//!
//! A [`Trace`] holds all that is known of a machine, also of what lies ahead of the moment that the screen
//! shows. Whoever asks names the moment; nothing here knows it.

use crate::density::Density;
use crate::steps::Steps;
use crate::text::clean;
use oscope_kernel::base::{CpuId, Duration, Serial, Time};
use oscope_kernel::event::{CallEvent, Event, Leave, Log, Record, SchedEvent, TaskEvent, Wait};
use oscope_kernel::machine::Machine;
use oscope_userland::predicate::{Facts, Who, facts};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A record on its way from the engine to the screen, with its number and the name it refers to.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its number in the log.
    pub number: u64,
    /// The record.
    pub record: Record,
    /// The name behind its symbol.
    pub name: Option<Arc<str>>,
    /// The bytes that the log keeps beside it: a system call's arguments.
    pub detail: Option<Arc<[u8]>>,
}

impl Seen {
    /// A record of a log, with what the log keeps beside it.
    #[must_use]
    pub fn of(log: &Log, number: u64, record: &Record) -> Self {
        let name = match record.event {
            Event::Task(TaskEvent::Start { name, .. } | TaskEvent::Exec { name }) => {
                Some(log.name(name).into())
            }
            _ => None,
        };
        let detail = match record.event {
            Event::Call(
                CallEvent::Done { detail, .. }
                | CallEvent::Wait { detail, .. }
                | CallEvent::Interrupted { detail, .. },
            ) => Some(log.bytes(number, detail).into()),
            _ => None,
        };
        Self { number, record: *record, name, detail }
    }

    /// What the log keeps beside the record.
    #[must_use]
    pub fn beside(&self) -> (Option<&str>, Option<&[u8]>) {
        (self.name.as_deref(), self.detail.as_deref())
    }
}

/// What a task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// It has a CPU.
    Run(CpuId),
    /// It is ready and waits for one.
    Ready(CpuId),
    /// It waits for something else.
    Wait(Wait),
    /// A signal has stopped it.
    Stopped,
    /// It has ended with this status, as wait4(2) reports it.
    Ended(u32),
}

/// What the time before a span was spent on, in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// With a CPU.
    pub ran: Duration,
    /// Ready, without one.
    pub queued: Duration,
    /// Waiting for something else.
    pub slept: Duration,
    /// How often it got a CPU.
    pub switches: u32,
    /// How often that was another CPU than before.
    pub migrations: u32,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    from: Time,
    doing: Doing,
    before: Spent,
}

/// One task's story.
#[derive(Clone, Debug)]
pub struct Track {
    /// Its name in the log.
    pub serial: Serial,
    /// Its letter on the screen.
    pub letter: char,
    /// What tells it from all others on the screen: the letter, with a number if it is used again.
    pub tag: String,
    /// Its number as user programs see it.
    pub tid: u32,
    /// Its process's number.
    pub pid: u32,
    /// Who started it.
    pub parent: Serial,
    /// When it came into being.
    pub born: Time,
    names: Vec<(Time, String)>,
    spans: Vec<Span>,
    first_ran: Option<Time>,
    last_cpu: Option<CpuId>,
}

/// All that is known of a machine.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    tasks: Vec<Track>,
    places: BTreeMap<Serial, usize>,
    cpus: Vec<Vec<(Time, Serial)>>,
    /// All records in the order of time.
    log: Vec<Seen>,
    /// Where the record of a number is in `log`.
    by_number: BTreeMap<u64, usize>,
    /// How many tasks of each program want a CPU.
    pub density: Density,
    /// The record of the call that a thread waits in.
    waiting: BTreeMap<Serial, u64>,
    /// When calls that began to wait were over, by the number of the record that says they wait.
    over: BTreeMap<u64, Time>,
    /// The visible changes.
    pub steps: Steps,
    tags: Tags,
}

/// What stands before a task's name where it is told of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tags {
    /// A letter, as on the screen.
    #[default]
    Letters,
    /// Its number, as user programs see it.
    Numbers,
}

/// The letters, in the order in which tasks appear; after the last one they begin again.
const LETTERS: [u8; 26] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";

fn letter(place: usize) -> char {
    char::from(LETTERS[place % LETTERS.len()])
}

/// The letter, and from the 27th task on how often the letters have begun again: `A`, `A1`, `A2`.
fn tag(place: usize) -> String {
    match place / LETTERS.len() {
        0 => letter(place).to_string(),
        round => format!("{}{round}", letter(place)),
    }
}

impl Spent {
    fn add(mut self, doing: Doing, length: Duration) -> Self {
        match doing {
            Doing::Run(_) => self.ran += length,
            Doing::Ready(_) => self.queued += length,
            Doing::Wait(_) | Doing::Stopped => self.slept += length,
            Doing::Ended(_) => {}
        }
        self
    }
}

impl Track {
    fn set(&mut self, time: Time, doing: Doing) {
        let mut before = Spent::default();
        if let Some(last) = self.spans.last() {
            if last.doing == doing {
                return;
            }
            before = last.before.add(last.doing, time.since(last.from));
        }
        if let Doing::Run(cpu) = doing {
            before.switches += 1;
            before.migrations +=
                u32::from(self.last_cpu.replace(cpu).is_some_and(|old| old != cpu));
            self.first_ran.get_or_insert(time);
        }
        self.spans.push(Span { from: time, doing, before });
    }

    fn span(&self, before: Time) -> Option<usize> {
        self.spans.partition_point(|span| span.from < before).checked_sub(1)
    }

    /// What it did just before `time`; `None` before its birth.
    #[must_use]
    pub fn doing(&self, time: Time) -> Option<Doing> {
        self.span(time).map(|at| self.spans[at].doing)
    }

    /// Since when it has done what it did just before `time`.
    #[must_use]
    pub fn since(&self, time: Time) -> Time {
        self.span(time).map_or(time, |at| self.spans[at].from)
    }

    /// What its time was spent on, up to the last instant before `time`.
    #[must_use]
    pub fn spent(&self, time: Time) -> Spent {
        self.span(time).map_or(Spent::default(), |at| {
            let span = &self.spans[at];
            let length = time.since(span.from).saturating_sub(Duration::nanos(1));
            span.before.add(span.doing, length)
        })
    }

    /// Its name just before `time`.
    #[must_use]
    pub fn name(&self, time: Time) -> &str {
        let known = self.names.iter().rev().find(|(from, _)| *from < time);
        known.or(self.names.first()).map_or("?", |(_, name)| name.as_str())
    }

    /// How long after its birth it first had a CPU, if that was before `time`.
    #[must_use]
    pub fn first_ran(&self, time: Time) -> Option<Duration> {
        let first = self.first_ran.filter(|first| *first < time)?;
        Some(first.since(self.born))
    }

    /// What it did for most of the time between two moments. A turn on a CPU counts even if it is short:
    /// a lane that hid it would contradict the CPU's.
    #[must_use]
    pub fn mostly(&self, from: Time, to: Time) -> Option<Doing> {
        let mut best: Option<(u64, Doing)> = None;
        let first = self.span(from + Duration::nanos(1)).unwrap_or(0);
        for (at, span) in self.spans.iter().enumerate().skip(first) {
            if span.from >= to {
                break;
            }
            let end = self.spans.get(at + 1).map_or(to, |next| next.from.min(to));
            let length = end.since(span.from.max(from)).0;
            let weight = match span.doing {
                Doing::Run(_) => length.saturating_mul(8),
                _ => length,
            };
            if best.is_none_or(|(most, _)| weight > most) {
                best = Some((weight, span.doing));
            }
        }
        best.map(|(_, doing)| doing)
    }

    /// When it began to do something else.
    pub fn changes(&self) -> impl Iterator<Item = Time> {
        self.spans.iter().map(|span| span.from)
    }

    /// When it ended, if it did before `time`.
    #[must_use]
    pub fn ended(&self, time: Time) -> Option<Time> {
        let last = &self.spans[self.span(time)?];
        matches!(last.doing, Doing::Ended(_)).then_some(last.from)
    }
}

impl Trace {
    /// A machine with this many CPUs, of which nothing is known yet.
    #[must_use]
    pub fn new(cpus: usize) -> Self {
        Self { cpus: vec![vec![(Time::ZERO, Serial(0))]; cpus], ..Self::default() }
    }

    /// Everything that a machine's log tells.
    #[must_use]
    pub fn of(machine: &Machine, tags: Tags) -> Self {
        let log = machine.log();
        let mut seen: Vec<Seen> =
            log.since(0).map(|(n, record)| Seen::of(log, n, record)).collect();
        // CPUs run a little apart, so the log's order is not quite that of time.
        seen.sort_by_key(|seen| (seen.record.stamp.time, seen.number));
        let mut trace = Self { tags, ..Self::new(usize::from(machine.config().cpus)) };
        for seen in &seen {
            trace.fold(seen);
        }
        trace.steps.settle(Time::MAX);
        trace
    }

    /// Takes the next record in, in the order of time.
    pub fn fold(&mut self, seen: &Seen) {
        let Record { stamp, event } = seen.record;
        let time = stamp.time;
        self.steps.push(seen.number, &seen.record);
        self.by_number.insert(seen.number, self.log.len());
        self.log.push(seen.clone());
        match event {
            Event::Task(TaskEvent::Start { child, tid, pid, .. }) => {
                let name = clean(seen.name.as_deref().unwrap_or("?"));
                self.density.born(&name);
                self.places.insert(child, self.tasks.len());
                self.tasks.push(Track {
                    serial: child,
                    letter: letter(self.tasks.len()),
                    tag: match self.tags {
                        Tags::Letters => tag(self.tasks.len()),
                        Tags::Numbers => tid.to_string(),
                    },
                    tid,
                    pid,
                    parent: stamp.thread,
                    born: time,
                    names: vec![(time, name)],
                    spans: Vec::new(),
                    first_ran: None,
                    last_cpu: None,
                });
            }
            Event::Task(TaskEvent::Exec { .. }) => {
                let name = clean(seen.name.as_deref().unwrap_or("?"));
                if let Some(at) = self.places.get(&stamp.thread)
                    && let Some(track) = self.tasks.get_mut(*at)
                {
                    let doing = track.spans.last().map(|span| span.doing);
                    let old = track.names.last().map_or("", |(_, name)| name.as_str());
                    self.density.renamed(old, &name, time, doing);
                    track.names.push((time, name));
                }
            }
            Event::Task(TaskEvent::Exit { status }) => {
                self.set(stamp.thread, time, Doing::Ended(status));
            }
            Event::Sched(SchedEvent::Block { on }) => self.set(stamp.thread, time, Doing::Wait(on)),
            // Who is woken before it has left its CPU goes on running there.
            Event::Sched(SchedEvent::Ready { thread, on }) if self.on_cpu(thread).is_none() => {
                self.set(thread, time, Doing::Ready(on));
            }
            Event::Sched(SchedEvent::Switch { from, to, why }) => {
                self.switch(time, stamp.cpu, (from, to), why);
            }
            Event::Call(CallEvent::Wait { .. }) => {
                self.waiting.insert(stamp.thread, seen.number);
            }
            Event::Call(_) => {
                if let Some(number) = self.waiting.remove(&stamp.thread) {
                    self.over.insert(number, time);
                }
            }
            _ => {}
        }
    }

    fn switch(&mut self, time: Time, cpu: CpuId, (from, to): (Serial, Serial), why: Leave) {
        match why {
            Leave::Slice | Leave::Preempted | Leave::Yielded => {
                self.set(from, time, Doing::Ready(cpu));
            }
            Leave::Stopped => self.set(from, time, Doing::Stopped),
            Leave::Idle | Leave::Blocked | Leave::Exited => {}
        }
        self.set(to, time, Doing::Run(cpu));
        if let Some(lane) = self.cpus.get_mut(usize::from(cpu.0)) {
            lane.push((time, to));
        }
    }

    fn on_cpu(&self, thread: Serial) -> Option<usize> {
        let has = |lane: &Vec<(Time, Serial)>| lane.last().is_some_and(|(_, who)| *who == thread);
        let cpu = self.cpus.iter().position(has)?;
        let running = matches!(
            self.track(thread)?.spans.last()?.doing,
            Doing::Run(at) if usize::from(at.0) == cpu
        );
        running.then_some(cpu)
    }

    fn set(&mut self, thread: Serial, time: Time, doing: Doing) {
        let Some(at) = self.places.get(&thread) else { return };
        if let Some(track) = self.tasks.get_mut(*at) {
            let old = track.spans.last().map(|span| span.doing);
            let name = track.names.last().map_or("", |(_, name)| name.as_str());
            self.density.changed(name, time, old, doing);
            track.set(time, doing);
        }
    }

    /// The task of that name in the log.
    #[must_use]
    pub fn track(&self, serial: Serial) -> Option<&Track> {
        self.tasks.get(*self.places.get(&serial)?)
    }

    /// The tasks that were born before `time`, in that order.
    #[must_use]
    pub fn tasks(&self, time: Time) -> &[Track] {
        let known = self.tasks.partition_point(|track| track.born < time);
        &self.tasks[..known]
    }

    /// How many CPUs there are.
    #[must_use]
    pub fn cpus(&self) -> usize {
        self.cpus.len()
    }

    /// Who had a CPU just before `time`; 0 for nobody.
    #[must_use]
    pub fn holder(&self, cpu: usize, time: Time) -> Serial {
        let Some(lane) = self.cpus.get(cpu) else {
            return Serial(0);
        };
        let at = lane.partition_point(|(from, _)| *from < time);
        at.checked_sub(1).map_or(Serial(0), |at| lane[at].1)
    }

    /// Who had a CPU for most of the time between two moments; 0 for nobody.
    #[must_use]
    pub fn mostly(&self, cpu: usize, from: Time, to: Time) -> Serial {
        let Some(lane) = self.cpus.get(cpu) else {
            return Serial(0);
        };
        let first = lane.partition_point(|(start, _)| *start <= from).saturating_sub(1);
        let mut shares: Vec<(Serial, u64)> = Vec::new();
        for (at, (start, who)) in lane.iter().enumerate().skip(first) {
            if *start >= to {
                break;
            }
            let end = lane.get(at + 1).map_or(to, |next| next.0.min(to));
            let length = end.since((*start).max(from)).0;
            match shares.iter_mut().find(|(serial, _)| serial == who) {
                Some((_, share)) => *share += length,
                None => shares.push((*who, length)),
            }
        }
        // The first of those with equal shares.
        let most = shares.iter().rev().max_by_key(|(_, share)| *share);
        most.map_or(Serial(0), |(who, _)| *who)
    }

    /// A record by its number.
    #[must_use]
    pub fn record(&self, number: u64) -> Option<&Record> {
        self.seen(number).map(|seen| &seen.record)
    }

    /// A record by its number, with what belongs to it.
    #[must_use]
    pub fn seen(&self, number: u64) -> Option<&Seen> {
        self.log.get(*self.by_number.get(&number)?)
    }

    /// Whether the call that a record says began to wait was over before `time`.
    #[must_use]
    pub fn is_over(&self, number: u64, time: Time) -> bool {
        self.over.get(&number).is_some_and(|end| *end < time)
    }

    /// The records before `time`, in order.
    #[must_use]
    pub fn log(&self, time: Time) -> &[Seen] {
        &self.log[..self.log.partition_point(|seen| seen.record.stamp.time < time)]
    }

    /// The facts of a record, for conditions.
    #[must_use]
    pub fn facts<'a>(&'a self, machine: &'a str, seen: &Seen) -> Facts<'a> {
        let time = seen.record.stamp.time + Duration::nanos(1);
        facts(machine, seen.number, &seen.record, |serial| {
            let track = self.track(serial)?;
            Some(Who { name: track.name(time), tid: track.tid, pid: track.pid })
        })
    }

    /// Since when all CPUs have been idle just before `time`, if they are.
    #[must_use]
    pub fn idle_since(&self, time: Time) -> Option<Time> {
        let mut since = Time::ZERO;
        for lane in &self.cpus {
            let at = lane.partition_point(|(from, _)| *from < time).checked_sub(1)?;
            if lane[at].1 != Serial(0) {
                return None;
            }
            since = since.max(lane[at].0);
        }
        Some(since)
    }
}

#[cfg(test)]
#[path = "trace_tests.rs"]
mod tests;
