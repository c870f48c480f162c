//! Job control: process groups, sessions, and what becomes of groups that nobody looks after (setpgid(2),
//! credentials(7)).
//!
//! A group is *orphaned* when no member has a parent in another group of the same session: no shell is left
//! that could continue it. It must not be stopped by a terminal, and if it is stopped already when it
//! becomes orphaned, it gets SIGHUP and SIGCONT.

use super::signal::{self, Target};
use crate::abi::signal::{Signal, code};
use crate::base::{Pid, ProcessId};
use crate::context::{Cx, Tables};
use crate::proc::{Process, SignalInfo};

/// The processes of a group.
pub fn members(t: &Tables, group: Pid) -> impl Iterator<Item = (ProcessId, &Process)> {
    t.proc.processes.iter().filter(move |(_, process)| process.group == group)
}

/// Sends a signal of the kernel's to all processes of a group.
pub fn signal_group(t: &mut Tables, cx: &mut Cx, group: Pid, signal: Signal) {
    let all: Vec<ProcessId> = members(t, group).map(|(id, _)| id).collect();
    for process in all {
        let info = SignalInfo::new(signal, code::SI_KERNEL);
        signal::send_info(t, cx, Target::Process(process), info);
    }
}

/// Whether a group is orphaned, or would be without one of its members. (Linux never counts init as who
/// could continue it; here init may be a shell.)
#[must_use]
pub fn is_orphaned(t: &Tables, group: Pid, without: Option<ProcessId>) -> bool {
    !members(t, group).any(|(id, process)| {
        let parent = process.parent.and_then(|parent| t.proc.processes.get(parent));
        Some(id) != without
            && !process.is_zombie()
            && parent
                .is_some_and(|parent| parent.group != group && parent.session == process.session)
    })
}

/// A process that connected a group with the rest of its session goes, or got another parent: if the group
/// is orphaned by that and has stopped members, they are told and continued.
pub fn orphaned_by(
    t: &mut Tables,
    cx: &mut Cx,
    (group, session): (Pid, Pid),
    parent: Option<ProcessId>,
    without: Option<ProcessId>,
) {
    let parent = parent.and_then(|parent| t.proc.processes.get(parent));
    let connects = parent.is_some_and(|parent| parent.group != group && parent.session == session);
    let stopped = members(t, group).any(|(_, process)| process.stopped && !process.is_zombie());
    if connects && stopped && is_orphaned(t, group, without) {
        signal_group(t, cx, group, Signal::HUP);
        signal_group(t, cx, group, Signal::CONT);
    }
}

/// The leader of a session ends: the terminal's foreground group is hung up, and the terminal is free.
pub fn leave_terminal(t: &mut Tables, cx: &mut Cx, session: Pid) {
    if t.tty.session != Some(session) {
        return;
    }
    t.tty.session = None;
    let foreground = t.tty.foreground;
    signal_group(t, cx, foreground, Signal::HUP);
    signal_group(t, cx, foreground, Signal::CONT);
}
