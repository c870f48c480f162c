//! Timers with a descriptor: timerfd_create(2), timerfd_settime(2), timerfd_gettime(2), and what read(2) does to one.
//!
//! A simplification: all clocks are one, which nobody sets, so that TFD_TIMER_CANCEL_ON_SET has nothing to do.

use super::Result;
use super::descriptor::{hold, install};
use super::transfer::{Buffers, Rest};
use crate::abi::flags::OpenFlags;
use crate::abi::flags::file::access_mode;
use crate::abi::flags::process::{TimerFdFlags, clock};
use crate::abi::types::{Itimerspec, Timespec};
use crate::abi::{Access, Errno};
use crate::base::{Channel, ClockTimerId, Duration, Time};
use crate::context::{Cx, Due, Phase, Tables};
use crate::event::Wait;
use crate::io::user;
use crate::ipc::events::timer::ClockTimer;
use crate::proc::{CallFrame, FileKind, Interruptible, Stop, WaitFor};

/// How many bytes are read: one number.
const SIZE: u64 = 8;

/// timerfd_create(2).
///
/// # Errors
/// `EINVAL`, `EMFILE`; `EPERM` for a clock that wakes the machine, but for root.
pub fn sys_timerfd_create(which: u64, flags: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let flags = TimerFdFlags::from_bits(flags as u32).ok_or(Errno::EINVAL)?;
    let which = which as u32;
    let wakes = matches!(which, clock::REALTIME_ALARM | clock::BOOTTIME_ALARM);
    let is_known = matches!(which, clock::REALTIME | clock::MONOTONIC | clock::BOOTTIME) || wakes;
    let known = TimerFdFlags::CLOEXEC | TimerFdFlags::NONBLOCK;
    if !is_known || !known.contains(flags) {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    if wakes && !t.proc.process_of(cx.caller).is_some_and(|process| process.cred.is_root()) {
        return Err(Stop::Fail(Errno::EPERM));
    }
    let id = t.events.timers.insert(ClockTimer::new(which));
    install(FileKind::Timer(id), access_mode::RDWR | flags.bits(), t, cx)
}

/// The timer behind a descriptor.
fn find(fd: u64, (frame, t, cx): Rest<'_>) -> std::result::Result<ClockTimerId, Errno> {
    let id = hold(t, cx, frame, fd)?;
    match t.proc.open.get(id).map(|file| file.kind) {
        Some(FileKind::Timer(timer)) => Ok(timer),
        Some(FileKind::Path) | None => Err(Errno::EBADF),
        _ => Err(Errno::EINVAL),
    }
}

/// A timer that has gone off and repeats is counted up to now, and planned again.
fn catch_up(id: ClockTimerId, t: &mut Tables, cx: &mut Cx) {
    if let Some(timer) = t.events.timers.get_mut(id)
        && let Some(next) = timer.catch_up(cx.now)
    {
        timer.ticket = Some(cx.at(next, Phase::Timer, Due::ClockTimer(id)));
    }
}

/// What a timer is set to, as its owner is told.
fn setting(id: ClockTimerId, t: &Tables, cx: &Cx) -> Itimerspec {
    t.events.timers.get(id).map_or_else(Itimerspec::default, |timer| Itimerspec {
        interval: Timespec::from(timer.interval),
        value: Timespec::from(timer.left(cx.now)),
    })
}

/// timerfd_settime(2).
///
/// # Errors
/// `EBADF`, `EINVAL`, `EFAULT`.
pub fn sys_timerfd_settime([fd, flags, new, old]: [u64; 4], (frame, t, cx): Rest<'_>) -> Result {
    let mut bytes = [0; Itimerspec::SIZE];
    user::read(t, cx, new, &mut bytes)?;
    let Itimerspec { interval, value } = Itimerspec::from_bytes(&bytes);
    let known = TimerFdFlags::TIMER_ABSTIME | TimerFdFlags::TIMER_CANCEL_ON_SET;
    let flags = TimerFdFlags::from_bits(flags as u32).filter(|flags| known.contains(*flags));
    let flags = flags.ok_or(Errno::EINVAL)?;
    let value = value.to_duration().ok_or(Errno::EINVAL)?;
    let interval = interval.to_duration().ok_or(Errno::EINVAL)?;
    let id = find(fd, (frame, t, cx))?;
    if old != 0 {
        user::touch(t, cx, old, Itimerspec::SIZE as u64, Access::Store)?;
    }
    catch_up(id, t, cx);
    let before = setting(id, t, cx);
    let from = if flags.contains(TimerFdFlags::TIMER_ABSTIME) { Time::ZERO } else { cx.now };
    // A moment that has passed stands, so that what was missed since is counted.
    let next = (value > Duration::ZERO).then(|| from + value);
    let ticket = next.map(|next| cx.at(next.max(cx.now), Phase::Timer, Due::ClockTimer(id)));
    if let Some(timer) = t.events.timers.get_mut(id) {
        if let Some(planned) = timer.ticket {
            cx.engine.agenda.cancel(planned);
        }
        let (clock, flags) = (timer.clock, flags.bits());
        *timer = ClockTimer { clock, flags, next, interval, ticks: 0, ticket };
    }
    if old != 0 {
        user::write(t, cx, old, &before.to_bytes())?;
    }
    Ok(0)
}

/// timerfd_gettime(2).
///
/// # Errors
/// `EBADF`, `EINVAL`, `EFAULT`.
pub fn sys_timerfd_gettime(fd: u64, place: u64, (frame, t, cx): Rest<'_>) -> Result {
    let id = find(fd, (frame, t, cx))?;
    user::touch(t, cx, place, Itimerspec::SIZE as u64, Access::Store)?;
    catch_up(id, t, cx);
    let setting = setting(id, t, cx);
    user::write(t, cx, place, &setting.to_bytes())?;
    Ok(0)
}

/// What read(2) does: how often the timer has gone off since the last time.
///
/// # Errors
/// `EINVAL` for less than eight bytes, `EAGAIN`, `EINTR`, `EFAULT`; parks.
pub(super) fn read(
    id: ClockTimerId,
    flags: u32,
    buffers: &Buffers,
    (frame, t, cx): Rest<'_>,
) -> Result {
    if buffers.total() < SIZE {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    if t.events.timers.get(id).is_none_or(|timer| timer.ticks == 0) {
        return wait_for(id, flags, frame);
    }
    buffers.touch(t, cx, (0, SIZE), Access::Store)?;
    catch_up(id, t, cx);
    let ticks = t.events.timers.get_mut(id).map_or(0, |timer| std::mem::take(&mut timer.ticks));
    buffers.put(t, cx, 0, &ticks.to_le_bytes())?;
    Ok(SIZE)
}

/// It has not gone off: the call fails, or waits.
fn wait_for(id: ClockTimerId, flags: u32, frame: &CallFrame) -> Result {
    if flags & OpenFlags::NONBLOCK.bits() != 0 {
        return Err(Stop::Fail(Errno::EAGAIN));
    }
    frame.interrupted()?;
    let channel = Channel::ClockTimer(id);
    Err(Stop::Park(WaitFor::channel(channel, Wait::Sleep, Interruptible::UnlessRestarted)))
}
