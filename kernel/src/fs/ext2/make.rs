//! Making an ext2 file system on a medium, as mke2fs does.

use super::Ext2;
use super::layout::{
    CLEAN, DESCRIPTOR, FIRST_INODE, JOURNAL, MAGIC, ROOT, SMALL_INODE, feature, gd, put_bit, sb,
    set16, set32,
};
use crate::abi::Errno;
use crate::abi::types::Timespec;
use crate::base::BlockNumber;
use crate::fs::attributes::{Kind, New};
use crate::fs::file_system::FileSystem;
use crate::fs::txn::{self, FsStop, OnMedium, Txn};
use crate::hw::PAGE_SIZE;
use crate::hw::disk::Medium;

/// Of so many bytes one inode is made.
const BYTES_PER_INODE: u64 = 8192;
/// One block of so many is kept for root.
const RESERVED_SHARE: u32 = 20;

/// What the file system shall be like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Making {
    /// Bytes of a block: 1024, 2048 or 4096.
    pub block_size: usize,
    /// Revision: 0, or 1.
    pub revision: u32,
    /// Bytes of an inode: 128, or 256 in revision 1.
    pub inode_size: usize,
    /// Blocks of the journal; 0 for none.
    pub journal: u32,
    /// Its identity.
    pub uuid: u128,
}

impl Default for Making {
    /// Blocks of 4 KiB, revision 1, inodes of 256 bytes, no journal.
    fn default() -> Self {
        Self { block_size: 4096, revision: 1, inode_size: 256, journal: 0, uuid: 0x6f73_636f_7065 }
    }
}

impl Making {
    /// Makes it on a medium, with the directory lost+found, and with these files in it (absolute paths; directories come by
    /// themselves).
    ///
    /// # Errors
    /// `EINVAL` for sizes that cannot be and paths that are not absolute, `ENOSPC` if it does not fit.
    pub fn make(&self, medium: &mut Medium, files: &[(&str, &[u8])]) -> Result<(), Errno> {
        let mut fs = self.plan(medium.blocks())?;
        let blocks = OnMedium { medium, size: self.block_size };
        let mut txn = Txn::new(&blocks, Timespec::default());
        let made = self.format(&fs, &mut txn).and_then(|()| {
            files.iter().try_for_each(|(path, contents)| put(&mut fs, &mut txn, path, contents))?;
            fs.copy_superblock(&mut txn)
        });
        made.map_err(|stop| match stop {
            FsStop::Fail(errno) => errno,
            FsStop::Miss(_) => Errno::EIO,
        })?;
        let changes = txn.finish();
        txn::put(medium, self.block_size, &changes);
        Ok(())
    }

    /// The figures for a medium of so many pages.
    fn plan(&self, pages: u64) -> Result<Ext2, Errno> {
        let size = self.block_size;
        let known = matches!(size, 1024 | 2048 | 4096)
            && matches!((self.revision, self.inode_size), (0 | 1, 128) | (1, 256));
        let blocks = u32::try_from(pages * (PAGE_SIZE / size) as u64);
        let (true, Ok(blocks)) = (known, blocks) else { return Err(Errno::EINVAL) };
        let first_block = u32::from(size == 1024);
        let bits = size as u32 * 8;
        let mut fs = Ext2 {
            name: "ext2",
            size,
            revision: self.revision,
            first_block,
            blocks,
            reserved: blocks / RESERVED_SHARE,
            inodes: 0,
            blocks_per_group: bits,
            inodes_per_group: 0,
            inode_size: self.inode_size,
            first_inode: FIRST_INODE,
            has_types: self.revision > 0,
            is_sparse: self.revision > 0,
            is_journaled: false,
        };
        if blocks <= first_block + 16 {
            return Err(Errno::ENOSPC);
        }
        let wanted = (pages * PAGE_SIZE as u64 / BYTES_PER_INODE / u64::from(fs.groups())).max(16);
        // Whole blocks of inodes, and whole bytes of the bitmap.
        let step = (size / self.inode_size).max(8) as u64;
        fs.inodes_per_group = wanted.next_multiple_of(step).min(u64::from(bits)) as u32;
        // A last group that has no room for more than its own tables is left out.
        let last = fs.groups() - 1;
        let tables = 3 + fs.table_blocks() + fs.descriptor_blocks() + 1;
        if fs.blocks_of(last) < tables + 50 && last > 0 {
            fs.blocks = fs.first_of(last);
        }
        if fs.blocks_of(fs.groups() - 1) < tables + 4 {
            return Err(Errno::ENOSPC);
        }
        fs.inodes = fs.inodes_per_group * fs.groups();
        Ok(fs)
    }

    fn format(&self, fs: &Ext2, txn: &mut Txn<'_>) -> Result<(), FsStop> {
        let mut free = 0;
        for group in 0..fs.groups() {
            free += format_group(fs, txn, group);
        }
        self.write_superblock(fs, txn, free)?;
        let root = New::of_root(Kind::Directory, 0o755);
        fs.write_new(txn, ROOT, &root, 2)?;
        fs.begin_directory(txn, ROOT, ROOT)?;
        let (block, at) = fs.descriptor_at(0);
        set16(txn.edit(block)?, at + gd::DIRECTORIES, 1);
        let mut fs = fs.clone();
        // Some blocks of room, so that e2fsck need not take any where it finds what was lost.
        let lost =
            fs.create(txn, ROOT.into(), "lost+found", &New::of_root(Kind::Directory, 0o700))?;
        let lost = lost as u32;
        for n in 1..(16_384 / fs.size as u64).min(4) {
            let (number, _) = fs.make_block(txn, lost, n)?;
            let page = txn.fresh(BlockNumber(number.into()));
            set16(page, 4, fs.size as u16);
            fs.set_size(txn, lost, (n + 1) * fs.size as u64)?;
        }
        if self.journal > 0 {
            self.make_journal(&fs, txn)?;
        }
        Ok(())
    }

    /// The journal: a file of blocks, the first of which says that it is empty.
    fn make_journal(&self, fs: &Ext2, txn: &mut Txn<'_>) -> Result<(), FsStop> {
        fs.write_new(txn, JOURNAL, &New::of_root(Kind::Regular, 0o600), 1)?;
        for n in 0..u64::from(self.journal) {
            let (number, _) = fs.make_block(txn, JOURNAL, n)?;
            let page = txn.fresh(BlockNumber(number.into()));
            if n == 0 {
                super::journal::write_empty(page, self.journal, self.uuid);
            }
        }
        fs.set_size(txn, JOURNAL, u64::from(self.journal) * fs.size as u64)?;
        let record = fs.record(txn, JOURNAL)?;
        let numbers: Vec<u8> = record[super::field::BLOCKS..super::field::BLOCKS + 60].to_vec();
        let bytes = fs.superblock(txn)?;
        bytes[sb::JOURNAL_BLOCKS..sb::JOURNAL_BLOCKS + 60].copy_from_slice(&numbers);
        set32(bytes, sb::JOURNAL_BLOCKS + 64, self.journal * fs.size as u32);
        bytes[sb::JOURNAL_BACKUP] = 1;
        set32(bytes, sb::JOURNAL_INODE, JOURNAL);
        Ok(())
    }

    fn write_superblock(&self, fs: &Ext2, txn: &mut Txn<'_>, free: u32) -> Result<(), FsStop> {
        let bytes = fs.superblock(txn)?;
        bytes.fill(0);
        let log = fs.size.trailing_zeros() - 10;
        for (at, value) in [
            (sb::INODES, fs.inodes),
            (sb::BLOCKS, fs.blocks),
            (sb::RESERVED, fs.reserved),
            (sb::FREE_BLOCKS, free),
            (sb::FREE_INODES, fs.inodes - (FIRST_INODE - 1)),
            (sb::FIRST_BLOCK, fs.first_block),
            (sb::LOG_SIZE, log),
            (sb::LOG_FRAGMENT, log),
            (sb::BLOCKS_PER_GROUP, fs.blocks_per_group),
            (sb::FRAGMENTS_PER_GROUP, fs.blocks_per_group),
            (sb::INODES_PER_GROUP, fs.inodes_per_group),
            (sb::REVISION, fs.revision),
        ] {
            set32(bytes, at, value);
        }
        set16(bytes, sb::MAX_MOUNTS, u16::MAX);
        set16(bytes, sb::MAGIC, MAGIC);
        set16(bytes, sb::STATE, CLEAN);
        set16(bytes, sb::ERRORS, 1);
        if fs.revision > 0 {
            set32(bytes, sb::FIRST_INODE, FIRST_INODE);
            set16(bytes, sb::INODE_SIZE, fs.inode_size as u16);
            set32(bytes, sb::COMPAT, if self.journal > 0 { feature::HAS_JOURNAL } else { 0 });
            set32(bytes, sb::INCOMPAT, feature::FILETYPE);
            set32(bytes, sb::RO_COMPAT, feature::SPARSE_SUPER);
            bytes[sb::UUID..sb::UUID + 16].copy_from_slice(&self.uuid.to_be_bytes());
            if fs.inode_size > SMALL_INODE {
                set16(bytes, sb::MIN_EXTRA, 32);
                set16(bytes, sb::WANT_EXTRA, 32);
            }
        } else if self.journal > 0 {
            return Err(Errno::EINVAL.into());
        }
        Ok(())
    }
}

/// Bitmaps and descriptor of a group; returns how many of its blocks are free.
fn format_group(fs: &Ext2, txn: &mut Txn<'_>, group: u32) -> u32 {
    let (first, count, bits) = (fs.first_of(group), fs.blocks_of(group), fs.size as u32 * 8);
    let copy = if fs.has_copy(group) { 1 + fs.descriptor_blocks() } else { 0 };
    let (bitmap, inodes, table) = (first + copy, first + copy + 1, first + copy + 2);
    let taken = copy + 2 + fs.table_blocks();
    let page = txn.fresh(BlockNumber(bitmap.into()));
    (0..taken).chain(count..bits).for_each(|n| {
        put_bit(page, n, true);
    });
    let reserved = if group == 0 { FIRST_INODE - 1 } else { 0 };
    let page = txn.fresh(BlockNumber(inodes.into()));
    (0..reserved).chain(fs.inodes_per_group..bits).for_each(|n| {
        put_bit(page, n, true);
    });
    for n in 0..fs.table_blocks() {
        txn.fresh(BlockNumber((table + n).into()));
    }
    let (block, at) = fs.descriptor_at(group);
    // What was on the medium before is no reason to read it.
    let page = if at == 0 { txn.fresh(block) } else { txn.edit(block).unwrap_or_default() };
    let Some(page) = page.get_mut(at..at + DESCRIPTOR) else { return 0 };
    set32(page, gd::BLOCK_BITMAP, bitmap);
    set32(page, gd::INODE_BITMAP, inodes);
    set32(page, gd::INODE_TABLE, table);
    set16(page, gd::FREE_BLOCKS, (count - taken) as u16);
    set16(page, gd::FREE_INODES, (fs.inodes_per_group - reserved) as u16);
    count - taken
}

impl Ext2 {
    /// Copies superblock and descriptors to the groups that have copies.
    fn copy_superblock(&self, txn: &mut Txn<'_>) -> Result<(), FsStop> {
        let (block, at) = self.superblock_at();
        let mut original = txn.read(block)?[at..at + 1024].to_vec();
        for group in (1..self.groups()).filter(|&group| self.has_copy(group)) {
            let first = self.first_of(group);
            if self.revision > 0 {
                set16(&mut original, sb::GROUP, group as u16);
            }
            txn.fresh(BlockNumber(first.into()))[..1024].copy_from_slice(&original);
            for n in 1..=self.descriptor_blocks() {
                let from = txn.read(BlockNumber((self.first_block + n).into()))?.to_vec();
                txn.fresh(BlockNumber((first + n).into())).copy_from_slice(&from);
            }
        }
        Ok(())
    }
}

fn put(fs: &mut Ext2, txn: &mut Txn<'_>, path: &str, contents: &[u8]) -> Result<(), FsStop> {
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let (Some(name), true) = (parts.pop(), path.starts_with('/')) else {
        return Err(Errno::EINVAL.into());
    };
    let mut directory = fs.root();
    for part in parts {
        directory = match fs.lookup(txn, directory, part) {
            Err(FsStop::Fail(Errno::ENOENT)) => {
                fs.create(txn, directory, part, &New::of_root(Kind::Directory, 0o755))?
            }
            found => found?,
        };
    }
    if path.ends_with('/') {
        fs.create(txn, directory, name, &New::of_root(Kind::Directory, 0o755))?;
        return Ok(());
    }
    let inode = fs.create(txn, directory, name, &New::of_root(Kind::Regular, 0o755))?;
    for (n, part) in contents.chunks(fs.size).enumerate() {
        let (block, _) = fs.make_block(txn, inode as u32, n as u64)?;
        txn.fresh(BlockNumber(block.into()))[..part.len()].copy_from_slice(part);
    }
    fs.resize(txn, inode, contents.len() as u64)
}
