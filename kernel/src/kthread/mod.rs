//! Layer 7: the kernel's own threads. Each is a function that runs a step and says what it waits for; it
//! is scheduled, charged and listed like any other thread.
//!
//! A typical sequence: a write dirties a page; five virtual seconds later the flusher's deadline passes, it
//! is put on a run queue, gets the CPU, hands the dirty pages to the disk, waits until all are written, and
//! sleeps again.
//!
//! Taken from elsewhere: the five-second period from Linux' `dirty_writeback_centisecs`; threads that keep
//! no stack between steps from seL4's and Fluke's event-driven kernels.

pub mod flusher;
pub mod journal;
pub mod swapper;

use crate::context::{Cx, Tables};
use crate::proc::{CallFrame, KThread, WaitFor};

/// Runs one step of a kernel thread; returns what it waits for.
pub fn step(kind: KThread, frame: &mut CallFrame, t: &mut Tables, cx: &mut Cx) -> WaitFor {
    match kind {
        KThread::Flusher => flusher::step(frame, t, cx),
        KThread::Journal => journal::step(frame, t, cx),
        KThread::Swapper => swapper::step(frame, t, cx),
    }
}
