//! What a running program may do to memory without a trap: [`UserMemory`].
//!
//! Before each poll a CPU lends the program its MMU, the RAM behind it, the vDSO page and its clock; the
//! loan is taken back when the program traps. Loads, stores and atomic operations go through the same
//! page tables and the same TLB as on real hardware, charge the CPU's time as they go, and stop at the
//! **horizon**, the moment at which something else may happen on the machine.

use crate::base::{Duration, Time};
use serde::{Deserialize, Serialize};
use std::any::Any;

/// What an instruction wanted of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// To read.
    Load,
    /// To write.
    Store,
    /// To fetch an instruction.
    Execute,
    /// To change it in one step, at an address that is no multiple of the width.
    Misaligned,
}

/// An access that the MMU refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fault {
    /// The virtual address.
    pub address: u64,
    /// What was wanted there.
    pub access: Access,
}

/// Why an operation on memory did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Interruption {
    /// The MMU refused it: a page fault.
    Fault(Fault),
    /// The CPU's clock stands at the horizon: nothing happened, try again when resumed.
    Horizon,
}

/// How many bytes an access moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Width {
    /// One byte.
    B1,
    /// Two bytes.
    B2,
    /// Four bytes.
    B4,
    /// Eight bytes.
    B8,
}

impl Width {
    /// The number of bytes: 1, 2, 4 or 8.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        match self {
            Self::B1 => 1,
            Self::B2 => 2,
            Self::B4 => 4,
            Self::B8 => 8,
        }
    }
}

/// An atomic read-modify-write operation (RISC-V `amo*`, and compare-and-swap).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Atomic {
    /// Adds, wrapping.
    Add(u64),
    /// Stores.
    Swap(u64),
    /// Stores `new` if the word equals `expected`.
    CompareExchange {
        /// What the word must hold.
        expected: u64,
        /// What is stored then.
        new: u64,
    },
}

/// Memory, clock and CPU time, lent to a program until its next trap.
///
/// Every operation either happens whole or, on `Err`, not at all; bulk operations may have moved some
/// pages before the one that stopped them, and are started again from the beginning.
pub trait UserMemory {
    /// Reads a little-endian number.
    ///
    /// # Errors
    /// [`Interruption`], as for all operations here.
    fn load(&mut self, address: u64, width: Width) -> Result<u64, Interruption>;

    /// Writes a little-endian number; the upper bytes of `value` are ignored.
    ///
    /// # Errors
    /// [`Interruption`].
    fn store(&mut self, address: u64, width: Width, value: u64) -> Result<(), Interruption>;

    /// Reads, changes and writes a word in one step that no other CPU sees the middle of. Returns the old value.
    ///
    /// # Errors
    /// [`Interruption`].
    fn atomic(
        &mut self,
        address: u64,
        width: Width,
        operation: Atomic,
    ) -> Result<u64, Interruption>;

    /// Reads `into.len()` bytes.
    ///
    /// # Errors
    /// [`Interruption`].
    fn read(&mut self, address: u64, into: &mut [u8]) -> Result<(), Interruption>;

    /// Writes bytes.
    ///
    /// # Errors
    /// [`Interruption`].
    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), Interruption>;

    /// Uses the CPU for `length`. What is left when the horizon stops it is remembered by the kernel, and
    /// the operation must be tried again with the same length.
    ///
    /// # Errors
    /// [`Interruption::Horizon`] only.
    fn compute(&mut self, length: Duration) -> Result<(), Interruption>;

    /// The time of day as Linux' vDSO tells it without entering the kernel.
    fn clock(&self) -> Time;

    /// How many answers a program may keep in its journal before it must rebase.
    fn journal_limit(&self) -> usize;

    /// For the lender, who knows the type.
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}
