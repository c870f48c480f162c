//! Shortest job first, and shortest time to completion first: the latter is the former with preemption.
//!
//! Silberschatz, §5.3.2 (there: SJF and shortest-remaining-time-first); OSTEP, chapter 7. How long a job
//! will be is known only in textbooks. A task whose length was declared is queued by what is left of it; for
//! any other one the next CPU burst is predicted as the exponential average of those before (§5.3.2 with
//! α = ½), beginning with [`FIRST_GUESS`].

use super::entity::Entity;
use super::policy::{Enqueue, Note, Policy, QueueName, QueueView, Queued, Task};
use super::sorted::Sorted;
use crate::base::{Chooser, Digester, Duration, Time};
use std::hash::Hash;

/// What a burst is expected to be before there was any (Silberschatz, figure 5.4, begins with 10 units).
pub const FIRST_GUESS: Duration = Duration::millis(10);

/// A queue in the order of what is left to do.
#[derive(Clone, Debug, Hash)]
pub struct Shortest {
    preemptive: bool,
    queue: Sorted<Duration>,
}

impl Shortest {
    /// Shortest job first.
    #[must_use]
    pub fn job_first() -> Self {
        Self { preemptive: false, queue: Sorted::default() }
    }

    /// Shortest time to completion first.
    #[must_use]
    pub fn time_to_completion_first() -> Self {
        Self { preemptive: true, queue: Sorted::default() }
    }
}

/// What is left of a task's job, or of its burst as expected.
fn left(task: &Task) -> Duration {
    let (total, ran, expected) = match task.entity {
        Entity::Burst { total, ran, expected, .. } => (total, ran, expected),
        _ => (Duration::ZERO, Duration::ZERO, FIRST_GUESS),
    };
    match task.params.length {
        Some(length) => length.saturating_sub(total),
        None => expected.saturating_sub(ran),
    }
}

impl Policy for Shortest {
    fn name(&self) -> &'static str {
        if self.preemptive { "stcf" } else { "sjf" }
    }

    fn enqueue(&mut self, task: &mut Task, why: Enqueue, _now: Time) {
        let (total, ran, expected, old) = match task.entity {
            Entity::Burst { total, ran, expected, order } => (total, ran, expected, Some(order)),
            _ => (Duration::ZERO, Duration::ZERO, FIRST_GUESS, None),
        };
        // Who was pushed aside was there before its equals.
        let order = match (why, old) {
            (Enqueue::Preempted | Enqueue::Changed, Some(order)) => order,
            _ => self.queue.order(),
        };
        task.entity = Entity::Burst { total, ran, expected, order };
        self.queue.insert(left(task), order, *task);
    }

    fn remove(&mut self, task: &Task) -> bool {
        matches!(task.entity, Entity::Burst { order, .. }
            if self.queue.remove(left(task), order).is_some())
    }

    fn pick(&mut self, _now: Time, chooser: &mut Chooser) -> Option<Task> {
        self.queue.next(chooser)
    }

    fn slice(&self, _task: &Task) -> Option<Duration> {
        None
    }

    //DOC: shortest
    fn preempts(&self, woken: &Task, running: &Task, _now: Time) -> bool {
        self.preemptive && left(woken) < left(running)
    }

    fn ran(&mut self, task: &mut Task, time: Duration) {
        if let Entity::Burst { total, ran, .. } = &mut task.entity {
            *total += time;
            *ran += time;
        }
    }

    fn sleeps(&mut self, task: &mut Task) {
        if let Entity::Burst { ran, expected, .. } = &mut task.entity {
            *expected = Duration((ran.0 / 2).saturating_add(expected.0 / 2));
            *ran = Duration::ZERO;
        }
    }

    fn give_away(&mut self, may: &dyn Fn(&Task) -> bool) -> Option<Task> {
        self.queue.last(may)
    }

    fn waiting(&self) -> usize {
        self.queue.len()
    }

    fn queues(&self, _now: Time) -> Vec<QueueView> {
        let tasks = self.queue.iter();
        let tasks =
            tasks.map(|(left, task)| Queued { thread: task.thread, note: Note::Left(left) });
        vec![QueueView { name: QueueName::ByLength, tasks: tasks.collect() }]
    }

    fn clone_policy(&self) -> Box<dyn Policy> {
        Box::new(self.clone())
    }

    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
}
