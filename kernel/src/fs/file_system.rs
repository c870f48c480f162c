//! The plug point for file systems.
//!
//! A file system is a set of inodes, and names for them. It knows nothing of paths, mounts, permissions or open files:
//! whoever asks has walked the path and checked who may do what.

use super::attributes::{Attributes, Change, Kind, New};
use super::txn::{FsStop, Txn};
use crate::abi::Errno;
use crate::base::{BlockNumber, Digester, ObjectId};
use crate::hw::PAGE_SIZE;

/// One name of a directory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The name.
    pub name: Box<str>,
    /// What it names.
    pub inode: u64,
    /// What that is.
    pub kind: Kind,
    /// Where the names behind it begin: a cookie that stays good while names come and go.
    pub next: u64,
}

/// The blocks that hold a page of a file, in order: as many of them as blocks make a page. `None` for a hole.
pub type PageBlocks = [Option<BlockNumber>; 4];

/// How full a file system is (statfs(2)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Usage {
    /// Bytes of a block.
    pub block_size: u32,
    /// Blocks in all.
    pub blocks: u64,
    /// Blocks that are free.
    pub free: u64,
    /// Blocks that are free for everybody: some may be kept for root.
    pub available: u64,
    /// Inodes in all; 0 if there is no limit.
    pub inodes: u64,
    /// Inodes that are free.
    pub free_inodes: u64,
    /// The number by which programs know the kind of file system (linux/magic.h).
    pub magic: u64,
    /// The longest name, in bytes.
    pub longest_name: u32,
}

/// A file system.
///
/// One on a block device reads and changes blocks through a [`Txn`] and keeps no state besides what it learnt when it was
/// mounted, so that an operation that must wait for a block can be dropped and run again. One in memory changes itself;
/// each of its operations checks everything before it changes anything.
///
/// All operations fail with [`FsStop`]: `Miss` for a block that is not there, `EUCLEAN` for a structure that cannot be,
/// `ESTALE` for an inode that is not there, `ENOTDIR` for a directory that is none, and the errno that the system call of
/// that name has. What a file system cannot do at all is `EPERM`, as on Linux.
pub trait FileSystem: Send + Sync {
    /// Its name, as in /proc/filesystems.
    fn name(&self) -> &'static str;

    /// The root directory's inode.
    fn root(&self) -> u64;

    /// The inode behind a name, which is neither `.` nor `..`. `ENOENT`, `ENAMETOOLONG`.
    ///
    /// # Errors
    /// See the trait.
    fn lookup(&self, txn: &mut Txn<'_>, directory: u64, name: &str) -> Result<u64, FsStop>;

    /// An inode's attributes.
    ///
    /// # Errors
    /// See the trait.
    fn attributes(&self, txn: &mut Txn<'_>, inode: u64) -> Result<Attributes, FsStop>;

    /// Changes attributes, but for the size.
    ///
    /// # Errors
    /// See the trait.
    fn change(&mut self, txn: &mut Txn<'_>, inode: u64, change: &Change) -> Result<(), FsStop>;

    /// Makes an inode with a name, which is not there yet. `ENOSPC`, `ENAMETOOLONG`, `EMLINK`.
    ///
    /// # Errors
    /// See the trait.
    fn create(
        &mut self,
        txn: &mut Txn<'_>,
        directory: u64,
        name: &str,
        new: &New<'_>,
    ) -> Result<u64, FsStop>;

    /// Makes an inode without a name (O_TMPFILE).
    ///
    /// # Errors
    /// See the trait; `EOPNOTSUPP` by default.
    fn create_nameless(&mut self, _: &mut Txn<'_>, _: &New<'_>) -> Result<u64, FsStop> {
        Err(Errno::EOPNOTSUPP.into())
    }

    /// Gives an inode another name, which is not there yet. `EMLINK`, `ENOSPC`, `ENAMETOOLONG`.
    ///
    /// # Errors
    /// See the trait.
    fn link(
        &mut self,
        _: &mut Txn<'_>,
        _directory: u64,
        _name: &str,
        _inode: u64,
    ) -> Result<(), FsStop> {
        Err(Errno::EPERM.into())
    }

    /// Takes a name away, and returns what it named. An inode without names lives on until it is forgotten; a directory
    /// must be empty. `ENOENT`, `ENOTEMPTY`.
    ///
    /// # Errors
    /// See the trait.
    fn remove(&mut self, _: &mut Txn<'_>, _directory: u64, _name: &str) -> Result<u64, FsStop> {
        Err(Errno::EPERM.into())
    }

    /// Gives what `from` names the name `to`. What had that name loses it, as with [`remove`](Self::remove), and is
    /// returned; or, with `exchange`, the two change names.
    ///
    /// # Errors
    /// See the trait.
    fn rename(
        &mut self,
        _: &mut Txn<'_>,
        _from: (u64, &str),
        _to: (u64, &str),
        _exchange: bool,
    ) -> Result<Option<u64>, FsStop> {
        Err(Errno::EPERM.into())
    }

    /// Where a symbolic link leads.
    ///
    /// # Errors
    /// See the trait; `EINVAL` by default.
    fn target(&self, _: &mut Txn<'_>, _inode: u64) -> Result<Box<str>, FsStop> {
        Err(Errno::EINVAL.into())
    }

    /// The names of a directory, in its own order, from a cookie on (0: all), at most `count`.
    ///
    /// # Errors
    /// See the trait.
    fn list(
        &self,
        txn: &mut Txn<'_>,
        directory: u64,
        from: u64,
        count: usize,
    ) -> Result<Vec<Entry>, FsStop>;

    /// Bytes of a block on its device: 1024, 2048 or 4096.
    fn block_size(&self) -> usize {
        PAGE_SIZE
    }

    /// It is mounted, to be written.
    ///
    /// # Errors
    /// See the trait.
    fn begin(&mut self, _: &mut Txn<'_>) -> Result<(), FsStop> {
        Ok(())
    }

    /// It is about to be unmounted.
    ///
    /// # Errors
    /// See the trait.
    fn end(&mut self, _: &mut Txn<'_>) -> Result<(), FsStop> {
        Ok(())
    }

    /// The blocks that hold a page of a file.
    ///
    /// # Errors
    /// See the trait; `EIO` by default.
    fn blocks_of(&self, _: &mut Txn<'_>, _inode: u64, _page: u64) -> Result<PageBlocks, FsStop> {
        Err(Errno::EIO.into())
    }

    /// The same, and holes get blocks between two places of the page, in bytes. `ENOSPC`, `EFBIG`.
    ///
    /// # Errors
    /// See the trait; `EIO` by default.
    fn allocate(
        &mut self,
        _: &mut Txn<'_>,
        _inode: u64,
        _page: u64,
        _part: (usize, usize),
    ) -> Result<PageBlocks, FsStop> {
        Err(Errno::EIO.into())
    }

    /// The first place of a file from `from` on, below `end`, where there is data and no hole.
    ///
    /// # Errors
    /// See the trait.
    fn next_data(
        &self,
        txn: &mut Txn<'_>,
        inode: u64,
        (from, end): (u64, u64),
    ) -> Result<Option<u64>, FsStop> {
        let page = PAGE_SIZE as u64;
        for n in from / page..end.div_ceil(page) {
            if self.blocks_of(txn, inode, n)?.iter().any(Option::is_some) {
                return Ok(Some((n * page).max(from)));
            }
        }
        Ok(None)
    }

    /// The first place of a file from `from` on, below `end`, where there is a hole.
    ///
    /// # Errors
    /// See the trait.
    fn next_hole(
        &self,
        txn: &mut Txn<'_>,
        inode: u64,
        (from, end): (u64, u64),
    ) -> Result<Option<u64>, FsStop> {
        let size = self.block_size() as u64;
        let per_page = PAGE_SIZE as u64 / size;
        for n in from / PAGE_SIZE as u64..end.div_ceil(PAGE_SIZE as u64) {
            let blocks = self.blocks_of(txn, inode, n)?;
            for (place, block) in (n * per_page..).zip(&blocks[..per_page as usize]) {
                if block.is_none() && (place + 1) * size > from && place * size < end {
                    return Ok(Some((place * size).max(from)));
                }
            }
        }
        Ok(None)
    }

    /// Sets a file's size. Blocks that lie wholly behind it are given back.
    ///
    /// # Errors
    /// See the trait. `EFBIG`.
    fn resize(&mut self, txn: &mut Txn<'_>, inode: u64, size: u64) -> Result<(), FsStop>;

    /// The largest size of a file, in bytes.
    fn largest(&self) -> u64;

    /// Whether files are memory objects. If not, their pages lie on blocks.
    fn is_in_memory(&self) -> bool {
        false
    }

    /// How many pages its files may have together, if they are memory objects and there is a limit.
    fn most_pages(&self) -> Option<u64> {
        None
    }

    /// The memory object that holds a file's data, once there is one.
    fn object(&self, _inode: u64) -> Option<ObjectId> {
        None
    }

    /// All its objects, when it is not needed any more.
    fn objects(&self) -> Vec<ObjectId> {
        Vec::new()
    }

    /// Says where a file's data is.
    fn set_object(&mut self, _inode: u64, _object: ObjectId) {}

    /// Frees an inode that has no names and that nobody uses; returns its object, which is the caller's to release.
    ///
    /// # Errors
    /// See the trait.
    fn forget(&mut self, _: &mut Txn<'_>, _inode: u64) -> Result<Option<ObjectId>, FsStop> {
        Ok(None)
    }

    /// How full it is.
    ///
    /// # Errors
    /// See the trait.
    fn usage(&self, txn: &mut Txn<'_>) -> Result<Usage, FsStop>;

    /// A copy, for keyframes.
    fn clone_fs(&self) -> Box<dyn FileSystem>;

    /// Feeds its state into a digest.
    fn digest(&self, digester: &mut Digester);
}
