//! The mailbox between a program's future and the kernel.
//!
//! The future holds a [`Sys`](super::Sys), the kernel the [`RustProgram`](super::RustProgram); both
//! share a [`Port`]. While the program is polled, its CPU's memory lies in the port: operations on memory
//! are carried out right there. Anything else leaves a trap in the port and yields. Every answer goes
//! into the journal; while a saved program is revived, answers come out of it instead.

use super::image::Body;
use super::journal::{Cursor, Entry, Journal};
use oscope_kernel::abi::program::{Abort, Trap};
use oscope_kernel::abi::{Interruption, UserMemory};
use std::cell::{Cell, RefCell};
use std::task::Poll;

/// The mailbox.
pub(super) struct Port {
    /// Lent by the CPU for one poll.
    pub(super) memory: RefCell<Option<Box<dyn UserMemory>>>,
    /// Left by the operation that stopped the program, unless that was a call.
    pub(super) trap: Cell<Option<Trap>>,
    /// Left by a call: its number and its words. They stand apart, one cell each, because copying a large
    /// value that was just written word by word stalls the host's CPU.
    called: Cell<bool>,
    words: [Cell<u64>; 7],
    /// How many answers the journal may hold; told by the first loan.
    limit: Cell<usize>,
    /// Brought by the kernel for the operation that waits.
    pub(super) answer: Cell<Option<u64>>,
    /// Set by a program that goes on as another body: that body, and a number for the state it begins with.
    pub(super) rebase: RefCell<Option<(Body, u64)>>,
    pub(super) journal: RefCell<Journal>,
    pub(super) cursor: Cell<Cursor>,
    /// Whether answers come out of the journal.
    pub(super) replaying: Cell<bool>,
    /// Where the stack was when the thread started.
    pub(super) stack: u64,
}

/// Mixes what identifies a question into 32 bits.
#[inline]
pub(super) fn check(kind: u32, word: u64) -> u32 {
    let mixed = (word ^ u64::from(kind) << 56).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 32) as u32
}

impl Port {
    pub(super) fn new(journal: Journal, stack: u64) -> Self {
        Self {
            memory: RefCell::default(),
            trap: Cell::new(None),
            called: Cell::new(false),
            words: Default::default(),
            limit: Cell::new(usize::MAX),
            answer: Cell::new(None),
            rebase: RefCell::default(),
            replaying: Cell::new(journal.len() > 0),
            journal: RefCell::new(journal),
            cursor: Cell::new(Cursor::default()),
            stack,
        }
    }

    /// The next entry of a journal that is being read again; `None` when the program is live. A signal
    /// stays where it is: the program's stack of futures takes it.
    #[cold]
    fn replayed(&self, expected: u32) -> Option<Poll<u64>> {
        let mut cursor = self.cursor.get();
        let entry = self.journal.borrow().get(&mut cursor);
        let answer = match entry {
            None => {
                self.replaying.set(false);
                return None;
            }
            Some(Entry::Signal { .. }) => return Some(Poll::Pending),
            Some(Entry::Value { check, value }) if check == expected => Poll::Ready(value),
            Some(_) => return Some(self.stop(Trap::Abort(Abort::NotDeterministic))),
        };
        Journal::step(&mut cursor);
        self.cursor.set(cursor);
        Some(answer)
    }

    fn stop<T>(&self, trap: Trap) -> Poll<T> {
        self.trap.set(Some(trap));
        Poll::Pending
    }

    /// Writes an answer down. `false` if the journal is full: the program cannot go on.
    #[inline]
    fn note(&self, entry: Entry) -> bool {
        let mut journal = self.journal.borrow_mut();
        journal.push(entry);
        journal.len() <= self.limit.get()
    }

    /// The CPU lends its memory.
    #[inline]
    pub(super) fn lend(&self, memory: Box<dyn UserMemory>) {
        if self.limit.get() == usize::MAX {
            self.limit.set(memory.journal_limit());
        }
        self.memory.replace(Some(memory));
    }

    /// What the operation that stopped the program wants.
    #[inline]
    pub(super) fn take_trap(&self, trap: &mut Trap) {
        if self.called.take() {
            let [number, arguments @ ..] = &self.words;
            let arguments = arguments.each_ref().map(Cell::get);
            *trap = Trap::Call { number: number.get(), arguments };
        } else {
            *trap = self.trap.take().unwrap_or(Trap::Preempt);
        }
    }

    /// Forgets what the last poll left.
    #[inline]
    pub(super) fn clear_trap(&self) {
        self.called.set(false);
        self.trap.set(None);
    }

    /// An operation that memory carries out at once, unless a fault or the horizon stops it.
    #[inline]
    pub(super) fn inline(
        &self,
        check: u32,
        operation: impl FnOnce(&mut dyn UserMemory) -> Result<u64, Interruption>,
    ) -> Poll<u64> {
        if self.replaying.get()
            && let Some(poll) = self.replayed(check)
        {
            return poll;
        }
        let mut lent = self.memory.borrow_mut();
        // Without a loan the program is being revived, and this is where it stopped.
        let Some(memory) = lent.as_mut() else {
            return Poll::Pending;
        };
        match operation(memory.as_mut()) {
            Ok(value) => {
                if self.note(Entry::Value { check, value }) {
                    Poll::Ready(value)
                } else {
                    self.stop(Trap::Abort(Abort::JournalFull))
                }
            }
            Err(Interruption::Fault(fault)) => self.stop(Trap::Fault(fault)),
            Err(Interruption::Horizon) => self.stop(Trap::Preempt),
        }
    }

    /// As [`inline`](Self::inline), for an operation whose answer is bytes.
    pub(super) fn inline_bytes(
        &self,
        check: u32,
        into: &mut [u8],
        operation: impl FnOnce(&mut dyn UserMemory, &mut [u8]) -> Result<(), Interruption>,
    ) -> Poll<()> {
        if self.replaying.get() {
            let mut cursor = self.cursor.get();
            let entry = self.journal.borrow().get(&mut cursor);
            match entry {
                None => self.replaying.set(false),
                Some(Entry::Signal { .. }) => return Poll::Pending,
                Some(Entry::Bytes { check: found, length, offset })
                    if found == check && length as usize == into.len() =>
                {
                    into.copy_from_slice(self.journal.borrow().bytes(cursor, offset, length));
                    Journal::step(&mut cursor);
                    self.cursor.set(cursor);
                    return Poll::Ready(());
                }
                Some(_) => return self.stop(Trap::Abort(Abort::NotDeterministic)),
            }
        }
        let mut lent = self.memory.borrow_mut();
        let Some(memory) = lent.as_mut() else {
            return Poll::Pending;
        };
        match operation(memory.as_mut(), into) {
            Ok(()) => {
                let mut journal = self.journal.borrow_mut();
                journal.push_bytes(check, into);
                // A journal is bounded in bytes as well as in answers.
                if journal.len() + journal.byte_length() / 16 > self.limit.get() {
                    return self.stop(Trap::Abort(Abort::JournalFull));
                }
                Poll::Ready(())
            }
            Err(Interruption::Fault(fault)) => self.stop(Trap::Fault(fault)),
            Err(Interruption::Horizon) => self.stop(Trap::Preempt),
        }
    }

    /// A system call: yields until the kernel has brought the answer.
    #[inline]
    pub(super) fn call(&self, number: u64, arguments: &[u64; 6]) -> Poll<u64> {
        let check = check(1, number ^ arguments[0] << 16 ^ arguments[1] << 8 ^ arguments[2]);
        if self.replaying.get()
            && let Some(poll) = self.replayed(check)
        {
            return poll;
        }
        if let Some(value) = self.answer.take() {
            return if self.note(Entry::Value { check, value }) {
                Poll::Ready(value)
            } else {
                self.stop(Trap::Abort(Abort::JournalFull))
            };
        }
        self.called.set(true);
        self.words[0].set(number);
        for (word, argument) in self.words[1..].iter().zip(arguments) {
            word.set(*argument);
        }
        Poll::Pending
    }
}
