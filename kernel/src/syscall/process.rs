//! Who am I: numbers of processes and threads, process groups and sessions (credentials(7)).

use super::Result;
use crate::abi::Errno;
use crate::base::{Pid, ProcessId};
use crate::context::{Cx, Tables};
use crate::proc::Stop;

/// getpid(2).
///
/// # Errors
/// None.
pub fn sys_getpid(t: &Tables, cx: &Cx) -> Result {
    Ok(t.proc.process_of(cx.caller).map_or(0, |process| u64::from(process.pid.0)))
}

/// gettid(2).
///
/// # Errors
/// None.
pub fn sys_gettid(t: &Tables, cx: &Cx) -> Result {
    Ok(t.proc.threads.get(cx.caller).map_or(0, |thread| u64::from(thread.tid.0)))
}

/// getppid(2): 0 when the parent is the kernel itself.
///
/// # Errors
/// None.
pub fn sys_getppid(t: &Tables, cx: &Cx) -> Result {
    let parent = t.proc.process_of(cx.caller).and_then(|process| process.parent);
    Ok(parent.and_then(|p| t.proc.processes.get(p)).map_or(0, |parent| u64::from(parent.pid.0)))
}

/// The process of a thread's or process's number; 0 is the caller's.
///
/// # Errors
/// `ESRCH`.
pub(super) fn process_by_number(
    t: &Tables,
    cx: &Cx,
    pid: u64,
) -> std::result::Result<ProcessId, Errno> {
    if pid as u32 == 0 {
        return Ok(t.proc.threads.get(cx.caller).ok_or(Errno::ESRCH)?.process);
    }
    let pid = Pid(pid as u32);
    let thread = t.proc.by_tid(pid).and_then(|thread| t.proc.threads.get(thread));
    thread.map(|thread| thread.process).or_else(|| t.proc.by_pid(pid)).ok_or(Errno::ESRCH)
}

/// getpgid(2).
///
/// # Errors
/// `ESRCH`.
pub fn sys_getpgid(pid: u64, t: &Tables, cx: &Cx) -> Result {
    let process = t.proc.processes.get(process_by_number(t, cx, pid)?).ok_or(Errno::ESRCH)?;
    Ok(u64::from(process.group.0))
}

/// getsid(2).
///
/// # Errors
/// `ESRCH`.
pub fn sys_getsid(pid: u64, t: &Tables, cx: &Cx) -> Result {
    let process = t.proc.processes.get(process_by_number(t, cx, pid)?).ok_or(Errno::ESRCH)?;
    Ok(u64::from(process.session.0))
}

/// setpgid(2): puts the caller or a child of it into a process group of its session, or makes one.
///
/// # Errors
/// `EINVAL` for a negative group; `ESRCH` for who is neither the caller nor its child; `EACCES` for a child
/// that has called execve(2); `EPERM` for a session's leader, for another session, and for a group that
/// does not exist there.
pub fn sys_setpgid(pid: u64, group: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let me = t.proc.threads.get(cx.caller).ok_or(Errno::ESRCH)?.process;
    let mine = t.proc.processes.get(me).ok_or(Errno::ESRCH)?;
    let session = mine.session;
    let pid = if pid as u32 == 0 { mine.pid } else { Pid(pid as u32) };
    let group = if group as u32 == 0 { pid } else { Pid(group as u32) };
    if (group.0 as i32) < 0 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let target = t.proc.by_pid(pid).ok_or(Errno::ESRCH)?;
    let process = t.proc.processes.get(target).ok_or(Errno::ESRCH)?;
    if process.parent == Some(me) {
        if process.session != session {
            return Err(Stop::Fail(Errno::EPERM));
        }
        if process.has_execed {
            return Err(Stop::Fail(Errno::EACCES));
        }
    } else if target != me {
        return Err(Stop::Fail(Errno::ESRCH));
    }
    if process.session == process.pid {
        return Err(Stop::Fail(Errno::EPERM));
    }
    let exists = group == pid
        || t.proc.processes.iter().any(|(_, p)| p.group == group && p.session == session);
    if !exists {
        return Err(Stop::Fail(Errno::EPERM));
    }
    if let Some(process) = t.proc.processes.get_mut(target) {
        process.group = group;
    }
    Ok(0)
}

/// setsid(2): a new session and group, without a terminal.
///
/// # Errors
/// `EPERM` if there is a process group with the caller's number.
pub fn sys_setsid(t: &mut Tables, cx: &mut Cx) -> Result {
    let pid = t.proc.process_of(cx.caller).ok_or(Errno::ESRCH)?.pid;
    if t.proc.processes.iter().any(|(_, process)| process.group == pid) {
        return Err(Stop::Fail(Errno::EPERM));
    }
    let process = t.proc.process_of_mut(cx.caller).ok_or(Errno::ESRCH)?;
    (process.session, process.group) = (pid, pid);
    Ok(u64::from(pid.0))
}
