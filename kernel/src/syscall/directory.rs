//! Directories: getdents64(2), chdir(2), fchdir(2), chroot(2), getcwd(2).

use super::Result;
use super::descriptor::hold;
use super::path::{cred, find, read_path};
use super::transfer::Rest;
use crate::abi::Errno;
use crate::abi::flags::file::AT_FDCWD;
use crate::abi::types::Dirent;
use crate::base::Location;
use crate::context::{Cx, Tables};
use crate::fs::{Kind, Reached, Want, permit};
use crate::io::node::{self, Node};
use crate::io::{user, walk};
use crate::proc::{FileKind, Stop};

/// getdents64(2). The file's offset is a cookie: 0 and 1 are `.` and `..`, the others the file system's own, plus 2.
///
/// # Errors
/// `EBADF`, `ENOTDIR`, `EINVAL` if not even one entry fits, `ENOENT` for a directory that was removed; parks.
pub fn sys_getdents64(fd: u64, place: u64, size: u64, (frame, t, cx): Rest<'_>) -> Result {
    let id = hold(t, cx, frame, fd)?;
    let file = t.proc.open.get(id).ok_or(Errno::EBADF)?;
    let (kind, offset) = (file.kind, file.offset);
    let opened = file.place.ok_or(Errno::ENOTDIR)?;
    if kind == FileKind::Path {
        return Err(Stop::Fail(Errno::EBADF));
    }
    let attributes = node::attributes(opened.inode, (frame, t, cx))?;
    if attributes.kind != Kind::Directory {
        return Err(Stop::Fail(Errno::ENOTDIR));
    }
    if attributes.links == 0 {
        return Err(Stop::Fail(Errno::ENOENT));
    }
    let size = (size as u32 as usize).min(user::STEP_PAGES as usize * 4096);
    let (mut buffer, mut next) = (Vec::new(), offset);
    let root = walk::root(t, cx)?;
    for (cookie, name, at) in [(0, ".", opened.at), (1, "..", t.fs.parent(opened.at, root))]
        .into_iter()
        .skip(offset.min(2) as usize)
    {
        let inode = t.fs.inode_at(at).map_or(0, |inode| inode.number);
        let kind = Kind::Directory.dirent_type();
        let entry = Dirent { inode, next: cookie + 1, kind, name: name.into() };
        if buffer.len() + entry.length() > size {
            break;
        }
        entry.append_to(&mut buffer);
        next = cookie as u64 + 1;
    }
    // A short entry takes 24 bytes.
    let count = (size - buffer.len()) / 24;
    if next >= 2 && count > 0 {
        for entry in node::list(opened.inode, (next - 2, count), (frame, t, cx))? {
            let cookie = entry.next + 2;
            let dirent = Dirent {
                inode: entry.inode,
                next: cookie.cast_signed(),
                kind: entry.kind.dirent_type(),
                name: entry.name.as_bytes().to_vec(),
            };
            if buffer.len() + dirent.length() > size {
                if buffer.is_empty() {
                    return Err(Stop::Fail(Errno::EINVAL));
                }
                break;
            }
            dirent.append_to(&mut buffer);
            next = cookie;
        }
    }
    if buffer.is_empty() && next < 2 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    user::write(t, cx, place, &buffer)?;
    if let Some(file) = t.proc.open.get_mut(id) {
        file.offset = next;
    }
    Ok(buffer.len() as u64)
}

/// chdir(2).
///
/// # Errors
/// Those of path walks, `ENOTDIR`, `EACCES`; parks.
pub fn sys_chdir(path: u64, (frame, t, cx): Rest<'_>) -> Result {
    let path = read_path(t, cx, path)?;
    let found = find(AT_FDCWD as u64, &path, (true, false), (frame, t, cx))?;
    enter(&found, t, cx)
}

/// fchdir(2).
///
/// # Errors
/// `EBADF`, `ENOTDIR`, `EACCES`; parks.
pub fn sys_fchdir(fd: u64, (frame, t, cx): Rest<'_>) -> Result {
    let id = hold(t, cx, frame, fd)?;
    let place = t.proc.open.get(id).ok_or(Errno::EBADF)?.place.ok_or(Errno::ENOTDIR)?;
    let attributes = node::attributes(place.inode, (frame, t, cx))?;
    enter(&Node { at: place.at, inode: place.inode, attributes }, t, cx)
}

/// A directory that the caller may walk through.
fn walkable(found: &Node, t: &Tables, cx: &Cx) -> std::result::Result<Location, Errno> {
    if !found.is_directory() {
        return Err(Errno::ENOTDIR);
    }
    permit(&found.attributes, &cred(t, cx)?, Want::Execute)?;
    Ok(found.at)
}

fn enter(found: &Node, t: &mut Tables, cx: &mut Cx) -> Result {
    let at = walkable(found, t, cx)?;
    t.proc.fs_of_mut(cx.caller).ok_or(Errno::ESRCH)?.cwd = Some(at);
    crate::io::file::reap_orphans(t, cx);
    Ok(0)
}

/// chroot(2).
///
/// # Errors
/// Those of path walks, `ENOTDIR`, `EACCES`, `EPERM` but for root; parks.
pub fn sys_chroot(path: u64, (frame, t, cx): Rest<'_>) -> Result {
    let path = read_path(t, cx, path)?;
    let found = find(AT_FDCWD as u64, &path, (true, false), (frame, t, cx))?;
    let at = walkable(&found, t, cx)?;
    if !cred(t, cx)?.is_root() {
        return Err(Stop::Fail(Errno::EPERM));
    }
    t.proc.fs_of_mut(cx.caller).ok_or(Errno::ESRCH)?.root = Some(at);
    Ok(0)
}

/// getcwd(2): the path with its zero, and how long that is.
///
/// # Errors
/// `ERANGE` if it does not fit, `ENOENT` if the directory was removed, `EFAULT`.
pub fn sys_getcwd(place: u64, size: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let root = walk::root(t, cx)?;
    let cwd = t.proc.fs_of(cx.caller).and_then(|info| info.cwd).unwrap_or(root);
    let mut bytes = match t.fs.path(cwd, root) {
        (path, Reached::Yes) => path.into_bytes(),
        (path, Reached::Outside) => format!("(unreachable){path}").into_bytes(),
        (_, Reached::Removed) => return Err(Stop::Fail(Errno::ENOENT)),
    };
    bytes.push(0);
    if bytes.len() as u64 > size {
        return Err(Stop::Fail(Errno::ERANGE));
    }
    user::write(t, cx, place, &bytes)?;
    Ok(bytes.len() as u64)
}
