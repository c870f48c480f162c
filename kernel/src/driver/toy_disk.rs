//! The driver of the toy disk: one request under way, the others in a queue.

use super::queue::RequestQueue;
use super::{BlockDone, BlockDriver, BlockRequest, SECTOR};
use crate::abi::Errno;
use crate::base::{Digester, Time};
use crate::hw::{Device, PAGE_SIZE, Wires, disk};
use std::hash::Hash;

/// The driver's state.
#[derive(Clone, Default, Hash)]
pub struct ToyDisk {
    capacity: u64,
    under_way: Option<BlockRequest>,
    queue: RequestQueue,
}

impl ToyDisk {
    /// Starts the driver.
    pub fn probe(device: &mut dyn Device) -> Box<dyn BlockDriver> {
        let capacity = device.read(disk::CAPACITY);
        let sectors = capacity.saturating_mul((PAGE_SIZE / SECTOR) as u64);
        Box::new(Self { capacity, under_way: None, queue: RequestQueue::new(sectors) })
    }

    fn start_next(&mut self, device: &mut dyn Device, wires: &mut Wires<'_>) {
        self.under_way = self.queue.next(wires.now);
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
        self.queue.add(request, wires.now);
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

    fn queue(&self, now: Time) -> Vec<BlockRequest> {
        self.under_way.into_iter().chain(self.queue.waiting(now)).collect()
    }

    fn scheduler(&self) -> &'static str {
        self.queue.scheduler()
    }

    fn set_scheduler(&mut self, name: &str, now: Time) -> bool {
        self.queue.set_scheduler(name, now)
    }

    fn head(&self) -> u64 {
        self.queue.head()
    }

    fn clone_driver(&self) -> Box<dyn BlockDriver> {
        Box::new(self.clone())
    }
    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
}
