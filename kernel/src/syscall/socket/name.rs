//! Addresses of sockets: bind(2), getsockname(2), getpeername(2).

use super::address::{self, Place};
use super::{find, with_net};
use crate::abi::Errno;
use crate::abi::flags::file::AT_FDCWD;
use crate::abi::types::{SockAddr, SockAddrLl, SockAddrUn};
use crate::base::{InodeId, SocketId};
use crate::io::walk;
use crate::net::local::Name;
use crate::net::{Kind, Net};
use crate::proc::Stop;
use crate::syscall::Result;
use crate::syscall::names::make_socket;
use crate::syscall::transfer::Rest;
use std::net::{Ipv4Addr, SocketAddrV4};

/// Ports below this are for root (ip(7), `ip_unprivileged_port_start`).
const PRIVILEGED: u16 = 1024;

/// bind(2).
///
/// # Errors
/// `EBADF`, `ENOTSOCK`, `EINVAL` also for a socket that has an address, `EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES`,
/// `EAFNOSUPPORT`, `ENODEV`, `EFAULT`, and those of making a file.
pub fn sys_bind(fd: u64, at: u64, length: u64, (frame, t, cx): Rest<'_>) -> Result {
    let (_, id) = find(fd, (frame, t, cx))?;
    let namespace = t.net.socket(id).ok_or(Errno::EBADF)?.namespace;
    if matches!(t.net.socket(id).map(|socket| &socket.kind), Some(Kind::Local(_))) {
        return bind_local(id, at, length, (frame, t, cx));
    }
    let asked = address::read(t, cx, at, length)?;
    let is_root = t.proc.process_of(cx.caller).is_some_and(|process| process.cred.is_root());
    match (t.net.socket_mut(id).map(|socket| &mut socket.kind), asked) {
        (Some(Kind::Tap(tap)), SockAddr::Ll(SockAddrLl { protocol, interface, .. })) => {
            if protocol != 0 {
                tap.protocol = protocol;
            }
            let port = match interface {
                0 => None,
                n => Some(t.net.by_index(namespace, n).ok_or(Errno::ENODEV)?),
            };
            if let Some(Kind::Tap(tap)) = t.net.socket_mut(id).map(|socket| &mut socket.kind) {
                tap.port = port;
            }
        }
        (Some(Kind::Stream(_)), asked) => {
            let asked = address::internet(&asked)?;
            allowed(asked.port(), is_root)?;
            t.net.bind_stream(id, asked)?;
        }
        (Some(Kind::Datagram(_)), asked) => {
            let asked = address::internet(&asked)?;
            allowed(asked.port(), is_root)?;
            t.net.bind_datagram(id, asked)?;
        }
        _ => return Err(Stop::Fail(Errno::EINVAL)),
    }
    Ok(0)
}

fn allowed(port: u16, is_root: bool) -> std::result::Result<(), Errno> {
    if (1..PRIVILEGED).contains(&port) && !is_root { Err(Errno::EACCES) } else { Ok(()) }
}

/// Gives a local socket a name.
fn bind_local(id: SocketId, at: u64, length: u64, (frame, t, cx): Rest<'_>) -> Result {
    let SockAddr::Un(asked) = address::read(t, cx, at, length)? else {
        return Err(Stop::Fail(Errno::EINVAL));
    };
    let socket = t.net.socket(id).ok_or(Errno::EBADF)?;
    let namespace = socket.namespace;
    let has_name = socket.local().is_some_and(|local| local.name.is_some());
    let name = match asked {
        SockAddrUn::Unnamed if has_name => return Ok(0),
        _ if has_name => return Err(Stop::Fail(Errno::EINVAL)),
        SockAddrUn::Unnamed => t.net.automatic_name(namespace).ok_or(Errno::ENOSPC)?,
        SockAddrUn::Abstract(bytes) => Name::Abstract(bytes),
        SockAddrUn::Path(bytes) => {
            let path = String::from_utf8(bytes).map_err(|_| Errno::EINVAL)?;
            make_socket(&path, 0o777, (frame, t, cx))?;
            let inode = inode_of(&path, (frame, t, cx))?;
            Name::Path(inode, path.into_bytes())
        }
    };
    t.net.name_local(id, name)?;
    Ok(0)
}

fn inode_of(path: &str, (frame, t, cx): Rest<'_>) -> Result<InodeId> {
    let base = walk::base(t, cx, AT_FDCWD as u64, path)?;
    Ok(walk::node(base, path, true, (frame, t, cx))?.inode)
}

/// The socket that a local address names.
pub(super) fn find_local(
    id: SocketId,
    asked: &SockAddrUn,
    (frame, t, cx): Rest<'_>,
) -> Result<SocketId> {
    let namespace = t.net.socket(id).ok_or(Errno::EBADF)?.namespace;
    let found = match asked {
        SockAddrUn::Unnamed => return Err(Stop::Fail(Errno::EINVAL)),
        SockAddrUn::Abstract(name) => t.net.by_bytes(namespace, name),
        SockAddrUn::Path(path) => {
            let path = std::str::from_utf8(path).map_err(|_| Errno::EINVAL)?;
            let base = walk::base(t, cx, AT_FDCWD as u64, path)?;
            let node = walk::node(base, path, true, (frame, t, cx))?;
            crate::syscall::path::may_write(t, cx, &node)?;
            t.net.by_file(namespace, node.inode)
        }
    };
    found.ok_or(Stop::Fail(Errno::ECONNREFUSED))
}

/// getsockname(2).
///
/// # Errors
/// `EBADF`, `ENOTSOCK`, `EINVAL`, `EFAULT`.
pub fn sys_getsockname(fd: u64, at: u64, length: u64, (frame, t, cx): Rest<'_>) -> Result {
    let (_, id) = find(fd, (frame, t, cx))?;
    let place = Place::look(t, cx, at, length)?.ok_or(Errno::EFAULT)?;
    let name = own_name(&t.net, id).ok_or(Errno::EBADF)?;
    place.write(t, cx, &name)?;
    Ok(0)
}

/// A socket's own address.
pub(super) fn own_name(net: &Net, id: SocketId) -> Option<SockAddr> {
    Some(match &net.socket(id)?.kind {
        Kind::Stream(tcp) => address::of(tcp.local),
        Kind::Datagram(datagram) => address::of(datagram.local),
        Kind::Local(local) => address::of_name(local.name.as_ref()),
        Kind::Tap(tap) => {
            let interface = tap.port.map_or(0, Net::index_of);
            let mac = tap.port.and_then(|port| net.interface(port)).map_or([0; 6], |i| i.mac);
            let mut address = [0; 8];
            address[..6].copy_from_slice(&mac);
            let (hardware, length) = (1, 6);
            let protocol = tap.protocol;
            SockAddr::Ll(SockAddrLl {
                protocol,
                interface,
                hardware,
                packet_type: 0,
                length,
                address,
            })
        }
    })
}

/// getpeername(2).
///
/// # Errors
/// `EBADF`, `ENOTSOCK`, `ENOTCONN`, `EINVAL`, `EFAULT`.
pub fn sys_getpeername(fd: u64, at: u64, length: u64, (frame, t, cx): Rest<'_>) -> Result {
    let (_, id) = find(fd, (frame, t, cx))?;
    let place = Place::look(t, cx, at, length)?.ok_or(Errno::EFAULT)?;
    let name = peer_name(&t.net, id).ok_or(Errno::ENOTCONN)?;
    place.write(t, cx, &name)?;
    Ok(0)
}

/// The address of a socket's partner.
fn peer_name(net: &Net, id: SocketId) -> Option<SockAddr> {
    match &net.socket(id)?.kind {
        Kind::Stream(tcp) => {
            let is_open = !matches!(
                tcp.state,
                crate::net::tcp::State::Closed
                    | crate::net::tcp::State::Listen
                    | crate::net::tcp::State::SynSent
            );
            is_open.then(|| address::of(tcp.remote))
        }
        Kind::Datagram(datagram) => datagram.remote.map(address::of),
        Kind::Local(local) => {
            let peer = net.local(local.peer?)?;
            Some(address::of_name(peer.name.as_ref()))
        }
        Kind::Tap(_) => None,
    }
}

/// What connect(2) with AF_UNSPEC does: the partner is forgotten.
pub(super) fn part(id: SocketId, (_, t, cx): Rest<'_>) -> Result {
    match t.net.socket_mut(id).map(|socket| &mut socket.kind) {
        Some(Kind::Datagram(datagram)) => {
            datagram.remote = None;
            let any = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, datagram.local.port());
            datagram.local = any;
        }
        Some(Kind::Local(local)) => local.peer = None,
        Some(Kind::Stream(_)) => {
            with_net(t, cx, |net, present| net.disconnect(id, present));
        }
        _ => return Err(Stop::Fail(Errno::EAFNOSUPPORT)),
    }
    Ok(0)
}
