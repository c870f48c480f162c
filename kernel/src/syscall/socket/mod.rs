//! Calls on sockets (socket(7)).
//!
//! Layers: [`address`] copies addresses in and out; [`name`] gives sockets addresses and asks for them; [`connection`]
//! opens connections and accepts them; [`send`] and [`receive`] move bytes, and are what read(2) and write(2) do, too;
//! [`message`] is sendmsg(2) and recvmsg(2) with what comes along; [`option`](mod@option) sets and reads options.
//!
//! A typical sequence of a server: socket, bind, listen; accept4 finds nobody and parks on the socket's channel; the
//! interrupt brings the segment that completes a handshake, the stack wakes the channel, and the call runs again and
//! finds the connection.

pub mod address;
pub mod connection;
pub mod message;
pub mod name;
pub mod option;
pub mod receive;
pub mod send;

use super::Result;
use super::descriptor::{hold, install};
use super::transfer::Rest;
use crate::abi::flags::OpenFlags;
use crate::abi::flags::SocketFlags;
use crate::abi::flags::file::access_mode::RDWR;
use crate::abi::flags::network::{family, protocol as number, socket_type};
use crate::abi::{Access, Errno};
use crate::base::{Channel, Duration, OpenFileId, RequestId, SocketId};
use crate::context::{Cx, Tables};
use crate::event::{EventId, Wait};
use crate::io::user;
use crate::net::datagram::Datagram;
use crate::net::local::{Credentials, Style};
use crate::net::ports::Protocol;
use crate::net::tap::Tap;
use crate::net::tcp::Tcp;
use crate::net::{Kind, Present};
use crate::proc::{CallFrame, FileKind, Interruptible, Stop, WaitFor, Woken};

/// The bits of socket(2)'s second argument that are the kind.
const TYPE_MASK: u64 = 0xf;

/// socket(2).
///
/// # Errors
/// `EAFNOSUPPORT`, `ESOCKTNOSUPPORT`, `EPROTONOSUPPORT`, `EPERM` for whole frames and raw packets, `EINVAL`, `EMFILE`.
pub fn sys_socket(domain: u64, kind: u64, protocol: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let flags = checked_flags(kind)?;
    let socket = match domain as u32 {
        family::UNIX => open_local(kind, protocol, t, cx)?,
        family::INET => open_inet(kind, protocol, t, cx)?,
        family::PACKET => open_tap(kind, protocol, t, cx)?,
        _ => return Err(Stop::Fail(Errno::EAFNOSUPPORT)),
    };
    install(FileKind::Socket(socket), RDWR | flags, t, cx)
}

fn checked_flags(kind: u64) -> std::result::Result<u32, Errno> {
    let flags = kind as u32 & !(TYPE_MASK as u32);
    let known = (SocketFlags::CLOEXEC | SocketFlags::NONBLOCK).bits();
    if flags & !known != 0 { Err(Errno::EINVAL) } else { Ok(flags) }
}

fn open_inet(kind: u64, protocol: u64, t: &mut Tables, cx: &mut Cx) -> Result<SocketId> {
    let process = t.proc.process_of(cx.caller).ok_or(Errno::ESRCH)?;
    let (namespace, is_root) = (process.namespaces.network, process.cred.is_root());
    let protocol = protocol as u32;
    let own = |proper: u32| protocol == number::IP || protocol == proper;
    let datagram = |proper, number: u32| {
        move |id: SocketId, _| Kind::Datagram(Box::new(Datagram::new(id, proper, number as u8)))
    };
    match (kind & TYPE_MASK) as u32 {
        socket_type::STREAM if own(number::TCP) => {
            Ok(t.net.open(namespace, |id, serial| Kind::Stream(Box::new(Tcp::new(id, serial)))))
        }
        socket_type::DGRAM if protocol == number::ICMP => {
            Ok(t.net.open(namespace, datagram(Protocol::Ping, number::ICMP)))
        }
        socket_type::DGRAM if own(number::UDP) => {
            Ok(t.net.open(namespace, datagram(Protocol::Udp, number::UDP)))
        }
        socket_type::RAW if !is_root => Err(Stop::Fail(Errno::EPERM)),
        socket_type::RAW if protocol != number::IP && protocol < 256 => {
            let socket = t.net.open(namespace, datagram(Protocol::Raw, protocol));
            t.net.bind_if_unbound(socket)?;
            Ok(socket)
        }
        socket_type::STREAM | socket_type::DGRAM | socket_type::RAW => {
            Err(Stop::Fail(Errno::EPROTONOSUPPORT))
        }
        _ => Err(Stop::Fail(Errno::ESOCKTNOSUPPORT)),
    }
}

fn open_tap(kind: u64, protocol: u64, t: &mut Tables, cx: &mut Cx) -> Result<SocketId> {
    if (kind & TYPE_MASK) as u32 != socket_type::RAW {
        return Err(Stop::Fail(Errno::ESOCKTNOSUPPORT));
    }
    let process = t.proc.process_of(cx.caller).ok_or(Errno::ESRCH)?;
    if !process.cred.is_root() {
        return Err(Stop::Fail(Errno::EPERM));
    }
    let namespace = process.namespaces.network;
    let tap = Tap::new(u16::from_be(protocol as u16));
    Ok(t.net.open(namespace, |_, _| Kind::Tap(tap)))
}

fn open_local(kind: u64, protocol: u64, t: &mut Tables, cx: &mut Cx) -> Result<SocketId> {
    let style = match (kind & TYPE_MASK) as u32 {
        socket_type::STREAM => Style::Stream,
        // A raw one is a datagram socket, as on Linux.
        socket_type::DGRAM | socket_type::RAW => Style::Datagram,
        socket_type::SEQPACKET => Style::Packets,
        _ => return Err(Stop::Fail(Errno::ESOCKTNOSUPPORT)),
    };
    if protocol > 1 {
        return Err(Stop::Fail(Errno::EPROTONOSUPPORT));
    }
    let namespace = t.proc.process_of(cx.caller).ok_or(Errno::ESRCH)?.namespaces.network;
    let owner = credentials(t, cx);
    Ok(t.net.open_local(namespace, style, owner))
}

/// Who the caller is, for whoever asks at the other end.
fn credentials(t: &Tables, cx: &Cx) -> Credentials {
    t.proc.process_of(cx.caller).map_or_else(Credentials::default, |process| Credentials {
        pid: process.pid,
        user: process.cred.euid,
        group: process.cred.egid,
    })
}

/// socketpair(2).
///
/// # Errors
/// `EAFNOSUPPORT`, `EOPNOTSUPP` for families without pairs, and as [`sys_socket`]; `EFAULT`.
pub fn sys_socketpair(
    [domain, kind, protocol, place]: [u64; 4],
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    let flags = checked_flags(kind)?;
    match domain as u32 {
        family::UNIX => {}
        family::INET | family::PACKET => return Err(Stop::Fail(Errno::EOPNOTSUPP)),
        _ => return Err(Stop::Fail(Errno::EAFNOSUPPORT)),
    }
    user::touch(t, cx, place, 8, Access::Store)?;
    let limit = t.proc.descriptor_limit(cx.caller);
    let table = t.proc.files_of(cx.caller).ok_or(Errno::EBADF)?;
    let first = table.lowest_free(0, limit)?;
    table.lowest_free(first + 1, limit)?;
    let one = open_local(kind, protocol, t, cx)?;
    let other = open_local(kind, protocol, t, cx)?;
    t.net.join(one, other);
    let a = install(FileKind::Socket(one), RDWR | flags, t, cx)?;
    let b = install(FileKind::Socket(other), RDWR | flags, t, cx)?;
    let numbers = [(a as u32).to_le_bytes(), (b as u32).to_le_bytes()].concat();
    user::write(t, cx, place, &numbers)?;
    Ok(0)
}

/// The open file of a descriptor, held until the call ends, and the socket behind it.
fn find(fd: u64, (frame, t, cx): Rest<'_>) -> std::result::Result<(OpenFileId, SocketId), Errno> {
    let file = hold(t, cx, frame, fd)?;
    Ok((file, socket_of(t, file)?))
}

/// The socket behind an open file.
pub(super) fn socket_of(t: &Tables, file: OpenFileId) -> std::result::Result<SocketId, Errno> {
    match t.proc.open.get(file).map(|file| file.kind) {
        Some(FileKind::Socket(socket)) => Ok(socket),
        Some(_) => Err(Errno::ENOTSOCK),
        None => Err(Errno::EBADF),
    }
}

fn is_nonblocking(t: &Tables, file: OpenFileId) -> bool {
    let flags = t.proc.open.get(file).map_or(0, |file| file.flags);
    flags & OpenFlags::NONBLOCK.bits() != 0
}

/// Whether a socket is a stream of bytes, which may take a part of what it is given.
#[must_use]
pub(super) fn is_stream(t: &Tables, id: SocketId) -> bool {
    match t.net.socket(id).map(|socket| &socket.kind) {
        Some(Kind::Stream(_)) => true,
        Some(Kind::Local(local)) => local.style == Style::Stream,
        _ => false,
    }
}

/// How a call on a socket waits.
struct Waiting {
    channel: Channel,
    /// SO_RCVTIMEO or SO_SNDTIMEO.
    timeout: Option<Duration>,
    exclusive: bool,
    /// Whether it fails instead.
    at_once: bool,
}

/// Nothing is there yet: the call fails, or ends, or waits.
fn wait(waiting: Waiting, frame: &mut CallFrame) -> Result {
    let nothing =
        if frame.progress > 0 { Ok(frame.progress) } else { Err(Stop::Fail(Errno::EAGAIN)) };
    if waiting.at_once {
        return nothing;
    }
    if let Some(count) = frame.interrupted()? {
        return Ok(count);
    }
    if frame.woken == Some(Woken::Deadline) {
        return nothing;
    }
    if let Some(timeout) = waiting.timeout {
        frame.deadline.get_or_insert(frame.entered + timeout);
    }
    let wait = WaitFor::channel(waiting.channel, Wait::Socket, Interruptible::UnlessRestarted);
    Err(Stop::Park(WaitFor { exclusive: waiting.exclusive, deadline: frame.deadline, ..wait }))
}

/// Who reads something goes on because of who sent it, and serves the same request.
fn adopt(t: &mut Tables, cx: &mut Cx, (cause, request): (EventId, RequestId)) {
    (cx.cause, cx.request) = (cause, request);
    if let Some(thread) = t.proc.threads.get_mut(cx.caller) {
        if thread.is_asker && thread.request == request {
            // The answer to what this thread itself has asked.
            thread.is_answered = true;
        } else {
            thread.is_asker = false;
            thread.is_answered = false;
        }
        (thread.cause, thread.request) = (cause, request);
    }
}

/// Who sends something without serving anybody begins a request of its own; so does who has had the answer to the last
/// one.
fn begin_request(t: &mut Tables, cx: &mut Cx) {
    let Some(thread) = t.proc.threads.get_mut(cx.caller) else { return };
    let is_over = thread.is_asker && thread.is_answered;
    if thread.request == RequestId::NONE || is_over {
        let request = cx.new_request();
        thread.request = request;
        thread.is_asker = true;
        thread.is_answered = false;
    }
    cx.request = thread.request;
}

/// Lets the stack do something on behalf of the caller, and acts on what that leads to.
fn with_net<R>(
    t: &mut Tables,
    cx: &mut Cx,
    act: impl FnOnce(&mut crate::net::Net, &mut Present) -> R,
) -> R {
    crate::task::network::using(t, cx, act)
}
