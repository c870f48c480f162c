//! The records of all machines, and how things are found in them.

use super::subject::{Problem, ThreadName};
use crate::lang::Lang;
use crate::narrate;
use crate::trace::{Seen, Trace};
use oscope_kernel::base::{Duration, MachineId, Serial, Time};
use oscope_kernel::event::{EventId, Record};

/// One machine's part.
#[derive(Clone, Copy)]
pub struct Stage<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it did.
    pub trace: &'a Trace,
    /// How far that is known.
    pub known: Time,
}

/// All machines, in the order of their ids.
#[derive(Clone)]
pub struct Scene<'a> {
    /// Their parts.
    pub stages: Vec<Stage<'a>>,
}

/// Records that happened at a moment have happened; so "up to" is just before the next one.
pub(super) fn after(time: Time) -> Time {
    time + Duration::nanos(1)
}

impl<'a> Scene<'a> {
    pub(super) fn trace(&self, machine: MachineId) -> Option<&'a Trace> {
        self.stages.get(usize::from(machine.0)).map(|stage| stage.trace)
    }

    /// The record that an id names.
    pub(super) fn seen(&self, id: EventId) -> Option<&'a Seen> {
        self.trace(id.machine())?.seen(id.sequence())
    }

    /// What a machine did up to a moment.
    pub(super) fn past(&self, machine: MachineId, time: Time) -> &'a [Seen] {
        self.trace(machine).map_or(&[], |trace| trace.log(after(time)))
    }

    /// What it did after a moment, as far as that is known.
    pub(super) fn future(&self, machine: MachineId, time: Time) -> &'a [Seen] {
        let all = self.past(machine, Time(u64::MAX - 1));
        let known = self.stages.get(usize::from(machine.0)).map_or(Time::ZERO, |s| s.known);
        let end = all.partition_point(|seen| seen.record.stamp.time < known);
        let start = self.past(machine, time).len();
        all.get(start..end.max(start)).unwrap_or_default()
    }

    /// Whether anything is known of what comes after a moment.
    pub(super) fn is_known_after(&self, machine: MachineId, time: Time) -> bool {
        self.stages.get(usize::from(machine.0)).is_some_and(|stage| stage.known > after(time))
    }

    /// The newest record up to a moment for which a test holds.
    pub(super) fn last(
        &self,
        machine: MachineId,
        time: Time,
        test: impl Fn(&Record) -> bool,
    ) -> Option<&'a Seen> {
        self.past(machine, time).iter().rev().find(|seen| test(&seen.record))
    }

    /// The first record after a moment for which a test holds.
    pub(super) fn next(
        &self,
        machine: MachineId,
        time: Time,
        test: impl Fn(&Record) -> bool,
    ) -> Option<&'a Seen> {
        self.future(machine, time).iter().find(|seen| test(&seen.record))
    }

    /// The first record that stands behind another one, up to a moment, and for which a test holds.
    pub(super) fn following(
        &self,
        machine: MachineId,
        (from, until): (&Seen, Time),
        test: impl Fn(&Record) -> bool,
    ) -> Option<&'a Seen> {
        let place = |seen: &Seen| (seen.record.stamp.time, seen.number);
        let past = self.past(machine, until);
        let start = past.partition_point(|seen| place(seen) <= place(from));
        past.get(start..)?.iter().find(|seen| test(&seen.record))
    }

    /// A thread as sentences call it.
    pub(super) fn who(&self, lang: Lang, machine: MachineId, serial: Serial, time: Time) -> String {
        self.trace(machine)
            .map_or_else(String::new, |trace| narrate::who(lang, trace, serial, after(time)))
    }

    /// The thread that somebody named by its number or its program.
    pub(super) fn thread(
        &self,
        machine: MachineId,
        name: &ThreadName,
        time: Time,
    ) -> Result<Serial, Problem> {
        let trace = self.trace(machine).ok_or(Problem::Nothing)?;
        let tasks = trace.tasks(after(time));
        let fits = |track: &&crate::trace::Track| match name {
            ThreadName::Tid(tid) => track.tid == *tid,
            ThreadName::Serial(serial) => track.serial == *serial,
            ThreadName::Program(program) => track.name(after(time)) == program,
        };
        // Numbers are used again: the newest thread of that number is meant. Of several with one name, one that lives.
        let alive = |track: &&crate::trace::Track| track.ended(after(time)).is_none();
        let mut found: Vec<_> = tasks.iter().filter(fits).collect();
        if found.len() > 1 && found.iter().any(alive) {
            found.retain(|track| alive(track));
        }
        match (&found[..], name) {
            ([], _) => {
                let known = tasks.iter().rev().filter(|track| alive(track)).take(12);
                let known: Vec<String> = known
                    .map(|track| format!("{} ({})", track.tid, track.name(after(time))))
                    .collect();
                Err(Problem::NoThread(known))
            }
            ([.., _, _], ThreadName::Program(_)) => {
                let tids = found.iter().take(12).map(|track| track.tid.to_string());
                Err(Problem::SeveralThreads(tids.collect()))
            }
            ([.., track], _) => Ok(track.serial),
        }
    }
}
