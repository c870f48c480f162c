//! The plug point for schedulers: a [`Policy`] is one CPU's run queue and the rules by which it is kept.
//!
//! A policy decides, it never performs: it is told who became runnable and how long somebody ran, and is
//! asked who is next. It sees no process, no memory and no event log, so that a student can write one in
//! an afternoon and test it with a page of numbers. What it must remember of a task while the task runs,
//! or waits for a disk, it keeps in the task's [`Entity`], which travels with the task from CPU to CPU.

use super::entity::Entity;
use super::params::Params;
use crate::base::{Chooser, CpuId, Digester, Duration, ThreadId, Time};

/// A thread, as far as schedulers know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Task {
    /// The thread.
    pub thread: ThreadId,
    /// The CPU on whose queue it is, or where it ran last.
    pub cpu: CpuId,
    /// What users asked for.
    pub params: Params,
    /// What the policy remembers.
    pub entity: Entity,
    /// Of how many changes of the policy that takes account.
    pub epoch: u32,
    /// Whether it stands in a queue.
    pub queued: bool,
}

impl Task {
    /// A task about which nothing is known.
    #[must_use]
    pub fn new(thread: ThreadId, params: Params) -> Self {
        Self { thread, cpu: CpuId(0), params, entity: Entity::Fresh, epoch: 0, queued: false }
    }
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
    /// It came from another CPU, or from another policy.
    Moved,
    /// It stood in the queue already, and something else is asked for it now: it keeps what it can.
    Changed,
}

/// What a queue is, for showing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QueueName {
    /// The one and only.
    Run,
    /// In the order of what is left to do.
    ByLength,
    /// In the order of priority.
    ByPriority,
    /// A level of a multi-level feedback queue; 0 is the most urgent.
    Level(u16),
    /// Holders of lottery tickets.
    Lottery,
    /// In the order of pass values.
    ByPass,
    /// In the order of virtual run time.
    ByVirtualTime,
    /// EEVDF: those whose turn it may be, in the order of virtual deadlines.
    Eligible,
    /// EEVDF: those who are ahead of their share, in the order of virtual run time.
    Ahead,
    /// In the order of deadlines.
    ByDeadline,
    /// The real-time class: SCHED_FIFO and SCHED_RR.
    RealTime,
    /// The deadline class: SCHED_DEADLINE.
    Deadline,
}

/// What a policy has written beside a waiting task, for showing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Note {
    /// Nothing.
    None,
    /// It has used so much of its slice of so much.
    Used(Duration, Duration),
    /// It has so much left to do, or is expected to.
    Left(Duration),
    /// Its priority now, and the one it was given.
    Priority(i32, i32),
    /// So many of so many tickets.
    Tickets(u64, u64),
    /// Its pass value.
    Pass(u64),
    /// Its virtual run time, in nanoseconds of a task of nice 0.
    VirtualTime(u64),
    /// Its virtual deadline.
    VirtualDeadline(u64),
    /// Its deadline.
    Deadline(Time),
}

/// A task in a queue, for showing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Queued {
    /// The thread.
    pub thread: ThreadId,
    /// What the policy goes by.
    pub note: Note,
}

/// A queue as a policy keeps it, for showing: its name, and who stands in it, the next one first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueView {
    /// Which queue.
    pub name: QueueName,
    /// Who stands in it.
    pub tasks: Vec<Queued>,
}

/// One CPU's run queue. The running task is not in it.
pub trait Policy: Send + Sync {
    /// Its name, as on the command line.
    fn name(&self) -> &'static str;

    /// A task joins. What the policy wants to remember of it, its place above all, it writes into the
    /// task's entity: [`remove`](Self::remove) will bring it back.
    fn enqueue(&mut self, task: &mut Task, why: Enqueue, now: Time);

    /// A task leaves without having run: it was killed, stopped, moves to another CPU, or its
    /// parameters change. The task is as [`enqueue`](Self::enqueue) left it. `false` if it was not here.
    fn remove(&mut self, task: &Task) -> bool;

    /// Takes out the task that runs next. Where the rules leave it open, the chooser decides.
    fn pick(&mut self, now: Time, chooser: &mut Chooser) -> Option<Task>;

    /// How long a task that begins to run may go on before somebody else gets a turn; `None`: until it
    /// waits or ends.
    fn slice(&self, task: &Task) -> Option<Duration>;

    /// Whether a task that has just been enqueued takes the CPU from the one that runs. What the latter
    /// has run so far has been told with [`ran`](Self::ran).
    fn preempts(&self, woken: &Task, running: &Task, now: Time) -> bool;

    /// The running task has used the CPU for `ran` since this was told last.
    fn ran(&mut self, task: &mut Task, ran: Duration);

    /// The running task is about to leave the CPU in order to wait, or for good.
    fn sleeps(&mut self, _task: &mut Task) {}

    /// The running task leaves the CPU, for whatever reason. If it is still runnable,
    /// [`enqueue`](Self::enqueue) follows.
    fn leaves(&mut self, _task: &Task) {}

    /// Takes out the task that would run last of those for which `may` holds, for a CPU that has less to
    /// do. It will be enqueued there as [`Enqueue::Moved`].
    fn give_away(&mut self, may: &dyn Fn(&Task) -> bool) -> Option<Task>;

    /// How many tasks wait.
    fn waiting(&self) -> usize;

    /// When the policy wants to be called with [`boost`](Self::boost) next, as long as somebody is
    /// runnable.
    fn next_boost(&self, _now: Time) -> Option<Time> {
        None
    }

    /// The time has come. The waiting tasks whose entities this changes are added to `moved`. `true`: the
    /// running task must give way.
    fn boost(&mut self, _now: Time, _running: Option<&mut Task>, _moved: &mut Vec<Task>) -> bool {
        false
    }

    /// The queues, for showing.
    fn queues(&self, now: Time) -> Vec<QueueView>;

    /// A copy, for keyframes.
    fn clone_policy(&self) -> Box<dyn Policy>;

    /// Feeds its state into a digest.
    fn digest(&self, digester: &mut Digester);
}
