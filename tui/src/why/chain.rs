//! A chain as it is made: links are added, causes are followed.

use super::scene::{Scene, after};
use super::{Answer, Bond, Link, words};
use crate::calls;
use crate::lang::Lang;
use crate::narrate;
use crate::text::{clean, short};
use crate::trace::Seen;
use oscope_kernel::base::{Duration, MachineId, Serial, Time};
use oscope_kernel::event::{CallEvent, Event, EventId, Record, SchedEvent, TaskEvent};

/// So many causes are followed at most.
const LONGEST: usize = 64;

/// Waits for a CPU that are shorter than this need no explanation: a context switch takes so long.
const NOTABLE: Duration = Duration::micros(5);

/// A chain in the making.
pub(super) struct Chain<'a> {
    pub(super) scene: &'a Scene<'a>,
    pub(super) time: Time,
    pub(super) lang: Lang,
    text: String,
    links: Vec<Link>,
}

/// Whether a record makes a thread ready to run.
pub(super) fn is_ready(record: &Record, serial: Serial) -> bool {
    matches!(record.event, Event::Sched(SchedEvent::Ready { thread, .. }) if thread == serial)
}

/// Whether a record gives a CPU to a thread.
pub(super) fn is_given(record: &Record, serial: Serial) -> bool {
    matches!(record.event, Event::Sched(SchedEvent::Switch { to, .. }) if to == serial)
}

/// Since when a call has gone on, and which it is, if the record is a call's.
pub(super) fn entered(record: &Record) -> Option<(u16, Time)> {
    match record.event {
        Event::Call(
            CallEvent::Done { number, entered, .. }
            | CallEvent::Wait { number, entered, .. }
            | CallEvent::Interrupted { number, entered, .. },
        ) => Some((number, entered)),
        _ => None,
    }
}

impl<'a> Chain<'a> {
    pub(super) fn new(scene: &'a Scene<'a>, time: Time, lang: Lang) -> Self {
        Self { scene, time, lang, text: String::new(), links: Vec::new() }
    }

    pub(super) fn answer(self) -> Answer {
        Answer { text: self.text, links: self.links }
    }

    /// An answer for which there is no event.
    pub(super) fn say(&mut self, text: String) {
        if self.text.is_empty() {
            self.text = text;
        }
    }

    /// Adds a link. The first sentence is the answer.
    pub(super) fn push(&mut self, machine: MachineId, seen: &Seen, bond: Bond, text: String) {
        let text = match self.scene.stages.get(usize::from(machine.0)) {
            Some(stage) if self.scene.stages.len() > 1 => format!("{}: {text}", clean(stage.name)),
            _ => text,
        };
        if self.text.is_empty() {
            self.text.clone_from(&text);
        }
        let event = EventId::new(machine, seen.number);
        self.links.push(Link { event, machine, time: seen.record.stamp.time, bond, text });
    }

    /// Adds a link that says what its record says.
    pub(super) fn tell(&mut self, machine: MachineId, seen: &Seen, bond: Bond) {
        let text = self.sentence(machine, seen);
        self.push(machine, seen, bond, text);
    }

    /// What a record says. Of a call, strace's words say most.
    pub(super) fn sentence(&self, machine: MachineId, seen: &Seen) -> String {
        let record = &seen.record;
        if let Some(line) = calls::line(record, seen.detail.as_deref()) {
            let (who, line) = (self.name(machine, record.stamp.thread), clean(&line));
            return match record.event {
                Event::Call(CallEvent::Wait { .. }) => words::waits_in(self.lang, &who, &line),
                _ => words::call(self.lang, &who, &line),
            };
        }
        let trace = self.scene.trace(machine);
        trace.map_or_else(String::new, |trace| narrate::tell_record(self.lang, trace, record))
    }

    /// A thread as sentences call it.
    pub(super) fn name(&self, machine: MachineId, serial: Serial) -> String {
        self.scene.who(self.lang, machine, serial, self.time)
    }

    /// How long ago a record was.
    pub(super) fn ago(&self, seen: &Seen) -> String {
        short(self.time.since(seen.record.stamp.time))
    }

    /// Whether an event is part of the chain already.
    pub(super) fn has(&self, id: EventId) -> bool {
        self.links.iter().any(|link| link.event == id)
    }

    /// Follows the causes of a record.
    pub(super) fn causes(&mut self, seen: &Seen) {
        let mut cause = seen.record.stamp.cause;
        for _ in 0..LONGEST {
            let Some(found) = self.scene.seen(cause).filter(|_| !self.has(cause)) else { return };
            self.late(cause.machine(), found);
            self.tell(cause.machine(), found, Bond::Because);
            self.made_by(cause.machine(), found);
            cause = found.record.stamp.cause;
        }
    }

    /// A CPU falls idle for no other reason than that somebody left it: why did they?
    pub(super) fn left(&mut self, machine: MachineId, seen: &Seen) {
        let Event::Sched(SchedEvent::Switch { from, to: Serial(0), .. }) = seen.record.event else {
            return;
        };
        let parted = self.scene.last(machine, seen.record.stamp.time, |record| {
            record.stamp.thread == from
                && matches!(
                    record.event,
                    Event::Sched(SchedEvent::Block { .. }) | Event::Task(TaskEvent::Exit { .. })
                )
        });
        if let Some(parted) = parted.filter(|_| from != Serial(0)) {
            self.tell(machine, parted, Bond::Because);
            self.causes(parted);
        }
    }

    /// Somebody was made ready and did not get a CPU at once: who had it?
    pub(super) fn late(&mut self, machine: MachineId, seen: &Seen) {
        let Event::Sched(SchedEvent::Ready { thread, on }) = seen.record.event else { return };
        let ready = seen.record.stamp.time;
        let got = |record: &Record| is_given(record, thread);
        let Some(got) = self.scene.following(machine, (seen, self.time), got) else { return };
        let waited = got.record.stamp.time.since(ready);
        if waited < NOTABLE || self.has(EventId::new(machine, got.number)) {
            return;
        }
        let Some(trace) = self.scene.trace(machine) else { return };
        let holder = trace.mostly(usize::from(on.0), ready, got.record.stamp.time);
        let holder = (holder != Serial(0)).then(|| self.name(machine, holder));
        let who = self.name(machine, thread);
        let text = words::late(self.lang, &who, &short(waited), on, holder.as_deref());
        self.push(machine, got, Bond::Meanwhile, text);
    }

    /// The call of another thread in which a record was made.
    pub(super) fn made_by(&mut self, machine: MachineId, seen: &Seen) {
        let Event::Sched(SchedEvent::Ready { thread, .. }) = seen.record.event else { return };
        let (actor, time) = (seen.record.stamp.thread, seen.record.stamp.time);
        if actor == Serial(0) || actor == thread {
            return;
        }
        let of_actor = |record: &Record| {
            record.stamp.thread == actor && record.stamp.time >= time && entered(record).is_some()
        };
        // Records of the very same instant may stand before or after it.
        let from = self.scene.past(machine, time).partition_point(|s| s.record.stamp.time < time);
        let past = self.scene.past(machine, time).get(from..).unwrap_or_default();
        let call = past.iter().find(|seen| of_actor(&seen.record));
        let call = call.or_else(|| self.scene.next(machine, time, of_actor));
        let inside = |call: &&Seen| entered(&call.record).is_some_and(|(_, start)| start <= time);
        if let Some(call) = call.filter(inside)
            && !self.has(EventId::new(machine, call.number))
        {
            self.tell(machine, call, Bond::In);
        }
    }

    /// Who has a CPU, and since when.
    pub(super) fn holder(&mut self, machine: MachineId, cpu: oscope_kernel::base::CpuId) {
        let Some(trace) = self.scene.trace(machine) else { return };
        let holder = trace.holder(usize::from(cpu.0), after(self.time));
        if holder == Serial(0) {
            return;
        }
        let got = self
            .scene
            .last(machine, self.time, |record| is_given(record, holder) && record.stamp.cpu == cpu);
        if let Some(got) = got {
            let text = words::holder(self.lang, &self.name(machine, holder), cpu, &self.ago(got));
            self.push(machine, got, Bond::Meanwhile, text);
        }
    }
}
