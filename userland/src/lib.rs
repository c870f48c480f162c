//! What runs on the kernel.
//!
//! * [`sys`]: a tiny libc for programs written in Rust;
//! * [`bin`]: the programs, one per file;
//! * [`scenario`]: worlds, built in and from files.

pub mod bin;
pub mod scenario;
pub mod sys;
