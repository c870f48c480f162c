//! Calls on sockets: so far packet sockets (packet(7)), which carry whole Ethernet frames, and the names of Unix-domain
//! sockets.

use super::Result;
use super::descriptor::{hold, install};
use super::transfer::Rest;
use crate::abi::flags::SocketFlags;
use crate::abi::{Access, Errno};
use crate::base::{Channel, OpenFileId, PortId, SocketId};
use crate::context::{Cx, Tables};
use crate::driver::bus::Driver;
use crate::event::Wait;
use crate::hw::nic::{MAX_PACKET, MIN_PACKET};
use crate::io::{effects, user};
use crate::proc::{CallFrame, FileKind, Interruptible, Stop, WaitFor};

/// Address family of Unix-domain sockets.
pub const AF_UNIX: u64 = 1;
/// Address family of packet sockets.
pub const AF_PACKET: u64 = 17;
/// Socket type: frames with their headers.
pub const SOCK_RAW: u64 = 3;
/// Length of `struct sockaddr_ll`.
pub const SOCKADDR_LL: u64 = 20;
/// Flag of recvfrom(2): do not wait.
const MSG_DONTWAIT: u64 = 0x40;

/// socket(2).
///
/// # Errors
/// `EAFNOSUPPORT` for families that are to come, `ESOCKTNOSUPPORT`, `EPERM`, `EMFILE`.
pub fn sys_socket(family: u64, kind: u64, protocol: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    if family == AF_UNIX {
        return unix_socket(kind, protocol, t, cx);
    }
    if family != AF_PACKET {
        return Err(Stop::Fail(Errno::EAFNOSUPPORT));
    }
    if kind & 0xf != SOCK_RAW {
        return Err(Stop::Fail(Errno::ESOCKTNOSUPPORT));
    }
    let process = t.proc.process_of(cx.caller).ok_or(Errno::ESRCH)?;
    if !process.cred.is_root() {
        return Err(Stop::Fail(Errno::EPERM));
    }
    let namespace = process.namespaces.network;
    let socket = t.net.open(namespace, u16::from_be(protocol as u16));
    let close_on_exec = kind as u32 & SocketFlags::CLOEXEC.bits();
    install(
        FileKind::Socket(socket),
        crate::abi::flags::file::access_mode::RDWR | close_on_exec,
        t,
        cx,
    )
}

/// A Unix-domain socket (unix(7)). So far it can be given a name, and nothing else.
fn unix_socket(kind: u64, protocol: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    const STREAM: u64 = 1;
    const DATAGRAM: u64 = 2;
    const PACKETS: u64 = 5;
    if !matches!(kind & 0xf, STREAM | DATAGRAM | PACKETS) {
        return Err(Stop::Fail(Errno::ESOCKTNOSUPPORT));
    }
    if protocol > 1 {
        return Err(Stop::Fail(Errno::EPROTONOSUPPORT));
    }
    let namespace = t.proc.process_of(cx.caller).ok_or(Errno::ESRCH)?.namespaces.network;
    let socket = t.net.open_unix(namespace);
    let close_on_exec = kind as u32 & SocketFlags::CLOEXEC.bits();
    let mode = crate::abi::flags::file::access_mode::RDWR;
    install(FileKind::Socket(socket), mode | close_on_exec, t, cx)
}

/// Gives a Unix-domain socket a name in the tree of files.
fn bind_unix(id: SocketId, address: u64, length: u64, (frame, t, cx): Rest<'_>) -> Result {
    /// The longest path, of `struct sockaddr_un`.
    const PATH: u64 = 108;
    if !(3..=2 + PATH).contains(&length) {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let mut bytes = vec![0; length as usize];
    user::read(t, cx, address, &mut bytes)?;
    let (family, path) = bytes.split_first_chunk::<2>().ok_or(Errno::EINVAL)?;
    if u64::from(u16::from_le_bytes(*family)) != AF_UNIX {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let path = path.split(|byte| *byte == 0).next().unwrap_or_default();
    let path = std::str::from_utf8(path).map_err(|_| Errno::EINVAL)?.to_owned();
    if path.is_empty() {
        // Names outside of the tree ("abstract") come with the rest of these sockets.
        return Err(Stop::Fail(Errno::EINVAL));
    }
    if t.net.socket(id).is_some_and(|socket| socket.is_bound) {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    super::names::make_socket(&path, 0o777, (frame, t, cx))?;
    if let Some(socket) = t.net.socket_mut(id) {
        socket.is_bound = true;
    }
    Ok(0)
}

/// The socket behind an open file.
fn socket_of(t: &Tables, file: OpenFileId) -> std::result::Result<SocketId, Errno> {
    match t.proc.open.get(file).map(|file| file.kind) {
        Some(FileKind::Socket(socket)) => Ok(socket),
        Some(_) => Err(Errno::ENOTSOCK),
        None => Err(Errno::EBADF),
    }
}

/// Reads protocol and interface out of a `struct sockaddr_ll`.
fn read_address(
    t: &mut Tables,
    cx: &mut Cx,
    address: u64,
    length: u64,
) -> Result<(u16, Option<PortId>)> {
    if length < SOCKADDR_LL {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let mut bytes = [0; SOCKADDR_LL as usize];
    user::read(t, cx, address, &mut bytes)?;
    let [family_low, family_high, protocol_high, protocol_low, index @ ..] = bytes;
    if u64::from(u16::from_le_bytes([family_low, family_high])) != AF_PACKET {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let index = index.first_chunk().map_or(0, |bytes| i32::from_le_bytes(*bytes));
    let port = match index {
        0 => None,
        n => Some(PortId(u16::try_from(i64::from(n) - 1).map_err(|_| Errno::ENODEV)?)),
    };
    if port.is_some_and(|port| t.net.interface(port).is_none()) {
        return Err(Stop::Fail(Errno::ENODEV));
    }
    Ok((u16::from_be_bytes([protocol_high, protocol_low]), port))
}

/// bind(2): to an interface and a protocol.
///
/// # Errors
/// `EBADF`, `ENOTSOCK`, `EINVAL`, `ENODEV`, `EFAULT`.
pub fn sys_bind(
    fd: u64,
    address: u64,
    length: u64,
    frame: &mut CallFrame,
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    let file = hold(t, cx, frame, fd)?;
    let socket = socket_of(t, file)?;
    if t.net.socket(socket).is_some_and(|socket| socket.is_unix) {
        return bind_unix(socket, address, length, (frame, t, cx));
    }
    let (protocol, port) = read_address(t, cx, address, length)?;
    let socket = t.net.socket_mut(socket).ok_or(Errno::EBADF)?;
    socket.port = port;
    if protocol != 0 {
        socket.protocol = protocol;
    }
    Ok(0)
}

/// sendto(2). The interface is the one named, or the one bound to.
///
/// # Errors
/// `EBADF`, `ENOTSOCK`, `EINVAL`, `EMSGSIZE`, `ENXIO` without an interface, `EFAULT`.
pub fn sys_sendto(
    [fd, buffer, length, _flags, address, address_length]: [u64; 6],
    frame: &mut CallFrame,
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    let file = hold(t, cx, frame, fd)?;
    send(file, (buffer, length), (address, address_length), (frame, t, cx))
}

/// What sendto(2) and write(2) do.
///
/// # Errors
/// As [`sys_sendto`].
pub fn send(
    file: OpenFileId,
    (buffer, length): (u64, u64),
    (address, address_length): (u64, u64),
    (_frame, t, cx): (&mut CallFrame, &mut Tables, &mut Cx),
) -> Result {
    let socket = socket_of(t, file)?;
    let named = if address == 0 { None } else { read_address(t, cx, address, address_length)?.1 };
    let bound = t.net.socket_mut(socket).and_then(|socket| socket.port);
    let port = named.or(bound).ok_or(Errno::ENXIO)?;
    if length > MAX_PACKET as u64 {
        return Err(Stop::Fail(Errno::EMSGSIZE));
    }
    if length < MIN_PACKET as u64 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let mut bytes = vec![0; length as usize];
    user::read(t, cx, buffer, &mut bytes)?;
    cx.charge(cx.costs.packet);
    let device = t.net.interface(port).map(|interface| interface.device).ok_or(Errno::ENXIO)?;
    effects::using(t, cx, device, |driver, device, wires| {
        if let Some(Driver::Net(driver)) = driver {
            driver.transmit(&bytes, device, wires);
        }
    });
    Ok(length)
}

/// recvfrom(2).
///
/// # Errors
/// `EBADF`, `ENOTSOCK`, `EAGAIN` with MSG_DONTWAIT, `EINTR`, `EFAULT`; parks.
pub fn sys_recvfrom(
    [fd, buffer, length, flags, address, address_length]: [u64; 6],
    frame: &mut CallFrame,
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    let file = hold(t, cx, frame, fd)?;
    receive(file, (buffer, length, flags), (address, address_length), (frame, t, cx))
}

/// What recvfrom(2) and read(2) do. What does not fit the buffer is lost, as packets are.
///
/// # Errors
/// As [`sys_recvfrom`].
pub fn receive(
    file: OpenFileId,
    (buffer, length, flags): (u64, u64, u64),
    (address, address_length): (u64, u64),
    (frame, t, cx): (&mut CallFrame, &mut Tables, &mut Cx),
) -> Result {
    let socket = socket_of(t, file)?;
    let first = t.net.socket_mut(socket).ok_or(Errno::EBADF)?.first().cloned();
    let Some((port, packet)) = first else {
        if flags & MSG_DONTWAIT != 0 {
            return Err(Stop::Fail(Errno::EAGAIN));
        }
        if let Some(count) = frame.interrupted()? {
            return Ok(count);
        }
        let wait =
            WaitFor::channel(Channel::Socket(socket), Wait::Socket, Interruptible::UnlessRestarted);
        return Err(Stop::Park(WaitFor { exclusive: true, ..wait }));
    };
    let count = packet.bytes.len().min(length as usize);
    user::touch(t, cx, buffer, count as u64, Access::Store)?;
    if address != 0 {
        let mut sender = [0; SOCKADDR_LL as usize];
        sender[..2].copy_from_slice(&(AF_PACKET as u16).to_le_bytes());
        sender[2..4].copy_from_slice(&packet.bytes[12..14]);
        sender[4..8].copy_from_slice(&(i32::from(port.0) + 1).to_le_bytes());
        sender[11] = 6;
        sender[12..18].copy_from_slice(&packet.bytes[6..12]);
        user::write(t, cx, address_length, &(SOCKADDR_LL as u32).to_le_bytes())?;
        user::write(t, cx, address, &sender)?;
    }
    user::write(t, cx, buffer, &packet.bytes[..count])?;
    if let Some(socket) = t.net.socket_mut(socket) {
        socket.take();
    }
    // Who reads a packet goes on because of it, and serves the request that it belongs to.
    cx.cause = packet.cause;
    cx.request = packet.request;
    if let Some(thread) = t.proc.threads.get_mut(cx.caller) {
        thread.cause = packet.cause;
        thread.request = packet.request;
    }
    Ok(count as u64)
}
