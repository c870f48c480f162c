//! Whether all of a file system fits together: what fsck asks.
//!
//! Every name leads to an inode in use, every block belongs to one file, bitmaps, counts and numbers of links say what the
//! tree says. Nothing is changed.

use super::Ext2;
use super::layout::{ROOT, bit, get32, inode as field, sb};
use crate::abi::Errno;
use crate::base::BlockNumber;
use crate::fs::attributes::Kind;
use crate::fs::file_system::FileSystem;
use crate::fs::txn::{Blocks, FsStop, OnMedium, Txn, put};
use crate::hw::disk::Medium;
use std::collections::{BTreeMap, BTreeSet};

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// What it is.
    pub kind: Kind,
    /// Permission bits.
    pub mode: u16,
    /// Names.
    pub links: u32,
    /// The bytes of a file, or where a link leads.
    pub bytes: Vec<u8>,
}

/// A tree of names, by path.
pub type Tree = BTreeMap<String, Leaf>;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// What does not fit, in words.
    pub problems: Vec<String>,
    /// The tree.
    pub tree: Tree,
}

/// How large a file may be whose bytes are looked at: 16 MiB.
const LARGEST: u64 = 16 << 20;

/// What a walk through the tree has seen.
#[derive(Default)]
struct Seen {
    blocks: BTreeSet<u32>,
    links: BTreeMap<u32, u32>,
    found: Findings,
}

impl Seen {
    fn wrong(&mut self, what: String) {
        self.found.problems.push(what);
    }
}

/// Replays the journal of an ext3 onto a medium, if it has to be, as mounting does; returns how many transactions there
/// were and the number of the next one.
///
/// # Errors
/// As [`Ext2::mount_journaled`].
pub fn recover(medium: &mut Medium) -> Result<(u32, u32), FsStop> {
    let size = super::block_size(&OnMedium { medium, size: 4096 })?;
    let blocks = OnMedium { medium, size };
    let capacity = medium.blocks() * (4096 / size) as u64;
    let fs = Ext2::mount_journaled(&blocks, capacity, true)?;
    let place = fs.find_journal(&blocks)?;
    let replay = super::journal::replay(&blocks, &place, capacity)?;
    for (number, bytes) in &replay.blocks {
        medium.write(number.0 * size as u64, bytes);
    }
    let blocks = OnMedium { medium, size };
    let mut txn = Txn::new(&blocks, Default::default());
    let mut fs = fs;
    for inode in fs.orphans(&blocks)? {
        fs.forget(&mut txn, inode)?;
    }
    fs.mark(&mut txn, false)?;
    if let Some(first) = place.block(0) {
        super::journal::write_tail(txn.edit(first)?, replay.next, 0);
    }
    let changes = txn.finish();
    put(medium, size, &changes);
    Ok((replay.transactions, replay.next))
}

/// Looks at all of the file system on a medium.
///
/// # Errors
/// As [`Ext2::mount`].
pub fn check(medium: &Medium) -> Result<Findings, FsStop> {
    let size = super::block_size(&OnMedium { medium, size: 4096 })?;
    let blocks = OnMedium { medium, size };
    let capacity = medium.blocks() * (4096 / size) as u64;
    let (has_journal, needs_replay) = super::journaling(&blocks)?;
    let fs = match has_journal && needs_replay {
        true => Ext2::mount_journaled(&blocks, capacity, false)?,
        false => Ext2::mount(&blocks, capacity, false)?,
    };
    fs.look(&blocks)
}

impl Ext2 {
    /// Looks at all of it.
    ///
    /// # Errors
    /// A miss, and what keeps the root from being read.
    pub fn look(&self, blocks: &dyn Blocks) -> Result<Findings, FsStop> {
        let mut txn = Txn::new(blocks, Default::default());
        let mut seen = Seen::default();
        let mut todo = vec![(String::new(), ROOT)];
        seen.links.insert(ROOT, 1);
        self.blocks_of_file(&txn, ROOT, &mut seen)?;
        let mut directories = 1;
        while let Some((path, directory)) = todo.pop() {
            *seen.links.entry(directory).or_default() += 1;
            let entries = match self.list(&mut txn, directory.into(), 0, usize::MAX) {
                Ok(entries) => entries,
                Err(FsStop::Fail(errno)) => {
                    seen.wrong(format!("{path}/: {errno}"));
                    continue;
                }
                Err(stop) => return Err(stop),
            };
            for entry in entries {
                let path = format!("{path}/{}", entry.name);
                let Ok(inode) = self.usable(entry.inode as u32) else {
                    seen.wrong(format!("{path} names inode {}", entry.inode));
                    continue;
                };
                let is_new = !seen.links.contains_key(&inode);
                *seen.links.entry(inode).or_default() += 1;
                let leaf = match self.leaf(&mut txn, inode) {
                    Ok(leaf) => leaf,
                    Err(FsStop::Fail(errno)) => {
                        seen.wrong(format!("{path}: inode {inode}: {errno}"));
                        continue;
                    }
                    Err(stop) => return Err(stop),
                };
                if leaf.kind != entry.kind {
                    seen.wrong(format!("{path} is not what its name says"));
                }
                if is_new {
                    self.blocks_of_file(&txn, inode, &mut seen)?;
                }
                if leaf.kind == Kind::Directory {
                    if is_new {
                        // Its `..` is a name of the directory that it is in.
                        *seen.links.entry(directory).or_default() += 1;
                        directories += 1;
                        todo.push((path.clone(), inode));
                    } else {
                        seen.wrong(format!("{path} is a directory with two names"));
                    }
                }
                seen.found.tree.insert(path, leaf);
            }
        }
        self.compare(&txn, seen, directories)
    }

    /// What an inode is and holds.
    fn leaf(&self, txn: &mut Txn<'_>, inode: u32) -> Result<Leaf, FsStop> {
        let about = self.attributes_of(txn, inode)?;
        let bytes = match about.kind {
            Kind::Symlink => self.target(txn, inode.into())?.as_bytes().to_vec(),
            Kind::Regular => self.bytes_of(txn, inode, about.size)?,
            _ => Vec::new(),
        };
        Ok(Leaf { kind: about.kind, mode: about.mode, links: about.links, bytes })
    }

    /// A file's bytes, as far as they are looked at.
    fn bytes_of(&self, txn: &Txn<'_>, inode: u32, length: u64) -> Result<Vec<u8>, FsStop> {
        let mut bytes = vec![0; length.min(LARGEST) as usize];
        for (n, part) in bytes.chunks_mut(self.size).enumerate() {
            if let Some(number) = self.block_at(txn, inode, n as u64)? {
                part.copy_from_slice(&txn.read(BlockNumber(number.into()))?[..part.len()]);
            }
        }
        Ok(bytes)
    }

    /// Notes all blocks that an inode has; each may have one owner.
    fn blocks_of_file(&self, txn: &Txn<'_>, inode: u32, seen: &mut Seen) -> Result<(), FsStop> {
        let raw = self.record(txn, inode)?;
        let kind = self.attributes_of(txn, inode)?.kind;
        if self.has_no_blocks(raw, kind) {
            return Ok(());
        }
        let mut todo: Vec<(u32, u32)> = (0..15)
            .map(|slot| (get32(raw, field::BLOCKS + slot * 4), (slot as u32).saturating_sub(11)))
            .collect();
        while let Some((number, depth)) = todo.pop() {
            match self.checked(number) {
                Ok(None) => continue,
                Ok(Some(_)) if seen.blocks.insert(number) => {}
                _ => {
                    seen.wrong(format!("inode {inode}: block {number} is not its own"));
                    continue;
                }
            }
            if depth > 0 {
                let page = txn.read(BlockNumber(number.into()))?;
                todo.extend((0..self.size / 4).map(|n| (get32(page, n * 4), depth - 1)));
            }
        }
        Ok(())
    }

    /// Compares what was seen with what bitmaps and counts say.
    fn compare(&self, txn: &Txn<'_>, mut seen: Seen, directories: u32) -> Result<Findings, FsStop> {
        for (inode, links) in std::mem::take(&mut seen.links) {
            match self.attributes_of(txn, inode) {
                Ok(about) if about.links == links => {}
                Ok(about) => {
                    let told = about.links;
                    seen.wrong(format!("inode {inode} has {links} names, and says {told}"));
                }
                Err(FsStop::Fail(Errno::ESTALE)) => seen.wrong(format!("inode {inode} is free")),
                Err(stop) => return Err(stop),
            }
        }
        // Inodes below the first one that files have belong to the file system; their blocks are nobody's in the tree.
        for inode in 1..self.first_inode {
            if inode != ROOT && self.attributes_of(txn, inode).is_ok() {
                self.blocks_of_file(txn, inode, &mut seen)?;
            }
        }
        let (mut free_blocks, mut told_directories) = (0u32, 0u32);
        for number in 0..self.groups() {
            let group = self.group(txn, number)?;
            told_directories += u32::from(group.directories);
            let bitmap = &txn.read(BlockNumber(group.block_bitmap.into()))?[..self.size];
            let mut free = 0;
            for n in 0..self.blocks_of(number) {
                let block = self.first_of(number) + n;
                let is_taken = seen.blocks.contains(&block) || self.is_system(txn, block)?;
                free += u32::from(!bit(bitmap, n));
                // A reserved descriptor block, or an orphan's, is taken without an owner here.
                if is_taken && !bit(bitmap, n) {
                    seen.wrong(format!("block {block} is in use and marked as free"));
                }
            }
            if free != u32::from(group.free_blocks) {
                seen.wrong(format!("group {number} has {free} free blocks, and says otherwise"));
            }
            free_blocks += free;
        }
        if self.word(txn, sb::FREE_BLOCKS)? != free_blocks {
            seen.wrong(format!("{free_blocks} blocks are free, and the superblock says otherwise"));
        }
        if told_directories != directories {
            seen.wrong(format!("there are {directories} directories, and groups say otherwise"));
        }
        Ok(seen.found)
    }
}
