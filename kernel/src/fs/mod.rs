//! Layer 5: files. Bits become names.
//!
//! Layers: [`cache`] keeps blocks and pages in frames; [`txn`] lets a file system change blocks all at once
//! or not at all; [`file_system`] is the plug point, with [`tmpfs`] in memory and [`minifs`], a small one on a disk;
//! [`attributes`] says what is known of an inode and who may do what; [`dentry`] remembers names; [`mount`] puts file
//! systems into one tree; [`inodes`] and [`lock`] keep what open files share; [`cpio`] unpacks what a machine starts with.
//! Walking a path needs what only layer 7 has, and stands in `io::walk`.
//!
//! A typical sequence: openat(2) with O_CREAT walks the path from dentry to dentry, asks the file system for the name that
//! no dentry knows, and runs [`FileSystem::create`] in a [`Txn`]; if the directory's block is not in the cache, the
//! transaction is dropped, the block is asked for, and the call parks; the disk's interrupt puts the block into the cache
//! and wakes the caller, whose call runs again; now all blocks are there, the overlay is merged into the cache, and its
//! blocks are dirty until the flusher has written them.
//!
//! Taken from elsewhere: one cache for files and devices from Linux' page cache; transactions that are
//! dropped and run again instead of sleeping inside the file system from the atomic calls of Fluke (Ford
//! et al., 1999); superblocks, dentries and mounts as three things from Linux (`fs/namei.c`, `fs/namespace.c`); vnodes that
//! know nothing of names from BSD; the on-disk layout of [`minifs`] from xv6's `fs.h` and the Unix of 1974.

pub mod attributes;
pub mod cache;
pub mod cpio;
pub mod dentry;
pub mod ext2;
pub mod file_system;
pub mod inodes;
pub mod lock;
pub mod minifs;
pub mod mount;
pub mod tmpfs;
pub mod txn;

pub use attributes::{Attributes, Change, Kind, New, Want, is_kept, is_member, is_owner, permit};
pub use cache::{Cache, Cached, Home, Key, State};
pub use dentry::{Dentries, Dentry};
pub use ext2::{Ext2, log::Log};
pub use file_system::{Entry, FileSystem, PageBlocks, Usage};
pub use inodes::Inodes;
pub use minifs::MiniFs;
pub use mount::{Mount, Reached};
pub use tmpfs::{Limits, Tmpfs};
pub use txn::{Blocks, CachedBlocks, Changes, Freed, FsStop, NoBlocks, OnMedium, Txn};

use crate::base::{
    BlockNumber, DentryId, DeviceId, Digester, InodeId, Location, MountId, MountTag, NsId, Table,
};
use crate::hw::{PAGE_SIZE, Ram};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

/// The longest path, its zero byte included (`PATH_MAX`).
pub const PATH_MAX: usize = 4096;

/// Where a file system's inodes come from.
pub enum Content {
    /// It has them itself.
    Stored(Box<dyn FileSystem>),
    /// They are what the kernel's tables say at the moment, and made in layer 7 (`pseudo`).
    Generated(Generated),
}

/// The file systems that the kernel makes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Generated {
    /// Processes, and the kernel's own figures (proc(5)).
    Proc,
}

impl Generated {
    /// The name, as in /proc/filesystems.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proc => "proc",
        }
    }

    /// The root directory's inode.
    #[must_use]
    pub const fn root(self) -> u64 {
        match self {
            Self::Proc => 1,
        }
    }
}

/// A file system that is in use (Linux: a superblock).
pub struct Super {
    /// Its inodes.
    pub content: Content,
    /// The device it lies on.
    pub device: Option<DeviceId>,
    /// Its root directory.
    pub root: DentryId,
    /// Its journal.
    pub journal: Option<Box<Log>>,
}

impl Super {
    /// Its name, as in /proc/filesystems.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match &self.content {
            Content::Stored(fs) => fs.name(),
            Content::Generated(generated) => generated.name(),
        }
    }
}

/// File systems, mounts and what is remembered of them.
pub struct Fs {
    /// What is cached of files and devices.
    pub cache: Cache,
    /// File systems, by the number that [`InodeId::fs`] has.
    pub supers: Vec<Option<Super>>,
    /// Names that were looked up.
    pub dentries: Dentries,
    /// Inodes in use.
    pub inodes: Inodes,
    mounts: Table<MountTag, Mount>,
    covered: BTreeMap<Location, MountId>,
    roots: BTreeMap<NsId, Location>,
    /// Bytes of a block, of devices whose blocks are smaller than a page.
    pub sizes: BTreeMap<DeviceId, usize>,
    /// Whether there is a thread that commits to journals.
    pub has_committer: bool,
}

/// What keeps no blocks back.
static NO_BLOCKS: BTreeSet<BlockNumber> = BTreeSet::new();

impl Fs {
    /// No file systems, and a cache of `limit` pages.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            cache: Cache::new(limit),
            supers: Vec::new(),
            dentries: Dentries::default(),
            inodes: Inodes::default(),
            mounts: Table::default(),
            covered: BTreeMap::new(),
            roots: BTreeMap::new(),
            sizes: BTreeMap::new(),
            has_committer: false,
        }
    }

    /// Bytes of a block of a device, in which [`Key::Block`] counts: what its file system has (Linux: `set_blocksize`).
    #[must_use]
    pub fn block_size(&self, device: DeviceId) -> usize {
        self.sizes.get(&device).copied().unwrap_or(PAGE_SIZE)
    }

    /// Where a block belongs.
    #[must_use]
    pub fn home_of(&self, device: DeviceId, number: BlockNumber) -> Home {
        Home::of_block(device, self.block_size(device), number)
    }

    /// Takes a file system into use; returns its number.
    pub fn add(&mut self, content: Content, device: Option<DeviceId>) -> u16 {
        let free = self.supers.iter().position(Option::is_none).unwrap_or(self.supers.len());
        let number = match &content {
            Content::Stored(fs) => fs.root(),
            Content::Generated(generated) => generated.root(),
        };
        let root = self.dentries.root(InodeId { fs: free as u16, number });
        let added = Some(Super { content, device, root, journal: None });
        match self.supers.get_mut(free) {
            Some(place) => *place = added,
            None => self.supers.push(added),
        }
        free as u16
    }

    /// A file system is not needed any more.
    pub fn discard(&mut self, fs: u16) {
        self.dentries.forget(fs);
        if let Some(place) = self.supers.get_mut(usize::from(fs)) {
            *place = None;
        }
    }

    /// A file system.
    #[must_use]
    pub fn of(&self, fs: u16) -> Option<&Super> {
        self.supers.get(usize::from(fs))?.as_ref()
    }

    /// The device that an inode's data lies on.
    #[must_use]
    pub fn device_of(&self, inode: InodeId) -> Option<DeviceId> {
        self.of(inode.fs)?.device
    }

    /// What the kernel makes up behind an inode, if it does.
    #[must_use]
    pub fn generated(&self, inode: InodeId) -> Option<Generated> {
        match self.of(inode.fs)?.content {
            Content::Generated(generated) => Some(generated),
            Content::Stored(_) => None,
        }
    }

    /// The file system that stores an inode.
    #[must_use]
    pub fn stored(&self, inode: InodeId) -> Option<&dyn FileSystem> {
        match &self.of(inode.fs)?.content {
            Content::Stored(fs) => Some(fs.as_ref()),
            Content::Generated(_) => None,
        }
    }

    /// The same, to change.
    pub fn stored_mut(&mut self, inode: InodeId) -> Option<&mut Box<dyn FileSystem>> {
        match &mut self.supers.get_mut(usize::from(inode.fs))?.as_mut()?.content {
            Content::Stored(fs) => Some(fs),
            Content::Generated(_) => None,
        }
    }

    /// The journal of a file system.
    #[must_use]
    pub fn journal(&self, fs: u16) -> Option<&Log> {
        self.of(fs)?.journal.as_deref()
    }

    /// The same, to change.
    pub fn journal_mut(&mut self, fs: u16) -> Option<&mut Log> {
        self.supers.get_mut(usize::from(fs))?.as_mut()?.journal.as_deref_mut()
    }

    /// The blocks of a device, as far as the cache has them.
    #[must_use]
    pub fn blocks<'a>(&'a self, ram: &'a Ram, device: DeviceId) -> CachedBlocks<'a> {
        let size = self.block_size(device);
        CachedBlocks { cache: &self.cache, ram, device, size, kept: &NO_BLOCKS }
    }
}

impl Clone for Fs {
    fn clone(&self) -> Self {
        let copy = |found: &Super| Super {
            content: match &found.content {
                Content::Stored(fs) => Content::Stored(fs.clone_fs()),
                Content::Generated(generated) => Content::Generated(*generated),
            },
            journal: found.journal.clone(),
            ..*found
        };
        Self {
            cache: self.cache.clone(),
            supers: self.supers.iter().map(|found| found.as_ref().map(copy)).collect(),
            dentries: self.dentries.clone(),
            inodes: self.inodes.clone(),
            mounts: self.mounts.clone(),
            covered: self.covered.clone(),
            roots: self.roots.clone(),
            sizes: self.sizes.clone(),
            has_committer: self.has_committer,
        }
    }
}

impl Hash for Fs {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.cache.hash(state);
        for found in self.supers.iter().flatten() {
            let mut digester = Digester::default();
            if let Content::Stored(fs) = &found.content {
                fs.digest(&mut digester);
            }
            (found.device, found.name(), digester.finish(), &found.journal).hash(state);
        }
        (
            &self.dentries,
            &self.inodes,
            &self.mounts,
            &self.covered,
            &self.roots,
            &self.sizes,
            self.has_committer,
        )
            .hash(state);
    }
}
