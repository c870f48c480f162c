//! tmpfs: a file system that lives in memory (tmpfs(5)).
//!
//! Layers: inodes in a map by number; a directory is a map from names to inodes and one from cookies to names, so that a
//! listing goes on where it stopped whatever came and went; a regular file names a memory object, whose pages may be
//! swapped out like any other memory. The object is made by layer 7 when the file is first written to.
//!
//! Taken from elsewhere: data in shared-memory objects that the swapper knows from Linux (`mm/shmem.c`); directory offsets
//! that are never used again from Linux 6.6 (`simple_offset`) and from NetBSD's tmpfs.

use super::attributes::{Attributes, Change, Kind, New};
use super::file_system::{Entry, FileSystem, Usage};
use super::txn::{FsStop, Txn};
use crate::abi::Errno;
use crate::base::{Digester, ObjectId};
use std::collections::BTreeMap;
use std::hash::Hash;
use std::sync::Arc;

/// `TMPFS_MAGIC` (linux/magic.h).
const MAGIC: u64 = 0x0102_1994;
/// The longest name, in bytes (`NAME_MAX`).
pub const NAME_MAX: usize = 255;
/// How much a directory's size grows with each name (Linux' `BOGO_DIRENT_SIZE`).
const ENTRY_SIZE: u64 = 20;
/// How many names an inode may have: nothing here sets a limit, but a count has one.
const MAX_LINKS: u32 = 1 << 30;
const ROOT: u64 = 1;

/// What an inode holds.
#[derive(Clone, Debug, Hash)]
enum Content {
    /// Bytes, once there are any.
    File(Option<ObjectId>),
    Directory(Names),
    Link(Box<str>),
    /// Nothing: a device, a FIFO, a socket.
    Nothing,
}

/// The names in a directory.
#[derive(Clone, Debug, Default, Hash)]
struct Names {
    by_name: BTreeMap<Arc<str>, Name>,
    by_cookie: BTreeMap<u64, Arc<str>>,
    last_cookie: u64,
}

#[derive(Clone, Copy, Debug, Hash)]
struct Name {
    inode: u64,
    cookie: u64,
}

impl Names {
    fn insert(&mut self, name: &str, inode: u64) {
        let name: Arc<str> = name.into();
        self.last_cookie += 1;
        self.by_cookie.insert(self.last_cookie, Arc::clone(&name));
        self.by_name.insert(name, Name { inode, cookie: self.last_cookie });
    }

    fn remove(&mut self, name: &str) -> Option<u64> {
        let Name { inode, cookie } = self.by_name.remove(name)?;
        self.by_cookie.remove(&cookie);
        Some(inode)
    }
}

#[derive(Clone, Debug, Hash)]
struct Inode {
    attributes: Attributes,
    content: Content,
}

/// A file system in memory.
#[derive(Clone, Debug, Hash)]
pub struct Tmpfs {
    name: &'static str,
    inodes: BTreeMap<u64, Inode>,
    last: u64,
    limits: Limits,
}

/// How much a file system in memory may hold. 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Pages of files (`size`, `nr_blocks`).
    pub pages: u64,
    /// Inodes (`nr_inodes`).
    pub inodes: u64,
}

impl Limits {
    /// None.
    pub const NONE: Self = Self { pages: 0, inodes: 0 };

    /// What a mount without options gets, on a machine with so many frames: half of them, and an inode for each.
    #[must_use]
    pub const fn of_machine(frames: u32) -> Self {
        let half = frames as u64 / 2;
        Self { pages: half, inodes: half }
    }
}

impl Tmpfs {
    /// An empty one: the root directory alone. `name` is `tmpfs`, or what is built on it: `devtmpfs`, `rootfs`.
    #[must_use]
    pub fn new(name: &'static str, mode: u16, limits: Limits) -> Self {
        let content = Content::Directory(Names::default());
        let attributes = Attributes::new(Kind::Directory, mode);
        let inodes = BTreeMap::from([(ROOT, Inode { attributes, content })]);
        Self { name, inodes, last: ROOT, limits }
    }

    fn get(&self, inode: u64) -> Result<&Inode, FsStop> {
        self.inodes.get(&inode).ok_or(FsStop::Fail(Errno::ESTALE))
    }

    fn get_mut(&mut self, inode: u64) -> Result<&mut Inode, FsStop> {
        self.inodes.get_mut(&inode).ok_or(FsStop::Fail(Errno::ESTALE))
    }

    fn names(&self, directory: u64) -> Result<&Names, FsStop> {
        match &self.get(directory)?.content {
            Content::Directory(names) => Ok(names),
            _ => Err(Errno::ENOTDIR.into()),
        }
    }

    fn names_mut(&mut self, directory: u64) -> Result<&mut Names, FsStop> {
        match &mut self.get_mut(directory)?.content {
            Content::Directory(names) => Ok(names),
            _ => Err(Errno::ENOTDIR.into()),
        }
    }

    /// Checks that a directory is there and has room for a name.
    fn room(&self, directory: u64, name: &str) -> Result<(), FsStop> {
        if name.len() > NAME_MAX {
            return Err(Errno::ENAMETOOLONG.into());
        }
        if self.names(directory)?.by_name.contains_key(name) {
            return Err(Errno::EEXIST.into());
        }
        Ok(())
    }

    /// The names of a directory were changed.
    fn touch(&mut self, txn: &Txn<'_>, directory: u64) {
        if let Some(found) = self.inodes.get_mut(&directory) {
            if let Content::Directory(names) = &found.content {
                found.attributes.size = (names.by_name.len() as u64 + 2) * ENTRY_SIZE;
            }
            found.attributes = found.attributes.with(&Change::modified(txn.now()));
        }
    }

    /// An inode has so many names more or less.
    fn count(&mut self, txn: &Txn<'_>, inode: u64, by: i32) {
        if let Some(found) = self.inodes.get_mut(&inode) {
            found.attributes.links = found.attributes.links.saturating_add_signed(by);
            found.attributes.changed = txn.now();
        }
    }

    /// A new inode.
    ///
    /// # Errors
    /// `ENOSPC` if there are as many as may be.
    fn insert(&mut self, txn: &Txn<'_>, new: &New<'_>, links: u32) -> Result<u64, FsStop> {
        if self.limits.inodes > 0 && self.inodes.len() as u64 >= self.limits.inodes {
            return Err(Errno::ENOSPC.into());
        }
        let content = match new.kind {
            Kind::Regular => Content::File(None),
            Kind::Directory => Content::Directory(Names::default()),
            Kind::Symlink => Content::Link(new.target.into()),
            Kind::Fifo | Kind::Socket | Kind::Character | Kind::Block => Content::Nothing,
        };
        let size = match new.kind {
            Kind::Symlink => new.target.len() as u64,
            Kind::Directory => 2 * ENTRY_SIZE,
            _ => 0,
        };
        let now = txn.now();
        let attributes = Attributes {
            links,
            uid: new.uid,
            gid: new.gid,
            size,
            device: new.device,
            accessed: now,
            modified: now,
            changed: now,
            ..Attributes::new(new.kind, new.mode)
        };
        self.last += 1;
        self.inodes.insert(self.last, Inode { attributes, content });
        Ok(self.last)
    }

    fn is_directory(&self, inode: u64) -> bool {
        self.inodes.get(&inode).is_some_and(|found| found.attributes.kind == Kind::Directory)
    }

    /// What a name names, if it may be taken away: a directory must be empty.
    fn removable(&self, directory: u64, name: &str) -> Result<u64, FsStop> {
        let inode = self.names(directory)?.by_name.get(name).ok_or(Errno::ENOENT)?.inode;
        if self.is_directory(inode) && !self.names(inode)?.by_name.is_empty() {
            return Err(Errno::ENOTEMPTY.into());
        }
        Ok(inode)
    }

    /// An inode lost a name in `directory`; an empty directory loses its own `.`, and its parent loses a `..`.
    fn lost_name(&mut self, txn: &Txn<'_>, directory: u64, inode: u64) {
        if self.is_directory(inode) {
            self.count(txn, directory, -1);
            self.count(txn, inode, -2);
        } else {
            self.count(txn, inode, -1);
        }
    }
}

impl FileSystem for Tmpfs {
    fn name(&self) -> &'static str {
        self.name
    }

    fn root(&self) -> u64 {
        ROOT
    }

    fn lookup(&self, _: &mut Txn<'_>, directory: u64, name: &str) -> Result<u64, FsStop> {
        if name.len() > NAME_MAX {
            return Err(Errno::ENAMETOOLONG.into());
        }
        let found = self.names(directory)?.by_name.get(name);
        found.map(|name| name.inode).ok_or(FsStop::Fail(Errno::ENOENT))
    }

    fn attributes(&self, _: &mut Txn<'_>, inode: u64) -> Result<Attributes, FsStop> {
        Ok(self.get(inode)?.attributes)
    }

    fn change(&mut self, _: &mut Txn<'_>, inode: u64, change: &Change) -> Result<(), FsStop> {
        let found = self.get_mut(inode)?;
        found.attributes = found.attributes.with(change);
        Ok(())
    }

    fn create(
        &mut self,
        txn: &mut Txn<'_>,
        directory: u64,
        name: &str,
        new: &New<'_>,
    ) -> Result<u64, FsStop> {
        self.room(directory, name)?;
        let is_directory = new.kind == Kind::Directory;
        let inode = self.insert(txn, new, if is_directory { 2 } else { 1 })?;
        self.names_mut(directory)?.insert(name, inode);
        if is_directory {
            self.count(txn, directory, 1);
        }
        self.touch(txn, directory);
        Ok(inode)
    }

    fn create_nameless(&mut self, txn: &mut Txn<'_>, new: &New<'_>) -> Result<u64, FsStop> {
        self.insert(txn, new, 0)
    }

    fn link(
        &mut self,
        txn: &mut Txn<'_>,
        directory: u64,
        name: &str,
        inode: u64,
    ) -> Result<(), FsStop> {
        self.room(directory, name)?;
        if self.get(inode)?.attributes.links >= MAX_LINKS {
            return Err(Errno::EMLINK.into());
        }
        self.names_mut(directory)?.insert(name, inode);
        self.count(txn, inode, 1);
        self.touch(txn, directory);
        Ok(())
    }

    fn remove(&mut self, txn: &mut Txn<'_>, directory: u64, name: &str) -> Result<u64, FsStop> {
        let inode = self.removable(directory, name)?;
        self.names_mut(directory)?.remove(name);
        self.lost_name(txn, directory, inode);
        self.touch(txn, directory);
        Ok(inode)
    }

    fn rename(
        &mut self,
        txn: &mut Txn<'_>,
        (from, old): (u64, &str),
        (to, new): (u64, &str),
        exchange: bool,
    ) -> Result<Option<u64>, FsStop> {
        if new.len() > NAME_MAX {
            return Err(Errno::ENAMETOOLONG.into());
        }
        let moved = self.names(from)?.by_name.get(old).ok_or(Errno::ENOENT)?.inode;
        let there = self.names(to)?.by_name.get(new).map(|name| name.inode);
        let replaced = match there {
            Some(other) if exchange => {
                for (directory, name, inode) in [(from, old, other), (to, new, moved)] {
                    if let Some(entry) = self.names_mut(directory)?.by_name.get_mut(name) {
                        entry.inode = inode;
                    }
                }
                if from != to {
                    for (inode, loses, gains) in [(moved, from, to), (other, to, from)] {
                        if self.is_directory(inode) {
                            self.count(txn, loses, -1);
                            self.count(txn, gains, 1);
                        }
                    }
                }
                self.count(txn, other, 0);
                None
            }
            None if exchange => return Err(Errno::ENOENT.into()),
            there => {
                if there.is_some() {
                    self.removable(to, new)?;
                }
                self.names_mut(from)?.remove(old);
                if let Some(gone) = there {
                    self.names_mut(to)?.remove(new);
                    self.lost_name(txn, to, gone);
                }
                self.names_mut(to)?.insert(new, moved);
                if self.is_directory(moved) && from != to {
                    self.count(txn, from, -1);
                    self.count(txn, to, 1);
                }
                there
            }
        };
        // Its own time of change moves on (rename(2) leaves that open; Linux' file systems do it).
        self.count(txn, moved, 0);
        self.touch(txn, from);
        self.touch(txn, to);
        Ok(replaced)
    }

    fn target(&self, _: &mut Txn<'_>, inode: u64) -> Result<Box<str>, FsStop> {
        match &self.get(inode)?.content {
            Content::Link(target) => Ok(target.clone()),
            _ => Err(Errno::EINVAL.into()),
        }
    }

    fn list(
        &self,
        _: &mut Txn<'_>,
        directory: u64,
        from: u64,
        count: usize,
    ) -> Result<Vec<Entry>, FsStop> {
        let names = self.names(directory)?;
        let entries = names.by_cookie.range(from..).take(count).filter_map(|(cookie, name)| {
            let inode = names.by_name.get(name)?.inode;
            let kind = self.inodes.get(&inode)?.attributes.kind;
            Some(Entry { name: (&**name).into(), inode, kind, next: cookie + 1 })
        });
        Ok(entries.collect())
    }

    fn resize(&mut self, txn: &mut Txn<'_>, inode: u64, size: u64) -> Result<(), FsStop> {
        let now = txn.now();
        let found = self.get_mut(inode)?;
        found.attributes.size = size;
        found.attributes = found.attributes.with(&Change::modified(now));
        Ok(())
    }

    fn largest(&self) -> u64 {
        i64::MAX as u64
    }

    fn is_in_memory(&self) -> bool {
        true
    }

    fn most_pages(&self) -> Option<u64> {
        (self.limits.pages > 0).then_some(self.limits.pages)
    }

    fn object(&self, inode: u64) -> Option<ObjectId> {
        match self.inodes.get(&inode)?.content {
            Content::File(object) => object,
            _ => None,
        }
    }

    fn objects(&self) -> Vec<ObjectId> {
        let object = |inode: &Inode| match inode.content {
            Content::File(object) => object,
            _ => None,
        };
        self.inodes.values().filter_map(object).collect()
    }

    fn set_object(&mut self, inode: u64, object: ObjectId) {
        if let Some(Inode { content: Content::File(place), .. }) = self.inodes.get_mut(&inode) {
            *place = Some(object);
        }
    }

    fn forget(&mut self, _: &mut Txn<'_>, inode: u64) -> Result<Option<ObjectId>, FsStop> {
        match self.inodes.remove(&inode) {
            Some(Inode { content: Content::File(object), .. }) => Ok(object),
            _ => Ok(None),
        }
    }

    fn usage(&self, _: &mut Txn<'_>) -> Result<Usage, FsStop> {
        Ok(Usage {
            block_size: 4096,
            // Layer 7 takes off what the files have: pages are not known here.
            blocks: self.limits.pages,
            free: self.limits.pages,
            available: self.limits.pages,
            inodes: self.limits.inodes,
            free_inodes: self.limits.inodes.saturating_sub(self.inodes.len() as u64),
            magic: MAGIC,
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
