//! Who gets which blocks and inodes.
//!
//! A file's inode goes into the group of its directory, and its blocks behind each other from there on; a directory's goes
//! where there is much room, so that there is room for its files too. The rules are those of the Fast File System
//! (McKusick, Joy, Leffler and Fabry, 1984, §3.3) as ext2 took them over. Linux reserves a window of blocks in memory
//! for each file that grows; here the next block is looked for when it is needed.

use super::Ext2;
use super::layout::{bit, gd, get16, get32, put_bit, sb, set16, set32};
use super::mount::Group;
use crate::abi::Errno;
use crate::base::BlockNumber;
use crate::fs::txn::{Freed, FsStop, Txn};

impl Ext2 {
    /// Adds to a count of a group's descriptor and to one of the superblock.
    fn count(
        &self,
        txn: &mut Txn<'_>,
        group: u32,
        (of_group, of_all): (usize, Option<usize>),
        by: i32,
    ) -> Result<(), FsStop> {
        let (block, at) = self.descriptor_at(group);
        let page = txn.edit(block)?;
        let count = i32::from(get16(page, at + of_group)) + by;
        set16(page, at + of_group, u16::try_from(count).map_err(|_| Errno::EUCLEAN)?);
        if let Some(field) = of_all {
            let bytes = self.superblock(txn)?;
            let count = get32(bytes, field).checked_add_signed(by).ok_or(Errno::EUCLEAN)?;
            set32(bytes, field, count);
        }
        Ok(())
    }

    /// Takes a free block, at `goal` if it can be had, else behind it, else in another group.
    ///
    /// # Errors
    /// `ENOSPC`, `EUCLEAN`.
    pub(super) fn take_block(&self, txn: &mut Txn<'_>, goal: u32) -> Result<u32, FsStop> {
        let free = self.word(txn, sb::FREE_BLOCKS)?;
        if free == 0 || !txn.is_root() && free <= self.reserved {
            return Err(Errno::ENOSPC.into());
        }
        let is_inside = goal >= self.first_block && goal < self.blocks;
        let goal = if is_inside { goal } else { self.first_block };
        let (group, from) = self.in_group(goal);
        for step in 0..=self.groups() {
            // The goal's group is looked at twice: from the goal on, and from its beginning.
            let here = (group + step) % self.groups();
            let found = self.group(txn, here)?;
            if found.free_blocks == 0 {
                continue;
            }
            let start = if step == 0 { from } else { 0 };
            let Some(n) = self.free_bit(txn, (here, &found), start)? else { continue };
            let number = self.first_of(here) + n;
            if self.is_system(txn, number)? {
                return Err(Errno::EUCLEAN.into());
            }
            put_bit(txn.edit(block(found.block_bitmap))?, n, true);
            self.count(txn, here, (gd::FREE_BLOCKS, Some(sb::FREE_BLOCKS)), -1)?;
            return Ok(number);
        }
        Err(Errno::ENOSPC.into())
    }

    /// A block's group, and its number there.
    pub(super) const fn in_group(&self, number: u32) -> (u32, u32) {
        let n = number - self.first_block;
        (n / self.blocks_per_group, n % self.blocks_per_group)
    }

    /// A free block of a group: at `from`, else the first of eight free ones behind it, else the first.
    fn free_bit(
        &self,
        txn: &Txn<'_>,
        (number, group): (u32, &Group),
        from: u32,
    ) -> Result<Option<u32>, FsStop> {
        let bitmap = &txn.read(block(group.block_bitmap))?[..self.size];
        let (first, count) = (self.first_of(number), self.blocks_of(number));
        let is_free = |n: u32| !bit(bitmap, n) && !txn.is_kept(block(first + n));
        if from < count && is_free(from) {
            return Ok(Some(from));
        }
        let run = (from.div_ceil(8)..count / 8)
            .filter(|byte| bitmap[*byte as usize] == 0)
            .map(|byte| byte * 8)
            .find(|&n| is_free(n));
        if run.is_some() {
            return Ok(run);
        }
        let full = |n: u32| n.is_multiple_of(8) && bitmap.get(n as usize / 8) == Some(&0xff);
        let mut n = from;
        while n < count {
            if full(n) {
                n += 8;
                continue;
            }
            if is_free(n) {
                return Ok(Some(n));
            }
            n += 1;
        }
        Ok(None)
    }

    /// Gives a block back.
    ///
    /// # Errors
    /// `EUCLEAN` if it is free already or cannot be given back.
    pub(super) fn give_block(&self, txn: &mut Txn<'_>, freed: Freed) -> Result<(), FsStop> {
        let (Freed::Data(BlockNumber(number)) | Freed::Metadata(BlockNumber(number))) = freed;
        let number = u32::try_from(number).map_err(|_| Errno::EUCLEAN)?;
        if number < self.first_block || number >= self.blocks || self.is_system(txn, number)? {
            return Err(Errno::EUCLEAN.into());
        }
        let (group, n) = self.in_group(number);
        let bitmap = self.group(txn, group)?.block_bitmap;
        if !put_bit(txn.edit(block(bitmap))?, n, false) {
            return Err(Errno::EUCLEAN.into());
        }
        self.count(txn, group, (gd::FREE_BLOCKS, Some(sb::FREE_BLOCKS)), 1)?;
        txn.freed(freed);
        Ok(())
    }

    /// Whether the file system keeps its own tables in a block, which no file may have.
    pub(super) fn is_system(&self, txn: &Txn<'_>, number: u32) -> Result<bool, FsStop> {
        let (group, _) = self.in_group(number);
        let found = self.group(txn, group)?;
        let in_table =
            number >= found.inode_table && number - found.inode_table < self.table_blocks();
        let copy = self.first_of(group);
        let in_copy =
            self.has_copy(group) && number >= copy && number - copy <= self.descriptor_blocks();
        Ok(in_table || in_copy || number == found.block_bitmap || number == found.inode_bitmap)
    }

    /// Whether a group has a copy of the superblock: with sparse_super, groups 0 and 1 and powers of 3, 5 and 7.
    pub(super) fn has_copy(&self, group: u32) -> bool {
        let is_power = |base: u32| {
            let mut power = base;
            while power < group {
                power = power.saturating_mul(base);
            }
            power == group
        };
        !self.is_sparse || group <= 1 || is_power(3) || is_power(5) || is_power(7)
    }

    /// Takes a free inode for something in a directory; a directory gets one in an empty group.
    ///
    /// # Errors
    /// `ENOSPC`, `EUCLEAN`.
    pub(super) fn take_inode(
        &self,
        txn: &mut Txn<'_>,
        parent: u32,
        is_directory: bool,
    ) -> Result<u32, FsStop> {
        let home = (parent.max(1) - 1) / self.inodes_per_group;
        let best = if is_directory { self.roomy_group(txn)? } else { None };
        let start = best.unwrap_or(home);
        for step in 0..self.groups() {
            let number = (start + step) % self.groups();
            let group = self.group(txn, number)?;
            if group.free_inodes == 0 {
                continue;
            }
            let first = number * self.inodes_per_group;
            let bitmap = &txn.read(block(group.inode_bitmap))?[..self.size];
            let usable = self.first_inode.saturating_sub(first + 1)..self.inodes_per_group;
            let Some(n) = usable.into_iter().find(|&n| !bit(bitmap, n)) else { continue };
            put_bit(txn.edit(block(group.inode_bitmap))?, n, true);
            self.count(txn, number, (gd::FREE_INODES, Some(sb::FREE_INODES)), -1)?;
            if is_directory {
                self.count(txn, number, (gd::DIRECTORIES, None), 1)?;
            }
            return Ok(first + n + 1);
        }
        Err(Errno::ENOSPC.into())
    }

    /// Of the groups with at least as many free inodes as the average, the one with most free blocks.
    fn roomy_group(&self, txn: &Txn<'_>) -> Result<Option<u32>, FsStop> {
        let average = self.word(txn, sb::FREE_INODES)? / self.groups();
        let mut best: Option<(u16, u32)> = None;
        for number in 0..self.groups() {
            let group = self.group(txn, number)?;
            let has_inodes = group.free_inodes > 0 && u32::from(group.free_inodes) >= average;
            if has_inodes && best.is_none_or(|(blocks, _)| group.free_blocks > blocks) {
                best = Some((group.free_blocks, number));
            }
        }
        Ok(best.map(|(_, number)| number))
    }

    /// Gives an inode back.
    ///
    /// # Errors
    /// `EUCLEAN` if it is free already.
    pub(super) fn give_inode(
        &self,
        txn: &mut Txn<'_>,
        inode: u32,
        is_directory: bool,
    ) -> Result<(), FsStop> {
        let (number, n) =
            ((inode - 1) / self.inodes_per_group, (inode - 1) % self.inodes_per_group);
        let group = self.group(txn, number)?;
        if !put_bit(txn.edit(block(group.inode_bitmap))?, n, false) {
            return Err(Errno::EUCLEAN.into());
        }
        self.count(txn, number, (gd::FREE_INODES, Some(sb::FREE_INODES)), 1)?;
        if is_directory {
            self.count(txn, number, (gd::DIRECTORIES, None), -1)?;
        }
        Ok(())
    }
}

/// A block's number as the rest of the kernel has it.
pub(super) fn block(number: u32) -> BlockNumber {
    BlockNumber(number.into())
}
