//! Directories: files of entries, each as long as it says.
//!
//! ```text
//! inode (4 bytes) | length of the entry (2) | length of the name (1) | kind (1) | name ... | padding
//! ```
//!
//! Entries fill a block exactly. One that is removed is added to the one before it; the first one of a block becomes one of
//! inode 0 instead. (Linux' ext3 can find names through a hashed tree as well; such directories are read here as what they
//! look like to those who do not know it, and lose their index when they are changed.)

use super::Ext2;
use super::layout::{NAME_MAX, get16, get32, set16, set32};
use crate::abi::Errno;
use crate::base::BlockNumber;
use crate::fs::attributes::Kind;
use crate::fs::txn::{FsStop, Txn};

/// The bytes of an entry before its name.
const HEAD: usize = 8;

/// An entry, as it lies in its block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'a> {
    /// What it names; 0 for nothing.
    pub inode: u32,
    /// What kind that is, as entries tell it; 0 if they do not.
    pub kind: u8,
    /// The name.
    pub name: &'a [u8],
    /// Where it lies in the directory.
    pub offset: u64,
    /// Its length, up to the next one.
    pub length: usize,
}

/// Where an entry lies: its block, its place there, and that of the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    block: BlockNumber,
    at: usize,
    before: Option<usize>,
}

/// The length of an entry with such a name: a multiple of four.
const fn needed(name: usize) -> usize {
    (HEAD + name).next_multiple_of(4)
}

/// What an entry says that an inode is.
pub(super) const fn type_of(kind: Kind) -> u8 {
    match kind {
        Kind::Regular => 1,
        Kind::Directory => 2,
        Kind::Character => 3,
        Kind::Block => 4,
        Kind::Fifo => 5,
        Kind::Socket => 6,
        Kind::Symlink => 7,
    }
}

/// The kind that an entry tells.
pub(super) fn kind_of(told: u8) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| type_of(*kind) == told)
}

impl Ext2 {
    /// The entry at a place in a block of a directory.
    fn entry<'p>(&self, page: &'p [u8], at: usize) -> Result<Found<'p>, FsStop> {
        let length = usize::from(get16(page, at + 4));
        // Without types, the length of the name takes their byte too.
        let [named, kind] = get16(page, at + 6).to_le_bytes();
        let named = match self.has_types {
            true => usize::from(named),
            false => usize::from(get16(page, at + 6)),
        };
        let is_sound = length >= needed(1)
            && length % 4 == 0
            && at + length <= self.size
            && needed(named) <= length
            && get32(page, at) <= self.inodes;
        if !is_sound {
            return Err(Errno::EUCLEAN.into());
        }
        Ok(Found {
            inode: get32(page, at),
            kind: if self.has_types { kind } else { 0 },
            name: &page[at + HEAD..at + HEAD + named],
            offset: at as u64,
            length,
        })
    }

    /// A directory's size in blocks.
    ///
    /// # Errors
    /// `ENOTDIR`, `EUCLEAN` if the last one is not whole, or there are more than the device has.
    fn directory_blocks(&self, txn: &Txn<'_>, directory: u32) -> Result<u64, FsStop> {
        let attributes = self.attributes_of(txn, directory)?;
        if attributes.kind != Kind::Directory {
            return Err(Errno::ENOTDIR.into());
        }
        let blocks = attributes.size / self.size as u64;
        if attributes.size % self.size as u64 != 0 || blocks > self.blocks.into() {
            return Err(Errno::EUCLEAN.into());
        }
        Ok(blocks)
    }

    /// The first entry from an offset on for which `test` holds.
    ///
    /// # Errors
    /// `ENOTDIR`; `EUCLEAN` for a hole or an entry that cannot be.
    pub(super) fn scan(
        &self,
        txn: &Txn<'_>,
        directory: u32,
        from: u64,
        mut test: impl FnMut(&Found<'_>) -> bool,
    ) -> Result<Option<Place>, FsStop> {
        let size = self.size as u64;
        for n in from / size..self.directory_blocks(txn, directory)? {
            let number = self.block_at(txn, directory, n)?.ok_or(Errno::EUCLEAN)?;
            let block = BlockNumber(number.into());
            let page = &txn.read(block)?[..self.size];
            let (mut at, mut before) = (0, None);
            while at < self.size {
                let found = self.entry(page, at)?;
                let found = Found { offset: n * size + found.offset, ..found };
                // An offset may be in the middle of an entry by now: then the next one is meant.
                if found.offset >= from && test(&found) {
                    return Ok(Some(Place { block, at, before }));
                }
                before = Some(at);
                at += found.length;
            }
        }
        Ok(None)
    }

    /// Where a name is, and what it names.
    ///
    /// # Errors
    /// `ENOENT`, `ENAMETOOLONG`, and as [`scan`](Self::scan).
    pub(super) fn find(
        &self,
        txn: &Txn<'_>,
        directory: u32,
        name: &str,
    ) -> Result<(Place, u32), FsStop> {
        if name.len() > NAME_MAX {
            return Err(Errno::ENAMETOOLONG.into());
        }
        let mut inode = 0;
        let place = self.scan(txn, directory, 0, |found| {
            inode = found.inode;
            found.inode != 0 && found.name == name.as_bytes()
        })?;
        Ok((place.ok_or(Errno::ENOENT)?, self.usable(inode)?))
    }

    /// Whether a directory has no names but `.` and `..`.
    ///
    /// # Errors
    /// As [`scan`](Self::scan).
    pub(super) fn is_empty(&self, txn: &Txn<'_>, directory: u32) -> Result<bool, FsStop> {
        let other = |found: &Found<'_>| found.inode != 0 && !matches!(found.name, b"." | b"..");
        Ok(self.scan(txn, directory, 0, other)?.is_none())
    }

    fn write_entry(
        &self,
        page: &mut [u8],
        at: usize,
        length: usize,
        (name, inode, kind): (&[u8], u32, Kind),
    ) {
        set32(page, at, inode);
        set16(page, at + 4, length as u16);
        page[at + 6] = name.len() as u8;
        page[at + 7] = if self.has_types { type_of(kind) } else { 0 };
        page[at + HEAD..at + HEAD + name.len()].copy_from_slice(name);
    }

    /// Gives an inode a name, which must not be there.
    ///
    /// # Errors
    /// `ENAMETOOLONG`, `ENOSPC`, and as [`scan`](Self::scan).
    pub(super) fn enter(
        &self,
        txn: &mut Txn<'_>,
        directory: u32,
        name: &str,
        (inode, kind): (u32, Kind),
    ) -> Result<(), FsStop> {
        if name.len() > NAME_MAX {
            return Err(Errno::ENAMETOOLONG.into());
        }
        let name = name.as_bytes();
        let wanted = needed(name.len());
        let used = |found: &Found<'_>| if found.inode == 0 { 0 } else { needed(found.name.len()) };
        let mut room = (0, 0);
        let place = self.scan(txn, directory, 0, |found| {
            room = (used(found), found.length);
            found.length - used(found) >= wanted
        })?;
        if let Some(Place { block, at, .. }) = place {
            let (used, length) = room;
            let page = txn.edit(block)?;
            if used > 0 {
                set16(page, at + 4, used as u16);
            }
            self.write_entry(page, at + used, length - used, (name, inode, kind));
        } else {
            let n = self.directory_blocks(txn, directory)?;
            let (number, _) = self.make_block(txn, directory, n)?;
            let page = txn.fresh(BlockNumber(number.into()));
            self.write_entry(page, 0, self.size, (name, inode, kind));
            self.set_size(txn, directory, (n + 1) * self.size as u64)?;
        }
        self.touch(txn, directory)
    }

    /// Takes an entry out.
    ///
    /// # Errors
    /// As [`scan`](Self::scan).
    pub(super) fn strike(
        &self,
        txn: &mut Txn<'_>,
        directory: u32,
        place: Place,
    ) -> Result<(), FsStop> {
        let page = txn.edit(place.block)?;
        match place.before {
            Some(before) => {
                let length = get16(page, before + 4) + get16(page, place.at + 4);
                set16(page, before + 4, length);
            }
            None => set32(page, place.at, 0),
        }
        self.touch(txn, directory)
    }

    /// Makes an entry name another inode.
    ///
    /// # Errors
    /// As [`scan`](Self::scan).
    pub(super) fn point(
        &self,
        txn: &mut Txn<'_>,
        directory: u32,
        place: Place,
        (inode, kind): (u32, Kind),
    ) -> Result<(), FsStop> {
        let page = txn.edit(place.block)?;
        set32(page, place.at, inode);
        if self.has_types {
            page[place.at + 7] = type_of(kind);
        }
        self.touch(txn, directory)
    }

    /// Makes the first block of a directory: `.` and `..`.
    ///
    /// # Errors
    /// `ENOSPC`.
    pub(super) fn begin_directory(
        &self,
        txn: &mut Txn<'_>,
        directory: u32,
        parent: u32,
    ) -> Result<(), FsStop> {
        let (number, _) = self.make_block(txn, directory, 0)?;
        let page = txn.fresh(BlockNumber(number.into()));
        self.write_entry(page, 0, needed(1), (b".", directory, Kind::Directory));
        let rest = self.size - needed(1);
        self.write_entry(page, needed(1), rest, (b"..", parent, Kind::Directory));
        self.set_size(txn, directory, self.size as u64)
    }

    /// Makes `..` of a directory name another one.
    ///
    /// # Errors
    /// `EUCLEAN` if there is none.
    pub(super) fn set_parent(
        &self,
        txn: &mut Txn<'_>,
        directory: u32,
        parent: u32,
    ) -> Result<(), FsStop> {
        let place = self.scan(txn, directory, 0, |found| found.name == b"..")?;
        let place = place.ok_or(Errno::EUCLEAN)?;
        set32(txn.edit(place.block)?, place.at, parent);
        Ok(())
    }
}
