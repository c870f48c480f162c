//! Reading and writing a console through its line discipline ([`crate::ipc::tty`]), and job control:
//! background processes that read from their controlling terminal are stopped (credentials(7)).

use super::Result;
use super::transfer::{Buffers, PAGE, Rest};
use crate::abi::flags::OpenFlags;
use crate::abi::signal::{SIG_IGN, Signal};
use crate::abi::types::termios_local::TOSTOP;
use crate::abi::{Access, Errno};
use crate::base::{Channel, DeviceId, Duration};
use crate::driver::bus::Driver;
use crate::event::Wait;
use crate::io::user::STEP_PAGES;
use crate::proc::{Interruptible, OpenFile, Stop, WaitFor};
use crate::task::effects;
use crate::task::jobs;

/// How long a call gives its process group to stop before it looks again.
const PATIENCE: Duration = Duration::millis(1);

/// Stops the caller's process group if it is in the background of this terminal (`__tty_check_change` in
/// Linux): the group gets the signal, and the call starts again when it goes on.
///
/// # Errors
/// `EIO` if nobody could make the group go on, or if a reader ignores or blocks the signal; `EINTR` for a
/// handler; parks for the stop.
pub(super) fn check_foreground(signal: Signal, (frame, t, cx): Rest<'_>) -> Result<()> {
    let me = t.proc.threads.get(cx.caller).ok_or(Errno::ESRCH)?.process;
    let process = t.proc.processes.get(me).ok_or(Errno::ESRCH)?;
    let group = process.group;
    if t.tty.session != Some(process.session) || t.tty.foreground == group {
        return Ok(());
    }
    let ignored = t.proc.action(me, signal).handler == SIG_IGN;
    let blocked = t.proc.threads.get(cx.caller).is_some_and(|thread| thread.mask.contains(signal));
    if blocked || ignored {
        // Who only wanted to write may do so; who wanted to read gets nothing.
        return if signal == Signal::TTOU { Ok(()) } else { Err(Stop::Fail(Errno::EIO)) };
    }
    if jobs::is_orphaned(t, group, None) {
        return Err(Stop::Fail(Errno::EIO));
    }
    frame.interrupted()?;
    jobs::signal_group(t, cx, group, signal);
    // It is sent, and will be sent again if the group goes on in the background.
    frame.stage += 1;
    let wait = WaitFor::until(cx.now + PATIENCE, Interruptible::UnlessRestarted);
    Err(Stop::Park(WaitFor { kind: Wait::Console, ..wait }))
}

/// What read(2) does: at most a line.
///
/// # Errors
/// `EFAULT`, `EINTR`, `EAGAIN`, `EIO` in the background; parks.
pub(super) fn read(
    device: DeviceId,
    file: &OpenFile,
    buffers: &Buffers,
    (frame, t, cx): Rest<'_>,
) -> Result {
    check_foreground(Signal::TTIN, (frame, t, cx))?;
    if buffers.total() == 0 {
        return Ok(0);
    }
    // Nobody waits for what could not be handed over anyway.
    buffers.touch(t, cx, (0, 1), Access::Store)?;
    if !t.tty.is_readable() {
        if file.flags & OpenFlags::NONBLOCK.bits() != 0 {
            return Err(Stop::Fail(Errno::EAGAIN));
        }
        frame.interrupted()?;
        return Err(Stop::Park(WaitFor::channel(
            Channel::Console(device),
            Wait::Console,
            Interruptible::UnlessRestarted,
        )));
    }
    let bytes = t.tty.peek(buffers.total().min(STEP_PAGES * PAGE) as usize);
    buffers.touch(t, cx, (0, bytes.len() as u64), Access::Store)?;
    buffers.put(t, cx, 0, &bytes)?;
    t.tty.take(bytes.len());
    // What somebody typed begins something new.
    cx.request = cx.new_request();
    if let Some(thread) = t.proc.threads.get_mut(cx.caller) {
        thread.request = cx.request;
    }
    Ok(bytes.len() as u64)
}

/// What write(2) does. It never waits: the screen takes everything at once.
///
/// # Errors
/// `EFAULT`; with TOSTOP also `EINTR` and `EIO` in the background, and parks.
pub(super) fn write(device: DeviceId, buffers: &Buffers, (frame, t, cx): Rest<'_>) -> Result {
    if t.tty.termios.local & TOSTOP != 0 {
        check_foreground(Signal::TTOU, (frame, t, cx))?;
    }
    let length = buffers.total().min(STEP_PAGES * PAGE);
    let bytes = buffers.get(t, cx, 0, length)?;
    effects::using(t, cx, device, |driver, device, wires| {
        if let Some(Driver::Char(driver)) = driver {
            driver.write(&bytes, device, wires);
        }
    });
    Ok(length)
}
