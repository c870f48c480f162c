//! A process: what owns an address space, signal actions, and children.

use super::limits::Limits;
use super::signals::Pending;
use super::thread::Times;
use crate::abi::signal::{SIG_DFL, SigAction, Signal};
use crate::base::agenda::Ticket;
use crate::base::{
    CgroupId, Cred, Duration, HandlersId, Location, Namespaces, Pid, ProcessId, SpaceId, ThreadId,
    Time,
};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

/// What a process has used (getrusage(2)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Usage {
    /// Time in programs.
    pub user: Duration,
    /// Time in the kernel.
    pub system: Duration,
    /// Page faults that needed no disk.
    pub minor_faults: u64,
    /// Page faults that waited for a disk.
    pub major_faults: u64,
    /// How often a thread left the CPU because it waited.
    pub voluntary: u64,
    /// How often it had to give way.
    pub involuntary: u64,
    /// The most pages that were ever resident at once.
    pub resident: u64,
}

impl Usage {
    /// Adds what somebody else has used. The largest memory counts, not the sum.
    pub fn add(&mut self, other: Self) {
        self.user += other.user;
        self.system += other.system;
        self.minor_faults += other.minor_faults;
        self.major_faults += other.major_faults;
        self.voluntary += other.voluntary;
        self.involuntary += other.involuntary;
        self.resident = self.resident.max(other.resident);
    }

    /// CPU time in all.
    #[must_use]
    pub fn cpu(&self) -> Duration {
        self.user + self.system
    }
}

impl From<Times> for Usage {
    fn from(times: Times) -> Self {
        Self {
            user: times.user,
            system: times.system,
            minor_faults: times.faults.saturating_sub(times.major_faults),
            major_faults: times.major_faults,
            // Every time it got the CPU but the last it has also left it.
            voluntary: times.switches.saturating_sub(times.involuntary + 1),
            involuntary: times.involuntary,
            resident: 0,
        }
    }
}

/// What a parent may be told of a child that lives (wait4(2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Report {
    /// A signal stopped it.
    Stopped(Signal),
    /// It goes on.
    Continued,
}

/// A working directory and a umask, shared by tasks that were cloned with CLONE_FS.
#[derive(Clone, Debug, Hash)]
pub struct FsInfo {
    /// The working directory; none before there is a file system.
    pub cwd: Option<Location>,
    /// The root directory, if it is not that of the mount namespace (chroot(2)).
    pub root: Option<Location>,
    /// Permission bits that new files do not get.
    pub umask: u16,
    /// Threads that share it.
    pub users: u32,
}

/// What is done with each signal, shared by tasks that were cloned with CLONE_SIGHAND.
#[derive(Clone, Debug, Hash)]
pub struct Handlers {
    /// Those not listed have the default action.
    pub actions: BTreeMap<Signal, SigAction>,
    /// Processes that share it.
    pub users: u32,
}

impl Handlers {
    /// What is done with a signal.
    #[must_use]
    pub fn action(&self, signal: Signal) -> SigAction {
        let default = SigAction { handler: SIG_DFL, ..SigAction::default() };
        self.actions.get(&signal).copied().unwrap_or(default)
    }
}

/// A timer of setitimer(2) that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// When it goes off.
    pub at: Time,
    /// How long after that again; zero: never.
    pub interval: Duration,
    /// Its place on the agenda.
    pub ticket: Ticket,
}

/// The ticket is a slot of the agenda, which is no state; when the alarm goes off, the agenda itself says.
impl Hash for Alarm {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.at, self.interval).hash(state);
    }
}

/// A process.
#[derive(Clone, Debug, Hash)]
pub struct Process {
    // Who it is.
    /// Its number.
    pub pid: Pid,
    /// Its program's name.
    pub name: String,
    /// Process group.
    pub group: Pid,
    /// Session.
    pub session: Pid,
    /// What it may do.
    pub cred: Cred,
    /// The worlds of names that it lives in.
    pub namespaces: Namespaces,
    /// Whom its memory and time are charged to.
    pub cgroup: CgroupId,
    /// What it may use.
    pub limits: Limits,

    // Its family.
    /// Who waits for it; `None` for the kernel itself.
    pub parent: Option<ProcessId>,
    /// Whom it may wait for.
    pub children: BTreeSet<ProcessId>,
    /// Its threads that live.
    pub threads: Vec<ThreadId>,
    /// What its parent is sent when it ends.
    pub exit_signal: Option<Signal>,
    /// What it is sent when its parent ends (PR_SET_PDEATHSIG).
    pub parent_death: Option<Signal>,
    /// Whether it adopts the orphans among its descendants (PR_SET_CHILD_SUBREAPER).
    pub subreaper: bool,
    /// Whether it has called execve(2) since it was forked.
    pub has_execed: bool,
    /// Whether its parent waits in vfork(2) until it gives the memory back.
    pub vfork: bool,

    // What it has. Kernel threads have neither.
    /// Its memory.
    pub space: Option<SpaceId>,
    /// Its signal actions.
    pub handlers: Option<HandlersId>,
    /// ITIMER_REAL.
    pub alarm: Option<Alarm>,

    // Signals.
    /// Sent to it and not taken by any thread.
    pub pending: Pending,
    /// Whether it is stopped.
    pub stopped: bool,
    /// What its parent has not been told yet by wait4(2).
    pub report: Option<Report>,

    // What it used.
    /// By threads that have ended.
    pub ended: Usage,
    /// By children that were waited for, and theirs.
    pub children_usage: Usage,
    /// Seconds of CPU time at which RLIMIT_CPU warned last.
    pub cpu_warned: u64,

    /// What speaks for it or against it when memory is out (oom_score_adj): −1000 to 1000.
    pub oom_adjust: i16,

    // Its end.
    /// The wait status of a process that is ending or has ended.
    pub exit: Option<u32>,
}

impl Process {
    /// Whether it has ended and waits to be collected.
    #[must_use]
    pub fn is_zombie(&self) -> bool {
        self.exit.is_some() && self.threads.is_empty()
    }
}
