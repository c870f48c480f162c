//! Waiting for several descriptors: ppoll(2) and pselect6(2).
//!
//! A typical sequence: each descriptor is asked what it is ready for. If one is, the call returns; else the
//! caller joins the queues of all of them at once, and looks at all of them again when any is woken.

use super::Result;
use super::descriptor::open_file;
use super::signal::{block_for_call, unblock_after_call};
use super::time::read_duration;
use super::transfer::Rest;
use crate::abi::flags::PollEvents;
use crate::abi::signal::SignalSet;
use crate::abi::types::{PollFd, Timespec};
use crate::abi::{Access, Errno};
use crate::base::{Channel, OpenFileId, ThreadId};
use crate::context::Tables;
use crate::event::Wait;
use crate::io::user;
use crate::ipc::End;
use crate::ipc::events::counter::Counter;
use crate::proc::{Channels, FileKind, Interruptible, MAX_DESCRIPTORS, Stop, WaitFor, Woken};

/// What a descriptor is ready for, and what would change that.
///
/// Of signals, those count that are sent to whoever asks.
pub(super) fn readiness(
    t: &Tables,
    caller: ThreadId,
    id: OpenFileId,
) -> (PollEvents, Vec<Channel>) {
    const IN: PollEvents = PollEvents::IN.union(PollEvents::RDNORM);
    const OUT: PollEvents = PollEvents::OUT.union(PollEvents::WRNORM);
    let Some(file) = t.proc.open.get(id) else {
        return (PollEvents::NVAL, Vec::new());
    };
    let when = |condition: bool, events: PollEvents| {
        if condition { events } else { PollEvents::empty() }
    };
    match file.kind {
        // Files never make anybody wait, as far as poll(2) is concerned.
        FileKind::Inode(_)
        | FileKind::Generated(_)
        | FileKind::Special(_)
        | FileKind::Memory(_) => (IN | OUT, Vec::new()),
        FileKind::Path => (PollEvents::NVAL, Vec::new()),
        FileKind::Counter(id) => {
            let ready = t.events.counters.get(id).map(Counter::readiness);
            (ready.unwrap_or(PollEvents::NVAL), vec![Channel::Counter(id)])
        }
        FileKind::Timer(id) => {
            let has_gone_off = t.events.timers.get(id).is_some_and(|timer| timer.ticks > 0);
            (when(has_gone_off, PollEvents::IN), vec![Channel::ClockTimer(id)])
        }
        FileKind::Signals(wanted) => {
            let pending = super::signalfd::pending(t, caller).intersection(wanted);
            let process = t.proc.threads.get(caller).map(|thread| thread.process);
            let channels = process.map(Channel::Signals).into_iter().collect();
            (when(!pending.is_empty(), PollEvents::IN), channels)
        }
        FileKind::Epoll(id) => {
            let any = super::epoll::has_ready(t, caller, id);
            (when(any, IN), vec![Channel::Epoll(id)])
        }
        FileKind::Console(device) => {
            let typed = when(t.tty.is_readable(), IN);
            (typed | OUT, vec![Channel::Console(device)])
        }
        FileKind::Socket(socket) => {
            let ready = t.net.socket(socket).map_or(PollEvents::NVAL, |socket| socket.readiness());
            (ready, vec![Channel::Socket(socket), Channel::SocketRoom(socket)])
        }
        FileKind::Pipe(pipe, End::Read) => {
            let state = t.pipes.get(pipe);
            let bytes = when(state.is_some_and(|pipe| !pipe.is_empty()), IN);
            let end = when(state.is_none_or(|pipe| pipe.writers == 0), PollEvents::HUP);
            (bytes | end, vec![Channel::PipeReadable(pipe)])
        }
        FileKind::Pipe(pipe, End::Both) => {
            let state = t.pipes.get(pipe);
            let bytes = when(state.is_some_and(|pipe| !pipe.is_empty()), IN);
            let room = when(state.is_some_and(|pipe| pipe.is_writable()), OUT);
            (bytes | room, vec![Channel::PipeReadable(pipe), Channel::PipeWritable(pipe)])
        }
        FileKind::Pipe(pipe, End::Write) => {
            let state = t.pipes.get(pipe);
            let room = when(state.is_some_and(|pipe| pipe.is_writable()), OUT);
            let end = when(state.is_none_or(|pipe| pipe.readers == 0), PollEvents::ERR);
            (room | end, vec![Channel::PipeWritable(pipe)])
        }
    }
}

/// Reads a timeout, once, and blocks other signals, once.
fn begin((timeout, mask, mask_size): (u64, u64, u64), (frame, t, cx): Rest<'_>) -> Result<()> {
    if timeout != 0 && frame.deadline.is_none() {
        frame.deadline = Some(frame.entered + read_duration(t, cx, timeout)?);
    }
    if mask != 0 {
        if mask_size != SignalSet::SIZE as u64 {
            return Err(Stop::Fail(Errno::EINVAL));
        }
        let mut bytes = [0; SignalSet::SIZE];
        user::read(t, cx, mask, &mut bytes)?;
        block_for_call(frame, SignalSet::from_bytes(bytes), t, cx);
    }
    Ok(())
}

/// Nothing is ready: the time is up, a signal came, or the call waits.
fn wait(channels: Vec<Channel>, timeout: u64, (frame, t, cx): Rest<'_>) -> Result<()> {
    let expired = frame.deadline.is_some_and(|deadline| deadline <= cx.now);
    match frame.woken {
        Some(Woken::Deadline) => return Ok(()),
        _ if expired => return Ok(()),
        Some(Woken::Signal) => {
            write_rest(timeout, (frame, t, cx))?;
            return Err(Stop::Fail(Errno::EINTR));
        }
        _ => {}
    }
    Err(Stop::Park(WaitFor {
        channels: Channels::Many(channels),
        deadline: frame.deadline,
        interruptible: Interruptible::Always,
        exclusive: false,
        kind: Wait::Poll,
        bits: u32::MAX,
    }))
}

/// Writes what is left of the time to where the timeout came from, however the call ends; the C library hides that from
/// its callers. Into memory that is not the program's to write Linux writes nothing, and the call does not fail
/// (`poll_select_finish` in fs/select.c).
fn write_rest(timeout: u64, (frame, t, cx): Rest<'_>) -> Result<()> {
    let space = t.proc.process_of(cx.caller).and_then(|process| process.space);
    let area = space.and_then(|space| t.mm.space(space)?.find(timeout));
    let is_writable = area.is_some_and(|area| area.rights.write);
    if let Some(deadline) = frame.deadline.filter(|_| is_writable) {
        let left = Timespec::from(deadline.since(cx.now.min(deadline)));
        user::write(t, cx, timeout, &left.to_bytes())?;
    }
    Ok(())
}

/// ppoll(2).
///
/// # Errors
/// `EINVAL`, `EINTR`, `EFAULT`; parks.
pub fn sys_ppoll(
    [list, count, timeout, mask, mask_size]: [u64; 5],
    (frame, t, cx): Rest<'_>,
) -> Result {
    let count = usize::try_from(count as u32).map_err(|_| Errno::EINVAL)?;
    if count > t.proc.descriptor_limit(cx.caller) {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let length = count * PollFd::SIZE;
    let mut bytes = vec![0; length];
    user::read(t, cx, list, &mut bytes)?;
    user::touch(t, cx, list, length as u64, Access::Store)?;
    begin((timeout, mask, mask_size), (frame, t, cx))?;
    let (mut channels, mut ready, mut told) = (Vec::new(), 0, Vec::with_capacity(length));
    for entry in bytes.as_chunks().0 {
        let asked = PollFd::from_bytes(entry);
        let mut returned = PollEvents::empty();
        if let Ok(fd) = u64::try_from(asked.fd) {
            let always = PollEvents::ERR | PollEvents::HUP | PollEvents::NVAL;
            match open_file(t, cx, fd) {
                Err(_) => returned = PollEvents::NVAL,
                Ok(id) => {
                    let (state, channel) = readiness(t, cx.caller, id);
                    returned = state & (PollEvents::from_bits_truncate(asked.events) | always);
                    channels.extend(channel);
                }
            }
        }
        ready += u64::from(!returned.is_empty());
        told.extend(PollFd { returned: returned.bits(), ..asked }.to_bytes());
    }
    if ready == 0 {
        wait(channels, timeout, (frame, t, cx))?;
    }
    user::write(t, cx, list, &told)?;
    write_rest(timeout, (frame, t, cx))?;
    unblock_after_call(t, cx);
    Ok(ready)
}

/// pselect6(2): sets of descriptors as bits.
///
/// # Errors
/// `EBADF`, `EINVAL`, `EINTR`, `EFAULT`; parks.
pub fn sys_pselect6(
    [count, reading, writing, exceptional, timeout, mask]: [u64; 6],
    (frame, t, cx): Rest<'_>,
) -> Result {
    let count = usize::try_from(count as i32).map_err(|_| Errno::EINVAL)?;
    // What cannot be open need not be looked at.
    let count = count.min(t.proc.descriptor_limit(cx.caller)).min(MAX_DESCRIPTORS);
    let length = count.div_ceil(64) * 8;
    let places = [reading, writing, exceptional];
    let mut sets = [const { Vec::new() }; 3];
    for (set, place) in sets.iter_mut().zip(places) {
        set.resize(length, 0u8);
        if place != 0 {
            user::read(t, cx, place, set)?;
            user::touch(t, cx, place, length as u64, Access::Store)?;
        }
    }
    let (mask, mask_size) = match mask {
        0 => (0, 0),
        pack => (user::read_word(t, cx, pack)?, user::read_word(t, cx, pack.saturating_add(8))?),
    };
    // What counts as readable, writable and exceptional (`POLLIN_SET` and its kin in Linux).
    let meanings = [
        PollEvents::IN | PollEvents::RDNORM | PollEvents::HUP | PollEvents::ERR,
        PollEvents::OUT | PollEvents::WRNORM | PollEvents::ERR,
        PollEvents::PRI,
    ];
    let wants =
        |set: &[u8], fd: usize| set.get(fd / 8).is_some_and(|byte| byte >> (fd % 8) & 1 != 0);
    let (mut channels, mut ready) = (Vec::new(), 0);
    let mut told = [const { Vec::new() }; 3];
    told.iter_mut().for_each(|set| set.resize(length, 0u8));
    for fd in 0..count {
        if !sets.iter().any(|set| wants(set, fd)) {
            continue;
        }
        let (state, channel) = readiness(t, cx.caller, open_file(t, cx, fd as u64)?);
        channels.extend(channel);
        for ((set, told), meaning) in sets.iter().zip(&mut told).zip(meanings) {
            if wants(set, fd)
                && state.intersects(meaning)
                && let Some(byte) = told.get_mut(fd / 8)
            {
                *byte |= 1 << (fd % 8);
                ready += 1;
            }
        }
    }
    begin((timeout, mask, mask_size), (frame, t, cx))?;
    if ready == 0 {
        wait(channels, timeout, (frame, t, cx))?;
    }
    for (set, place) in told.iter().zip(&places).filter(|(_, place)| **place != 0) {
        user::write(t, cx, *place, set)?;
    }
    write_rest(timeout, (frame, t, cx))?;
    unblock_after_call(t, cx);
    Ok(ready)
}
