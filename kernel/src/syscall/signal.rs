//! Calls on signals: kill(2), sigaction(2), sigprocmask(2).

use super::Result;
use crate::abi::Errno;
use crate::abi::signal::{SigAction, Signal, SignalSet, code};
use crate::base::Pid;
use crate::context::{Cx, Tables};
use crate::io::user;
use crate::proc::Stop;
use crate::task::signal::{self, Target};

/// kill(2). Signal 0 only asks whether there is somebody to send to.
///
/// # Errors
/// `EINVAL`, `ESRCH`.
pub fn sys_kill(pid: u64, number: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let signal = optional(number)?;
    let receivers = signal::receivers(t, cx.caller, i64::from(pid as i32));
    if receivers.is_empty() {
        return Err(Stop::Fail(Errno::ESRCH));
    }
    if let Some(signal) = signal {
        for process in receivers {
            signal::send(t, cx, Target::Process(process), signal, code::SI_USER, 0);
        }
    }
    Ok(0)
}

fn optional(number: u64) -> std::result::Result<Option<Signal>, Errno> {
    match number {
        0 => Ok(None),
        n => Signal::from_number(n).map(Some).ok_or(Errno::EINVAL),
    }
}

/// tgkill(2), and tkill(2) with no process given.
///
/// # Errors
/// `EINVAL`, `ESRCH`.
pub fn sys_tgkill(
    process: Option<u64>,
    tid: u64,
    number: u64,
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    let signal = optional(number)?;
    let thread = u32::try_from(tid).ok().and_then(|tid| t.proc.by_tid(Pid(tid)));
    let thread = thread.ok_or(Errno::ESRCH)?;
    let owner = t.proc.process_of(thread).ok_or(Errno::ESRCH)?;
    if process.is_some_and(|pid| u64::from(owner.pid.0) != pid) {
        return Err(Stop::Fail(Errno::ESRCH));
    }
    if let Some(signal) = signal {
        signal::send(t, cx, Target::Thread(thread), signal, code::SI_TKILL, 0);
    }
    Ok(0)
}

/// rt_sigaction(2).
///
/// # Errors
/// `EINVAL` for a signal that cannot be caught or a wrong set size, `EFAULT`.
pub fn sys_rt_sigaction(
    (number, new, old, size): (u64, u64, u64, u64),
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    let signal = Signal::from_number(number).ok_or(Errno::EINVAL)?;
    if size != SignalSet::SIZE as u64 || new != 0 && !signal.is_catchable() {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let mut bytes = [0; SigAction::SIZE];
    if new != 0 {
        user::read(t, cx, new, &mut bytes)?;
    }
    let process = t.proc.threads.get(cx.caller).ok_or(Errno::ESRCH)?.process;
    let before = t.proc.action(process, signal);
    if old != 0 {
        user::write(t, cx, old, &before.to_bytes())?;
    }
    if new != 0
        && let Some(handlers) = t.proc.handlers_mut(process)
    {
        handlers.actions.insert(signal, SigAction::from_bytes(&bytes));
    }
    Ok(0)
}

/// rt_sigprocmask(2).
///
/// # Errors
/// `EINVAL`, `EFAULT`.
pub fn sys_rt_sigprocmask(
    (how, new, old, size): (u64, u64, u64, u64),
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    if size != SignalSet::SIZE as u64 || new != 0 && how > 2 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let mut bytes = [0; SignalSet::SIZE];
    if new != 0 {
        user::read(t, cx, new, &mut bytes)?;
    }
    let mask = t.proc.threads.get(cx.caller).ok_or(Errno::ESRCH)?.mask;
    if old != 0 {
        user::write(t, cx, old, &mask.to_bytes())?;
    }
    if new != 0
        && let Some(thread) = t.proc.threads.get_mut(cx.caller)
    {
        let set = SignalSet::from_bytes(bytes);
        let changed = match how {
            0 => mask.union(set),
            1 => mask.difference(set),
            _ => set,
        };
        thread.mask = changed.difference(SignalSet::UNBLOCKABLE);
        thread.signalled = true;
        let process = thread.process;
        signal::retarget(t, cx, process);
    }
    Ok(0)
}
