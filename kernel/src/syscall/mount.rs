//! mount(2) and umount2(2).

use super::Result;
use super::path::{cred, find, read_path};
use super::transfer::Rest;
use crate::abi::Errno;
use crate::abi::flags::file::{AT_FDCWD, MountFlags, UmountFlags};
use crate::base::DeviceId;
use crate::context::Tables;
use crate::fs::{Content, Generated, Kind, Limits, Mount, Tmpfs};
use crate::io;
use crate::io::node::Node;
use crate::io::user;
use crate::proc::Stop;

/// Flags that belong to a mount, and that a remount may change.
const KEPT: MountFlags = MountFlags::RDONLY
    .union(MountFlags::NOSUID)
    .union(MountFlags::NODEV)
    .union(MountFlags::NOEXEC)
    .union(MountFlags::NOATIME)
    .union(MountFlags::NODIRATIME)
    .union(MountFlags::RELATIME)
    .union(MountFlags::NOSYMFOLLOW);

/// mount(2): a new file system, a part of the tree at a second place (MS_BIND), other flags (MS_REMOUNT), or a mount
/// somewhere else (MS_MOVE). Propagation has no meaning while there is one namespace: it is accepted.
///
/// # Errors
/// `EPERM` but for root, `ENODEV` for a kind that is not known, `EBUSY`, `EINVAL`, those of path walks; parks.
pub fn sys_mount(
    [source, target, kind, flags, data]: [u64; 5],
    (frame, t, cx): Rest<'_>,
) -> Result {
    let flags = MountFlags::from_bits_truncate(flags);
    let target = read_path(t, cx, target)?;
    let optional = |t: &mut Tables, cx: &mut _, address| match address {
        0 => Ok(String::new()),
        address => user::read_string(t, cx, address, 4095),
    };
    let source = optional(t, cx, source)?;
    let kind = optional(t, cx, kind)?;
    let data = optional(t, cx, data)?;
    let here = AT_FDCWD as u64;
    let at = find(here, &target, (true, false), (frame, t, cx))?;
    if !cred(t, cx)?.is_root() {
        return Err(Stop::Fail(Errno::EPERM));
    }
    let is_root_of_mount = t.fs.mount_of(at.at.mount).is_some_and(|m| m.root == at.at.dentry);
    let moves =
        MountFlags::SHARED | MountFlags::PRIVATE | MountFlags::SLAVE | MountFlags::UNBINDABLE;
    if flags.contains(MountFlags::REMOUNT) {
        if !is_root_of_mount {
            return Err(Stop::Fail(Errno::EINVAL));
        }
        if let Some(mount) = t.fs.mount_of_mut(at.at.mount) {
            mount.flags = flags & KEPT;
        }
        return Ok(0);
    }
    if flags.intersects(moves) {
        return if is_root_of_mount { Ok(0) } else { Err(Stop::Fail(Errno::EINVAL)) };
    }
    if flags.intersects(MountFlags::BIND | MountFlags::MOVE) {
        let from = find(here, &source, (true, false), (frame, t, cx))?;
        return again(&from, &at, flags, t);
    }
    if !at.is_directory() {
        return Err(Stop::Fail(Errno::ENOTDIR));
    }
    let fs = match kind.as_str() {
        "ext2" | "ext3" => {
            let disk = disk(&source, (frame, t, cx))?;
            let writes = !flags.contains(MountFlags::RDONLY);
            match kind.as_str() {
                "ext3" => io::mount::open_ext3(disk, writes, (frame, t, cx))?,
                _ => io::mount::open_ext2(disk, writes, (frame, t, cx))?,
            }
        }
        kind => {
            let content = made(kind, &data, t)?;
            t.fs.add(content, None)
        }
    };
    let root = t.fs.of(fs).map(|found| found.root).ok_or(Errno::ENOMEM)?;
    put(&at, Mount { fs, root, flags: flags & KEPT, ..like(&at, t, &source)? }, t);
    Ok(0)
}

/// The disk that a path leads to.
///
/// # Errors
/// `ENOTBLK` for what is no block device, `ENXIO` for one that nothing stands behind, those of path walks; parks.
fn disk(path: &str, (frame, t, cx): Rest<'_>) -> std::result::Result<DeviceId, Stop> {
    let found = find(AT_FDCWD as u64, path, (true, false), (frame, t, cx))?;
    if found.attributes.kind != Kind::Block {
        return Err(Stop::Fail(Errno::ENOTBLK));
    }
    io::mount::disk(t, found.attributes.device).ok_or(Stop::Fail(Errno::ENXIO))
}

/// A file system of a kind, with its options.
fn made(kind: &str, data: &str, t: &Tables) -> std::result::Result<Content, Errno> {
    match kind {
        "tmpfs" | "ramfs" => {
            let (mut mode, mut limits) = (0o1777, Limits::of_machine(t.mm.frames.size()));
            for option in data.split(',').filter(|option| !option.is_empty()) {
                match option.split_once('=') {
                    Some(("mode", octal)) => {
                        mode = u16::from_str_radix(octal, 8).map_err(|_| Errno::EINVAL)?;
                    }
                    Some(("size", size)) => limits.pages = pages(size, t).ok_or(Errno::EINVAL)?,
                    Some(("nr_blocks", count)) => {
                        limits.pages = scaled(count).ok_or(Errno::EINVAL)?;
                    }
                    Some(("nr_inodes", count)) => {
                        limits.inodes = scaled(count).ok_or(Errno::EINVAL)?;
                    }
                    _ => return Err(Errno::EINVAL),
                }
            }
            Ok(Content::Stored(Box::new(Tmpfs::new("tmpfs", mode & 0o7777, limits))))
        }
        "proc" => Ok(Content::Generated(Generated::Proc)),
        _ => Err(Errno::ENODEV),
    }
}

/// A size as tmpfs takes it: bytes, with k, m or g, or a share of memory.
fn pages(size: &str, t: &Tables) -> Option<u64> {
    if let Some(percent) = size.strip_suffix('%') {
        return Some(u64::from(t.mm.frames.size()).checked_mul(percent.parse().ok()?)? / 100);
    }
    Some(scaled(size)?.div_ceil(4096))
}

/// A number that may end in k, m or g.
fn scaled(text: &str) -> Option<u64> {
    let (digits, unit) = match text.strip_suffix(['k', 'K', 'm', 'M', 'g', 'G']) {
        None => (text, 1),
        Some(digits) => {
            let unit = match text.as_bytes().last() {
                Some(b'k' | b'K') => 1 << 10,
                Some(b'm' | b'M') => 1 << 20,
                _ => 1 << 30,
            };
            (digits, unit)
        }
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

/// A mount that will cover a place: what is the same for all of them.
fn like(at: &Node, t: &Tables, source: &str) -> std::result::Result<Mount, Errno> {
    let below = t.fs.mount_of(at.at.mount).ok_or(Errno::EINVAL)?;
    Ok(Mount { at: Some(at.at), source: source.into(), ..below.clone() })
}

fn put(_: &Node, mount: Mount, t: &mut Tables) {
    t.fs.mount(mount);
}

/// MS_BIND and MS_MOVE: what is at one place, at another.
fn again(from: &Node, at: &Node, flags: MountFlags, t: &mut Tables) -> Result {
    if from.is_directory() != at.is_directory() {
        return Err(Stop::Fail(Errno::ENOTDIR));
    }
    let found = t.fs.mount_of(from.at.mount).ok_or(Errno::EINVAL)?.clone();
    if flags.contains(MountFlags::MOVE) {
        let into_itself = {
            let mut place = Some(at.at);
            let mut inside = false;
            while let Some(here) = place {
                inside |= here.mount == from.at.mount;
                place = t.fs.mount_of(here.mount).and_then(|mount| mount.at);
            }
            inside
        };
        if found.root != from.at.dentry || found.at.is_none() {
            return Err(Stop::Fail(Errno::EINVAL));
        }
        if into_itself {
            return Err(Stop::Fail(Errno::ELOOP));
        }
        t.fs.move_mount(from.at.mount, at.at);
        return Ok(0);
    }
    let root = from.at.dentry;
    put(at, Mount { root, at: Some(at.at), ..found }, t);
    Ok(0)
}

/// umount2(2).
///
/// # Errors
/// `EPERM` but for root, `EINVAL` for a place where nothing is mounted, `EBUSY` while somebody uses it, those of path
/// walks; parks.
pub fn sys_umount2(path: u64, flags: u64, (frame, t, cx): Rest<'_>) -> Result {
    let flags = UmountFlags::from_bits(flags as u32).ok_or(Errno::EINVAL)?;
    let path = read_path(t, cx, path)?;
    let follow = !flags.contains(UmountFlags::NOFOLLOW);
    let found = find(AT_FDCWD as u64, &path, (follow, false), (frame, t, cx))?;
    if !cred(t, cx)?.is_root() {
        return Err(Stop::Fail(Errno::EPERM));
    }
    let id = found.at.mount;
    let mount = t.fs.mount_of(id).ok_or(Errno::EINVAL)?;
    if mount.root != found.at.dentry {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let detach = flags.contains(UmountFlags::DETACH);
    let open = t.proc.open.places().any(|place| place.at.mount == id);
    let inside = t
        .proc
        .fs
        .iter()
        .any(|(_, info)| [info.cwd, info.root].into_iter().flatten().any(|at| at.mount == id));
    let covered = t.fs.mounts().any(|(_, other)| other.at.is_some_and(|at| at.mount == id));
    if mount.at.is_none() || !detach && (open || inside || covered) {
        return Err(Stop::Fail(Errno::EBUSY));
    }
    let (fs, writes) = (mount.fs, !mount.flags.contains(MountFlags::RDONLY));
    let is_last = !t.fs.mounts().any(|(other, mount)| mount.fs == fs && other != id);
    if is_last && !open && !inside {
        io::mount::close(fs, writes, (frame, t, cx))?;
    }
    // Those who are inside keep what they see; nobody else finds it.
    let last = t.fs.unmount(id);
    if let Some(fs) = last.filter(|_| !open && !inside) {
        crate::io::file::discard(t, fs);
    }
    Ok(0)
}
