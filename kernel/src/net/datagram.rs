//! Datagrams: UDP (RFC 768), ICMP echo without privileges (icmp(7)), and raw IPv4 packets (raw(7)).

use super::effect::{Datagram as Outgoing, Present};
use super::ip::Arrived;
use super::packet::{HEADROOM, IPV4, Packet};
use super::ports::Protocol;
use super::socket::Kind;
use super::{Net, Socket};
use crate::abi::Errno;
use crate::base::{NsId, RequestId, SocketId};
use crate::event::{EventId, Loss};
use smoltcp::wire::{IpAddress, IpProtocol, UdpPacket};
use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddrV4};

/// Bytes of a UDP header.
const HEADER: usize = 8;
/// The longest payload of a UDP packet.
pub const MAX_PAYLOAD: usize = 65_535 - IPV4 - HEADER;
/// How many bytes a socket keeps for its program (net.core.rmem_default).
const RECEIVE_BUFFER: usize = 212_992;
/// What the kernel's own records cost, of which the buffer's size is to pay as well (`skb->truesize`).
const RECORD: usize = 256;

/// A datagram that waits for its program.
#[derive(Clone, Debug, Hash)]
pub struct Received {
    /// Who sent it.
    pub from: SocketAddrV4,
    /// To which of this machine's addresses.
    pub to: Ipv4Addr,
    /// How many routers it might still have passed.
    pub hops: u8,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What brought it.
    pub cause: EventId,
    /// The request that it serves.
    pub request: RequestId,
}

/// A socket for datagrams.
#[derive(Clone, Debug, Hash)]
pub struct Datagram {
    /// The socket.
    pub id: SocketId,
    /// UDP, ICMP echo, or raw.
    pub protocol: Protocol,
    /// For raw sockets: the protocol in the header.
    pub number: u8,
    /// Its address and port. Port 0: it has none yet.
    pub local: SocketAddrV4,
    /// Whom it talks to and listens to, if only one.
    pub remote: Option<SocketAddrV4>,
    queue: VecDeque<Received>,
    queued: usize,
    /// SO_RCVBUF, in bytes.
    pub receive_buffer: usize,
    /// Datagrams that were lost because the queue was full.
    pub dropped: u64,
    /// What went wrong, for the next call.
    pub error: Option<Errno>,
    /// IP_TTL.
    pub hops: u8,
    /// shutdown(2): nothing more is received, sent.
    pub shut: (bool, bool),
}

impl Datagram {
    /// One without an address.
    #[must_use]
    pub const fn new(id: SocketId, protocol: Protocol, number: u8) -> Self {
        Self {
            id,
            protocol,
            number,
            local: SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0),
            remote: None,
            queue: VecDeque::new(),
            queued: 0,
            receive_buffer: RECEIVE_BUFFER,
            dropped: 0,
            error: None,
            hops: 64,
            shut: (false, false),
        }
    }

    /// The oldest datagram.
    #[must_use]
    pub fn first(&self) -> Option<&Received> {
        self.queue.front()
    }

    /// How many bytes wait.
    #[must_use]
    pub const fn queued(&self) -> usize {
        self.queued
    }

    /// Takes the oldest datagram.
    pub fn take(&mut self) -> Option<Received> {
        let taken = self.queue.pop_front()?;
        self.queued -= taken.bytes.len() + RECORD;
        Some(taken)
    }

    fn push(&mut self, received: Received) -> bool {
        let size = received.bytes.len() + RECORD;
        if self.queued + size > self.receive_buffer {
            self.dropped += 1;
            return false;
        }
        self.queued += size;
        self.queue.push_back(received);
        true
    }
}

impl Net {
    /// The socket for datagrams.
    #[must_use]
    pub fn datagram(&self, id: SocketId) -> Option<&Datagram> {
        match self.sockets.get(id).map(|socket| &socket.kind) {
            Some(Kind::Datagram(datagram)) => Some(datagram),
            _ => None,
        }
    }

    /// The socket for datagrams, to change.
    pub fn datagram_mut(&mut self, id: SocketId) -> Option<&mut Datagram> {
        match self.sockets.get_mut(id).map(|socket| &mut socket.kind) {
            Some(Kind::Datagram(datagram)) => Some(datagram),
            _ => None,
        }
    }

    /// Gives a socket for datagrams an address. Port 0: any that is free.
    ///
    /// # Errors
    /// `EINVAL` if it has one, `EADDRNOTAVAIL`, `EADDRINUSE`.
    pub fn bind_datagram(&mut self, id: SocketId, address: SocketAddrV4) -> Result<(), Errno> {
        let socket = self.sockets.get(id).ok_or(Errno::EBADF)?;
        let (namespace, reuse) = (socket.namespace, socket.reuse);
        let datagram = self.datagram(id).ok_or(Errno::EINVAL)?;
        let protocol = datagram.protocol;
        if datagram.local.port() != 0 && protocol != Protocol::Raw {
            return Err(Errno::EINVAL);
        }
        let ip = *address.ip();
        let known = ip.is_unspecified() || ip.is_broadcast() || ip.is_multicast();
        if !known && !self.is_own(namespace, ip) {
            return Err(Errno::EADDRNOTAVAIL);
        }
        let port = match (protocol, address.port()) {
            (Protocol::Raw, _) => u16::from(datagram.number),
            (_, 0) => self.free_port(namespace, protocol)?,
            (_, port) => port,
        };
        let overlaps = |other: &Datagram| {
            let theirs = *other.local.ip();
            theirs == ip || theirs.is_unspecified() || ip.is_unspecified()
        };
        let stack = self.stacks.get(&namespace).ok_or(Errno::EINVAL)?;
        let taken = protocol != Protocol::Raw
            && stack.ports.holders(protocol, port).any(|other| {
                let socket = self.sockets.get(other).filter(|_| other != id);
                socket.is_some_and(|socket| !(socket.reuse && reuse))
                    && self.datagram(other).is_some_and(overlaps)
            });
        if taken {
            return Err(Errno::EADDRINUSE);
        }
        if let Some(stack) = self.stacks.get_mut(&namespace) {
            stack.ports.take(protocol, port, id);
        }
        if let Some(datagram) = self.datagram_mut(id) {
            datagram.local = SocketAddrV4::new(ip, port);
        }
        Ok(())
    }

    /// Names the only partner of a socket (connect(2)); `None`: none any more.
    ///
    /// # Errors
    /// `ENETUNREACH`, `EADDRINUSE` if no port is free.
    pub fn connect_datagram(
        &mut self,
        id: SocketId,
        to: Option<SocketAddrV4>,
    ) -> Result<(), Errno> {
        let namespace = self.sockets.get(id).ok_or(Errno::EBADF)?.namespace;
        let Some(to) = to else {
            if let Some(datagram) = self.datagram_mut(id) {
                datagram.remote = None;
            }
            return Ok(());
        };
        let (.., own) = self.route(namespace, *to.ip())?;
        self.bind_if_unbound(id)?;
        if let Some(datagram) = self.datagram_mut(id) {
            if datagram.local.ip().is_unspecified() {
                datagram.local.set_ip(own);
            }
            datagram.remote = Some(to);
        }
        Ok(())
    }

    /// Gives a socket a port, if it has none.
    ///
    /// # Errors
    /// `EADDRINUSE` if no port is free.
    pub fn bind_if_unbound(&mut self, id: SocketId) -> Result<(), Errno> {
        let unbound = self.datagram(id).is_some_and(|datagram| datagram.local.port() == 0);
        if unbound {
            self.bind_datagram(id, SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0))?;
        }
        Ok(())
    }

    pub(super) fn free_port(&mut self, namespace: NsId, protocol: Protocol) -> Result<u16, Errno> {
        let stack = self.stacks.get_mut(&namespace).ok_or(Errno::EINVAL)?;
        stack.ports.free(protocol, &mut stack.random).ok_or(Errno::EADDRINUSE)
    }

    /// Sends a datagram.
    ///
    /// # Errors
    /// `EDESTADDRREQ`, `EMSGSIZE`, `EINVAL`, `EACCES` for a broadcast without SO_BROADCAST, `ENETUNREACH`, `EPIPE`, and
    /// what an ICMP message has told of an earlier one.
    pub fn send_to(
        &mut self,
        id: SocketId,
        to: Option<SocketAddrV4>,
        payload: &[u8],
        present: &mut Present,
    ) -> Result<(), Errno> {
        let socket = self.sockets.get_mut(id).ok_or(Errno::EBADF)?;
        if let Some(error) = socket.take_error() {
            return Err(error);
        }
        let (namespace, broadcast) = (socket.namespace, socket.broadcast);
        let datagram = self.datagram(id).ok_or(Errno::EINVAL)?;
        if datagram.shut.1 {
            return Err(Errno::EPIPE);
        }
        let to = to.or(datagram.remote).ok_or(Errno::EDESTADDRREQ)?;
        let protocol = datagram.protocol;
        if payload.len() > MAX_PAYLOAD {
            return Err(Errno::EMSGSIZE);
        }
        if to.port() == 0 && protocol == Protocol::Udp {
            return Err(Errno::EINVAL);
        }
        if to.ip().is_broadcast() && !broadcast {
            return Err(Errno::EACCES);
        }
        // An unspecified address means this machine (RFC 1122 §3.2.1.3; Linux does so).
        let address = if to.ip().is_unspecified() { Ipv4Addr::LOCALHOST } else { *to.ip() };
        let (.., own) = self.route(namespace, address)?;
        self.bind_if_unbound(id)?;
        let Some(datagram) = self.datagram(id) else { return Ok(()) };
        let local = datagram.local;
        let source = if local.ip().is_unspecified() { own } else { *local.ip() };
        let (bytes, number) = match protocol {
            Protocol::Ping => (ping(local.port(), payload)?, IpProtocol::Icmp),
            Protocol::Raw => (raw(payload), IpProtocol::from(datagram.number)),
            Protocol::Udp | Protocol::Tcp => {
                let from = SocketAddrV4::new(source, local.port());
                (udp(from, SocketAddrV4::new(address, to.port()), payload), IpProtocol::Udp)
            }
        };
        present.outgoing.push(Outgoing {
            source,
            destination: address,
            protocol: number,
            hops: datagram.hops,
            whole: false,
            packet: Packet { bytes, cause: present.cause, request: present.request },
        });
        self.send_outgoing(namespace, present);
        Ok(())
    }

    /// A UDP packet came.
    pub(super) fn hear_udp(
        &mut self,
        arrived: &Arrived<'_>,
        present: &mut Present,
    ) -> Result<(), Loss> {
        let packet = UdpPacket::new_checked(arrived.payload).map_err(|_| Loss::Damaged)?;
        let (source, destination) = (arrived.source, arrived.destination);
        let (from, to) = (IpAddress::Ipv4(source), IpAddress::Ipv4(destination));
        if !packet.verify_checksum(&from, &to) {
            return Err(Loss::Damaged);
        }
        let from = SocketAddrV4::new(source, packet.src_port());
        let to = SocketAddrV4::new(destination, packet.dst_port());
        let Some(id) = self.find_udp(arrived.namespace, to, from) else {
            self.refuse_port(arrived, present);
            return Err(Loss::Socket);
        };
        self.give(id, (from, destination, arrived.hops), packet.payload().to_vec(), present)
    }

    fn give(
        &mut self,
        id: SocketId,
        (from, to, hops): (SocketAddrV4, Ipv4Addr, u8),
        bytes: Vec<u8>,
        present: &mut Present,
    ) -> Result<(), Loss> {
        let (cause, request) = (present.cause, present.request);
        let datagram = self.datagram_mut(id).ok_or(Loss::Socket)?;
        if datagram.shut.0 {
            return Ok(());
        }
        if !datagram.push(Received { from, to, hops, bytes, cause, request }) {
            return Err(Loss::Buffer);
        }
        present.wake(id, true, false);
        Ok(())
    }

    /// The socket for a UDP packet: the one that says most about it (Linux' `compute_score`).
    fn find_udp(&self, namespace: NsId, to: SocketAddrV4, from: SocketAddrV4) -> Option<SocketId> {
        let stack = self.stacks.get(&namespace)?;
        let score = |id: &SocketId| {
            let datagram = self.datagram(*id)?;
            let ip = datagram.local.ip();
            if !ip.is_unspecified() && ip != to.ip() {
                return None;
            }
            match datagram.remote {
                Some(remote) if remote != from => None,
                Some(_) => Some(2 + u8::from(!ip.is_unspecified())),
                None => Some(u8::from(!ip.is_unspecified())),
            }
        };
        let holders = stack.ports.holders(Protocol::Udp, to.port());
        holders
            .filter_map(|id| Some((score(&id)?, id)))
            .max_by_key(|(score, _)| *score)
            .map(|f| f.1)
    }

    /// The answer to an echo came: for the socket with that identifier.
    pub(super) fn hear_echo(&mut self, arrived: &Arrived<'_>, ident: u16, present: &mut Present) {
        let Some(stack) = self.stacks.get(&arrived.namespace) else { return };
        let Some(id) = stack.ports.holders(Protocol::Ping, ident).next() else { return };
        let from = SocketAddrV4::new(arrived.source, 0);
        let about = (from, arrived.destination, arrived.hops);
        let _ = self.give(id, about, arrived.payload.to_vec(), present);
    }

    /// Any packet came: a copy for each raw socket of its protocol, header included. Returns whether there is one.
    pub(super) fn hear_raw(&mut self, arrived: &Arrived<'_>, present: &mut Present) -> bool {
        let Some(stack) = self.stacks.get(&arrived.namespace) else { return false };
        let number = u16::from(u8::from(arrived.protocol));
        let ids: Vec<SocketId> = stack.ports.holders(Protocol::Raw, number).collect();
        let from = SocketAddrV4::new(arrived.source, 0);
        for id in &ids {
            let about = (from, arrived.destination, arrived.hops);
            let _ = self.give(*id, about, arrived.quote.to_vec(), present);
        }
        !ids.is_empty()
    }

    /// An ICMP error came for a datagram that was sent: only a socket with one partner learns of it (udp(7)).
    pub(super) fn udp_error(
        &mut self,
        namespace: NsId,
        (local, remote): (SocketAddrV4, SocketAddrV4),
        error: Errno,
        present: &mut Present,
    ) {
        let Some(id) = self.find_udp(namespace, local, remote) else { return };
        if let Some(datagram) = self.datagram_mut(id).filter(|d| d.remote == Some(remote)) {
            datagram.error = Some(error);
            present.wake(id, true, true);
        }
    }

    /// The options that all sockets have.
    pub fn common_mut(&mut self, id: SocketId) -> Option<&mut Socket> {
        self.sockets.get_mut(id)
    }
}

/// Writes a UDP packet.
fn udp(from: SocketAddrV4, to: SocketAddrV4, payload: &[u8]) -> Vec<u8> {
    let length = HEADER + payload.len();
    let mut bytes = vec![0; HEADROOM + length];
    if let Some(body) = bytes.get_mut(HEADROOM..) {
        let mut packet = UdpPacket::new_unchecked(body);
        packet.set_src_port(from.port());
        packet.set_dst_port(to.port());
        packet.set_len(length as u16);
        packet.payload_mut().copy_from_slice(payload);
        packet.fill_checksum(&IpAddress::Ipv4(*from.ip()), &IpAddress::Ipv4(*to.ip()));
    }
    bytes
}

/// Writes an ICMP echo request: the program's message, but for identifier and checksum (icmp(7)).
fn ping(ident: u16, payload: &[u8]) -> Result<Vec<u8>, Errno> {
    use smoltcp::wire::{Icmpv4Message, Icmpv4Packet};
    if payload.len() < 8 || payload.first() != Some(&u8::from(Icmpv4Message::EchoRequest)) {
        return Err(Errno::EINVAL);
    }
    let mut bytes = raw(payload);
    if let Some(body) = bytes.get_mut(HEADROOM..) {
        let mut packet = Icmpv4Packet::new_unchecked(body);
        packet.set_echo_ident(ident);
        packet.fill_checksum();
    }
    Ok(bytes)
}

fn raw(payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; HEADROOM];
    bytes.extend_from_slice(payload);
    bytes
}
