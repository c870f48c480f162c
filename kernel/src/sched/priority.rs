//! Static priority: the smallest number runs; equals take turns if there is a quantum. With ageing nobody
//! starves.
//!
//! Silberschatz, §5.3.4. Ageing makes a waiting task more urgent by one step for every so much time. As
//! all who wait age at the same pace, their order among each other never changes while they wait: it is that of
//! *priority × pace + the time since which the task is ready*. So nothing need be touched as time passes, and
//! a decision costs log n. (The same trick as virtual time in fair schedulers; the textbook's way is to walk
//! through the queue every so often.)

use super::entity::Entity;
use super::policy::{Enqueue, Note, Policy, QueueName, QueueView, Queued, Task};
use super::sorted::Sorted;
use crate::base::{Chooser, Digester, Duration, Time};
use std::hash::Hash;

/// A queue in the order of priority.
#[derive(Clone, Debug, Hash)]
pub struct Priority {
    quantum: Option<Duration>,
    ageing: Option<Duration>,
    preemptive: bool,
    queue: Sorted<i128>,
}

impl Priority {
    /// With a quantum equals take turns, and waiters that have become more urgent get theirs; with
    /// `ageing`, a step of priority is worth so much waiting.
    #[must_use]
    pub fn new(quantum: Option<Duration>, ageing: Option<Duration>, preemptive: bool) -> Self {
        let ageing = ageing.filter(|&pace| pace > Duration::ZERO);
        Self { quantum, ageing, preemptive, queue: Sorted::default() }
    }

    /// What a task is queued by.
    fn key(&self, priority: i32, since: Time) -> i128 {
        match self.ageing {
            Some(pace) => i128::from(priority) * i128::from(pace.0) + i128::from(since.0),
            None => i128::from(priority),
        }
    }

    /// The priority that a task has reached by waiting.
    fn effective(&self, task: &Task, now: Time) -> i32 {
        let given = task.params.priority;
        match (self.ageing, task.entity) {
            (Some(pace), Entity::Aged { since, .. }) => {
                let steps = now.since(since).0 / pace.0;
                given.saturating_sub(i32::try_from(steps).unwrap_or(i32::MAX))
            }
            _ => given,
        }
    }
}

impl Policy for Priority {
    fn name(&self) -> &'static str {
        "priority"
    }

    fn enqueue(&mut self, task: &mut Task, why: Enqueue, now: Time) {
        let (used, order) = match (why, task.entity) {
            (Enqueue::Preempted | Enqueue::Changed, Entity::Aged { used, order, .. }) => {
                (used, order)
            }
            _ => (Duration::ZERO, self.queue.order()),
        };
        let since = match (why, task.entity) {
            (Enqueue::Moved | Enqueue::Changed, Entity::Aged { since, .. }) => since,
            _ => now,
        };
        let key = self.key(task.params.priority, since);
        task.entity = Entity::Aged { since, used, order };
        self.queue.insert(key, order, *task);
    }

    fn remove(&mut self, task: &Task) -> bool {
        matches!(task.entity, Entity::Aged { since, order, .. }
            if self.queue.remove(self.key(task.params.priority, since), order).is_some())
    }

    fn pick(&mut self, _now: Time, chooser: &mut Chooser) -> Option<Task> {
        self.queue.next(chooser)
    }

    fn slice(&self, task: &Task) -> Option<Duration> {
        let used = if let Entity::Aged { used, .. } = task.entity { used } else { Duration::ZERO };
        self.quantum.map(|quantum| quantum.saturating_sub(used))
    }

    fn preempts(&self, woken: &Task, running: &Task, _now: Time) -> bool {
        self.preemptive && woken.params.priority < running.params.priority
    }

    fn ran(&mut self, task: &mut Task, ran: Duration) {
        if let Entity::Aged { used, .. } = &mut task.entity {
            *used += ran;
        }
    }

    fn give_away(&mut self, may: &dyn Fn(&Task) -> bool) -> Option<Task> {
        self.queue.last(may)
    }

    fn waiting(&self) -> usize {
        self.queue.len()
    }

    fn queues(&self, now: Time) -> Vec<QueueView> {
        let tasks = self.queue.iter().map(|(_, task)| Queued {
            thread: task.thread,
            note: Note::Priority(self.effective(task, now), task.params.priority),
        });
        vec![QueueView { name: QueueName::ByPriority, tasks: tasks.collect() }]
    }

    fn clone_policy(&self) -> Box<dyn Policy> {
        Box::new(self.clone())
    }

    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
}
