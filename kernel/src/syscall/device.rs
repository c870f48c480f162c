//! ioctl(2) on terminals and pipes (ioctl_tty(2)).

use super::Result;
use super::console::check_foreground;
use super::descriptor::hold;
use super::transfer::Rest;
use crate::abi::Errno;
use crate::abi::signal::Signal;
use crate::abi::types::{Termios, WindowSize};
use crate::base::Pid;
use crate::context::{Cx, Tables};
use crate::io::user;
use crate::proc::{FileKind, Stop};
use crate::task::jobs;

/// Requests, from asm-generic/ioctls.h.
mod request {
    pub(super) const TCGETS: u32 = 0x5401;
    pub(super) const TCSETS: u32 = 0x5402;
    pub(super) const TCSETSW: u32 = 0x5403;
    pub(super) const TCSETSF: u32 = 0x5404;
    pub(super) const TIOCSCTTY: u32 = 0x540e;
    pub(super) const TIOCGPGRP: u32 = 0x540f;
    pub(super) const TIOCSPGRP: u32 = 0x5410;
    pub(super) const TIOCGWINSZ: u32 = 0x5413;
    pub(super) const TIOCSWINSZ: u32 = 0x5414;
    pub(super) const FIONREAD: u32 = 0x541b;
    pub(super) const TIOCNOTTY: u32 = 0x5422;
    pub(super) const TIOCGSID: u32 = 0x5429;
}

/// ioctl(2).
///
/// # Errors
/// `EBADF`; `ENOTTY` for requests that the file does not know; `EFAULT`, and those of each request.
pub fn sys_ioctl([fd, request, argument]: [u64; 3], (frame, t, cx): Rest<'_>) -> Result {
    let id = hold(t, cx, frame, fd)?;
    let kind = t.proc.open.get(id).ok_or(Errno::EBADF)?.kind;
    let request = request as u32;
    match kind {
        FileKind::Console(_) => terminal(request, argument, (frame, t, cx)),
        FileKind::Pipe(pipe, _) if request == request::FIONREAD => {
            let waiting = t.pipes.get(pipe).map_or(0, |pipe| pipe.len()) as u32;
            user::write(t, cx, argument, &waiting.to_le_bytes())?;
            Ok(0)
        }
        _ => Err(Stop::Fail(Errno::ENOTTY)),
    }
}

fn terminal(request: u32, argument: u64, (frame, t, cx): Rest<'_>) -> Result {
    match request {
        request::TCGETS => {
            let modes = t.tty.termios.to_bytes();
            user::write(t, cx, argument, &modes)?;
        }
        // Output is never late here, so that the three differ only in what becomes of input.
        request::TCSETS | request::TCSETSW | request::TCSETSF => {
            let mut bytes = [0; Termios::SIZE];
            user::read(t, cx, argument, &mut bytes)?;
            check_foreground(Signal::TTOU, (frame, t, cx))?;
            if request == request::TCSETSF {
                t.tty.flush();
            }
            t.tty.set_modes(Termios::from_bytes(&bytes));
        }
        request::TIOCGWINSZ => {
            let size = t.tty.size.to_bytes();
            user::write(t, cx, argument, &size)?;
        }
        request::TIOCSWINSZ => {
            let mut bytes = [0; WindowSize::SIZE];
            user::read(t, cx, argument, &mut bytes)?;
            let size = WindowSize::from_bytes(&bytes);
            if size != t.tty.size {
                t.tty.size = size;
                let foreground = t.tty.foreground;
                jobs::signal_group(t, cx, foreground, Signal::WINCH);
            }
        }
        request::FIONREAD => {
            let waiting = t.tty.waiting() as u32;
            user::write(t, cx, argument, &waiting.to_le_bytes())?;
        }
        request::TIOCGPGRP => {
            own_terminal(t, cx)?;
            let group = t.tty.foreground.0;
            user::write(t, cx, argument, &group.to_le_bytes())?;
        }
        request::TIOCSPGRP => set_foreground(argument, (frame, t, cx))?,
        request::TIOCGSID => {
            let session = own_terminal(t, cx)?.0;
            user::write(t, cx, argument, &session.to_le_bytes())?;
        }
        request::TIOCSCTTY => take_terminal(argument, t, cx)?,
        request::TIOCNOTTY => {
            let session = own_terminal(t, cx)?;
            let me = t.proc.process_of(cx.caller).ok_or(Errno::ESRCH)?;
            // For others than the leader there is nothing that they could give up alone.
            if me.pid == session {
                jobs::leave_terminal(t, cx, session);
            }
        }
        _ => return Err(Stop::Fail(Errno::ENOTTY)),
    }
    Ok(0)
}

/// The caller's session, if this is its controlling terminal.
///
/// # Errors
/// `ENOTTY`.
fn own_terminal(t: &Tables, cx: &Cx) -> std::result::Result<Pid, Errno> {
    let session = t.proc.process_of(cx.caller).ok_or(Errno::ESRCH)?.session;
    if t.tty.session == Some(session) { Ok(session) } else { Err(Errno::ENOTTY) }
}

/// TIOCSPGRP: another group comes to the foreground.
///
/// # Errors
/// `ENOTTY`, `EINVAL`, `ESRCH`, `EPERM` for a group of another session; from the background as a write.
fn set_foreground(place: u64, (frame, t, cx): Rest<'_>) -> Result<()> {
    let session = own_terminal(t, cx)?;
    check_foreground(Signal::TTOU, (frame, t, cx))?;
    let mut bytes = [0; 4];
    user::read(t, cx, place, &mut bytes)?;
    let group = i32::from_le_bytes(bytes);
    let group = Pid(u32::try_from(group).map_err(|_| Errno::EINVAL)?);
    let (_, member) = jobs::members(t, group).next().ok_or(Errno::ESRCH)?;
    if member.session != session {
        return Err(Stop::Fail(Errno::EPERM));
    }
    t.tty.foreground = group;
    Ok(())
}

/// TIOCSCTTY: the leader of a session without a terminal takes this one; root may steal it.
///
/// # Errors
/// `EPERM`.
fn take_terminal(steal: u64, t: &mut Tables, cx: &mut Cx) -> Result<()> {
    let me = t.proc.process_of(cx.caller).ok_or(Errno::ESRCH)?;
    let (pid, session, is_root) = (me.pid, me.session, me.cred.is_root());
    if t.tty.session == Some(session) && pid == session {
        return Ok(());
    }
    let taken = t.tty.session.is_some_and(|owner| owner != session);
    if pid != session || taken && !(is_root && steal == 1) {
        return Err(Stop::Fail(Errno::EPERM));
    }
    (t.tty.session, t.tty.foreground) = (Some(session), me.group);
    Ok(())
}
