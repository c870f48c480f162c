//! The page that the runner and all tasks share: commands one way, results and signals the other.
//!
//! It consists of atomics alone, because several processes look at it at once. A [`Frame`] goes
//! IDLE → POSTED (runner) → RUNNING (task) → DONE (task) → IDLE (runner). A task sleeps on its frame's state,
//! the runner on the bell.

use super::raw;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};

/// Tasks of one tree, the ended ones included.
pub(super) const TASKS: usize = 256;
/// How deep handlers may be nested, and the ordinary course below them.
pub(super) const DEPTH: usize = 8;
/// Signals of one task that are remembered until the runner has looked.
pub(super) const RECORDS: usize = 64;
/// Different handlers that a script may have.
pub(super) const HANDLERS: usize = 16;
/// Words of `siginfo_t` that are kept: 48 bytes, up to and with the times of SIGCHLD.
pub(super) const INFO: usize = 6;
/// Bytes of stack for each task that shares memory.
pub(super) const STACK: usize = 128 * 1024;

/// [`Frame::state`]: nothing to do.
pub(super) const IDLE: u32 = 0;
/// [`Frame::state`]: there is a command.
pub(super) const POSTED: u32 = 1;
/// [`Frame::state`]: the task is at it.
pub(super) const RUNNING: u32 = 2;
/// [`Frame::state`]: the result is there.
pub(super) const DONE: u32 = 3;

/// What all share. Zeroes are a valid one.
pub(super) struct Control {
    /// Counts up whenever a task has something to tell.
    pub(super) bell: AtomicU32,
    /// Gives every result and signal its place in the order of events.
    pub(super) order: AtomicU64,
    /// Not 0: a handler stays until it is told to return.
    pub(super) stay: AtomicU32,
    /// Where the stacks of tasks that share memory begin.
    pub(super) stacks: AtomicU64,
    /// The handlers that the script has named.
    pub(super) handlers: [Handler; HANDLERS],
    /// One per task.
    pub(super) slots: [Slot; TASKS],
}

/// A handler of the script.
pub(super) struct Handler {
    /// Not 0: taken.
    pub(super) taken: AtomicU32,
    /// Its address as the script has it.
    pub(super) address: AtomicU64,
    /// Those of the script's flags that the kernel is not told.
    pub(super) flags: AtomicU64,
}

/// A task's part.
pub(super) struct Slot {
    /// Its number as a thread; 0 before it has begun.
    pub(super) tid: AtomicU32,
    /// Which frame it looks at.
    pub(super) depth: AtomicU32,
    /// Said before exit(2) or exit_group(2): bit 32, and the status.
    pub(super) leaving: AtomicU64,
    /// Commands, one at each depth.
    pub(super) frames: [Frame; DEPTH],
    /// How many signals were taken.
    pub(super) signals: AtomicU32,
    /// The last ones.
    pub(super) records: [Record; RECORDS],
}

/// A command and its result.
pub(super) struct Frame {
    /// See the module.
    pub(super) state: AtomicU32,
    /// [`Kind`](super::numbers::Kind) as a number.
    pub(super) kind: AtomicU32,
    /// The call's number on this machine.
    pub(super) number: AtomicI64,
    /// Its six words.
    pub(super) words: [AtomicU64; 6],
    /// The slot for a child, should there be one.
    pub(super) child: AtomicU32,
    /// What the kernel returned.
    pub(super) result: AtomicI64,
    /// When it did so.
    pub(super) order: AtomicU64,
}

/// A signal that was taken.
pub(super) struct Record {
    /// When.
    pub(super) order: AtomicU64,
    /// By which handler.
    pub(super) handler: AtomicU32,
    /// What was told with it.
    pub(super) info: [AtomicU64; INFO],
}

impl Control {
    /// The next place in the order of events.
    pub(super) fn next(&self) -> u64 {
        self.order.fetch_add(1, Ordering::AcqRel)
    }

    /// Tells the runner that something has happened.
    pub(super) fn ring(&self) {
        self.bell.fetch_add(1, Ordering::AcqRel);
        raw::futex_wake(&self.bell);
    }

    /// The slot of the thread that asks; `None` before it has begun.
    pub(super) fn own(&self) -> Option<&Slot> {
        let tid = raw::gettid();
        self.slots.iter().find(|slot| slot.tid.load(Ordering::Acquire) == tid)
    }

    /// The number of a handler, which is remembered if it is new; `None` if there are too many.
    pub(super) fn register(&self, address: u64, flags: u64) -> Option<usize> {
        for (index, handler) in self.handlers.iter().enumerate() {
            // Only one task runs a command at a time, so nobody else registers now.
            if handler.taken.load(Ordering::Acquire) == 0 {
                handler.address.store(address, Ordering::Release);
                handler.flags.store(flags, Ordering::Release);
                handler.taken.store(1, Ordering::Release);
                return Some(index);
            }
            let same = handler.address.load(Ordering::Acquire) == address
                && handler.flags.load(Ordering::Acquire) == flags;
            if same {
                return Some(index);
            }
        }
        None
    }
}
