//! The completely fair scheduler: who has had least, for its weight, runs.
//!
//! OSTEP, chapter 9; Linux' `kernel/sched/fair.c` from 2.6.23 to 6.5, whose names and figures these are. A
//! task's *virtual run time* passes more slowly the more it weighs; the smallest runs. Everybody should run
//! once within the *latency*, so a task's slice is its share of that, but not less than the *granularity*.
//! A newcomer begins at the smallest virtual time of the queue, plus a slice; who wakes gets half a latency's
//! credit at most, so that sleeping cannot be saved up.

use super::entity::Entity;
use super::policy::{Enqueue, Note, Policy, QueueName, QueueView, Queued, Task};
use super::sorted::Sorted;
use crate::base::{Chooser, Digester, Duration, Time};
use std::hash::Hash;

/// The weight of nice 0 (`NICE_0_LOAD`): for it, virtual time is time.
pub const NICE_0: u64 = 1024;

/// Virtual time for a time on the CPU, or the other way round with the weights exchanged.
#[must_use]
pub fn scaled(time: Duration, by: u64, of: u64) -> u64 {
    u64::try_from(u128::from(time.0) * u128::from(by) / u128::from(of.max(1))).unwrap_or(u64::MAX)
}

/// A queue in the order of virtual run time.
#[derive(Clone, Debug, Hash)]
pub struct Fair {
    latency: Duration,
    granularity: Duration,
    queue: Sorted<u64>,
    /// The weights of all in the queue.
    weight: u64,
    /// Where the queue has got to: never goes back.
    min_vruntime: u64,
}

impl Fair {
    /// Linux' `sched_latency` and `sched_min_granularity`.
    #[must_use]
    pub fn new(latency: Duration, granularity: Duration) -> Self {
        let granularity = granularity.max(Duration(1));
        Self { latency, granularity, queue: Sorted::default(), weight: 0, min_vruntime: 0 }
    }

    /// A task's slice if `others` with the weight `weight` wait beside it.
    fn share(&self, task: &Task, others: usize, weight: u64) -> Duration {
        // With too many for the latency it is stretched.
        let least = Duration(self.granularity.0.saturating_mul(others as u64 + 1));
        let own = task.params.weight();
        Duration(scaled(self.latency.max(least), own, weight + own)).max(self.granularity)
    }
}

fn vruntime(task: &Task) -> Option<u64> {
    if let Entity::Fair { vruntime, .. } = task.entity { Some(vruntime) } else { None }
}

impl Policy for Fair {
    fn name(&self) -> &'static str {
        "cfs"
    }

    fn enqueue(&mut self, task: &mut Task, why: Enqueue, _now: Time) {
        let weight = task.params.weight();
        let credit = self.latency.0 / 2;
        let vruntime = match (why, vruntime(task)) {
            (Enqueue::SliceOver | Enqueue::Preempted | Enqueue::Changed, Some(own)) => own,
            (Enqueue::Woken, Some(own)) => own.max(self.min_vruntime.saturating_sub(credit)),
            // A task that yields goes behind all others, as far as that is fair to it.
            (Enqueue::Yielded, Some(own)) => {
                own.max(self.queue.smallest().map_or(0, |least| least + 1))
            }
            (Enqueue::Moved, _) => self.min_vruntime,
            (_, _) => {
                let slice = self.share(task, self.queue.len(), self.weight);
                // Only somebody who has others before it pays for its first slice.
                let debit = if self.queue.is_empty() { 0 } else { scaled(slice, NICE_0, weight) };
                self.min_vruntime.saturating_add(debit)
            }
        };
        let order = self.queue.order();
        task.entity = Entity::Fair { vruntime, order };
        self.queue.insert(vruntime, order, *task);
        self.weight += weight;
    }

    fn remove(&mut self, task: &Task) -> bool {
        let Entity::Fair { vruntime, order } = task.entity else {
            return false;
        };
        let Some(gone) = self.queue.remove(vruntime, order) else {
            return false;
        };
        self.weight -= gone.params.weight();
        true
    }

    fn pick(&mut self, _now: Time, chooser: &mut Chooser) -> Option<Task> {
        let task = self.queue.next(chooser)?;
        self.weight -= task.params.weight();
        self.min_vruntime = self.min_vruntime.max(vruntime(&task).unwrap_or(0));
        Some(task)
    }

    fn slice(&self, task: &Task) -> Option<Duration> {
        Some(self.share(task, self.queue.len(), self.weight))
    }

    fn preempts(&self, woken: &Task, running: &Task, _now: Time) -> bool {
        let (Some(woken_at), Some(running_at)) = (vruntime(woken), vruntime(running)) else {
            return false;
        };
        // `sched_wakeup_granularity`, in the woken task's virtual time.
        let margin = scaled(self.granularity, NICE_0, woken.params.weight());
        woken_at.saturating_add(margin) < running_at
    }

    fn ran(&mut self, task: &mut Task, ran: Duration) {
        let weight = task.params.weight();
        if let Entity::Fair { vruntime, .. } = &mut task.entity {
            *vruntime = vruntime.saturating_add(scaled(ran, NICE_0, weight));
            let least = self.queue.smallest().map_or(*vruntime, |least| least.min(*vruntime));
            self.min_vruntime = self.min_vruntime.max(least);
        }
    }

    fn give_away(&mut self, may: &dyn Fn(&Task) -> bool) -> Option<Task> {
        let task = self.queue.last(may)?;
        self.weight -= task.params.weight();
        Some(task)
    }

    fn waiting(&self) -> usize {
        self.queue.len()
    }

    fn queues(&self, _now: Time) -> Vec<QueueView> {
        let tasks = self.queue.iter();
        let tasks =
            tasks.map(|(time, task)| Queued { thread: task.thread, note: Note::VirtualTime(time) });
        vec![QueueView { name: QueueName::ByVirtualTime, tasks: tasks.collect() }]
    }

    fn clone_policy(&self) -> Box<dyn Policy> {
        Box::new(self.clone())
    }

    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
}
