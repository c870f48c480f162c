//! The memory that all threads of the application server share, word by word.
//!
//! Threads have one address space: whatever one of them stores here the others see. So each part has a lock.

use crate::sys::{Result, Sys};

/// The queue of connections that wait for a thread: its lock, its bell, how many came, how many were taken, the ring.
pub(super) const QUEUE_LOCK: u64 = 0;
pub(super) const QUEUE_BELL: u64 = 8;
pub(super) const QUEUE_CAME: u64 = 16;
pub(super) const QUEUE_TAKEN: u64 = 24;
pub(super) const QUEUE: u64 = 64;
pub(super) const QUEUE_LENGTH: u64 = 64;

/// The pool of connections to the database: lock, bell, how many there may be, and a word for each.
pub(super) const POOL_LOCK: u64 = 1024;
pub(super) const POOL_BELL: u64 = 1032;
pub(super) const POOL_SIZE: u64 = 1040;
pub(super) const POOL: u64 = 1088;
pub(super) const MOST_LINKS: u64 = 64;

/// Sessions: the next one's number, and how often each was here.
pub(super) const NEXT_SESSION: u64 = 2048;
pub(super) const VISITS: u64 = 2112;
pub(super) const MOST_SESSIONS: u64 = 64;

/// The cache of results: its lock, whether it is used, and its slots.
pub(super) const CACHE_LOCK: u64 = 3072;
pub(super) const CACHE_IS_ON: u64 = 3080;
pub(super) const CACHE: u64 = 4096;
pub(super) const SLOTS: u64 = 64;
pub(super) const SLOT: u64 = 2048;

/// Where the database is, as a text that ends with a zero byte.
pub(super) const DATABASE: u64 = CACHE + SLOTS * SLOT;

/// Sets memory aside.
///
/// # Errors
/// `ENOMEM`.
pub(super) async fn make(sys: &Sys) -> Result {
    sys.mmap(DATABASE + 4096).await
}
