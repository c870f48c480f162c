//! Layer 5: files. Bits become names.
//!
//! Layers: [`cache`] keeps blocks and pages in frames; [`txn`] lets a file system change blocks all at once
//! or not at all; [`file_system`] is the plug point and [`minifs`] a small one; [`Fs`] has the mounts and
//! walks paths.
//!
//! A typical sequence: openat(2) with O_CREAT runs [`Fs::resolve`] and [`FileSystem::create`] in a [`Txn`];
//! the directory's block is not in the cache, so the transaction is dropped, the block is asked for, and
//! the call parks; the disk's interrupt puts the block into the cache and wakes the caller, whose call
//! runs again; now all blocks are there, the overlay is merged into the cache, and its blocks are dirty
//! until the flusher has written them.
//!
//! Taken from elsewhere: one cache for files and devices from Linux' page cache; transactions that are
//! dropped and run again instead of sleeping inside the file system from the atomic calls of Fluke (Ford
//! et al., 1999); the on-disk layout of [`minifs`] from xv6's `fs.h` and the Unix of 1974.

pub mod cache;
pub mod file_system;
pub mod minifs;
pub mod txn;

pub use cache::{Cache, Cached, Key, State};
pub use file_system::{Attributes, FileSystem, Kind};
pub use minifs::MiniFs;
pub use txn::{Blocks, CachedBlocks, FsStop, Txn};

use crate::abi::Errno;
use crate::base::{Cred, DeviceId, Digester, InodeId, NsId};
use crate::hw::Ram;
use std::hash::{Hash, Hasher};

/// A file system on a device, at a place. So far the only place is the root.
struct Mount {
    namespace: NsId,
    device: DeviceId,
    fs: Box<dyn FileSystem>,
}

/// Mounts and the cache.
pub struct Fs {
    /// What is cached of files and devices.
    pub cache: Cache,
    mounts: Vec<Mount>,
}

/// The longest path, its zero byte included (`PATH_MAX`).
const PATH_MAX: usize = 4096;

/// What is wanted of a file, for the permission check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// To read it, or to list a directory.
    Read = 4,
    /// To write it, or to make names in a directory.
    Write = 2,
    /// To run it, or to walk through a directory.
    Execute = 1,
}

impl Fs {
    /// No mounts, and a cache of `limit` pages.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { cache: Cache::new(limit), mounts: Vec::new() }
    }

    /// Mounts a file system at the root of a mount namespace.
    pub fn mount_root(&mut self, namespace: NsId, device: DeviceId, fs: Box<dyn FileSystem>) {
        self.mounts.push(Mount { namespace, device, fs });
    }

    /// The root directory of a mount namespace.
    #[must_use]
    pub fn root(&self, namespace: NsId) -> Option<InodeId> {
        let at = self.mounts.iter().position(|mount| mount.namespace == namespace)?;
        Some(InodeId { fs: at as u16, number: self.mounts[at].fs.root() })
    }

    /// The file system and the device of an inode.
    #[must_use]
    pub fn of(&self, inode: InodeId) -> Option<(&dyn FileSystem, DeviceId)> {
        self.mounts.get(usize::from(inode.fs)).map(|mount| (mount.fs.as_ref(), mount.device))
    }

    /// The blocks of a device, as far as the cache has them.
    #[must_use]
    pub fn blocks<'a>(&'a self, ram: &'a Ram, device: DeviceId) -> CachedBlocks<'a> {
        CachedBlocks { cache: &self.cache, ram, device }
    }

    /// Walks a path, relative to `start` unless it begins with a slash. Returns the directory that the
    /// last component is in, and that component; `None` for the root itself.
    ///
    /// # Errors
    /// `ENOENT` for an empty path or a missing directory, `ENOTDIR`, `EACCES`, `ENAMETOOLONG`, or a miss.
    pub fn resolve<'p>(
        &self,
        txn: &mut Txn<'_>,
        (start, cred): (InodeId, &Cred),
        path: &'p str,
    ) -> Result<(InodeId, Option<&'p str>), FsStop> {
        if path.is_empty() {
            return Err(Errno::ENOENT.into());
        }
        if path.len() >= PATH_MAX {
            return Err(Errno::ENAMETOOLONG.into());
        }
        let (fs, _) = self.of(start).ok_or(Errno::ENOENT)?;
        let mut at = if path.starts_with('/') { fs.root() } else { start.number };
        let mut parts = path.split('/').filter(|part| !part.is_empty() && *part != ".").peekable();
        while let Some(part) = parts.next() {
            let directory = fs.attributes(txn, at)?;
            if directory.kind != Kind::Directory {
                return Err(Errno::ENOTDIR.into());
            }
            permit(&directory, cred, Want::Execute)?;
            if parts.peek().is_none() {
                return Ok((InodeId { number: at, ..start }, Some(part)));
            }
            at = fs.lookup(txn, at, part)?;
        }
        Ok((InodeId { number: at, ..start }, None))
    }
}

/// Checks an inode's permission bits (path_resolution(7)).
///
/// # Errors
/// `EACCES`.
pub fn permit(attributes: &Attributes, cred: &Cred, want: Want) -> Result<(), Errno> {
    let class = if cred.euid == attributes.uid {
        6
    } else if cred.egid == attributes.gid || cred.groups.contains(&attributes.gid) {
        3
    } else {
        0
    };
    let granted = attributes.mode >> class & want as u16 != 0;
    // The superuser may do all, but runs only what somebody may run.
    let runnable = attributes.kind == Kind::Directory || attributes.mode & 0o111 != 0;
    if granted || cred.is_root() && (want != Want::Execute || runnable) {
        return Ok(());
    }
    Err(Errno::EACCES)
}

impl Clone for Fs {
    fn clone(&self) -> Self {
        let copy = |mount: &Mount| Mount { fs: mount.fs.clone_fs(), ..*mount };
        Self { cache: self.cache.clone(), mounts: self.mounts.iter().map(copy).collect() }
    }
}

impl Hash for Fs {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.cache.hash(state);
        for mount in &self.mounts {
            let mut digester = Digester::default();
            mount.fs.digest(&mut digester);
            (mount.namespace, mount.device, digester.finish()).hash(state);
        }
    }
}
