//! What is mounted where: /proc/PID/mounts and mountinfo (proc_pid_mounts(5), proc_pid_mountinfo(5)), and /proc/filesystems.

use super::process::Who;
use crate::abi::flags::file::MountFlags;
use crate::abi::types::{major, makedev, minor};
use crate::base::{DentryId, Location, MountId};
use crate::context::Tables;
use crate::fs::{Mount, Reached};
use std::fmt::Write;

/// The number by which a mount is known (`mnt_id`): its place in the table of mounts, as Linux counts from the lowest free one.
pub(super) fn number(id: MountId) -> u64 {
    id.index() as u64 + 1
}

/// The device that a file system has for its files' `st_dev`; one that lies on no device gets an anonymous one, of major 0.
pub(super) fn device_numbers(t: &Tables, fs: u16) -> (u32, u32) {
    let device = match t.fs.of(fs).and_then(|found| found.device) {
        Some(_) => makedev(254, u32::from(fs)),
        None => makedev(0, 20 + u32::from(fs)),
    };
    (major(device), minor(device))
}

/// What would end a field is written in octal (`mangle_path`).
fn mangled(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            ' ' | '\t' | '\n' | '\\' | '#' => {
                let _ = write!(out, "\\{:03o}", u32::from(letter));
            }
            _ => out.push(letter),
        }
    }
    out
}

/// The options of a mount.
fn options(mount: &Mount) -> String {
    let mut out = if mount.flags.contains(MountFlags::RDONLY) { "ro" } else { "rw" }.to_owned();
    let all = [
        (MountFlags::NOSUID, "nosuid"),
        (MountFlags::NODEV, "nodev"),
        (MountFlags::NOEXEC, "noexec"),
        (MountFlags::NOATIME, "noatime"),
        (MountFlags::NODIRATIME, "nodiratime"),
        (MountFlags::RELATIME, "relatime"),
        (MountFlags::NOSYMFOLLOW, "nosymfollow"),
    ];
    for (flag, name) in all {
        if mount.flags.contains(flag) {
            out.push(',');
            out.push_str(name);
        }
    }
    out
}

/// The mounts that a process sees, in order, with the path of each. What lies outside of its root it does not see.
fn seen<'a>(
    t: &'a Tables,
    who: &Who<'a>,
) -> impl Iterator<Item = (MountId, &'a Mount, String)> + 'a {
    let namespace = who.process.namespaces.mount;
    let own = who.thread.and_then(|(id, _)| t.proc.fs_of(id)?.root);
    let root = own.or_else(|| t.fs.root(namespace));
    let mounts = t.fs.mounts().filter(move |(_, mount)| mount.namespace == namespace);
    mounts.filter_map(move |(id, mount)| {
        let place = Location { mount: id, dentry: mount.root };
        // What covers the root lies at "/" as well.
        let path = match (mount.at, root) {
            (None, _) | (_, None) => "/".to_owned(),
            (Some(_), Some(root)) => match t.fs.path(place, root) {
                (path, Reached::Yes) => path,
                _ => return None,
            },
        };
        Some((id, mount, path))
    })
}

/// /proc/PID/mounts, which /proc/mounts leads to.
pub(super) fn mounts(t: &Tables, who: &Who<'_>) -> String {
    let mut out = String::new();
    for (_, mount, path) in seen(t, who) {
        let kind = t.fs.of(mount.fs).map_or("none", |fs| fs.name());
        let (source, path) = (mangled(&mount.source), mangled(&path));
        let _ = writeln!(out, "{source} {path} {kind} {} 0 0", options(mount));
    }
    out
}

/// The path of a mount's root inside of its file system.
fn inner(t: &Tables, root: DentryId) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let mut at = root;
    while let Some(dentry) = t.fs.dentries.get(at).filter(|dentry| dentry.parent != DentryId::NONE)
    {
        parts.push(&dentry.name);
        at = dentry.parent;
    }
    let path: String = parts.iter().rev().flat_map(|part| ["/", part]).collect();
    if path.is_empty() { "/".to_owned() } else { path }
}

/// /proc/PID/mountinfo.
pub(super) fn mountinfo(t: &Tables, who: &Who<'_>) -> String {
    let mut out = String::new();
    for (id, mount, path) in seen(t, who) {
        // The root of everything is its own parent (Linux: it hangs below an invisible rootfs).
        let parent = mount.at.map_or(id, |at| at.mount);
        let (major, minor) = device_numbers(t, mount.fs);
        let kind = t.fs.of(mount.fs).map_or("none", |fs| fs.name());
        let access = if mount.flags.contains(MountFlags::RDONLY) { "ro" } else { "rw" };
        let _ = writeln!(
            out,
            "{} {} {major}:{minor} {} {} {} - {kind} {} {access}",
            number(id),
            number(parent),
            mangled(&inner(t, mount.root)),
            mangled(&path),
            options(mount),
            mangled(&mount.source),
        );
    }
    out
}

/// /proc/filesystems: what mount(2) knows; those that need no device are marked.
pub(super) fn file_systems() -> String {
    let mut out = String::new();
    for name in ["proc", "tmpfs", "ramfs", "devtmpfs"] {
        let _ = writeln!(out, "nodev\t{name}");
    }
    let _ = writeln!(out, "\tminifs");
    out
}
