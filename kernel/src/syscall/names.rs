//! Calls that make names and take them away: mkdirat(2), mknodat(2), symlinkat(2), linkat(2), unlinkat(2), readlinkat(2).

use super::Result;
use super::path::{
    cred, find, find_parent, free_name, lost_name, may_create, may_delete, owned, read_path,
};
use super::transfer::Rest;
use crate::abi::Errno;
use crate::abi::flags::AtFlags;
use crate::context::{Cx, Tables};
use crate::fs::{Kind, New, Want, is_owner, permit};
use crate::io::walk::Parent;
use crate::io::{node, txn, user, walk};
use crate::proc::Stop;

/// mkdirat(2).
///
/// # Errors
/// `EEXIST`, `EACCES`, `EROFS`, `EMLINK`, `ENOSPC`, those of path walks; parks.
pub fn sys_mkdirat(directory: u64, path: u64, mode: u64, (frame, t, cx): Rest<'_>) -> Result {
    let path = read_path(t, cx, path)?;
    let new = New::of_root(Kind::Directory, mode as u16 & 0o1777);
    make(directory, &path, new, (frame, t, cx))
}

/// mknodat(2).
///
/// # Errors
/// As [`sys_mkdirat`], and `EPERM` for directories and, but for root, devices; `EINVAL` for what is no kind of file.
pub fn sys_mknodat([directory, path, mode, device]: [u64; 4], (frame, t, cx): Rest<'_>) -> Result {
    let path = read_path(t, cx, path)?;
    let kind = match Kind::of(mode as u32) {
        None if mode as u32 & crate::abi::flags::file::FILE_TYPE_MASK == 0 => Kind::Regular,
        Some(Kind::Directory) => return Err(Stop::Fail(Errno::EPERM)),
        Some(Kind::Symlink) | None => return Err(Stop::Fail(Errno::EINVAL)),
        Some(kind) => kind,
    };
    let device = if kind.is_device() { u64::from(device as u32) } else { 0 };
    let new = New { device, ..New::of_root(kind, mode as u16 & 0o7777) };
    make(directory, &path, new, (frame, t, cx))
}

/// symlinkat(2).
///
/// # Errors
/// As [`sys_mkdirat`], and `ENOENT` for an empty target.
pub fn sys_symlinkat(target: u64, directory: u64, path: u64, (frame, t, cx): Rest<'_>) -> Result {
    let target = read_path(t, cx, target)?;
    if target.is_empty() {
        return Err(Stop::Fail(Errno::ENOENT));
    }
    let path = read_path(t, cx, path)?;
    let new = New { target: &target, ..New::of_root(Kind::Symlink, 0o777) };
    make(directory, &path, new, (frame, t, cx))
}

fn make(directory: u64, path: &str, new: New<'_>, (frame, t, cx): Rest<'_>) -> Result {
    let parent = free_name(directory, path, new.kind, (frame, t, cx))?;
    may_create(&parent.directory, t, cx)?;
    if new.kind.is_device() && !cred(t, cx)?.is_root() {
        return Err(Stop::Fail(Errno::EPERM));
    }
    let new = owned(new, &parent.directory.attributes, (t, cx))?;
    node::create(&parent.directory, &parent.name, &new, (frame, t, cx))?;
    Ok(0)
}

/// linkat(2).
///
/// # Errors
/// `EXDEV`, `EPERM` for directories, `EMLINK`, those of making a name; parks.
pub fn sys_linkat(
    [old_directory, old, directory, path, flags]: [u64; 5],
    (frame, t, cx): Rest<'_>,
) -> Result {
    let flags = AtFlags::from_bits(flags as u32).ok_or(Errno::EINVAL)?;
    if flags.intersects((AtFlags::SYMLINK_FOLLOW | AtFlags::EMPTY_PATH).complement()) {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let (old, path) = (read_path(t, cx, old)?, read_path(t, cx, path)?);
    let how = (flags.contains(AtFlags::SYMLINK_FOLLOW), flags.contains(AtFlags::EMPTY_PATH));
    let source = find(old_directory, &old, how, (frame, t, cx))?;
    let parent = free_name(directory, &path, source.attributes.kind, (frame, t, cx))?;
    if parent.directory.at.mount != source.at.mount {
        return Err(Stop::Fail(Errno::EXDEV));
    }
    if parent.slash {
        return Err(Stop::Fail(Errno::ENOENT));
    }
    may_link(&source, t, cx)?;
    may_create(&parent.directory, t, cx)?;
    if source.is_directory() || t.fs.generated(source.inode).is_some() {
        return Err(Stop::Fail(Errno::EPERM));
    }
    if source.attributes.links == 0 && !how.1 && old_is_nameless(&old) {
        return Err(Stop::Fail(Errno::ENOENT));
    }
    let (into, name, number) = (parent.directory.inode, &*parent.name, source.inode.number);
    txn::run(t, cx, frame, into, |fs, txn| fs.link(txn, into.number, name, number))?;
    t.fs.dentries.enter(parent.directory.at.dentry, name, Some(source.inode));
    t.fs.inodes.settle(source.inode);
    Ok(0)
}

/// Whether the caller may give a file another name: his own, or one that he could as well copy. Somebody else's program
/// with its owner's rights cannot be kept from being replaced that way (proc(5), `protected_hardlinks`; on, as most
/// distributions have it).
fn may_link(source: &node::Node, t: &Tables, cx: &Cx) -> std::result::Result<(), Errno> {
    let (cred, attributes) = (cred(t, cx)?, &source.attributes);
    let is_safe = attributes.kind == Kind::Regular
        && attributes.mode & 0o4000 == 0
        && attributes.mode & 0o2010 != 0o2010
        && permit(attributes, &cred, Want::Read).is_ok()
        && permit(attributes, &cred, Want::Write).is_ok();
    if is_safe || is_owner(attributes, &cred) { Ok(()) } else { Err(Errno::EPERM) }
}

/// A file that has lost its last name is reached through /proc/PID/fd alone, which is how O_TMPFILE's get theirs.
fn old_is_nameless(path: &str) -> bool {
    !path.starts_with("/proc/")
}

/// unlinkat(2).
///
/// # Errors
/// `EISDIR`, `ENOTDIR`, `ENOTEMPTY`, `EBUSY`, `EACCES`, `EPERM`, `EROFS`, those of path walks; parks.
pub fn sys_unlinkat(directory: u64, path: u64, flags: u64, (frame, t, cx): Rest<'_>) -> Result {
    let as_directory = match AtFlags::from_bits(flags as u32) {
        Some(AtFlags::REMOVEDIR) => true,
        Some(flags) if flags.is_empty() => false,
        _ => return Err(Stop::Fail(Errno::EINVAL)),
    };
    let path = read_path(t, cx, path)?;
    let parent = find_parent(directory, &path, false, (frame, t, cx))?;
    if !parent.is_name() {
        return Err(Stop::Fail(match &*parent.name {
            _ if !as_directory => Errno::EISDIR,
            "." => Errno::EINVAL,
            ".." => Errno::ENOTEMPTY,
            _ => Errno::EBUSY,
        }));
    }
    walk::writable(t, parent.directory.at)?;
    let child = parent.child.ok_or(Errno::ENOENT)?;
    if parent.slash && !as_directory {
        let errno = if child.is_directory() { Errno::EISDIR } else { Errno::ENOTDIR };
        return Err(Stop::Fail(errno));
    }
    may_delete(&parent.directory, &child, as_directory, (t, cx))?;
    remove(&parent, (frame, t, cx))?;
    Ok(0)
}

fn remove(parent: &Parent, (frame, t, cx): Rest<'_>) -> Result<()> {
    let (from, name) = (parent.directory.inode, &*parent.name);
    if t.fs.generated(from).is_some() {
        return Err(Stop::Fail(Errno::EPERM));
    }
    let number = txn::run(t, cx, frame, from, |fs, txn| fs.remove(txn, from.number, name))?;
    t.fs.dentries.remove(parent.directory.at.dentry, name);
    lost_name(crate::base::InodeId { number, ..from }, (frame, t, cx))
}

/// readlinkat(2).
///
/// # Errors
/// `EINVAL` for what is no link or for no room at all, those of path walks; parks.
pub fn sys_readlinkat(
    [directory, path, place, size]: [u64; 4],
    (frame, t, cx): Rest<'_>,
) -> Result {
    if size as i32 <= 0 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let path = read_path(t, cx, path)?;
    // With an empty path the descriptor is the link itself, opened with O_PATH and O_NOFOLLOW.
    let found = find(directory, &path, (false, true), (frame, t, cx))?;
    if found.attributes.kind != Kind::Symlink {
        let errno = if path.is_empty() { Errno::ENOENT } else { Errno::EINVAL };
        return Err(Stop::Fail(errno));
    }
    let target = node::target(found.inode, (frame, t, cx))?;
    let shown = &target.as_bytes()[..target.len().min(size as usize)];
    user::write(t, cx, place, shown)?;
    Ok(shown.len() as u64)
}

/// The mode that bind(2) gives the file of a Unix-domain socket, and its kind.
pub(super) fn make_socket(path: &str, mode: u16, (frame, t, cx): Rest<'_>) -> Result<()> {
    let here = crate::abi::flags::file::AT_FDCWD as u64;
    let made = make(here, path, New::of_root(Kind::Socket, mode), (frame, t, cx));
    made.map(|_| ()).map_err(|stop| match stop {
        Stop::Fail(Errno::EEXIST) => Stop::Fail(Errno::EADDRINUSE),
        stop => stop,
    })
}

/// Whether a directory may take a tree that is moved: nothing is moved into itself.
pub(super) fn is_within(t: &Tables, inner: &Parent, outer: &node::Node) -> bool {
    t.fs.dentries.is_below(inner.directory.at.dentry, outer.at.dentry)
}
