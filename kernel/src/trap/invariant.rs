//! The rule that a call which must run again has done no harm, checked while the machine runs.
//!
//! A run of a handler that parks, or faults, without having advanced its frame leaves
//! the state as it was, but for call frames and for requests to devices. With
//! [`Config::check_parks`](crate::machine::Config::check_parks) every run of every handler is held to it.

use crate::base::Digester;
use crate::context::Tables;
use crate::fs::State;
use std::hash::Hash;

/// A number for everything that a call may only change by completing or by advancing its frame.
#[must_use]
pub fn undisturbed(t: &Tables) -> u64 {
    let mut digester = Digester::default();
    t.proc.hash_without_holds(&mut digester);
    (&t.net, &t.boxes, &t.pipes, &t.shm, &t.tty, &t.sched, &t.random).hash(&mut digester);
    t.mm.hash_spaces(&mut digester);
    for (key, entry) in t.fs.cache.iter() {
        // What is as on the disk may come and go: it was asked for, or had to make room. What is being written
        // back was asked for too, and is dirty until it is done.
        if matches!(entry.state, State::Dirty | State::Writing { .. }) {
            (key, entry.frame, t.memory.ram.page(entry.frame)).hash(&mut digester);
        }
    }
    std::hash::Hasher::finish(&digester)
}
