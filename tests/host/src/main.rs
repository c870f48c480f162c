//! `oscope-host`: what the host's own Linux takes for the operations of `oscope bench`, and what it does with a script.
//!
//! It stands apart from `oscope` because it speaks to the host's kernel, which takes `unsafe`, and because it
//! forks, which a program with threads should not do. `oscope bench` runs it as a child and gets on without it.
//!
//! * `oscope-host list` prints the operations, one per line.
//! * `oscope-host bench [NAME…]` measures and prints one line of JSON per operation.
//! * `oscope-host batches` reads names of operations from standard input, one per line, and answers each with a
//!   line of JSON about one batch. So the caller decides when the host is measured, between measurements of
//!   its own. With `--beside-parent` the process that started it is moved to the same CPU.
//! * `oscope-host play` makes system calls in processes of its own, as lines of JSON ask it to: the referee's hands.
//!
//! Layers: `sys` makes calls of libc safe; `operations` is what is measured, `protocol` how that is asked for; `play`
//! stands by itself. What is measured runs pinned to one CPU, as in lmbench (McVoy and Staelin, "lmbench: Portable Tools for Performance
//! Analysis", USENIX 1996), whose operations these are.

#[cfg(target_os = "linux")]
mod operations;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod play;
#[cfg(target_os = "linux")]
mod protocol;
#[cfg(target_os = "linux")]
mod sys;

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    protocol::main(&arguments)
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    eprintln!("oscope-host: expected Linux");
    ExitCode::from(2)
}
