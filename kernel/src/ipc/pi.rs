//! Locks with priority inheritance: who owns them, and who waits for them.
//!
//! Only a contended lock is here; as long as nobody waits, the futex word in user memory is all there is
//! (Linux' `pi_state`, futex(2)). What a waiter lends to an owner is decided in layer 7.

use crate::base::{Channel, ThreadId};
use std::collections::BTreeMap;

/// A futex word, by its channel.
pub type Word = Channel;

/// A lock that somebody waits for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PiLock {
    /// Who has it.
    pub owner: ThreadId,
    /// Who waits, in the order in which they came.
    pub waiters: Vec<ThreadId>,
}

/// All contended locks.
#[derive(Clone, Debug, Default, Hash)]
pub struct PiLocks {
    locks: BTreeMap<Word, PiLock>,
    /// What a waiter waits for, and the word's address as the waiter sees it.
    waits_for: BTreeMap<ThreadId, (Word, u64)>,
}

impl PiLocks {
    /// Somebody begins to wait for a lock that `owner` has.
    pub fn wait(&mut self, (word, address): (Word, u64), owner: ThreadId, waiter: ThreadId) {
        let lock = self.locks.entry(word).or_insert(PiLock { owner, waiters: Vec::new() });
        lock.owner = owner;
        if self.waits_for.insert(waiter, (word, address)).is_none() {
            lock.waiters.push(waiter);
        }
    }

    /// Somebody waits no longer. Returns the owner whom that concerns.
    pub fn withdraw(&mut self, waiter: ThreadId) -> Option<ThreadId> {
        let (word, _) = self.waits_for.remove(&waiter)?;
        let lock = self.locks.get_mut(&word)?;
        lock.waiters.retain(|&other| other != waiter);
        let owner = lock.owner;
        if lock.waiters.is_empty() {
            self.locks.remove(&word);
        }
        Some(owner)
    }

    /// A waiter becomes the owner. Returns whether others still wait.
    pub fn hand_over(&mut self, word: Word, next: ThreadId) -> bool {
        self.waits_for.remove(&next);
        let Some(lock) = self.locks.get_mut(&word) else { return false };
        lock.waiters.retain(|&other| other != next);
        lock.owner = next;
        let others_wait = !lock.waiters.is_empty();
        if !others_wait {
            self.locks.remove(&word);
        }
        others_wait
    }

    /// The lock at a word, if somebody waits for it.
    #[must_use]
    pub fn get(&self, word: Word) -> Option<&PiLock> {
        self.locks.get(&word)
    }

    /// Whoever has what a thread waits for.
    #[must_use]
    pub fn blocked_by(&self, waiter: ThreadId) -> Option<ThreadId> {
        self.locks.get(&self.waits_for.get(&waiter)?.0).map(|lock| lock.owner)
    }

    /// At which address a waiter sees the word that it waits for.
    #[must_use]
    pub fn address_for(&self, waiter: ThreadId) -> Option<u64> {
        self.waits_for.get(&waiter).map(|&(_, address)| address)
    }

    /// The contended locks that a thread owns.
    pub fn owned_by(&self, owner: ThreadId) -> impl Iterator<Item = (Word, &PiLock)> {
        let owned = self.locks.iter().filter(move |(_, lock)| lock.owner == owner);
        owned.map(|(&word, lock)| (word, lock))
    }

    /// Whether no lock is contended.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.locks.is_empty()
    }
}
