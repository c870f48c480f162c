//! Interval timers: setitimer(2) and getitimer(2) with ITIMER_REAL, which sends SIGALRM. alarm(2) is made
//! of it. The timers of CPU time are to come.

use super::Result;
use crate::abi::flags::process::interval_timer;
use crate::abi::types::{Itimerval, Timeval};
use crate::abi::{Access, Errno};
use crate::base::Duration;
use crate::context::{Cx, Due, Phase, Tables};
use crate::io::user;
use crate::proc::{Alarm, Stop};

/// What is left of a process's timer.
fn current(t: &Tables, cx: &Cx) -> Itimerval {
    let alarm = t.proc.process_of(cx.caller).and_then(|process| process.alarm);
    alarm.map_or_else(Itimerval::default, |alarm| {
        // A timer that runs is never told to be at zero, which would mean that it does not.
        let left = alarm.at.since(cx.now).max(Duration::micros(1));
        Itimerval { interval: Timeval::from(alarm.interval), value: Timeval::from(left) }
    })
}

fn check(which: u64) -> std::result::Result<(), Errno> {
    if which as u32 == interval_timer::REAL { Ok(()) } else { Err(Errno::EINVAL) }
}

/// getitimer(2).
///
/// # Errors
/// `EINVAL`, `EFAULT`.
pub fn sys_getitimer(which: u64, place: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    check(which)?;
    let now = current(t, cx);
    user::write(t, cx, place, &now.to_bytes())?;
    Ok(0)
}

/// setitimer(2): a null new value switches the timer off, as an old kernel does.
///
/// # Errors
/// `EINVAL`, `EFAULT`.
pub fn sys_setitimer(which: u64, new: u64, old: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    check(which)?;
    let mut bytes = [0; Itimerval::SIZE];
    if new != 0 {
        user::read(t, cx, new, &mut bytes)?;
    }
    let Itimerval { interval, value } = Itimerval::from_bytes(&bytes);
    if !interval.is_valid() || !value.is_valid() {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let first = value.to_duration().ok_or(Errno::EINVAL)?;
    let interval = interval.to_duration().ok_or(Errno::EINVAL)?;
    if old != 0 {
        user::touch(t, cx, old, Itimerval::SIZE as u64, Access::Store)?;
        let before = current(t, cx);
        user::write(t, cx, old, &before.to_bytes())?;
    }
    let id = t.proc.threads.get(cx.caller).ok_or(Errno::ESRCH)?.process;
    let alarm = (first > Duration::ZERO).then(|| {
        let at = cx.now + first;
        Alarm { at, interval, ticket: cx.at(at, Phase::Timer, Due::Alarm(id)) }
    });
    if let Some(process) = t.proc.processes.get_mut(id)
        && let Some(before) = std::mem::replace(&mut process.alarm, alarm)
    {
        cx.engine.agenda.cancel(before.ticket);
    }
    Ok(0)
}
