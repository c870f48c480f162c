//! Calls on scheduling: sched(7), setpriority(2), sched_setaffinity(2).

use super::Result;
use crate::abi::Errno;
use crate::abi::flags::process::{priority as who_means, sched as policy_number};
use crate::abi::types::Timespec;
use crate::base::{Duration, Pid, ThreadId};
use crate::context::{Cx, Tables};
use crate::event::Leave;
use crate::io::user;
use crate::proc::Stop;
use crate::sched::{Class, CpuSet, Params, Reservation, realtime};
use crate::task::priority;

/// In the policy word: children begin as ordinary tasks.
const RESET_ON_FORK: u32 = 0x4000_0000;

/// sched_yield(2).
///
/// # Errors
/// None.
pub fn sys_sched_yield(t: &mut Tables, cx: &mut Cx) -> Result {
    t.cpus[usize::from(cx.cpu.0)].resched = Some(Leave::Yielded);
    Ok(0)
}

/// The thread that a number means: 0 is the caller.
fn thread(t: &Tables, cx: &Cx, pid: u64) -> Result<ThreadId> {
    match pid as i32 {
        ..0 => Err(Stop::Fail(Errno::EINVAL)),
        0 => Ok(cx.caller),
        pid => Ok(t.proc.by_tid(Pid(pid.unsigned_abs())).ok_or(Errno::ESRCH)?),
    }
}

/// Whether the caller may do this to a thread: it is root, or both have the same user.
fn permit(t: &Tables, cx: &Cx, thread: ThreadId) -> Result<()> {
    let caller = &t.proc.process_of(cx.caller).ok_or(Errno::ESRCH)?.cred;
    let target = &t.proc.process_of(thread).ok_or(Errno::ESRCH)?.cred;
    if caller.is_root() || caller.euid == target.euid || caller.euid == target.uid {
        Ok(())
    } else {
        Err(Stop::Fail(Errno::EPERM))
    }
}

fn is_root(t: &Tables, cx: &Cx) -> bool {
    t.proc.process_of(cx.caller).is_some_and(|process| process.cred.is_root())
}

/// The threads that setpriority(2) means.
fn whom(t: &Tables, cx: &Cx, which: u64, who: u64) -> Result<Vec<ThreadId>> {
    let own = t.proc.process_of(cx.caller).ok_or(Errno::ESRCH)?;
    let who = who as u32;
    let members: Vec<ThreadId> = match which as u32 {
        who_means::PROCESS => {
            let one = if who == 0 { Some(cx.caller) } else { t.proc.by_tid(Pid(who)) };
            one.into_iter().collect()
        }
        who_means::PGRP => {
            let group = if who == 0 { own.group } else { Pid(who) };
            let processes = t.proc.processes.iter().filter(|(_, process)| process.group == group);
            processes.flat_map(|(_, process)| process.threads.clone()).collect()
        }
        who_means::USER => {
            let user = if who == 0 { own.cred.uid } else { who };
            let processes = t.proc.processes.iter().filter(|(_, p)| p.cred.uid == user);
            processes.flat_map(|(_, process)| process.threads.clone()).collect()
        }
        _ => return Err(Stop::Fail(Errno::EINVAL)),
    };
    if members.is_empty() { Err(Stop::Fail(Errno::ESRCH)) } else { Ok(members) }
}

/// getpriority(2): 20 − nice, of the most favoured of them; so that no result looks like an error.
///
/// # Errors
/// `EINVAL`, `ESRCH`.
pub fn sys_getpriority(which: u64, who: u64, t: &Tables, cx: &Cx) -> Result {
    let nice = whom(t, cx, which, who)?.into_iter().map(|id| priority::asked(t, id).nice);
    Ok(nice.map(|nice| u64::from((20 - nice).unsigned_abs())).max().unwrap_or(20))
}

/// setpriority(2).
///
/// # Errors
/// `EINVAL`, `ESRCH`, `EPERM`; `EACCES` for a user who is not root and wants more than there was. (RLIMIT_NICE is not
/// looked at.)
pub fn sys_setpriority(which: u64, who: u64, nice: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let nice = (nice as i32).clamp(-20, 19) as i8;
    let threads = whom(t, cx, which, who)?;
    for &id in &threads {
        permit(t, cx, id)?;
        if nice < priority::asked(t, id).nice && !is_root(t, cx) {
            return Err(Stop::Fail(Errno::EACCES));
        }
    }
    for id in threads {
        let params = priority::asked(t, id).reniced(nice);
        priority::ask(t, cx, id, params);
    }
    Ok(0)
}

/// The number of a class.
fn number_of(params: &Params) -> u32 {
    let policy = match params.class {
        Class::Normal => policy_number::OTHER,
        Class::RealTime { takes_turns: false, .. } => policy_number::FIFO,
        Class::RealTime { takes_turns: true, .. } => policy_number::RR,
        Class::Batch => policy_number::BATCH,
        Class::Idle => policy_number::IDLE,
        Class::Deadline => policy_number::DEADLINE,
    };
    policy | if params.reset_on_fork { RESET_ON_FORK } else { 0 }
}

/// The class with that number and priority.
fn class_of(policy: u32, priority: u32) -> Result<Class> {
    let class = match (policy, priority) {
        (policy_number::OTHER, 0) => Class::Normal,
        (policy_number::BATCH, 0) => Class::Batch,
        (policy_number::IDLE, 0) => Class::Idle,
        (policy_number::FIFO | policy_number::RR, 1..=99) => {
            Class::RealTime { priority: priority as u8, takes_turns: policy == policy_number::RR }
        }
        _ => return Err(Stop::Fail(Errno::EINVAL)),
    };
    Ok(class)
}

/// Asks for a class, if the caller may.
fn ask_for(id: ThreadId, params: Params, t: &mut Tables, cx: &mut Cx) -> Result {
    permit(t, cx, id)?;
    let old = priority::asked(t, id);
    if params.urgency() < old.urgency() && params.class != old.class && !is_root(t, cx) {
        return Err(Stop::Fail(Errno::EPERM));
    }
    priority::ask(t, cx, id, params);
    Ok(0)
}

fn read_priority(address: u64, t: &mut Tables, cx: &mut Cx) -> Result<u32> {
    if address == 0 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let mut bytes = [0; 4];
    user::read(t, cx, address, &mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

/// sched_setscheduler(2).
///
/// # Errors
/// `EINVAL`, `ESRCH`, `EPERM`, `EFAULT`.
pub fn sys_sched_setscheduler(
    pid: u64,
    policy: u64,
    param: u64,
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    let id = thread(t, cx, pid)?;
    let (policy, urgency) = (policy as u32, read_priority(param, t, cx)?);
    let class = class_of(policy & !RESET_ON_FORK, urgency)?;
    let reset_on_fork = policy & RESET_ON_FORK != 0;
    let params = Params { class, reset_on_fork, ..priority::asked(t, id) };
    ask_for(id, params, t, cx)
}

/// sched_getscheduler(2).
///
/// # Errors
/// `EINVAL`, `ESRCH`.
pub fn sys_sched_getscheduler(pid: u64, t: &Tables, cx: &Cx) -> Result {
    let id = thread(t, cx, pid)?;
    Ok(u64::from(number_of(&priority::asked(t, id))))
}

/// sched_setparam(2).
///
/// # Errors
/// `EINVAL`, `ESRCH`, `EPERM`, `EFAULT`.
pub fn sys_sched_setparam(pid: u64, param: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let id = thread(t, cx, pid)?;
    let urgency = read_priority(param, t, cx)?;
    let params = priority::asked(t, id);
    let class = class_of(number_of(&params) & !RESET_ON_FORK, urgency)?;
    ask_for(id, Params { class, ..params }, t, cx)
}

/// sched_getparam(2).
///
/// # Errors
/// `EINVAL`, `ESRCH`, `EFAULT`.
pub fn sys_sched_getparam(pid: u64, param: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let id = thread(t, cx, pid)?;
    if param == 0 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let value = real_time_priority(&priority::asked(t, id));
    user::write(t, cx, param, &value.to_le_bytes())?;
    Ok(0)
}

fn real_time_priority(params: &Params) -> u32 {
    if let Class::RealTime { priority, .. } = params.class { priority.into() } else { 0 }
}

/// The bytes of `struct sched_attr` (sched_setattr(2)): size, policy, flags, nice, priority, runtime, deadline, period.
const ATTR_SIZE: usize = 48;

/// sched_setattr(2).
///
/// # Errors
/// `EINVAL`, `E2BIG` if the structure is larger than this kernel's, `ESRCH`, `EPERM`, `EFAULT`.
pub fn sys_sched_setattr(pid: u64, attr: u64, flags: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    if attr == 0 || flags != 0 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let id = thread(t, cx, pid)?;
    let mut bytes = [0; ATTR_SIZE];
    user::read(t, cx, attr, &mut bytes[..4])?;
    let size = word32(&bytes, 0);
    if size != 0 && size < ATTR_SIZE as u32 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    if size > ATTR_SIZE as u32 + 8 {
        return Err(Stop::Fail(Errno::E2BIG));
    }
    user::read(t, cx, attr, &mut bytes)?;
    let (policy, flag_word) = (word32(&bytes, 4), word64(&bytes, 8));
    if flag_word & !1 != 0 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let mut params = Params { reset_on_fork: flag_word & 1 == 1, ..priority::asked(t, id) };
    if policy == policy_number::DEADLINE {
        let [runtime, deadline, period] =
            [24, 32, 40].map(|at| Duration::nanos(word64(&bytes, at)));
        let period = if period == Duration::ZERO { deadline } else { period };
        let reservation = Reservation { runtime, deadline, period };
        if !reservation.is_possible() {
            return Err(Stop::Fail(Errno::EINVAL));
        }
        (params.class, params.reservation) = (Class::Deadline, reservation);
    } else {
        params.class = class_of(policy, word32(&bytes, 20))?;
        if params.class.rank() == 2 {
            params = params.reniced((word32(&bytes, 16) as i32).clamp(-20, 19) as i8);
        }
    }
    ask_for(id, params, t, cx)
}

/// sched_getattr(2).
///
/// # Errors
/// `EINVAL` if there is too little room, `ESRCH`, `EFAULT`.
pub fn sys_sched_getattr(
    (pid, attr, size, flags): (u64, u64, u64, u64),
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    if attr == 0 || flags != 0 || (size as u32) < ATTR_SIZE as u32 || size as u32 > 4096 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let id = thread(t, cx, pid)?;
    let params = priority::asked(t, id);
    let mut bytes = Vec::with_capacity(ATTR_SIZE);
    bytes.extend((ATTR_SIZE as u32).to_le_bytes());
    bytes.extend((number_of(&params) & !RESET_ON_FORK).to_le_bytes());
    bytes.extend(u64::from(params.reset_on_fork).to_le_bytes());
    bytes.extend(i32::from(params.nice).to_le_bytes());
    bytes.extend(real_time_priority(&params).to_le_bytes());
    let Reservation { runtime, deadline, period } = params.reservation;
    for time in [runtime, deadline, period] {
        bytes.extend(time.0.to_le_bytes());
    }
    user::write(t, cx, attr, &bytes)?;
    Ok(0)
}

fn word32(bytes: &[u8], at: usize) -> u32 {
    let word = bytes.get(at..at + 4).and_then(|word| word.try_into().ok());
    word.map_or(0, u32::from_le_bytes)
}

fn word64(bytes: &[u8], at: usize) -> u64 {
    let word = bytes.get(at..at + 8).and_then(|word| word.try_into().ok());
    word.map_or(0, u64::from_le_bytes)
}

/// sched_setaffinity(2).
///
/// # Errors
/// `EINVAL` if none of the CPUs exists, `ENOMEM`, `ESRCH`, `EPERM`, `EFAULT`.
pub fn sys_sched_setaffinity(
    pid: u64,
    length: u64,
    mask: u64,
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    let id = thread(t, cx, pid)?;
    permit(t, cx, id)?;
    let mut bytes = [0; 128];
    let length = (length as usize).min(bytes.len());
    user::read(t, cx, mask, &mut bytes[..length])?;
    let mut set = CpuSet::NONE;
    for (word, bytes) in set.0.iter_mut().zip(bytes.chunks_exact(8)) {
        *word = word64(bytes, 0);
    }
    let exist = CpuSet::first(t.cpus.len() as u16);
    if set.and(&exist).is_empty() {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let affinity = t.sched.sets().number(set.and(&exist)).ok_or(Errno::ENOMEM)?;
    let params = Params { affinity, ..priority::asked(t, id) };
    priority::ask(t, cx, id, params);
    Ok(0)
}

/// sched_getaffinity(2): how many bytes of the set were written.
///
/// # Errors
/// `EINVAL` if there is no room for all CPUs, or the length is no multiple of 8; `ESRCH`, `EFAULT`.
pub fn sys_sched_getaffinity(
    pid: u64,
    length: u64,
    mask: u64,
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    let needed = t.cpus.len().div_ceil(64) * 8;
    if !length.is_multiple_of(8) || length < needed as u64 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let id = thread(t, cx, pid)?;
    let set = t.sched.affinity(&priority::asked(t, id));
    let bytes: Vec<u8> = set.0.iter().flat_map(|word| word.to_le_bytes()).take(needed).collect();
    user::write(t, cx, mask, &bytes)?;
    Ok(needed as u64)
}

/// sched_get_priority_max(2) and sched_get_priority_min(2): `of_real_time` is what the real-time policies have.
///
/// # Errors
/// `EINVAL`.
pub fn sys_sched_get_priority(policy: u64, of_real_time: u64) -> Result {
    match policy as u32 {
        policy_number::FIFO | policy_number::RR => Ok(of_real_time),
        policy_number::OTHER
        | policy_number::BATCH
        | policy_number::IDLE
        | policy_number::DEADLINE => Ok(0),
        _ => Err(Stop::Fail(Errno::EINVAL)),
    }
}

/// sched_rr_get_interval(2): the slice; zero for who has none.
///
/// # Errors
/// `EINVAL`, `ESRCH`, `EFAULT`.
pub fn sys_sched_rr_get_interval(pid: u64, at: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let id = thread(t, cx, pid)?;
    let slice = match priority::asked(t, id).class {
        Class::RealTime { takes_turns: true, .. } => realtime::TURN,
        Class::RealTime { .. } | Class::Deadline => Duration::ZERO,
        _ => t.sched.nominal_slice(id).unwrap_or(Duration::ZERO),
    };
    user::write(t, cx, at, &Timespec::from(slice).to_bytes())?;
    Ok(0)
}
