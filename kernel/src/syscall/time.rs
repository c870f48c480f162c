//! Calls on clocks and sleeping: clock_gettime(2), nanosleep(2), clock_nanosleep(2).
//!
//! All clocks of time that passes count from the start of the world. The clocks of CPU time count what a
//! process or a thread has used.

use super::Result;
use super::transfer::Rest;
use crate::abi::Errno;
use crate::abi::flags::process::{TimerFlags, clock};
use crate::abi::types::{Timespec, Timeval};
use crate::base::{Duration, Time};
use crate::context::{Cx, Tables};
use crate::io::user;
use crate::proc::{CallFrame, Interruptible, Stop, WaitFor, Woken};

/// A tick of the coarse clocks and of CPU clocks' resolution on a kernel with CONFIG_HZ=250.
const JIFFY: Duration = Duration::millis(4);

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
pub fn sys_nanosleep(request: u64, remain: u64, (frame, t, cx): Rest<'_>) -> Result {
    if frame.deadline.is_none() {
        // The sleep begins when the call was made, however often it is run again.
        frame.deadline = Some(frame.entered + read_duration(t, cx, request)?);
    }
    sleep(remain, (frame, t, cx))
}

/// Sleeps until the frame's deadline. What is left is reported at `remain` if that is not null.
fn sleep(remain: u64, (frame, t, cx): (&CallFrame, &mut Tables, &mut Cx)) -> Result {
    let deadline = frame.deadline.unwrap_or(cx.now);
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

/// clock_nanosleep(2). With TIMER_ABSTIME the time is a moment, and nothing is left to report.
///
/// # Errors
/// `EINVAL`, `EINTR`, `EFAULT`; `EOPNOTSUPP` for clocks of CPU time, on which one cannot sleep here; parks.
pub fn sys_clock_nanosleep(
    [which, flags, request, remain]: [u64; 4],
    (frame, t, cx): Rest<'_>,
) -> Result {
    match which as u32 {
        clock::REALTIME | clock::MONOTONIC | clock::BOOTTIME => {}
        clock::PROCESS_CPUTIME_ID => return Err(Stop::Fail(Errno::EOPNOTSUPP)),
        clock::MONOTONIC_RAW | clock::REALTIME_COARSE | clock::MONOTONIC_COARSE => {
            return Err(Stop::Fail(Errno::EOPNOTSUPP));
        }
        _ => return Err(Stop::Fail(Errno::EINVAL)),
    }
    let is_moment = TimerFlags::from_bits_truncate(flags as u32).contains(TimerFlags::ABSTIME);
    if frame.deadline.is_none() {
        let length = read_duration(t, cx, request)?;
        let from = if is_moment { Time::ZERO } else { frame.entered };
        frame.deadline = Some(from + length);
    }
    sleep(if is_moment { 0 } else { remain }, (frame, t, cx))
}

/// How much CPU time the caller, or its process, has used.
fn cpu_time(t: &Tables, cx: &Cx, of_thread: bool) -> Duration {
    let Some(thread) = t.proc.threads.get(cx.caller) else {
        return Duration::ZERO;
    };
    if of_thread {
        return thread.times.user + thread.times.system;
    }
    t.proc.usage(thread.process).cpu()
}

/// clock_gettime(2) for those who enter the kernel for it; programs ask the vDSO.
///
/// # Errors
/// `EINVAL` for a clock that does not exist, `EFAULT`.
pub fn sys_clock_gettime(which: u64, address: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let time = match which as u32 {
        clock::REALTIME
        | clock::MONOTONIC
        | clock::MONOTONIC_RAW
        | clock::REALTIME_COARSE
        | clock::MONOTONIC_COARSE
        | clock::BOOTTIME => cx.now.since(Time::ZERO),
        clock::PROCESS_CPUTIME_ID => cpu_time(t, cx, false),
        clock::THREAD_CPUTIME_ID => cpu_time(t, cx, true),
        _ => return Err(Stop::Fail(Errno::EINVAL)),
    };
    user::write(t, cx, address, &Timespec::from(time).to_bytes())?;
    Ok(0)
}

/// clock_getres(2): a nanosecond, as with high-resolution timers; a tick for the coarse clocks.
///
/// # Errors
/// `EINVAL`, `EFAULT`.
pub fn sys_clock_getres(which: u64, address: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let resolution = match which as u32 {
        clock::REALTIME
        | clock::MONOTONIC
        | clock::MONOTONIC_RAW
        | clock::BOOTTIME
        | clock::PROCESS_CPUTIME_ID
        | clock::THREAD_CPUTIME_ID => Duration::nanos(1),
        clock::REALTIME_COARSE | clock::MONOTONIC_COARSE => JIFFY,
        _ => return Err(Stop::Fail(Errno::EINVAL)),
    };
    if address != 0 {
        user::write(t, cx, address, &Timespec::from(resolution).to_bytes())?;
    }
    Ok(0)
}

/// gettimeofday(2). The time zone is Greenwich's.
///
/// # Errors
/// `EFAULT`.
pub fn sys_gettimeofday(time: u64, zone: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    if time != 0 {
        let now = Timeval::from(cx.now.since(Time::ZERO));
        user::write(t, cx, time, &now.to_bytes())?;
    }
    if zone != 0 {
        user::write(t, cx, zone, &[0; 8])?;
    }
    Ok(0)
}
