//! What the kernel keeps of inodes that are in use: who has them open, the pipe behind a FIFO, locks.

use super::lock::Locks;
use crate::base::{InodeId, PipeId};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of an inode in use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct InUse {
    /// How many open files there are of it.
    pub opens: u32,
    /// How many of those write.
    pub writers: u32,
    /// The pipe behind a FIFO.
    pub pipe: Option<PipeId>,
    /// Locks on it.
    pub locks: Locks,
}

/// The inodes in use, and those that nobody can find any more.
#[derive(Clone, Debug, Default, Hash)]
pub struct Inodes {
    table: BTreeMap<InodeId, InUse>,
    orphans: BTreeSet<InodeId>,
}

impl Inodes {
    /// What is known of an inode.
    #[must_use]
    pub fn get(&self, inode: InodeId) -> Option<&InUse> {
        self.table.get(&inode)
    }

    /// The same, to change; it comes into being if need be.
    pub fn of(&mut self, inode: InodeId) -> &mut InUse {
        self.table.entry(inode).or_default()
    }

    /// The same, to change, if there is any.
    pub fn get_mut(&mut self, inode: InodeId) -> Option<&mut InUse> {
        self.table.get_mut(&inode)
    }

    /// Somebody opened it.
    pub fn open(&mut self, inode: InodeId, writes: bool) {
        let found = self.of(inode);
        found.opens += 1;
        found.writers += u32::from(writes);
    }

    /// Somebody closed it. What is known of it goes with the last one.
    pub fn close(&mut self, inode: InodeId, writes: bool) {
        if let Some(found) = self.table.get_mut(&inode) {
            found.opens = found.opens.saturating_sub(1);
            found.writers = found.writers.saturating_sub(u32::from(writes));
            if found.opens == 0 {
                self.table.remove(&inode);
            }
        }
    }

    /// Its last name is gone: it lives for as long as somebody uses it.
    pub fn orphan(&mut self, inode: InodeId) {
        self.orphans.insert(inode);
    }

    /// It has a name again, or is gone.
    pub fn settle(&mut self, inode: InodeId) {
        self.orphans.remove(&inode);
    }

    /// Those without a name.
    pub fn orphans(&self) -> impl Iterator<Item = InodeId> {
        self.orphans.iter().copied()
    }

    /// Whether there is any without a name.
    #[must_use]
    pub fn has_orphans(&self) -> bool {
        !self.orphans.is_empty()
    }

    /// All that are in use.
    pub fn iter(&self) -> impl Iterator<Item = (InodeId, &InUse)> {
        self.table.iter().map(|(inode, found)| (*inode, found))
    }
}
