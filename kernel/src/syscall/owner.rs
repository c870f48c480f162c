//! Calls that change what is known of a file: chmod(2), chown(2), utimensat(2).

use super::Result;
use super::path::{cred, find, node_of, read_path};
use super::transfer::Rest;
use crate::abi::Errno;
use crate::abi::flags::AtFlags;
use crate::abi::types::Timespec;
use crate::base::Cred;
use crate::fs::{Attributes, Change, Kind, Want, is_member, is_owner, permit};
use crate::io::node::{self, Node};
use crate::io::{user, walk};
use crate::proc::Stop;

/// Flags of chmod's and chown's kin.
fn flags(flags: u64) -> std::result::Result<(bool, bool), Errno> {
    let flags = AtFlags::from_bits(flags as u32).ok_or(Errno::EINVAL)?;
    if flags.intersects((AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH).complement()) {
        return Err(Errno::EINVAL);
    }
    Ok((!flags.contains(AtFlags::SYMLINK_NOFOLLOW), flags.contains(AtFlags::EMPTY_PATH)))
}

/// fchmodat2(2); fchmodat(2) is the same without flags.
///
/// # Errors
/// `EPERM` for others' files, `EROFS`, `EOPNOTSUPP` for symbolic links, those of path walks; parks.
pub fn sys_fchmodat2([directory, path, mode, flag]: [u64; 4], (frame, t, cx): Rest<'_>) -> Result {
    let how = flags(flag)?;
    let path = read_path(t, cx, path)?;
    let found = find(directory, &path, how, (frame, t, cx))?;
    change_mode(&found, mode, (frame, t, cx))
}

/// fchmod(2).
///
/// # Errors
/// `EBADF`, `EPERM`, `EROFS`; parks.
pub fn sys_fchmod(fd: u64, mode: u64, (frame, t, cx): Rest<'_>) -> Result {
    let found = node_of(fd, (frame, t, cx))?;
    change_mode(&found, mode, (frame, t, cx))
}

fn change_mode(found: &Node, mode: u64, (frame, t, cx): Rest<'_>) -> Result {
    walk::writable(t, found.at)?;
    let cred = cred(t, cx)?;
    if !is_owner(&found.attributes, &cred) {
        return Err(Stop::Fail(Errno::EPERM));
    }
    if found.attributes.kind == Kind::Symlink {
        return Err(Stop::Fail(Errno::EOPNOTSUPP));
    }
    let mut mode = mode as u16 & 0o7777;
    if !cred.is_root() && !is_member(&cred, found.attributes.gid) {
        // Nobody passes on the rights of a group that he is not in.
        mode &= !0o2000;
    }
    let changed = Some(cx.now.into());
    let change = Change { mode: Some(mode), changed, ..Change::default() };
    node::change(found.inode, &change, (frame, t, cx))?;
    Ok(0)
}

/// fchownat(2).
///
/// # Errors
/// `EPERM`, `EROFS`, those of path walks; parks.
pub fn sys_fchownat(
    [directory, path, uid, gid, flag]: [u64; 5],
    (frame, t, cx): Rest<'_>,
) -> Result {
    let how = flags(flag)?;
    let path = read_path(t, cx, path)?;
    let found = find(directory, &path, how, (frame, t, cx))?;
    change_owner(&found, (uid as u32, gid as u32), (frame, t, cx))
}

/// fchown(2).
///
/// # Errors
/// `EBADF`, `EPERM`, `EROFS`; parks.
pub fn sys_fchown(fd: u64, uid: u64, gid: u64, (frame, t, cx): Rest<'_>) -> Result {
    let found = node_of(fd, (frame, t, cx))?;
    change_owner(&found, (uid as u32, gid as u32), (frame, t, cx))
}

fn change_owner(found: &Node, (uid, gid): (u32, u32), (frame, t, cx): Rest<'_>) -> Result {
    walk::writable(t, found.at)?;
    let cred = cred(t, cx)?;
    let old = &found.attributes;
    let given = |id: u32| (id != u32::MAX).then_some(id);
    let (uid, gid) = (given(uid), given(gid));
    if !may_give(old, (uid, gid), &cred) {
        return Err(Stop::Fail(Errno::EPERM));
    }
    let mode = (old.kind != Kind::Directory).then(|| without_privileges(old, &cred));
    let changed = Some(cx.now.into());
    let change = Change { mode, uid, gid, changed, ..Change::default() };
    node::change(found.inode, &change, (frame, t, cx))?;
    Ok(0)
}

/// Whether somebody may give a file to that user and group: root anything, the owner another group of his own.
fn may_give(old: &Attributes, (uid, gid): (Option<u32>, Option<u32>), cred: &Cred) -> bool {
    let is_his = cred.euid == old.uid;
    let user = uid.is_none_or(|uid| is_his && uid == old.uid);
    let group = gid.is_none_or(|gid| is_his && (gid == old.gid || is_member(cred, gid)));
    cred.is_root() || user && group
}

/// A mode without the bits that make programs run with their owner's rights: what is left when a file changes hands, or is
/// written to by somebody else (Linux' `should_remove_suid`).
pub(super) fn without_privileges(old: &Attributes, cred: &Cred) -> u16 {
    let mut mode = old.mode & !0o4000;
    // Without the right to run it as a group the bit means something else; but nobody passes on another group's rights.
    if mode & 0o010 != 0 || !cred.is_root() && !is_member(cred, old.gid) {
        mode &= !0o2000;
    }
    mode
}

/// utimensat(2). Without a path, of the descriptor itself (futimens(3)).
///
/// # Errors
/// `EPERM`, `EACCES`, `EINVAL`, `EROFS`, those of path walks; parks.
pub fn sys_utimensat([directory, path, times, flag]: [u64; 4], (frame, t, cx): Rest<'_>) -> Result {
    let how = flags(flag)?;
    let now: Timespec = cx.now.into();
    let (mut pair, mut is_now) = ([Some(now), Some(now)], true);
    if times != 0 {
        let mut bytes = [0; 2 * Timespec::SIZE];
        user::read(t, cx, times, &mut bytes)?;
        let (given, _) = bytes.as_chunks();
        for (place, given) in pair.iter_mut().zip(given.iter().map(Timespec::from_bytes)) {
            *place = match given.nanoseconds {
                Timespec::NOW => Some(now),
                Timespec::OMIT => None,
                0..1_000_000_000 => Some(given),
                _ => return Err(Stop::Fail(Errno::EINVAL)),
            };
            is_now &= given.nanoseconds == Timespec::NOW;
        }
        if pair == [None, None] {
            // Nothing is to be changed: nothing is looked at.
            return Ok(0);
        }
    }
    let found = if path == 0 {
        node_of(directory, (frame, t, cx))?
    } else {
        let path = read_path(t, cx, path)?;
        find(directory, &path, how, (frame, t, cx))?
    };
    walk::writable(t, found.at)?;
    let cred = cred(t, cx)?;
    if !is_owner(&found.attributes, &cred) {
        if !is_now {
            return Err(Stop::Fail(Errno::EPERM));
        }
        permit(&found.attributes, &cred, Want::Write)?;
    }
    let [accessed, modified] = pair;
    let change = Change { accessed, modified, changed: Some(now), ..Change::default() };
    node::change(found.inode, &change, (frame, t, cx))?;
    Ok(0)
}
