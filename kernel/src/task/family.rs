//! Parents and children: who adopts orphans, and what a parent learns of its children.
//!
//! A typical sequence: the last thread of a process ends; [`bury`] frees what it had, gives its children to
//! the next subreaper or to init, and leaves a zombie; the parent gets SIGCHLD and is woken out of
//! wait4(2), which removes the zombie. A parent that ignores SIGCHLD never sees one (SA_NOCLDWAIT).

use super::signal::{self, Target};
use super::{jobs, share, wait};
use crate::abi::signal::{ActionFlags, SIG_IGN, Signal, code};
use crate::abi::types::Tms;
use crate::base::{Channel, Pid, ProcessId};
use crate::context::{Cx, Tables};
use crate::proc::{Limits, Pending, Process, Report, SignalInfo, Usage};
use std::collections::BTreeSet;

/// A process with nothing in it, child of `parent`.
#[must_use]
pub fn empty_process(pid: Pid, name: &str, parent: Option<ProcessId>) -> Process {
    Process {
        pid,
        name: name.to_owned(),
        group: pid,
        session: pid,
        cred: crate::base::Cred::root(),
        namespaces: crate::base::Namespaces::default(),
        cgroup: crate::base::CgroupId::default(),
        limits: Limits::default(),
        parent,
        children: BTreeSet::new(),
        threads: Vec::new(),
        exit_signal: Some(Signal::CHLD),
        parent_death: None,
        subreaper: false,
        has_execed: false,
        vfork: false,
        space: None,
        handlers: None,
        alarm: None,
        pending: Pending::default(),
        stopped: false,
        report: None,
        ended: Usage::default(),
        children_usage: Usage::default(),
        cpu_warned: 0,
        oom_adjust: 0,
        exit: None,
    }
}

/// A process made with vfork(2) gives its parent's memory back: it has other memory now, or ends.
pub fn end_vfork(t: &mut Tables, cx: &mut Cx, id: ProcessId) {
    if let Some(process) = t.proc.processes.get_mut(id)
        && std::mem::take(&mut process.vfork)
    {
        wait::wake_all(t, cx, Channel::Vfork(id));
    }
}

/// The last thread is gone: memory goes, children find a new parent, the old one is told.
pub fn bury(t: &mut Tables, cx: &mut Cx, id: ProcessId) {
    end_vfork(t, cx, id);
    let Some(process) = t.proc.processes.get_mut(id) else {
        return;
    };
    let (space, handlers) = (process.space.take(), process.handlers.take());
    let (alarm, parent) = (process.alarm.take(), process.parent);
    let (pid, group, session) = (process.pid, process.group, process.session);
    process.report = None;
    if let Some(alarm) = alarm {
        cx.engine.agenda.cancel(alarm.ticket);
    }
    if let Some(space) = space {
        let resident = t.mm.space(space).map_or(0, |space| space.most_resident());
        if let Some(process) = t.proc.processes.get_mut(id) {
            process.ended.resident = process.ended.resident.max(resident);
        }
        t.mm.release(space, &mut t.memory);
    }
    if let Some(handlers) = handlers {
        share::release_handlers(t, handlers);
    }
    if pid == session {
        jobs::leave_terminal(t, cx, session);
    }
    give_children_away(t, cx, id);
    jobs::orphaned_by(t, cx, (group, session), parent, Some(id));
    match parent {
        Some(parent) => tell_end(t, cx, parent, id),
        None => {
            t.proc.remove_process(id);
        }
    }
}

/// Who adopts the children of a process: its nearest ancestor that said it would, else init.
fn reaper(t: &Tables, id: ProcessId) -> Option<ProcessId> {
    let mut ancestor = t.proc.processes.get(id).and_then(|process| process.parent);
    while let Some(at) = ancestor {
        let process = t.proc.processes.get(at)?;
        if process.subreaper && process.exit.is_none() {
            return Some(at);
        }
        ancestor = process.parent;
    }
    t.proc.by_pid(Pid(1)).filter(|&init| init != id)
}

/// The children of a process that ends get another parent.
fn give_children_away(t: &mut Tables, cx: &mut Cx, id: ProcessId) {
    let reaper = reaper(t, id);
    let Some(process) = t.proc.processes.get_mut(id) else {
        return;
    };
    for child in std::mem::take(&mut process.children) {
        let Some(orphan) = t.proc.processes.get_mut(child) else {
            continue;
        };
        orphan.parent = reaper;
        // init waits for everybody, whatever its child's maker wanted to be told.
        orphan.exit_signal = Some(Signal::CHLD);
        let (group, session) = (orphan.group, orphan.session);
        let is_zombie = orphan.is_zombie();
        if let Some(signal) = orphan.parent_death {
            let info = SignalInfo::new(signal, code::SI_USER);
            signal::send_info(t, cx, Target::Process(child), info);
        }
        match reaper.and_then(|reaper| t.proc.processes.get_mut(reaper)) {
            Some(reaper) => {
                reaper.children.insert(child);
            }
            None if is_zombie => {
                t.proc.remove_process(child);
            }
            None => {}
        }
        if let Some(reaper) = reaper.filter(|_| is_zombie) {
            tell_end(t, cx, reaper, child);
        }
        jobs::orphaned_by(t, cx, (group, session), Some(id), None);
    }
}

/// What SIGCHLD tells of a child.
#[must_use]
pub fn child_info(t: &Tables, child: ProcessId, code: i32, status: i32) -> SignalInfo {
    /// Nanoseconds in a tick of times(2).
    const TICK: u64 = 1_000_000_000 / Tms::TICKS;
    let process = t.proc.processes.get(child);
    let (pid, uid) = process.map_or((0, 0), |child| (child.pid.0, child.cred.uid));
    let used = t.proc.usage(child);
    let ticks = (used.user.0 / TICK, used.system.0 / TICK);
    SignalInfo { pid, uid, status, ticks, ..SignalInfo::new(Signal::CHLD, code) }
}

/// The `si_code` and `si_status` of a wait status.
#[must_use]
pub const fn end_code(status: u32) -> (i32, i32) {
    match status & 0x7f {
        0 => (code::CLD_EXITED, (status >> 8 & 0xff) as i32),
        signal if status & 0x80 != 0 => (code::CLD_DUMPED, signal as i32),
        signal => (code::CLD_KILLED, signal as i32),
    }
}

/// A child ended: SIGCHLD, and whoever waits for it runs.
fn tell_end(t: &mut Tables, cx: &mut Cx, parent: ProcessId, child: ProcessId) {
    let Some(process) = t.proc.processes.get(child) else {
        return;
    };
    let (exit_signal, status) = (process.exit_signal, process.exit.unwrap_or(0));
    let action = t.proc.action(parent, Signal::CHLD);
    let ignores = action.handler == SIG_IGN;
    let no_zombie = ignores || action.known_flags().contains(ActionFlags::NOCLDWAIT);
    if let Some(signal) = exit_signal
        && !(ignores && signal == Signal::CHLD)
    {
        let (si_code, si_status) = end_code(status);
        let info = SignalInfo { signal, ..child_info(t, child, si_code, si_status) };
        signal::send_info(t, cx, Target::Process(parent), info);
    }
    if no_zombie && exit_signal == Some(Signal::CHLD) {
        t.proc.remove_process(child);
    }
    wait::wake_all(t, cx, Channel::Child(parent));
}

/// A child was stopped, or goes on: it can be waited for, and its parent is sent SIGCHLD unless it said
/// that it does not want to know (SA_NOCLDSTOP).
pub fn tell_report(t: &mut Tables, cx: &mut Cx, child: ProcessId, report: Report) {
    let Some(process) = t.proc.processes.get_mut(child) else {
        return;
    };
    process.report = Some(report);
    let Some(parent) = process.parent else {
        return;
    };
    let (si_code, status) = match report {
        Report::Stopped(signal) => (code::CLD_STOPPED, signal),
        Report::Continued => (code::CLD_CONTINUED, Signal::CONT),
    };
    let action = t.proc.action(parent, Signal::CHLD);
    if action.handler != SIG_IGN && !action.known_flags().contains(ActionFlags::NOCLDSTOP) {
        let info = child_info(t, child, si_code, i32::from(status.number()));
        signal::send_info(t, cx, Target::Process(parent), info);
    }
    wait::wake_all(t, cx, Channel::Child(parent));
}
