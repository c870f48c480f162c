//! Pipes (pipe(7)): bytes that one end writes and the other end reads, in order, each once.
//!
//! A pipe is a bounded queue of bytes with two counts: how many open files are its read end, and how many
//! its write end. Both ends at zero, it is gone. A reader of an empty pipe waits while there is a writer;
//! a writer of a full pipe waits while there is a reader. Who waits, and for whom, is decided in layer 7.
//!
//! A simplification: the capacity counts bytes. Linux counts buffers of a page each, so that a pipe may be
//! full before it holds 64 KiB of small writes that do not fit together into pages.

use crate::base::{PipeId, PipeTag, RequestId, Table};
use crate::event::{EventId, Tagged};

/// Writes of at most so many bytes are never mixed with others (`PIPE_BUF`).
pub const PIPE_BUF: u64 = 4096;
/// How many bytes a new pipe holds: 16 pages.
const CAPACITY: u64 = 65_536;
/// The largest capacity for those without privileges (/proc/sys/fs/pipe-max-size).
pub const MAX_CAPACITY: u64 = 1_048_576;

/// Which side of a pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// Where bytes come out.
    Read,
    /// Where they go in.
    Write,
    /// Both: a FIFO that was opened for reading and writing.
    Both,
}

/// A pipe.
#[derive(Clone, Debug, Hash)]
pub struct Pipe {
    bytes: Tagged,
    capacity: u64,
    /// Open files that are its read end.
    pub readers: u32,
    /// Open files that are its write end.
    pub writers: u32,
    /// How often each end was ever opened, of a FIFO.
    opened: (u32, u32),
}

impl Pipe {
    /// How many bytes wait to be read.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// How often its read end and its write end were ever opened: of a FIFO, whose openers wait for each other.
    #[must_use]
    pub const fn opened(&self) -> (u32, u32) {
        self.opened
    }

    /// Whether there is nothing to read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How many bytes it holds at most.
    #[must_use]
    pub const fn capacity(&self) -> u64 {
        self.capacity
    }

    /// How many more bytes fit in.
    #[must_use]
    pub fn room(&self) -> u64 {
        self.capacity.saturating_sub(self.len())
    }

    /// Whether writers are told that there is room: when a whole page fits in, as on Linux.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.room() >= PIPE_BUF
    }

    /// Gives it another capacity, which must hold what is in it; `false` if it does not.
    pub fn resize(&mut self, capacity: u64) -> bool {
        let fits = capacity >= self.len();
        if fits {
            self.capacity = capacity;
        }
        fits
    }

    /// Puts bytes in, for which there must be room, on behalf of somebody.
    pub fn push(&mut self, bytes: &[u8], cause: EventId, request: RequestId) {
        self.bytes.push(bytes, cause, request);
    }

    /// The next `into.len()` bytes, left where they are.
    pub fn peek(&self, into: &mut [u8]) {
        self.bytes.copy(0, into);
    }

    /// Takes `count` bytes out. Returns who wrote the last of them, and for which request.
    pub fn take(&mut self, count: u64) -> Option<(EventId, RequestId)> {
        self.bytes.take(count.min(self.len()) as usize)
    }
}

/// All pipes of a machine.
#[derive(Clone, Debug, Default, Hash)]
pub struct Pipes {
    table: Table<PipeTag, Pipe>,
}

impl Pipes {
    /// Makes a pipe with one open file at each end.
    pub fn create(&mut self) -> PipeId {
        self.make(1)
    }

    /// Makes a pipe that nobody has open yet: what is behind a FIFO.
    pub fn create_fifo(&mut self) -> PipeId {
        self.make(0)
    }

    /// One more open file at an end.
    pub fn open(&mut self, id: PipeId, end: End) {
        if let Some(pipe) = self.table.get_mut(id) {
            let (reads, writes) = (u32::from(end != End::Write), u32::from(end != End::Read));
            pipe.readers += reads;
            pipe.writers += writes;
            let (read, written) = pipe.opened;
            pipe.opened = (read.wrapping_add(reads), written.wrapping_add(writes));
        }
    }

    fn make(&mut self, ends: u32) -> PipeId {
        self.table.insert(Pipe {
            bytes: Tagged::default(),
            capacity: CAPACITY,
            readers: ends,
            writers: ends,
            opened: (0, 0),
        })
    }

    /// A pipe.
    #[must_use]
    pub fn get(&self, id: PipeId) -> Option<&Pipe> {
        self.table.get(id)
    }

    /// A pipe, to change.
    pub fn get_mut(&mut self, id: PipeId) -> Option<&mut Pipe> {
        self.table.get_mut(id)
    }

    /// An open file that was this end is closed; with the last one of both ends the pipe is gone.
    pub fn close(&mut self, id: PipeId, end: End) {
        let Some(pipe) = self.table.get_mut(id) else {
            return;
        };
        pipe.readers = pipe.readers.saturating_sub(u32::from(end != End::Write));
        pipe.writers = pipe.writers.saturating_sub(u32::from(end != End::Read));
        if pipe.readers == 0 && pipe.writers == 0 {
            self.table.remove(id);
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// All pipes.
    pub fn iter(&self) -> impl Iterator<Item = (PipeId, &Pipe)> {
        self.table.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::{End, Pipes};

    #[test]
    fn a_pipe_is_gone_with_its_last_end() {
        let mut pipes = Pipes::default();
        let id = pipes.create();
        pipes.close(id, End::Write);
        assert!(pipes.get(id).is_some_and(|pipe| pipe.writers == 0 && pipe.readers == 1));
        pipes.close(id, End::Read);
        assert!(pipes.is_empty());
    }
}
