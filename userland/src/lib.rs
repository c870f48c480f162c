//! What runs on the kernel.
//!
//! * [`sys`]: a tiny libc for programs written in Rust;
//! * [`bench`]: machines that do one thing over and over, to be measured;
//! * [`bin`]: the programs, one per file;
//! * [`scenario`]: worlds, built in and from files;
//! * [`workbench`]: problems from books, solved by the kernel.

pub mod bench;
pub mod bin;
pub mod scenario;
pub mod sys;
pub mod workbench;
