//! The driver of the toy disk: one request under way, the others in a queue, first come, first served.

use super::{BlockDone, BlockDriver, BlockRequest};
use crate::abi::Errno;
use crate::base::Digester;
use crate::hw::{Device, Wires, disk};
use std::collections::VecDeque;
use std::hash::Hash;

/// The driver's state.
#[derive(Clone, Debug, Default, Hash)]
pub struct ToyDisk {
    capacity: u64,
    under_way: Option<BlockRequest>,
    queue: VecDeque<BlockRequest>,
}

impl ToyDisk {
    /// Starts the driver.
    pub fn probe(device: &mut dyn Device) -> Box<dyn BlockDriver> {
        Box::new(Self { capacity: device.read(disk::CAPACITY), ..Self::default() })
    }

    fn start_next(&mut self, device: &mut dyn Device, wires: &mut Wires<'_>) {
        self.under_way = self.queue.pop_front();
        if let Some(request) = &self.under_way {
            device.write(disk::SECTOR, request.sector, wires);
            device.write(disk::FRAME, u64::from(request.frame.0), wires);
            device.write(disk::OFFSET, request.offset.into(), wires);
            device.write(disk::LENGTH, request.length.into(), wires);
            device.write(
                disk::COMMAND,
                if request.write { disk::WRITE } else { disk::READ },
                wires,
            );
        }
    }
}

impl BlockDriver for ToyDisk {
    fn name(&self) -> &'static str {
        "toy-disk"
    }

    fn capacity(&self) -> u64 {
        self.capacity
    }

    fn submit(&mut self, request: BlockRequest, device: &mut dyn Device, wires: &mut Wires<'_>) {
        self.queue.push_back(request);
        if self.under_way.is_none() {
            self.start_next(device, wires);
        }
    }

    fn interrupt(
        &mut self,
        device: &mut dyn Device,
        wires: &mut Wires<'_>,
        done: &mut Vec<BlockDone>,
    ) {
        let error = match device.read(disk::STATUS) {
            disk::DONE => None,
            disk::ERROR => Some(Errno::EIO),
            // An interrupt that was not ours to take.
            _ => return,
        };
        if let Some(asked) = self.under_way.take() {
            done.push(BlockDone { asked, error });
        }
        self.start_next(device, wires);
    }

    fn queue(&self) -> Vec<BlockRequest> {
        self.under_way.iter().chain(&self.queue).copied().collect()
    }

    fn clone_driver(&self) -> Box<dyn BlockDriver> {
        Box::new(self.clone())
    }
    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
}
