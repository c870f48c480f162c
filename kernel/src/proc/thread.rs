//! A thread: what a scheduler schedules.

use super::call_frame::{CallFrame, Interruptible, Woken};
use super::signals::Pending;
use crate::abi::program::{Answer, Trap};
use crate::abi::signal::SignalSet;
use crate::base::agenda::Ticket;
use crate::base::{
    BoardId, Channel, CpuId, Duration, FilesId, FsInfoId, GuestId, Pid, Place, ProcessId,
    RequestId, Serial, ServerId, Time,
};
use crate::event::{EventId, Wait};
use crate::sched::Params;
use std::hash::{Hash, Hasher};

/// What runs when the thread has the CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Body {
    /// A user program.
    User,
    /// A restartable function of the kernel.
    Kernel(KThread),
    /// A server of a microkernel, which runs system calls for its clients.
    Server(ServerId),
    /// A virtual CPU of a guest machine.
    Vcpu(GuestId, u16),
}

/// The kernel's own threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KThread {
    /// Writes dirty blocks and pages back.
    Flusher,
    /// Commits what was changed to a journal.
    Journal,
    /// Takes pages away when memory is short.
    Swapper,
}

/// Where a thread is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// On a run queue, or about to be.
    Ready,
    /// On a CPU.
    Running(CpuId),
    /// Waiting, as its call frame says.
    Parked(Parked),
    /// Stopped by a signal; runs on with SIGCONT.
    Stopped,
    /// It has ended; the slot is about to be freed.
    Dead,
}

/// A thread's places in the queues of what it waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// Where it stands in line.
    pub places: Vec<(Channel, Place)>,
    /// The timer that ends the wait.
    pub timer: Option<Ticket>,
    /// What signals do.
    pub interruptible: Interruptible,
    /// For people.
    pub kind: Wait,
}

/// The timer is named by a slot of the agenda, which is no state; when it fires, the agenda itself says.
impl Hash for Parked {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.places, self.timer.is_some(), self.interruptible, self.kind).hash(state);
    }
}

/// A stack for signal handlers: `stack_t` of sigaltstack(2). It is only remembered: what runs here needs
/// no stack for a handler.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SignalStack {
    /// Where it begins.
    pub base: u64,
    /// Its length in bytes; 0: there is none.
    pub size: u64,
    /// Its flags, as they were given.
    pub flags: u32,
}

/// What goes on after a signal handler returns.
#[derive(Clone, Debug, Hash)]
pub struct Interrupted {
    /// The signal mask to restore.
    pub mask: SignalSet,
    /// What was left of a computation.
    pub computing: Option<Duration>,
    /// What the program is told.
    pub resume: Resume,
}

/// How a thread's program goes on.
#[derive(Clone, Debug, Hash)]
pub enum Resume {
    /// It is given this answer.
    With(Answer),
    /// The call it made is run again.
    Restart(Box<CallFrame>),
}

/// Where a thread's time went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Times {
    /// Running its program.
    pub user: Duration,
    /// Running the kernel on its behalf.
    pub system: Duration,
    /// Running a guest.
    pub guest: Duration,
    /// Ready, but not on a CPU.
    pub waiting: Duration,
    /// When it was made.
    pub started: Time,
    /// When it first had a CPU.
    pub first_run: Option<Time>,
    /// When it last became ready.
    pub ready_since: Time,
    /// How often it was given a CPU.
    pub switches: u64,
    /// How often that was another CPU than before.
    pub migrations: u64,
    /// How often it had to give way.
    pub involuntary: u64,
    /// Page faults that were repaired.
    pub faults: u64,
    /// Those among them that waited for a disk.
    pub major_faults: u64,
    /// Whether the fault that it is having now has waited for a disk.
    pub is_major: bool,
    /// Loads and stores of its program whose translation the TLB had.
    pub tlb_hits: u64,
    /// Those for which the page tables were walked.
    pub tlb_misses: u64,
}

/// A thread.
#[derive(Clone, Debug, Hash)]
pub struct Thread {
    // Fixed at birth.
    /// Its number as user programs see it.
    pub tid: Pid,
    /// Its name in the log.
    pub serial: Serial,
    /// The process that it is a thread of.
    pub process: ProcessId,
    /// What runs.
    pub body: Body,

    // Shared with other threads. Kernel threads have neither.
    /// Its descriptors.
    pub files: Option<FilesId>,
    /// Its working directory and umask.
    pub fs: Option<FsInfoId>,

    // Touched by the scheduler.
    /// Where it is.
    pub state: State,
    /// What the scheduler was asked for it, if it has inherited something else from who waits for it.
    pub asked: Option<Params>,
    /// Where it ran last.
    pub cpu: CpuId,
    /// Its times.
    pub times: Times,

    // Touched between two traps.
    /// What its program is told next.
    pub answer: Answer,
    /// A trap that came at the horizon and is served when the machine's time has got there.
    pub deferred: Option<Trap>,
    /// What is left of a computation.
    pub computing: Option<Duration>,
    /// Why it was woken, for the call that it was parked in.
    pub woken: Option<Woken>,
    /// What signals do to the wait it was in last.
    pub interruptible: Interruptible,

    // Touched by signals.
    /// Which are blocked.
    pub mask: SignalSet,
    /// Whether there may be a signal to take: looked at before its program goes on.
    pub signalled: bool,
    /// What was blocked before a call blocked something else for its own duration (sigsuspend(2)).
    pub saved_mask: Option<SignalSet>,
    /// What it waits for in sigtimedwait(2): these wake it though it blocks them.
    pub awaited: SignalSet,
    /// Sent to this thread and not taken.
    pub pending: Pending,
    /// Its stack for signal handlers (sigaltstack(2)).
    pub alternate: SignalStack,
    /// Handlers under way, the innermost last.
    pub interrupted: Vec<Interrupted>,

    // Carried along for the log.
    /// The event that made it go on last.
    pub cause: EventId,
    /// The request that it serves.
    pub request: RequestId,
    /// Whether it has begun that request itself.
    pub is_asker: bool,
    /// Whether it has had the answer.
    pub is_answered: bool,
    /// Where in user memory a zero is written and a futex woken when it ends (CLONE_CHILD_CLEARTID).
    pub clear_tid: u64,
    /// Where in user memory its list of robust futexes begins (set_robust_list(2)); 0: nowhere.
    pub robust_list: u64,
    /// The board on which its turns stand (see [`crate::abi::probe`]), if it is one of a script.
    pub board: Option<BoardId>,
    /// The name that it gave itself (PR_SET_NAME); others have their process's.
    pub name: Option<String>,
}

impl Thread {
    /// Whether it waits for what only time or others can bring.
    #[must_use]
    pub fn is_parked(&self) -> bool {
        matches!(self.state, State::Parked(_))
    }
}
