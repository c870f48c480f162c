//! Layer 3: the hardware that the kernel runs on, as models that know nothing of kernels.
//!
//! Layers: [`ram`] holds the frames; [`mmu`] walks page tables in it and caches what it finds;
//! [`memory`] puts both together and lends them to programs; [`device`] says what a device is, and
//! [`disk`], [`nic`], [`uart`] are three; [`irq`] routes their interrupts; [`wire`] is a cable's timing;
//! [`cost`] the price list.
//!
//! A typical sequence: a driver writes a block number, a frame and `READ` to the disk's registers; the
//! disk asks for attention 5 ms later; then it writes the block to the frame by DMA and raises its line;
//! the controller picks the CPU that is interrupted.
//!
//! Taken from elsewhere: a device is registers plus "call me at that time", as in QEMU's device models;
//! devices compose and know no owner, as in smoltcp's `phy`.

pub mod cost;
pub mod device;
pub mod disk;
pub mod irq;
pub mod memory;
pub mod mmu;
pub mod nic;
pub mod ram;
pub mod uart;
pub mod wire;

pub use cost::CostModel;
pub use device::{Device, DeviceType, Timing, WireFrame, Wires};
pub use irq::InterruptController;
pub use memory::{Loan, Memory, Satp};
pub use ram::{PAGE_SIZE, Page, Ram};
pub use wire::Wire;
