//! Connections: connect(2), listen(2), accept4(2), shutdown(2).

use super::address::{self, Place};
use super::name::{find_local, own_name, part};
use super::{Waiting, begin_request, find, is_nonblocking, wait, with_net};
use crate::abi::Errno;
use crate::abi::flags::file::access_mode::RDWR;
use crate::abi::flags::network::{AcceptFlags, family, shutdown};
use crate::abi::types::SockAddr;
use crate::base::{Channel, SocketId};
use crate::io::user;
use crate::net::Kind;
use crate::net::local::Style;
use crate::net::tcp::State;
use crate::proc::{FileKind, Stop, Woken};
use crate::syscall::Result;
use crate::syscall::descriptor::install;
use crate::syscall::transfer::Rest;
use crate::task::wait as waiting;

/// Most connections that may wait to be accepted (net.core.somaxconn).
const MOST_WAITING: u64 = 4096;

/// connect(2).
///
/// # Errors
/// `EBADF`, `ENOTSOCK`, `EAFNOSUPPORT`, `EISCONN`, `EALREADY`, `EINPROGRESS`, `ECONNREFUSED`, `ETIMEDOUT`,
/// `ENETUNREACH`, `EHOSTUNREACH`, `EADDRNOTAVAIL`, `EINTR`, `EFAULT`, `EPROTOTYPE`, `EAGAIN`; parks.
pub fn sys_connect(fd: u64, at: u64, length: u64, (frame, t, cx): Rest<'_>) -> Result {
    let (file, id) = find(fd, (frame, t, cx))?;
    let at_once = is_nonblocking(t, file);
    if frame.stage > 0 {
        return await_connection(id, at_once, (frame, t, cx));
    }
    let mut head = [0; 2];
    if length < 2 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    user::read(t, cx, at, &mut head)?;
    if u32::from(u16::from_le_bytes(head)) == family::UNSPEC {
        return part(id, (frame, t, cx));
    }
    let asked = address::read(t, cx, at, length)?;
    match (t.net.socket(id).map(|socket| &socket.kind), asked) {
        (Some(Kind::Stream(_)), asked) => {
            let to = address::internet(&asked)?;
            if let Some(error) = t.net.socket_mut(id).and_then(|socket| socket.take_error()) {
                return Err(Stop::Fail(error));
            }
            begin_request(t, cx);
            with_net(t, cx, |net, present| net.connect(id, to, present))?;
            frame.stage = 1;
            await_connection(id, at_once, (frame, t, cx))
        }
        (Some(Kind::Datagram(_)), asked) => {
            let to = address::internet(&asked)?;
            t.net.connect_datagram(id, Some(to))?;
            Ok(0)
        }
        (Some(Kind::Local(_)), SockAddr::Un(asked)) => {
            let to = find_local(id, &asked, (frame, t, cx))?;
            let connected = with_net(t, cx, |net, present| net.connect_local(id, to, present));
            match connected {
                // The queue of the listening socket is full: there may be room later.
                Err(Errno::EAGAIN) if !at_once => {
                    frame.interrupted()?;
                    let timeout = t.net.socket(id).and_then(|socket| socket.send_timeout);
                    let channel = Channel::SocketRoom(to);
                    wait(Waiting { channel, timeout, exclusive: false, at_once }, frame)
                }
                result => Ok(result.map(|()| 0)?),
            }
        }
        (Some(Kind::Local(_)), _) => Err(Stop::Fail(Errno::EINVAL)),
        _ => Err(Stop::Fail(Errno::EOPNOTSUPP)),
    }
}

/// The SYN is out: waits for what becomes of it.
fn await_connection(id: SocketId, at_once: bool, (frame, t, _): Rest<'_>) -> Result {
    let socket = t.net.socket_mut(id).ok_or(Errno::EBADF)?;
    let timeout = socket.send_timeout;
    let state = socket.stream().map_or(State::Closed, |tcp| tcp.state);
    match state {
        State::SynSent | State::SynReceived => {
            if at_once || frame.woken == Some(Woken::Deadline) {
                return Err(Stop::Fail(Errno::EINPROGRESS));
            }
            let channel = Channel::SocketRoom(id);
            wait(Waiting { channel, timeout, exclusive: false, at_once }, frame)
        }
        State::Closed => {
            let error = socket.take_error().unwrap_or(Errno::ECONNABORTED);
            if let Some(tcp) = socket.stream_mut() {
                // It may be tried again.
                tcp.reset = false;
            }
            Err(Stop::Fail(error))
        }
        _ => Ok(0),
    }
}

/// listen(2).
///
/// # Errors
/// `EBADF`, `ENOTSOCK`, `EOPNOTSUPP`, `EINVAL`, `EADDRINUSE`.
pub fn sys_listen(fd: u64, backlog: u64, (frame, t, cx): Rest<'_>) -> Result {
    let (_, id) = find(fd, (frame, t, cx))?;
    // A number below zero is a large one, as on Linux.
    let backlog = u64::from(backlog as u32).min(MOST_WAITING) as usize;
    match t.net.socket_mut(id).map(|socket| &mut socket.kind) {
        Some(Kind::Stream(_)) => {
            with_net(t, cx, |net, present| net.listen(id, backlog, present))?;
        }
        Some(Kind::Local(local)) if local.style != Style::Datagram => {
            if local.name.is_none() || local.peer.is_some() {
                return Err(Stop::Fail(Errno::EINVAL));
            }
            local.backlog = Some(backlog);
        }
        _ => return Err(Stop::Fail(Errno::EOPNOTSUPP)),
    }
    Ok(0)
}

/// accept4(2); accept(2) is the same without flags.
///
/// # Errors
/// `EBADF`, `ENOTSOCK`, `EOPNOTSUPP`, `EINVAL` if it does not listen, `EAGAIN`, `EINTR`, `EMFILE`, `EFAULT`; parks.
pub fn sys_accept4([fd, at, length, flags]: [u64; 4], (frame, t, cx): Rest<'_>) -> Result {
    let flags = flags as u32;
    if flags & !(AcceptFlags::CLOEXEC | AcceptFlags::NONBLOCK).bits() != 0 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let (file, id) = find(fd, (frame, t, cx))?;
    let socket = t.net.socket(id).ok_or(Errno::EBADF)?;
    let timeout = socket.receive_timeout;
    let (listens, waits) = match &socket.kind {
        Kind::Stream(tcp) => {
            let listener = tcp.listener.as_ref();
            (listener.is_some(), listener.is_none_or(|listener| listener.ready.is_empty()))
        }
        Kind::Local(local) if local.style != Style::Datagram => {
            (local.backlog.is_some(), local.ready.is_empty())
        }
        _ => return Err(Stop::Fail(Errno::EOPNOTSUPP)),
    };
    if !listens {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    if waits {
        let at_once = is_nonblocking(t, file);
        let channel = Channel::Socket(id);
        return wait(Waiting { channel, timeout, exclusive: true, at_once }, frame);
    }
    let place = Place::look(t, cx, at, length)?;
    let limit = t.proc.descriptor_limit(cx.caller);
    t.proc.files_of(cx.caller).ok_or(Errno::EBADF)?.lowest_free(0, limit)?;
    let child = match t.net.socket_mut(id).map(|socket| &mut socket.kind) {
        Some(Kind::Local(local)) => local.ready.pop_front(),
        _ => t.net.accept(id),
    };
    let child = child.ok_or(Errno::EAGAIN)?;
    waiting::wake_threads(t, cx, Channel::SocketRoom(id));
    let peer = match t.net.socket(child).map(|socket| &socket.kind) {
        Some(Kind::Stream(tcp)) => {
            let tag = tcp.tag;
            let remote = address::of(tcp.remote);
            super::adopt(t, cx, tag);
            Some(remote)
        }
        Some(Kind::Local(local)) => match local.peer {
            Some(peer) => own_name(&t.net, peer),
            None => Some(address::of_name(None)),
        },
        _ => None,
    };
    let fd = install(FileKind::Socket(child), RDWR | flags, t, cx)?;
    if let (Some(place), Some(peer)) = (place, peer) {
        place.write(t, cx, &peer)?;
    }
    Ok(fd)
}

/// shutdown(2).
///
/// # Errors
/// `EBADF`, `ENOTSOCK`, `EINVAL`, `ENOTCONN`.
pub fn sys_shutdown(fd: u64, how: u64, (frame, t, cx): Rest<'_>) -> Result {
    let (_, id) = find(fd, (frame, t, cx))?;
    let (read, write) = match how as u32 {
        shutdown::RD => (true, false),
        shutdown::WR => (false, true),
        shutdown::RDWR => (true, true),
        _ => return Err(Stop::Fail(Errno::EINVAL)),
    };
    match t.net.socket_mut(id).map(|socket| &mut socket.kind) {
        Some(Kind::Stream(tcp)) => {
            if matches!(tcp.state, State::Closed | State::Listen) && tcp.listener.is_none() {
                return Err(Stop::Fail(Errno::ENOTCONN));
            }
            with_net(t, cx, |net, present| net.shut_stream(id, (read, write), present));
        }
        Some(Kind::Datagram(datagram)) => {
            let is_connected = datagram.remote.is_some();
            datagram.shut = (datagram.shut.0 || read, datagram.shut.1 || write);
            waiting::wake_all(t, cx, Channel::Socket(id));
            if !is_connected {
                return Err(Stop::Fail(Errno::ENOTCONN));
            }
        }
        Some(Kind::Local(local)) => {
            if local.peer.is_none() && !local.parted && local.style != Style::Datagram {
                return Err(Stop::Fail(Errno::ENOTCONN));
            }
            with_net(t, cx, |net, now| net.shut_local(id, (read, write), now))?;
        }
        _ => return Err(Stop::Fail(Errno::EOPNOTSUPP)),
    }
    Ok(0)
}
