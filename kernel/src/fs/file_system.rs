//! The plug point for file systems.

use super::txn::{FsStop, Txn};
use crate::base::{BlockNumber, Digester};

/// What an inode is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Bytes.
    Regular,
    /// Names.
    Directory,
}

/// What a file system knows of an inode besides its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attributes {
    /// What it is.
    pub kind: Kind,
    /// Permission bits, `0..=0o7777`.
    pub mode: u16,
    /// How many names it has.
    pub links: u16,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Bytes.
    pub size: u64,
}

/// A file system on a block device. It reads and changes blocks through a [`Txn`] and keeps no state
/// besides what it learnt when it was mounted, so that an operation that must wait for a block can be
/// dropped and run again.
///
/// All operations fail with [`FsStop`]: `Miss` for a block that is not there, `EUCLEAN` for a structure
/// that cannot be, and the errno that the system call of that name has.
pub trait FileSystem: Send + Sync {
    /// Its name, as in /proc/filesystems.
    fn name(&self) -> &'static str;

    /// The root directory's inode.
    fn root(&self) -> u32;

    /// The inode behind a name. `ENOENT`, `ENOTDIR`.
    ///
    /// # Errors
    /// See the trait.
    fn lookup(&self, txn: &mut Txn<'_>, directory: u32, name: &str) -> Result<u32, FsStop>;

    /// An inode's attributes. `ESTALE` if there is no such inode.
    ///
    /// # Errors
    /// See the trait.
    fn attributes(&self, txn: &mut Txn<'_>, inode: u32) -> Result<Attributes, FsStop>;

    /// Makes a file or directory. `EEXIST`, `ENOSPC`, `ENAMETOOLONG`, `ENOTDIR`.
    ///
    /// # Errors
    /// See the trait.
    fn create(
        &self,
        txn: &mut Txn<'_>,
        directory: u32,
        name: &str,
        attributes: Attributes,
    ) -> Result<u32, FsStop>;

    /// The block that holds a page of a file; `None` for a hole.
    ///
    /// # Errors
    /// See the trait.
    fn block_of(
        &self,
        txn: &mut Txn<'_>,
        inode: u32,
        page: u64,
    ) -> Result<Option<BlockNumber>, FsStop>;

    /// The same, and a hole gets a block. `ENOSPC`, `EFBIG`.
    ///
    /// # Errors
    /// See the trait.
    fn allocate(&self, txn: &mut Txn<'_>, inode: u32, page: u64) -> Result<BlockNumber, FsStop>;

    /// Makes a file at least `size` bytes long.
    ///
    /// # Errors
    /// See the trait.
    fn extend(&self, txn: &mut Txn<'_>, inode: u32, size: u64) -> Result<(), FsStop>;

    /// The names in a directory, in its own order, with their inodes.
    ///
    /// # Errors
    /// See the trait.
    fn list(&self, txn: &mut Txn<'_>, directory: u32) -> Result<Vec<(String, u32)>, FsStop>;

    /// A copy, for keyframes.
    fn clone_fs(&self) -> Box<dyn FileSystem>;

    /// Feeds its state into a digest.
    fn digest(&self, digester: &mut Digester);
}
