//! The journal of ext3, as it lies on the disk (jbd2, version 2).
//!
//! ```text
//! block 0     superblock: where the log begins, and with which transaction
//! the others  a ring of transactions, each of them:
//!               revoke blocks       numbers of blocks that older transactions have copies of, and that are something
//!                                   else by now
//!               descriptor          where the copies that follow belong
//!               copies of blocks
//!               (descriptor, copies …)
//!               commit block        without it, nothing of it counts
//! ```
//!
//! All numbers here are big-endian, unlike those of the file system itself. What is kept in memory of a journal in use is in
//! [`log`](super::log).
//!
//! Taken from elsewhere: format and the three passes of recovery from Linux' jbd2 (Tweedie, "Journaling the Linux ext2fs
//! Filesystem", 1998).

use super::Ext2;
use super::layout::{JOURNAL, sb};
use crate::abi::Errno;
use crate::base::BlockNumber;
use crate::fs::txn::{Blocks, FsStop, Txn};
use std::collections::BTreeMap;

/// The number that every block of the journal's own begins with.
pub const MAGIC: u32 = 0xc03b_3998;
/// What kind of block it is: the second word.
pub mod kind {
    /// Says where the blocks that follow belong.
    pub const DESCRIPTOR: u32 = 1;
    /// Ends a transaction: all of it is there.
    pub const COMMIT: u32 = 2;
    /// The journal's superblock, version 2.
    pub const SUPERBLOCK: u32 = 4;
    /// Says which blocks are not to be replayed.
    pub const REVOKE: u32 = 5;
}

/// Fields of the journal's superblock.
pub mod jsb {
    /// Bytes of a block.
    pub const BLOCK_SIZE: usize = 12;
    /// Blocks of the journal, this one included.
    pub const LENGTH: usize = 16;
    /// The first block of the log.
    pub const FIRST: usize = 20;
    /// The number of the transaction that recovery begins with.
    pub const SEQUENCE: usize = 24;
    /// The block that recovery begins with; 0 if there is nothing to recover.
    pub const START: usize = 28;
    /// Features that must be known.
    pub const INCOMPAT: usize = 40;
    /// The identity, of 16 bytes.
    pub const UUID: usize = 48;
    /// How many file systems use it.
    pub const USERS: usize = 64;
}

/// Sets 32 bits at an offset.
pub fn set_be32(bytes: &mut [u8], at: usize, value: u32) {
    if let Some(place) = bytes.get_mut(at..).and_then(|rest| rest.first_chunk_mut()) {
        *place = value.to_be_bytes();
    }
}

/// 32 bits at an offset; 0 behind the end.
#[must_use]
pub fn get_be32(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |raw| u32::from_be_bytes(*raw))
}

/// Writes the superblock of a journal of so many blocks that has nothing in it.
pub fn write_empty(block: &mut [u8], length: u32, uuid: u128) {
    let size = block.len() as u32;
    for (at, value) in [
        (0, MAGIC),
        (4, kind::SUPERBLOCK),
        (jsb::BLOCK_SIZE, size),
        (jsb::LENGTH, length),
        (jsb::FIRST, 1),
        (jsb::SEQUENCE, 1),
        (jsb::USERS, 1),
    ] {
        set_be32(block, at, value);
    }
    if let Some(place) = block.get_mut(jsb::UUID..jsb::UUID + 16) {
        place.copy_from_slice(&uuid.to_be_bytes());
    }
}

/// A feature of the journal: it has revoke blocks.
pub const HAS_REVOKES: u32 = 1;
/// Bytes that every block of the journal's own begins with: magic, kind, transaction.
pub const HEAD: usize = 12;
/// Bytes of a tag in a descriptor.
pub const TAG: usize = 8;
/// Bytes of the identity that follows the first tag.
pub const IDENTITY: usize = 16;

/// Flags of a tag.
pub mod tag {
    /// The block began with the journal's magic number, and has zeroes there in the log.
    pub const ESCAPED: u32 = 1;
    /// No identity follows.
    pub const SAME: u32 = 2;
    /// It is the last one of its descriptor.
    pub const LAST: u32 = 8;
}

/// How many blocks a descriptor in a block of that size can tell of.
#[must_use]
pub const fn tags_of(size: usize) -> usize {
    (size - HEAD - IDENTITY) / TAG
}

/// How many blocks a revoke block of that size can name.
#[must_use]
pub const fn revokes_of(size: usize) -> usize {
    (size - HEAD - 4) / 4
}

/// Begins a block of the journal's own.
pub fn begin(block: &mut [u8], kind: u32, sequence: u32) {
    block.fill(0);
    for (at, value) in [(0, MAGIC), (4, kind), (8, sequence)] {
        set_be32(block, at, value);
    }
}

/// Where the journal is, and what its superblock says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The blocks of the journal, in order.
    pub blocks: Vec<u32>,
    /// The first block of the log.
    pub first: u32,
    /// The transaction that recovery begins with.
    pub sequence: u32,
    /// The block of the journal that recovery begins with; 0 for an empty log.
    pub start: u32,
}

impl Place {
    /// How many blocks there are.
    #[must_use]
    pub fn length(&self) -> u32 {
        self.blocks.len() as u32
    }

    /// The block behind one, around the end.
    #[must_use]
    pub fn after(&self, at: u32) -> u32 {
        if at + 1 >= self.length() { self.first } else { at + 1 }
    }

    /// Where a block of the journal lies on the device.
    #[must_use]
    pub fn block(&self, at: u32) -> Option<BlockNumber> {
        self.blocks.get(at as usize).map(|&number| BlockNumber(number.into()))
    }
}

impl Ext2 {
    /// Finds the journal.
    ///
    /// # Errors
    /// `EINVAL` for features that are not known, `EUCLEAN` for what cannot be.
    pub fn find_journal(&self, blocks: &dyn Blocks) -> Result<Place, FsStop> {
        let txn = Txn::new(blocks, Default::default());
        let inode = self.word(&txn, sb::JOURNAL_INODE)?;
        if inode != JOURNAL && self.usable(inode).is_err() {
            return Err(Errno::EUCLEAN.into());
        }
        let about = self.attributes_of(&txn, inode)?;
        let first = self.block_at(&txn, inode, 0)?.ok_or(Errno::EUCLEAN)?;
        let bytes = txn.read(BlockNumber(first.into()))?;
        let (length, start) = (get_be32(bytes, jsb::LENGTH), get_be32(bytes, jsb::START));
        let (begin, sequence) = (get_be32(bytes, jsb::FIRST), get_be32(bytes, jsb::SEQUENCE));
        let is_sound = get_be32(bytes, 0) == MAGIC
            && get_be32(bytes, 4) == kind::SUPERBLOCK
            && get_be32(bytes, jsb::BLOCK_SIZE) as usize == self.size
            && u64::from(length) <= about.size / self.size as u64
            && length <= self.blocks
            && begin >= 1
            && begin < length
            && start < length
            && length >= SHORTEST;
        if !is_sound {
            return Err(Errno::EUCLEAN.into());
        }
        if get_be32(bytes, jsb::INCOMPAT) & !HAS_REVOKES != 0 {
            return Err(Errno::EINVAL.into());
        }
        let mut found = Vec::new();
        for n in 0..length {
            found.push(self.block_at(&txn, inode, n.into())?.ok_or(Errno::EUCLEAN)?);
        }
        Ok(Place { blocks: found, first: begin, sequence, start })
    }
}

/// The shortest journal that is used, in blocks.
pub const SHORTEST: u32 = 64;

/// What recovery found in a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replay {
    /// Blocks to be written, and what.
    pub blocks: BTreeMap<BlockNumber, Box<[u8]>>,
    /// How many transactions were complete.
    pub transactions: u32,
    /// The number that the next transaction has.
    pub next: u32,
}

/// What a block in the log is about.
enum Item {
    /// The block at the first place of the log is a copy of the second, escaped or not.
    Copy(u32, BlockNumber, bool),
    /// This block is not to be replayed from this or an earlier transaction.
    Revoke(BlockNumber),
}

/// Reads one transaction of the log, from a place on; returns its items and where the next one begins. `None` if it is not
/// complete.
fn transaction(
    blocks: &dyn Blocks,
    place: &Place,
    (mut at, sequence): (u32, u32),
) -> Result<Option<(Vec<Item>, u32)>, FsStop> {
    let mut items = Vec::new();
    // A log cannot be longer than the journal, whatever it says.
    let mut left = place.length();
    loop {
        let Some(number) = place.block(at).filter(|_| left > 0) else { return Ok(None) };
        let bytes = blocks.block(number)?;
        if get_be32(bytes, 0) != MAGIC || get_be32(bytes, 8) != sequence {
            return Ok(None);
        }
        (at, left) = (place.after(at), left - 1);
        match get_be32(bytes, 4) {
            kind::COMMIT => return Ok(Some((items, at))),
            kind::REVOKE => {
                let end = (get_be32(bytes, HEAD) as usize).min(bytes.len());
                for from in (HEAD + 4..end.saturating_sub(3)).step_by(4) {
                    items.push(Item::Revoke(BlockNumber(get_be32(bytes, from).into())));
                }
            }
            kind::DESCRIPTOR => {
                let mut from = HEAD;
                while from + TAG <= bytes.len() && left > 0 {
                    let (home, flags) = (get_be32(bytes, from), get_be32(bytes, from + 4) & 0xffff);
                    let home = BlockNumber(home.into());
                    items.push(Item::Copy(at, home, flags & tag::ESCAPED != 0));
                    (at, left) = (place.after(at), left - 1);
                    from += TAG + if flags & tag::SAME == 0 { IDENTITY } else { 0 };
                    if flags & tag::LAST != 0 {
                        break;
                    }
                }
            }
            _ => return Ok(None),
        }
    }
}

/// What the log of a journal asks to be written (jbd2's three passes: how far is it complete, what was revoked, what is
/// left). `last`: the number of blocks of the device.
///
/// # Errors
/// A miss; `EUCLEAN` for a block that the device does not have.
pub fn replay(blocks: &dyn Blocks, place: &Place, last: u64) -> Result<Replay, FsStop> {
    let mut found = Replay { next: place.sequence, ..Replay::default() };
    let mut at = place.start;
    let mut all = Vec::new();
    while at != 0 && found.transactions < place.length() {
        let Some((items, next)) = transaction(blocks, place, (at, found.next))? else { break };
        all.push((found.next, items));
        (at, found.next) = (next, found.next.wrapping_add(1));
        found.transactions += 1;
    }
    let mut revoked: BTreeMap<BlockNumber, usize> = BTreeMap::new();
    for (n, (_, items)) in all.iter().enumerate() {
        for item in items {
            if let Item::Revoke(number) = item {
                revoked.insert(*number, n);
            }
        }
    }
    for (n, (_, items)) in all.iter().enumerate() {
        for item in items {
            let Item::Copy(from, home, is_escaped) = *item else { continue };
            if revoked.get(&home).is_some_and(|&since| since >= n) {
                continue;
            }
            let number = place.block(from).filter(|_| home.0 < last).ok_or(Errno::EUCLEAN)?;
            let mut bytes: Box<[u8]> = blocks.block(number)?.into();
            if is_escaped {
                set_be32(&mut bytes, 0, MAGIC);
            }
            found.blocks.insert(home, bytes);
        }
    }
    if found.transactions > 0 {
        // As jbd2 does: a number that cannot be in the log already.
        found.next = found.next.wrapping_add(1);
    }
    Ok(found)
}

/// Writes into a journal's superblock where its log begins.
pub fn write_tail(block: &mut [u8], sequence: u32, start: u32) {
    set_be32(block, jsb::SEQUENCE, sequence);
    set_be32(block, jsb::START, start);
    let features = get_be32(block, jsb::INCOMPAT);
    set_be32(block, jsb::INCOMPAT, features | HAS_REVOKES);
}
