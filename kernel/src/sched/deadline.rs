//! Earliest deadline first: the policy `edf`, and the class SCHED_DEADLINE.
//!
//! Liu, Layland: "Scheduling algorithms for multiprogramming in a hard-real-time environment", 1973;
//! Silberschatz, §5.6.4; sched(7). A task is promised a run time in each period, and has a deadline in it.
//! A new period begins when the task wakes after its deadline, or has used up its budget (the constant
//! bandwidth server of Abeni and Buttazzo, 1998, in its soft form: the deadline moves on and the task goes on
//! if nobody else has an earlier one; Linux makes it wait for the next period instead). Tasks without a
//! reservation run when nobody with one wants to, first come, first served.

use super::entity::Entity;
use super::policy::{Enqueue, Note, Policy, QueueName, QueueView, Queued, Task};
use super::sorted::Sorted;
use crate::base::{Chooser, Digester, Duration, Time};
use std::hash::Hash;

/// A queue in the order of deadlines.
#[derive(Clone, Debug, Hash)]
pub struct EarliestDeadline {
    name: &'static str,
    queue_name: QueueName,
    queue: Sorted<Time>,
}

impl EarliestDeadline {
    /// The policy.
    #[must_use]
    pub fn policy() -> Self {
        Self { name: "edf", queue_name: QueueName::ByDeadline, queue: Sorted::default() }
    }

    /// The class.
    #[must_use]
    pub fn class() -> Self {
        Self { name: "deadline", queue_name: QueueName::Deadline, queue: Sorted::default() }
    }
}

fn deadline(task: &Task) -> Time {
    if let Entity::Deadline { deadline, .. } = task.entity { deadline } else { Time::MAX }
}

impl Policy for EarliestDeadline {
    fn name(&self) -> &'static str {
        self.name
    }

    fn enqueue(&mut self, task: &mut Task, why: Enqueue, now: Time) {
        let promised = task.params.reservation;
        let begins = |at: Time| (at + promised.deadline, promised.runtime);
        let kept = match task.entity {
            Entity::Deadline { deadline, budget, order } => Some((deadline, budget, order)),
            _ => None,
        };
        let (deadline, budget) = match kept {
            _ if promised.runtime == Duration::ZERO => (Time::MAX, Duration::ZERO),
            Some((deadline, Duration::ZERO, _)) if deadline < Time::MAX => {
                (deadline + promised.period, promised.runtime)
            }
            Some((deadline, budget, _)) if deadline > now && deadline < Time::MAX => {
                (deadline, budget)
            }
            _ => begins(now),
        };
        let order = match (why, kept) {
            (Enqueue::Preempted | Enqueue::Changed, Some((.., order))) => order,
            _ => self.queue.order(),
        };
        task.entity = Entity::Deadline { deadline, budget, order };
        self.queue.insert(deadline, order, *task);
    }

    fn remove(&mut self, task: &Task) -> bool {
        matches!(task.entity, Entity::Deadline { deadline, order, .. }
            if self.queue.remove(deadline, order).is_some())
    }

    fn pick(&mut self, _now: Time, chooser: &mut Chooser) -> Option<Task> {
        self.queue.next(chooser)
    }

    fn slice(&self, task: &Task) -> Option<Duration> {
        match task.entity {
            Entity::Deadline { deadline, budget, .. } if deadline < Time::MAX => Some(budget),
            _ => None,
        }
    }

    fn preempts(&self, woken: &Task, running: &Task, _now: Time) -> bool {
        deadline(woken) < deadline(running)
    }

    fn ran(&mut self, task: &mut Task, ran: Duration) {
        if let Entity::Deadline { budget, .. } = &mut task.entity {
            *budget = budget.saturating_sub(ran);
        }
    }

    fn give_away(&mut self, may: &dyn Fn(&Task) -> bool) -> Option<Task> {
        self.queue.last(may)
    }

    fn waiting(&self) -> usize {
        self.queue.len()
    }

    fn queues(&self, _now: Time) -> Vec<QueueView> {
        let note = |deadline| {
            if deadline == Time::MAX { Note::None } else { Note::Deadline(deadline) }
        };
        let tasks = self.queue.iter();
        let tasks =
            tasks.map(|(deadline, task)| Queued { thread: task.thread, note: note(deadline) });
        vec![QueueView { name: self.queue_name, tasks: tasks.collect() }]
    }

    fn clone_policy(&self) -> Box<dyn Policy> {
        Box::new(self.clone())
    }

    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
}
