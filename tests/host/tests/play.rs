//! `oscope-host play` as the referee uses it: real calls, real answers.
//!
//! What is asserted here is what Linux does, seen through the runner. On a machine that gives no namespaces nothing
//! is run, and the tests say so.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

#[path = "play/client.rs"]
mod client;
#[path = "play/files.rs"]
mod files;
#[path = "play/refusals.rs"]
mod refusals;
#[path = "play/signals.rs"]
mod signals;
#[path = "play/tasks.rs"]
mod tasks;
