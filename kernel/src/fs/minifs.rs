//! A small file system: just enough to show where names, attributes and data lie on a disk.
//!
//! ```text
//! block 0      superblock: magic, how many blocks and inodes
//! block 1      which blocks are taken, a bit each (32,768 blocks: 128 MiB)
//! block 2..    inodes, 64 bytes each, 64 to a block
//! then         data
//! ```
//!
//! An inode names nine blocks and one block of 1,024 further names, as in the Unix file system of 1974
//! (Ritchie, Thompson: "The UNIX Time-Sharing System", §4). A directory is a file of 64-byte entries.

use super::attributes::{Attributes, Change, Kind, New};
use super::file_system::{Entry, FileSystem, PageBlocks, Usage};
use super::txn::{self, Blocks, FsStop, OnMedium, Txn};
use crate::abi::Errno;
use crate::abi::types::Timespec;
use crate::base::{BlockNumber, Digester, ObjectId};
use crate::hw::PAGE_SIZE;
use crate::hw::disk::Medium;
use std::hash::Hash;

const MAGIC: u64 = u64::from_le_bytes(*b"OSCOPEFS");
const BITMAP: BlockNumber = BlockNumber(1);
const INODES: u64 = 2;
const PER_BLOCK: u64 = 64;
const INODE: usize = 64;
const ENTRY: usize = 64;
const NAME: usize = ENTRY - 5;
const DIRECT: u64 = 9;
const INDIRECT: u64 = 1024;
/// As many blocks as the bitmap has bits.
const MAX_BLOCKS: u64 = PAGE_SIZE as u64 * 8;
const ROOT: u64 = 1;

// Offsets in an inode.
const KIND: usize = 0;
const MODE: usize = 2;
const LINKS: usize = 4;
const UID: usize = 8;
const GID: usize = 12;
const SIZE: usize = 16;
const BLOCKS: usize = 24;
const _: () =
    assert!(BLOCKS + (DIRECT as usize + 1) * 4 <= INODE, "an inode holds all its block numbers");

fn get32(page: &[u8], at: usize) -> u32 {
    page[at..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

fn get64(page: &[u8], at: usize) -> u64 {
    page[at..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

fn set32(page: &mut [u8], at: usize, value: u32) {
    page[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

fn set64(page: &mut [u8], at: usize, value: u64) {
    page[at..at + 8].copy_from_slice(&value.to_le_bytes());
}

/// A page's blocks, where a block is a page.
fn one(block: Option<BlockNumber>) -> PageBlocks {
    [block, None, None, None]
}

/// The small file system, as mounted: what its superblock says.
#[derive(Clone, Debug, Hash)]
pub struct MiniFs {
    blocks: u64,
    inodes: u64,
}

impl MiniFs {
    /// Reads the superblock of a device.
    ///
    /// # Errors
    /// `EINVAL` if there is no such file system, `EUCLEAN` if its figures are impossible.
    pub fn mount(device: &dyn Blocks) -> Result<Self, FsStop> {
        let page = device.block(BlockNumber(0))?;
        if get64(page, 0) != MAGIC {
            return Err(Errno::EINVAL.into());
        }
        let fs = Self { blocks: get64(page, 8), inodes: get32(page, 16).into() };
        if fs.blocks > MAX_BLOCKS || fs.first_data() >= fs.blocks || fs.inodes < 2 {
            return Err(Errno::EUCLEAN.into());
        }
        Ok(fs)
    }

    /// Makes a file system with these files in it (absolute paths; directories come by themselves).
    ///
    /// # Errors
    /// `ENOSPC` if the medium has fewer than eight blocks or the files do not fit; `EINVAL` for a path
    /// that is not absolute.
    pub fn make(medium: &mut Medium, files: &[(&str, &[u8])]) -> Result<(), Errno> {
        let blocks = medium.blocks().min(MAX_BLOCKS);
        if blocks < 8 {
            return Err(Errno::ENOSPC);
        }
        let inodes = (blocks / 4).clamp(PER_BLOCK, 4096).next_multiple_of(PER_BLOCK);
        let mut fs = Self { blocks, inodes };
        let blocks = OnMedium { medium, size: PAGE_SIZE };
        let mut txn = Txn::new(&blocks, Timespec::default());
        let made = fs.format(&mut txn).and_then(|()| {
            // Where a kernel shows devices, processes, and what is not to last.
            for name in ["dev", "proc", "tmp"] {
                fs.create(&mut txn, ROOT, name, &New::of_root(Kind::Directory, 0o755))?;
            }
            files.iter().try_for_each(|(path, contents)| fs.put(&mut txn, path, contents))
        });
        made.map_err(|stop| match stop {
            FsStop::Fail(errno) => errno,
            FsStop::Miss(_) => Errno::EIO,
        })?;
        let changes = txn.finish();
        txn::put(medium, PAGE_SIZE, &changes);
        Ok(())
    }

    fn format(&self, txn: &mut Txn<'_>) -> Result<(), FsStop> {
        let superblock = txn.fresh(BlockNumber(0));
        set64(superblock, 0, MAGIC);
        set64(superblock, 8, self.blocks);
        set32(superblock, 16, self.inodes as u32);
        let bitmap = txn.fresh(BITMAP);
        for taken in 0..self.first_data() {
            bitmap[taken as usize / 8] |= 1 << (taken % 8);
        }
        for number in INODES..self.first_data() {
            txn.fresh(BlockNumber(number));
        }
        self.set_attributes(txn, ROOT, Attributes::new(Kind::Directory, 0o755))
    }

    fn put(&mut self, txn: &mut Txn<'_>, path: &str, contents: &[u8]) -> Result<(), FsStop> {
        let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let (Some(name), true) = (parts.pop(), path.starts_with('/')) else {
            return Err(Errno::EINVAL.into());
        };
        let mut directory = ROOT;
        for part in parts {
            directory = match self.lookup(txn, directory, part) {
                Err(FsStop::Fail(Errno::ENOENT)) => {
                    self.create(txn, directory, part, &New::of_root(Kind::Directory, 0o755))?
                }
                found => found?,
            };
        }
        let inode = self.create(txn, directory, name, &New::of_root(Kind::Regular, 0o755))?;
        for (page, part) in contents.chunks(PAGE_SIZE).enumerate() {
            let block = self.take(txn, inode, page as u64)?;
            txn.fresh(block)[..part.len()].copy_from_slice(part);
        }
        self.resize(txn, inode, contents.len() as u64)
    }

    fn first_data(&self) -> u64 {
        INODES + self.inodes.div_ceil(PER_BLOCK)
    }

    /// Where an inode lies: its block, and the offset in it.
    fn place(&self, inode: u64) -> Result<(BlockNumber, usize), FsStop> {
        if inode == 0 || inode >= self.inodes {
            return Err(Errno::ESTALE.into());
        }
        let block = INODES + inode / PER_BLOCK;
        Ok((BlockNumber(block), (inode % PER_BLOCK) as usize * INODE))
    }

    fn set_attributes(&self, txn: &mut Txn<'_>, inode: u64, to: Attributes) -> Result<(), FsStop> {
        let (block, at) = self.place(inode)?;
        let page = txn.edit(block)?;
        page[at + KIND] = if to.kind == Kind::Directory { 2 } else { 1 };
        page[at + MODE..at + MODE + 2].copy_from_slice(&to.mode.to_le_bytes());
        page[at + LINKS..at + LINKS + 2].copy_from_slice(&(to.links as u16).to_le_bytes());
        set32(page, at + UID, to.uid);
        set32(page, at + GID, to.gid);
        set64(page, at + SIZE, to.size);
        Ok(())
    }

    fn take_block(&self, txn: &mut Txn<'_>) -> Result<BlockNumber, FsStop> {
        let bitmap = txn.read(BITMAP)?;
        let free = (0..self.blocks).find(|n| bitmap[*n as usize / 8] & 1 << (n % 8) == 0);
        let number = free.ok_or(Errno::ENOSPC)?;
        txn.edit(BITMAP)?[number as usize / 8] |= 1 << (number % 8);
        Ok(BlockNumber(number))
    }

    /// A block number as read from the disk: `None` for 0, an error if it cannot be.
    fn checked(&self, number: u32) -> Result<Option<BlockNumber>, FsStop> {
        match u64::from(number) {
            0 => Ok(None),
            n if n < self.first_data() || n >= self.blocks => Err(Errno::EUCLEAN.into()),
            n => Ok(Some(BlockNumber(n))),
        }
    }

    /// Where the number of a page's block is kept: the block and the offset in it. With `make`, an
    /// indirect block that is missing is made.
    fn slot(
        &self,
        txn: &mut Txn<'_>,
        inode: u64,
        page: u64,
        make: bool,
    ) -> Result<Option<(BlockNumber, usize)>, FsStop> {
        let (block, at) = self.place(inode)?;
        if page < DIRECT {
            return Ok(Some((block, at + BLOCKS + page as usize * 4)));
        }
        if page >= DIRECT + INDIRECT {
            return if make { Err(Errno::EFBIG.into()) } else { Ok(None) };
        }
        let indirect_at = at + BLOCKS + DIRECT as usize * 4;
        let indirect = match self.checked(get32(txn.read(block)?, indirect_at))? {
            Some(indirect) => indirect,
            None if make => {
                let new = self.take_block(txn)?;
                txn.fresh(new);
                set32(txn.edit(block)?, indirect_at, new.0 as u32);
                new
            }
            None => return Ok(None),
        };
        Ok(Some((indirect, (page - DIRECT) as usize * 4)))
    }

    /// The block that holds a page of a file; `None` for a hole.
    fn block_of(
        &self,
        txn: &mut Txn<'_>,
        inode: u64,
        page: u64,
    ) -> Result<Option<BlockNumber>, FsStop> {
        let Some((block, at)) = self.slot(txn, inode, page, false)? else {
            return Ok(None);
        };
        self.checked(get32(txn.read(block)?, at))
    }

    /// The same, and a hole gets a block.
    fn take(&self, txn: &mut Txn<'_>, inode: u64, page: u64) -> Result<BlockNumber, FsStop> {
        let (block, at) = self.slot(txn, inode, page, true)?.ok_or(Errno::EFBIG)?;
        if let Some(number) = self.checked(get32(txn.read(block)?, at))? {
            return Ok(number);
        }
        let number = self.take_block(txn)?;
        set32(txn.edit(block)?, at, number.0 as u32);
        Ok(number)
    }

    /// The first entry of a directory for which `test` holds, or the place behind the last one:
    /// block, offset, and whether it was found.
    fn scan(
        &self,
        txn: &mut Txn<'_>,
        directory: u64,
        mut test: impl FnMut(u64, &[u8]) -> bool,
    ) -> Result<Option<(BlockNumber, usize)>, FsStop> {
        let attributes = self.attributes(txn, directory)?;
        if attributes.kind != Kind::Directory {
            return Err(Errno::ENOTDIR.into());
        }
        if attributes.size % ENTRY as u64 != 0 {
            return Err(Errno::EUCLEAN.into());
        }
        for page in 0..attributes.size.div_ceil(PAGE_SIZE as u64).min(DIRECT + INDIRECT) {
            let block = self.block_of(txn, directory, page)?.ok_or(Errno::EUCLEAN)?;
            let contents = txn.read(block)?;
            let left = attributes.size - page * PAGE_SIZE as u64;
            for at in (0..left.min(PAGE_SIZE as u64) as usize).step_by(ENTRY) {
                let length = (contents[at + 4] as usize).min(NAME);
                if test(get32(contents, at).into(), &contents[at + 5..at + 5 + length]) {
                    return Ok(Some((block, at)));
                }
            }
        }
        Ok(None)
    }
}

impl FileSystem for MiniFs {
    fn name(&self) -> &'static str {
        "minifs"
    }

    fn root(&self) -> u64 {
        ROOT
    }

    fn lookup(&self, txn: &mut Txn<'_>, directory: u64, name: &str) -> Result<u64, FsStop> {
        let mut inode = 0;
        self.scan(txn, directory, |number, entry| {
            let hit = number != 0 && entry == name.as_bytes();
            if hit {
                inode = number;
            }
            hit
        })?;
        if inode == 0 { Err(Errno::ENOENT.into()) } else { Ok(inode) }
    }

    fn attributes(&self, txn: &mut Txn<'_>, inode: u64) -> Result<Attributes, FsStop> {
        let (block, at) = self.place(inode)?;
        let page = txn.read(block)?;
        let kind = match page[at + KIND] {
            1 => Kind::Regular,
            2 => Kind::Directory,
            0 => return Err(Errno::ESTALE.into()),
            _ => return Err(Errno::EUCLEAN.into()),
        };
        let size = get64(page, at + SIZE).min(self.largest());
        Ok(Attributes {
            links: get32(page, at + LINKS) & 0xffff,
            uid: get32(page, at + UID),
            gid: get32(page, at + GID),
            size,
            blocks: size.div_ceil(PAGE_SIZE as u64) * 8,
            ..Attributes::new(kind, get32(page, at + MODE) as u16)
        })
    }

    fn change(&mut self, txn: &mut Txn<'_>, inode: u64, change: &Change) -> Result<(), FsStop> {
        let attributes = self.attributes(txn, inode)?;
        self.set_attributes(txn, inode, attributes.with(change))
    }

    fn create(
        &mut self,
        txn: &mut Txn<'_>,
        directory: u64,
        name: &str,
        new: &New<'_>,
    ) -> Result<u64, FsStop> {
        if name.len() > NAME {
            return Err(Errno::ENAMETOOLONG.into());
        }
        if !matches!(new.kind, Kind::Regular | Kind::Directory) {
            return Err(Errno::EPERM.into());
        }
        match self.lookup(txn, directory, name) {
            Ok(_) => return Err(Errno::EEXIST.into()),
            Err(FsStop::Fail(Errno::ENOENT)) => {}
            Err(stop) => return Err(stop),
        }
        let mut inode = None;
        for number in ROOT + 1..self.inodes {
            let (block, at) = self.place(number)?;
            if txn.read(block)?[at + KIND] == 0 {
                inode = Some(number);
                break;
            }
        }
        let inode = inode.ok_or(Errno::ENOSPC)?;
        let (uid, gid) = (new.uid, new.gid);
        self.set_attributes(
            txn,
            inode,
            Attributes { uid, gid, ..Attributes::new(new.kind, new.mode) },
        )?;
        let size = self.attributes(txn, directory)?.size;
        let page = size / PAGE_SIZE as u64;
        let is_new = self.block_of(txn, directory, page)?.is_none();
        let block = self.take(txn, directory, page)?;
        let contents = if is_new { txn.fresh(block) } else { txn.edit(block)? };
        let at = size as usize % PAGE_SIZE;
        set32(contents, at, inode as u32);
        contents[at + 4] = name.len() as u8;
        contents[at + 5..at + 5 + name.len()].copy_from_slice(name.as_bytes());
        self.resize(txn, directory, size + ENTRY as u64)?;
        Ok(inode)
    }

    fn blocks_of(&self, txn: &mut Txn<'_>, inode: u64, page: u64) -> Result<PageBlocks, FsStop> {
        Ok(one(self.block_of(txn, inode, page)?))
    }

    fn allocate(
        &mut self,
        txn: &mut Txn<'_>,
        inode: u64,
        page: u64,
        _: (usize, usize),
    ) -> Result<PageBlocks, FsStop> {
        Ok(one(Some(self.take(txn, inode, page)?)))
    }

    fn remove(&mut self, txn: &mut Txn<'_>, directory: u64, name: &str) -> Result<u64, FsStop> {
        let inode = self.lookup(txn, directory, name)?;
        let attributes = self.attributes(txn, inode)?;
        if attributes.kind == Kind::Directory
            && self.scan(txn, inode, |number, _| number != 0)?.is_some()
        {
            return Err(Errno::ENOTEMPTY.into());
        }
        let hit = |number, entry: &[u8]| number != 0 && entry == name.as_bytes();
        if let Some((block, at)) = self.scan(txn, directory, hit)? {
            set32(txn.edit(block)?, at, 0);
        }
        let links =
            if attributes.kind == Kind::Directory { 0 } else { attributes.links.saturating_sub(1) };
        self.set_attributes(txn, inode, Attributes { links, ..attributes })?;
        Ok(inode)
    }

    fn forget(&mut self, txn: &mut Txn<'_>, inode: u64) -> Result<Option<ObjectId>, FsStop> {
        self.resize(txn, inode, 0)?;
        let (block, at) = self.place(inode)?;
        txn.edit(block)?[at..at + INODE].fill(0);
        Ok(None)
    }

    fn resize(&mut self, txn: &mut Txn<'_>, inode: u64, size: u64) -> Result<(), FsStop> {
        if size > self.largest() {
            return Err(Errno::EFBIG.into());
        }
        let attributes = self.attributes(txn, inode)?;
        let last = attributes.size.div_ceil(PAGE_SIZE as u64);
        for page in size.div_ceil(PAGE_SIZE as u64)..last {
            let Some((block, at)) = self.slot(txn, inode, page, false)? else { continue };
            if let Some(BlockNumber(number)) = self.checked(get32(txn.read(block)?, at))? {
                set32(txn.edit(block)?, at, 0);
                txn.edit(BITMAP)?[number as usize / 8] &= !(1 << (number % 8));
            }
        }
        self.set_attributes(txn, inode, Attributes { size, ..attributes })
    }

    fn largest(&self) -> u64 {
        (DIRECT + INDIRECT) * PAGE_SIZE as u64
    }

    fn list(
        &self,
        txn: &mut Txn<'_>,
        directory: u64,
        from: u64,
        count: usize,
    ) -> Result<Vec<Entry>, FsStop> {
        let (mut names, mut at) = (Vec::new(), 0);
        self.scan(txn, directory, |inode, entry| {
            at += 1;
            if inode != 0 && at > from && names.len() < count {
                names.push((String::from_utf8_lossy(entry).into_owned(), inode, at));
            }
            false
        })?;
        let mut entries = Vec::with_capacity(names.len());
        for (name, inode, next) in names {
            let kind = self.attributes(txn, inode)?.kind;
            entries.push(Entry { name: name.into(), inode, kind, next });
        }
        Ok(entries)
    }

    fn usage(&self, txn: &mut Txn<'_>) -> Result<Usage, FsStop> {
        let taken: u64 = txn.read(BITMAP)?.iter().map(|byte| u64::from(byte.count_ones())).sum();
        Ok(Usage {
            block_size: PAGE_SIZE as u32,
            blocks: self.blocks,
            free: self.blocks.saturating_sub(taken),
            available: self.blocks.saturating_sub(taken),
            inodes: self.inodes,
            free_inodes: 0,
            magic: MAGIC & 0xffff_ffff,
            longest_name: NAME as u32,
        })
    }

    fn clone_fs(&self) -> Box<dyn FileSystem> {
        Box::new(self.clone())
    }

    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
}
