//! The emulated hardware and the kernel that runs on it.
//!
//! Read from the bottom up; a module imports only from layers below its own:
//!
//! | layer | modules | |
//! |---|---|---|
//! | 0 | [`base`] | time, ids, channels, agenda, chance, choices |
//! | 1 | [`abi`] | what user programs see |
//! | 2 | [`event`] | what happened |
pub mod abi;
pub mod base;
pub mod event;
