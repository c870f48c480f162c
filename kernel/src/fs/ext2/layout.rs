//! Where everything lies on an ext2 disk: offsets, in bytes, and the numbers that stand there. All are little-endian.
//!
//! The names are those of Linux (`fs/ext2/ext2.h`) without their prefixes.

/// Where the superblock begins, in bytes from the start of the device, whatever the size of blocks.
pub const SUPERBLOCK: u64 = 1024;
/// The root directory's inode.
pub const ROOT: u32 = 2;
/// The journal's inode.
pub const JOURNAL: u32 = 8;
/// The first inode that is not reserved, in revision 0.
pub const FIRST_INODE: u32 = 11;
/// An inode's size in revision 0.
pub const SMALL_INODE: usize = 128;
/// A group descriptor's size.
pub const DESCRIPTOR: usize = 32;
/// The number by which the file system is known: in the superblock, and in statfs(2).
pub const MAGIC: u16 = 0xef53;
/// The longest name.
pub const NAME_MAX: usize = 255;
/// How many names an inode may have.
pub const LINK_MAX: u32 = 32_000;

/// Fields of the superblock.
pub mod sb {
    /// Inodes in all.
    pub const INODES: usize = 0;
    /// Blocks in all.
    pub const BLOCKS: usize = 4;
    /// Blocks that only root may take.
    pub const RESERVED: usize = 8;
    /// Free blocks.
    pub const FREE_BLOCKS: usize = 12;
    /// Free inodes.
    pub const FREE_INODES: usize = 16;
    /// The first block of the first group: 1 with blocks of 1 KiB, else 0.
    pub const FIRST_BLOCK: usize = 20;
    /// The size of a block: 1024 shifted by this.
    pub const LOG_SIZE: usize = 24;
    /// The size of a fragment, which must be that of a block.
    pub const LOG_FRAGMENT: usize = 28;
    /// Blocks of a group.
    pub const BLOCKS_PER_GROUP: usize = 32;
    /// Fragments of a group.
    pub const FRAGMENTS_PER_GROUP: usize = 36;
    /// Inodes of a group.
    pub const INODES_PER_GROUP: usize = 40;
    /// When it was mounted last.
    pub const MOUNTED: usize = 44;
    /// When it was written last.
    pub const WRITTEN: usize = 48;
    /// How often it was mounted since it was checked (16 bits).
    pub const MOUNTS: usize = 52;
    /// After how many mounts it wants to be checked (16 bits).
    pub const MAX_MOUNTS: usize = 54;
    /// [`super::MAGIC`] (16 bits).
    pub const MAGIC: usize = 56;
    /// [`super::CLEAN`] if it was unmounted (16 bits).
    pub const STATE: usize = 58;
    /// What to do about errors (16 bits): 1, go on.
    pub const ERRORS: usize = 60;
    /// When it was checked last.
    pub const CHECKED: usize = 64;
    /// Revision: 0, or 1 with all the fields from here on.
    pub const REVISION: usize = 76;
    /// The first inode that is not reserved.
    pub const FIRST_INODE: usize = 84;
    /// An inode's size (16 bits).
    pub const INODE_SIZE: usize = 88;
    /// Which group this copy of the superblock is in (16 bits).
    pub const GROUP: usize = 90;
    /// Features that do no harm to those who do not know them.
    pub const COMPAT: usize = 92;
    /// Features without which one cannot mount.
    pub const INCOMPAT: usize = 96;
    /// Features without which one cannot write.
    pub const RO_COMPAT: usize = 100;
    /// An identity, of 16 bytes.
    pub const UUID: usize = 104;
    /// The journal's inode.
    pub const JOURNAL_INODE: usize = 224;
    /// The first of the inodes that are to be freed or cut at the next mount.
    pub const LAST_ORPHAN: usize = 232;
    /// What kind of copy of the journal's block numbers follows at [`JOURNAL_BLOCKS`] (8 bits): 1.
    pub const JOURNAL_BACKUP: usize = 253;
    /// By how many bytes all inodes exceed 128 at least (16 bits).
    pub const MIN_EXTRA: usize = 348;
    /// By how many bytes new inodes shall (16 bits).
    pub const WANT_EXTRA: usize = 350;
    /// The block numbers of the journal's inode and its size: 17 words.
    pub const JOURNAL_BLOCKS: usize = 268;
}

/// State of the superblock: it was unmounted cleanly.
pub const CLEAN: u16 = 1;
/// State of the superblock: errors were found.
pub const HAS_ERRORS: u16 = 2;

/// Features: bits of the three words of the superblock.
pub mod feature {
    /// Compatible: it has a journal.
    pub const HAS_JOURNAL: u32 = 4;
    /// Incompatible: entries of directories tell what they name.
    pub const FILETYPE: u32 = 2;
    /// Incompatible: the journal must be replayed first.
    pub const RECOVER: u32 = 4;
    /// Read-only compatible: copies of the superblock are in few groups.
    pub const SPARSE_SUPER: u32 = 1;
    /// Read-only compatible: there are files of 2 GiB and more.
    pub const LARGE_FILE: u32 = 2;
}

/// Fields of a group descriptor.
pub mod gd {
    /// The block with the bitmap of blocks.
    pub const BLOCK_BITMAP: usize = 0;
    /// The block with the bitmap of inodes.
    pub const INODE_BITMAP: usize = 4;
    /// The first block of inodes.
    pub const INODE_TABLE: usize = 8;
    /// Free blocks (16 bits).
    pub const FREE_BLOCKS: usize = 12;
    /// Free inodes (16 bits).
    pub const FREE_INODES: usize = 14;
    /// Directories (16 bits).
    pub const DIRECTORIES: usize = 16;
}

/// Fields of an inode.
pub mod inode {
    /// Kind and permissions (16 bits).
    pub const MODE: usize = 0;
    /// The lower half of the owner (16 bits).
    pub const UID: usize = 2;
    /// The lower half of the size.
    pub const SIZE: usize = 4;
    /// Last read.
    pub const ACCESSED: usize = 8;
    /// Last change of the inode.
    pub const CHANGED: usize = 12;
    /// Last change of the data.
    pub const MODIFIED: usize = 16;
    /// When it was deleted; or, of an orphan, the next orphan.
    pub const DELETED: usize = 20;
    /// The lower half of the group (16 bits).
    pub const GID: usize = 24;
    /// Names (16 bits).
    pub const LINKS: usize = 26;
    /// Room, in units of 512 bytes, numbers of blocks included.
    pub const SECTORS: usize = 28;
    /// Flags.
    pub const FLAGS: usize = 32;
    /// Fifteen block numbers: twelve direct ones, then a single, double and triple indirect one.
    pub const BLOCKS: usize = 40;
    /// A block with extended attributes.
    pub const ATTRIBUTES: usize = 104;
    /// The upper half of a regular file's size.
    pub const SIZE_HIGH: usize = 108;
    /// The upper half of the owner (16 bits).
    pub const UID_HIGH: usize = 120;
    /// The upper half of the group (16 bits).
    pub const GID_HIGH: usize = 122;
    /// By how many bytes it exceeds 128 (16 bits).
    pub const EXTRA: usize = 128;
    /// Nanoseconds, and two bits more of seconds, of [`CHANGED`].
    pub const CHANGED_EXTRA: usize = 132;
    /// The same of [`MODIFIED`].
    pub const MODIFIED_EXTRA: usize = 136;
    /// The same of [`ACCESSED`].
    pub const ACCESSED_EXTRA: usize = 140;
    /// When it was made.
    pub const CREATED: usize = 144;
    /// The end of the fields that are known here.
    pub const END: usize = 152;
}

/// A flag of an inode: the directory has an index, which is not kept up here.
pub const INDEXED: u32 = 0x1000;
/// A flag of an inode: it may not be changed.
pub const IMMUTABLE: u32 = 0x10;
/// How many block numbers of an inode are direct.
pub const DIRECT: u64 = 12;

/// 16 bits at an offset; 0 behind the end.
#[must_use]
pub fn get16(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |raw| u16::from_le_bytes(*raw))
}

/// 32 bits at an offset; 0 behind the end.
#[must_use]
pub fn get32(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |raw| u32::from_le_bytes(*raw))
}

/// Sets 16 bits at an offset; nothing behind the end.
pub fn set16(bytes: &mut [u8], at: usize, value: u16) {
    if let Some(place) = bytes.get_mut(at..).and_then(|rest| rest.first_chunk_mut()) {
        *place = value.to_le_bytes();
    }
}

/// Sets 32 bits at an offset; nothing behind the end.
pub fn set32(bytes: &mut [u8], at: usize, value: u32) {
    if let Some(place) = bytes.get_mut(at..).and_then(|rest| rest.first_chunk_mut()) {
        *place = value.to_le_bytes();
    }
}

/// Whether a bit of a bitmap is set; what lies behind its end counts as set.
#[must_use]
pub fn bit(bitmap: &[u8], n: u32) -> bool {
    bitmap.get(n as usize / 8).is_none_or(|byte| byte & 1 << (n % 8) != 0)
}

/// Sets or clears a bit of a bitmap; returns what it was.
pub fn put_bit(bitmap: &mut [u8], n: u32, value: bool) -> bool {
    let Some(byte) = bitmap.get_mut(n as usize / 8) else { return true };
    let (mask, was) = (1u8 << (n % 8), *byte & 1 << (n % 8) != 0);
    *byte = if value { *byte | mask } else { *byte & !mask };
    was
}
