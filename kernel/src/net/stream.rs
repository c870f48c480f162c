//! Connections: which socket a TCP segment is for, and what programs do with them (tcp(7)).

use super::Net;
use super::effect::{Effect, Present, Timer};
use super::ip::Arrived;
use super::packet::IPV4;
use super::ports::Protocol;
use super::socket::{Kind, Socket};
use super::tcp::listen::{Heard, reset};
use super::tcp::segment::Segment;
use super::tcp::seq::Seq;
use super::tcp::{State, Tcp};
use crate::abi::Errno;
use crate::base::{Duration, NsId, PortId, SocketId};
use crate::event::Loss;
use std::net::{Ipv4Addr, SocketAddrV4};

/// Bytes of a TCP header without options.
const HEADER: usize = 20;

impl Net {
    /// The connection of a socket.
    #[must_use]
    pub fn stream(&self, id: SocketId) -> Option<&Tcp> {
        self.sockets.get(id)?.stream()
    }

    /// The connection of a socket, to change.
    pub fn stream_mut(&mut self, id: SocketId) -> Option<&mut Tcp> {
        self.sockets.get_mut(id)?.stream_mut()
    }

    /// Does something with a connection, sends what that leads to, and plans its timer.
    pub fn with_stream<R>(
        &mut self,
        id: SocketId,
        present: &mut Present,
        act: impl FnOnce(&mut Tcp, &mut Present) -> R,
    ) -> Option<R> {
        let socket = self.sockets.get_mut(id)?;
        let namespace = socket.namespace;
        let result = act(socket.stream_mut()?, present);
        self.settle(id, present);
        self.send_outgoing(namespace, present);
        Some(result)
    }

    /// After a connection was used: its timer is planned; if it is closed and nobody has it, it is gone.
    fn settle(&mut self, id: SocketId, present: &mut Present) {
        let Some(socket) = self.sockets.get_mut(id) else { return };
        let Kind::Stream(tcp) = &socket.kind else { return };
        if tcp.state == State::Closed {
            let (orphan, namespace) = (tcp.orphan, socket.namespace);
            let ends = (tcp.local, tcp.remote);
            if orphan {
                self.forget(id);
            } else if let Some(stack) = self.stacks.get_mut(&namespace)
                && stack.connections.get(&ends) == Some(&id)
            {
                stack.connections.remove(&ends);
            }
            return;
        }
        // A timer that would go off too early does no harm: it is looked at again then. So one that moves back, as
        // nearly all do with every acknowledgement, is left alone.
        if let Some(at) = tcp.next_timer()
            && socket.planned.is_none_or(|planned| planned > at)
        {
            socket.planned = Some(at);
            present.effects.push(Effect::Plan(Timer::Socket(id), at));
        }
    }

    /// A connection's time has come.
    pub(super) fn stream_timer(&mut self, id: SocketId, present: &mut Present) {
        let Some(socket) = self.sockets.get_mut(id) else { return };
        if socket.planned != Some(present.now) {
            return; // an earlier one was planned since
        }
        socket.planned = None;
        let namespace = socket.namespace;
        self.with_stream(id, present, |tcp, present| {
            if tcp.listener.is_some() {
                tcp.repeat_answers((super::ETHERNET_MTU - IPV4 - HEADER) as u16, present);
            } else {
                tcp.timer(present);
                tcp.output(present);
            }
        });
        self.send_outgoing(namespace, present);
    }

    fn mss_of(&self, port: PortId) -> u16 {
        let mtu = self.interfaces.get(&port).map_or(super::ETHERNET_MTU, |i| i.mtu);
        (mtu - IPV4 - HEADER) as u16
    }

    /// The first place of a new connection: a clock, and chance (RFC 6528).
    fn first_place(&mut self, namespace: NsId, present: &Present) -> Seq {
        let random = self.stacks.get_mut(&namespace).map_or(0, |stack| stack.random.next_u64());
        Seq((present.now.0 / 64) as u32) + random as u32
    }

    /// A TCP segment came.
    pub(super) fn hear_tcp(
        &mut self,
        arrived: &Arrived<'_>,
        present: &mut Present,
    ) -> Result<(), Loss> {
        let segment = Segment::parse(arrived.payload, arrived.source, arrived.destination);
        let segment = segment.ok_or(Loss::Damaged)?;
        let (local, remote) = (segment.header.destination, segment.header.source);
        let stack = self.stacks.get(&arrived.namespace).ok_or(Loss::Stranger)?;
        if let Some(&id) = stack.connections.get(&(local, remote)) {
            if !self.is_renewed(id, &segment) {
                self.with_stream(id, present, |tcp, present| tcp.input(&segment, present));
                return Ok(());
            }
            // A new connection between the same ends as one that is only remembered (RFC 6191).
            self.forget(id);
        }
        let Some(id) = self.find_listener(arrived.namespace, local) else {
            reset(&segment, present);
            return Err(Loss::Socket);
        };
        let iss = self.first_place(arrived.namespace, present);
        let mss = self.mss_of(arrived.port);
        let heard = self.with_stream(id, present, |tcp, now| tcp.hear(&segment, (iss, mss), now));
        if let Some(Heard::Complete(tcp)) = heard {
            self.complete(id, *tcp, &segment, present);
        }
        Ok(())
    }

    /// Whether a segment begins a new connection where one is in TIME-WAIT.
    fn is_renewed(&self, id: SocketId, segment: &Segment<'_>) -> bool {
        let header = &segment.header;
        self.stream(id).is_some_and(|tcp| {
            tcp.state == State::TimeWait
                && header.flags.syn
                && header.ack.is_none()
                && header.seq.after(tcp.expected)
        })
    }

    /// A handshake is complete: the connection gets a socket, and waits to be accepted.
    fn complete(
        &mut self,
        listener: SocketId,
        mut tcp: Tcp,
        segment: &Segment<'_>,
        present: &mut Present,
    ) {
        let Some(parent) = self.sockets.get(listener) else { return };
        let (namespace, reuse) = (parent.namespace, parent.reuse);
        let ends = (tcp.local, tcp.remote);
        let child = self.open(namespace, |id, serial| {
            (tcp.id, tcp.serial) = (id, serial);
            Kind::Stream(Box::new(tcp))
        });
        if let Some(socket) = self.sockets.get_mut(child) {
            socket.reuse = reuse;
        }
        if let Some(stack) = self.stacks.get_mut(&namespace) {
            stack.connections.insert(ends, child);
            stack.ports.take(Protocol::Tcp, ends.0.port(), child);
        }
        if let Some(queue) = self.stream_mut(listener).and_then(|tcp| tcp.listener.as_mut()) {
            queue.ready.push_back(child);
        }
        self.with_stream(child, present, |tcp, present| tcp.input(segment, present));
        present.wake(listener, true, false);
    }

    /// Who listens at an address: one that names it before one that listens at all.
    fn find_listener(&self, namespace: NsId, at: SocketAddrV4) -> Option<SocketId> {
        let stack = self.stacks.get(&namespace)?;
        let mut any = None;
        for id in stack.ports.listeners(at.port()) {
            let Some(tcp) = self.stream(id).filter(|tcp| tcp.listener.is_some()) else { continue };
            if tcp.local.ip() == at.ip() {
                return Some(id);
            }
            if tcp.local.ip().is_unspecified() {
                any = any.or(Some(id));
            }
        }
        any
    }

    /// Gives a socket an address (bind(2)). Port 0: any that is free.
    ///
    /// # Errors
    /// `EINVAL` if it has one, `EADDRNOTAVAIL`, `EADDRINUSE`.
    pub fn bind_stream(&mut self, id: SocketId, address: SocketAddrV4) -> Result<(), Errno> {
        let socket = self.sockets.get(id).ok_or(Errno::EBADF)?;
        let (namespace, reuse) = (socket.namespace, socket.reuse);
        let tcp = socket.stream().ok_or(Errno::EINVAL)?;
        if tcp.local.port() != 0 || tcp.state != State::Closed {
            return Err(Errno::EINVAL);
        }
        if !address.ip().is_unspecified() && !self.is_own(namespace, *address.ip()) {
            return Err(Errno::EADDRNOTAVAIL);
        }
        let port = match address.port() {
            0 => self.free_port(namespace, Protocol::Tcp)?,
            port => port,
        };
        let stack = self.stacks.get(&namespace).ok_or(Errno::EINVAL)?;
        let conflict = |other: &Socket| {
            let Some(tcp) = other.stream() else { return false };
            let (theirs, ours) = (tcp.local.ip(), address.ip());
            let overlap = theirs == ours || theirs.is_unspecified() || ours.is_unspecified();
            overlap && !(reuse && other.reuse && tcp.state != State::Listen)
        };
        let taken = stack
            .ports
            .holders(Protocol::Tcp, port)
            .any(|other| self.sockets.get(other).is_some_and(conflict));
        if taken {
            return Err(Errno::EADDRINUSE);
        }
        if let Some(stack) = self.stacks.get_mut(&namespace) {
            stack.ports.take(Protocol::Tcp, port, id);
        }
        if let Some(tcp) = self.stream_mut(id) {
            tcp.local = SocketAddrV4::new(*address.ip(), port);
        }
        Ok(())
    }

    /// listen(2).
    ///
    /// # Errors
    /// `EINVAL` for a connection, `EADDRINUSE`.
    pub fn listen(
        &mut self,
        id: SocketId,
        backlog: usize,
        present: &mut Present,
    ) -> Result<(), Errno> {
        let tcp = self.stream(id).ok_or(Errno::EOPNOTSUPP)?;
        if !matches!(tcp.state, State::Closed | State::Listen) {
            return Err(Errno::EINVAL);
        }
        if tcp.local.port() == 0 {
            self.bind_stream(id, SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0))?;
        }
        let namespace = self.sockets.get(id).ok_or(Errno::EBADF)?.namespace;
        let port = self.stream(id).map_or(0, |tcp| tcp.local.port());
        if let Some(stack) = self.stacks.get_mut(&namespace) {
            stack.ports.listen(port, id);
        }
        self.with_stream(id, present, |tcp, present| tcp.listen(backlog, present));
        Ok(())
    }

    /// Begins to open a connection (connect(2)).
    ///
    /// # Errors
    /// `EISCONN`, `EALREADY`, `EINVAL` for a listening socket, `ENETUNREACH`, `EADDRNOTAVAIL` if no port is free.
    pub fn connect(
        &mut self,
        id: SocketId,
        to: SocketAddrV4,
        present: &mut Present,
    ) -> Result<(), Errno> {
        let namespace = self.sockets.get(id).ok_or(Errno::EBADF)?.namespace;
        match self.stream(id).ok_or(Errno::EINVAL)?.state {
            State::Closed => {}
            State::Listen => return Err(Errno::EINVAL),
            State::SynSent | State::SynReceived => return Err(Errno::EALREADY),
            _ => return Err(Errno::EISCONN),
        }
        let address = if to.ip().is_unspecified() { Ipv4Addr::LOCALHOST } else { *to.ip() };
        let to = SocketAddrV4::new(address, to.port());
        let (port, _, own) = self.route(namespace, address)?;
        if self.stream(id).is_some_and(|tcp| tcp.local.port() == 0) {
            let any = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);
            self.bind_stream(id, any).map_err(|_| Errno::EADDRNOTAVAIL)?;
        }
        let (iss, mss) = (self.first_place(namespace, present), self.mss_of(port));
        let Some(tcp) = self.stream_mut(id) else { return Err(Errno::EBADF) };
        let local = match tcp.local.ip() {
            ip if ip.is_unspecified() => SocketAddrV4::new(own, tcp.local.port()),
            _ => tcp.local,
        };
        let Some(stack) = self.stacks.get_mut(&namespace) else { return Err(Errno::EINVAL) };
        if stack.connections.contains_key(&(local, to)) {
            return Err(Errno::EADDRNOTAVAIL);
        }
        stack.connections.insert((local, to), id);
        self.with_stream(id, present, |tcp, present| {
            // A socket that was refused may try again: as a new one, but with what its program has set.
            let settings = tcp.settings.clone();
            *tcp = Tcp::new(tcp.id, tcp.serial);
            tcp.settings = settings;
            (tcp.local, tcp.remote) = (local, to);
            tcp.connect(iss, mss, present);
        });
        Ok(())
    }

    /// Takes the oldest connection that waits to be accepted.
    pub fn accept(&mut self, id: SocketId) -> Option<SocketId> {
        self.stream_mut(id)?.listener.as_mut()?.ready.pop_front()
    }

    /// The last descriptor of a connection is closed (§3.10.4, and SO_LINGER).
    pub(super) fn close_stream(&mut self, id: SocketId, present: &mut Present) {
        let listener = self.stream_mut(id).and_then(|tcp| tcp.listener.take());
        if let Some(listener) = listener {
            let namespace = self.sockets.get(id).map(|socket| socket.namespace).unwrap_or_default();
            if let Some(port) = self.stream(id).map(|tcp| tcp.local.port())
                && let Some(stack) = self.stacks.get_mut(&namespace)
            {
                stack.ports.deaf(port, id);
            }
            for child in listener.ready {
                self.abort(child, present);
            }
            self.forget(id);
            return;
        }
        let abandons = self.stream(id).is_some_and(|tcp| {
            tcp.settings.linger == Some(Duration::ZERO) || !tcp.received.is_empty()
        });
        if abandons {
            // Bytes are lost that were received, or are to be lost: the peer must know (RFC 2525 §2.17).
            self.abort(id, present);
            return;
        }
        self.with_stream(id, present, |tcp, present| {
            tcp.orphan = true;
            match tcp.state {
                State::SynSent => tcp.end_quietly(present),
                State::FinWait2 => {
                    tcp.forget_at = Some(present.now + super::tcp::TIME_WAIT);
                }
                _ if !tcp.finished => tcp.finish(present),
                _ => {}
            }
        });
    }

    /// Ends a connection with a reset.
    pub fn abort(&mut self, id: SocketId, present: &mut Present) {
        self.with_stream(id, present, |tcp, present| {
            tcp.orphan = true;
            if !matches!(tcp.state, State::Closed | State::SynSent | State::TimeWait) {
                tcp.send_reset(present);
            }
            tcp.end_quietly(present);
        });
    }

    /// An ICMP error came for a segment that was sent. It ends only what has not begun (RFC 5461).
    pub(super) fn tcp_error(
        &mut self,
        namespace: NsId,
        (local, remote): (SocketAddrV4, SocketAddrV4),
        error: Errno,
        present: &mut Present,
    ) {
        let stack = self.stacks.get(&namespace);
        let Some(&id) = stack.and_then(|stack| stack.connections.get(&(local, remote))) else {
            return;
        };
        self.with_stream(id, present, |tcp, present| {
            if tcp.state == State::SynSent {
                tcp.fail(error, present);
            }
        });
    }
}

/// What programs do to connections besides sending and receiving.
impl Net {
    /// shutdown(2).
    pub fn shut_stream(
        &mut self,
        id: SocketId,
        (read, write): (bool, bool),
        present: &mut Present,
    ) {
        self.with_stream(id, present, |tcp, present| {
            if read {
                tcp.read_shut = true;
                present.wake(tcp.id, true, true);
            }
            if write && tcp.listener.is_none() && !tcp.finished {
                tcp.finish(present);
                present.wake(tcp.id, true, true);
            }
        });
        // Who waits for callers of a socket that listens no more must not wait on.
        let deaf = self.stream(id).is_some_and(|tcp| read && tcp.listener.is_some());
        if deaf {
            let ready = self.stream_mut(id).and_then(|tcp| tcp.listener.take());
            for child in ready.into_iter().flat_map(|listener| listener.ready) {
                self.abort(child, present);
            }
            let namespace = self.sockets.get(id).map(|socket| socket.namespace).unwrap_or_default();
            let port = self.stream(id).map_or(0, |tcp| tcp.local.port());
            if let Some(stack) = self.stacks.get_mut(&namespace) {
                stack.ports.deaf(port, id);
            }
            self.with_stream(id, present, |tcp, present| tcp.end_quietly(present));
        }
    }

    /// A connection is dropped, and the socket is as new (connect(2) with AF_UNSPEC).
    pub fn disconnect(&mut self, id: SocketId, present: &mut Present) {
        self.with_stream(id, present, |tcp, present| {
            if !matches!(tcp.state, State::Closed | State::SynSent | State::Listen) {
                tcp.send_reset(present);
            }
            tcp.end_quietly(present);
        });
    }
}
