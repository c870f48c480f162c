//! What files say about themselves, and the working directory: fstat(2), newfstatat(2), chdir(2), getcwd(2).

use super::Result;
use super::descriptor::hold;
use super::transfer::{PAGE, Rest};
use crate::abi::Errno;
use crate::abi::flags::AtFlags;
use crate::abi::flags::file::file_type;
use crate::abi::types::{Stat, makedev};
use crate::base::InodeId;
use crate::context::{Cx, Tables};
use crate::fs::{Attributes, Kind, Want};
use crate::io::{txn, user};
use crate::proc::{FileKind, Stop};

/// The device number of the console, /dev/console.
const CONSOLE: u64 = makedev(5, 1);

fn stat_inode(inode: InodeId, attributes: &Attributes) -> Stat {
    let kind = match attributes.kind {
        Kind::Regular => file_type::REG,
        Kind::Directory => file_type::DIR,
    };
    let blocks = attributes.size.div_ceil(PAGE) * (PAGE / 512);
    Stat {
        device: makedev(254, u32::from(inode.fs)),
        inode: u64::from(inode.number),
        mode: kind | u32::from(attributes.mode),
        links: u32::from(attributes.links),
        uid: attributes.uid,
        gid: attributes.gid,
        size: i64::try_from(attributes.size).unwrap_or(i64::MAX),
        block_size: PAGE as i32,
        blocks: i64::try_from(blocks).unwrap_or(i64::MAX),
        ..Stat::default()
    }
}

fn stat_open(kind: FileKind, (frame, t, cx): Rest<'_>) -> Result<Stat> {
    let base = Stat { links: 1, block_size: PAGE as i32, ..Stat::default() };
    Ok(match kind {
        FileKind::Inode(inode) => {
            let attributes =
                txn::run(t, cx, frame, inode, |_, fs, txn| fs.attributes(txn, inode.number))?;
            stat_inode(inode, &attributes)
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

/// fstat(2). There are no time stamps yet: all are 0.
///
/// # Errors
/// `EBADF`, `EFAULT`; parks for the inode.
pub fn sys_fstat(fd: u64, place: u64, (frame, t, cx): Rest<'_>) -> Result {
    let id = hold(t, cx, frame, fd)?;
    let kind = t.proc.open.get(id).ok_or(Errno::EBADF)?.kind;
    let stat = stat_open(kind, (frame, t, cx))?;
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
    let path = user::read_string(t, cx, path, 4095)?;
    if path.is_empty() && flags.contains(AtFlags::EMPTY_PATH) {
        return sys_fstat(directory, place, (frame, t, cx));
    }
    let stat = if path == "/dev/console" && t.console.is_some() {
        Stat {
            mode: file_type::CHR | 0o600,
            special: CONSOLE,
            inode: 1,
            links: 1,
            ..Stat::default()
        }
    } else {
        let (inode, attributes) = walk(directory as i32, &path, (frame, t, cx))?;
        stat_inode(inode, &attributes)
    };
    user::write(t, cx, place, &stat.to_bytes())?;
    Ok(0)
}

/// The inode behind a path.
fn walk(directory: i32, path: &str, (frame, t, cx): Rest<'_>) -> Result<(InodeId, Attributes)> {
    let start = super::file::start_directory(directory, path, t, cx)?;
    let cred = t.proc.process_of(cx.caller).ok_or(Errno::ESRCH)?.cred.clone();
    txn::run(t, cx, frame, start, |vfs, fs, txn| {
        let (directory, name) = vfs.resolve(txn, (start, &cred), path)?;
        let number = match name {
            Some(name) => fs.lookup(txn, directory.number, name)?,
            None => directory.number,
        };
        Ok((InodeId { number, ..directory }, fs.attributes(txn, number)?))
    })
}

/// chdir(2).
///
/// # Errors
/// Those of path walks, `ENOTDIR`, `EACCES`; parks.
pub fn sys_chdir(path: u64, (frame, t, cx): Rest<'_>) -> Result {
    let path = user::read_string(t, cx, path, 4095)?;
    let here = crate::abi::flags::file::AT_FDCWD;
    let (inode, attributes) = walk(here, &path, (frame, t, cx))?;
    if attributes.kind != Kind::Directory {
        return Err(Stop::Fail(Errno::ENOTDIR));
    }
    let cred = &t.proc.process_of(cx.caller).ok_or(Errno::ESRCH)?.cred;
    crate::fs::permit(&attributes, cred, Want::Execute)?;
    let info = t.proc.fs_of_mut(cx.caller).ok_or(Errno::ESRCH)?;
    let start = if path.starts_with('/') { String::new() } else { info.path.clone() };
    // `..` is no name that a directory here has, so that the walk has refused it.
    let parts = start.split('/').chain(path.split('/')).filter(|part| !["", "."].contains(part));
    info.path = format!("/{}", parts.collect::<Vec<&str>>().join("/"));
    info.cwd = Some(inode);
    Ok(0)
}

/// getcwd(2): the path with its zero, and how long that is.
///
/// # Errors
/// `ERANGE` if it does not fit, `ENOENT` without a file system, `EFAULT`.
pub fn sys_getcwd(place: u64, size: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let info = t.proc.fs_of(cx.caller).ok_or(Errno::ENOENT)?;
    info.cwd.ok_or(Errno::ENOENT)?;
    let mut bytes = info.path.clone().into_bytes();
    bytes.push(0);
    if bytes.len() as u64 > size {
        return Err(Stop::Fail(Errno::ERANGE));
    }
    user::write(t, cx, place, &bytes)?;
    Ok(bytes.len() as u64)
}
