//! The dentry cache: names that were looked up, and what they named.
//!
//! A dentry is one component of a path: a name in a directory, and the inode behind it, or the knowledge that there is
//! none (a *negative* dentry). Walking a path asks here first and the file system only for what is not known. A dentry
//! knows its parent, which is how the kernel can say the path of an open file (getcwd(2), /proc/PID/fd).
//!
//! Layers: a [`Table`] of dentries, which open files, working directories and mounts name by their ids, and a hash table
//! over (parent, name) for those that can be found. A name that was removed is taken out of the hash table, and its dentry
//! stays for as long as somebody has it open.
//!
//! Taken from elsewhere: the tree of dentries, negative ones, and hashing by parent and name from Linux (`fs/dcache.c`);
//! hashing chains through the entries themselves from FreeBSD's namecache (`kern/vfs_cache.c`). Linux counts references to
//! each dentry; here the few that are in use are marked when the cache must shrink, which cannot leak.

use crate::base::{DentryId, DentryTag, InodeId, Table};
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

/// One component of a path.
#[derive(Clone, Debug, Hash)]
pub struct Dentry {
    /// The directory it is in; [`DentryId::NONE`] for the root of a file system.
    pub parent: DentryId,
    /// The name there; empty for a root.
    pub name: Box<str>,
    /// What it names; none if there is no such name.
    pub inode: Option<InodeId>,
    /// Whether it can be found by its name. Those that were removed cannot.
    pub is_hashed: bool,
    /// How many mounts cover it.
    pub mounts: u32,
    /// The next one in the same bucket.
    next: DentryId,
    /// When it was last of use.
    used: u64,
}

/// All dentries of a machine.
#[derive(Clone, Debug)]
pub struct Dentries {
    table: Table<DentryTag, Dentry>,
    /// The first dentry of each chain. As many as a power of two.
    buckets: Vec<DentryId>,
    /// How many there may be before unused ones go.
    limit: usize,
    /// Counts uses, so that the oldest can be told.
    clock: u64,
    hits: u64,
    misses: u64,
}

const FIRST_BUCKETS: usize = 64;

impl Default for Dentries {
    fn default() -> Self {
        Self {
            table: Table::default(),
            buckets: vec![DentryId::NONE; FIRST_BUCKETS],
            limit: 16_384,
            clock: 0,
            hits: 0,
            misses: 0,
        }
    }
}

impl Hash for Dentries {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // The chains follow from the dentries.
        self.table.hash(state);
        (self.clock, self.hits, self.misses).hash(state);
    }
}

impl Dentries {
    /// The root of a file system.
    pub fn root(&mut self, inode: InodeId) -> DentryId {
        self.table.insert(Dentry {
            parent: DentryId::NONE,
            name: "".into(),
            inode: Some(inode),
            is_hashed: false,
            mounts: 0,
            next: DentryId::NONE,
            used: self.clock,
        })
    }

    /// A dentry.
    #[must_use]
    pub fn get(&self, id: DentryId) -> Option<&Dentry> {
        self.table.get(id)
    }

    /// What a dentry names.
    #[must_use]
    pub fn inode(&self, id: DentryId) -> Option<InodeId> {
        self.table.get(id)?.inode
    }

    /// One more, or one less, mount covers it.
    pub fn cover(&mut self, id: DentryId, more: bool) {
        if let Some(dentry) = self.table.get_mut(id) {
            dentry.mounts = if more { dentry.mounts + 1 } else { dentry.mounts.saturating_sub(1) };
        }
    }

    fn bucket(&self, parent: DentryId, name: &str) -> usize {
        // FNV-1a (Fowler, Noll, Vo), a byte at a time.
        let seed = 0xcbf2_9ce4_8422_2325 ^ parent.bits().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = name
            .bytes()
            .fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        (mixed ^ mixed >> 32) as usize & (self.buckets.len() - 1)
    }

    /// Finds a name in a directory. `None`: nobody knows; a dentry without inode: there is none.
    pub fn find(&mut self, parent: DentryId, name: &str) -> Option<DentryId> {
        let found = self.peek(parent, name);
        match found.and_then(|id| self.table.get_mut(id)) {
            Some(dentry) => {
                self.clock += 1;
                self.hits += 1;
                dentry.used = self.clock;
            }
            None => self.misses += 1,
        }
        found
    }

    fn peek(&self, parent: DentryId, name: &str) -> Option<DentryId> {
        let mut at = self.buckets[self.bucket(parent, name)];
        while let Some(dentry) = self.table.get(at) {
            if dentry.parent == parent && *dentry.name == *name {
                return Some(at);
            }
            at = dentry.next;
        }
        None
    }

    /// Remembers what a name in a directory names.
    pub fn enter(&mut self, parent: DentryId, name: &str, inode: Option<InodeId>) -> DentryId {
        if let Some(known) = self.peek(parent, name) {
            match self.table.get_mut(known) {
                // One that somebody may have open must go on naming what it named.
                Some(dentry) if dentry.inode.is_none() || dentry.inode == inode => {
                    dentry.inode = inode;
                    return known;
                }
                _ => self.unhash(known),
            }
        }
        self.clock += 1;
        let id = self.table.insert(Dentry {
            parent,
            name: name.into(),
            inode,
            is_hashed: false,
            mounts: 0,
            next: DentryId::NONE,
            used: self.clock,
        });
        self.hash_in(id);
        id
    }

    fn hash_in(&mut self, id: DentryId) {
        if self.table.len() > self.buckets.len() {
            self.grow();
        }
        let Some(dentry) = self.table.get(id) else { return };
        let bucket = self.bucket(dentry.parent, &dentry.name);
        let next = std::mem::replace(&mut self.buckets[bucket], id);
        if let Some(dentry) = self.table.get_mut(id) {
            (dentry.next, dentry.is_hashed) = (next, true);
        }
    }

    /// Twice the buckets, so that chains stay short.
    fn grow(&mut self) {
        self.buckets = vec![DentryId::NONE; self.buckets.len() * 2];
        let hashed: Vec<_> =
            self.table.iter().filter(|(_, dentry)| dentry.is_hashed).map(|(id, _)| id).collect();
        for id in hashed {
            let Some(dentry) = self.table.get(id) else { continue };
            let bucket = self.bucket(dentry.parent, &dentry.name);
            let next = std::mem::replace(&mut self.buckets[bucket], id);
            if let Some(dentry) = self.table.get_mut(id) {
                dentry.next = next;
            }
        }
    }

    /// The name is there no longer: nobody finds the dentry any more, but who has it keeps it.
    pub fn unhash(&mut self, id: DentryId) {
        let Some(dentry) = self.table.get(id).filter(|dentry| dentry.is_hashed) else { return };
        let (bucket, after) = (self.bucket(dentry.parent, &dentry.name), dentry.next);
        if self.buckets[bucket] == id {
            self.buckets[bucket] = after;
        } else {
            let mut at = self.buckets[bucket];
            while let Some(dentry) = self.table.get_mut(at) {
                if dentry.next == id {
                    dentry.next = after;
                    break;
                }
                at = dentry.next;
            }
        }
        if let Some(dentry) = self.table.get_mut(id) {
            (dentry.next, dentry.is_hashed) = (DentryId::NONE, false);
        }
    }

    /// A name was removed: what is known of it now is that it is not there.
    pub fn remove(&mut self, parent: DentryId, name: &str) {
        if let Some(id) = self.peek(parent, name) {
            self.unhash(id);
        }
        self.enter(parent, name, None);
    }

    /// A name was given away: its dentry has another parent and name now. What had that name is found no longer.
    pub fn rename(&mut self, (from, old): (DentryId, &str), (to, new): (DentryId, &str)) {
        if let Some(replaced) = self.peek(to, new) {
            self.unhash(replaced);
        }
        let Some(id) = self.peek(from, old) else { return };
        self.unhash(id);
        if let Some(dentry) = self.table.get_mut(id) {
            (dentry.parent, dentry.name) = (to, new.into());
        }
        self.hash_in(id);
        self.enter(from, old, None);
    }

    /// Two names changed places.
    pub fn exchange(&mut self, a: (DentryId, &str), b: (DentryId, &str)) {
        let (one, other) = (self.peek(a.0, a.1), self.peek(b.0, b.1));
        let moves = [(one, b), (other, a)];
        for id in moves.iter().filter_map(|(id, _)| *id) {
            self.unhash(id);
        }
        for (id, (parent, name)) in moves {
            let Some(id) = id else { continue };
            if let Some(dentry) = self.table.get_mut(id) {
                (dentry.parent, dentry.name) = (parent, name.into());
            }
            self.hash_in(id);
        }
    }

    /// Whether `inner` is `outer`, or lies below it.
    #[must_use]
    pub fn is_below(&self, inner: DentryId, outer: DentryId) -> bool {
        self.ancestors(inner).any(|id| id == outer)
    }

    /// A dentry, its parent, and so on up to the root of the file system.
    pub fn ancestors(&self, from: DentryId) -> impl Iterator<Item = DentryId> {
        let start = self.table.get(from).map(|_| from);
        std::iter::successors(start, |id| {
            let parent = self.table.get(*id)?.parent;
            (parent != DentryId::NONE).then_some(parent)
        })
    }

    /// Whether there are so many that those nobody needs should go.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.table.len() > self.limit
    }

    /// Lets go of what nobody finds and of the older half of what nobody uses. `used` are those that somebody has.
    pub fn shrink(&mut self, used: impl Iterator<Item = DentryId>) {
        let mut keep = BTreeSet::new();
        for id in used {
            for ancestor in self.ancestors(id) {
                if !keep.insert(ancestor) {
                    break;
                }
            }
        }
        let roots = self.table.iter().filter(|(_, dentry)| dentry.parent == DentryId::NONE);
        keep.extend(roots.map(|(id, _)| id));
        let mut ages: Vec<u64> = self
            .table
            .iter()
            .filter(|(id, dentry)| dentry.is_hashed && !keep.contains(id))
            .map(|(_, dentry)| dentry.used)
            .collect();
        ages.sort_unstable();
        let since = ages.get(ages.len() / 2).copied().unwrap_or(0);
        // Whatever stays keeps its parents.
        let young: Vec<DentryId> = self
            .table
            .iter()
            .filter(|(_, dentry)| dentry.is_hashed && dentry.used > since)
            .map(|(id, _)| id)
            .collect();
        for id in young {
            keep.extend(self.ancestors(id).collect::<Vec<_>>());
        }
        let gone: Vec<DentryId> =
            self.table.iter().map(|(id, _)| id).filter(|id| !keep.contains(id)).collect();
        for id in gone {
            self.unhash(id);
            self.table.remove(id);
        }
        // What is in use may be more than the limit.
        self.limit = self.limit.max(self.table.len() * 2);
    }

    /// Forgets everything below a file system's root, which goes too.
    pub fn forget(&mut self, fs: u16) {
        let gone: Vec<DentryId> = self
            .table
            .iter()
            .filter(|(_, dentry)| match dentry.inode {
                Some(inode) => inode.fs == fs,
                None => self.inode(dentry.parent).is_none_or(|parent| parent.fs == fs),
            })
            .map(|(id, _)| id)
            .collect();
        for id in gone {
            self.unhash(id);
            self.table.remove(id);
        }
    }

    /// All dentries.
    pub fn iter(&self) -> impl Iterator<Item = (DentryId, &Dentry)> {
        self.table.iter()
    }

    /// How many lookups were answered here, and how many were not.
    #[must_use]
    pub const fn hits_and_misses(&self) -> (u64, u64) {
        (self.hits, self.misses)
    }
}

#[cfg(test)]
mod tests {
    use super::Dentries;
    use crate::base::InodeId;

    fn inode(number: u64) -> InodeId {
        InodeId { fs: 0, number }
    }

    #[test]
    fn names_are_found_under_their_parents_whatever_their_number() {
        let mut dentries = Dentries::default();
        let root = dentries.root(inode(1));
        let there = dentries.enter(root, "there", Some(inode(2)));
        for n in 0..1000 {
            dentries.enter(there, &format!("n{n}"), Some(inode(n + 3)));
        }
        assert_eq!(dentries.find(root, "there"), Some(there));
        assert_eq!(dentries.find(root, "n7"), None);
        let found = dentries.find(there, "n7").and_then(|id| dentries.inode(id));
        assert_eq!(found, Some(inode(10)));
    }

    #[test]
    fn what_was_removed_is_known_not_to_be_there_and_lives_on() {
        let mut dentries = Dentries::default();
        let root = dentries.root(inode(1));
        let open = dentries.enter(root, "a", Some(inode(2)));
        dentries.remove(root, "a");
        let negative = dentries.find(root, "a").expect("it is known");
        assert_eq!(dentries.inode(negative), None);
        assert_eq!(dentries.inode(open), Some(inode(2)), "who has it open keeps it");
        dentries.shrink([open].into_iter());
        assert!(dentries.get(open).is_some());
        dentries.shrink(std::iter::empty());
        assert!(dentries.get(open).is_none());
        assert!(dentries.get(root).is_some());
    }

    #[test]
    fn renaming_moves_a_tree() {
        let mut dentries = Dentries::default();
        let root = dentries.root(inode(1));
        let a = dentries.enter(root, "a", Some(inode(2)));
        let b = dentries.enter(root, "b", Some(inode(3)));
        let inner = dentries.enter(a, "x", Some(inode(4)));
        dentries.rename((root, "a"), (b, "c"));
        assert_eq!(dentries.find(b, "c"), Some(a));
        assert!(dentries.is_below(inner, b));
        assert_eq!(dentries.find(root, "a").and_then(|id| dentries.inode(id)), None);
        dentries.exchange((b, "c"), (root, "b"));
        assert_eq!(dentries.find(root, "b"), Some(a));
    }
}
