//! What all sockets have in common (socket(7)).

use super::datagram::Datagram;
use super::local::Local;
use super::tap::Tap;
use super::tcp::Tcp;
use crate::abi::Errno;
use crate::abi::flags::PollEvents;
use crate::base::{Duration, NsId, Time};

/// What kind of socket it is.
#[derive(Clone, Debug, Hash)]
pub enum Kind {
    /// Whole frames (packet(7)).
    Tap(Tap),
    /// Within the machine (unix(7)).
    Local(Box<Local>),
    /// Packets to programs (udp(7), icmp(7), raw(7)).
    Datagram(Box<Datagram>),
    /// Connections (tcp(7)).
    Stream(Box<Tcp>),
}

/// A socket.
#[derive(Clone, Debug, Hash)]
pub struct Socket {
    /// The network namespace of its maker.
    pub namespace: NsId,
    /// Its name in the log, never used again.
    pub serial: u32,
    /// SO_REUSEADDR.
    pub reuse: bool,
    /// SO_BROADCAST.
    pub broadcast: bool,
    /// SO_RCVTIMEO: how long receiving waits at most.
    pub receive_timeout: Option<Duration>,
    /// SO_SNDTIMEO: how long sending waits at most.
    pub send_timeout: Option<Duration>,
    /// When its timer goes off.
    pub(super) planned: Option<Time>,
    /// What it is.
    pub kind: Kind,
}

impl Socket {
    /// A new one.
    #[must_use]
    pub const fn new(namespace: NsId, serial: u32, kind: Kind) -> Self {
        Self {
            namespace,
            serial,
            reuse: false,
            broadcast: false,
            receive_timeout: None,
            send_timeout: None,
            planned: None,
            kind,
        }
    }

    /// The connection, if it is of that kind.
    #[must_use]
    pub fn stream(&self) -> Option<&Tcp> {
        if let Kind::Stream(tcp) = &self.kind { Some(tcp) } else { None }
    }

    /// The connection, to change.
    pub fn stream_mut(&mut self) -> Option<&mut Tcp> {
        if let Kind::Stream(tcp) = &mut self.kind { Some(tcp) } else { None }
    }

    /// The local socket, if it is of that kind.
    #[must_use]
    pub fn local(&self) -> Option<&Local> {
        if let Kind::Local(local) = &self.kind { Some(local) } else { None }
    }

    /// The local socket, to change.
    pub fn local_mut(&mut self) -> Option<&mut Local> {
        if let Kind::Local(local) = &mut self.kind { Some(local) } else { None }
    }

    /// The error that the next call is to learn of; it learns of it once (SO_ERROR).
    pub fn take_error(&mut self) -> Option<Errno> {
        match &mut self.kind {
            Kind::Stream(tcp) => tcp.error.take(),
            Kind::Datagram(datagram) => datagram.error.take(),
            Kind::Local(local) => local.error.take(),
            Kind::Tap(_) => None,
        }
    }

    /// What it is ready for, for poll(2) and epoll(7).
    #[must_use]
    pub fn readiness(&self) -> PollEvents {
        const IN: PollEvents = PollEvents::IN.union(PollEvents::RDNORM);
        const OUT: PollEvents = PollEvents::OUT.union(PollEvents::WRNORM);
        let when = |condition: bool, events: PollEvents| {
            if condition { events } else { PollEvents::empty() }
        };
        match &self.kind {
            Kind::Tap(tap) => when(tap.first().is_some(), IN) | OUT,
            Kind::Local(local) => local.readiness(),
            Kind::Datagram(datagram) => {
                when(datagram.first().is_some() || datagram.error.is_some(), IN)
                    | when(datagram.error.is_some(), PollEvents::ERR)
                    | OUT
            }
            Kind::Stream(tcp) => {
                use super::tcp::State;
                if tcp.listener.is_some() {
                    return when(tcp.is_readable(), IN);
                }
                if matches!(tcp.state, State::SynSent | State::SynReceived) {
                    return PollEvents::empty();
                }
                let closed = tcp.state == State::Closed;
                let writable = tcp.is_writable() || closed || tcp.finished;
                when(tcp.is_readable(), IN)
                    | when(writable, OUT)
                    | when(tcp.is_hung_up(), PollEvents::HUP)
                    | when(tcp.ended || tcp.read_shut || closed, PollEvents::RDHUP)
                    | when(tcp.error.is_some(), PollEvents::ERR)
            }
        }
    }
}
