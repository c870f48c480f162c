//! Receiving: recvfrom(2), and what read(2) does to a socket.

use super::address::{self, Place};
use super::{Waiting, adopt, find, is_nonblocking, wait, with_net};
use crate::abi::flags::PollEvents;
use crate::abi::flags::network::MessageFlags;
use crate::abi::types::{SockAddr, SockAddrLl};
use crate::abi::{Access, Errno};
use crate::base::{Channel, OpenFileId, SocketId};
use crate::context::{Cx, Tables};
use crate::io::user::STEP_PAGES;
use crate::net::local::{Credentials, Style};
use crate::net::tcp::State;
use crate::net::{Kind, Net};
use crate::proc::Stop;
use crate::syscall::Result;
use crate::syscall::transfer::{Buffers, PAGE, Rest};
use crate::task::wait as waiting;

/// What was received.
#[derive(Clone, Debug, Default)]
pub(super) struct Got {
    /// How many bytes are in the buffers.
    pub(super) count: u64,
    /// How long the message really was.
    pub(super) length: u64,
    /// Who sent it.
    pub(super) from: Option<SockAddr>,
    /// Who the sender is, if that was asked for.
    pub(super) credentials: Option<Credentials>,
    /// Open files that came along.
    pub(super) files: Vec<OpenFileId>,
}

/// recvfrom(2).
///
/// # Errors
/// `EBADF`, `ENOTSOCK`, `ENOTCONN`, `ECONNRESET`, `ECONNREFUSED`, `ETIMEDOUT`, `EAGAIN`, `EINTR`, `EINVAL`, `EFAULT`;
/// parks.
pub fn sys_recvfrom(
    [fd, buffer, length, flags, at, address_length]: [u64; 6],
    (frame, t, cx): Rest<'_>,
) -> Result {
    let (file, _) = find(fd, (frame, t, cx))?;
    let buffers = Buffers::one(buffer, length)?;
    let place = Place::look(t, cx, at, address_length)?;
    let got = receive(file, &buffers, flags as u32, (frame, t, cx))?;
    if let (Some(place), Some(from)) = (place, &got.from) {
        place.write(t, cx, from)?;
    }
    release_all(&got.files, t, cx);
    let whole = flags as u32 & MessageFlags::TRUNC.bits() != 0;
    Ok(if whole { got.length } else { got.count })
}

/// Open files that nobody wants are closed.
fn release_all(files: &[OpenFileId], t: &mut Tables, cx: &mut Cx) {
    for file in files {
        crate::task::files::release(t, cx, *file);
    }
}

/// What read(2) and readv(2) do.
///
/// # Errors
/// As [`sys_recvfrom`].
pub fn read(file: OpenFileId, buffers: &Buffers, (frame, t, cx): Rest<'_>) -> Result {
    let got = receive(file, buffers, 0, (frame, t, cx))?;
    release_all(&got.files, t, cx);
    Ok(got.count)
}

/// What all calls that receive have in common.
pub(super) fn receive(
    file: OpenFileId,
    buffers: &Buffers,
    flags: u32,
    (frame, t, cx): Rest<'_>,
) -> Result<Got> {
    let id = super::socket_of(t, file)?;
    let at_once = is_nonblocking(t, file) || flags & MessageFlags::DONTWAIT.bits() != 0;
    match t.net.socket(id).map(|socket| &socket.kind) {
        Some(Kind::Stream(_)) => receive_stream(id, (at_once, flags), buffers, (frame, t, cx))
            .map(|count| Got { count, length: count, ..Got::default() }),
        Some(Kind::Datagram(_)) => receive_datagram(id, (at_once, flags), buffers, (frame, t, cx)),
        Some(Kind::Local(_)) => receive_local(id, (at_once, flags), buffers, (frame, t, cx)),
        Some(Kind::Tap(_)) => receive_frame(id, (at_once, flags), buffers, (frame, t, cx)),
        None => Err(Stop::Fail(Errno::EBADF)),
    }
}

/// Nothing is there: as [`wait`], for receiving calls.
fn wait_for(id: SocketId, at_once: bool, exclusive: bool, (frame, t, _): Rest<'_>) -> Result {
    let timeout = t.net.socket(id).and_then(|socket| socket.receive_timeout);
    wait(Waiting { channel: Channel::Socket(id), timeout, exclusive, at_once }, frame)
}

fn receive_stream(
    id: SocketId,
    (at_once, flags): (bool, u32),
    buffers: &Buffers,
    (frame, t, cx): Rest<'_>,
) -> Result {
    let total = buffers.total();
    let peeks = flags & MessageFlags::PEEK.bits() != 0;
    let wants_all = flags & MessageFlags::WAITALL.bits() != 0 && !peeks;
    loop {
        let socket = t.net.socket_mut(id).ok_or(Errno::EBADF)?;
        let Some(tcp) = socket.stream_mut() else { return Err(Stop::Fail(Errno::EINVAL)) };
        if frame.progress > 0 && (!wants_all || frame.progress >= total) {
            return Ok(frame.progress);
        }
        let there = tcp.received.len() as u64;
        if there == 0 {
            if frame.progress > 0 && tcp.is_readable() {
                return Ok(frame.progress);
            }
            if let Some(error) = tcp.error.take() {
                return Err(Stop::Fail(error));
            }
            let never =
                matches!(tcp.state, State::Closed | State::Listen) && tcp.irs == tcp.expected;
            if never && !tcp.reset {
                return Err(Stop::Fail(Errno::ENOTCONN));
            }
            if tcp.ended || tcp.read_shut || tcp.state == State::Closed || total == 0 {
                return Ok(0);
            }
            return wait_for(id, at_once, false, (frame, t, cx));
        }
        if total == 0 {
            return Ok(0);
        }
        let step = there.min(total - frame.progress).min(STEP_PAGES * PAGE);
        buffers.touch(t, cx, (frame.progress, step), Access::Store)?;
        let mut bytes = vec![0; step as usize];
        if let Some(tcp) = t.net.stream(id) {
            tcp.received.copy(0, &mut bytes);
        }
        buffers.put(t, cx, frame.progress, &bytes)?;
        if peeks {
            return Ok(step);
        }
        let tag = with_net(t, cx, |net, present| {
            net.with_stream(id, present, |tcp, present| {
                let tag = tcp.received.take(step as usize);
                tcp.window_opened(present);
                tag
            })
        });
        if let Some(tag) = tag.flatten() {
            adopt(t, cx, tag);
        }
        frame.progress += step;
    }
}

/// Copies a message to the program. What does not fit is lost.
fn copy_out(buffers: &Buffers, bytes: &[u8], t: &mut Tables, cx: &mut Cx) -> Result {
    let count = (bytes.len() as u64).min(buffers.total());
    let mut from = 0;
    while from < count {
        let step = (count - from).min(STEP_PAGES * PAGE);
        buffers.touch(t, cx, (from, step), Access::Store)?;
        buffers.put(t, cx, from, &bytes[from as usize..(from + step) as usize])?;
        from += step;
    }
    Ok(count)
}

fn receive_datagram(
    id: SocketId,
    (at_once, flags): (bool, u32),
    buffers: &Buffers,
    (frame, t, cx): Rest<'_>,
) -> Result<Got> {
    let datagram = t.net.datagram_mut(id).ok_or(Errno::EBADF)?;
    if let Some(error) = datagram.error.take() {
        return Err(Stop::Fail(error));
    }
    let Some(first) = datagram.first().cloned() else {
        if datagram.shut.0 {
            return Ok(Got::default());
        }
        return wait_for(id, at_once, true, (frame, t, cx)).map(|_| Got::default());
    };
    let count = copy_out(buffers, &first.bytes, t, cx)?;
    if flags & MessageFlags::PEEK.bits() == 0 {
        if let Some(datagram) = t.net.datagram_mut(id) {
            datagram.take();
        }
        adopt(t, cx, (first.cause, first.request));
    }
    let from = Some(address::of(first.from));
    Ok(Got { count, length: first.bytes.len() as u64, from, ..Got::default() })
}

fn receive_local(
    id: SocketId,
    (at_once, flags): (bool, u32),
    buffers: &Buffers,
    (frame, t, cx): Rest<'_>,
) -> Result<Got> {
    let peeks = flags & MessageFlags::PEEK.bits() != 0;
    let local = t.net.local_mut(id).ok_or(Errno::EBADF)?;
    let stream = local.style == Style::Stream;
    let Some(first) = local.first().cloned() else {
        if let Some(error) = local.error.take() {
            return Err(Stop::Fail(error));
        }
        if local.parted && local.style != Style::Datagram || local.shut.0 {
            return Ok(Got::default());
        }
        if local.peer.is_none() && local.style != Style::Datagram {
            return Err(Stop::Fail(if stream { Errno::EINVAL } else { Errno::ENOTCONN }));
        }
        return wait_for(id, at_once, false, (frame, t, cx)).map(|_| Got::default());
    };
    let wants_credentials = local.wants_credentials;
    let rest = first.bytes.get(first.read..).unwrap_or_default();
    let mut count = copy_out(buffers, rest, t, cx)?;
    let mut files = Vec::new();
    if !peeks {
        if let Some(local) = t.net.local_mut(id) {
            if stream && !(rest.is_empty() && count == 0) {
                files = local.consume(count as usize);
            } else if let Some(message) = local.take() {
                files = message.files;
            }
        }
        if stream {
            count += more_of_stream(id, count, (buffers, &files), t, cx)?;
        }
        adopt(t, cx, (first.cause, first.request));
        waiting::wake_threads(t, cx, Channel::SocketRoom(id));
        if let Some(peer) = t.net.local(id).and_then(|local| local.peer) {
            // poll(2) at the other end waits for room there, under its own name.
            let came = PollEvents::OUT | PollEvents::WRNORM | PollEvents::WRBAND;
            waiting::announce(t, cx, Channel::SocketRoom(peer), 1, came);
        }
    }
    Ok(Got {
        count,
        length: if stream { count } else { rest.len() as u64 },
        from: first.from.as_ref().map(|name| address::of_name(Some(name))),
        credentials: wants_credentials.then_some(first.credentials),
        files,
    })
}

/// A stream does not know where messages end: takes bytes of those behind, up to one that brings open files.
fn more_of_stream(
    id: SocketId,
    done: u64,
    (buffers, files): (&Buffers, &[OpenFileId]),
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    let mut more = 0;
    while done + more < buffers.total() && files.is_empty() {
        let next = t.net.local(id).and_then(|local| local.first());
        let Some(next) = next.filter(|next| next.files.is_empty()) else { break };
        let rest = next.bytes.get(next.read..).unwrap_or_default();
        let step = rest.len().min((buffers.total() - done - more) as usize).min(PAGE as usize);
        let bytes = rest[..step].to_vec();
        // What is not there to be written to is left for the next call.
        if buffers.touch(t, cx, (done + more, step as u64), Access::Store).is_err() {
            break;
        }
        buffers.put(t, cx, done + more, &bytes)?;
        if let Some(local) = t.net.local_mut(id) {
            local.consume(step);
        }
        more += step as u64;
    }
    Ok(more)
}

fn receive_frame(
    id: SocketId,
    (at_once, flags): (bool, u32),
    buffers: &Buffers,
    (frame, t, cx): Rest<'_>,
) -> Result<Got> {
    let Some(Kind::Tap(tap)) = t.net.socket(id).map(|socket| &socket.kind) else {
        return Err(Stop::Fail(Errno::EBADF));
    };
    let Some((port, packet)) = tap.first().cloned() else {
        return wait_for(id, at_once, true, (frame, t, cx)).map(|_| Got::default());
    };
    let count = copy_out(buffers, &packet.bytes, t, cx)?;
    let mut sender = [0; 8];
    sender[..6].copy_from_slice(packet.bytes.get(6..12).unwrap_or(&[0; 6]));
    let protocol = packet.bytes.get(12..14).map_or(0, |b| u16::from_be_bytes([b[0], b[1]]));
    let from = SockAddr::Ll(SockAddrLl {
        protocol,
        interface: Net::index_of(port),
        hardware: 1,
        packet_type: 0,
        length: 6,
        address: sender,
    });
    if flags & MessageFlags::PEEK.bits() == 0 {
        if let Some(Kind::Tap(tap)) = t.net.socket_mut(id).map(|socket| &mut socket.kind) {
            tap.take();
        }
        adopt(t, cx, (packet.cause, packet.request));
    }
    Ok(Got { count, length: packet.bytes.len() as u64, from: Some(from), ..Got::default() })
}
