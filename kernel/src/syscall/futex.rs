//! futex(2): FUTEX_WAIT and FUTEX_WAKE.

use super::Result;
use super::futex_pi;
use super::time::read_duration;
use crate::abi::Errno;
use crate::abi::flags::FutexOp;
use crate::base::Channel;
use crate::context::{Cx, Tables};
use crate::event::Wait;
use crate::io::user;
use crate::proc::{CallFrame, Channels, Interruptible, Stop, WaitFor, Woken};
use crate::task::wait;

/// The command in the operation word: without FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME.
const COMMAND: u64 = 0x7f;

/// futex(2).
///
/// # Errors
/// `EAGAIN` if the word changed, `ETIMEDOUT`, `EINTR`, `EINVAL`, `ENOSYS` for other commands; parks.
pub fn sys_futex(
    [address, operation, value, timeout]: [u64; 4],
    frame: &mut CallFrame,
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    if address % 4 != 0 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    user::check(address, 4)?;
    let process = t.proc.process_of(cx.caller).ok_or(Errno::ESRCH)?;
    let channel = Channel::Futex { space: process.space.ok_or(Errno::ENOSYS)?, address };
    match (operation & COMMAND) as u32 {
        FutexOp::WAKE => Ok(u64::from(wait::wake(t, cx, channel, value as u32))),
        FutexOp::LOCK_PI | FutexOp::LOCK_PI2 => {
            futex_pi::lock((address, timeout, false), frame, t, cx)
        }
        FutexOp::TRYLOCK_PI => futex_pi::lock((address, 0, true), frame, t, cx),
        FutexOp::UNLOCK_PI => futex_pi::unlock(address, t, cx),
        FutexOp::WAIT => sleep(channel, (address, value as u32, timeout), frame, t, cx),
        _ => Err(Stop::Fail(Errno::ENOSYS)),
    }
}

fn sleep(
    channel: Channel,
    (address, value, timeout): (u64, u32, u64),
    frame: &mut CallFrame,
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    match frame.woken {
        // Being woken is enough: the value may well be what it was.
        Some(Woken::Channel(_)) => return Ok(0),
        Some(Woken::Deadline) => return Err(Stop::Fail(Errno::ETIMEDOUT)),
        Some(Woken::Signal) => return Err(Stop::Fail(Errno::EINTR)),
        Some(Woken::Restart) | None => {}
    }
    if timeout != 0 && frame.deadline.is_none() {
        frame.deadline = Some(frame.entered + read_duration(t, cx, timeout)?);
    }
    let mut word = [0; 4];
    user::read(t, cx, address, &mut word)?;
    if u32::from_le_bytes(word) != value {
        return Err(Stop::Fail(Errno::EAGAIN));
    }
    let interruptible =
        if timeout == 0 { Interruptible::UnlessRestarted } else { Interruptible::Always };
    Err(Stop::Park(WaitFor {
        channels: Channels::One(channel),
        deadline: frame.deadline,
        interruptible,
        exclusive: true,
        kind: Wait::Futex,
    }))
}
