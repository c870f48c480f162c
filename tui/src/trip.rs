//! The way of requests through several machines, from what programs mark in the log.
//!
//! A request is followed by the number that the kernels hand on with its bytes ([`oscope_kernel::base::RequestId`]); the
//! browser's own marks, before there is one, are the oldest that belong to nobody yet.

use crate::calls;
use crate::model::{MachineModel, Model};
use crate::trace::Doing;
use oscope_kernel::abi::nr;
use oscope_kernel::base::{Duration, Serial, Time};
use oscope_kernel::event::{CallEvent, Event, NetEvent, TaskEvent, Wait};
use oscope_userland::bin::steps::Step;
use std::collections::BTreeMap;

/// A step that somebody marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When.
    pub time: Time,
    /// On which machine, by its place.
    pub machine: usize,
    /// Who.
    pub task: Serial,
    /// The step.
    pub step: Step,
    /// What it says besides.
    pub value: u64,
    /// The record's number.
    pub number: u64,
    request: u32,
}

/// The way of a request so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trip {
    /// Its steps in the order of time.
    pub marks: Vec<Mark>,
}

/// What the time of a trip was spent on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Somebody who works for it had a CPU.
    pub cpu: Duration,
    /// Somebody waited for a CPU.
    pub queue: Duration,
    /// Somebody waited for a disk.
    pub disk: Duration,
    /// A frame was on a wire.
    pub wire: Duration,
    /// Locks, timers, and the kernels' own work.
    pub other: Duration,
}

/// What goes on at an instant of a trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// Somebody has a CPU.
    Cpu,
    /// Somebody waits for a CPU.
    Queue,
    /// Somebody waits for a disk.
    Disk,
    /// A frame is on its way.
    Wire,
    /// None of these.
    Other,
}

/// All marks before a moment; of what one machine did at the last instant, nothing behind the record that was stepped to.
fn marks(machines: &[MachineModel], now: Time, upto: Option<(usize, u64)>) -> Vec<Mark> {
    let mut all = Vec::new();
    for (machine, model) in machines.iter().enumerate() {
        for seen in model.trace.log(now) {
            let Event::Task(TaskEvent::Mark { fact, value }) = seen.record.event else { continue };
            let Some(step) = Step::of(fact) else { continue };
            if upto.is_some_and(|(on, number)| on == machine && seen.number > number) {
                continue;
            }
            let stamp = seen.record.stamp;
            all.push(Mark {
                time: stamp.time,
                machine,
                task: stamp.thread,
                step,
                value,
                number: seen.number,
                request: stamp.request.0,
            });
        }
    }
    // The sort is stable: what one machine did at one instant stays in its order.
    all.sort_by_key(|mark| mark.time);
    all
}

/// All requests before the moment that is shown, the oldest first.
#[must_use]
pub fn trips(model: &Model) -> Vec<Trip> {
    let upto = model.event.map(|(number, _)| (model.shown, number));
    let mut trips: Vec<Trip> = Vec::new();
    let mut known: BTreeMap<u32, usize> = BTreeMap::new();
    // Requests that no server has taken yet.
    let mut fresh: Vec<usize> = Vec::new();
    for mark in marks(&model.machines, model.now, upto) {
        let place = match mark.step {
            Step::Issued => {
                fresh.push(trips.len());
                trips.push(Trip::default());
                Some(trips.len() - 1)
            }
            Step::Resolved => {
                let own = |at: &&usize| {
                    trips[**at].marks.first().is_some_and(|first| {
                        (first.machine, first.task) == (mark.machine, mark.task)
                    })
                };
                fresh.iter().rev().find(own).copied()
            }
            _ => match known.get(&mark.request) {
                Some(place) => Some(*place),
                None if mark.step == Step::WebTook && !fresh.is_empty() => {
                    let place = fresh.remove(0);
                    known.insert(mark.request, place);
                    Some(place)
                }
                None => None,
            },
        };
        if let Some(trip) = place.and_then(|place| trips.get_mut(place)) {
            trip.marks.push(mark);
        }
    }
    trips
}

impl Trip {
    /// When it began.
    #[must_use]
    pub fn began(&self) -> Time {
        self.marks.first().map_or(Time::ZERO, |mark| mark.time)
    }

    /// When it was over, if it is.
    #[must_use]
    pub fn ended(&self) -> Option<Time> {
        let last = self.marks.iter().find(|mark| mark.step == Step::Shown)?;
        Some(last.time)
    }

    /// The last step that was made.
    #[must_use]
    pub fn last(&self) -> Option<&Mark> {
        self.marks.last()
    }

    /// When a step was made first.
    #[must_use]
    pub fn first(&self, step: Step) -> Option<&Mark> {
        self.marks.iter().find(|mark| mark.step == step)
    }

    /// Who works for it, on which machine.
    #[must_use]
    pub fn workers(&self) -> Vec<(usize, Serial)> {
        let mut workers: Vec<(usize, Serial)> = Vec::new();
        for mark in &self.marks {
            let worker = (mark.machine, mark.task);
            if !workers.contains(&worker) {
                workers.push(worker);
            }
        }
        workers
    }

    /// Those who have taken it and not passed it on for good.
    #[must_use]
    pub fn holders(&self) -> Vec<(usize, Serial)> {
        let gives = |step| {
            matches!(step, Step::DbAnswered | Step::AppReturned | Step::WebPassed | Step::Shown)
        };
        let mut held = self.workers();
        held.retain(|worker| {
            let mut own = self.marks.iter().filter(|mark| (mark.machine, mark.task) == *worker);
            own.next_back().is_some_and(|mark| !gives(mark.step))
        });
        held
    }

    /// What goes on just before a moment.
    #[must_use]
    pub fn activity(&self, machines: &[MachineModel], time: Time) -> Activity {
        let mut found = Activity::Other;
        for (machine, task) in self.workers() {
            let track = machines.get(machine).and_then(|machine| machine.trace.track(task));
            match track.and_then(|track| track.doing(time)) {
                Some(Doing::Run(_)) => return Activity::Cpu,
                Some(Doing::Wait(Wait::Disk)) => found = Activity::Disk,
                Some(Doing::Ready(_)) if found == Activity::Other => found = Activity::Queue,
                _ => {}
            }
        }
        if found == Activity::Other && machines.iter().any(|machine| is_sending(machine, time)) {
            found = Activity::Wire;
        }
        found
    }

    /// What its time until a moment was spent on.
    #[must_use]
    pub fn parts(&self, machines: &[MachineModel], now: Time) -> Parts {
        let (from, to) = (self.began(), self.ended().unwrap_or(now).min(now));
        let mut edges: Vec<Time> = vec![from, to];
        for (machine, task) in self.workers() {
            let track = machines.get(machine).and_then(|machine| machine.trace.track(task));
            edges.extend(track.into_iter().flat_map(|track| track.changes()));
        }
        for machine in machines {
            for (sent, arrives) in sendings(machine, from, to) {
                edges.extend([sent, arrives]);
            }
        }
        edges.retain(|edge| (from..=to).contains(edge));
        edges.sort_unstable();
        edges.dedup();
        let mut parts = Parts::default();
        for pair in edges.windows(2) {
            let part = match self.activity(machines, pair[1]) {
                Activity::Cpu => &mut parts.cpu,
                Activity::Queue => &mut parts.queue,
                Activity::Disk => &mut parts.disk,
                Activity::Wire => &mut parts.wire,
                Activity::Other => &mut parts.other,
            };
            *part += pair[1].since(pair[0]);
        }
        parts
    }
}

/// When frames were on a cable that this machine sent: from, and until.
fn sendings(machine: &MachineModel, from: Time, to: Time) -> impl Iterator<Item = (Time, Time)> {
    let log = machine.trace.log(to).iter().rev();
    // A frame takes less than a second.
    let early = Time(from.0.saturating_sub(1_000_000_000));
    log.take_while(move |seen| seen.record.stamp.time >= early).filter_map(|seen| {
        match seen.record.event {
            Event::Net(NetEvent::Transmit { arrives, .. }) => {
                Some((seen.record.stamp.time, arrives))
            }
            _ => None,
        }
    })
}

fn is_sending(machine: &MachineModel, time: Time) -> bool {
    let early = Time(time.0.saturating_sub(1_000_000_000));
    sendings(machine, early, time).any(|(sent, arrives)| sent < time && time <= arrives)
}

/// The bytes that a step is about: the call with data that its thread made nearest to it, as strace prints it.
#[must_use]
pub fn data(machines: &[MachineModel], mark: &Mark, now: Time) -> Option<String> {
    const CARRIERS: [u16; 12] = [
        nr::READ,
        nr::WRITE,
        nr::READV,
        nr::WRITEV,
        nr::PREAD64,
        nr::PWRITE64,
        nr::SENDTO,
        nr::RECVFROM,
        nr::SENDMSG,
        nr::RECVMSG,
        nr::SENDFILE,
        nr::PREADV,
    ];
    let trace = &machines.get(mark.machine)?.trace;
    let log = trace.log(now);
    let here = log.partition_point(|seen| {
        seen.record.stamp.time < mark.time
            || (seen.record.stamp.time == mark.time && seen.number < mark.number)
    });
    let own = |seen: &&crate::trace::Seen| seen.record.stamp.thread == mark.task;
    let carries = |seen: &&crate::trace::Seen| match seen.record.event {
        Event::Call(CallEvent::Done { number, result, .. }) => {
            CARRIERS.contains(&number) && result > 0
        }
        _ => false,
    };
    let before =
        log[..here].iter().rev().filter(own).take_while(|seen| !is_step(seen)).find(carries);
    let after =
        log[here..].iter().skip(1).filter(own).take_while(|seen| !is_step(seen)).find(carries);
    let sends = matches!(
        mark.step,
        Step::Issued
            | Step::WebWent
            | Step::SqlSent
            | Step::DbAnswered
            | Step::AppReturned
            | Step::WebPassed
    );
    let seen = if sends { after } else { before.or(after) }?;
    calls::line(&seen.record, seen.detail.as_deref())
}

fn is_step(seen: &crate::trace::Seen) -> bool {
    matches!(seen.record.event, Event::Task(TaskEvent::Mark { .. }))
}
