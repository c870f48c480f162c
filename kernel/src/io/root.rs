//! The files that a machine starts with: its root, its device files, and where the kernel shows itself.
//!
//! A typical sequence: the root is a file system in memory ("rootfs"), into which the initial archive is unpacked; a disk
//! with a file system covers it; devtmpfs, with a file for each device that there is a driver for, goes to /dev, with one in
//! memory on /dev/shm, and procfs to /proc, if the root has such directories. Linux does the same, with the help of the first program.

use super::file;
use crate::abi::types::makedev;
use crate::base::{DeviceId, InodeId, Location, NsId};
use crate::context::{Cx, Tables};
use crate::fs::{
    Blocks, Content, FileSystem, Generated, Kind, Limits, Mount, New, NoBlocks, Tmpfs, Txn, cpio,
};
use crate::hw::PAGE_SIZE;
use crate::mm::Use;

/// The directories that everybody expects (hier(7)).
const DIRECTORIES: [(&str, u16); 8] = [
    ("bin", 0o755),
    ("dev", 0o755),
    ("etc", 0o755),
    ("home", 0o755),
    ("mnt", 0o755),
    ("proc", 0o555),
    ("root", 0o700),
    ("tmp", 0o1777),
];

/// Character devices: name, major, minor, permissions (Documentation/admin-guide/devices.txt of Linux).
const DEVICES: [(&str, u32, u32, u16); 8] = [
    ("null", 1, 3, 0o666),
    ("zero", 1, 5, 0o666),
    ("full", 1, 7, 0o666),
    ("random", 1, 8, 0o666),
    ("urandom", 1, 9, 0o666),
    ("tty", 5, 0, 0o666),
    ("console", 5, 1, 0o600),
    ("ttyS0", 4, 64, 0o660),
];

/// Symbolic links of /dev.
const LINKS: [(&str, &str); 4] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
];

/// Makes the root in memory, and mounts what belongs into it. What does not fit into memory is left out.
pub fn mount(t: &mut Tables, cx: &mut Cx, archive: Option<&[u8]>) {
    let mut root = Tmpfs::new("rootfs", 0o755, Limits::of_machine(t.mm.frames.size()));
    let mut txn = Txn::new(&NoBlocks, cx.now.into());
    let mut contents: Vec<(u64, &[u8])> = Vec::new();
    match archive {
        None => {
            let top = root.root();
            for (name, mode) in DIRECTORIES {
                let new = New::of_root(Kind::Directory, mode);
                let _ = root.create(&mut txn, top, name, &new);
            }
        }
        Some(archive) => {
            for member in cpio::members(archive).map_while(Result::ok) {
                if let Some(inode) = unpack(&mut root, &mut txn, &member)
                    && member.kind() == Some(Kind::Regular)
                {
                    contents.push((inode, member.data));
                }
            }
        }
    }
    let fs = t.fs.add(Content::Stored(Box::new(root)), None);
    attach(t, fs, None, "rootfs");
    for (number, data) in contents {
        fill(t, InodeId { fs, number }, data);
    }
    mount_own(t, cx);
}

/// Mounts a disk's file system over the root.
pub fn mount_disk(t: &mut Tables, fs: Box<dyn FileSystem>, device: DeviceId, blocks: &dyn Blocks) {
    let top = fs.root();
    // The boot loader looks where devices and processes are to be shown: the kernel has no cache yet.
    let mut txn = Txn::new(blocks, Default::default());
    let places: Vec<_> =
        ["dev", "proc", "tmp"].map(|name| (name, fs.lookup(&mut txn, top, name).ok())).into();
    let number = t.fs.add(Content::Stored(fs), Some(device));
    attach(t, number, None, "/dev/vda");
    for (name, inode) in places {
        if let (Some(root), Some(inode)) = (t.fs.root(NsId(0)), inode) {
            let found = InodeId { fs: number, number: inode };
            t.fs.dentries.enter(root.dentry, name, Some(found));
        }
    }
    show_own(t);
    show_temporary(t);
}

/// Makes what the kernel offers, and shows it.
fn mount_own(t: &mut Tables, cx: &mut Cx) {
    let mut devices = Tmpfs::new("devtmpfs", 0o755, Limits::NONE);
    let mut txn = Txn::new(&NoBlocks, cx.now.into());
    let top = devices.root();
    let mut names: Vec<(&str, u64)> = Vec::new();
    for (name, major, minor, mode) in DEVICES {
        let device = makedev(major, minor);
        let new = New { device, ..New::of_root(Kind::Character, mode) };
        if let Ok(inode) = devices.create(&mut txn, top, name, &new) {
            names.push((name, inode));
        }
    }
    if let Ok(inode) = devices.create(&mut txn, top, "shm", &New::of_root(Kind::Directory, 0o755)) {
        names.push(("shm", inode));
    }
    for (disk, device) in super::mount::disks(t) {
        let new = New { device, ..New::of_root(Kind::Block, 0o660) };
        if let Ok(inode) = devices.create(&mut txn, top, t.bus.name(disk), &new) {
            names.push((t.bus.name(disk), inode));
        }
    }
    let names: Vec<(String, u64)> =
        names.into_iter().map(|(name, inode)| (name.to_owned(), inode)).collect();
    for (name, target) in LINKS {
        let new = New { target, ..New::of_root(Kind::Symlink, 0o777) };
        let _ = devices.create(&mut txn, top, name, &new);
    }
    let fs = t.fs.add(Content::Stored(Box::new(devices)), None);
    if let Some(root) = t.fs.of(fs).map(|found| found.root) {
        for (name, number) in names {
            t.fs.dentries.enter(root, &name, Some(InodeId { fs, number }));
        }
    }
    t.fs.add(Content::Generated(Generated::Proc), None);
    temporary(t); // the first of its kind is that of /dev/shm
    show_own(t);
}

/// Mounts devices, processes and shared memory in the directories that the root has for them.
fn show_own(t: &mut Tables) {
    for (name, kind) in [("dev", "devtmpfs"), ("proc", "proc")] {
        let fs = t.fs.supers.iter().flatten().position(|found| found.name() == kind);
        if let (Some(at), Some(fs)) = (place(t, name), fs) {
            attach(t, fs as u16, Some(at), kind);
        }
    }
    // Shared memory with names (shm_overview(7)).
    let shared = t.fs.supers.iter().flatten().position(|found| found.name() == "tmpfs");
    if let (Some(at), Some(fs)) = (find(t, "/dev/shm"), shared) {
        attach(t, fs as u16, Some(at), "tmpfs");
    }
}

/// A disk's /tmp is in memory.
fn show_temporary(t: &mut Tables) {
    let Some(at) = place(t, "tmp") else { return };
    let fs = temporary(t);
    attach(t, fs, Some(at), "tmpfs");
}

/// A file system in memory, into which everybody may put files.
fn temporary(t: &mut Tables) -> u16 {
    let limits = Limits::of_machine(t.mm.frames.size());
    t.fs.add(Content::Stored(Box::new(Tmpfs::new("tmpfs", 0o1777, limits))), None)
}

/// What a path leads to when a machine starts: names of file systems in memory, and no symbolic links.
pub fn find(t: &mut Tables, path: &str) -> Option<Location> {
    let mut at = t.fs.root(NsId(0))?;
    for part in path.split('/').filter(|part| !part.is_empty()) {
        let inode = t.fs.inode_at(at)?;
        let known = t.fs.dentries.find(at.dentry, part);
        let dentry = match known {
            Some(known) => known,
            None => {
                let fs = t.fs.stored(inode).filter(|fs| fs.is_in_memory())?;
                let mut txn = Txn::new(&NoBlocks, Default::default());
                let number = fs.lookup(&mut txn, inode.number, part).ok()?;
                t.fs.dentries.enter(at.dentry, part, Some(InodeId { number, ..inode }))
            }
        };
        t.fs.dentries.inode(dentry)?;
        at = t.fs.top(Location { dentry, ..at });
    }
    Some(at)
}

/// A directory in the root.
fn place(t: &mut Tables, name: &str) -> Option<Location> {
    let root = t.fs.root(NsId(0))?;
    let top = t.fs.inode_at(root)?;
    let inode = match t.fs.dentries.find(root.dentry, name) {
        Some(known) => t.fs.dentries.inode(known)?,
        None if t.fs.device_of(top).is_some() => return None,
        None => {
            let mut txn = Txn::new(&NoBlocks, Default::default());
            let number = t.fs.stored(top)?.lookup(&mut txn, top.number, name).ok()?;
            InodeId { number, ..top }
        }
    };
    let dentry = t.fs.dentries.enter(root.dentry, name, Some(inode));
    Some(Location { dentry, ..root })
}

fn attach(t: &mut Tables, fs: u16, at: Option<Location>, source: &str) {
    let Some(root) = t.fs.of(fs).map(|found| found.root) else { return };
    let (namespace, flags) = (NsId(0), crate::abi::flags::file::MountFlags::RELATIME);
    t.fs.mount(Mount { namespace, fs, root, at, flags, source: source.into() });
}

/// Makes a member of the archive. Directories that it does not name come by themselves.
fn unpack(root: &mut Tmpfs, txn: &mut Txn<'_>, member: &cpio::Member<'_>) -> Option<u64> {
    let mut parts: Vec<&str> =
        member.name.split('/').filter(|part| !matches!(*part, "" | "." | "..")).collect();
    let name = parts.pop()?;
    let mut at = root.root();
    for part in parts {
        at = match root.lookup(txn, at, part) {
            Ok(found) => found,
            Err(_) => root.create(txn, at, part, &New::of_root(Kind::Directory, 0o755)).ok()?,
        };
    }
    let kind = member.kind()?;
    let target = match kind {
        Kind::Symlink => std::str::from_utf8(member.data).ok()?,
        _ => "",
    };
    let device = if kind.is_device() { member.device } else { 0 };
    let (mode, uid, gid) = (member.mode as u16 & 0o7777, member.uid, member.gid);
    root.create(txn, at, name, &New { kind, mode, uid, gid, device, target }).ok()
}

/// Puts bytes into a file in memory, which nobody knows yet.
fn fill(t: &mut Tables, inode: InodeId, data: &[u8]) -> Option<()> {
    let size = data.len() as u64;
    if size == 0 {
        return Some(());
    }
    let object = file::object(t, inode, size).ok()??;
    for (page, part) in data.chunks(PAGE_SIZE).enumerate() {
        let page = page as u64;
        // What is nothing but zeroes is a hole.
        if part.iter().all(|byte| *byte == 0) {
            continue;
        }
        let frame = super::frames::allocate_zeroed(t, Use::Object { object, page })?;
        t.memory.ram.page_mut(frame)[..part.len()].copy_from_slice(part);
        t.mm.fill_object(&mut t.memory, object, page, frame);
    }
    let mut txn = Txn::new(&NoBlocks, Default::default());
    let fs = t.fs.stored_mut(inode)?;
    fs.resize(&mut txn, inode.number, size).ok()
}
