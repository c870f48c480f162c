//! Reading the superblock: whether there is an ext2 file system, whether its figures can be, and whether we know all its
//! features.
//!
//! What a superblock says is not to be trusted. All that later code computes with is checked here once: after it, a number
//! of a group, block or inode that is within its bound leads to a place on the device.

use super::Ext2;
use super::layout::{
    CLEAN, DESCRIPTOR, FIRST_INODE, MAGIC, ROOT, SMALL_INODE, SUPERBLOCK, feature, gd, get16,
    get32, sb, set16, set32,
};
use crate::abi::Errno;
use crate::base::BlockNumber;
use crate::fs::txn::{Blocks, FsStop, Txn};

/// Incompatible features that are known here.
const KNOWN_INCOMPAT: u32 = feature::FILETYPE;
/// Read-only compatible features that are known here.
const KNOWN_RO_COMPAT: u32 = feature::SPARSE_SUPER | feature::LARGE_FILE;

/// The bytes of the superblock, in blocks of any size.
fn superblock(blocks: &dyn Blocks) -> Result<&[u8], FsStop> {
    let size = blocks.size() as u64;
    let page = blocks.block(BlockNumber(SUPERBLOCK / size))?;
    let at = (SUPERBLOCK % size) as usize;
    page.get(at..at + 1024).ok_or(FsStop::Fail(Errno::EINVAL))
}

/// The size of blocks that the file system on a device has.
///
/// # Errors
/// `EINVAL` if there is none, or its blocks are larger than a page.
pub fn block_size(blocks: &dyn Blocks) -> Result<usize, FsStop> {
    let bytes = superblock(blocks)?;
    let log = get32(bytes, sb::LOG_SIZE);
    if get16(bytes, sb::MAGIC) != MAGIC || log > 2 {
        return Err(Errno::EINVAL.into());
    }
    Ok(1024 << log)
}

/// Whether the file system on a device has a journal, and whether that must be replayed.
///
/// # Errors
/// As [`block_size`].
pub fn journaling(blocks: &dyn Blocks) -> Result<(bool, bool), FsStop> {
    block_size(blocks)?;
    let bytes = superblock(blocks)?;
    let has = get32(bytes, sb::COMPAT) & feature::HAS_JOURNAL != 0;
    Ok((has, get32(bytes, sb::INCOMPAT) & feature::RECOVER != 0))
}

impl Ext2 {
    /// Reads the superblock and the groups of a device with so many blocks, whose size must be that of the file system
    /// ([`block_size`]). `writes`: whether it shall be written.
    ///
    /// # Errors
    /// `EINVAL` for what is no such file system or has features that are not known; `EUCLEAN` for figures that cannot be.
    pub fn mount(blocks: &dyn Blocks, capacity: u64, writes: bool) -> Result<Self, FsStop> {
        Self::mount_with(blocks, capacity, writes, 0)
    }

    /// The same as ext3: it has a journal, which may have to be replayed.
    ///
    /// # Errors
    /// As [`mount`](Self::mount); `EINVAL` if there is no journal.
    pub fn mount_journaled(
        blocks: &dyn Blocks,
        capacity: u64,
        writes: bool,
    ) -> Result<Self, FsStop> {
        if !journaling(blocks)?.0 {
            return Err(Errno::EINVAL.into());
        }
        let fs = Self::mount_with(blocks, capacity, writes, feature::RECOVER)?;
        Ok(Self { name: "ext3", is_journaled: true, ..fs })
    }

    fn mount_with(
        blocks: &dyn Blocks,
        capacity: u64,
        writes: bool,
        also: u32,
    ) -> Result<Self, FsStop> {
        let size = block_size(blocks)?;
        if size != blocks.size() {
            return Err(Errno::EINVAL.into());
        }
        let bytes = superblock(blocks)?;
        let fs = Self::read(bytes, size)?;
        fs.check(bytes, capacity)?;
        if fs.revision > 0 {
            let unknown = |field, known: u32| get32(bytes, field) & !known != 0;
            let cannot_read = unknown(sb::INCOMPAT, KNOWN_INCOMPAT | also);
            let cannot_write = unknown(sb::RO_COMPAT, KNOWN_RO_COMPAT);
            if cannot_read || writes && cannot_write {
                return Err(Errno::EINVAL.into());
            }
        }
        let txn = Txn::new(blocks, Default::default());
        for number in 0..fs.groups() {
            fs.group(&txn, number)?;
        }
        // As Linux refuses to mount what has no root to be entered.
        if !fs.is_directory(&txn, ROOT)? {
            return Err(Errno::EUCLEAN.into());
        }
        Ok(fs)
    }

    fn read(bytes: &[u8], size: usize) -> Result<Self, FsStop> {
        let revision = get32(bytes, sb::REVISION);
        let is_dynamic = revision > 0;
        let of_revision_1 = |field: u32, old: u32| if is_dynamic { field } else { old };
        let features = |at| of_revision_1(get32(bytes, at), 0);
        let inode_size = of_revision_1(get16(bytes, sb::INODE_SIZE).into(), SMALL_INODE as u32);
        Ok(Self {
            name: "ext2",
            is_journaled: false,
            size,
            revision,
            first_block: get32(bytes, sb::FIRST_BLOCK),
            blocks: get32(bytes, sb::BLOCKS),
            reserved: get32(bytes, sb::RESERVED),
            inodes: get32(bytes, sb::INODES),
            blocks_per_group: get32(bytes, sb::BLOCKS_PER_GROUP),
            inodes_per_group: get32(bytes, sb::INODES_PER_GROUP),
            inode_size: inode_size as usize,
            first_inode: of_revision_1(get32(bytes, sb::FIRST_INODE), FIRST_INODE),
            has_types: features(sb::INCOMPAT) & feature::FILETYPE != 0,
            is_sparse: features(sb::RO_COMPAT) & feature::SPARSE_SUPER != 0,
        })
    }

    /// Whether the figures fit to each other, and the device.
    fn check(&self, bytes: &[u8], capacity: u64) -> Result<(), FsStop> {
        let bits = self.size as u32 * 8;
        let per_block = (self.size / self.inode_size.max(1)) as u32;
        let first = u32::from(self.size == 1024);
        let is_sound = get32(bytes, sb::LOG_FRAGMENT) == get32(bytes, sb::LOG_SIZE)
            && get32(bytes, sb::FRAGMENTS_PER_GROUP) == self.blocks_per_group
            && (SMALL_INODE..=self.size).contains(&self.inode_size)
            && self.inode_size.is_power_of_two()
            && self.first_inode >= FIRST_INODE
            && (8..=bits).contains(&self.blocks_per_group)
            && self.blocks_per_group.is_multiple_of(8)
            && (per_block..=bits).contains(&self.inodes_per_group)
            && self.inodes_per_group.is_multiple_of(per_block.max(1))
            && self.first_block == first
            && self.blocks > self.first_block + 1
            && u64::from(self.blocks) <= capacity
            && self.reserved <= self.blocks;
        if !is_sound {
            return Err(Errno::EUCLEAN.into());
        }
        let inodes = u64::from(self.groups()) * u64::from(self.inodes_per_group);
        let is_sound = u64::from(self.inodes) == inodes
            && self.inodes >= self.first_inode
            && self.first_block + 1 + self.descriptor_blocks() < self.blocks;
        if is_sound { Ok(()) } else { Err(Errno::EUCLEAN.into()) }
    }

    /// How many blocks the descriptors of all groups take.
    pub(super) const fn descriptor_blocks(&self) -> u32 {
        self.groups().div_ceil((self.size / DESCRIPTOR) as u32)
    }

    /// How many groups there are.
    pub(super) const fn groups(&self) -> u32 {
        (self.blocks - self.first_block).div_ceil(self.blocks_per_group)
    }

    /// The first block of a group.
    pub(super) const fn first_of(&self, group: u32) -> u32 {
        self.first_block + group * self.blocks_per_group
    }

    /// How many blocks a group has: the last one may have fewer than the others.
    pub(super) fn blocks_of(&self, group: u32) -> u32 {
        (self.blocks - self.first_of(group)).min(self.blocks_per_group)
    }

    /// How many blocks a table of inodes takes.
    pub(super) const fn table_blocks(&self) -> u32 {
        self.inodes_per_group / (self.size / self.inode_size) as u32
    }

    /// Where a group's descriptor lies.
    pub(super) fn descriptor_at(&self, group: u32) -> (BlockNumber, usize) {
        let per_block = (self.size / DESCRIPTOR) as u32;
        let block = self.first_block + 1 + group / per_block;
        (BlockNumber(block.into()), (group % per_block) as usize * DESCRIPTOR)
    }

    /// A group's descriptor.
    ///
    /// # Errors
    /// `EUCLEAN` if it names places that cannot be.
    pub(super) fn group(&self, txn: &Txn<'_>, number: u32) -> Result<Group, FsStop> {
        if number >= self.groups() {
            return Err(Errno::EUCLEAN.into());
        }
        let (block, at) = self.descriptor_at(number);
        let bytes = &txn.read(block)?[at..at + DESCRIPTOR];
        let group = Group {
            block_bitmap: get32(bytes, gd::BLOCK_BITMAP),
            inode_bitmap: get32(bytes, gd::INODE_BITMAP),
            inode_table: get32(bytes, gd::INODE_TABLE),
            free_blocks: get16(bytes, gd::FREE_BLOCKS),
            free_inodes: get16(bytes, gd::FREE_INODES),
            directories: get16(bytes, gd::DIRECTORIES),
        };
        // Without the feature flex_bg, all of it lies in the group.
        let (first, count) = (self.first_of(number), self.blocks_of(number));
        let inside = |block: u32, length: u32| {
            block > self.first_block
                && block >= first
                && block - first <= count.saturating_sub(length)
        };
        let is_sound = inside(group.block_bitmap, 1)
            && inside(group.inode_bitmap, 1)
            && inside(group.inode_table, self.table_blocks())
            && self.table_blocks() <= count;
        if is_sound { Ok(group) } else { Err(Errno::EUCLEAN.into()) }
    }

    /// Where the superblock lies.
    pub(super) const fn superblock_at(&self) -> (BlockNumber, usize) {
        let size = self.size as u64;
        (BlockNumber(SUPERBLOCK / size), (SUPERBLOCK % size) as usize)
    }

    /// The superblock, to change.
    ///
    /// # Errors
    /// A miss.
    pub(super) fn superblock<'t>(&self, txn: &'t mut Txn<'_>) -> Result<&'t mut [u8], FsStop> {
        let (block, at) = self.superblock_at();
        Ok(&mut txn.edit(block)?[at..at + 1024])
    }

    /// A word of the superblock.
    ///
    /// # Errors
    /// A miss.
    pub(super) fn word(&self, txn: &Txn<'_>, field: usize) -> Result<u32, FsStop> {
        let (block, at) = self.superblock_at();
        Ok(get32(txn.read(block)?, at + field))
    }

    /// It is in use from now on (`begins`), and not clean until it is not in use any more.
    ///
    /// # Errors
    /// A miss.
    pub fn mark(&self, txn: &mut Txn<'_>, begins: bool) -> Result<(), FsStop> {
        // Zero would be no time at all; a small number tells e2fsck that this clock began at zero, and that small times of
        // deletion are no numbers of inodes.
        let now = (txn.now().seconds as u32).max(1);
        let bytes = self.superblock(txn)?;
        let state = get16(bytes, sb::STATE);
        set32(bytes, sb::WRITTEN, now);
        if self.is_journaled {
            // With a journal it is always as clean as when it was mounted, once that is replayed.
            let features = get32(bytes, sb::INCOMPAT) & !feature::RECOVER;
            let more = if begins { feature::RECOVER } else { 0 };
            set32(bytes, sb::INCOMPAT, features | more);
        }
        if begins {
            set16(bytes, sb::STATE, if self.is_journaled { state } else { state & !CLEAN });
            set16(bytes, sb::MOUNTS, get16(bytes, sb::MOUNTS).wrapping_add(1));
            set32(bytes, sb::MOUNTED, now);
        } else {
            set16(bytes, sb::STATE, state | CLEAN);
        }
        Ok(())
    }
}

/// What is known of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// The block with the bitmap of blocks.
    pub block_bitmap: u32,
    /// The block with the bitmap of inodes.
    pub inode_bitmap: u32,
    /// The first block of inodes.
    pub inode_table: u32,
    /// Free blocks.
    pub free_blocks: u16,
    /// Free inodes.
    pub free_inodes: u16,
    /// Directories.
    pub directories: u16,
}
