//! What a policy remembers of a task while the task runs or waits: the counterpart of `sched_entity` in
//! Linux' `task_struct`.
//!
//! Each policy knows its own variant. A task that comes with another one, because the machine's policy was
//! changed while it slept, counts as fresh.

use crate::base::{Duration, Time};

/// A policy's memory of a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Entity {
    /// Nothing is known.
    #[default]
    Fresh,
    /// FIFO, round robin, and the real-time class.
    Turn {
        /// Its place in the line.
        place: i64,
        /// How much of its slice is used up.
        used: Duration,
    },
    /// Shortest job first, shortest time to completion first.
    Burst {
        /// How long it has run in all.
        total: Duration,
        /// How long it has run since it waited last.
        ran: Duration,
        /// How long it is expected to run between two waits.
        expected: Duration,
        /// Orders equals.
        order: u64,
    },
    /// Static priority.
    Aged {
        /// Since when it has been ready.
        since: Time,
        /// How much of its slice is used up.
        used: Duration,
        /// Orders equals.
        order: u64,
    },
    /// Multi-level feedback queue.
    Feedback {
        /// The level; 0 is the most urgent.
        level: u16,
        /// How many quanta of its allotment are used up.
        quanta: u32,
        /// How much of the present quantum is used up.
        used: Duration,
        /// How many boosts there had been when this was written.
        boosts: u64,
        /// Its place in the level's line.
        place: i64,
    },
    /// Lottery.
    Lottery {
        /// Its row in the table of holders.
        slot: u32,
        /// How much of its quantum is used up.
        used: Duration,
    },
    /// Stride scheduling.
    Stride {
        /// Its pass value: when it is due, in virtual time.
        pass: u64,
        /// Orders equals.
        order: u64,
    },
    /// Completely fair scheduler.
    Fair {
        /// Its virtual run time in nanoseconds.
        vruntime: u64,
        /// Orders equals.
        order: u64,
    },
    /// Earliest eligible virtual deadline first.
    Eligible {
        /// Its virtual run time in nanoseconds.
        vruntime: u64,
        /// The virtual time by which it should have had its slice.
        deadline: u64,
        /// While it is not runnable: how far behind its share it is, in virtual nanoseconds.
        lag: i64,
        /// Orders equals.
        order: u64,
    },
    /// Earliest deadline first.
    Deadline {
        /// The deadline of its present period.
        deadline: Time,
        /// What is left of its budget.
        budget: Duration,
        /// Orders equals.
        order: u64,
    },
    /// For policies written elsewhere.
    Other([u64; 4]),
}
