//! A transaction: what a file system changes, before it has changed it.
//!
//! A file system works on blocks in an overlay. If one of them is not in the cache, or anything else
//! goes wrong, the overlay is dropped and nothing has happened: the operation is run again when the block
//! has come. If all went well the overlay is merged whole. With a journal it is what the journal writes.

use super::cache::{Cache, Key};
use crate::abi::Errno;
use crate::abi::types::Timespec;
use crate::base::{BlockNumber, DeviceId};
use crate::hw::disk::Medium;
use crate::hw::{PAGE_SIZE, Page, Ram};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// Why a file system operation stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FsStop {
    /// It fails for good.
    Fail(Errno),
    /// It needs this block, which is not in the cache: fetch it and run the operation again.
    Miss(BlockNumber),
}

impl From<Errno> for FsStop {
    fn from(errno: Errno) -> Self {
        Self::Fail(errno)
    }
}

/// Where the blocks come from that a transaction reads.
pub trait Blocks {
    /// A block as it stands.
    ///
    /// # Errors
    /// [`FsStop::Miss`] if it must be fetched first, `EIO` if it cannot be.
    fn block(&self, number: BlockNumber) -> Result<&Page, FsStop>;
}

/// A device's blocks, as far as the cache has them.
pub struct CachedBlocks<'a> {
    /// The cache.
    pub cache: &'a Cache,
    /// The frames it names.
    pub ram: &'a Ram,
    /// The device.
    pub device: DeviceId,
}

impl Blocks for CachedBlocks<'_> {
    fn block(&self, number: BlockNumber) -> Result<&Page, FsStop> {
        match self.cache.get(Key::Block(self.device, number)) {
            Some(entry) if entry.is_valid() => Ok(self.ram.page(entry.frame)),
            _ => Err(FsStop::Miss(number)),
        }
    }
}

/// A medium that lies on the table, for making file systems: nothing is ever missing.
impl Blocks for Medium {
    fn block(&self, number: BlockNumber) -> Result<&Page, FsStop> {
        static ZEROES: Page = [0; PAGE_SIZE];
        if number.0 >= self.blocks() {
            return Err(FsStop::Fail(Errno::EIO));
        }
        Ok(Self::block(self, number.0).unwrap_or(&ZEROES))
    }
}

/// No blocks at all: what a file system in memory is handed.
#[derive(Clone, Copy, Debug)]
pub struct NoBlocks;

impl Blocks for NoBlocks {
    fn block(&self, _: BlockNumber) -> Result<&Page, FsStop> {
        Err(FsStop::Fail(Errno::EIO))
    }
}

/// A change under way.
pub struct Txn<'a> {
    base: &'a dyn Blocks,
    overlay: BTreeMap<BlockNumber, Box<Page>>,
    touched: RefCell<BTreeSet<BlockNumber>>,
    now: Timespec,
}

impl<'a> Txn<'a> {
    /// A transaction that has changed nothing yet.
    #[must_use]
    pub fn new(base: &'a dyn Blocks, now: Timespec) -> Self {
        Self { base, overlay: BTreeMap::new(), touched: RefCell::default(), now }
    }

    /// The time that inodes are stamped with.
    #[must_use]
    pub const fn now(&self) -> Timespec {
        self.now
    }

    /// A block as this transaction sees it.
    ///
    /// # Errors
    /// As [`Blocks::block`].
    pub fn read(&self, number: BlockNumber) -> Result<&Page, FsStop> {
        self.touched.borrow_mut().insert(number);
        match self.overlay.get(&number) {
            Some(page) => Ok(page),
            None => self.base.block(number),
        }
    }

    /// A block, to change.
    ///
    /// # Errors
    /// As [`Blocks::block`].
    pub fn edit(&mut self, number: BlockNumber) -> Result<&mut Page, FsStop> {
        self.touched.borrow_mut().insert(number);
        let base = self.base;
        match self.overlay.entry(number) {
            std::collections::btree_map::Entry::Occupied(page) => Ok(page.into_mut()),
            std::collections::btree_map::Entry::Vacant(slot) => {
                Ok(slot.insert(Box::new(*base.block(number)?)))
            }
        }
    }

    /// A block whose old contents do not matter: zeroes, without reading it.
    pub fn fresh(&mut self, number: BlockNumber) -> &mut Page {
        self.overlay
            .entry(number)
            .and_modify(|page| page.fill(0))
            .or_insert(Box::new([0; PAGE_SIZE]))
    }

    /// Ends the transaction: the blocks it changed, lowest first. What becomes of them is the caller's
    /// decision; dropping them undoes everything.
    #[must_use]
    pub fn finish(self) -> Vec<(BlockNumber, Box<Page>)> {
        self.overlay.into_iter().collect()
    }

    /// The blocks that were looked at: a call that must run again pins them.
    #[must_use]
    pub fn touched(&self) -> Vec<BlockNumber> {
        self.touched.borrow().iter().copied().collect()
    }
}
