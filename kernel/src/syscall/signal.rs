//! Calls on signals: sending them, blocking them, saying what is done about them, waiting for them (signal(7)).

use super::Result;
use super::time::read_duration;
use super::transfer::Rest;
use crate::abi::signal::{SigAction, Signal, SignalSet, code};
use crate::abi::types::{SigInfo, StackT};
use crate::abi::{Access, Errno};
use crate::base::{Pid, ProcessId, ThreadId};
use crate::context::{Cx, Tables};
use crate::event::Wait;
use crate::io::user;
use crate::proc::{
    CallFrame, Channels, Interruptible, SignalInfo, SignalStack, Stop, WaitFor, Woken,
};
use crate::task::signal::{self, Target};

/// kill(2). Signal 0 only asks whether there is somebody to send to.
///
/// # Errors
/// `EINVAL`, `ESRCH`, `EPERM` if the caller may signal none of them.
pub fn sys_kill(pid: u64, number: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let signal = optional(number)?;
    let receivers = signal::receivers(t, cx.caller, i64::from(pid as i32));
    if receivers.is_empty() {
        return Err(Stop::Fail(Errno::ESRCH));
    }
    let allowed: Vec<ProcessId> =
        receivers.into_iter().filter(|&to| may_signal(t, cx, to, signal)).collect();
    if allowed.is_empty() {
        return Err(Stop::Fail(Errno::EPERM));
    }
    if let Some(signal) = signal {
        for process in allowed {
            signal::send(t, cx, Target::Process(process), signal, code::SI_USER, 0);
        }
    }
    Ok(0)
}

/// Whether the caller may send a process a signal: root may, who has the same user may, and SIGCONT goes to
/// everybody of the session.
fn may_signal(t: &Tables, cx: &Cx, to: ProcessId, signal: Option<Signal>) -> bool {
    let (Some(from), Some(to)) = (t.proc.process_of(cx.caller), t.proc.processes.get(to)) else {
        return false;
    };
    let (mine, theirs) = (&from.cred, &to.cred);
    mine.is_root()
        || from.pid == to.pid
        || [mine.uid, mine.euid].iter().any(|uid| [theirs.uid, theirs.suid].contains(uid))
        || signal == Some(Signal::CONT) && from.session == to.session
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
/// `EINVAL`, `ESRCH`, `EPERM`, `EAGAIN` if the queue of a real-time signal is full.
pub fn sys_tgkill(
    process: Option<u64>,
    tid: u64,
    number: u64,
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    let signal = optional(number)?;
    let thread = find_thread(process, tid, signal, t, cx)?;
    if let (Some(signal), Some(thread)) = (signal, thread) {
        let info = sender(t, cx, signal, code::SI_TKILL);
        if !signal::send_info(t, cx, Target::Thread(thread), info) {
            return Err(Stop::Fail(Errno::EAGAIN));
        }
    }
    Ok(0)
}

/// A thread that a signal is meant for; `None` if it has ended and its number is still its process': a zombie, who
/// takes no signals and can be sent them.
fn find_thread(
    process: Option<u64>,
    tid: u64,
    signal: Option<Signal>,
    t: &Tables,
    cx: &Cx,
) -> std::result::Result<Option<ThreadId>, Errno> {
    let positive = |number: u64| (number as i32 > 0).then_some(number as u32);
    let tid = positive(tid).ok_or(Errno::EINVAL)?;
    let process = process.map(|pid| positive(pid).ok_or(Errno::EINVAL)).transpose()?;
    let thread = t.proc.by_tid(Pid(tid));
    let owner = match thread.and_then(|thread| t.proc.threads.get(thread)) {
        Some(thread) => thread.process,
        None => t.proc.by_pid(Pid(tid)).ok_or(Errno::ESRCH)?,
    };
    let pid = t.proc.processes.get(owner).ok_or(Errno::ESRCH)?.pid;
    if process.is_some_and(|process| process != pid.0) {
        return Err(Errno::ESRCH);
    }
    if may_signal(t, cx, owner, signal) { Ok(thread) } else { Err(Errno::EPERM) }
}

/// A signal that says that the caller sent it.
fn sender(t: &Tables, cx: &Cx, signal: Signal, si_code: i32) -> SignalInfo {
    let me = t.proc.process_of(cx.caller);
    let (pid, uid) = me.map_or((0, 0), |me| (me.pid.0, me.cred.uid));
    SignalInfo { pid, uid, ..SignalInfo::new(signal, si_code) }
}

/// rt_sigqueueinfo(2): a signal with what its receiver is told, for a process.
///
/// # Errors
/// `EINVAL`, `ESRCH`, `EPERM` (also for who pretends to be the kernel or kill(2)), `EAGAIN`, `EFAULT`.
pub fn sys_rt_sigqueueinfo(
    pid: u64,
    number: u64,
    info: u64,
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    let info = read_info(number, info, t, cx)?;
    no_pretence(pid, &info, t, cx)?;
    let process = t.proc.by_pid(Pid(pid as u32)).ok_or(Errno::ESRCH)?;
    let signal = optional(number)?;
    if !may_signal(t, cx, process, signal) {
        return Err(Stop::Fail(Errno::EPERM));
    }
    queue(Target::Process(process), signal, info, t, cx)
}

/// Only to oneself may a signal be queued as if the kernel or kill(2) had sent it. Linux looks at the number alone:
/// whether there is such a process comes later.
fn no_pretence(pid: u64, info: &SigInfo, t: &Tables, cx: &Cx) -> std::result::Result<(), Errno> {
    let own = t.proc.process_of(cx.caller).is_some_and(|process| process.pid.0 == pid as u32);
    let pretends = info.code >= 0 || info.code == code::SI_TKILL;
    if pretends && !own { Err(Errno::EPERM) } else { Ok(()) }
}

/// rt_tgsigqueueinfo(2): the same for a thread.
///
/// # Errors
/// As [`sys_rt_sigqueueinfo`].
pub fn sys_rt_tgsigqueueinfo(
    [pid, tid, number, info]: [u64; 4],
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    let info = read_info(number, info, t, cx)?;
    let signal = optional(number)?;
    no_pretence(pid, &info, t, cx)?;
    match find_thread(Some(pid), tid, signal, t, cx)? {
        Some(thread) => queue(Target::Thread(thread), signal, info, t, cx),
        None => Ok(0),
    }
}

fn read_info(number: u64, place: u64, t: &mut Tables, cx: &mut Cx) -> Result<SigInfo> {
    let mut bytes = [0; SigInfo::SIZE];
    user::read(t, cx, place, &mut bytes)?;
    // The number in the structure does not count.
    Ok(SigInfo { signal: number as i32, ..SigInfo::from_bytes(&bytes) })
}

fn queue(
    target: Target,
    signal: Option<Signal>,
    told: SigInfo,
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    let Some(signal) = signal else {
        return Ok(0);
    };
    let SigInfo { code, pid, uid, status, value, .. } = told;
    let info = SignalInfo { pid, uid, status, address: value, ..SignalInfo::new(signal, code) };
    if signal::send_info(t, cx, target, info) { Ok(0) } else { Err(Stop::Fail(Errno::EAGAIN)) }
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
        let action = SigAction::from_bytes(&bytes);
        let mask = action.mask.difference(SignalSet::UNBLOCKABLE);
        handlers.actions.insert(signal, SigAction { mask, ..action });
        // What is ignored from now on is not pending any more either.
        if signal::is_ignored(action.handler, signal) {
            signal::discard(t, process, SignalSet::of(signal));
        }
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

/// rt_sigpending(2): what is blocked and pending, for the thread or its process.
///
/// # Errors
/// `EINVAL`, `EFAULT`.
pub fn sys_rt_sigpending(place: u64, size: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    if size > SignalSet::SIZE as u64 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let thread = t.proc.threads.get(cx.caller).ok_or(Errno::ESRCH)?;
    let process = t.proc.processes.get(thread.process).ok_or(Errno::ESRCH)?;
    let pending = thread.pending.set().union(process.pending.set()).intersection(thread.mask);
    let bytes = pending.to_bytes();
    user::write(t, cx, place, bytes.get(..size as usize).unwrap_or(&bytes))?;
    Ok(0)
}

/// Blocks other signals than before while a call lasts, once: the frame's stage says so. What was blocked
/// before comes back when a handler returns, or when the call is over without one.
pub(super) fn block_for_call(frame: &mut CallFrame, set: SignalSet, t: &mut Tables, cx: &mut Cx) {
    if frame.stage > 0 {
        return;
    }
    frame.stage = 1;
    if let Some(thread) = t.proc.threads.get_mut(cx.caller) {
        thread.saved_mask = Some(thread.mask);
        thread.mask = set.difference(SignalSet::UNBLOCKABLE);
        thread.signalled = true;
    }
}

/// A call that blocked other signals for a while ends without a signal: what was blocked before is blocked
/// again at once.
pub(super) fn unblock_after_call(t: &mut Tables, cx: &mut Cx) {
    if let Some(thread) = t.proc.threads.get_mut(cx.caller)
        && let Some(mask) = thread.saved_mask.take()
    {
        thread.mask = mask;
        thread.signalled = true;
    }
}

/// rt_sigsuspend(2): waits, with other signals blocked than before, until a handler has run.
///
/// # Errors
/// `EINTR`; `EINVAL`, `EFAULT`; parks.
pub fn sys_rt_sigsuspend(mask: u64, size: u64, (frame, t, cx): Rest<'_>) -> Result {
    if size != SignalSet::SIZE as u64 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let mut bytes = [0; SignalSet::SIZE];
    user::read(t, cx, mask, &mut bytes)?;
    block_for_call(frame, SignalSet::from_bytes(bytes), t, cx);
    if frame.woken == Some(Woken::Signal) {
        return Err(Stop::Fail(Errno::EINTR));
    }
    Err(Stop::Park(WaitFor {
        channels: Channels::None,
        deadline: None,
        interruptible: Interruptible::Always,
        exclusive: false,
        kind: Wait::Signal,
        bits: u32::MAX,
    }))
}

/// rt_sigtimedwait(2): takes one of these signals without a handler, waiting for it if need be.
///
/// # Errors
/// `EAGAIN` when the time is up, `EINTR` for another signal's handler, `EINVAL`, `EFAULT`; parks.
pub fn sys_rt_sigtimedwait(
    [set, info, timeout, size]: [u64; 4],
    (frame, t, cx): Rest<'_>,
) -> Result {
    if size != SignalSet::SIZE as u64 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let mut bytes = [0; SignalSet::SIZE];
    user::read(t, cx, set, &mut bytes)?;
    let set = SignalSet::from_bytes(bytes).difference(SignalSet::UNBLOCKABLE);
    if timeout != 0 && frame.deadline.is_none() {
        frame.deadline = Some(frame.entered + read_duration(t, cx, timeout)?);
    }
    if info != 0 {
        user::touch(t, cx, info, SigInfo::SIZE as u64, Access::Store)?;
    }
    if let Some(taken) = signal::take_pending(t, cx.caller, set) {
        if let Some(thread) = t.proc.threads.get_mut(cx.caller) {
            (thread.awaited, thread.cause) = (SignalSet::EMPTY, taken.cause);
        }
        if info != 0 {
            user::write(t, cx, info, &taken.told().to_bytes())?;
        }
        return Ok(u64::from(taken.signal.number()));
    }
    let expired = frame.deadline.is_some_and(|deadline| deadline <= cx.now);
    let over = match frame.woken {
        _ if expired => Some(Errno::EAGAIN),
        Some(Woken::Deadline) => Some(Errno::EAGAIN),
        Some(Woken::Signal) => Some(Errno::EINTR),
        _ => None,
    };
    if let Some(errno) = over {
        if let Some(thread) = t.proc.threads.get_mut(cx.caller) {
            thread.awaited = SignalSet::EMPTY;
        }
        return Err(Stop::Fail(errno));
    }
    if frame.stage == 0 {
        // Whoever sends one of these signals wakes this thread, though it blocks them.
        frame.stage = 1;
        if let Some(thread) = t.proc.threads.get_mut(cx.caller) {
            thread.awaited = set;
        }
    }
    Err(Stop::Park(WaitFor {
        channels: Channels::None,
        deadline: frame.deadline,
        interruptible: Interruptible::Ends,
        exclusive: false,
        kind: Wait::Signal,
        bits: u32::MAX,
    }))
}

/// sigaltstack(2). The stack is remembered; handlers here need none.
///
/// # Errors
/// `EINVAL` for unknown flags, `ENOMEM` for a stack that is too small, `EFAULT`.
pub fn sys_sigaltstack(new: u64, old: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let mut bytes = [0; StackT::SIZE];
    if new != 0 {
        user::read(t, cx, new, &mut bytes)?;
    }
    let before = t.proc.threads.get(cx.caller).ok_or(Errno::ESRCH)?.alternate;
    let wanted = StackT::from_bytes(&bytes);
    let mode = wanted.flags & !StackT::AUTODISARM;
    let disables = mode == StackT::DISABLE;
    if new != 0 && !disables {
        if mode != 0 && mode != StackT::ONSTACK {
            return Err(Stop::Fail(Errno::EINVAL));
        }
        if wanted.size < StackT::MIN {
            return Err(Stop::Fail(Errno::ENOMEM));
        }
    }
    if old != 0 {
        let flags = if before.size == 0 { StackT::DISABLE } else { before.flags };
        let told = StackT { base: before.base, flags, size: before.size };
        user::write(t, cx, old, &told.to_bytes())?;
    }
    if new != 0
        && let Some(thread) = t.proc.threads.get_mut(cx.caller)
    {
        let flags = wanted.flags & StackT::AUTODISARM;
        let kept = SignalStack { base: wanted.base, size: wanted.size, flags };
        thread.alternate = if disables { SignalStack::default() } else { kept };
    }
    Ok(0)
}
