//! A toy network interface: it sends from a frame of RAM at once, and receives into a ring of frames.
//!
//! The driver posts empty frames of RAM; an arriving packet is written to the oldest of them and the
//! interrupt line goes up; without an empty frame the packet is lost, as on any real card.

use super::device::{Device, DeviceType, WireFrame, Wires};
use super::ram::PAGE_SIZE;
use crate::base::{Digester, FrameId, RequestId};
use crate::event::EventId;
use std::any::Any;
use std::collections::VecDeque;
use std::hash::Hash;

/// Register: the frame of RAM that holds the packet to send.
pub const SEND_FRAME: u16 = 0;
/// Register: writing its length (14..=1514) sends it.
pub const SEND_LENGTH: u16 = 1;
/// Register: writing a frame of RAM posts it for reception; reading takes the oldest filled one
/// (`u64::MAX`: none).
pub const RECEIVE_FRAME: u16 = 2;
/// Register: the length of the packet in the frame read last.
pub const RECEIVE_LENGTH: u16 = 3;
/// Register: how many packets were lost for want of a frame.
pub const LOST: u16 = 4;
/// Register: the station address in the lower 48 bits, first byte lowest.
pub const ADDRESS: u16 = 5;

/// The longest packet: an Ethernet header and 1500 bytes.
pub const MAX_PACKET: usize = 1514;
/// The shortest: the header alone.
pub const MIN_PACKET: usize = 14;

/// The receive ring's size: more posted frames are ignored.
const RING: usize = 256;

#[derive(Clone, Debug, Hash)]
struct Filled {
    frame: u64,
    length: u64,
    cause: EventId,
    request: RequestId,
}

/// The toy network interface.
#[derive(Clone, Debug, Hash)]
pub struct Nic {
    address: [u8; 6],
    send_frame: u64,
    empty: VecDeque<u64>,
    filled: VecDeque<Filled>,
    taken: Option<Filled>,
    lost: u64,
}

impl Nic {
    /// What the bus knows it by.
    pub const TYPE: DeviceType = DeviceType { vendor: 0x05c0, model: 0x0002 };

    /// An interface with this station address.
    #[must_use]
    pub fn new(address: [u8; 6]) -> Self {
        Self {
            address,
            send_frame: 0,
            empty: VecDeque::new(),
            filled: VecDeque::new(),
            taken: None,
            lost: 0,
        }
    }

    /// What brought the packet that was taken last, and the request it serves: the invisible part of
    /// [`WireFrame`].
    #[must_use]
    pub fn taken_tags(&self) -> (EventId, RequestId) {
        self.taken.as_ref().map_or((EventId::NONE, RequestId::NONE), |f| (f.cause, f.request))
    }
}

impl Device for Nic {
    fn device_type(&self) -> DeviceType {
        Self::TYPE
    }

    fn read(&mut self, register: u16) -> u64 {
        match register {
            RECEIVE_FRAME => {
                self.taken = self.filled.pop_front();
                self.taken.as_ref().map_or(u64::MAX, |f| f.frame)
            }
            RECEIVE_LENGTH => self.taken.as_ref().map_or(0, |f| f.length),
            LOST => self.lost,
            ADDRESS => self.address.iter().rev().fold(0, |w, &b| w << 8 | u64::from(b)),
            _ => 0,
        }
    }

    fn write(&mut self, register: u16, value: u64, wires: &mut Wires<'_>) {
        match register {
            SEND_FRAME => self.send_frame = value,
            SEND_LENGTH if (MIN_PACKET..=MAX_PACKET).contains(&(value as usize)) => {
                let page = wires.ram.page(FrameId(self.send_frame as u32));
                let bytes = page[..(value as usize).min(PAGE_SIZE)].into();
                wires.sent.push(WireFrame { bytes, cause: wires.cause, request: wires.request });
            }
            RECEIVE_FRAME if self.empty.len() < RING => self.empty.push_back(value),
            _ => {}
        }
    }

    fn attend(&mut self, _wires: &mut Wires<'_>) {}

    fn receive(&mut self, frame: WireFrame, wires: &mut Wires<'_>) {
        let length = frame.bytes.len();
        let fits = (MIN_PACKET..=MAX_PACKET).contains(&length);
        let buffer = if fits { self.empty.pop_front() } else { None };
        let Some(buffer) = buffer else {
            self.lost += 1;
            return;
        };
        wires.ram.page_mut(FrameId(buffer as u32))[..length].copy_from_slice(&frame.bytes);
        let WireFrame { cause, request, .. } = frame;
        self.filled.push_back(Filled { frame: buffer, length: length as u64, cause, request });
        wires.interrupt = true;
    }

    fn clone_device(&self) -> Box<dyn Device> {
        Box::new(self.clone())
    }
    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}
