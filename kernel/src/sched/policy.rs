//! The plug point for schedulers: a [`Policy`] is one CPU's run queue and the rules by which it is kept.
//!
//! A policy decides, it never performs: it is told who became runnable and how long somebody ran, and is
//! asked who is next. It sees no process, no memory and no event log, so that a student can write one in
//! an afternoon and test it with a page of numbers.

use crate::base::{Chooser, Digester, Duration, ThreadId, Time};

/// What a policy knows of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Task {
    /// The thread.
    pub thread: ThreadId,
    /// Nice value, −20 (most favoured) to 19 (sched(7)).
    pub nice: i8,
}

/// Why a task joins a run queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Enqueue {
    /// It is new.
    New,
    /// It has waited for something.
    Woken,
    /// Its slice was over.
    SliceOver,
    /// Somebody more urgent took the CPU from it.
    Preempted,
    /// It gave the CPU away (sched_yield(2)).
    Yielded,
    /// It came from another CPU.
    Moved,
}

/// A queue as a policy keeps it, for showing: its name, and who stands in it, the next one first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueView {
    /// Such as "run queue" or "priority 3".
    pub name: String,
    /// Who stands in it.
    pub tasks: Vec<ThreadId>,
}

/// One CPU's run queue. The running task is not in it.
pub trait Policy: Send + Sync {
    /// Its name, as on the command line.
    fn name(&self) -> &'static str;

    /// A task joins.
    fn enqueue(&mut self, task: Task, why: Enqueue, now: Time);

    /// A task leaves without having run: it was killed, stopped, or moves to another CPU. `false` if it
    /// was not here.
    fn remove(&mut self, thread: ThreadId) -> bool;

    /// Takes out the task that runs next. Where the rules leave it open, the chooser decides.
    fn pick(&mut self, now: Time, chooser: &mut Chooser) -> Option<Task>;

    /// How long the task may run before somebody else gets a turn; `None`: until it waits or ends.
    fn slice(&self, task: &Task) -> Option<Duration>;

    /// Whether a task that has just been enqueued takes the CPU from the one that runs.
    fn preempts(&self, woken: &Task, running: &Task) -> bool;

    /// The running task has used the CPU for `ran`.
    fn ran(&mut self, task: &mut Task, ran: Duration);

    /// Takes out the task that would run last, for a CPU that has nothing to do.
    fn give_away(&mut self) -> Option<Task>;

    /// How many tasks wait.
    fn waiting(&self) -> usize;

    /// The queues, for showing.
    fn queues(&self) -> Vec<QueueView>;

    /// A copy, for keyframes.
    fn clone_policy(&self) -> Box<dyn Policy>;

    /// Feeds its state into a digest.
    fn digest(&self, digester: &mut Digester);
}
