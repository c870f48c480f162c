//! Layer 1: what user programs see, laid out exactly as Linux on riscv64 lays it out.
//!
//! * [`call`]: the table of system calls, the single source for dispatch, printing and docs;
//! * [`errno`]: error numbers, their names and messages;
//! * [`flags`]: flags and constants, with the names that strace prints;
//! * [`signal`]: signals, sets of them, `sigaction`;
//! * [`types`]: the structures that travel through memory, and the status word of wait;
//! * [`memory`] and [`program`]: the traits by which the kernel and what runs on it meet:
//!   [`Program`](program::Program), [`Loader`](program::Loader), [`UserMemory`],
//!   [`Guest`](program::Guest). They are implemented above: programs in userland, memory in
//!   [`hw`](crate::hw).
//!
//! Architecture invariant: nothing here knows how the kernel is made. The module imports
//! [`crate::base`] and nothing else of oscope.

pub mod call;
pub mod errno;
pub mod flags;
pub mod memory;
pub mod probe;
pub mod program;
pub mod signal;
pub mod types;

pub use call::{Call, nr};
pub use errno::{Errno, Restart};
pub use memory::{Access, Atomic, Fault, Interruption, UserMemory, Width};
pub use signal::{SigAction, Signal, SignalSet};
pub use types::WaitStatus;
