//! The workbench: the kernel's own policies on problems from a book.
//!
//! A problem is a value, read from a file or made from a seed; its answer is what the kernel did with it. Nothing
//! here decides anything: [`sched`] boots a machine whose work costs nothing but its own time, runs the problem's
//! jobs on it, and reads the answer off the event log; [`paging`], [`alloc`] and [`disk`] ask the kernel's replacement policies,
//! block allocators and disk schedulers one thing after the other; [`crash`] cuts the power of a disk after each of its writes.

pub mod alloc;
pub mod crash;
pub mod disk;
pub mod paging;
pub mod sched;
mod units;

pub use units::Units;
