//! Walking paths (path_resolution(7)).
//!
//! Layers: [`Base`] says where a walk begins and what its root is; [`node()`] and [`parent`] walk to a path's last component,
//! or to the directory that it is in; both go from component to component with [`node::lookup`], up
//! with [`Fs::parent`](crate::fs::Fs::parent), and into what is mounted with [`Fs::top`](crate::fs::Fs::top).
//!
//! A typical sequence: `/mnt/a/../b` begins at the root; `mnt` is found and covered by a mount, so the walk goes on at that
//! mount's root; `a` is a symbolic link, whose target takes its place in what is left of the path; `..` goes to the parent
//! dentry; `b` is the last component.
//!
//! Taken from elsewhere: a walk that puts links' targets in front of what is left, without recursion, from Linux
//! (`fs/namei.c`, since 4.2) and NetBSD's `namei`.

use super::node::{self, Node, Rest, Target};
use crate::abi::Errno;
use crate::abi::flags::file::{AT_FDCWD, MountFlags};
use crate::base::{Cred, DentryId, Location, OpenFileId};
use crate::context::{Cx, Tables};
use crate::fs::{Kind, PATH_MAX, Want, permit};
use crate::proc::Stop;
use std::borrow::Cow;

/// How many symbolic links a walk may follow (`MAXSYMLINKS`).
const MAX_LINKS: u32 = 40;

/// Where a walk begins, and the root that it sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base {
    /// The caller's root.
    pub root: Location,
    /// Where a relative path begins.
    pub start: Location,
}

/// The directory that a path's last component is in.
#[derive(Clone, Debug)]
pub struct Parent {
    /// The directory.
    pub directory: Node,
    /// The last component; `.` or `..` or, for the root, nothing.
    pub name: Box<str>,
    /// What it names.
    pub child: Option<Node>,
    /// Whether a slash follows, so that only a directory will do.
    pub slash: bool,
}

impl Parent {
    /// Whether the last component is a name that can be made or removed.
    #[must_use]
    pub fn is_name(&self) -> bool {
        !matches!(&*self.name, "" | "." | "..")
    }
}

/// The root that the caller sees.
///
/// # Errors
/// `ENOENT` on a machine without files.
pub fn root(t: &Tables, cx: &Cx) -> Result<Location, Errno> {
    if let Some(root) = t.proc.fs_of(cx.caller).and_then(|info| info.root) {
        return Ok(root);
    }
    let namespace = t.proc.process_of(cx.caller).ok_or(Errno::ESRCH)?.namespaces.mount;
    t.fs.root(namespace).ok_or(Errno::ENOENT)
}

/// Where a path begins that is relative to a directory descriptor.
///
/// # Errors
/// `EBADF`, `ENOTDIR`; `ENOENT` on a machine without files.
pub fn base(t: &Tables, cx: &Cx, directory: u64, path: &str) -> Result<Base, Errno> {
    let root = root(t, cx)?;
    let directory = directory as i32;
    if path.starts_with('/') {
        return Ok(Base { root, start: root });
    }
    if directory == AT_FDCWD {
        let start = t.proc.fs_of(cx.caller).and_then(|info| info.cwd).unwrap_or(root);
        return Ok(Base { root, start });
    }
    let table = t.proc.files_of(cx.caller).ok_or(Errno::EBADF)?;
    let found = table.get(u64::from(directory as u32)).ok_or(Errno::EBADF)?;
    let file = t.proc.open.get(found.file).ok_or(Errno::EBADF)?;
    let start = file.place.ok_or(Errno::ENOTDIR)?.at;
    Ok(Base { root, start })
}

/// What a path leads to. `follow`: if the last component is a symbolic link, where that leads.
///
/// # Errors
/// `ENOENT`, `ENOTDIR`, `EACCES`, `ELOOP`, `ENAMETOOLONG`, or a park.
pub fn node(base: Base, path: &str, follow: bool, rest: Rest<'_>) -> Result<Node, Stop> {
    match walk(base, path, (Goal::Node, follow), rest)? {
        Found::Node(node) => Ok(node),
        Found::Parent(parent) => parent.child.ok_or(Stop::Fail(Errno::ENOENT)),
        Found::Open(_) => Err(Stop::Fail(Errno::ENXIO)),
    }
}

/// The open file without a place in the tree that a path leads to: a pipe, under its name in /proc/PID/fd. To whoever
/// asks for a place, such a path is `ENXIO`.
///
/// # Errors
/// As [`node()`].
pub fn opened(base: Base, path: &str, rest: Rest<'_>) -> Result<Option<OpenFileId>, Stop> {
    match walk(base, path, (Goal::Node, true), rest)? {
        Found::Open(file) => Ok(Some(file)),
        _ => Ok(None),
    }
}

/// The directory that a path's last component is in. `follow`: if that is a symbolic link, the last component of where
/// it leads.
///
/// # Errors
/// As [`node()`], but that the last component need not be there.
pub fn parent(base: Base, path: &str, follow: bool, rest: Rest<'_>) -> Result<Parent, Stop> {
    match walk(base, path, (Goal::Parent, follow), rest)? {
        Found::Parent(parent) => Ok(parent),
        Found::Node(node) => {
            // The root, or a link of /proc: nothing can be made or removed there.
            let (directory, name, child) = (node, "".into(), Some(node));
            Ok(Parent { directory, name, child, slash: false })
        }
        Found::Open(_) => Err(Stop::Fail(Errno::ENXIO)),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goal {
    Node,
    Parent,
}

enum Found {
    Node(Node),
    Parent(Parent),
    Open(OpenFileId),
}

/// Names that nobody uses go before a walk, not during one.
fn make_room(t: &mut Tables) {
    if !t.fs.dentries.is_full() {
        return;
    }
    let open = t.proc.open.places().map(|place| place.at.dentry);
    let infos = t.proc.fs.iter().flat_map(|(_, info)| [info.cwd, info.root]);
    let mounts = t.fs.mounts().flat_map(|(_, mount)| {
        [Some(mount.root), mount.at.map(|at| at.dentry)].into_iter().flatten()
    });
    let programs = t.mm.all_spaces().filter_map(|(_, space)| Some(space.command.file?.dentry));
    let used: Vec<DentryId> =
        open.chain(infos.flatten().map(|at| at.dentry)).chain(mounts).chain(programs).collect();
    t.fs.dentries.shrink(used.into_iter());
}

fn walk(
    base: Base,
    path: &str,
    (goal, follow): (Goal, bool),
    (frame, t, cx): Rest<'_>,
) -> Result<Found, Stop> {
    if path.is_empty() {
        return Err(Stop::Fail(Errno::ENOENT));
    }
    if path.len() >= PATH_MAX {
        return Err(Stop::Fail(Errno::ENAMETOOLONG));
    }
    make_room(t);
    let cred = t.proc.process_of(cx.caller).ok_or(Errno::ESRCH)?.cred.clone();
    let mut rest: Cow<'_, str> = path.into();
    let (mut at, mut links) = (0, 0);
    let mut here = node::node_at(base.start, (frame, t, cx))?;
    loop {
        let bytes = rest.as_bytes();
        while bytes.get(at) == Some(&b'/') {
            at += 1;
        }
        if at == bytes.len() {
            return Ok(Found::Node(here));
        }
        let end = rest[at..].find('/').map_or(rest.len(), |length| at + length);
        let part = &rest[at..end];
        let is_last = rest[end..].bytes().all(|byte| byte == b'/');
        let slash = end < rest.len();
        search(&here, &cred)?;
        let mut found = match part {
            "." => Some(here),
            ".." => {
                let up = t.fs.parent(here.at, base.root);
                Some(node::node_at(up, (frame, t, cx))?)
            }
            name => child(&here, name, (frame, t, cx))?,
        };
        let is_link = found.is_some_and(|node| node.attributes.kind == Kind::Symlink);
        // Nothing is made behind a slash, so that nobody asks where the link leads.
        let leads_on = if goal == Goal::Node { follow || slash } else { follow && !slash };
        if is_link && (!is_last || leads_on) {
            links += 1;
            if links > MAX_LINKS {
                return Err(Stop::Fail(Errno::ELOOP));
            }
            match link(&here, found, (frame, t, cx))? {
                Target::Path(target) => {
                    let absolute = target.starts_with('/');
                    rest = format!("{target}{}", &rest[end..]).into();
                    at = 0;
                    if absolute {
                        here = node::node_at(base.root, (frame, t, cx))?;
                    }
                    continue;
                }
                Target::Open(file) if is_last && !slash => return Ok(Found::Open(file)),
                Target::Open(_) => return Err(Stop::Fail(Errno::ENOTDIR)),
                // A link that knows where it leads needs no walk.
                Target::Place(place) => {
                    let there = node::node_at(place, (frame, t, cx))?;
                    if is_last && !slash {
                        return Ok(Found::Node(there));
                    }
                    found = Some(there);
                }
            }
        }
        if is_last && goal == Goal::Parent {
            let name = part.into();
            return Ok(Found::Parent(Parent { directory: here, name, child: found, slash }));
        }
        let next = found.ok_or(Errno::ENOENT)?;
        if is_last && slash && !next.is_directory() {
            return Err(Stop::Fail(Errno::ENOTDIR));
        }
        (here, at) = (next, end);
    }
}

/// Whether somebody may look for names in a directory.
fn search(directory: &Node, cred: &Cred) -> Result<(), Errno> {
    if !directory.is_directory() {
        return Err(Errno::ENOTDIR);
    }
    permit(&directory.attributes, cred, Want::Execute)
}

/// What a name in a directory names, or what is mounted there.
fn child(directory: &Node, name: &str, (frame, t, cx): Rest<'_>) -> Result<Option<Node>, Stop> {
    let Some(dentry) = node::lookup(directory, name, (frame, t, cx))? else { return Ok(None) };
    let at = t.fs.top(Location { dentry, ..directory.at });
    Ok(Some(node::node_at(at, (frame, t, cx))?))
}

/// Where a symbolic link leads, if links may be followed there.
fn link(directory: &Node, found: Option<Node>, (frame, t, cx): Rest<'_>) -> Result<Target, Stop> {
    let inode = found.ok_or(Errno::ENOENT)?.inode;
    let flags = t.fs.mount_of(directory.at.mount).map_or(MountFlags::empty(), |mount| mount.flags);
    if flags.contains(MountFlags::NOSYMFOLLOW) {
        return Err(Stop::Fail(Errno::ELOOP));
    }
    match node::follow(inode, (frame, t, cx))? {
        Target::Path(target) if target.is_empty() => Err(Stop::Fail(Errno::ENOENT)),
        target => Ok(target),
    }
}

/// Whether a place may be written to.
///
/// # Errors
/// `EROFS`.
pub fn writable(t: &Tables, at: Location) -> Result<(), Errno> {
    let flags = t.fs.mount_of(at.mount).map_or(MountFlags::empty(), |mount| mount.flags);
    if flags.contains(MountFlags::RDONLY) { Err(Errno::EROFS) } else { Ok(()) }
}
