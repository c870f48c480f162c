//! futex(2): waiting for a word in memory to change, and waking who waits.
//!
//! The kernel keeps nothing about a futex but who waits: the word itself is the program's. What it is known by stands in
//! [`task::futex`](crate::task::futex).
//!
//! A typical sequence: FUTEX_WAIT looks at the word, finds it as expected, and parks on the word's channel;
//! FUTEX_WAKE takes waiters off it, oldest first; the woken call runs again and returns 0 at once, though the
//! word may be what it was. With bits (FUTEX_WAIT_BITSET) a waiter says which kinds of wake-up it wants.

use super::Result;
use super::futex_pi;
use super::transfer::Rest;
use crate::abi::flags::FutexOp;
use crate::abi::types::Timespec;
use crate::abi::{Access, Errno};
use crate::base::{Channel, SpaceId, ThreadId, Time};
use crate::context::{Cx, Tables};
use crate::event::Wait;
use crate::io::user;
use crate::proc::{CallFrame, Channels, Interruptible, Stop, WaitFor, Woken};
use crate::task::wait;

/// The bits that fit everybody (`FUTEX_BITSET_MATCH_ANY`).
const ANY: u32 = u32::MAX;

/// A futex word of the caller.
///
/// # Errors
/// `EINVAL` if it is not aligned, `EFAULT`.
pub(super) fn key(
    address: u64,
    is_private: bool,
    t: &Tables,
    cx: &Cx,
) -> std::result::Result<Channel, Errno> {
    if !address.is_multiple_of(4) {
        return Err(Errno::EINVAL);
    }
    user::check(address, 4)?;
    let space: Option<SpaceId> = t.proc.process_of(cx.caller).and_then(|process| process.space);
    crate::task::futex::key_of(t, space.ok_or(Errno::ENOSYS)?, address, is_private)
}

/// futex(2).
///
/// # Errors
/// `EAGAIN` if the word is not as expected, `ETIMEDOUT`, `EINTR`, `EINVAL`, `EFAULT`, `ENOSYS` for other
/// commands; parks.
pub fn sys_futex(
    [address, operation, value, timeout, second, third]: [u64; 6],
    (frame, t, cx): Rest<'_>,
) -> Result {
    let operation = FutexOp(operation as u32);
    let (value, count, expected) = (value as u32, timeout as u32, third as u32);
    let clock_given = operation.0 & FutexOp::CLOCK_REALTIME != 0;
    let takes_clock = [FutexOp::WAIT_BITSET, FutexOp::LOCK_PI2].contains(&operation.command());
    if clock_given && !takes_clock {
        return Err(Stop::Fail(Errno::ENOSYS));
    }
    let is_private = operation.0 & FutexOp::PRIVATE != 0;
    match operation.command() {
        FutexOp::WAIT => {
            let channel = key(address, is_private, t, cx)?;
            sleep(channel, (address, value, ANY), (timeout, false), (frame, t, cx))
        }
        FutexOp::WAIT_BITSET => {
            let channel = key(address, is_private, t, cx)?;
            sleep(channel, (address, value, expected), (timeout, true), (frame, t, cx))
        }
        FutexOp::WAKE => Ok(u64::from(wake(t, cx, key(address, is_private, t, cx)?, value, ANY)?)),
        FutexOp::WAKE_BITSET => {
            Ok(u64::from(wake(t, cx, key(address, is_private, t, cx)?, value, expected)?))
        }
        FutexOp::REQUEUE => {
            let both = (key(address, is_private, t, cx)?, key(second, is_private, t, cx)?);
            requeue(both, (value, count), t, cx)
        }
        FutexOp::CMP_REQUEUE => {
            let both = (key(address, is_private, t, cx)?, key(second, is_private, t, cx)?);
            if load(t, cx, address)? != expected {
                return Err(Stop::Fail(Errno::EAGAIN));
            }
            requeue(both, (value, count), t, cx)
        }
        FutexOp::WAKE_OP => {
            let both = (key(address, is_private, t, cx)?, key(second, is_private, t, cx)?);
            wake_op(both, (value, count), (second, expected), t, cx)
        }
        FutexOp::LOCK_PI | FutexOp::LOCK_PI2 => {
            let word = key(address, is_private, t, cx)?;
            futex_pi::lock((word, address, timeout, false), frame, t, cx)
        }
        FutexOp::TRYLOCK_PI => {
            let word = key(address, is_private, t, cx)?;
            futex_pi::lock((word, address, 0, true), frame, t, cx)
        }
        FutexOp::UNLOCK_PI => {
            let word = key(address, is_private, t, cx)?;
            futex_pi::unlock((word, address), t, cx)
        }
        _ => Err(Stop::Fail(Errno::ENOSYS)),
    }
}

fn load(t: &mut Tables, cx: &mut Cx, address: u64) -> Result<u32> {
    let mut word = [0; 4];
    user::read(t, cx, address, &mut word)?;
    Ok(u32::from_le_bytes(word))
}

/// Waits while the word holds a value. The timeout is a length, or, for FUTEX_WAIT_BITSET, a moment. The
/// bits stand in the call's arguments, where those who wake look for them.
//DOC: futex-wait
fn sleep(
    channel: Channel,
    (address, value, bits): (u64, u32, u32),
    (timeout, is_moment): (u64, bool),
    (frame, t, cx): Rest<'_>,
) -> Result {
    if bits == 0 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    match frame.woken {
        // Being woken is enough: the value may well be what it was.
        Some(Woken::Channel(_)) => return Ok(0),
        Some(Woken::Deadline) => return Err(Stop::Fail(Errno::ETIMEDOUT)),
        Some(Woken::Signal) => return Err(Stop::Fail(Errno::EINTR)),
        Some(Woken::Restart) | None => {}
    }
    if timeout != 0 && frame.deadline.is_none() {
        frame.deadline = Some(deadline(timeout, is_moment, (frame, t, cx))?);
    }
    if load(t, cx, address)? != value {
        return Err(Stop::Fail(Errno::EAGAIN));
    }
    if frame.deadline.is_some_and(|deadline| deadline <= cx.now) {
        return Err(Stop::Fail(Errno::ETIMEDOUT));
    }
    let interruptible =
        if timeout == 0 { Interruptible::UnlessRestarted } else { Interruptible::Always };
    Err(Stop::Park(WaitFor {
        channels: Channels::One(channel),
        deadline: frame.deadline,
        interruptible,
        exclusive: true,
        kind: Wait::Futex,
        bits,
    }))
}

fn deadline(
    place: u64,
    is_moment: bool,
    (frame, t, cx): (&CallFrame, &mut Tables, &mut Cx),
) -> Result<Time> {
    let mut bytes = [0; Timespec::SIZE];
    user::read(t, cx, place, &mut bytes)?;
    let length = Timespec::from_bytes(&bytes).to_duration().ok_or(Errno::EINVAL)?;
    Ok(if is_moment { Time::ZERO + length } else { frame.entered + length })
}

/// Wakes at most `count` of those who wait for one of the bits. As on Linux 0 wakes one.
fn wake(t: &mut Tables, cx: &mut Cx, channel: Channel, count: u32, bits: u32) -> Result<u32> {
    if bits == 0 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    Ok(wait::wake_bits(t, cx, channel, at_least_one(count), bits))
}

/// How many Linux wakes when asked for none, or fewer.
fn at_least_one(count: u32) -> u32 {
    (count as i32).max(1) as u32
}

/// Wakes some waiters of the first word and moves others to the second.
fn requeue(
    (from, to): (Channel, Channel),
    (wake, moved): (u32, u32),
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    if (wake as i32) < 0 || (moved as i32) < 0 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let woken = wait::wake_bits(t, cx, from, wake, ANY);
    let moved = if from == to { 0 } else { wait::requeue(t, from, to, moved) };
    Ok(u64::from(woken + moved))
}

/// FUTEX_WAKE_OP: changes the second word in one step, wakes on the first, and, if what the second word held
/// passes a test, on the second. Operation, its argument, test, and the test's number stand in one word:
/// 4, 12, 4 and 12 bits.
fn wake_op(
    (first, second): (Channel, Channel),
    (count, second_count): (u32, u32),
    (address, encoded): (u64, u32),
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    let signed = |bits: u32| (bits << 20) as i32 >> 20;
    let (operation, test) = (encoded >> 28 & 7, encoded >> 24 & 0xf);
    let (mut argument, number) = (signed(encoded >> 12 & 0xfff), signed(encoded & 0xfff));
    // The highest bit: the argument is the number of a bit.
    if encoded >> 31 != 0 {
        argument = 1i32.wrapping_shl(argument as u32);
    }
    user::touch(t, cx, address, 4, Access::Store)?;
    let old = load(t, cx, address)? as i32;
    let new = match operation {
        0 => argument,
        1 => old.wrapping_add(argument),
        2 => old | argument,
        3 => old & !argument,
        4 => old ^ argument,
        _ => return Err(Stop::Fail(Errno::ENOSYS)),
    };
    let passes = match test {
        0 => old == number,
        1 => old != number,
        2 => old < number,
        3 => old <= number,
        4 => old > number,
        5 => old >= number,
        _ => return Err(Stop::Fail(Errno::ENOSYS)),
    };
    user::write(t, cx, address, &new.to_le_bytes())?;
    let mut woken = wait::wake_bits(t, cx, first, at_least_one(count), ANY);
    if passes {
        woken += wait::wake_bits(t, cx, second, at_least_one(second_count), ANY);
    }
    Ok(u64::from(woken))
}

/// The size of `struct robust_list_head`.
const ROBUST_HEAD: u64 = 24;

/// set_robust_list(2): where the list of futexes begins that the caller may hold when it ends.
///
/// # Errors
/// `EINVAL` for another size of the head.
pub fn sys_set_robust_list(head: u64, length: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    if length != ROBUST_HEAD {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    t.proc.threads.get_mut(cx.caller).ok_or(Errno::ESRCH)?.robust_list = head;
    Ok(0)
}

/// get_robust_list(2).
///
/// # Errors
/// `ESRCH`, `EPERM` for threads of others, `EFAULT`.
pub fn sys_get_robust_list(
    tid: u64,
    head: u64,
    length: u64,
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    let thread: ThreadId = match tid as u32 {
        0 => cx.caller,
        tid => t.proc.by_tid(crate::base::Pid(tid)).ok_or(Errno::ESRCH)?,
    };
    let me = t.proc.process_of(cx.caller).ok_or(Errno::ESRCH)?;
    let other = t.proc.process_of(thread).ok_or(Errno::ESRCH)?;
    if !me.cred.is_root() && me.cred.uid != other.cred.uid {
        return Err(Stop::Fail(Errno::EPERM));
    }
    let list = t.proc.threads.get(thread).map_or(0, |thread| thread.robust_list);
    user::touch(t, cx, head, 8, Access::Store)?;
    user::write(t, cx, length, &ROBUST_HEAD.to_le_bytes())?;
    user::write(t, cx, head, &list.to_le_bytes())?;
    Ok(0)
}
