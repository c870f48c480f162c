//! What every device model is: registers, a time at which it wants attention, an interrupt line.
//!
//! A driver sees a device through its registers only, as on a real bus. What the device needs from the
//! machine while a register is written, or when its time has come, is in [`Wires`]: the clock, DMA to RAM,
//! its interrupt line, and the cable to the outside.

use super::ram::Ram;
use crate::base::{Digester, Duration, RequestId, Time};
use crate::event::EventId;
use std::any::Any;
use std::sync::Arc;

/// Who made a device and which one it is, as on PCI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceType {
    /// The maker.
    pub vendor: u16,
    /// The model.
    pub model: u16,
}

/// An Ethernet frame on its way, with what oscope knows about it and no wire carries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WireFrame {
    /// The bytes, from the destination address to the end of the payload; no check sequence.
    pub bytes: Arc<[u8]>,
    /// The event that sent it.
    pub cause: EventId,
    /// The request that it serves.
    pub request: RequestId,
}

/// What joins a device to its machine.
#[derive(Debug)]
pub struct Wires<'a> {
    /// The time.
    pub now: Time,
    /// For direct memory access.
    pub ram: &'a mut Ram,
    /// Set by a device that wants [`Device::attend`] to be called at a later time.
    pub attend_at: Option<Time>,
    /// Set by a device that raises its interrupt line.
    pub interrupt: bool,
    /// Put here by a network interface: frames that leave on its cable now.
    pub sent: Vec<WireFrame>,
    /// What the CPU that writes the register is doing, for frames that start here.
    pub cause: EventId,
    /// The request it serves.
    pub request: RequestId,
}

impl<'a> Wires<'a> {
    /// Wires at time `now`, nothing raised.
    #[must_use]
    pub fn new(now: Time, ram: &'a mut Ram, cause: EventId, request: RequestId) -> Self {
        Self { now, ram, attend_at: None, interrupt: false, sent: Vec::new(), cause, request }
    }
}

/// A device model. It knows its registers and its timing, and nothing of drivers or kernels.
pub trait Device: Send + Sync {
    /// What the bus reads to find a driver.
    fn device_type(&self) -> DeviceType;
    /// Reads a register.
    fn read(&mut self, register: u16) -> u64;
    /// Writes a register.
    fn write(&mut self, register: u16, value: u64, wires: &mut Wires<'_>);
    /// The time it asked for has come.
    fn attend(&mut self, wires: &mut Wires<'_>);
    /// A frame arrived on its cable. Devices without a cable lose it.
    fn receive(&mut self, _frame: WireFrame, _wires: &mut Wires<'_>) {}
    /// Bytes were typed on it. Devices without a keyboard lose them.
    fn type_bytes(&mut self, _bytes: &[u8], _wires: &mut Wires<'_>) {}
    /// A copy, for keyframes.
    fn clone_device(&self) -> Box<dyn Device>;
    /// Feeds its state into a digest.
    fn digest(&self, digester: &mut Digester);
    /// For whoever plugged it in and knows the model.
    fn as_any(&self) -> &dyn Any;
    /// The same, to change it from outside: to swap a disk's medium, to inject a fault.
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

/// A time that depends on how much is moved: a fixed part, and one per KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timing {
    /// For any operation.
    pub fixed: Duration,
    /// For each 1024 bytes.
    pub per_kib: Duration,
}

impl Timing {
    /// How long `bytes` take.
    #[must_use]
    pub fn of(self, bytes: usize) -> Duration {
        self.fixed + Duration(self.per_kib.0.saturating_mul(bytes as u64) / 1024)
    }
}
