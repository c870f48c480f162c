//! A policy by name, with its figures: what a machine's configuration says about scheduling.

use super::deadline::EarliestDeadline;
use super::eevdf::Eevdf;
use super::fair::Fair;
use super::lottery::Lottery;
use super::mlfq::{Level, Mlfq, Rules};
use super::policy::Policy;
use super::priority::Priority;
use super::queue::Queue;
use super::shortest::Shortest;
use super::stride::Stride;
use crate::base::Duration;

/// The names that [`Settings::policy`] may have.
pub const POLICIES: [&str; 11] =
    ["fifo", "sjf", "stcf", "rr", "priority", "mlfq", "lottery", "stride", "cfs", "eevdf", "edf"];

/// What a policy is made with. Each takes what it knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Settings {
    /// The policy's name, one of [`POLICIES`].
    pub policy: String,
    /// How long somebody runs before others get a turn: `rr`, `priority`, `lottery`, `stride`, and the levels
    /// of `mlfq` if they are not given. `None`: [`QUANTUM`], except that `priority` then has no turns.
    pub quantum: Option<Duration>,
    /// `mlfq`: the levels, the most urgent first. None given: three, each with twice the quantum of the one
    /// above.
    pub levels: Vec<Level>,
    /// `mlfq`: how often all move to the top; zero: never.
    pub boost: Duration,
    /// `mlfq`: whether waiting renews quantum and allotment.
    pub stay: bool,
    /// `mlfq`: whether who has waited goes to the head of its line.
    pub io_bump: bool,
    /// `priority`: how much waiting is worth a step of priority; `None`: nothing.
    pub ageing: Option<Duration>,
    /// `priority`: whether who is more urgent takes the CPU at once.
    pub preemptive: bool,
    /// `cfs`: within which time everybody should run once (Linux' `sched_latency`).
    pub latency: Duration,
    /// `cfs`: the shortest slice (Linux' `sched_min_granularity`).
    pub granularity: Duration,
    /// `eevdf`: the length of slice that everybody asks for (Linux' `base_slice`).
    pub base_slice: Duration,
    /// Where the draws of `lottery` come from.
    pub seed: u64,
}

/// The quantum where none is given.
pub const QUANTUM: Duration = Duration::millis(10);

impl Default for Settings {
    /// Round robin; for the others the figures that Linux has on one CPU, or the book.
    fn default() -> Self {
        Self {
            policy: "rr".to_owned(),
            quantum: None,
            levels: Vec::new(),
            boost: Duration::seconds(1),
            stay: false,
            io_bump: false,
            ageing: None,
            preemptive: true,
            latency: Duration::millis(6),
            granularity: Duration::micros(750),
            base_slice: Duration::micros(700),
            seed: 0,
        }
    }
}

impl Settings {
    /// The same figures for another policy.
    #[must_use]
    pub fn with_policy(&self, name: &str) -> Self {
        Self { policy: name.to_owned(), ..self.clone() }
    }

    /// The policy. `None` if there is none of that name.
    #[must_use]
    pub fn make(&self) -> Option<Box<dyn Policy>> {
        let quantum = self.quantum.unwrap_or(QUANTUM).max(Duration(1));
        Some(match self.policy.as_str() {
            "fifo" => Box::new(Queue::fifo()),
            "rr" => Box::new(Queue::round_robin(quantum)),
            "sjf" => Box::new(Shortest::job_first()),
            "stcf" => Box::new(Shortest::time_to_completion_first()),
            "priority" => {
                // Ageing needs moments at which to look again.
                let turns = self.quantum.or(self.ageing.map(|_| quantum));
                Box::new(Priority::new(turns, self.ageing, self.preemptive))
            }
            "mlfq" => Box::new(Mlfq::new(self.rules(quantum))),
            "lottery" => Box::new(Lottery::new(quantum, self.seed)),
            "stride" => Box::new(Stride::new(quantum)),
            "cfs" => Box::new(Fair::new(self.latency, self.granularity)),
            "eevdf" => Box::new(Eevdf::new(self.base_slice)),
            "edf" => Box::new(EarliestDeadline::policy()),
            _ => return None,
        })
    }

    fn rules(&self, quantum: Duration) -> Rules {
        let levels = if self.levels.is_empty() {
            (0..3).map(|level| Level { quantum: quantum * (1 << level), allotment: 1 }).collect()
        } else {
            let at_least_one = |level: &Level| Level {
                quantum: level.quantum.max(Duration(1)),
                allotment: level.allotment.max(1),
            };
            self.levels.iter().map(at_least_one).collect()
        };
        Rules { levels, boost: self.boost, stay: self.stay, io_bump: self.io_bump }
    }
}
