//! Layer 6: processes and threads, as tables of plain values.
//!
//! Layers: [`call_frame`] is what a call remembers; [`files`] are descriptors and open files; [`signals`] are
//! those not yet taken; [`thread`] and [`process`] use all of them; [`programs`] holds what runs; [`Proc`]
//! owns the tables. What happens *to* processes stands in layer 7.
//!
//! A typical sequence: clone(2) makes a [`Thread`] in a new [`Process`] with shared or copied parts; the
//! thread runs, parks, is woken; exit_group(2) ends its threads and leaves a process that is a zombie until
//! its parent has asked for its status with wait4(2).
//!
//! Taken from elsewhere: threads and processes as two tables of numbers, not pointers, from Hubris; fields
//! grouped by who touches them from xv6's `proc.h`; a process's parts each with a count of users from
//! Linux' `task_struct` (`mm`, `files`).

pub mod call_frame;
pub mod ended;
pub mod files;
pub mod limits;
pub mod process;
pub mod programs;
pub mod signals;
pub mod start;
pub mod thread;

pub use call_frame::{CallFrame, Channels, Interruptible, Stop, Tale, WaitFor, Woken};
pub use ended::{Ended, Obituaries};
pub use files::{
    Descriptor, FileKind, FileTable, MAX_DESCRIPTORS, OpenFile, OpenFiles, Place, Special,
};
pub use limits::Limits;
pub use process::{Alarm, FsInfo, Handlers, Process, Report, Usage};
pub use programs::{Programs, SavedPrograms};
pub use signals::{Pending, SignalInfo};
pub use start::Start;
pub use thread::{Body, Interrupted, KThread, Parked, Resume, SignalStack, State, Thread, Times};

use crate::abi::flags::process::rlimit;
use crate::abi::signal::{SIG_DFL, SigAction, Signal};
use crate::base::{
    Digester, FilesTag, FsInfoTag, HandlersTag, Pid, ProcessId, ProcessTag, Serial, Table,
    ThreadId, ThreadTag, WaitQueues,
};
use std::collections::BTreeMap;
use std::hash::Hash;

/// The largest process number (Linux' `PID_MAX_LIMIT` on 64 bits).
pub const PID_MAX: u32 = 4_194_304;

/// All processes, threads, and what they have open.
#[derive(Clone, Debug, Default, Hash)]
pub struct Proc {
    /// Threads.
    pub threads: Table<ThreadTag, Thread>,
    /// Processes.
    pub processes: Table<ProcessTag, Process>,
    /// File tables.
    pub files: Table<FilesTag, FileTable>,
    /// Working directories and umasks.
    pub fs: Table<FsInfoTag, FsInfo>,
    /// Tables of signal actions.
    pub handlers: Table<HandlersTag, Handlers>,
    /// Open files.
    pub open: OpenFiles,
    /// What is kept of threads that have ended.
    pub ended: Obituaries,
    /// Who waits for what.
    pub waits: WaitQueues,
    /// Numbers in use: of threads, and so of processes, whose number is their first thread's.
    tids: BTreeMap<Pid, ThreadId>,
    pids: BTreeMap<Pid, ProcessId>,
    last_pid: u32,
    last_serial: u32,
}

impl Proc {
    /// A number that no thread and no process has, in rising order until [`PID_MAX`], then from 300 on
    /// again as Linux does. `None` when all are taken.
    pub fn new_pid(&mut self) -> Option<Pid> {
        for _ in 0..PID_MAX {
            self.last_pid = if self.last_pid >= PID_MAX { 300 } else { self.last_pid + 1 };
            let pid = Pid(self.last_pid);
            if !self.tids.contains_key(&pid) && !self.pids.contains_key(&pid) {
                return Some(pid);
            }
        }
        None
    }

    /// Makes the next number follow this one; returns the one that it would have followed.
    pub fn number_after(&mut self, last: u32) -> u32 {
        std::mem::replace(&mut self.last_pid, last.min(PID_MAX - 1))
    }

    /// The number that was given last.
    #[must_use]
    pub fn last_pid(&self) -> Pid {
        Pid(self.last_pid)
    }

    /// How many threads were ever made.
    #[must_use]
    pub fn made(&self) -> u32 {
        self.last_serial
    }

    /// A name for the log that was never used.
    pub fn new_serial(&mut self) -> Serial {
        self.last_serial += 1;
        Serial(self.last_serial)
    }

    /// Adds a process under its number.
    pub fn add_process(&mut self, process: Process) -> ProcessId {
        let pid = process.pid;
        let id = self.processes.insert(process);
        self.pids.insert(pid, id);
        id
    }

    /// Adds a thread under its number, and to its process.
    pub fn add_thread(&mut self, thread: Thread) -> ThreadId {
        let (tid, process) = (thread.tid, thread.process);
        let id = self.threads.insert(thread);
        self.tids.insert(tid, id);
        if let Some(process) = self.processes.get_mut(process) {
            process.threads.push(id);
        }
        id
    }

    /// Removes a thread that is dead.
    pub fn remove_thread(&mut self, id: ThreadId) -> Option<Thread> {
        let thread = self.threads.remove(id)?;
        self.tids.remove(&thread.tid);
        if let Some(process) = self.processes.get_mut(thread.process)
            && let Some(at) = process.threads.iter().rposition(|&other| other == id)
        {
            process.threads.remove(at);
        }
        Some(thread)
    }

    /// Removes a process that was collected.
    pub fn remove_process(&mut self, id: ProcessId) -> Option<Process> {
        let process = self.processes.remove(id)?;
        self.pids.remove(&process.pid);
        if let Some(parent) = process.parent.and_then(|p| self.processes.get_mut(p)) {
            parent.children.remove(&id);
        }
        Some(process)
    }

    /// The process with this number.
    #[must_use]
    pub fn by_pid(&self, pid: Pid) -> Option<ProcessId> {
        self.pids.get(&pid).copied()
    }

    /// The thread with this number.
    #[must_use]
    pub fn by_tid(&self, tid: Pid) -> Option<ThreadId> {
        self.tids.get(&tid).copied()
    }

    /// Feeds everything into a digest but how many hold an open file: a call under way may hold some.
    pub fn hash_without_holds(&self, digester: &mut Digester) {
        (&self.threads, &self.processes, &self.files, &self.waits).hash(digester);
        (&self.fs, &self.handlers).hash(digester);
        (self.last_pid, self.last_serial).hash(digester);
        self.open.hash_without_holds(digester);
    }

    /// A thread's process.
    #[must_use]
    pub fn process_of(&self, thread: ThreadId) -> Option<&Process> {
        self.processes.get(self.threads.get(thread)?.process)
    }

    /// A thread's process, to change.
    pub fn process_of_mut(&mut self, thread: ThreadId) -> Option<&mut Process> {
        self.processes.get_mut(self.threads.get(thread)?.process)
    }

    /// A thread's file table.
    #[must_use]
    pub fn files_of(&self, thread: ThreadId) -> Option<&FileTable> {
        self.files.get(self.threads.get(thread)?.files?)
    }

    /// A thread's file table, to change.
    pub fn files_of_mut(&mut self, thread: ThreadId) -> Option<&mut FileTable> {
        self.files.get_mut(self.threads.get(thread)?.files?)
    }

    /// A thread's working directory and umask.
    #[must_use]
    pub fn fs_of(&self, thread: ThreadId) -> Option<&FsInfo> {
        self.fs.get(self.threads.get(thread)?.fs?)
    }

    /// A thread's working directory and umask, to change.
    pub fn fs_of_mut(&mut self, thread: ThreadId) -> Option<&mut FsInfo> {
        self.fs.get_mut(self.threads.get(thread)?.fs?)
    }

    /// What a process does with a signal.
    #[must_use]
    pub fn action(&self, process: ProcessId, signal: Signal) -> SigAction {
        let handlers = self.processes.get(process).and_then(|process| process.handlers);
        let handlers = handlers.and_then(|handlers| self.handlers.get(handlers));
        let default = SigAction { handler: SIG_DFL, ..SigAction::default() };
        handlers.map_or(default, |handlers| handlers.action(signal))
    }

    /// A process's signal actions, to change.
    pub fn handlers_mut(&mut self, process: ProcessId) -> Option<&mut Handlers> {
        self.handlers.get_mut(self.processes.get(process)?.handlers?)
    }

    /// The first descriptor that a thread may not have (RLIMIT_NOFILE).
    #[must_use]
    pub fn descriptor_limit(&self, thread: ThreadId) -> usize {
        let soft = self.process_of(thread).map_or(0, |process| process.limits.soft(rlimit::NOFILE));
        usize::try_from(soft).map_or(MAX_DESCRIPTORS, |soft| soft.min(MAX_DESCRIPTORS))
    }

    /// What a process has used so far, without its children.
    #[must_use]
    pub fn usage(&self, process: ProcessId) -> Usage {
        let Some(process) = self.processes.get(process) else {
            return Usage::default();
        };
        let mut usage = process.ended;
        for thread in process.threads.iter().filter_map(|&thread| self.threads.get(thread)) {
            usage.add(Usage::from(thread.times));
        }
        usage
    }

    /// Gives a thread another number: that of its process, whose first thread is gone (execve(2)).
    pub fn renumber(&mut self, thread: ThreadId, tid: Pid) {
        if let Some(known) = self.threads.get_mut(thread) {
            self.tids.remove(&std::mem::replace(&mut known.tid, tid));
            self.tids.insert(tid, thread);
        }
    }
}
