//! statx(2), statfs(2) and fstatfs(2): more than stat(2) tells, of a file and of its file system.

use super::Result;
use super::descriptor::hold;
use super::path::{find, read_path};
use super::stat::{stat_node, stat_open};
use super::transfer::{PAGE, Rest};
use crate::abi::Errno;
use crate::abi::flags::file::{AT_FDCWD, MountFlags, StatxFlags};
use crate::abi::types::{Statfs, Statx};
use crate::base::{InodeId, Location};
use crate::context::Tables;
use crate::io::{txn, user};
use crate::proc::{FileKind, Stop};

/// Everything that stat(2) tells (`STATX_BASIC_STATS`). Nobody keeps when a file was made (`STATX_BTIME`).
const BASIC: u32 = 0x7ff;
/// The mount's number (`STATX_MNT_ID`).
const MOUNT: u32 = 0x1000;
/// Nobody may ask for this yet (`STATX__RESERVED`).
const RESERVED: u32 = 1 << 31;
/// The root of a mount (`STATX_ATTR_MOUNT_ROOT`).
const MOUNT_ROOT: u64 = 0x2000;
/// The answer is a valid one (`ST_VALID`).
const VALID: u64 = 0x20;

/// The longest name where nobody says otherwise (`NAME_MAX`).
const LONGEST_NAME: u64 = 255;

/// statx(2).
///
/// # Errors
/// Those of path walks, `EINVAL`, `EBADF`, `EFAULT`; parks.
pub fn sys_statx(
    [directory, path, flags, mask, place]: [u64; 5],
    (frame, t, cx): Rest<'_>,
) -> Result {
    let flags = StatxFlags::from_bits(flags as u32).ok_or(Errno::EINVAL)?;
    let sync = StatxFlags::STATX_FORCE_SYNC | StatxFlags::STATX_DONT_SYNC;
    let known =
        sync | StatxFlags::SYMLINK_NOFOLLOW | StatxFlags::NO_AUTOMOUNT | StatxFlags::EMPTY_PATH;
    if mask as u32 & RESERVED != 0 || flags.contains(sync) || !known.contains(flags) {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let path = read_path(t, cx, path)?;
    let is_empty = flags.contains(StatxFlags::EMPTY_PATH);
    let (stat, at) = if path.is_empty() && is_empty && directory as i32 != AT_FDCWD {
        let id = hold(t, cx, frame, directory)?;
        let file = t.proc.open.get(id).ok_or(Errno::EBADF)?.clone();
        (stat_open(&file, (frame, t, cx))?, file.place.map(|place| place.at))
    } else {
        let how = (!flags.contains(StatxFlags::SYMLINK_NOFOLLOW), is_empty);
        let found = find(directory, &path, how, (frame, t, cx))?;
        (stat_node(found.inode, &found.attributes, t), Some(found.at))
    };
    let root = at.and_then(|at| Some(t.fs.mount_of(at.mount)?.root == at.dentry));
    let told = Statx {
        mask: BASIC | if at.is_some() { MOUNT } else { 0 },
        attributes: if root == Some(true) { MOUNT_ROOT } else { 0 },
        attributes_mask: MOUNT_ROOT,
        stat,
        mount: at.map_or(0, |at| crate::pseudo::mount_number(at.mount)),
    };
    user::write(t, cx, place, &told.to_bytes())?;
    Ok(0)
}

/// How a mount is mounted, as statfs(2) tells it (`ST_*`).
fn mount_flags(t: &Tables, at: Location) -> u64 {
    let flags = t.fs.mount_of(at.mount).map_or(MountFlags::empty(), |mount| mount.flags);
    let told = [
        (MountFlags::RDONLY, 1),
        (MountFlags::NOSUID, 2),
        (MountFlags::NODEV, 4),
        (MountFlags::NOEXEC, 8),
        (MountFlags::NOATIME, 1024),
        (MountFlags::NODIRATIME, 2048),
        (MountFlags::RELATIME, 4096),
        (MountFlags::NOSYMFOLLOW, 8192),
    ];
    let set = told.iter().filter(|(flag, _)| flags.contains(*flag));
    set.fold(VALID, |all, (_, bit)| all | bit)
}

fn of_place(at: Location, inode: InodeId, (frame, t, cx): Rest<'_>) -> Result<Statfs> {
    let base = Statfs { flags: mount_flags(t, at), ..nameless(PROC_MAGIC) };
    if t.fs.generated(inode).is_some() {
        return Ok(base);
    }
    let usage = txn::run(t, cx, frame, inode, |fs, txn| fs.usage(txn))?;
    let in_memory = t.mm.pages_of_files(inode.fs);
    Ok(Statfs {
        magic: usage.magic,
        block_size: u64::from(usage.block_size),
        blocks: usage.blocks,
        free: usage.free.saturating_sub(in_memory),
        available: usage.available.saturating_sub(in_memory),
        inodes: usage.inodes,
        free_inodes: usage.free_inodes,
        id: u64::from(inode.fs) + 1,
        longest_name: u64::from(usage.longest_name),
        flags: base.flags,
    })
}

const PROC_MAGIC: u64 = 0x9fa0;
const PIPE_MAGIC: u64 = 0x5049_5045;
const SOCKET_MAGIC: u64 = 0x534f_434b;
const TMPFS_MAGIC: u64 = 0x0102_1994;
const ANONYMOUS_MAGIC: u64 = 0x0904_1934;

/// A file system without blocks.
fn nameless(magic: u64) -> Statfs {
    let (block_size, longest_name, flags) = (PAGE, LONGEST_NAME, VALID);
    Statfs { magic, block_size, longest_name, flags, ..Statfs::default() }
}

/// statfs(2).
///
/// # Errors
/// Those of path walks, `EFAULT`; parks.
pub fn sys_statfs(path: u64, place: u64, (frame, t, cx): Rest<'_>) -> Result {
    let path = read_path(t, cx, path)?;
    let found = find(AT_FDCWD as u64, &path, (true, false), (frame, t, cx))?;
    let told = of_place(found.at, found.inode, (frame, t, cx))?;
    user::write(t, cx, place, &told.to_bytes())?;
    Ok(0)
}

/// fstatfs(2). What has no place in the tree lies on a file system of its kind, which nobody has mounted.
///
/// # Errors
/// `EBADF`, `EFAULT`; parks.
pub fn sys_fstatfs(fd: u64, place: u64, (frame, t, cx): Rest<'_>) -> Result {
    let id = hold(t, cx, frame, fd)?;
    let file = t.proc.open.get(id).ok_or(Errno::EBADF)?;
    let told = match (file.place, file.kind) {
        (Some(found), _) => of_place(found.at, found.inode, (frame, t, cx))?,
        (None, FileKind::Pipe(..)) => nameless(PIPE_MAGIC),
        (None, FileKind::Socket(_)) => nameless(SOCKET_MAGIC),
        (None, FileKind::Memory(_)) => nameless(TMPFS_MAGIC),
        (None, _) => nameless(ANONYMOUS_MAGIC),
    };
    user::write(t, cx, place, &told.to_bytes())?;
    Ok(0)
}
