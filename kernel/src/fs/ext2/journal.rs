//! The journal of ext3, as it lies on the disk (jbd2, version 2).
//!
//! All numbers here are big-endian, unlike those of the file system itself.

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
