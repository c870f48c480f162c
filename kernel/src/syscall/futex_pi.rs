//! futex(2) with priority inheritance: FUTEX_LOCK_PI, FUTEX_LOCK_PI2, FUTEX_TRYLOCK_PI, FUTEX_UNLOCK_PI.
//!
//! The word holds the owner's thread number, 0 if the lock is free. A program that finds it free takes it with a
//! compare-and-exchange and never calls; who finds it taken calls, and the kernel lends the caller's urgency to the
//! owner until that unlocks. Unlocking hands the lock to the most urgent waiter.

use super::Result;
use super::time::read_duration;
use crate::abi::{Access, Errno};
use crate::base::{Channel, Pid, Time};
use crate::context::{Cx, Tables};
use crate::event::Wait;
use crate::io::user;
use crate::ipc::pi::Word;
use crate::proc::{CallFrame, Channels, Interruptible, Stop, WaitFor, Woken};
use crate::task::priority::{self, OWNER, OWNER_DIED, WAITERS};

/// The caller's handler has registered it as a waiter.
const REGISTERED: u32 = 1;

/// Locks, or only tries to. The timeout is an instant, not a length.
///
/// # Errors
/// `EDEADLK` if the caller has it already, or its owner waits for the caller, `ESRCH` if the owner is gone, `EAGAIN` if it was only tried, `ETIMEDOUT`,
/// `EINTR` (a simplification: Linux goes on waiting after the handler), `EFAULT`, `EINVAL`; parks.
pub fn lock(
    (word, address, timeout, tries): (Word, u64, u64, bool),
    frame: &mut CallFrame,
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    // It may have been given the lock when it was awake already, for another reason.
    if frame.stage == REGISTERED && t.pi.blocked_by(cx.caller).is_none() {
        return Ok(0);
    }
    match frame.woken {
        Some(Woken::Deadline) => return give_up(Errno::ETIMEDOUT, t, cx),
        Some(Woken::Signal) => return give_up(Errno::EINTR, t, cx),
        Some(Woken::Channel(_) | Woken::Restart) | None => {}
    }
    if timeout != 0 && frame.deadline.is_none() {
        frame.deadline = Some(Time::ZERO + read_duration(t, cx, timeout)?);
    }
    if frame.stage < REGISTERED {
        let (me, value) = look(address, t, cx)?;
        if value & OWNER == 0 {
            user::write(t, cx, address, &(me | value & OWNER_DIED).to_le_bytes())?;
            return Ok(0);
        }
        if value & OWNER == me {
            return Err(Stop::Fail(Errno::EDEADLK));
        }
        if tries {
            return Err(Stop::Fail(Errno::EAGAIN));
        }
        let owner = t.proc.by_tid(Pid(value & OWNER)).ok_or(Errno::ESRCH)?;
        if priority::is_behind(t, owner, cx.caller) {
            return Err(Stop::Fail(Errno::EDEADLK));
        }
        user::write(t, cx, address, &(value | WAITERS).to_le_bytes())?;
        t.pi.wait((word, address), owner, cx.caller);
        frame.stage = REGISTERED;
        priority::refresh(t, cx, owner);
    }
    Err(Stop::Park(WaitFor {
        channels: Channels::One(Channel::PiLock(cx.caller)),
        deadline: frame.deadline,
        interruptible: Interruptible::UnlessRestarted,
        exclusive: false,
        kind: Wait::Futex,
        bits: u32::MAX,
    }))
}

/// The caller does not wait any longer.
fn give_up(errno: Errno, t: &mut Tables, cx: &mut Cx) -> Result {
    if let Some(owner) = t.pi.withdraw(cx.caller) {
        priority::refresh(t, cx, owner);
    }
    Err(Stop::Fail(errno))
}

/// The caller's number, and what the word at an address holds; it can be written to.
fn look(address: u64, t: &mut Tables, cx: &mut Cx) -> Result<(u32, u32)> {
    user::touch(t, cx, address, 4, Access::Store)?;
    let me = t.proc.threads.get(cx.caller).ok_or(Errno::ESRCH)?.tid.0;
    let mut bytes = [0; 4];
    user::read(t, cx, address, &mut bytes)?;
    Ok((me, u32::from_le_bytes(bytes)))
}

/// Unlocks.
///
/// # Errors
/// `EPERM` if the caller does not have it, `EFAULT`.
pub fn unlock((word, address): (Word, u64), t: &mut Tables, cx: &mut Cx) -> Result {
    let (me, value) = look(address, t, cx)?;
    if value & OWNER != me {
        return Err(Stop::Fail(Errno::EPERM));
    }
    let value = priority::hand_over(t, cx, word).unwrap_or(0);
    user::write(t, cx, address, &value.to_le_bytes())?;
    priority::refresh(t, cx, cx.caller);
    Ok(0)
}
