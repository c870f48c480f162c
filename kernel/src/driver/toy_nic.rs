//! The driver of the toy network interface: one frame of RAM to send from, a ring of them to receive into.

use super::NetDriver;
use crate::base::{Digester, FrameId};
use crate::hw::{Device, WireFrame, Wires, nic};
use std::hash::Hash;

/// The driver's state.
#[derive(Clone, Debug, Hash)]
pub struct ToyNic {
    address: [u8; 6],
    send: FrameId,
}

impl ToyNic {
    /// Frames of RAM that it takes: one to send from, the rest to receive into.
    pub const FRAMES: usize = 33;

    /// Starts the driver with [`FRAMES`](Self::FRAMES) frames.
    pub fn probe(
        device: &mut dyn Device,
        frames: &[FrameId],
        wires: &mut Wires<'_>,
    ) -> Box<dyn NetDriver> {
        let packed = device.read(nic::ADDRESS).to_le_bytes();
        let mut address = [0; 6];
        address.copy_from_slice(&packed[..6]);
        let (send, receive) = frames.split_first().map_or((FrameId(0), frames), |(s, r)| (*s, r));
        for frame in receive {
            device.write(nic::RECEIVE_FRAME, u64::from(frame.0), wires);
        }
        Box::new(Self { address, send })
    }
}

impl NetDriver for ToyNic {
    fn name(&self) -> &'static str {
        "toy-nic"
    }

    fn address(&self) -> [u8; 6] {
        self.address
    }

    fn transmit(&mut self, frame: &[u8], device: &mut dyn Device, wires: &mut Wires<'_>) {
        if (nic::MIN_PACKET..=nic::MAX_PACKET).contains(&frame.len()) {
            wires.ram.page_mut(self.send)[..frame.len()].copy_from_slice(frame);
            device.write(nic::SEND_FRAME, u64::from(self.send.0), wires);
            device.write(nic::SEND_LENGTH, frame.len() as u64, wires);
        }
    }

    fn receive(
        &mut self,
        budget: usize,
        device: &mut dyn Device,
        wires: &mut Wires<'_>,
        received: &mut Vec<WireFrame>,
    ) -> bool {
        for _ in 0..budget {
            let frame = device.read(nic::RECEIVE_FRAME);
            if frame == u64::MAX {
                return false;
            }
            let length = device.read(nic::RECEIVE_LENGTH) as usize;
            let bytes = wires.ram.page(FrameId(frame as u32))[..length.min(nic::MAX_PACKET)].into();
            // The tags are oscope's own; no register of a real card would carry them.
            let tags = device.as_any().downcast_ref::<nic::Nic>().map(nic::Nic::taken_tags);
            let (cause, request) = tags.unwrap_or_default();
            received.push(WireFrame { bytes, cause, request });
            device.write(nic::RECEIVE_FRAME, frame, wires);
        }
        true
    }

    fn clone_driver(&self) -> Box<dyn NetDriver> {
        Box::new(self.clone())
    }
    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
}
