//! What users may ask of a scheduler for a thread: sched(7), setpriority(2).

use crate::base::Duration;
use std::cmp::Reverse;

/// The scheduling class, the most urgent first: a runnable task of a class runs before all tasks of later
/// classes (Linux' `sched_class`, sched(7)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// SCHED_DEADLINE.
    Deadline,
    /// SCHED_FIFO and SCHED_RR: priority 1 to 99, larger is more urgent.
    RealTime {
        /// The priority.
        priority: u8,
        /// Whether tasks of equal priority take turns (SCHED_RR).
        takes_turns: bool,
    },
    /// SCHED_OTHER: whatever the machine's policy is.
    #[default]
    Normal,
    /// SCHED_BATCH: the same, but does not take the CPU from anybody.
    Batch,
    /// SCHED_IDLE: the same, with the least weight there is.
    Idle,
}

impl Class {
    /// Which queue of a CPU is concerned: deadline, real-time, and all others.
    #[must_use]
    pub const fn rank(self) -> u8 {
        match self {
            Self::Deadline => 0,
            Self::RealTime { .. } => 1,
            Self::Normal | Self::Batch | Self::Idle => 2,
        }
    }
}

/// How much a task is promised: so much run time in every period, before the deadline in it
/// (sched_setattr(2)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Reservation {
    /// Run time in each period; zero: nothing is promised.
    pub runtime: Duration,
    /// How long after the beginning of a period that must have been given.
    pub deadline: Duration,
    /// The period.
    pub period: Duration,
}

impl Reservation {
    /// Whether 0 < runtime ≤ deadline ≤ period.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        let Self { runtime, deadline, period } = *self;
        Duration::ZERO < runtime && runtime <= deadline && deadline <= period
    }
}

/// A set of CPUs that the scheduler keeps: 0 is all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AffinityId(pub u16);

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Params {
    /// The class.
    pub class: Class,
    /// Nice value, −20 (most favoured) to 19 (setpriority(2)).
    pub nice: i8,
    /// Static priority for the policy `priority`: smaller is more urgent. Linux' `static_prio` unless set
    /// otherwise: 120 + nice.
    pub priority: i32,
    /// Tickets for the policies `lottery` and `stride`. The weight of the nice value unless set otherwise.
    pub tickets: u32,
    /// For the policies `sjf` and `stcf`: how long it will compute in all, if somebody knows.
    pub length: Option<Duration>,
    /// For SCHED_DEADLINE and the policy `edf`.
    pub reservation: Reservation,
    /// On which CPUs it may run.
    pub affinity: AffinityId,
    /// Whether children begin as ordinary tasks (SCHED_RESET_ON_FORK).
    pub reset_on_fork: bool,
}

impl Default for Params {
    fn default() -> Self {
        Self::with_nice(0)
    }
}

impl Params {
    /// Everything as it follows from a nice value, which is brought into range.
    #[must_use]
    pub fn with_nice(nice: i8) -> Self {
        let nice = nice.clamp(-20, 19);
        Self {
            class: Class::Normal,
            nice,
            priority: 120 + i32::from(nice),
            tickets: weight_of(nice),
            length: None,
            reservation: Reservation::default(),
            affinity: AffinityId::default(),
            reset_on_fork: false,
        }
    }

    /// The same with another nice value: priority and tickets follow it.
    #[must_use]
    pub fn reniced(self, nice: i8) -> Self {
        let fresh = Self::with_nice(nice);
        Self { nice: fresh.nice, priority: fresh.priority, tickets: fresh.tickets, ..self }
    }

    /// What orders tasks by urgency across classes and policies, the most urgent first.
    #[must_use]
    pub fn urgency(&self) -> (u8, bool, Reverse<u8>, i32, i8) {
        let real_time = match self.class {
            Class::RealTime { priority, .. } => priority,
            _ => 0,
        };
        let is_idle = self.class == Class::Idle;
        (self.class.rank(), is_idle, Reverse(real_time), self.priority, self.nice)
    }

    /// The same, with the urgency of somebody who waits for this task, if that is more.
    #[must_use]
    pub fn lent(self, waiter: &Self) -> Self {
        if waiter.urgency() >= self.urgency() {
            return self;
        }
        let same = waiter.class.rank() == self.class.rank() && self.class != Class::Idle;
        let class = if same && self.class.rank() == 2 { self.class } else { waiter.class };
        Self {
            class,
            nice: waiter.nice.min(self.nice),
            priority: waiter.priority.min(self.priority),
            tickets: waiter.tickets.max(self.tickets),
            reservation: waiter.reservation,
            ..self
        }
    }

    /// The priority as Linux counts inside: −1 for the deadline class, 99 − priority for real time, 100 to 139 for
    /// nice values.
    #[must_use]
    pub fn kernel_priority(&self) -> i32 {
        match self.class {
            Class::Deadline => -1,
            Class::RealTime { priority, .. } => 99 - i32::from(priority),
            Class::Normal | Class::Batch | Class::Idle => 120 + i32::from(self.nice),
        }
    }

    /// What a child made by fork(2) or clone(2) gets (sched(7), SCHED_RESET_ON_FORK).
    #[must_use]
    pub fn for_child(self) -> Self {
        if !self.reset_on_fork {
            return self;
        }
        let nice = match self.class {
            Class::Deadline | Class::RealTime { .. } => 0,
            _ => self.nice.max(0),
        };
        Self { class: Class::Normal, reset_on_fork: false, ..self.reniced(nice) }
    }

    /// The weight that the fair policies give it: 1024 at nice 0, and 1.25 times as much for each step
    /// down (Linux' `sched_prio_to_weight`); 3 in SCHED_IDLE.
    #[must_use]
    pub fn weight(&self) -> u64 {
        if self.class == Class::Idle { 3 } else { u64::from(weight_of(self.nice)) }
    }
}

/// The weight of a nice value. The figures are Linux' (`kernel/sched/core.c`).
fn weight_of(nice: i8) -> u32 {
    const WEIGHTS: [u32; 40] = [
        88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100,
        4904, 3906, 3121, 2501, 1991, 1586, 1277, 1024, 820, 655, 526, 423, 335, 272, 215, 172,
        137, 110, 87, 70, 56, 45, 36, 29, 23, 18, 15,
    ];
    let at = usize::from((nice.clamp(-20, 19) + 20).unsigned_abs());
    WEIGHTS.get(at).copied().unwrap_or(1024)
}
