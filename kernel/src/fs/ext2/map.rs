//! Which block holds which part of a file.
//!
//! ```text
//! inode   twelve numbers of blocks
//!         one of a block with numbers of blocks (single indirect)
//!         one of a block with numbers of such blocks (double)
//!         one of a block with numbers of those (triple)
//! ```
//!
//! A number that is 0 is a hole: all that lies below it reads as zeroes and takes no room.

use super::Ext2;
use super::layout::{DIRECT, get32, inode as field, set32};
use crate::abi::Errno;
use crate::base::BlockNumber;
use crate::fs::attributes::Kind;
use crate::fs::txn::{Freed, FsStop, Txn};

/// The way to a block's number: which of the inode's fifteen, and then which of each indirect block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Way {
    slot: usize,
    steps: [u64; 3],
    depth: usize,
}

impl Ext2 {
    /// How many numbers a block holds.
    const fn numbers(&self) -> u64 {
        self.size as u64 / 4
    }

    /// How many blocks lie below a number at so many levels of indirection.
    const fn span(&self, depth: u32) -> u64 {
        self.numbers().pow(depth)
    }

    /// The largest file, in bytes: what fifteen numbers lead to, and no more than 2³² - 1 units of 512 bytes, the blocks
    /// with numbers included.
    pub(super) fn largest_size(&self) -> u64 {
        let reachable = DIRECT + self.span(1) + self.span(2) + self.span(3);
        let room = u64::from(u32::MAX) * 512 / self.size as u64;
        let indirect = room.div_ceil(self.numbers()) + room.div_ceil(self.span(2)) + 4;
        reachable.min(room - indirect) * self.size as u64
    }

    fn way(&self, n: u64) -> Result<Way, FsStop> {
        let per = self.numbers();
        let mut rest = n;
        if rest < DIRECT {
            return Ok(Way { slot: rest as usize, steps: [0; 3], depth: 0 });
        }
        rest -= DIRECT;
        for depth in 1..=3u32 {
            if rest < self.span(depth) {
                let mut steps = [0; 3];
                for (level, step) in steps.iter_mut().take(depth as usize).enumerate() {
                    *step = rest / self.span(depth - 1 - level as u32) % per;
                }
                return Ok(Way { slot: 11 + depth as usize, steps, depth: depth as usize });
            }
            rest -= self.span(depth);
        }
        Err(Errno::EFBIG.into())
    }

    /// A block's number as it stands on the disk: `None` for a hole.
    ///
    /// # Errors
    /// `EUCLEAN` if there is no such block.
    pub(super) fn checked(&self, number: u32) -> Result<Option<u32>, FsStop> {
        match number {
            0 => Ok(None),
            n if n <= self.first_block || n >= self.blocks => Err(Errno::EUCLEAN.into()),
            n => Ok(Some(n)),
        }
    }

    /// The block that holds a file's block number `n`; `None` for a hole.
    ///
    /// # Errors
    /// `EUCLEAN`, a miss.
    pub(super) fn block_at(
        &self,
        txn: &Txn<'_>,
        inode: u32,
        n: u64,
    ) -> Result<Option<u32>, FsStop> {
        let Ok(way) = self.way(n) else { return Ok(None) };
        let top = get32(self.record(txn, inode)?, field::BLOCKS + way.slot * 4);
        let mut here = self.checked(top)?;
        for step in &way.steps[..way.depth] {
            let Some(number) = here else { return Ok(None) };
            let page = txn.read(BlockNumber(number.into()))?;
            here = self.checked(get32(page, *step as usize * 4))?;
        }
        Ok(here)
    }

    /// The block for a file's block number `n`, and whether it is new. Blocks with numbers that are missing are made.
    ///
    /// # Errors
    /// `ENOSPC`, `EFBIG`, `EUCLEAN`, a miss.
    pub(super) fn make_block(
        &self,
        txn: &mut Txn<'_>,
        inode: u32,
        n: u64,
    ) -> Result<(u32, bool), FsStop> {
        if let Some(there) = self.block_at(txn, inode, n)? {
            return Ok((there, false));
        }
        let way = self.way(n)?;
        let before = match n.checked_sub(1) {
            Some(before) => self.block_at(txn, inode, before)?,
            None => None,
        };
        let group = (inode - 1) / self.inodes_per_group;
        let mut goal = before.map_or(self.first_of(group), |number| number + 1);
        let mut made = 0;
        let at = field::BLOCKS + way.slot * 4;
        let mut here = self.checked(get32(self.record(txn, inode)?, at))?;
        let mut is_new = here.is_none();
        let mut number = match here.take() {
            Some(number) => number,
            None => {
                let number = self.take_block(txn, goal)?;
                set32(self.record_mut(txn, inode)?, at, number);
                (goal, made) = (number + 1, made + 1);
                number
            }
        };
        for step in &way.steps[..way.depth] {
            let block = BlockNumber(number.into());
            if is_new {
                txn.fresh(block);
            }
            let at = *step as usize * 4;
            let next = self.checked(get32(txn.read(block)?, at))?;
            is_new = next.is_none();
            number = match next {
                Some(next) => next,
                None => {
                    let next = self.take_block(txn, goal)?;
                    set32(txn.edit(block)?, at, next);
                    (goal, made) = (next + 1, made + 1);
                    next
                }
            };
        }
        self.count_sectors(txn, inode, made)?;
        Ok((number, is_new))
    }

    fn count_sectors(&self, txn: &mut Txn<'_>, inode: u32, blocks: i64) -> Result<(), FsStop> {
        let raw = self.record_mut(txn, inode)?;
        let sectors = i64::from(get32(raw, field::SECTORS)) + blocks * (self.size as i64 / 512);
        set32(raw, field::SECTORS, sectors.clamp(0, u32::MAX.into()) as u32);
        Ok(())
    }

    /// Gives back all blocks of a file from block number `from` on.
    ///
    /// # Errors
    /// `EUCLEAN`, a miss.
    pub(super) fn cut(
        &self,
        txn: &mut Txn<'_>,
        inode: u32,
        kind: Kind,
        from: u64,
    ) -> Result<(), FsStop> {
        // What is in directories and symbolic links was written as metadata.
        let is_data = kind == Kind::Regular;
        let mut freed = 0;
        let mut begin = 0;
        for slot in 0..15 {
            let depth = if slot < DIRECT as usize { 0 } else { slot as u32 - 11 };
            let span = self.span(depth);
            let skip = from.saturating_sub(begin);
            begin += span;
            if skip >= span {
                continue;
            }
            let at = field::BLOCKS + slot * 4;
            let Some(number) = self.checked(get32(self.record(txn, inode)?, at))? else { continue };
            if self.cut_below(txn, number, (depth, skip), (is_data, &mut freed))? {
                set32(self.record_mut(txn, inode)?, at, 0);
            }
        }
        if freed > 0 {
            self.count_sectors(txn, inode, -freed)?;
        }
        Ok(())
    }

    /// Gives back what lies below a number from a block on, counted from its first; `true` if nothing is left.
    fn cut_below(
        &self,
        txn: &mut Txn<'_>,
        number: u32,
        (depth, from): (u32, u64),
        (is_data, freed): (bool, &mut i64),
    ) -> Result<bool, FsStop> {
        let block = BlockNumber(number.into());
        if depth > 0 {
            let numbers: Vec<u32> = txn.read(block)?[..self.size]
                .as_chunks()
                .0
                .iter()
                .map(|raw| u32::from_le_bytes(*raw))
                .collect();
            let span = self.span(depth - 1);
            for (n, &below) in numbers.iter().enumerate().skip((from / span) as usize) {
                let Some(below) = self.checked(below)? else { continue };
                let skip = from.saturating_sub(n as u64 * span);
                if self.cut_below(txn, below, (depth - 1, skip), (is_data, freed))? && from > 0 {
                    set32(txn.edit(block)?, n * 4, 0);
                }
            }
            if from > 0 {
                return Ok(false);
            }
        }
        let gone = if is_data && depth == 0 { Freed::Data(block) } else { Freed::Metadata(block) };
        self.give_block(txn, gone)?;
        *freed += 1;
        Ok(true)
    }

    /// The first block of a file from `from` on, below `end`, that is no hole. Whole trees of holes are passed over.
    ///
    /// # Errors
    /// `EUCLEAN`, a miss.
    pub(super) fn next_block(
        &self,
        txn: &Txn<'_>,
        inode: u32,
        (from, end): (u64, u64),
    ) -> Result<Option<u64>, FsStop> {
        let mut n = from;
        while n < end {
            let Ok(way) = self.way(n) else { return Ok(None) };
            let top = get32(self.record(txn, inode)?, field::BLOCKS + way.slot * 4);
            let (mut here, mut level) = (self.checked(top)?, 0);
            while let (Some(number), true) = (here, level < way.depth) {
                let page = txn.read(BlockNumber(number.into()))?;
                here = self.checked(get32(page, way.steps[level] as usize * 4))?;
                level += 1;
            }
            if here.is_some() {
                return Ok(Some(n));
            }
            // Behind all that this missing number stands for.
            let span = self.span((way.depth - level) as u32);
            let start: u64 = (0..way.depth as u32)
                .map(|depth| if depth == 0 { DIRECT } else { self.span(depth) })
                .sum();
            let start = if way.depth == 0 { 0 } else { start };
            n = start + (n - start) / span * span + span;
        }
        Ok(None)
    }
}
