//! What is measured, under the names of `oscope bench`.
//!
//! Each operation is prepared once and then run in batches, because the host's clock and its noise are coarser than
//! a system call. `userland/src/bench` does the same things on the emulated kernel.

mod file;
mod memory;
mod network;
mod process;
mod threads;

use std::io;
use std::time::{Duration, Instant};

/// Does an operation so many times; returns how long that took.
pub(crate) type Batch = Box<dyn FnMut(u32) -> io::Result<Duration>>;

/// One thing to measure.
pub(crate) struct Operation {
    /// Its name in `oscope bench`.
    pub(crate) name: &'static str,
    /// What one of it is.
    pub(crate) about: &'static str,
    /// How many make a batch: about a millisecond's worth.
    pub(crate) batch: u32,
    /// Makes what it needs.
    pub(crate) prepare: fn() -> io::Result<Batch>,
}

/// All of them, in the order of `oscope bench`.
pub(crate) const ALL: &[Operation] = &[
    threads::NULL_SYSCALL,
    threads::VDSO_CLOCK,
    threads::CONTEXT_SWITCH,
    file::PIPE_ROUND_TRIP,
    threads::FUTEX_WAKE,
    process::FORK_EXIT_WAIT,
    process::FORK_LARGE,
    process::FORK_EXEC_WAIT,
    threads::THREAD_CREATE_JOIN,
    memory::PAGE_FAULT,
    memory::MMAP_TOUCH_MUNMAP,
    file::CREATE_WRITE_UNLINK,
    file::CACHED_READ_4K,
    file::PATH_WALK_10,
    network::TCP_ROUND_TRIP,
    network::TCP_BULK_64K,
    network::TCP_CONNECT,
    file::EPOLL_WAIT,
];

/// The operation of this name.
pub(crate) fn find(name: &str) -> Option<&'static Operation> {
    ALL.iter().find(|operation| operation.name == name)
}

/// A batch that repeats `once`.
fn repeat(mut once: impl FnMut() -> io::Result<()> + 'static) -> Batch {
    Box::new(move |n| {
        let begun = Instant::now();
        for _ in 0..n {
            once()?;
        }
        Ok(begun.elapsed())
    })
}
