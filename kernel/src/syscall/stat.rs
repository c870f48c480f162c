//! What files say about themselves: fstat(2), newfstatat(2), faccessat2(2).

use super::Result;
use super::descriptor::hold;
use super::path::{cred, find, read_path};
use super::transfer::{PAGE, Rest};
use crate::abi::Errno;
use crate::abi::flags::AtFlags;
use crate::abi::flags::file::{AT_FDCWD, AccessQuery, FaccessatFlags, file_type};
use crate::abi::types::{Stat, makedev};
use crate::base::{Cred, InodeId};
use crate::context::Tables;
use crate::fs::{Attributes, Want, permit};
use crate::io::{node, user, walk};
use crate::proc::{FileKind, OpenFile, Stop};

/// The device number of the console, /dev/console.
const CONSOLE: u64 = makedev(5, 1);

/// The number of a file system that lies on no device (Linux: an anonymous device, major 0).
const ANONYMOUS: u32 = 20;

pub(super) fn stat_node(inode: InodeId, attributes: &Attributes, t: &Tables) -> Stat {
    let object = t.fs.stored(inode).and_then(|fs| fs.object(inode.number));
    let blocks = match object.and_then(|object| t.mm.object(object)) {
        Some(object) => object.pages().count() as u64 * (PAGE / 512),
        None => attributes.blocks,
    };
    let device = match t.fs.device_of(inode) {
        Some(_) => makedev(254, u32::from(inode.fs)),
        None => makedev(0, ANONYMOUS + u32::from(inode.fs)),
    };
    Stat {
        device,
        inode: inode.number,
        mode: attributes.st_mode(),
        links: attributes.links,
        uid: attributes.uid,
        gid: attributes.gid,
        special: attributes.device,
        size: i64::try_from(attributes.size).unwrap_or(i64::MAX),
        block_size: PAGE as i32,
        blocks: i64::try_from(blocks).unwrap_or(i64::MAX),
        accessed: attributes.accessed,
        modified: attributes.modified,
        changed: attributes.changed,
    }
}

pub(super) fn stat_open(file: &OpenFile, (frame, t, cx): Rest<'_>) -> Result<Stat> {
    if let Some(place) = file.place {
        let attributes = node::attributes(place.inode, (frame, t, cx))?;
        return Ok(stat_node(place.inode, &attributes, t));
    }
    let base = Stat { links: 1, block_size: PAGE as i32, ..Stat::default() };
    Ok(match file.kind {
        FileKind::Inode(_) | FileKind::Generated(_) | FileKind::Path | FileKind::Special(_) => base,
        FileKind::Counter(_) | FileKind::Timer(_) | FileKind::Signals(_) | FileKind::Epoll(_) => {
            // All of them have one inode, of no type.
            Stat { mode: 0o600, inode: 1, ..base }
        }
        FileKind::Console(_) => {
            Stat { mode: file_type::CHR | 0o600, special: CONSOLE, inode: 1, ..base }
        }
        FileKind::Pipe(pipe, _) => {
            Stat { mode: file_type::IFO | 0o600, inode: pipe.bits(), ..base }
        }
        FileKind::Memory(object) => {
            let found = t.mm.object(object);
            let size = found.map_or(0, |object| object.size);
            let pages = found.map_or(0, |object| object.pages().count() as u64);
            Stat {
                mode: file_type::REG | 0o777,
                inode: object.bits(),
                size: i64::try_from(size).unwrap_or(i64::MAX),
                blocks: i64::try_from(pages * (PAGE / 512)).unwrap_or(i64::MAX),
                ..base
            }
        }
        FileKind::Socket(socket) => {
            Stat { mode: file_type::SOCK | 0o777, inode: socket.bits(), ..base }
        }
    })
}

/// fstat(2).
///
/// # Errors
/// `EBADF`, `EFAULT`; parks for the inode.
pub fn sys_fstat(fd: u64, place: u64, (frame, t, cx): Rest<'_>) -> Result {
    let id = hold(t, cx, frame, fd)?;
    let file = t.proc.open.get(id).ok_or(Errno::EBADF)?.clone();
    let stat = stat_open(&file, (frame, t, cx))?;
    user::write(t, cx, place, &stat.to_bytes())?;
    Ok(0)
}

/// newfstatat(2).
///
/// # Errors
/// Those of path walks, `EINVAL`, `EBADF`, `EFAULT`; parks.
pub fn sys_newfstatat(
    [directory, path, place, flags]: [u64; 4],
    (frame, t, cx): Rest<'_>,
) -> Result {
    let flags = AtFlags::from_bits(flags as u32).ok_or(Errno::EINVAL)?;
    let known = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT | AtFlags::EMPTY_PATH;
    if !known.contains(flags) {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let path = read_path(t, cx, path)?;
    if path.is_empty() && flags.contains(AtFlags::EMPTY_PATH) && directory as i32 != AT_FDCWD {
        return sys_fstat(directory, place, (frame, t, cx));
    }
    let how = (!flags.contains(AtFlags::SYMLINK_NOFOLLOW), flags.contains(AtFlags::EMPTY_PATH));
    let stat = match find(directory, &path, how, (frame, t, cx)) {
        // A pipe, by its name in /proc/PID/fd.
        Err(Stop::Fail(Errno::ENXIO)) => {
            let base = walk::base(t, cx, directory, &path)?;
            let file = walk::opened(base, &path, (frame, t, cx))?.ok_or(Errno::ENXIO)?;
            let file = t.proc.open.get(file).ok_or(Errno::ENXIO)?.clone();
            stat_open(&file, (frame, t, cx))?
        }
        found => {
            let found = found?;
            stat_node(found.inode, &found.attributes, t)
        }
    };
    user::write(t, cx, place, &stat.to_bytes())?;
    Ok(0)
}

/// faccessat2(2): what the real user may do, or with AT_EACCESS the effective one; faccessat(2) is the same without flags.
///
/// # Errors
/// `EACCES`, `EROFS`, `EINVAL`, those of path walks; parks.
pub fn sys_faccessat2(
    [directory, path, mode, flags]: [u64; 4],
    (frame, t, cx): Rest<'_>,
) -> Result {
    let flags = FaccessatFlags::from_bits(flags as u32).ok_or(Errno::EINVAL)?;
    let query = AccessQuery::from_bits(mode as u32).ok_or(Errno::EINVAL)?;
    let path = read_path(t, cx, path)?;
    // The walk itself asks as whom the answer is for.
    let effective = cred(t, cx)?;
    let asked = match flags.contains(FaccessatFlags::EACCESS) {
        true => effective.clone(),
        false => Cred { euid: effective.uid, egid: effective.gid, ..effective.clone() },
    };
    let how = (
        !flags.contains(FaccessatFlags::SYMLINK_NOFOLLOW),
        flags.contains(FaccessatFlags::EMPTY_PATH),
    );
    let me = t.proc.threads.get(cx.caller).ok_or(Errno::ESRCH)?.process;
    let act_as = |t: &mut Tables, cred: &Cred| {
        if let Some(process) = t.proc.processes.get_mut(me) {
            process.cred = cred.clone();
        }
    };
    act_as(t, &asked);
    let found = find(directory, &path, how, (frame, t, cx));
    act_as(t, &effective);
    let found = found?;
    let wanted = [
        (AccessQuery::R_OK, Want::Read),
        (AccessQuery::W_OK, Want::Write),
        (AccessQuery::X_OK, Want::Execute),
    ];
    for (_, want) in wanted.into_iter().filter(|(bit, _)| query.contains(*bit)) {
        permit(&found.attributes, &asked, want)?;
    }
    if query.contains(AccessQuery::W_OK) && !found.attributes.kind.is_device() {
        walk::writable(t, found.at)?;
    }
    Ok(0)
}
