//! What is kept of threads that have ended: their figures, for metrics.

use super::thread::Times;
use crate::base::{Pid, Serial, Time};
use std::collections::VecDeque;

/// A thread that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ended {
    /// Its name in the log.
    pub serial: Serial,
    /// Its number.
    pub tid: Pid,
    /// Its process's number.
    pub pid: Pid,
    /// Its program's name.
    pub name: String,
    /// Where its time went.
    pub times: Times,
    /// When it ended.
    pub at: Time,
    /// Its wait status.
    pub status: u32,
}

/// How many are kept: the newest.
const KEPT: usize = 1 << 16;

/// The threads that have ended, the oldest first.
#[derive(Clone, Debug, Default, Hash)]
pub struct Obituaries {
    list: VecDeque<Ended>,
    /// How many have ended in all.
    pub total: u64,
}

impl Obituaries {
    /// One more.
    pub fn add(&mut self, ended: Ended) {
        if self.list.len() == KEPT {
            self.list.pop_front();
        }
        self.list.push_back(ended);
        self.total += 1;
    }

    /// Those that are kept, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Ended> {
        self.list.iter()
    }
}
