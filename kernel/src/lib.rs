//! The emulated hardware and the kernel that runs on it.
pub mod base;
pub mod abi;
