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

/// Blocks that a transaction gave back, and what was in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Freed {
    /// Data of a file.
    Data(BlockNumber),
    /// What the file system itself had there: its cached copy is worth nothing now.
    Metadata(BlockNumber),
}

impl From<Errno> for FsStop {
    fn from(errno: Errno) -> Self {
        Self::Fail(errno)
    }
}

/// Where the blocks come from that a transaction reads.
pub trait Blocks {
    /// Bytes of a block: 1024, 2048 or 4096.
    fn size(&self) -> usize {
        PAGE_SIZE
    }

    /// A block as it stands.
    ///
    /// # Errors
    /// [`FsStop::Miss`] if it must be fetched first, `EIO` if it cannot be.
    fn block(&self, number: BlockNumber) -> Result<&[u8], FsStop>;

    /// Whether a block that is free may not be used for something new yet: that it is free is not on the disk, and after a
    /// power cut it would be part of what it was part of before.
    fn is_kept(&self, _: BlockNumber) -> bool {
        false
    }
}

/// A device's blocks, as far as the cache has them.
pub struct CachedBlocks<'a> {
    /// The cache.
    pub cache: &'a Cache,
    /// The frames it names.
    pub ram: &'a Ram,
    /// The device.
    pub device: DeviceId,
    /// Bytes of a block.
    pub size: usize,
    /// Blocks that may not be used for something new yet.
    pub kept: &'a BTreeSet<BlockNumber>,
}

impl Blocks for CachedBlocks<'_> {
    fn size(&self) -> usize {
        self.size
    }

    fn is_kept(&self, number: BlockNumber) -> bool {
        self.kept.contains(&number)
    }

    fn block(&self, number: BlockNumber) -> Result<&[u8], FsStop> {
        match self.cache.get(Key::Block(self.device, number)) {
            Some(entry) if entry.is_valid() => {
                Ok(self.ram.page(entry.frame).get(..self.size).unwrap_or_default())
            }
            _ => Err(FsStop::Miss(number)),
        }
    }
}

/// A medium that lies on the table, for making file systems and looking at them: nothing is ever missing.
#[derive(Clone, Copy, Debug)]
pub struct OnMedium<'a> {
    /// The medium.
    pub medium: &'a Medium,
    /// Bytes of a block: a power of two, at most a page.
    pub size: usize,
}

impl Blocks for OnMedium<'_> {
    fn size(&self) -> usize {
        self.size
    }

    fn block(&self, number: BlockNumber) -> Result<&[u8], FsStop> {
        static ZEROES: Page = [0; PAGE_SIZE];
        let per_page = (PAGE_SIZE / self.size) as u64;
        let (page, at) = (number.0 / per_page, (number.0 % per_page) as usize * self.size);
        if page >= self.medium.blocks() {
            return Err(FsStop::Fail(Errno::EIO));
        }
        let page = self.medium.block(page).unwrap_or(&ZEROES);
        Ok(&page[at..at + self.size])
    }
}

/// Puts what a transaction changed onto a medium, in blocks of that size.
pub fn put(medium: &mut Medium, size: usize, changes: &Changes) {
    let per_page = (PAGE_SIZE / size) as u64;
    for (number, contents) in &changes.blocks {
        let at = (number.0 % per_page) as usize * size;
        let mut page = medium.block(number.0 / per_page).copied().unwrap_or([0; PAGE_SIZE]);
        page[at..at + size].copy_from_slice(&contents[..size]);
        medium.set_block(number.0 / per_page, &page);
    }
}

/// No blocks at all: what a file system in memory is handed.
#[derive(Clone, Copy, Debug)]
pub struct NoBlocks;

impl Blocks for NoBlocks {
    fn block(&self, _: BlockNumber) -> Result<&[u8], FsStop> {
        Err(FsStop::Fail(Errno::EIO))
    }
}

/// A change under way.
pub struct Txn<'a> {
    base: &'a dyn Blocks,
    overlay: BTreeMap<BlockNumber, Box<Page>>,
    touched: RefCell<BTreeSet<BlockNumber>>,
    freed: BTreeSet<Freed>,
    now: Timespec,
    size: usize,
    /// Whether blocks may be taken that are kept for root.
    is_root: bool,
}

/// What a transaction comes to.
#[derive(Debug, Default)]
pub struct Changes {
    /// The blocks it changed, lowest first.
    pub blocks: Vec<(BlockNumber, Box<Page>)>,
    /// The blocks it gave back.
    pub freed: BTreeSet<Freed>,
}

impl<'a> Txn<'a> {
    /// A transaction that has changed nothing yet.
    #[must_use]
    pub fn new(base: &'a dyn Blocks, now: Timespec) -> Self {
        let (touched, freed) = Default::default();
        Self {
            base,
            overlay: BTreeMap::new(),
            touched,
            freed,
            now,
            size: base.size(),
            is_root: true,
        }
    }

    /// The same on behalf of somebody who is not root.
    #[must_use]
    pub fn on_behalf(self, is_root: bool) -> Self {
        Self { is_root, ..self }
    }

    /// Whether blocks may be taken that are kept for root.
    #[must_use]
    pub const fn is_root(&self) -> bool {
        self.is_root
    }

    /// Bytes of a block.
    #[must_use]
    pub const fn block_size(&self) -> usize {
        self.size
    }

    /// Whether a free block may not be taken yet.
    #[must_use]
    pub fn is_kept(&self, number: BlockNumber) -> bool {
        self.base.is_kept(number)
            || self.freed.contains(&Freed::Data(number))
            || self.freed.contains(&Freed::Metadata(number))
    }

    /// A block was given back.
    pub fn freed(&mut self, freed: Freed) {
        if let Freed::Metadata(number) = freed {
            self.overlay.remove(&number);
        }
        self.freed.insert(freed);
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
    pub fn read(&self, number: BlockNumber) -> Result<&[u8], FsStop> {
        self.touched.borrow_mut().insert(number);
        match self.overlay.get(&number) {
            Some(page) => Ok(&page[..self.size]),
            None => self.base.block(number),
        }
    }

    /// A block, to change.
    ///
    /// # Errors
    /// As [`Blocks::block`].
    pub fn edit(&mut self, number: BlockNumber) -> Result<&mut [u8], FsStop> {
        self.touched.borrow_mut().insert(number);
        let (base, size) = (self.base, self.size);
        let page = match self.overlay.entry(number) {
            std::collections::btree_map::Entry::Occupied(page) => page.into_mut(),
            std::collections::btree_map::Entry::Vacant(slot) => {
                let mut page = Box::new([0; PAGE_SIZE]);
                page[..size].copy_from_slice(base.block(number)?);
                slot.insert(page)
            }
        };
        Ok(&mut page[..size])
    }

    /// A block whose old contents do not matter: zeroes, without reading it.
    pub fn fresh(&mut self, number: BlockNumber) -> &mut [u8] {
        let page = self
            .overlay
            .entry(number)
            .and_modify(|page| page.fill(0))
            .or_insert_with(|| Box::new([0; PAGE_SIZE]));
        &mut page[..self.size]
    }

    /// Ends the transaction. What becomes of the changes is the caller's decision; dropping them undoes everything.
    #[must_use]
    pub fn finish(self) -> Changes {
        Changes { blocks: self.overlay.into_iter().collect(), freed: self.freed }
    }

    /// The blocks that were looked at: a call that must run again pins them.
    #[must_use]
    pub fn touched(&self) -> Vec<BlockNumber> {
        self.touched.borrow().iter().copied().collect()
    }
}
