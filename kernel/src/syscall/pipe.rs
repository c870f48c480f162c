//! Pipes: pipe2(2), and what read(2) and write(2) do to one (pipe(7)).
//!
//! A read takes what there is. A write of at most PIPE_BUF bytes goes in whole or waits; a longer one goes
//! in piece by piece as there is room. Everybody who waits is woken and looks again, as on Linux before
//! 5.5; who comes too late waits on.

use super::Result;
use super::descriptor::install;
use super::transfer::{Buffers, PAGE, Rest};
use crate::abi::flags::file::access_mode;
use crate::abi::flags::{OpenFlags, PollEvents};
use crate::abi::signal::{Signal, code};
use crate::abi::{Access, Errno};
use crate::base::{Channel, PipeId};
use crate::context::{Cx, Tables};
use crate::event::Wait;
use crate::io::user::{self, STEP_PAGES};
use crate::ipc::{End, PIPE_BUF, pipe::MAX_CAPACITY};
use crate::proc::{FileKind, Interruptible, Stop, WaitFor};
use crate::task::signal::{self, Target};
use crate::task::wait;

/// pipe2(2).
///
/// # Errors
/// `EINVAL`, `EMFILE`, `EFAULT`.
pub fn sys_pipe2(place: u64, flags: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let flags = flags as u32;
    let known = OpenFlags::CLOEXEC | OpenFlags::NONBLOCK | OpenFlags::DIRECT;
    if flags & !known.bits() != 0 || flags & OpenFlags::DIRECT.bits() != 0 {
        // O_DIRECT ("packet mode") is to come.
        return Err(Stop::Fail(Errno::EINVAL));
    }
    user::touch(t, cx, place, 8, Access::Store)?;
    let limit = t.proc.descriptor_limit(cx.caller);
    let table = t.proc.files_of(cx.caller).ok_or(Errno::EBADF)?;
    let first = table.lowest_free(0, limit)?;
    table.lowest_free(first + 1, limit)?;

    let pipe = t.pipes.create();
    let reader = install(FileKind::Pipe(pipe, End::Read), flags | access_mode::RDONLY, t, cx)?;
    let writer = install(FileKind::Pipe(pipe, End::Write), flags | access_mode::WRONLY, t, cx)?;
    let numbers = [(reader as u32).to_le_bytes(), (writer as u32).to_le_bytes()].concat();
    user::write(t, cx, place, &numbers)?;
    Ok(0)
}

/// What read(2) does to a pipe.
///
/// # Errors
/// `EFAULT`, `EAGAIN`, `EINTR`; parks.
pub(super) fn read(id: PipeId, flags: u32, buffers: &Buffers, (frame, t, cx): Rest<'_>) -> Result {
    if buffers.total() == 0 {
        return Ok(0);
    }
    let pipe = t.pipes.get(id).ok_or(Errno::EBADF)?;
    if pipe.is_empty() {
        if pipe.writers == 0 {
            return Ok(0);
        }
        if flags & OpenFlags::NONBLOCK.bits() != 0 {
            return Err(Stop::Fail(Errno::EAGAIN));
        }
        frame.interrupted()?;
        return Err(Stop::Park(WaitFor::channel(
            Channel::PipeReadable(id),
            Wait::Pipe,
            Interruptible::UnlessRestarted,
        )));
    }
    let count = pipe.len().min(buffers.total()).min(STEP_PAGES * PAGE);
    buffers.touch(t, cx, (0, count), Access::Store)?;
    let mut bytes = vec![0; count as usize];
    if let Some(pipe) = t.pipes.get(id) {
        pipe.peek(&mut bytes);
    }
    buffers.put(t, cx, 0, &bytes)?;
    let Some(pipe) = t.pipes.get_mut(id) else {
        return Err(Stop::Fail(Errno::EBADF));
    };
    let was_writable = pipe.is_writable();
    let sender = pipe.take(count);
    let is_writable = pipe.is_writable();
    if let Some((cause, request)) = sender {
        // Who reads goes on because of who wrote, and serves the same request.
        (cx.cause, cx.request) = (cause, request);
        if let Some(thread) = t.proc.threads.get_mut(cx.caller) {
            (thread.cause, thread.request) = (cause, request);
        }
    }
    if is_writable && !was_writable {
        let came = PollEvents::OUT | PollEvents::WRNORM;
        wait::announce(t, cx, Channel::PipeWritable(id), 1, came);
    }
    Ok(count)
}

/// What write(2) does to a pipe.
///
/// # Errors
/// `EPIPE`, with SIGPIPE, if nobody can read it; `EFAULT`, `EAGAIN`, `EINTR`; parks.
pub(super) fn write(id: PipeId, flags: u32, buffers: &Buffers, (frame, t, cx): Rest<'_>) -> Result {
    let total = buffers.total();
    while frame.progress < total {
        let pipe = t.pipes.get(id).ok_or(Errno::EBADF)?;
        if pipe.readers == 0 {
            let me = Target::Thread(cx.caller);
            signal::send(t, cx, me, Signal::PIPE, code::SI_USER, 0);
            return Err(Stop::Fail(Errno::EPIPE));
        }
        let left = total - frame.progress;
        let room = pipe.room();
        if room == 0 || total <= PIPE_BUF && room < left {
            if flags & OpenFlags::NONBLOCK.bits() != 0 {
                return Err(Stop::Fail(Errno::EAGAIN));
            }
            if let Some(count) = frame.interrupted()? {
                return Ok(count);
            }
            return Err(Stop::Park(WaitFor::channel(
                Channel::PipeWritable(id),
                Wait::Pipe,
                Interruptible::UnlessRestarted,
            )));
        }
        let step = left.min(room).min(STEP_PAGES * PAGE);
        buffers.touch(t, cx, (frame.progress, step), Access::Load)?;
        let bytes = buffers.get(t, cx, frame.progress, step)?;
        let (cause, request) = (cx.cause, cx.request);
        if let Some(pipe) = t.pipes.get_mut(id) {
            pipe.push(&bytes, cause, request);
        }
        frame.progress += step;
        let came = PollEvents::IN | PollEvents::RDNORM;
        wait::announce(t, cx, Channel::PipeReadable(id), 1, came);
    }
    Ok(frame.progress)
}

/// fcntl(2), F_SETPIPE_SZ: the next power of two of whole pages.
///
/// # Errors
/// `EINVAL` beyond 2³¹ bytes, `EPERM` for more than an ordinary user may have, `EBUSY` if more is in it.
pub(super) fn resize(id: PipeId, size: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let size = u64::from(size as u32);
    if size > 1 << 31 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let capacity = size.max(PAGE).next_power_of_two();
    let is_root = t.proc.process_of(cx.caller).is_some_and(|process| process.cred.is_root());
    let pipe = t.pipes.get_mut(id).ok_or(Errno::EBADF)?;
    if capacity > pipe.capacity() && capacity > MAX_CAPACITY && !is_root {
        return Err(Stop::Fail(Errno::EPERM));
    }
    if !pipe.resize(capacity) {
        return Err(Stop::Fail(Errno::EBUSY));
    }
    wait::wake_all(t, cx, Channel::PipeWritable(id));
    Ok(capacity)
}
