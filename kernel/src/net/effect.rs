//! What happens in the stack, for the kernel around it to act on.

use super::packet::Packet;
use crate::base::{NsId, OpenFileId, PortId, RequestId, SocketId, Time};
use crate::event::{EventId, NetEvent};
use smoltcp::wire::IpProtocol;
use std::net::Ipv4Addr;

/// A time that the stack waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// A socket's own.
    Socket(SocketId),
    /// An address that is being looked for by ARP.
    Neighbour(NsId, PortId, Ipv4Addr),
    /// Fragments whose packet is not complete.
    Fragments(NsId),
}

/// Something that the kernel around the stack must do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// A frame leaves by an interface.
    Transmit(PortId, Packet),
    /// A socket may have something to read, or room to write.
    Wake {
        /// Which.
        socket: SocketId,
        /// There may be something to read.
        readable: bool,
        /// There may be room.
        writable: bool,
    },
    /// A timer is to go off.
    Plan(Timer, Time),
    /// Something happened.
    Note(NetEvent),
    /// An open file that was on its way in a message will never arrive.
    Release(OpenFileId),
}

/// An IPv4 packet that waits for its header.
#[derive(Clone, Debug)]
pub struct Datagram {
    /// From; unspecified: of the interface by which it leaves.
    pub source: Ipv4Addr,
    /// To.
    pub destination: Ipv4Addr,
    /// What is in it.
    pub protocol: IpProtocol,
    /// How many routers it may pass.
    pub hops: u8,
    /// Whether it may not be cut into fragments.
    pub whole: bool,
    /// The packet.
    pub packet: Packet,
}

/// The present moment, as the stack sees it, and what it leads to.
#[derive(Debug)]
pub struct Present {
    /// The time.
    pub now: Time,
    /// What led to what is being done.
    pub cause: EventId,
    /// The request that is served.
    pub request: RequestId,
    /// Packets that transport protocols have made, for IP to send.
    pub outgoing: Vec<Datagram>,
    /// What the kernel must do, in this order.
    pub effects: Vec<Effect>,
}

impl Present {
    /// A moment in which nothing has happened yet.
    #[must_use]
    pub const fn new(now: Time, cause: EventId, request: RequestId) -> Self {
        Self { now, cause, request, outgoing: Vec::new(), effects: Vec::new() }
    }

    /// Says what happened.
    pub fn note(&mut self, event: NetEvent) {
        self.effects.push(Effect::Note(event));
    }

    /// Somebody may want to look at a socket again.
    pub fn wake(&mut self, socket: SocketId, readable: bool, writable: bool) {
        if readable || writable {
            self.effects.push(Effect::Wake { socket, readable, writable });
        }
    }
}
