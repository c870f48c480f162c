//! What calls on paths have in common: the strings, where walks begin, and what may be made or removed where.

use super::Result;
use super::descriptor::open_file;
use super::transfer::Rest;
use crate::abi::Errno;
use crate::base::{Cred, InodeId};
use crate::context::{Cx, Tables};
use crate::fs::{Attributes, Kind, New, PATH_MAX, Want, is_kept, is_member, permit};
use crate::io::node::{self, Node};
use crate::io::user;
use crate::io::walk::{self, Parent};
use crate::proc::Stop;

/// A path that a call was given.
///
/// # Errors
/// `ENAMETOOLONG`, or a fault to repair.
pub(super) fn read_path(t: &mut Tables, cx: &mut Cx, address: u64) -> Result<String> {
    user::read_string(t, cx, address, PATH_MAX - 1)
}

/// Who the caller is, as far as files ask.
pub(super) fn cred(t: &Tables, cx: &Cx) -> std::result::Result<Cred, Errno> {
    Ok(t.proc.process_of(cx.caller).ok_or(Errno::ESRCH)?.cred.clone())
}

/// What a path leads to. `empty`: an empty path means the descriptor itself (AT_EMPTY_PATH).
///
/// # Errors
/// Those of path walks; parks.
pub(super) fn find(
    directory: u64,
    path: &str,
    (follow, empty): (bool, bool),
    (frame, t, cx): Rest<'_>,
) -> Result<Node> {
    if path.is_empty() && empty {
        let base = walk::base(t, cx, directory, path);
        return match base {
            Ok(base) => node::node_at(base.start, (frame, t, cx)),
            // A pipe, say, is no directory, and has no place in the tree.
            Err(Errno::ENOTDIR) => Err(Stop::Fail(Errno::EBADF)),
            Err(errno) => Err(Stop::Fail(errno)),
        };
    }
    let base = walk::base(t, cx, directory, path)?;
    walk::node(base, path, follow, (frame, t, cx))
}

/// The directory that the last component of a path is in.
///
/// # Errors
/// Those of path walks; parks.
pub(super) fn find_parent(
    directory: u64,
    path: &str,
    follow: bool,
    (frame, t, cx): Rest<'_>,
) -> Result<Parent> {
    let base = walk::base(t, cx, directory, path)?;
    walk::parent(base, path, follow, (frame, t, cx))
}

/// The inode behind a descriptor, with its attributes.
///
/// # Errors
/// `EBADF`, also for what was opened with O_PATH; `EINVAL` for what has no place in the tree; parks.
pub(super) fn node_of(fd: u64, (frame, t, cx): Rest<'_>) -> Result<Node> {
    let id = open_file(t, cx, fd)?;
    let file = t.proc.open.get(id).ok_or(Errno::EBADF)?;
    if file.kind == crate::proc::FileKind::Path {
        return Err(Stop::Fail(Errno::EBADF));
    }
    let place = file.place.ok_or(Errno::EINVAL)?;
    let attributes = node::attributes(place.inode, (frame, t, cx))?;
    Ok(Node { at: place.at, inode: place.inode, attributes })
}

/// The name that a call will make, which is not there yet (Linux' `filename_create`). Whether the caller may make it is
/// asked later ([`may_create`]).
///
/// # Errors
/// `EEXIST`, `ENOENT`, `EROFS`, those of path walks; parks.
pub(super) fn free_name(
    directory: u64,
    path: &str,
    kind: Kind,
    (frame, t, cx): Rest<'_>,
) -> Result<Parent> {
    let parent = find_parent(directory, path, false, (frame, t, cx))?;
    if !parent.is_name() || parent.child.is_some() {
        return Err(Stop::Fail(Errno::EEXIST));
    }
    if parent.slash && kind != Kind::Directory {
        return Err(Stop::Fail(Errno::ENOENT));
    }
    walk::writable(t, parent.directory.at)?;
    Ok(parent)
}

/// Whether the caller may make a name in a directory.
///
/// # Errors
/// `EROFS`, `ENOENT` for a directory that was removed, `EACCES`.
pub(super) fn may_create(directory: &Node, t: &Tables, cx: &Cx) -> std::result::Result<(), Errno> {
    walk::writable(t, directory.at)?;
    if directory.attributes.links == 0 {
        return Err(Errno::ENOENT);
    }
    permit(&directory.attributes, &cred(t, cx)?, Want::Write)
}

/// Whether the caller may write to something.
///
/// # Errors
/// `EACCES`.
pub(super) fn may_write(t: &Tables, cx: &Cx, node: &Node) -> std::result::Result<(), Errno> {
    permit(&node.attributes, &cred(t, cx)?, Want::Write)
}

/// Whether the caller may take a name away from a directory (Linux' `may_delete`).
///
/// # Errors
/// `EACCES`, `EPERM` for others' files in a sticky directory, `ENOTDIR`, `EISDIR`, `EBUSY`.
pub(super) fn may_delete(
    directory: &Node,
    child: &Node,
    as_directory: bool,
    (t, cx): (&Tables, &Cx),
) -> std::result::Result<(), Errno> {
    let cred = cred(t, cx)?;
    permit(&directory.attributes, &cred, Want::Write)?;
    if is_kept(&directory.attributes, &child.attributes, &cred) {
        return Err(Errno::EPERM);
    }
    match (as_directory, child.is_directory()) {
        (true, false) => return Err(Errno::ENOTDIR),
        (false, true) => return Err(Errno::EISDIR),
        _ => {}
    }
    // The root of a mount is not this directory's to remove; nor is what somebody has mounted something on.
    let covers = t.fs.dentries.get(child.at.dentry).is_none_or(|dentry| dentry.mounts > 0);
    if child.at.mount != directory.at.mount || covers {
        return Err(Errno::EBUSY);
    }
    Ok(())
}

/// What a new inode gets from its creator and its directory: owner, group, and permission bits (Linux'
/// `inode_init_owner`).
pub(super) fn owned<'a>(
    new: New<'a>,
    directory: &Attributes,
    (t, cx): (&Tables, &Cx),
) -> std::result::Result<New<'a>, Errno> {
    let cred = cred(t, cx)?;
    let umask = t.proc.fs_of(cx.caller).map_or(0, |info| info.umask);
    let mut mode = if new.kind == Kind::Symlink { new.mode } else { new.mode & !umask };
    let mut gid = cred.egid;
    if directory.mode & 0o2000 != 0 {
        // Files of a set-group-ID directory belong to its group, and its directories pass that on.
        gid = directory.gid;
        if new.kind == Kind::Directory {
            mode |= 0o2000;
        } else if mode & 0o2010 == 0o2010 && !cred.is_root() && !is_member(&cred, gid) {
            mode &= !0o2000;
        }
    }
    Ok(New { mode, gid, uid: cred.euid, ..new })
}

/// A name is gone, or has another inode now: an inode without names is freed once nobody uses it.
pub(super) fn lost_name(inode: InodeId, (frame, t, cx): Rest<'_>) -> Result<()> {
    let attributes = node::attributes(inode, (frame, t, cx))?;
    if attributes.links == 0 {
        t.fs.inodes.orphan(inode);
        crate::io::file::reap(inode, (frame, t, cx));
    }
    Ok(())
}
