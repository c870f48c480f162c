//! What statx(2) and statfs(2) tell: `struct statx` (linux/stat.h) and `struct statfs` (asm-generic/statfs.h).

use super::{Stat, Timespec, Writer, major, minor};

/// What statx(2) tells of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Statx {
    /// What is filled in (`STATX_*`).
    pub mask: u32,
    /// What is special about it (`STATX_ATTR_*`).
    pub attributes: u64,
    /// Which of these are known at all.
    pub attributes_mask: u64,
    /// What stat(2) tells too.
    pub stat: Stat,
    /// The mount that it was found on.
    pub mount: u64,
}

impl Statx {
    /// Size in memory, in bytes.
    pub const SIZE: usize = 256;

    /// The structure as it lies in memory.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        let stat = self.stat;
        // Seconds, nanoseconds, and four bytes that are not used.
        let time = |time: Timespec| time.to_bytes();
        Writer::new()
            .u32(self.mask)
            .u32(stat.block_size.cast_unsigned())
            .u64(self.attributes)
            .u32(stat.links)
            .u32(stat.uid)
            .u32(stat.gid)
            .u16(stat.mode as u16)
            .u16(0)
            .u64(stat.inode)
            .i64(stat.size)
            .i64(stat.blocks)
            .u64(self.attributes_mask)
            .bytes(&time(stat.accessed))
            .bytes(&[0; Timespec::SIZE]) // stx_btime: no file system here keeps it
            .bytes(&time(stat.changed))
            .bytes(&time(stat.modified))
            .u32(major(stat.special))
            .u32(minor(stat.special))
            .u32(major(stat.device))
            .u32(minor(stat.device))
            .u64(self.mount)
            .finish()
    }
}

/// What statfs(2) tells of a file system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Statfs {
    /// What kind it is (linux/magic.h).
    pub magic: u64,
    /// Bytes of a block.
    pub block_size: u64,
    /// Blocks in all.
    pub blocks: u64,
    /// Blocks that are free.
    pub free: u64,
    /// Blocks that are free for everybody: some may be kept for root.
    pub available: u64,
    /// Inodes in all.
    pub inodes: u64,
    /// Inodes that are free.
    pub free_inodes: u64,
    /// Its number.
    pub id: u64,
    /// The longest name, in bytes.
    pub longest_name: u64,
    /// How it is mounted (`ST_*` of statfs(2)).
    pub flags: u64,
}

impl Statfs {
    /// Size in memory, in bytes.
    pub const SIZE: usize = 120;

    /// The structure as it lies in memory.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        Writer::new()
            .u64(self.magic)
            .u64(self.block_size)
            .u64(self.blocks)
            .u64(self.free)
            .u64(self.available)
            .u64(self.inodes)
            .u64(self.free_inodes)
            .u64(self.id)
            .u64(self.longest_name)
            .u64(self.block_size)
            .u64(self.flags)
            .finish()
    }
}
