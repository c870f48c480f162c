//! Stride scheduling: proportional shares without chance.
//!
//! Waldspurger, Weihl: "Stride scheduling: deterministic proportional-share resource management", 1995;
//! OSTEP, chapter 9. A task's *pass* grows by its *stride*, [`STRIDE1`] divided by its tickets, for every
//! quantum that it runs (in proportion if it runs for less); who has the smallest pass runs. Who comes
//! late, or back, begins where the others are: it gets nothing for the time in which it wanted nothing.

use super::entity::Entity;
use super::policy::{Enqueue, Note, Policy, QueueName, QueueView, Queued, Task};
use super::sorted::Sorted;
use crate::base::{Chooser, Digester, Duration, Time};
use std::hash::Hash;

/// The stride of a task with one ticket (`stride1` in the paper).
pub const STRIDE1: u64 = 1 << 20;

/// A queue in the order of pass values.
#[derive(Clone, Debug, Hash)]
pub struct Stride {
    quantum: Duration,
    queue: Sorted<u64>,
    /// The pass of whoever was picked last: where the others are.
    pass: u64,
}

impl Stride {
    /// Decides every `quantum`, which must not be zero.
    #[must_use]
    pub fn new(quantum: Duration) -> Self {
        Self { quantum: quantum.max(Duration(1)), queue: Sorted::default(), pass: 0 }
    }
}

impl Policy for Stride {
    fn name(&self) -> &'static str {
        "stride"
    }

    fn enqueue(&mut self, task: &mut Task, why: Enqueue, _now: Time) {
        let (pass, order) = match (why, task.entity) {
            (
                Enqueue::Preempted | Enqueue::Changed | Enqueue::SliceOver,
                Entity::Stride { pass, order },
            ) => (pass, order),
            (Enqueue::Woken | Enqueue::Yielded, Entity::Stride { pass, .. }) => {
                (pass.max(self.pass), self.queue.order())
            }
            _ => (self.pass, self.queue.order()),
        };
        task.entity = Entity::Stride { pass, order };
        self.queue.insert(pass, order, *task);
    }

    fn remove(&mut self, task: &Task) -> bool {
        matches!(task.entity, Entity::Stride { pass, order }
            if self.queue.remove(pass, order).is_some())
    }

    fn pick(&mut self, _now: Time, chooser: &mut Chooser) -> Option<Task> {
        let task = self.queue.next(chooser)?;
        if let Entity::Stride { pass, .. } = task.entity {
            self.pass = self.pass.max(pass);
        }
        Some(task)
    }

    fn slice(&self, _task: &Task) -> Option<Duration> {
        Some(self.quantum)
    }

    fn preempts(&self, _woken: &Task, _running: &Task, _now: Time) -> bool {
        false
    }

    fn ran(&mut self, task: &mut Task, ran: Duration) {
        let tickets = u128::from(task.params.tickets.max(1));
        if let Entity::Stride { pass, .. } = &mut task.entity {
            let gone =
                u128::from(STRIDE1) * u128::from(ran.0) / (u128::from(self.quantum.0) * tickets);
            *pass = pass.saturating_add(u64::try_from(gone).unwrap_or(u64::MAX));
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
            tasks.map(|(pass, task)| Queued { thread: task.thread, note: Note::Pass(pass) });
        vec![QueueView { name: QueueName::ByPass, tasks: tasks.collect() }]
    }

    fn clone_policy(&self) -> Box<dyn Policy> {
        Box::new(self.clone())
    }

    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
}
