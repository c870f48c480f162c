//! The memory that all processes of a database share, word by word.
//!
//! As Oracle's SGA and PostgreSQL's shared memory: one System V segment, which the first process makes and which its
//! children inherit. It holds the latches, where the log stands, who has a transaction under way, the log buffer and
//! the buffer cache. A process that wants to know something looks here; nobody sends messages to anybody.

use crate::sys::{Result, Sys};
use oscope_kernel::abi::nr;

/// Readers and one writer of the database: the state, and how many wait.
pub(crate) const LATCH: u64 = 0;
/// The latch of the buffer cache's directory.
pub(crate) const CACHE_LATCH: u64 = 8;
/// The latch of the log buffer, and the one that whoever writes the log file holds.
pub(crate) const LOG_LATCH: u64 = 16;
pub(crate) const FLUSH_LATCH: u64 = 20;
/// The latch of the table of transactions.
pub(crate) const TRANSACTION_LATCH: u64 = 24;
/// Log sequence numbers: where the next record goes, up to where the file has it, where the file begins.
pub(crate) const LOG_NEXT: u64 = 32;
pub(crate) const LOG_FLUSHED: u64 = 40;
pub(crate) const LOG_BASE: u64 = 48;
/// What the log writer sleeps on, what those sleep on that wait for it, and whether there is one.
pub(crate) const WRITER_BELL: u64 = 56;
pub(crate) const FLUSHED_BELL: u64 = 60;
pub(crate) const HAS_WRITER: u64 = 64;
/// The next transaction's number, and how often the catalog changed.
pub(crate) const NEXT_TRANSACTION: u64 = 72;
pub(crate) const SCHEMA: u64 = 80;
/// Where the clock hand of the cache stands.
pub(crate) const HAND: u64 = 88;
/// Counters: pages found in the cache, read from disk, written to disk; commits; flushes of the log.
pub(crate) const HITS: u64 = 96;
pub(crate) const READS: u64 = 104;
pub(crate) const WRITES: u64 = 112;
pub(crate) const COMMITS: u64 = 120;
pub(crate) const FLUSHES: u64 = 128;
/// The table of transactions under way: number, whom it waits for, and a word that changes when it ends.
pub(crate) const TRANSACTIONS: u64 = 512;
pub(crate) const TRANSACTION_SIZE: u64 = 24;
pub(crate) const MOST_TRANSACTIONS: u64 = 128;

/// The log buffer, a ring.
pub(crate) const LOG_BUFFER: u64 = 4096;
pub(crate) const LOG_BUFFER_SIZE: u64 = 256 * 1024;

/// Lists of slots by page number, then a descriptor for each slot, then the slots.
const CHAINS: u64 = LOG_BUFFER + LOG_BUFFER_SIZE;
const DESCRIPTOR: u64 = 24;

/// Where the area lies in this process, and how large its cache is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Area {
    pub(crate) address: u64,
    /// Slots of the buffer cache.
    pub(crate) slots: u64,
}

impl Area {
    /// Makes one.
    ///
    /// # Errors
    /// Those of shmget(2) and shmat(2).
    pub(crate) async fn make(sys: &Sys, slots: u64) -> Result<Self> {
        let area = Self { address: 0, slots };
        let size = (area.slot(slots)).next_multiple_of(4096);
        // IPC_PRIVATE, IPC_CREAT | 0600: nobody finds it but children.
        let id = sys.call(nr::SHMGET, [0, size, 0o1600, 0, 0, 0]).await?;
        let address = sys.call(nr::SHMAT, [id, 0, 0, 0, 0, 0]).await?;
        // IPC_RMID: it is gone when the last process is.
        sys.call(nr::SHMCTL, [id, 0, 0, 0, 0, 0]).await?;
        Ok(Self { address, slots })
    }

    /// The address of a field.
    pub(crate) fn at(self, field: u64) -> u64 {
        self.address + field
    }

    /// The head of the list of slots for a page.
    pub(crate) fn chain(self, page: u32) -> u64 {
        self.address + CHAINS + u64::from(page) % self.slots * 4
    }

    /// The descriptor of a slot.
    pub(crate) fn descriptor(self, slot: u64) -> u64 {
        self.address + (CHAINS + self.slots * 4).next_multiple_of(8) + slot * DESCRIPTOR
    }

    /// The page in a slot.
    pub(crate) fn slot(self, slot: u64) -> u64 {
        let start = CHAINS + self.slots * (4 + DESCRIPTOR) + 8;
        self.address + start.next_multiple_of(4096) + slot * 4096
    }
}
