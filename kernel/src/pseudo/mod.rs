//! Layer 7: what the pseudo file systems show: the kernel's state as Linux prints it.
//!
//! Layers: [`tasks`] has the figures behind `ps`; `process`, `maps`, `descriptors`, `mounts` and `network` write what /proc/PID says, `system`,
//! `memory` and `sysctl` what the rest of /proc says; [`proc`](mod@proc) is the tree that they hang in. An inode's number says
//! which file it is; nothing is kept between two looks.
//!
//! A typical sequence: a path walk asks [`lookup`] for a name in a directory of /proc and gets a number; read(2) from the
//! beginning asks [`render`] for the text, and keeps it with the open file until the next read from the beginning.
//!
//! Taken from elsewhere: the formats from Linux (`fs/proc`), byte for byte where the same thing is known here; files as a function
//! of their number, with nothing allocated for them, from Plan 9's `devproc.c`.

mod descriptors;
mod maps;
mod memory;
mod mounts;
mod names;
mod network;
pub mod proc;
mod process;
mod sysctl;
pub mod system;

pub use descriptors::name_of_open;
pub use mounts::number as mount_number;
pub use proc::{attributes, jump, list, lookup, render, store, target};

use crate::base::{Duration, Location, OpenFileId, Pid, ThreadId};
use crate::context::Tables;
use crate::event::Wait;
use crate::proc::{Body, Process, State, Thread};

/// Where a link of /proc/PID leads without a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jump {
    /// To a place in the tree.
    Place(Location),
    /// To an open file that has none: a pipe.
    Open(OpenFileId),
}

/// A line of `ps -eL`: a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskLine {
    /// The thread.
    pub thread: ThreadId,
    /// Its number.
    pub tid: Pid,
    /// Its process's number.
    pub pid: Pid,
    /// The parent's number; 0 for the kernel.
    pub ppid: Pid,
    /// The name; a kernel thread's stands in brackets, as `ps` shows it.
    pub name: String,
    /// R running or ready, S asleep, D waiting for a disk, T stopped, Z zombie (proc(5)).
    pub state: char,
    /// What it waits for.
    pub waits: Option<Wait>,
    /// Time in its program.
    pub user: Duration,
    /// Time in the kernel.
    pub system: Duration,
}

/// All threads and zombies, by number.
#[must_use]
pub fn tasks(t: &Tables) -> Vec<TaskLine> {
    let mut lines: Vec<TaskLine> =
        t.proc.threads.iter().map(|(id, thread)| line(t, id, thread)).collect();
    for (_, process) in t.proc.processes.iter().filter(|(_, process)| process.is_zombie()) {
        lines.push(TaskLine {
            thread: ThreadId::NONE,
            tid: process.pid,
            pid: process.pid,
            ppid: parent_pid(t, process),
            name: process.name.clone(),
            state: 'Z',
            waits: None,
            user: Duration::ZERO,
            system: Duration::ZERO,
        });
    }
    lines.sort_by_key(|line| line.tid);
    lines
}

fn parent_pid(t: &Tables, process: &Process) -> Pid {
    let parent = process.parent.and_then(|parent| t.proc.processes.get(parent));
    parent.map_or(Pid(0), |parent| parent.pid)
}

/// The state of a thread, and what it waits for.
fn state_of(process: &Process, thread: &Thread) -> (char, Option<Wait>) {
    match &thread.state {
        // Who was stopped while waiting goes on waiting, but would not run.
        State::Parked(parked) if process.stopped => ('T', Some(parked.kind)),
        State::Ready | State::Running(_) => ('R', None),
        State::Parked(parked) if parked.kind == Wait::Disk => ('D', Some(parked.kind)),
        State::Parked(parked) => ('S', Some(parked.kind)),
        State::Stopped => ('T', None),
        State::Dead => ('X', None),
    }
}

/// The name of a thread, or of a process without any (`comm`).
fn command_name<'a>(thread: Option<(ThreadId, &'a Thread)>, process: &'a Process) -> &'a str {
    thread.and_then(|(_, thread)| thread.name.as_ref()).unwrap_or(&process.name)
}

fn line(t: &Tables, id: ThreadId, thread: &Thread) -> TaskLine {
    let process = t.proc.processes.get(thread.process);
    let (state, waits) = process.map_or(('X', None), |process| state_of(process, thread));
    let name = process.map_or(String::new(), |process| match thread.body {
        Body::User => command_name(Some((id, thread)), process).to_owned(),
        _ => format!("[{}]", process.name),
    });
    TaskLine {
        thread: id,
        tid: thread.tid,
        pid: process.map_or(thread.tid, |process| process.pid),
        ppid: process.map_or(Pid(0), |process| parent_pid(t, process)),
        name,
        state,
        waits,
        user: thread.times.user,
        system: thread.times.system,
    }
}

/// A number as names in /proc have it: without signs and leading zeroes.
fn parse(name: &str) -> Option<u32> {
    let canonical = name.bytes().all(|byte| byte.is_ascii_digit());
    let number = name.parse().ok().filter(|_| canonical)?;
    (name.len() == 1 || !name.starts_with('0')).then_some(number)
}

/// The index of a name in a table.
fn position<'a>(mut names: impl Iterator<Item = &'a str>, name: &str) -> Option<u8> {
    names.position(|known| known == name && !name.is_empty()).and_then(|at| u8::try_from(at).ok())
}
