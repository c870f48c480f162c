//! Waiting for children: wait4(2) and waitid(2).

use super::Result;
use super::account::rusage;
use super::transfer::Rest;
use crate::abi::flags::WaitFlags;
use crate::abi::flags::process::id_type;
use crate::abi::signal::{Signal, code};
use crate::abi::types::{Rusage, SigInfo, WaitStatus};
use crate::abi::{Access, Errno};
use crate::base::{Channel, Pid, ProcessId};
use crate::context::{Cx, Tables};
use crate::event::{Event, TaskEvent, Wait};
use crate::io::user;
use crate::proc::{Interruptible, Process, Report, Stop, Usage, WaitFor};
use crate::task::family;

/// Which children are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Any,
    Group(Pid),
    Process(Pid),
}

/// What was found of a child.
struct Found {
    child: ProcessId,
    pid: Pid,
    uid: u32,
    /// The status word of wait4(2).
    status: u32,
    ended: bool,
    usage: Usage,
}

/// Whether a child is one that the caller asks for: ordinary children end with SIGCHLD, "clone children"
/// with another signal or none.
fn is_asked_for(child: &Process, which: Which, options: WaitFlags) -> bool {
    let matches = match which {
        Which::Any => true,
        Which::Group(group) => child.group == group,
        Which::Process(pid) => child.pid == pid,
    };
    let is_clone = child.exit_signal != Some(Signal::CHLD);
    matches && (options.contains(WaitFlags::ALL) || is_clone == options.contains(WaitFlags::CLONE))
}

/// The status word of a child that has something to tell, and whether that is its end.
fn news(child: &Process, options: WaitFlags) -> Option<(u32, bool)> {
    if child.is_zombie() {
        return options.contains(WaitFlags::EXITED).then_some((child.exit.unwrap_or(0), true));
    }
    match child.report? {
        Report::Stopped(signal) if options.contains(WaitFlags::STOPPED) => {
            Some((WaitStatus::Stopped(signal).to_word(), false))
        }
        Report::Continued if options.contains(WaitFlags::CONTINUED) => {
            Some((WaitStatus::Continued.to_word(), false))
        }
        _ => None,
    }
}

/// The first child, by number, that has something to tell; `None`: there is nothing with WNOHANG.
///
/// # Errors
/// `ECHILD` without such children, `EINTR`; parks.
fn look(which: Which, options: WaitFlags, (frame, t, cx): Rest<'_>) -> Result<Option<Found>> {
    let me = t.proc.threads.get(cx.caller).ok_or(Errno::ESRCH)?.process;
    let mine = t.proc.processes.get(me).ok_or(Errno::ESRCH)?;
    let (mut any, mut found) = (false, None::<Found>);
    for &id in &mine.children {
        let Some(child) = t.proc.processes.get(id) else { continue };
        if !is_asked_for(child, which, options) {
            continue;
        }
        any = true;
        let earlier = found.as_ref().is_none_or(|found| child.pid < found.pid);
        if let Some((status, ended)) = news(child, options).filter(|_| earlier) {
            let (pid, uid) = (child.pid, child.cred.uid);
            found = Some(Found { child: id, pid, uid, status, ended, usage: Usage::default() });
        }
    }
    if !any {
        return Err(Stop::Fail(Errno::ECHILD));
    }
    if let Some(mut found) = found {
        found.usage = t.proc.usage(found.child);
        if let Some(child) = t.proc.processes.get(found.child) {
            found.usage.add(child.children_usage);
        }
        return Ok(Some(found));
    }
    if options.contains(WaitFlags::NOHANG) {
        return Ok(None);
    }
    frame.interrupted()?;
    Err(Stop::Park(WaitFor::channel(
        Channel::Child(me),
        Wait::Child,
        Interruptible::UnlessRestarted,
    )))
}

/// The news are told: a zombie is removed, and what it used is counted as its parent's children's. With
/// WNOWAIT everything stays.
fn collect(t: &mut Tables, cx: &mut Cx, found: &Found, options: WaitFlags) {
    if options.contains(WaitFlags::NOWAIT) {
        return;
    }
    if !found.ended {
        if let Some(child) = t.proc.processes.get_mut(found.child) {
            child.report = None;
        }
        return;
    }
    if let Some(me) = t.proc.process_of_mut(cx.caller) {
        me.children_usage.add(found.usage);
    }
    t.proc.remove_process(found.child);
    cx.emit(Event::Task(TaskEvent::Reap { pid: found.pid.0 }));
}

/// The group that 0 stands for.
fn own_group(t: &Tables, cx: &Cx) -> Pid {
    t.proc.process_of(cx.caller).map_or(Pid(0), |process| process.group)
}

/// wait4(2).
///
/// # Errors
/// `ECHILD`, `EINVAL`, `ESRCH`, `EINTR`, `EFAULT`; parks.
//DOC: wait
pub fn sys_wait4([pid, status, options, usage]: [u64; 4], (frame, t, cx): Rest<'_>) -> Result {
    let options = WaitFlags::from_bits(options as u32).ok_or(Errno::EINVAL)?;
    if options.intersects(WaitFlags::EXITED | WaitFlags::NOWAIT) {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let which = match pid as i32 {
        i32::MIN => return Err(Stop::Fail(Errno::ESRCH)),
        -1 => Which::Any,
        0 => Which::Group(own_group(t, cx)),
        pid @ 1.. => Which::Process(Pid(pid as u32)),
        group => Which::Group(Pid(group.unsigned_abs())),
    };
    let options = options | WaitFlags::EXITED;
    let Some(found) = look(which, options, (frame, t, cx))? else {
        return Ok(0);
    };
    if usage != 0 {
        user::touch(t, cx, usage, Rusage::SIZE as u64, Access::Store)?;
    }
    if status != 0 {
        user::write(t, cx, status, &found.status.to_le_bytes())?;
    }
    if usage != 0 {
        user::write(t, cx, usage, &rusage(&found.usage).to_bytes())?;
    }
    collect(t, cx, &found, options);
    Ok(u64::from(found.pid.0))
}

/// waitid(2).
///
/// # Errors
/// `ECHILD`, `EINVAL`, `EINTR`, `EFAULT`; `EBADF` for P_PIDFD, as there are no such descriptors; parks.
pub fn sys_waitid([kind, id, info, options, usage]: [u64; 5], (frame, t, cx): Rest<'_>) -> Result {
    let options = WaitFlags::from_bits(options as u32).ok_or(Errno::EINVAL)?;
    if !options.intersects(WaitFlags::EXITED | WaitFlags::STOPPED | WaitFlags::CONTINUED) {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let which = match (kind as u32, id as i32) {
        (id_type::ALL, _) => Which::Any,
        (id_type::PID, pid @ 1..) => Which::Process(Pid(pid as u32)),
        (id_type::PGID, 0) => Which::Group(own_group(t, cx)),
        (id_type::PGID, group @ 1..) => Which::Group(Pid(group as u32)),
        (id_type::PIDFD, 0..) => return Err(Stop::Fail(Errno::EBADF)),
        _ => return Err(Stop::Fail(Errno::EINVAL)),
    };
    let found = look(which, options, (frame, t, cx))?;
    if usage != 0 {
        user::touch(t, cx, usage, Rusage::SIZE as u64, Access::Store)?;
    }
    if info != 0 {
        let told = found.as_ref().map_or_else(SigInfo::default, |found| {
            let (code, status) = child_code(found);
            SigInfo::of_child(code, found.pid.0, found.uid, status)
        });
        user::write(t, cx, info, &told.to_bytes())?;
    }
    if let Some(found) = &found {
        if usage != 0 {
            user::write(t, cx, usage, &rusage(&found.usage).to_bytes())?;
        }
        collect(t, cx, found, options);
    }
    Ok(0)
}

/// `si_code` and `si_status` of what was found.
fn child_code(found: &Found) -> (i32, i32) {
    match WaitStatus::from_word(found.status) {
        Some(WaitStatus::Stopped(signal)) => (code::CLD_STOPPED, i32::from(signal.number())),
        Some(WaitStatus::Continued) => (code::CLD_CONTINUED, i32::from(Signal::CONT.number())),
        _ => family::end_code(found.status),
    }
}
