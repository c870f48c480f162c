//! ext2: the file system of Linux since 1993, as it lies on the disk.
//!
//! ```text
//! block 0 (1 with blocks of 1 KiB)    superblock: sizes, counts, features          ┐ copies of these
//! next                                descriptors of the groups                    ┘ in some groups
//! then, in each group of blocks       bitmap of blocks, bitmap of inodes, table of inodes, data
//! ```
//!
//! Layers: [`layout`] has offsets; `mount` reads the superblock and knows where things are; `record` reads and writes
//! inodes; `alloc` gives out blocks and inodes; `map` finds the blocks of a file; `directory` the names in a directory;
//! `make` makes a file system; [`journal`] makes it an ext3. This file is what the rest of the kernel sees.
//!
//! A typical sequence: `create` looks for the name in the directory's blocks, takes an inode near the directory's, writes
//! its record, and puts an entry where an entry of the directory has room to spare: five or six blocks in one [`Txn`], which
//! holds all of it or nothing. `allocate` gives the file blocks when data comes; the data itself is never seen here.
//!
//! Taken from elsewhere: the layout from the ext2 of Card, Ts'o and Tweedie ("Design and Implementation of the Second
//! Extended Filesystem", 1994), field by field as e2fsprogs and Linux have it; group rules from the Fast File System;
//! nanoseconds in large inodes from ext4, which mounts ext2 on today's Linux.

mod alloc;
pub mod check;
mod directory;
pub mod journal;
pub mod layout;
pub mod log;
mod make;
mod map;
mod mount;
mod record;

pub use make::Making;
pub use mount::{block_size, journaling};

use super::attributes::{Attributes, Change, Kind, New};
use super::file_system::{Entry, FileSystem, PageBlocks, Usage};
use super::txn::{Blocks, Freed, FsStop, Txn};
use crate::abi::Errno;
use crate::base::{BlockNumber, Digester, ObjectId};
use crate::hw::PAGE_SIZE;
use directory::kind_of;
use layout::{LINK_MAX, MAGIC, NAME_MAX, ROOT, get32, inode as field, sb, set32};
use std::hash::Hash;

/// An ext2 file system, as mounted: what its superblock says and does not change.
#[derive(Clone, Debug, Hash)]
pub struct Ext2 {
    name: &'static str,
    /// Bytes of a block.
    size: usize,
    revision: u32,
    first_block: u32,
    blocks: u32,
    reserved: u32,
    inodes: u32,
    blocks_per_group: u32,
    inodes_per_group: u32,
    inode_size: usize,
    first_inode: u32,
    /// Whether entries of directories tell what they name.
    has_types: bool,
    /// Whether only few groups have copies of the superblock.
    is_sparse: bool,
    /// Whether it has a journal, and with it a list of inodes that are to be freed after a crash.
    is_journaled: bool,
}

/// An inode's number, as the rest of the kernel has it.
fn number(inode: u64) -> Result<u32, FsStop> {
    u32::try_from(inode).map_err(|_| FsStop::Fail(Errno::ESTALE))
}

impl Ext2 {
    /// A name for an inode that has none yet in this directory.
    fn absent(&self, txn: &Txn<'_>, directory: u32, name: &str) -> Result<(), FsStop> {
        match self.find(txn, directory, name) {
            Err(FsStop::Fail(Errno::ENOENT)) => Ok(()),
            Err(stop) => Err(stop),
            Ok(_) => Err(Errno::EEXIST.into()),
        }
    }

    /// What a new inode begins with: a directory its `.` and `..`, a symbolic link where it leads.
    fn fill(
        &self,
        txn: &mut Txn<'_>,
        inode: u32,
        parent: u32,
        new: &New<'_>,
    ) -> Result<(), FsStop> {
        match new.kind {
            Kind::Directory => self.begin_directory(txn, inode, parent),
            Kind::Symlink => self.set_target(txn, inode, new.target),
            _ => Ok(()),
        }
    }

    /// Short targets lie where other inodes have their block numbers; longer ones in a block.
    fn set_target(&self, txn: &mut Txn<'_>, inode: u32, target: &str) -> Result<(), FsStop> {
        let bytes = target.as_bytes();
        if bytes.len() >= self.size {
            return Err(Errno::ENAMETOOLONG.into());
        }
        if bytes.len() < 60 {
            let raw = self.record_mut(txn, inode)?;
            raw[field::BLOCKS..field::BLOCKS + bytes.len()].copy_from_slice(bytes);
        } else {
            let (block, _) = self.make_block(txn, inode, 0)?;
            txn.fresh(BlockNumber(block.into()))[..bytes.len()].copy_from_slice(bytes);
        }
        self.set_size(txn, inode, bytes.len() as u64)
    }

    /// Whether an inode's fifteen numbers are a symbolic link's target, or nothing, and not blocks of data.
    fn has_no_blocks(&self, raw: &[u8], kind: Kind) -> bool {
        // A block with extended attributes counts, but holds no data.
        let attributes =
            if get32(raw, field::ATTRIBUTES) == 0 { 0 } else { self.size as u32 / 512 };
        match kind {
            Kind::Symlink => get32(raw, field::SECTORS) == attributes,
            kind => !matches!(kind, Kind::Regular | Kind::Directory),
        }
    }

    /// What a name names, if it may be taken away.
    fn removable(&self, txn: &Txn<'_>, inode: u32) -> Result<bool, FsStop> {
        let is_directory = self.is_directory(txn, inode)?;
        if is_directory && !self.is_empty(txn, inode)? {
            return Err(Errno::ENOTEMPTY.into());
        }
        Ok(is_directory)
    }

    /// An inode lost a name in `parent`; an empty directory loses its own `.`, and its parent a `..`.
    fn lost_name(&self, txn: &mut Txn<'_>, parent: u32, inode: u32) -> Result<(), FsStop> {
        if self.is_directory(txn, inode)? {
            self.count_links(txn, parent, -1)?;
            self.count_links(txn, inode, -(LINK_MAX as i32 * 2))?;
            return self.add_orphan(txn, inode);
        }
        if self.count_links(txn, inode, -1)? == 0 {
            self.add_orphan(txn, inode)?;
        }
        Ok(())
    }

    /// An inode has no name, but may be in use: the superblock remembers it, so that it is freed even if the machine is
    /// switched off. The list goes through the fields that otherwise tell when an inode was deleted.
    fn add_orphan(&self, txn: &mut Txn<'_>, inode: u32) -> Result<(), FsStop> {
        if !self.is_journaled {
            return Ok(());
        }
        let next = self.word(txn, sb::LAST_ORPHAN)?;
        set32(self.superblock(txn)?, sb::LAST_ORPHAN, inode);
        set32(self.record_mut(txn, inode)?, field::DELETED, next);
        Ok(())
    }

    /// An inode has a name again, or is gone.
    fn drop_orphan(&self, txn: &mut Txn<'_>, inode: u32) -> Result<(), FsStop> {
        if !self.is_journaled {
            return Ok(());
        }
        let next = get32(self.record(txn, inode)?, field::DELETED);
        let mut here = self.word(txn, sb::LAST_ORPHAN)?;
        if here == inode {
            set32(self.superblock(txn)?, sb::LAST_ORPHAN, next);
        }
        // No list is longer than there are inodes.
        for _ in 0..self.inodes {
            if here == 0 || here == inode {
                break;
            }
            let after = get32(self.record(txn, here)?, field::DELETED);
            if after == inode {
                set32(self.record_mut(txn, here)?, field::DELETED, next);
            }
            here = after;
        }
        set32(self.record_mut(txn, inode)?, field::DELETED, 0);
        Ok(())
    }

    /// The inodes that are to be freed since the machine was switched off.
    ///
    /// # Errors
    /// A miss.
    pub fn orphans(&self, blocks: &dyn Blocks) -> Result<Vec<u64>, FsStop> {
        let txn = Txn::new(blocks, Default::default());
        let (mut found, mut here) = (Vec::new(), self.word(&txn, sb::LAST_ORPHAN)?);
        while let Ok(inode) = self.usable(here) {
            if found.len() >= self.inodes as usize || found.contains(&u64::from(inode)) {
                break;
            }
            found.push(inode.into());
            here = get32(self.record(&txn, inode)?, field::DELETED);
        }
        Ok(found)
    }

    /// A directory moved from one directory to another.
    fn moved(&self, txn: &mut Txn<'_>, inode: u32, (from, to): (u32, u32)) -> Result<(), FsStop> {
        self.count_links(txn, from, -1)?;
        self.count_links(txn, to, 1)?;
        self.set_parent(txn, inode, to)
    }

    fn exchange(
        &self,
        txn: &mut Txn<'_>,
        (from, old): (u32, &str),
        (to, new): (u32, &str),
    ) -> Result<(), FsStop> {
        let (here, first) = self.find(txn, from, old)?;
        let (there, second) = self.find(txn, to, new)?;
        let kinds = [self.attributes_of(txn, first)?.kind, self.attributes_of(txn, second)?.kind];
        self.point(txn, from, here, (second, kinds[1]))?;
        self.point(txn, to, there, (first, kinds[0]))?;
        if from != to {
            for (inode, kind, way) in
                [(first, kinds[0], (from, to)), (second, kinds[1], (to, from))]
            {
                if kind == Kind::Directory {
                    self.moved(txn, inode, way)?;
                }
            }
        }
        self.count_links(txn, first, 0)?;
        self.count_links(txn, second, 0)?;
        Ok(())
    }

    /// The blocks of a page: those of its parts from `from` to `to`, in bytes, are found or made by `get`.
    fn page(
        &self,
        page: u64,
        (from, to): (usize, usize),
        mut get: impl FnMut(u64) -> Result<Option<u32>, FsStop>,
    ) -> Result<PageBlocks, FsStop> {
        let mut blocks = PageBlocks::default();
        let per_page = PAGE_SIZE / self.size;
        for (n, place) in blocks.iter_mut().take(per_page).enumerate() {
            if n * self.size < to && (n + 1) * self.size > from {
                *place = get(page * per_page as u64 + n as u64)?.map(alloc::block);
            }
        }
        Ok(blocks)
    }

    /// Blocks that are there for the file system itself and not for files, as statfs(2) leaves them out.
    fn overhead(&self) -> u32 {
        let copies = (0..self.groups()).filter(|&group| self.has_copy(group)).count() as u32;
        let per_group = (2 + self.table_blocks()) * self.groups();
        self.first_block + copies * (1 + self.descriptor_blocks()) + per_group
    }

    /// A block with extended attributes loses one of the inodes that have it.
    fn release_attributes(&self, txn: &mut Txn<'_>, inode: u32) -> Result<(), FsStop> {
        const USERS: usize = 4;
        let named = get32(self.record(txn, inode)?, field::ATTRIBUTES);
        let Some(found) = self.checked(named)? else { return Ok(()) };
        let block = alloc::block(found);
        match get32(txn.read(block)?, USERS) {
            0 | 1 => self.give_block(txn, Freed::Metadata(block))?,
            users => set32(txn.edit(block)?, USERS, users - 1),
        }
        set32(self.record_mut(txn, inode)?, field::ATTRIBUTES, 0);
        Ok(())
    }
}

impl FileSystem for Ext2 {
    fn name(&self) -> &'static str {
        self.name
    }

    fn root(&self) -> u64 {
        ROOT.into()
    }

    fn block_size(&self) -> usize {
        self.size
    }

    fn begin(&mut self, txn: &mut Txn<'_>) -> Result<(), FsStop> {
        self.mark(txn, true)
    }

    fn end(&mut self, txn: &mut Txn<'_>) -> Result<(), FsStop> {
        self.mark(txn, false)
    }

    fn lookup(&self, txn: &mut Txn<'_>, directory: u64, name: &str) -> Result<u64, FsStop> {
        let (_, inode) = self.find(txn, number(directory)?, name)?;
        match self.attributes_of(txn, inode) {
            Err(FsStop::Fail(Errno::ESTALE)) => Err(Errno::EUCLEAN.into()),
            Err(stop) => Err(stop),
            Ok(_) => Ok(inode.into()),
        }
    }

    fn attributes(&self, txn: &mut Txn<'_>, inode: u64) -> Result<Attributes, FsStop> {
        self.attributes_of(txn, number(inode)?)
    }

    fn change(&mut self, txn: &mut Txn<'_>, inode: u64, change: &Change) -> Result<(), FsStop> {
        let inode = number(inode)?;
        let attributes = self.attributes_of(txn, inode)?.with(change);
        self.set_attributes(txn, inode, &attributes)
    }

    fn create(
        &mut self,
        txn: &mut Txn<'_>,
        directory: u64,
        name: &str,
        new: &New<'_>,
    ) -> Result<u64, FsStop> {
        let directory = number(directory)?;
        self.absent(txn, directory, name)?;
        let is_directory = new.kind == Kind::Directory;
        if is_directory {
            self.count_links(txn, directory, 1)?;
        }
        let inode = self.make_inode(txn, directory, new, if is_directory { 2 } else { 1 })?;
        self.fill(txn, inode, directory, new)?;
        self.enter(txn, directory, name, (inode, new.kind))?;
        Ok(inode.into())
    }

    fn create_nameless(&mut self, txn: &mut Txn<'_>, new: &New<'_>) -> Result<u64, FsStop> {
        let inode = self.make_inode(txn, ROOT, new, 0)?;
        self.add_orphan(txn, inode)?;
        Ok(inode.into())
    }

    fn link(
        &mut self,
        txn: &mut Txn<'_>,
        directory: u64,
        name: &str,
        inode: u64,
    ) -> Result<(), FsStop> {
        let (directory, inode) = (number(directory)?, number(inode)?);
        self.absent(txn, directory, name)?;
        if self.count_links(txn, inode, 1)? == 1 {
            self.drop_orphan(txn, inode)?;
        }
        let kind = self.attributes_of(txn, inode)?.kind;
        self.enter(txn, directory, name, (inode, kind))
    }

    fn remove(&mut self, txn: &mut Txn<'_>, directory: u64, name: &str) -> Result<u64, FsStop> {
        let directory = number(directory)?;
        let (place, inode) = self.find(txn, directory, name)?;
        self.removable(txn, inode)?;
        self.strike(txn, directory, place)?;
        self.lost_name(txn, directory, inode)?;
        Ok(inode.into())
    }

    fn rename(
        &mut self,
        txn: &mut Txn<'_>,
        (from, old): (u64, &str),
        (to, new): (u64, &str),
        exchange: bool,
    ) -> Result<Option<u64>, FsStop> {
        let (from, to) = (number(from)?, number(to)?);
        if exchange {
            self.exchange(txn, (from, old), (to, new))?;
            return Ok(None);
        }
        let (_, inode) = self.find(txn, from, old)?;
        let kind = self.attributes_of(txn, inode)?.kind;
        let replaced = match self.find(txn, to, new) {
            Ok((place, gone)) => {
                self.removable(txn, gone)?;
                self.point(txn, to, place, (inode, kind))?;
                self.lost_name(txn, to, gone)?;
                Some(gone.into())
            }
            Err(FsStop::Fail(Errno::ENOENT)) => {
                self.enter(txn, to, new, (inode, kind))?;
                None
            }
            Err(stop) => return Err(stop),
        };
        let (place, _) = self.find(txn, from, old)?;
        self.strike(txn, from, place)?;
        if kind == Kind::Directory && from != to {
            self.moved(txn, inode, (from, to))?;
        }
        self.count_links(txn, inode, 0)?;
        Ok(replaced)
    }

    fn target(&self, txn: &mut Txn<'_>, inode: u64) -> Result<Box<str>, FsStop> {
        let inode = number(inode)?;
        let attributes = self.attributes_of(txn, inode)?;
        if attributes.kind != Kind::Symlink {
            return Err(Errno::EINVAL.into());
        }
        let length = attributes.size as usize;
        let raw = self.record(txn, inode)?;
        let bytes = if self.has_no_blocks(raw, Kind::Symlink) {
            raw[field::BLOCKS..field::BLOCKS + 60].get(..length)
        } else {
            let block = self.block_at(txn, inode, 0)?.ok_or(Errno::EUCLEAN)?;
            txn.read(alloc::block(block))?[..self.size].get(..length)
        };
        let bytes = bytes.filter(|bytes| !bytes.is_empty()).ok_or(Errno::EUCLEAN)?;
        Ok(String::from_utf8_lossy(bytes).into())
    }

    fn list(
        &self,
        txn: &mut Txn<'_>,
        directory: u64,
        from: u64,
        count: usize,
    ) -> Result<Vec<Entry>, FsStop> {
        let mut found = Vec::new();
        self.scan(txn, number(directory)?, from, |entry| {
            if entry.inode != 0 && !matches!(entry.name, b"." | b"..") {
                let name: Box<str> = String::from_utf8_lossy(entry.name).into();
                found.push((name, entry.inode, entry.kind, entry.offset + entry.length as u64));
            }
            found.len() >= count
        })?;
        let mut entries = Vec::with_capacity(found.len());
        for (name, inode, told, next) in found {
            let kind = match kind_of(told) {
                Some(kind) => kind,
                None => self.attributes_of(txn, self.usable(inode)?)?.kind,
            };
            entries.push(Entry { name, inode: inode.into(), kind, next });
        }
        Ok(entries)
    }

    fn blocks_of(&self, txn: &mut Txn<'_>, inode: u64, page: u64) -> Result<PageBlocks, FsStop> {
        let inode = number(inode)?;
        self.page(page, (0, PAGE_SIZE), |n| self.block_at(txn, inode, n))
    }

    fn allocate(
        &mut self,
        txn: &mut Txn<'_>,
        inode: u64,
        page: u64,
        part: (usize, usize),
    ) -> Result<PageBlocks, FsStop> {
        let inode = number(inode)?;
        self.page(page, part, |n| self.make_block(txn, inode, n).map(|(block, _)| Some(block)))?;
        self.page(page, (0, PAGE_SIZE), |n| self.block_at(txn, inode, n))
    }

    fn next_data(
        &self,
        txn: &mut Txn<'_>,
        inode: u64,
        (from, end): (u64, u64),
    ) -> Result<Option<u64>, FsStop> {
        let size = self.size as u64;
        let blocks = (from / size, end.div_ceil(size));
        let found = self.next_block(txn, number(inode)?, blocks)?;
        Ok(found.map(|n| (n * size).max(from)))
    }

    fn resize(&mut self, txn: &mut Txn<'_>, inode: u64, size: u64) -> Result<(), FsStop> {
        let inode = number(inode)?;
        if size > self.largest_size() {
            return Err(Errno::EFBIG.into());
        }
        let old = self.attributes_of(txn, inode)?;
        if size < old.size {
            self.cut(txn, inode, old.kind, size.div_ceil(self.size as u64))?;
        }
        self.set_size(txn, inode, size)
    }

    fn largest(&self) -> u64 {
        if self.revision == 0 { i32::MAX as u64 } else { self.largest_size() }
    }

    fn forget(&mut self, txn: &mut Txn<'_>, inode: u64) -> Result<Option<ObjectId>, FsStop> {
        let inode = number(inode)?;
        let Attributes { kind, links, size, .. } = self.attributes_of(txn, inode)?;
        self.drop_orphan(txn, inode)?;
        if links > 0 {
            // It was being cut when the machine was switched off.
            self.cut(txn, inode, kind, size.div_ceil(self.size as u64))?;
            return Ok(None);
        }
        if !self.has_no_blocks(self.record(txn, inode)?, kind) {
            self.cut(txn, inode, kind, 0)?;
        }
        self.release_attributes(txn, inode)?;
        // Zero would say that it was never deleted.
        let now = (txn.now().seconds as u32).max(1);
        let raw = self.record_mut(txn, inode)?;
        for at in [field::SIZE, field::SECTORS] {
            set32(raw, at, 0);
        }
        if kind == Kind::Regular {
            set32(raw, field::SIZE_HIGH, 0);
        }
        layout::set16(raw, field::LINKS, 0);
        set32(raw, field::DELETED, now);
        self.give_inode(txn, inode, kind == Kind::Directory)?;
        Ok(None)
    }

    fn usage(&self, txn: &mut Txn<'_>) -> Result<Usage, FsStop> {
        let free = self.word(txn, sb::FREE_BLOCKS)?;
        let free_inodes = self.word(txn, sb::FREE_INODES)?;
        Ok(Usage {
            block_size: self.size as u32,
            blocks: self.blocks.saturating_sub(self.overhead()).into(),
            free: free.into(),
            available: free.saturating_sub(self.reserved).into(),
            inodes: self.inodes.into(),
            free_inodes: free_inodes.into(),
            magic: MAGIC.into(),
            longest_name: NAME_MAX as u32,
        })
    }

    fn clone_fs(&self) -> Box<dyn FileSystem> {
        Box::new(self.clone())
    }

    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
}
