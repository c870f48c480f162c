//! Names for things: typed ids with generations, the tables behind them, and plain numbers.
//!
//! Kernel objects live in slabs ([`Table`]) and are named by an [`Id`]: a slot and a generation. A slot
//! is used again, a generation never is, so an id that outlived its object finds nothing instead of a
//! stranger. The tags make a thread's id and a process's id two types. This is what Hubris does with
//! task ids and what generational arenas do; xv6 hands out raw pointers and has to lock instead.
//!
//! The tags for objects of higher layers stand here, so that one layer-5 subsystem can name what
//! another one owns without importing it.

use serde::{Deserialize, Serialize};
use slab::Slab;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

/// A slot in a [`Table`] together with the generation that filled it.
pub struct Id<Tag> {
    index: u32,
    generation: u32,
    tag: PhantomData<fn() -> Tag>,
}

impl<Tag> Id<Tag> {
    /// An id that no table ever hands out.
    pub const NONE: Self = Self { index: u32::MAX, generation: 0, tag: PhantomData };

    /// The least of all ids: where a range of them begins.
    pub const FIRST: Self = Self { index: 0, generation: 0, tag: PhantomData };

    /// The slot, for dense side tables. Two ids of different generations may share it.
    #[must_use]
    pub const fn index(self) -> usize {
        self.index as usize
    }

    /// Slot and generation in one word, for use as a number (never 0).
    #[must_use]
    pub const fn bits(self) -> u64 {
        (self.generation as u64) << 32 | self.index as u64
    }
}

impl<Tag> Clone for Id<Tag> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<Tag> Copy for Id<Tag> {}
impl<Tag> PartialEq for Id<Tag> {
    fn eq(&self, other: &Self) -> bool {
        self.bits() == other.bits()
    }
}
impl<Tag> Eq for Id<Tag> {}
impl<Tag> PartialOrd for Id<Tag> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<Tag> Ord for Id<Tag> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.index, self.generation).cmp(&(other.index, other.generation))
    }
}
impl<Tag> Hash for Id<Tag> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.bits());
    }
}
impl<Tag> fmt::Debug for Id<Tag> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}.{}", self.index, self.generation)
    }
}

/// A slab whose entries are named by [`Id`]s. Every operation is O(1).
#[derive(Clone, Debug)]
pub struct Table<Tag, T> {
    slots: Slab<(u32, T)>,
    next_generation: u32,
    tag: PhantomData<fn() -> Tag>,
}

impl<Tag, T> Default for Table<Tag, T> {
    fn default() -> Self {
        Self { slots: Slab::new(), next_generation: 1, tag: PhantomData }
    }
}

impl<Tag, T> Table<Tag, T> {
    /// The id that the next [`insert`](Self::insert) will return.
    #[must_use]
    pub fn next_id(&self) -> Id<Tag> {
        Id {
            index: self.slots.vacant_key() as u32,
            generation: self.next_generation,
            tag: PhantomData,
        }
    }

    /// Puts `value` into the lowest free slot the slab offers and names it.
    pub fn insert(&mut self, value: T) -> Id<Tag> {
        let id = self.next_id();
        self.slots.insert((id.generation, value));
        // Wraps after 2³² objects; 0 is skipped, so that `bits` is never 0.
        self.next_generation = self.next_generation.wrapping_add(1).max(1);
        id
    }

    /// The object, unless it is gone.
    #[must_use]
    pub fn get(&self, id: Id<Tag>) -> Option<&T> {
        match self.slots.get(id.index as usize) {
            Some((generation, value)) if *generation == id.generation => Some(value),
            _ => None,
        }
    }

    /// The object, to change, unless it is gone.
    pub fn get_mut(&mut self, id: Id<Tag>) -> Option<&mut T> {
        match self.slots.get_mut(id.index as usize) {
            Some((generation, value)) if *generation == id.generation => Some(value),
            _ => None,
        }
    }

    /// Two different objects, to change, unless one of them is gone.
    pub fn get_two_mut(&mut self, a: Id<Tag>, b: Id<Tag>) -> Option<(&mut T, &mut T)> {
        if a == b || self.get(a).is_none() || self.get(b).is_none() {
            return None;
        }
        let ((_, a), (_, b)) = self.slots.get2_mut(a.index as usize, b.index as usize)?;
        Some((a, b))
    }

    /// Takes the object out; its slot is free again.
    pub fn remove(&mut self, id: Id<Tag>) -> Option<T> {
        self.get(id)?;
        self.slots.try_remove(id.index as usize).map(|(_, value)| value)
    }

    /// How many objects there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// All objects in the order of their slots.
    pub fn iter(&self) -> impl Iterator<Item = (Id<Tag>, &T)> {
        self.slots.iter().map(|(index, (generation, value))| {
            (Id { index: index as u32, generation: *generation, tag: PhantomData }, value)
        })
    }

    /// All objects in the order of their slots, to change.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Id<Tag>, &mut T)> {
        self.slots.iter_mut().map(|(index, (generation, value))| {
            (Id { index: index as u32, generation: *generation, tag: PhantomData }, value)
        })
    }
}

impl<Tag, T: Hash> Hash for Table<Tag, T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.next_generation.hash(state);
        self.len().hash(state);
        for (id, value) in self.iter() {
            id.hash(state);
            value.hash(state);
        }
    }
}

/// Makes an uninhabited tag type and the id type that carries it.
macro_rules! ids {
    ($($(#[$doc:meta])* $id:ident = $tag:ident;)*) => {$(
        /// Tag of the id type of the same name; never a value.
        #[derive(Clone, Copy, Debug)]
        pub enum $tag {}
        $(#[$doc])*
        pub type $id = Id<$tag>;
    )*};
}

ids! {
    /// A thread: what a scheduler schedules.
    ThreadId = ThreadTag;
    /// A process: what owns an address space, a file table and children.
    ProcessId = ProcessTag;
    /// An address space.
    SpaceId = SpaceTag;
    /// A table of file descriptors.
    FilesId = FilesTag;
    /// A working directory and a umask ("fs" in Linux' `task_struct`).
    FsInfoId = FsInfoTag;
    /// A table of signal actions ("sighand" in Linux' `task_struct`).
    HandlersId = HandlersTag;
    /// A pipe.
    PipeId = PipeTag;
    /// A counter with a descriptor (eventfd(2)).
    CounterId = CounterTag;
    /// A timer with a descriptor (timerfd_create(2)).
    ClockTimerId = ClockTimerTag;
    /// An epoll instance (epoll(7)).
    EpollId = EpollTag;
    /// What an epoll instance wants to know of one open file.
    InterestId = InterestTag;
    /// An open-file object ("open file description" in POSIX).
    OpenFileId = OpenFileTag;
    /// A socket.
    SocketId = SocketTag;
    /// A memory object: pages that several address spaces map.
    ObjectId = ObjectTag;
    /// A name in a directory, as the kernel remembers it.
    DentryId = DentryTag;
    /// A file system at a place in the tree.
    MountId = MountTag;
    /// Whose turn it is among the threads of a script.
    BoardId = BoardTag;
    /// A guest machine that this machine hosts.
    GuestId = GuestTag;
}

/// Makes a newtype around a number.
macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident($of:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $of);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    )*};
}

numbers! {
    /// A machine of the world, in the order of the world's description.
    MachineId(u16);
    /// A CPU of a machine.
    CpuId(u16);
    /// A device of a machine, in the order in which the bus found them.
    DeviceId(u16);
    /// A network interface of a machine.
    PortId(u16);
    /// A physical frame: physical address / 4096.
    FrameId(u32);
    /// A block of 4096 bytes on a block device.
    BlockNumber(u64);
    /// A server task of a microkernel.
    ServerId(u8);
    /// A number that names a thread in the log and is never given to another one.
    Serial(u32);
    /// A process or thread number as user programs see it: 1..=4194304 (Linux' `pid_max` on 64 bits).
    Pid(u32);
    /// A request that is followed through programs, kernels and wires; 0 is "none".
    RequestId(u32);
}

impl RequestId {
    /// No request.
    pub const NONE: Self = Self(0);
}

/// A file system's object: the mounted file system and the number of the inode in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InodeId {
    /// The mounted file system.
    pub fs: u16,
    /// The inode's number there.
    pub number: u64,
}

/// A place in the tree of files: `struct path` of Linux. The same name may be reached through several mounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// Through which mount.
    pub mount: MountId,
    /// The name there.
    pub dentry: DentryId,
}

#[cfg(test)]
mod tests {
    use super::{Table, ThreadTag};

    #[test]
    fn an_id_that_outlived_its_object_finds_nothing() {
        let mut table: Table<ThreadTag, &str> = Table::default();
        let first = table.insert("first");
        assert_eq!(table.remove(first), Some("first"));
        let second = table.insert("second");
        assert_eq!(first.index(), second.index(), "the slot is used again");
        assert_eq!(table.get(first), None);
        assert_eq!(table.remove(first), None);
        assert_eq!(table.get(second), Some(&"second"));
    }

    #[test]
    fn next_id_tells_what_insert_returns() {
        let mut table: Table<ThreadTag, u8> = Table::default();
        for n in 0..3 {
            let told = table.next_id();
            assert_eq!(table.insert(n), told);
        }
    }
}
