//! A process: what owns an address space, a file table, and children.

use super::signals::Pending;
use crate::abi::signal::{SIG_DFL, SigAction, Signal};
use crate::base::{
    CgroupId, Cred, FilesId, InodeId, Namespaces, Pid, ProcessId, SpaceId, ThreadId,
};
use std::collections::{BTreeMap, BTreeSet};

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

    // Its family.
    /// Who waits for it; `None` for the kernel itself.
    pub parent: Option<ProcessId>,
    /// Whom it may wait for.
    pub children: BTreeSet<ProcessId>,
    /// Its threads that live.
    pub threads: Vec<ThreadId>,

    // What it has. Kernel threads have neither.
    /// Its memory.
    pub space: Option<SpaceId>,
    /// Its descriptors.
    pub files: Option<FilesId>,
    /// Its working directory.
    pub cwd: Option<InodeId>,

    // Signals.
    /// What it does with each signal; those not listed have the default action.
    pub actions: BTreeMap<Signal, SigAction>,
    /// Sent to it and not taken by any thread.
    pub pending: Pending,
    /// Whether it is stopped.
    pub stopped: bool,

    // Its end.
    /// The wait status of a process that is ending or has ended.
    pub exit: Option<u32>,
}

impl Process {
    /// What it does with a signal.
    #[must_use]
    pub fn action(&self, signal: Signal) -> SigAction {
        let default = SigAction { handler: SIG_DFL, ..SigAction::default() };
        self.actions.get(&signal).copied().unwrap_or(default)
    }

    /// Whether it has ended and waits to be collected.
    #[must_use]
    pub fn is_zombie(&self) -> bool {
        self.exit.is_some() && self.threads.is_empty()
    }
}
