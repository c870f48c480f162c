//! First in, first out, with and without a slice: the policies FIFO and round robin.
//!
//! Silberschatz, Galvin, Gagne: *Operating System Concepts*, 10th ed., §5.3.1 and §5.3.3; Arpaci-Dusseau:
//! *Operating Systems: Three Easy Pieces*, chapter 7. Round robin is FIFO whose tasks go to the back of
//! the queue when their slice is over, so one type serves for both.

use super::policy::{Enqueue, Policy, QueueView, Task};
use crate::base::{Choice, Chooser, Digester, Duration, ThreadId, Time};
use std::collections::VecDeque;
use std::hash::Hash;

/// A queue of tasks in the order in which they came.
#[derive(Clone, Debug, Hash)]
pub struct Queue {
    slice: Option<Duration>,
    tasks: VecDeque<Task>,
}

impl Queue {
    /// FIFO: whoever runs, runs until it waits or ends.
    #[must_use]
    pub fn fifo() -> Self {
        Self { slice: None, tasks: VecDeque::new() }
    }

    /// Round robin with this slice.
    #[must_use]
    pub fn round_robin(slice: Duration) -> Self {
        Self { slice: Some(slice), tasks: VecDeque::new() }
    }
}

impl Policy for Queue {
    fn name(&self) -> &'static str {
        if self.slice.is_some() { "rr" } else { "fifo" }
    }

    fn enqueue(&mut self, task: Task, why: Enqueue, _now: Time) {
        match why {
            // Who was pushed aside has not had its turn yet.
            Enqueue::Preempted => self.tasks.push_front(task),
            _ => self.tasks.push_back(task),
        }
    }

    fn remove(&mut self, thread: ThreadId) -> bool {
        let at = self.tasks.iter().position(|task| task.thread == thread);
        at.and_then(|at| self.tasks.remove(at)).is_some()
    }

    fn pick(&mut self, _now: Time, chooser: &mut Chooser) -> Option<Task> {
        let at = chooser.choose(Choice::Thread, self.tasks.len());
        if at == 0 { self.tasks.pop_front() } else { self.tasks.remove(at) }
    }

    fn slice(&self, _task: &Task) -> Option<Duration> {
        self.slice
    }

    fn preempts(&self, _woken: &Task, _running: &Task) -> bool {
        false
    }

    fn ran(&mut self, _task: &mut Task, _ran: Duration) {}

    fn give_away(&mut self) -> Option<Task> {
        self.tasks.pop_back()
    }

    fn waiting(&self) -> usize {
        self.tasks.len()
    }

    fn queues(&self) -> Vec<QueueView> {
        let tasks = self.tasks.iter().map(|task| task.thread).collect();
        vec![QueueView { name: "run queue".to_owned(), tasks }]
    }

    fn clone_policy(&self) -> Box<dyn Policy> {
        Box::new(self.clone())
    }
    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
}

#[cfg(test)]
mod tests {
    use super::{Enqueue, Policy, Queue, Task};
    use crate::base::{Chooser, Duration, Table, ThreadId, ThreadTag, Time};

    fn tasks(n: usize) -> Vec<Task> {
        let mut table: Table<ThreadTag, ()> = Table::default();
        (0..n).map(|_| Task { thread: table.insert(()), nice: 0 }).collect()
    }

    fn order(queue: &mut Queue) -> Vec<ThreadId> {
        let mut chooser = Chooser::default();
        std::iter::from_fn(|| queue.pick(Time::ZERO, &mut chooser)).map(|t| t.thread).collect()
    }

    #[test]
    fn who_is_preempted_keeps_its_turn_and_who_used_its_slice_does_not() {
        let t = tasks(3);
        let mut queue = Queue::round_robin(Duration::millis(10));
        queue.enqueue(t[0], Enqueue::New, Time::ZERO);
        queue.enqueue(t[1], Enqueue::SliceOver, Time::ZERO);
        queue.enqueue(t[2], Enqueue::Preempted, Time::ZERO);
        assert_eq!(order(&mut queue), [t[2].thread, t[0].thread, t[1].thread]);
    }

    #[test]
    fn the_chooser_may_pick_another() {
        let t = tasks(3);
        let mut queue = Queue::fifo();
        for task in &t {
            queue.enqueue(*task, Enqueue::New, Time::ZERO);
        }
        let mut chooser = Chooser::with("0=2".parse().expect("a schedule"));
        assert_eq!(queue.pick(Time::ZERO, &mut chooser), Some(t[2]));
        assert!(!queue.remove(t[2].thread));
        assert!(queue.remove(t[0].thread));
        assert_eq!(order(&mut queue), [t[1].thread]);
    }
}
