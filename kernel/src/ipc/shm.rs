//! System V shared memory: segments with keys (shmget(2), shmctl(2), sysvipc(7)).
//!
//! A segment is a memory object with a key, an owner and permissions. It stays when nobody has it attached, until
//! somebody removes it; removed while attached, it goes with the last who has it. The pages belong to `mm`, which knows the object by
//! its id; who has it attached is read from the address spaces.

use crate::abi::Errno;
use crate::base::{Cred, ObjectId, Pid, Time};
use std::collections::BTreeMap;

/// The key of a segment that nobody can find (`IPC_PRIVATE`).
pub const PRIVATE: u32 = 0;
/// How many segments there may be (kernel.shmmni).
pub const MOST_SEGMENTS: usize = 4096;
/// Bit of the mode: removed, and gone when the last one detaches it (`SHM_DEST`).
pub const REMOVED: u32 = 0o1000;
/// Bit of the mode: locked in memory (`SHM_LOCKED`).
pub const LOCKED: u32 = 0o2000;

/// A segment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Segment {
    /// Its key; [`PRIVATE`] also when it was removed.
    pub key: u32,
    /// Its pages.
    pub object: ObjectId,
    /// Its size in bytes, as it was asked for.
    pub size: u64,
    /// The owner.
    pub uid: u32,
    /// The owner's group.
    pub gid: u32,
    /// Who made it.
    pub creator: (u32, u32),
    /// Permissions in the low nine bits, [`REMOVED`], [`LOCKED`].
    pub mode: u32,
    /// The process that made it.
    pub creator_pid: Pid,
    /// The process that attached or detached it last.
    pub last_pid: Pid,
    /// When it was attached last.
    pub attached_at: Option<Time>,
    /// When it was detached last.
    pub detached_at: Option<Time>,
    /// When it was made, or changed by IPC_SET.
    pub changed_at: Time,
    /// How often its slot had been used before.
    sequence: u32,
}

impl Segment {
    /// Whether somebody may use it in the ways of these bits (4 to read, 2 to write), by sysvipc(7).
    #[must_use]
    pub fn permits(&self, cred: &Cred, want: u32) -> bool {
        let class = if cred.euid == self.uid || cred.euid == self.creator.0 {
            6
        } else if [self.gid, self.creator.1]
            .iter()
            .any(|gid| *gid == cred.egid || cred.groups.contains(gid))
        {
            3
        } else {
            0
        };
        cred.is_root() || self.mode >> class & want == want
    }

    /// How often its slot had been used before.
    #[must_use]
    pub fn sequence(&self) -> u32 {
        self.sequence
    }

    /// Whether somebody may change or remove it.
    #[must_use]
    pub fn is_owned_by(&self, cred: &Cred) -> bool {
        cred.is_root() || cred.euid == self.uid || cred.euid == self.creator.0
    }
}

/// All segments. Identifiers are made as Linux makes them: slot, plus 32,768 for each time that a slot has been used before.
#[derive(Clone, Debug, Default, Hash)]
pub struct Segments {
    slots: BTreeMap<u32, Segment>,
    sequence: u32,
}

/// What an identifier is made of.
const SLOTS: u32 = 32_768;

impl Segments {
    /// The segment with an identifier.
    #[must_use]
    pub fn get(&self, id: u32) -> Option<&Segment> {
        self.slots.get(&(id % SLOTS)).filter(|segment| segment.sequence == id / SLOTS)
    }

    /// The same, to change.
    pub fn get_mut(&mut self, id: u32) -> Option<&mut Segment> {
        self.slots.get_mut(&(id % SLOTS)).filter(|segment| segment.sequence == id / SLOTS)
    }

    /// The identifier of the segment with a key.
    #[must_use]
    pub fn find(&self, key: u32) -> Option<u32> {
        let (&slot, segment) =
            self.slots.iter().find(|(_, segment)| segment.key == key && key != PRIVATE)?;
        Some(segment.sequence * SLOTS + slot)
    }

    /// The identifier of the segment whose pages an object has.
    #[must_use]
    pub fn of_object(&self, object: ObjectId) -> Option<u32> {
        let (&slot, segment) = self.slots.iter().find(|(_, segment)| segment.object == object)?;
        Some(segment.sequence * SLOTS + slot)
    }

    /// Adds a segment; returns its identifier.
    ///
    /// # Errors
    /// `ENOSPC` if there are too many.
    pub fn insert(
        &mut self,
        (key, object, size, mode): (u32, ObjectId, u64, u32),
        cred: &Cred,
        (pid, now): (Pid, Time),
    ) -> Result<u32, Errno> {
        if self.slots.len() >= MOST_SEGMENTS {
            return Err(Errno::ENOSPC);
        }
        let slot = (0..).find(|slot| !self.slots.contains_key(slot)).unwrap_or(0);
        let sequence = self.sequence;
        let segment = Segment {
            key,
            object,
            size,
            uid: cred.euid,
            gid: cred.egid,
            creator: (cred.euid, cred.egid),
            mode: mode & 0o777,
            creator_pid: pid,
            last_pid: Pid(0),
            attached_at: None,
            detached_at: None,
            changed_at: now,
            sequence,
        };
        self.slots.insert(slot, segment);
        Ok(sequence * SLOTS + slot)
    }

    /// Takes a segment out.
    pub fn remove(&mut self, id: u32) -> Option<Segment> {
        self.get(id)?;
        // Identifiers must stay positive as an int.
        self.sequence = (self.sequence + 1) % (i32::MAX as u32 / SLOTS);
        self.slots.remove(&(id % SLOTS))
    }

    /// All segments by identifier.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Segment)> {
        self.slots.iter().map(|(&slot, segment)| (segment.sequence * SLOTS + slot, segment))
    }
}

#[cfg(test)]
mod tests {
    use super::Segments;
    use crate::base::{Cred, ObjectId, Pid, Time};

    #[test]
    fn an_identifier_is_never_that_of_the_last_segment_in_its_slot() {
        let mut segments = Segments::default();
        let cred = Cred::default();
        let mut make =
            || segments.insert((7, ObjectId::NONE, 1, 0o600), &cred, (Pid(1), Time::ZERO));
        let first = make().expect("room");
        let _ = segments.remove(first);
        let second = segments.insert((7, ObjectId::NONE, 1, 0o600), &cred, (Pid(1), Time::ZERO));
        assert_ne!(second, Ok(first));
        assert_eq!(segments.get(first), None);
        assert_eq!(segments.find(7), second.ok());
    }
}
