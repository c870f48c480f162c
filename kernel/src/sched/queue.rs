//! First in, first out, with and without a slice: the policies FIFO and round robin.
//!
//! Silberschatz, Galvin, Gagne: *Operating System Concepts*, 10th ed., §5.3.1 and §5.3.3; Arpaci-Dusseau:
//! *Operating Systems: Three Easy Pieces*, chapter 7. Round robin is FIFO whose tasks go to the back of
//! the queue when their slice is over, so one type serves for both.

use super::entity::Entity;
use super::line::Line;
use super::policy::{Enqueue, Note, Policy, QueueName, QueueView, Queued, Task};
use crate::base::{Chooser, Digester, Duration, Time};
use std::hash::Hash;

/// A queue of tasks in the order in which they came.
#[derive(Clone, Debug, Hash)]
pub struct Queue {
    slice: Option<Duration>,
    line: Line,
}

impl Queue {
    /// FIFO: whoever runs, runs until it waits or ends.
    #[must_use]
    pub fn fifo() -> Self {
        Self { slice: None, line: Line::default() }
    }

    /// Round robin with this slice.
    #[must_use]
    //DOC: in-turn
    pub fn round_robin(slice: Duration) -> Self {
        Self { slice: Some(slice), line: Line::default() }
    }
}

/// How much of its slice a task has used up.
fn used(task: &Task) -> Duration {
    if let Entity::Turn { used, .. } = task.entity { used } else { Duration::ZERO }
}

impl Policy for Queue {
    fn name(&self) -> &'static str {
        if self.slice.is_some() { "rr" } else { "fifo" }
    }

    fn enqueue(&mut self, task: &mut Task, why: Enqueue, _now: Time) {
        let entity = match (why, task.entity) {
            // Who was pushed aside has not had its turn yet, unless it was at its very end.
            (Enqueue::Preempted, kept @ Entity::Turn { .. }) if self.slice != Some(used(task)) => {
                kept
            }
            (Enqueue::Changed, kept @ Entity::Turn { .. }) => kept,
            _ => Entity::Turn { place: self.line.at_back(), used: Duration::ZERO },
        };
        task.entity = entity;
        if let Entity::Turn { place, .. } = entity {
            self.line.insert(place, *task);
        }
    }

    fn remove(&mut self, task: &Task) -> bool {
        matches!(task.entity, Entity::Turn { place, .. } if self.line.remove(place, task.thread).is_some())
    }

    fn pick(&mut self, _now: Time, chooser: &mut Chooser) -> Option<Task> {
        self.line.next(chooser)
    }

    fn slice(&self, task: &Task) -> Option<Duration> {
        self.slice.map(|slice| slice.saturating_sub(used(task)))
    }

    fn preempts(&self, _woken: &Task, _running: &Task, _now: Time) -> bool {
        false
    }

    fn ran(&mut self, task: &mut Task, ran: Duration) {
        if let Entity::Turn { used, .. } = &mut task.entity {
            *used += ran;
        }
    }

    fn give_away(&mut self, may: &dyn Fn(&Task) -> bool) -> Option<Task> {
        self.line.last(may)
    }

    fn waiting(&self) -> usize {
        self.line.len()
    }

    fn queues(&self, _now: Time) -> Vec<QueueView> {
        let note = |task: &Task| match self.slice {
            Some(slice) if used(task) > Duration::ZERO => Note::Used(used(task), slice),
            _ => Note::None,
        };
        let tasks = self.line.iter().map(|task| Queued { thread: task.thread, note: note(task) });
        vec![QueueView { name: QueueName::Run, tasks: tasks.collect() }]
    }

    fn clone_policy(&self) -> Box<dyn Policy> {
        Box::new(self.clone())
    }

    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
}
