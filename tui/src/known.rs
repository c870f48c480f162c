//! What the engine knows of one machine's log: the records in the order of time, and the steps they make.

use crate::steps::Steps;
use crate::trace::Seen;
use oscope_kernel::base::{Serial, Time};
use oscope_kernel::event::{Event, Log, Record, TaskEvent};
use oscope_userland::predicate::{Predicate, Who, facts};
use std::collections::BTreeMap;

/// A task, as far as conditions can see it.
struct Person {
    name: String,
    tid: u32,
    pid: u32,
}

/// What is known of one machine's log.
#[derive(Default)]
pub(crate) struct Known {
    /// The records; the first `settled` of them are complete and in the order of time.
    pub(crate) records: Vec<Seen>,
    /// The number of the newest record.
    newest: u64,
    /// How many of them are part of the steps.
    pub(crate) settled: usize,
    /// How many of them the screen has got.
    told: usize,
    pub(crate) steps: Steps,
    people: BTreeMap<Serial, Person>,
}

impl Known {
    /// The first record at or after a moment.
    pub(crate) fn place(&self, time: Time) -> usize {
        self.records.partition_point(|seen| seen.record.stamp.time < time)
    }

    /// Begins with records that somebody else knows, the newest of which has the number `newest`.
    pub(crate) fn continue_from(&mut self, records: Vec<Seen>, newest: u64) {
        *self = Self { records, newest, ..Self::default() };
    }

    /// Where the record of that number is, if it is part of the steps.
    pub(crate) fn place_of(&self, number: u64) -> Option<usize> {
        self.records[..self.settled].iter().position(|seen| seen.number == number)
    }

    pub(crate) fn take_in(&mut self, log: &Log) {
        if log.end() <= self.newest {
            return;
        }
        for (number, record) in log.since(self.newest + 1) {
            let seen = Seen::of(log, number, record);
            self.meet(record, seen.name.as_deref());
            self.records.push(seen);
        }
        self.newest = log.end();
        // CPUs run a little apart, so the log's order is not quite that of time.
        self.records[self.settled..].sort_by_key(|seen| (seen.record.stamp.time, seen.number));
    }

    pub(crate) fn settle(&mut self, reached: Time) {
        let complete = self.place(reached).max(self.settled);
        for seen in &self.records[self.settled..complete] {
            self.steps.push(seen.number, &seen.record);
        }
        self.settled = complete;
        self.steps.settle(reached);
    }

    /// Forgets everything after record `newest`, and what was made of it.
    pub(crate) fn forget_after(&mut self, newest: u64) {
        self.records.retain(|seen| seen.number <= newest);
        self.newest = newest;
        self.settled = 0;
        self.told = 0;
        self.steps = Steps::default();
    }

    /// What the screen has not got yet.
    pub(crate) fn tell(&mut self) -> Vec<Seen> {
        let fresh = self.records[self.told..self.settled].to_vec();
        self.told = self.settled;
        fresh
    }

    fn meet(&mut self, record: &Record, name: Option<&str>) {
        match (record.event, name) {
            (Event::Task(TaskEvent::Start { child, tid, pid, .. }), Some(name)) => {
                self.people.insert(child, Person { name: name.to_owned(), tid, pid });
            }
            (Event::Task(TaskEvent::Exec { .. }), Some(name)) => {
                if let Some(person) = self.people.get_mut(&record.stamp.thread) {
                    name.clone_into(&mut person.name);
                }
            }
            _ => {}
        }
    }

    /// Whether a condition holds for the record at a place. Tasks go by the newest name that is known.
    pub(crate) fn holds(&self, machine: &str, place: usize, test: &Predicate) -> bool {
        self.records.get(place).is_some_and(|seen| {
            let who = |serial| {
                let person = self.people.get(&serial)?;
                Some(Who { name: &person.name, tid: person.tid, pid: person.pid })
            };
            test.holds(&facts(machine, seen.number, &seen.record, who))
        })
    }
}
