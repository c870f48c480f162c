//! Packet sockets (packet(7)): they see whole frames, and send them.

use super::Net;
use super::socket::Kind;
use crate::base::{PortId, SocketId};
use crate::hw::WireFrame;
use std::collections::VecDeque;

/// `ETH_P_ALL`: every protocol.
pub const ETH_P_ALL: u16 = 3;

/// How many bytes of frames a socket keeps before it drops new ones (Linux' default `rmem`).
const RECEIVE_BUFFER: usize = 212_992;

/// A packet socket.
#[derive(Clone, Debug, Default, Hash)]
pub struct Tap {
    /// The interface that it is bound to.
    pub port: Option<PortId>,
    /// The EtherType that it wants, or [`ETH_P_ALL`]; 0 receives nothing.
    pub protocol: u16,
    queue: VecDeque<(PortId, WireFrame)>,
    queued: usize,
    /// Frames lost because the queue was full.
    pub dropped: u64,
}

impl Tap {
    /// One that wants frames of `protocol`.
    #[must_use]
    pub fn new(protocol: u16) -> Self {
        Self { protocol, ..Self::default() }
    }

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

impl Net {
    /// A frame came in: queues it for all packet sockets that want it, and names those.
    pub fn tap(&mut self, port: PortId, frame: &WireFrame) -> Vec<SocketId> {
        let Some(interface) = self.interfaces.get(&port).filter(|_| !self.taps.is_empty()) else {
            return Vec::new();
        };
        let protocol = match frame.bytes.get(12..14) {
            Some(&[high, low]) => u16::from_be_bytes([high, low]),
            _ => return Vec::new(),
        };
        let mut got = Vec::new();
        for &id in &self.taps {
            let Some(socket) = self.sockets.get_mut(id) else { continue };
            let Kind::Tap(tap) = &mut socket.kind else { continue };
            let wanted = socket.namespace == interface.namespace
                && tap.port.is_none_or(|bound| bound == port)
                && (tap.protocol == ETH_P_ALL || tap.protocol == protocol);
            if !wanted {
                continue;
            }
            if tap.queued + frame.bytes.len() > RECEIVE_BUFFER {
                tap.dropped += 1;
                continue;
            }
            tap.queued += frame.bytes.len();
            tap.queue.push_back((port, frame.clone()));
            got.push(id);
        }
        got
    }
}
