//! Signals that are read: signalfd4(2), and what read(2) does then.
//!
//! The open file is a mask and nothing more. Which signals are pending is asked of whoever reads, so that a child that
//! inherits the descriptor reads its own signals.

use super::Result;
use super::descriptor::{install, open_file};
use super::transfer::{Buffers, Rest};
use crate::abi::flags::OpenFlags;
use crate::abi::flags::file::access_mode;
use crate::abi::flags::network::SignalFdFlags;
use crate::abi::signal::SignalSet;
use crate::abi::types::SigInfo;
use crate::abi::{Access, Errno};
use crate::base::{Channel, ThreadId};
use crate::context::Tables;
use crate::event::Wait;
use crate::io::user;
use crate::proc::{FileKind, Interruptible, Stop, WaitFor};
use crate::task::{signal, wait};

/// How many bytes one signal is.
const SIZE: u64 = SigInfo::SIZE as u64;

/// signalfd4(2): a new descriptor, or another mask for one.
///
/// # Errors
/// `EINVAL` for another size of the mask, for unknown flags and for a descriptor of something else; `EBADF`, `EFAULT`, `EMFILE`.
pub fn sys_signalfd4([fd, mask, size, flags]: [u64; 4], (_, t, cx): Rest<'_>) -> Result {
    if size != SignalSet::SIZE as u64 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let mut bytes = [0; SignalSet::SIZE];
    user::read(t, cx, mask, &mut bytes)?;
    let flags = SignalFdFlags::from_bits(flags as u32).ok_or(Errno::EINVAL)?;
    // These two cannot be caught by any means; asking for them is no mistake.
    let wanted = SignalSet::from_bytes(bytes).difference(SignalSet::UNBLOCKABLE);
    if fd as i32 == -1 {
        return install(FileKind::Signals(wanted), access_mode::RDWR | flags.bits(), t, cx);
    }
    let id = open_file(t, cx, fd)?;
    let file = t.proc.open.get_mut(id).ok_or(Errno::EBADF)?;
    match file.kind {
        FileKind::Signals(_) => file.kind = FileKind::Signals(wanted),
        FileKind::Path => return Err(Stop::Fail(Errno::EBADF)),
        _ => return Err(Stop::Fail(Errno::EINVAL)),
    }
    // What was pending all along may be wanted now.
    if let Some(process) = t.proc.threads.get(cx.caller).map(|thread| thread.process) {
        wait::wake_all(t, cx, Channel::Signals(process));
    }
    Ok(u64::from(fd as u32))
}

/// The signals that are pending for a thread or its process.
pub(super) fn pending(t: &Tables, thread: ThreadId) -> SignalSet {
    let own = t.proc.threads.get(thread).map(|thread| thread.pending.set());
    let shared = t.proc.process_of(thread).map(|process| process.pending.set());
    own.unwrap_or_default().union(shared.unwrap_or_default())
}

/// What read(2) does: it takes as many signals as are pending and fit, the lowest first.
///
/// # Errors
/// `EINVAL` if not even one fits, `EAGAIN`, `EINTR`, `EFAULT`; parks.
pub(super) fn read(
    wanted: SignalSet,
    flags: u32,
    buffers: &Buffers,
    (frame, t, cx): Rest<'_>,
) -> Result {
    let room = buffers.total() / SIZE;
    if room == 0 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    if pending(t, cx.caller).intersection(wanted).is_empty() {
        if flags & OpenFlags::NONBLOCK.bits() != 0 {
            return Err(Stop::Fail(Errno::EAGAIN));
        }
        frame.interrupted()?;
        let process = t.proc.threads.get(cx.caller).ok_or(Errno::ESRCH)?.process;
        let channel = Channel::Signals(process);
        let wait = WaitFor::channel(channel, Wait::Signal, Interruptible::UnlessRestarted);
        return Err(Stop::Park(wait));
    }
    // One signal at a time, each only when there is memory for it.
    while frame.progress / SIZE < room {
        buffers.touch(t, cx, (frame.progress, SIZE), Access::Store)?;
        let Some(info) = signal::take_pending(t, cx.caller, wanted) else { break };
        buffers.put(t, cx, frame.progress, &info.told().to_signalfd())?;
        frame.progress += SIZE;
        cx.cause = info.cause;
    }
    Ok(frame.progress)
}
