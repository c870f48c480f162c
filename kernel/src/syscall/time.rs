//! Calls on time: nanosleep(2), clock_gettime(2), sched_yield(2).

use super::Result;
use crate::abi::Errno;
use crate::abi::types::Timespec;
use crate::base::{Duration, Time};
use crate::context::{Cx, Tables};
use crate::io::user;
use crate::proc::{CallFrame, Interruptible, Stop, WaitFor, Woken};

/// Reads a relative timeout from user memory.
///
/// # Errors
/// `EINVAL` for what is no time; faults.
pub fn read_duration(t: &mut Tables, cx: &mut Cx, address: u64) -> Result<Duration> {
    let mut bytes = [0; Timespec::SIZE];
    user::read(t, cx, address, &mut bytes)?;
    let timespec = Timespec::from_bytes(&bytes);
    timespec.to_duration().ok_or(Stop::Fail(Errno::EINVAL))
}

/// nanosleep(2). A handler ends it with `EINTR`, with or without SA_RESTART, and the rest is reported; a
/// signal without a handler lets it sleep on to its old deadline.
///
/// # Errors
/// `EINVAL`, `EINTR`, `EFAULT`; parks.
pub fn sys_nanosleep(
    request: u64,
    remain: u64,
    frame: &mut CallFrame,
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    let deadline = match frame.deadline {
        Some(deadline) => deadline,
        None => {
            let length = read_duration(t, cx, request)?;
            // The sleep begins when the call was made, however often it is run again.
            let deadline = frame.entered + length;
            frame.deadline = Some(deadline);
            deadline
        }
    };
    if frame.woken == Some(Woken::Deadline) || deadline <= cx.now {
        return Ok(0);
    }
    if frame.woken == Some(Woken::Signal) {
        if remain != 0 {
            let rest = Timespec::from(deadline.since(cx.now));
            user::write(t, cx, remain, &rest.to_bytes())?;
        }
        return Err(Stop::Fail(Errno::EINTR));
    }
    Err(Stop::Park(WaitFor::until(deadline, Interruptible::Always)))
}

/// clock_gettime(2) for those who enter the kernel for it; programs ask the vDSO. All clocks count from
/// the start of the world.
///
/// # Errors
/// `EINVAL` for a clock that does not exist, `EFAULT`.
pub fn sys_clock_gettime(clock: u64, address: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let time = match clock {
        // REALTIME, MONOTONIC, MONOTONIC_RAW, REALTIME_COARSE, MONOTONIC_COARSE, BOOTTIME
        0 | 1 | 4..=7 => cx.now.since(Time::ZERO),
        // PROCESS_CPUTIME_ID, THREAD_CPUTIME_ID
        2 | 3 => {
            let mine = t.proc.threads.get(cx.caller).map(|thread| thread.process);
            let threads = t.proc.threads.iter().filter(|(id, thread)| {
                if clock == 3 { *id == cx.caller } else { Some(thread.process) == mine }
            });
            threads.fold(Duration::ZERO, |sum, (_, thread)| {
                sum + thread.times.user + thread.times.system
            })
        }
        _ => return Err(Stop::Fail(Errno::EINVAL)),
    };
    user::write(t, cx, address, &Timespec::from(time).to_bytes())?;
    Ok(0)
}
