//! Layer 5: networking. So far the bottom of it: interfaces, and packet sockets (packet(7)) that send and
//! receive whole Ethernet frames. The protocols will stand between the two.
//!
//! A typical sequence: the interrupt's bottom half hands a frame to [`Net::deliver`], which queues it on
//! every socket bound to the interface (or to all) and to the frame's protocol, and names those sockets;
//! the caller wakes whoever waits on them.
//!
//! Taken from elsewhere: delivery to all matching taps from Linux' `net/packet/af_packet.c`; the queue
//! that is bounded in bytes from its `sk_rcvbuf`.

use crate::base::{DeviceId, NsId, PortId, SocketId, SocketTag, Table};
use crate::hw::WireFrame;
use std::collections::VecDeque;

/// `ETH_P_ALL`: every protocol.
pub const ETH_P_ALL: u16 = 3;

/// How many bytes of frames a socket keeps before it drops new ones (Linux' default `rmem`).
const RECEIVE_BUFFER: usize = 212_992;

/// A network interface.
#[derive(Clone, Debug, Hash)]
pub struct Interface {
    /// The network namespace that it is in.
    pub namespace: NsId,
    /// Such as `eth0`.
    pub name: String,
    /// The device behind it.
    pub device: DeviceId,
}

/// A packet socket.
#[derive(Clone, Debug, Default, Hash)]
pub struct PacketSocket {
    /// The network namespace of its maker.
    pub namespace: NsId,
    /// The interface that it is bound to.
    pub port: Option<PortId>,
    /// The EtherType that it wants, or [`ETH_P_ALL`]; 0 receives nothing.
    pub protocol: u16,
    queue: VecDeque<(PortId, WireFrame)>,
    queued: usize,
    /// Frames lost because the queue was full.
    pub dropped: u64,
    /// Whether it is a Unix-domain socket (unix(7)), which receives no frames.
    pub is_unix: bool,
    /// Whether that has a name.
    pub is_bound: bool,
}

impl PacketSocket {
    /// The oldest frame, and the interface it came in on.
    #[must_use]
    pub fn first(&self) -> Option<&(PortId, WireFrame)> {
        self.queue.front()
    }

    /// Takes the oldest frame.
    pub fn take(&mut self) -> Option<(PortId, WireFrame)> {
        let taken = self.queue.pop_front()?;
        self.queued -= taken.1.bytes.len();
        Some(taken)
    }
}

/// Interfaces and sockets.
#[derive(Clone, Debug, Default, Hash)]
pub struct Net {
    interfaces: Vec<Interface>,
    sockets: Table<SocketTag, PacketSocket>,
}

impl Net {
    /// Adds an interface. Its number is one more than its [`PortId`], as `if_nametoindex` counts from 1.
    pub fn attach(&mut self, interface: Interface) -> PortId {
        self.interfaces.push(interface);
        PortId((self.interfaces.len() - 1) as u16)
    }

    /// The interface.
    #[must_use]
    pub fn interface(&self, port: PortId) -> Option<&Interface> {
        self.interfaces.get(usize::from(port.0))
    }

    /// The interface behind which a device is.
    #[must_use]
    pub fn port_of(&self, device: DeviceId) -> Option<PortId> {
        self.interfaces.iter().position(|i| i.device == device).map(|n| PortId(n as u16))
    }

    /// Opens a packet socket that wants frames of `protocol`.
    pub fn open(&mut self, namespace: NsId, protocol: u16) -> SocketId {
        self.sockets.insert(PacketSocket { namespace, protocol, ..PacketSocket::default() })
    }

    /// Opens a Unix-domain socket.
    pub fn open_unix(&mut self, namespace: NsId) -> SocketId {
        self.sockets.insert(PacketSocket { namespace, is_unix: true, ..PacketSocket::default() })
    }

    /// Closes a socket.
    pub fn close(&mut self, socket: SocketId) {
        self.sockets.remove(socket);
    }

    /// A socket, to look at.
    #[must_use]
    pub fn socket(&self, socket: SocketId) -> Option<&PacketSocket> {
        self.sockets.get(socket)
    }

    /// A socket.
    pub fn socket_mut(&mut self, socket: SocketId) -> Option<&mut PacketSocket> {
        self.sockets.get_mut(socket)
    }

    /// How many sockets are open.
    #[must_use]
    pub fn sockets(&self) -> usize {
        self.sockets.len()
    }

    /// A frame came in: queues it, and names the sockets that got it.
    pub fn deliver(&mut self, port: PortId, frame: &WireFrame) -> Vec<SocketId> {
        let Some(interface) = self.interfaces.get(usize::from(port.0)) else {
            return Vec::new();
        };
        let protocol = match frame.bytes.get(12..14) {
            Some(&[high, low]) => u16::from_be_bytes([high, low]),
            _ => return Vec::new(),
        };
        let mut got = Vec::new();
        for (id, socket) in self.sockets.iter_mut() {
            let wanted = socket.namespace == interface.namespace
                && socket.port.is_none_or(|bound| bound == port)
                && (socket.protocol == ETH_P_ALL || socket.protocol == protocol);
            if !wanted {
                continue;
            }
            if socket.queued + frame.bytes.len() > RECEIVE_BUFFER {
                socket.dropped += 1;
                continue;
            }
            socket.queued += frame.bytes.len();
            socket.queue.push_back((port, frame.clone()));
            got.push(id);
        }
        got
    }
}
