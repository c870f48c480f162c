//! Advisory locks on files: those of fcntl(2), on ranges of bytes, and those of flock(2), on whole files.
//!
//! A lock has an owner. A record lock of POSIX belongs to a process (by its file table) and goes with the first close of
//! the file there; an open-file-description lock, and one of flock(2), belong to the open file and go with that.

use crate::base::{FilesId, OpenFileId, Pid};

/// Whose a lock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// A process': F_SETLK.
    Process(FilesId),
    /// An open file's: F_OFD_SETLK.
    File(OpenFileId),
    /// An open file's, as a whole: flock(2). It does not know of the others.
    Whole(OpenFileId),
}

impl Owner {
    /// Locks of flock(2) and those of fcntl(2) do not know each other.
    fn is_apart(self, other: Self) -> bool {
        matches!(self, Self::Whole(_)) != matches!(other, Self::Whole(_))
    }
}

/// A lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lock {
    /// Whose.
    pub owner: Owner,
    /// The process that asked for it, for F_GETLK and /proc/locks.
    pub pid: Pid,
    /// Nobody else may have one (F_WRLCK, LOCK_EX).
    pub is_exclusive: bool,
    /// First byte.
    pub start: u64,
    /// Last byte, inclusive; `i64::MAX` is the end of the file wherever that is.
    pub end: u64,
}

impl Lock {
    fn overlaps(&self, other: &Self) -> bool {
        self.start <= other.end && other.start <= self.end
    }

    fn excludes(&self, other: &Self) -> bool {
        self.owner != other.owner
            && !self.owner.is_apart(other.owner)
            && (self.is_exclusive || other.is_exclusive)
            && self.overlaps(other)
    }
}

/// The locks on a file, lowest start first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Locks {
    held: Vec<Lock>,
}

impl Locks {
    /// The first lock that stands in the way of a new one.
    #[must_use]
    pub fn conflict(&self, wanted: &Lock) -> Option<&Lock> {
        self.held.iter().find(|held| held.excludes(wanted))
    }

    /// Gives the owner a lock, in place of what it had on those bytes; neighbours of the same kind become one.
    pub fn set(&mut self, mut new: Lock) {
        self.clear(new.owner, new.start, new.end);
        let joins = |held: &Lock| {
            held.owner == new.owner
                && held.is_exclusive == new.is_exclusive
                && held.start <= new.end.saturating_add(1)
                && new.start <= held.end.saturating_add(1)
        };
        let (joined, rest): (Vec<Lock>, Vec<Lock>) = self.held.iter().partition(|held| joins(held));
        for held in joined {
            new.start = new.start.min(held.start);
            new.end = new.end.max(held.end);
        }
        self.held = rest;
        let at = self.held.partition_point(|held| held.start <= new.start);
        self.held.insert(at, new);
    }

    /// Takes an owner's locks off a range of bytes; a lock that reaches over both ends becomes two. Whether there was any.
    pub fn clear(&mut self, owner: Owner, start: u64, end: u64) -> bool {
        let mut left = Vec::with_capacity(self.held.len());
        let mut any = false;
        for held in self.held.drain(..) {
            if held.owner != owner || held.end < start || held.start > end {
                left.push(held);
                continue;
            }
            any = true;
            if held.start < start {
                left.push(Lock { end: start - 1, ..held });
            }
            if held.end > end {
                left.push(Lock { start: end + 1, ..held });
            }
        }
        self.held = left;
        any
    }

    /// Whether nobody has any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// All locks.
    pub fn iter(&self) -> impl Iterator<Item = &Lock> {
        self.held.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::{Lock, Locks, Owner};
    use crate::base::{FilesId, Pid, Table};

    fn owners() -> (Owner, Owner) {
        let mut table: Table<_, ()> = Table::default();
        let (a, b): (FilesId, FilesId) = (table.insert(()), table.insert(()));
        (Owner::Process(a), Owner::Process(b))
    }

    fn lock(owner: Owner, is_exclusive: bool, start: u64, end: u64) -> Lock {
        Lock { owner, pid: Pid(1), is_exclusive, start, end }
    }

    #[test]
    fn readers_share_and_a_writer_excludes() {
        let (a, b) = owners();
        let mut locks = Locks::default();
        locks.set(lock(a, false, 0, 9));
        assert_eq!(locks.conflict(&lock(b, false, 0, 9)), None);
        assert!(locks.conflict(&lock(b, true, 9, 20)).is_some());
        assert_eq!(locks.conflict(&lock(b, true, 10, 20)), None);
        assert_eq!(locks.conflict(&lock(a, true, 0, 9)), None, "nobody stands in their own way");
    }

    #[test]
    fn unlocking_the_middle_leaves_two_and_locking_it_again_leaves_one() {
        let (a, _) = owners();
        let mut locks = Locks::default();
        locks.set(lock(a, true, 0, 99));
        assert!(locks.clear(a, 40, 59));
        let ranges: Vec<_> = locks.iter().map(|held| (held.start, held.end)).collect();
        assert_eq!(ranges, [(0, 39), (60, 99)]);
        locks.set(lock(a, true, 40, 59));
        let ranges: Vec<_> = locks.iter().map(|held| (held.start, held.end)).collect();
        assert_eq!(ranges, [(0, 99)]);
    }
}
