//! Layer 4: drivers, and the bus that finds one for each device.
//!
//! "It should not matter whose disk it is": the kernel above speaks to the three traits here,
//! [`BlockDriver`], [`NetDriver`] and [`CharDriver`]; a driver speaks to its device's registers and to
//! nothing else.
//!
//! Layers: [`elevator`] says which request goes first, in the [`queue`] of a disk's driver; [`bus`] matches devices to drivers; [`toy_disk`], [`toy_nic`] and [`uart`] are drivers.
//!
//! A typical sequence: at boot the bus reads each device's type and probes the driver that knows it. A
//! read of block 7 becomes [`BlockDriver::submit`]; the driver has a request under way, so it queues this
//! one; the interrupt comes, [`BlockDriver::interrupt`] hands up what is done and starts the next.
//!
//! Taken from elsewhere: matching by an id table and `probe` from Linux' driver model; completions that
//! come later and never as callbacks from Tock (TRD 3).

pub mod bus;
pub mod elevator;
pub mod queue;
pub mod toy_disk;
pub mod toy_nic;
pub mod uart;

pub use bus::{Bus, Effects};

use crate::abi::Errno;
use crate::base::{Digester, FrameId, RequestId, Time};
use crate::event::EventId;
use crate::hw::{Device, WireFrame, Wires};

/// Bytes of a sector, in which all requests are counted (Linux: `SECTOR_SIZE`).
pub const SECTOR: usize = 512;

/// A run of sectors to move between a device and a frame of RAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlockRequest {
    /// The first sector.
    pub sector: u64,
    /// The frame it comes from or goes to.
    pub frame: FrameId,
    /// Where in the frame, in bytes: a multiple of [`SECTOR`].
    pub offset: u32,
    /// How many bytes: a multiple of [`SECTOR`], within the frame.
    pub length: u32,
    /// Whether the device is written.
    pub write: bool,
    /// The event that asked for it.
    pub cause: EventId,
    /// The request on whose behalf.
    pub request: RequestId,
}

/// A request that the device is done with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlockDone {
    /// What was asked.
    pub asked: BlockRequest,
    /// What went wrong, if anything.
    pub error: Option<Errno>,
}

/// Drives a disk.
pub trait BlockDriver: Send + Sync {
    /// Its name, for people.
    fn name(&self) -> &'static str;
    /// How many blocks of 4096 bytes the device has.
    fn capacity(&self) -> u64;
    /// Takes a request; it is done when [`interrupt`](Self::interrupt) says so.
    fn submit(&mut self, request: BlockRequest, device: &mut dyn Device, wires: &mut Wires<'_>);
    /// The device interrupted: adds what is done to `done`, and starts what waits.
    fn interrupt(
        &mut self,
        device: &mut dyn Device,
        wires: &mut Wires<'_>,
        done: &mut Vec<BlockDone>,
    );
    /// The requests that are not done, the one under way first, the others in the order in which they would go.
    fn queue(&self, now: Time) -> Vec<BlockRequest>;
    /// Who chooses the next one among those that wait ([`elevator`]).
    fn scheduler(&self) -> &'static str;
    /// Another one chooses from now on. `false` if there is none of that name.
    fn set_scheduler(&mut self, name: &str, now: Time) -> bool;
    /// Where the head is, in sectors, as far as the driver knows.
    fn head(&self) -> u64;
    /// A copy, for keyframes.
    fn clone_driver(&self) -> Box<dyn BlockDriver>;
    /// Feeds its state into a digest.
    fn digest(&self, digester: &mut Digester);
}

/// Drives a network interface.
pub trait NetDriver: Send + Sync {
    /// Its name, for people.
    fn name(&self) -> &'static str;
    /// The station address.
    fn address(&self) -> [u8; 6];
    /// Sends a frame (14 to 1514 bytes; anything else is dropped).
    fn transmit(&mut self, frame: &[u8], device: &mut dyn Device, wires: &mut Wires<'_>);
    /// The device interrupted: takes at most `budget` frames. `true` if there may be more.
    fn receive(
        &mut self,
        budget: usize,
        device: &mut dyn Device,
        wires: &mut Wires<'_>,
        received: &mut Vec<WireFrame>,
    ) -> bool;
    /// A copy, for keyframes.
    fn clone_driver(&self) -> Box<dyn NetDriver>;
    /// Feeds its state into a digest.
    fn digest(&self, digester: &mut Digester);
}

/// Drives a device that moves bytes one after the other.
pub trait CharDriver: Send + Sync {
    /// Its name, for people.
    fn name(&self) -> &'static str;
    /// How many bytes wait to be read.
    fn waiting(&self, device: &mut dyn Device) -> usize;
    /// Reads up to `into.len()` bytes that are there.
    fn read(&mut self, into: &mut [u8], device: &mut dyn Device) -> usize;
    /// Writes all bytes.
    fn write(&mut self, bytes: &[u8], device: &mut dyn Device, wires: &mut Wires<'_>);
    /// A copy, for keyframes.
    fn clone_driver(&self) -> Box<dyn CharDriver>;
    /// Feeds its state into a digest.
    fn digest(&self, digester: &mut Digester);
}
