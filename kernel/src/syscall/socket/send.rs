//! Sending: sendto(2), and what write(2) does to a socket.

use super::address;
use super::name::find_local;
use super::{Waiting, begin_request, credentials, find, is_nonblocking, wait, with_net};
use crate::abi::flags::network::MessageFlags;
use crate::abi::signal::{Signal, code};
use crate::abi::types::{SockAddr, SockAddrLl};
use crate::abi::{Access, Errno};
use crate::base::{Channel, OpenFileId, PortId, SocketId};
use crate::context::{Cx, Tables};
use crate::driver::bus::Driver;
use crate::hw::nic::{MAX_PACKET, MIN_PACKET};
use crate::io::user::STEP_PAGES;
use crate::net::Kind;
use crate::net::datagram::MAX_PAYLOAD;
use crate::net::local::{Message, Style};
use crate::net::tcp::State;
use crate::proc::Stop;
use crate::syscall::Result;
use crate::syscall::transfer::{Buffers, PAGE, Rest};
use crate::task::effects;
use crate::task::signal::{self, Target};
use std::net::SocketAddrV4;

/// What goes along with the bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Along {
    /// MSG_DONTWAIT and its kin.
    pub(super) flags: u32,
    /// Where to, if not to the partner.
    pub(super) to: Option<SockAddr>,
    /// Open files to be handed over.
    pub(super) files: Vec<OpenFileId>,
}

/// sendto(2).
///
/// # Errors
/// `EBADF`, `ENOTSOCK`, `EINVAL`, `EMSGSIZE`, `EDESTADDRREQ`, `ENOTCONN`, `EPIPE` with SIGPIPE, `ECONNRESET`, `EAGAIN`,
/// `EINTR`, `ENETUNREACH`, `EACCES`, `ENXIO` without an interface, `EFAULT`; parks.
pub fn sys_sendto(
    [fd, buffer, length, flags, at, address_length]: [u64; 6],
    (frame, t, cx): Rest<'_>,
) -> Result {
    let (file, _) = find(fd, (frame, t, cx))?;
    let buffers = Buffers::one(buffer, length)?;
    let to = match at {
        0 => None,
        _ => Some(address::read(t, cx, at, address_length)?),
    };
    let along = Along { flags: flags as u32, to, files: Vec::new() };
    send(file, &buffers, &along, (frame, t, cx))
}

/// What write(2) and writev(2) do.
///
/// # Errors
/// As [`sys_sendto`].
pub fn write(file: OpenFileId, buffers: &Buffers, rest: Rest<'_>) -> Result {
    send(file, buffers, &Along::default(), rest)
}

/// What all calls that send have in common.
pub(super) fn send(
    file: OpenFileId,
    buffers: &Buffers,
    along: &Along,
    (frame, t, cx): Rest<'_>,
) -> Result {
    let id = super::socket_of(t, file)?;
    let at_once = is_nonblocking(t, file) || along.flags & MessageFlags::DONTWAIT.bits() != 0;
    let sent = match t.net.socket(id).map(|socket| &socket.kind) {
        Some(Kind::Stream(_)) => send_stream(id, at_once, buffers, (frame, t, cx)),
        Some(Kind::Datagram(_)) => send_datagram(id, buffers, along, (frame, t, cx)),
        Some(Kind::Local(_)) => send_local(id, at_once, buffers, along, (frame, t, cx)),
        Some(Kind::Tap(_)) => send_frame(id, buffers, along, (frame, t, cx)),
        None => Err(Stop::Fail(Errno::EBADF)),
    };
    if matches!(sent, Err(Stop::Fail(Errno::EPIPE)))
        && along.flags & MessageFlags::NOSIGNAL.bits() == 0
        && has_connections(t, id)
    {
        signal::send(t, cx, Target::Thread(cx.caller), Signal::PIPE, code::SI_USER, 0);
    }
    sent
}

fn has_connections(t: &Tables, id: SocketId) -> bool {
    match t.net.socket(id).map(|socket| &socket.kind) {
        Some(Kind::Stream(_)) => true,
        Some(Kind::Local(local)) => local.style != Style::Datagram,
        _ => false,
    }
}

fn send_stream(id: SocketId, at_once: bool, buffers: &Buffers, (frame, t, cx): Rest<'_>) -> Result {
    let total = buffers.total();
    loop {
        let socket = t.net.socket_mut(id).ok_or(Errno::EBADF)?;
        let timeout = socket.send_timeout;
        let channel = Channel::SocketRoom(id);
        let waiting = Waiting { channel, timeout, exclusive: false, at_once };
        let Some(tcp) = socket.stream_mut() else { return Err(Stop::Fail(Errno::EINVAL)) };
        if frame.progress > 0 && (frame.progress >= total || !tcp.can_send()) {
            return Ok(frame.progress);
        }
        if let Some(error) = tcp.error.take() {
            return Err(Stop::Fail(error));
        }
        if matches!(tcp.state, State::SynSent | State::SynReceived) {
            return wait(waiting, frame);
        }
        if !tcp.can_send() {
            return Err(Stop::Fail(Errno::EPIPE));
        }
        if total == 0 {
            return Ok(0);
        }
        let room = tcp.room() as u64;
        if room == 0 {
            return wait(waiting, frame);
        }
        let step = room.min(total - frame.progress).min(STEP_PAGES * PAGE);
        buffers.touch(t, cx, (frame.progress, step), Access::Load)?;
        let bytes = buffers.get(t, cx, frame.progress, step)?;
        begin_request(t, cx);
        let tag = (cx.cause, cx.request);
        frame.progress += step;
        let more = frame.progress < total;
        with_net(t, cx, |net, present| {
            net.with_stream(id, present, |tcp, present| {
                tcp.unsent.push(&bytes, tag.0, tag.1);
                // What follows at once goes into the same segments.
                if !more || tcp.room() == 0 {
                    tcp.output(present);
                }
            });
        });
    }
}

fn send_datagram(id: SocketId, buffers: &Buffers, along: &Along, (_, t, cx): Rest<'_>) -> Result {
    let to: Option<SocketAddrV4> = along.to.as_ref().map(address::internet).transpose()?;
    let length = buffers.total();
    if length > MAX_PAYLOAD as u64 {
        return Err(Stop::Fail(Errno::EMSGSIZE));
    }
    let bytes = take_all(buffers, t, cx)?;
    begin_request(t, cx);
    with_net(t, cx, |net, present| net.send_to(id, to, &bytes, present))?;
    Ok(length)
}

/// All bytes of a message, however many pages they are in.
fn take_all(buffers: &Buffers, t: &mut Tables, cx: &mut Cx) -> Result<Vec<u8>> {
    let (length, step) = (buffers.total(), STEP_PAGES * PAGE);
    let mut bytes = Vec::new();
    while (bytes.len() as u64) < length {
        let from = bytes.len() as u64;
        bytes.extend(buffers.get(t, cx, from, step.min(length - from))?);
    }
    Ok(bytes)
}

fn send_local(
    id: SocketId,
    at_once: bool,
    buffers: &Buffers,
    along: &Along,
    (frame, t, cx): Rest<'_>,
) -> Result {
    let total = buffers.total();
    let local = t.net.local(id).ok_or(Errno::EBADF)?;
    let (style, name, parted) = (local.style, local.name.clone(), local.parted);
    let peer = local.peer;
    let to = match (&along.to, style) {
        (Some(SockAddr::Un(asked)), Style::Datagram) => {
            let asked = asked.clone();
            find_local(id, &asked, (frame, t, cx))?
        }
        (Some(_), Style::Datagram) => return Err(Stop::Fail(Errno::EINVAL)),
        (Some(_), _) if peer.is_some() => return Err(Stop::Fail(Errno::EISCONN)),
        (_, Style::Datagram) => peer.ok_or(Errno::ENOTCONN)?,
        _ if parted => return Err(Stop::Fail(Errno::EPIPE)),
        _ => peer.ok_or(Errno::ENOTCONN)?,
    };
    if style != Style::Stream && total > 212_992 - 32 {
        return Err(Stop::Fail(Errno::EMSGSIZE));
    }
    loop {
        if frame.progress > 0 && frame.progress >= total {
            return Ok(frame.progress);
        }
        let there = t.net.local(to);
        if there.is_some_and(|there| !there.has_room() && !there.shut.0) {
            let timeout = t.net.socket(id).and_then(|socket| socket.send_timeout);
            let channel = Channel::SocketRoom(to);
            return wait(Waiting { channel, timeout, exclusive: false, at_once }, frame);
        }
        let left = total - frame.progress;
        let bytes = if style == Style::Stream {
            let room = there.map_or(left, |there| there.room() as u64);
            let step = left.min(room).min(STEP_PAGES * PAGE);
            buffers.get(t, cx, frame.progress, step)?
        } else {
            take_all(buffers, t, cx)?
        };
        begin_request(t, cx);
        let count = bytes.len() as u64;
        let files = if frame.progress == 0 { along.files.clone() } else { Vec::new() };
        for file in &files {
            t.proc.open.hold(*file);
        }
        let message = Message {
            bytes,
            read: 0,
            from: name.clone(),
            credentials: credentials(t, cx),
            files,
            cause: cx.cause,
            request: cx.request,
        };
        let held = message.files.clone();
        let sent = with_net(t, cx, |net, now| net.send_local((id, to), message, now));
        if let Err(error) = sent {
            for file in held {
                crate::task::files::release(t, cx, file);
            }
            return if frame.progress > 0 { Ok(frame.progress) } else { Err(Stop::Fail(error)) };
        }
        frame.progress += count;
        if style != Style::Stream || total == 0 {
            return Ok(count);
        }
    }
}

/// Sends a whole frame. The interface is the one named, or the one bound to.
fn send_frame(id: SocketId, buffers: &Buffers, along: &Along, (_, t, cx): Rest<'_>) -> Result {
    let socket = t.net.socket(id).ok_or(Errno::EBADF)?;
    let namespace = socket.namespace;
    let bound = if let Kind::Tap(tap) = &socket.kind { tap.port } else { None };
    let named: Option<PortId> = match &along.to {
        None => None,
        Some(SockAddr::Ll(SockAddrLl { interface: 0, .. })) => None,
        Some(SockAddr::Ll(SockAddrLl { interface, .. })) => {
            Some(t.net.by_index(namespace, *interface).ok_or(Errno::ENXIO)?)
        }
        Some(_) => return Err(Stop::Fail(Errno::EINVAL)),
    };
    let port = named.or(bound).ok_or(Errno::ENXIO)?;
    let length = buffers.total();
    if length > MAX_PACKET as u64 {
        return Err(Stop::Fail(Errno::EMSGSIZE));
    }
    if length < MIN_PACKET as u64 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let bytes = buffers.get(t, cx, 0, length)?;
    cx.charge(cx.costs.packet);
    let device = t.net.interface(port).and_then(|interface| interface.device);
    effects::using(t, cx, device.ok_or(Errno::ENXIO)?, |driver, device, wires| {
        if let Some(Driver::Net(driver)) = driver {
            driver.transmit(&bytes, device, wires);
        }
    });
    Ok(length)
}
