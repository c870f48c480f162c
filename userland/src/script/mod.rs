//! The trace language: what `strace -f` prints is a script, and what it prints of a run is the same.
//!
//! Layers: [`printer`] turns the kernel's log into strace's text.

pub mod printer;
