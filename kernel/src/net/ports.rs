//! Ports: which sockets have which, and which are free (RFC 6335; ip(7), `ip_local_port_range`).

use crate::base::{Rng, SocketId};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Ports that are handed out to those who do not ask for one, as on Linux.
pub const EPHEMERAL: std::ops::RangeInclusive<u16> = 32_768..=60_999;

/// Whose ports. Each protocol has 65,536 of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// Identifiers of ICMP echo (icmp(7), "ping sockets").
    Ping,
    /// A protocol number of IPv4, for raw sockets.
    Raw,
}

/// Who has which port. Several sockets may share one: a listener and the connections that it accepted.
#[derive(Clone, Debug, Default, Hash)]
pub struct Ports {
    held: BTreeSet<(Protocol, u16, SocketId)>,
    /// TCP sockets that listen: a table of their own, because a port may have ten thousand connections.
    listening: BTreeSet<(u16, SocketId)>,
    /// Ports for those who leave the choice to the kernel, in this order, before it chooses by chance; 0: by chance.
    preferred: BTreeMap<Protocol, VecDeque<u16>>,
}

impl Ports {
    /// A socket has a port from now on.
    pub fn take(&mut self, protocol: Protocol, port: u16, socket: SocketId) {
        self.held.insert((protocol, port, socket));
    }

    /// It has it no longer.
    pub fn release(&mut self, protocol: Protocol, port: u16, socket: SocketId) {
        self.held.remove(&(protocol, port, socket));
    }

    /// All sockets that have a port, the oldest slot first.
    pub fn holders(&self, protocol: Protocol, port: u16) -> impl Iterator<Item = SocketId> {
        let all = self.held.range((protocol, port, SocketId::FIRST)..);
        all.take_while(move |(p, n, _)| (*p, *n) == (protocol, port)).map(|(.., socket)| *socket)
    }

    /// A TCP socket listens at a port from now on.
    pub fn listen(&mut self, port: u16, socket: SocketId) {
        self.listening.insert((port, socket));
    }

    /// It listens no longer.
    pub fn deaf(&mut self, port: u16, socket: SocketId) {
        self.listening.remove(&(port, socket));
    }

    /// Who listens at a port.
    pub fn listeners(&self, port: u16) -> impl Iterator<Item = SocketId> {
        let all = self.listening.range((port, SocketId::FIRST)..);
        all.take_while(move |(at, _)| *at == port).map(|(_, socket)| *socket)
    }

    /// One more port for those who leave the choice to the kernel.
    pub fn prefer(&mut self, protocol: Protocol, port: u16) {
        self.preferred.entry(protocol).or_default().push_back(port);
    }

    /// A port that nobody has. `None`: all are taken.
    #[must_use]
    pub fn free(&mut self, protocol: Protocol, random: &mut Rng) -> Option<u16> {
        let next = self.preferred.get_mut(&protocol).and_then(VecDeque::pop_front);
        let is_free = |port: &u16| *port != 0 && self.holders(protocol, *port).next().is_none();
        if let Some(port) = next.filter(is_free) {
            return Some(port);
        }
        let count = EPHEMERAL.end() - EPHEMERAL.start() + 1;
        let first = random.below(u64::from(count)) as u16;
        (0..count)
            .map(|n| EPHEMERAL.start() + (first + n) % count)
            .find(|port| self.holders(protocol, *port).next().is_none())
    }
}
