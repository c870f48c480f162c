//! Mounts: which file system is where in the tree (mount_namespaces(7)).

use super::Fs;
use crate::abi::flags::file::MountFlags;
use crate::base::{DentryId, InodeId, Location, MountId, NsId};

/// A file system, or a part of one, at a place.
#[derive(Clone, Debug, Hash)]
pub struct Mount {
    /// The mount namespace.
    pub namespace: NsId,
    /// Which file system.
    pub fs: u16,
    /// What is seen at its root.
    pub root: DentryId,
    /// Where it is; none for the root of a namespace.
    pub at: Option<Location>,
    /// Read-only, and so on.
    pub flags: MountFlags,
    /// What was mounted, as /proc/mounts names it: a device, or the kind of file system.
    pub source: Box<str>,
}

impl Fs {
    /// Puts a file system, or the part of one below `root`, at a place; without a place, at the root of the namespace.
    pub fn mount(&mut self, mount: Mount) -> MountId {
        let (namespace, root, at) = (mount.namespace, mount.root, mount.at);
        let id = self.mounts.insert(mount);
        match at {
            Some(at) => {
                self.dentries.cover(at.dentry, true);
                self.covered.insert(at, id);
            }
            None => {
                self.roots.insert(namespace, Location { mount: id, dentry: root });
            }
        }
        id
    }

    /// Takes a mount away again. The file system goes with its last mount, and is returned by its number.
    pub fn unmount(&mut self, id: MountId) -> Option<u16> {
        let mount = self.mounts.remove(id)?;
        if let Some(at) = mount.at {
            self.dentries.cover(at.dentry, false);
            self.covered.remove(&at);
        }
        let is_last = !self.mounts.iter().any(|(_, other)| other.fs == mount.fs);
        is_last.then_some(mount.fs)
    }

    /// Puts a mount at another place (MS_MOVE).
    pub fn move_mount(&mut self, id: MountId, to: Location) {
        let Some(mount) = self.mounts.get_mut(id) else { return };
        let from = mount.at.replace(to);
        if let Some(from) = from {
            self.dentries.cover(from.dentry, false);
            self.covered.remove(&from);
        }
        self.dentries.cover(to.dentry, true);
        self.covered.insert(to, id);
    }

    /// A mount.
    #[must_use]
    pub fn mount_of(&self, id: MountId) -> Option<&Mount> {
        self.mounts.get(id)
    }

    /// A mount, to change.
    pub fn mount_of_mut(&mut self, id: MountId) -> Option<&mut Mount> {
        self.mounts.get_mut(id)
    }

    /// All mounts, in the order in which they were made.
    pub fn mounts(&self) -> impl Iterator<Item = (MountId, &Mount)> {
        self.mounts.iter()
    }

    /// The root of a mount namespace.
    #[must_use]
    pub fn root(&self, namespace: NsId) -> Option<Location> {
        let root = self.roots.get(&namespace).copied()?;
        Some(self.top(root))
    }

    /// What is seen at a place: the root of the mount that covers it last, or the place itself.
    #[must_use]
    pub fn top(&self, mut at: Location) -> Location {
        while self.dentries.get(at.dentry).is_some_and(|dentry| dentry.mounts > 0) {
            let Some(&mount) = self.covered.get(&at) else { break };
            let Some(found) = self.mounts.get(mount) else { break };
            at = Location { mount, dentry: found.root };
        }
        at
    }

    /// The place that a mount's root covers: the way up from it.
    #[must_use]
    pub fn below(&self, mut at: Location) -> Location {
        while let Some(mount) = self.mounts.get(at.mount) {
            match mount.at {
                Some(place) if mount.root == at.dentry => at = place,
                _ => break,
            }
        }
        at
    }

    /// What `..` leads to, from a directory, for somebody who sees the tree from `root` down.
    #[must_use]
    pub fn parent(&self, at: Location, root: Location) -> Location {
        if at == root {
            return at;
        }
        let at = self.below(at);
        let parent = self.dentries.get(at.dentry).map_or(DentryId::NONE, |dentry| dentry.parent);
        if at == root || parent == DentryId::NONE {
            return self.top(at);
        }
        self.top(Location { dentry: parent, ..at })
    }

    /// The inode at a place.
    #[must_use]
    pub fn inode_at(&self, at: Location) -> Option<InodeId> {
        self.dentries.inode(at.dentry)
    }

    /// The path of a place for somebody who sees the tree from `root` down, and whether it leads there: a name may have
    /// been removed, or lie outside.
    #[must_use]
    pub fn path(&self, at: Location, root: Location) -> (String, Reached) {
        let mut parts: Vec<&str> = Vec::new();
        let mut reached = Reached::Yes;
        let mut here = at;
        loop {
            if here == root {
                break;
            }
            let up = self.below(here);
            if up != here {
                here = up;
                continue;
            }
            let Some(dentry) = self.dentries.get(here.dentry) else {
                reached = Reached::Removed;
                break;
            };
            if dentry.parent == DentryId::NONE {
                // The top of another tree, unless it is the very root of everything.
                if self.top(here) != root && reached == Reached::Yes {
                    reached = Reached::Outside;
                }
                break;
            }
            if !dentry.is_hashed {
                reached = Reached::Removed;
            }
            parts.push(&dentry.name);
            here = Location { dentry: dentry.parent, ..here };
        }
        let path: String = parts.iter().rev().flat_map(|part| ["/", part]).collect();
        (if path.is_empty() { "/".to_owned() } else { path }, reached)
    }
}

/// Whether a path leads to what it was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// It does.
    Yes,
    /// One of its names was removed.
    Removed,
    /// It lies outside of what is seen.
    Outside,
}
