//! Descriptors and open files: POSIX's two tables.
//!
//! A descriptor is a slot in a process's [`FileTable`]; it names an [`OpenFile`], which has the offset and
//! the status flags, and is shared by whoever got it through dup(2) or fork(2).

use crate::abi::{Errno, SignalSet};
use crate::base::{
    ClockTimerId, CounterId, DeviceId, Digester, EpollId, InodeId, Location, ObjectId, OpenFileId,
    OpenFileTag, PipeId, SocketId, Table,
};
use crate::ipc::End;
use std::hash::Hash;
use std::sync::Arc;

/// Devices that are nothing but what the kernel makes of them (null(4), full(4), random(4)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Special {
    /// Swallows what is written; nothing to read.
    Null,
    /// Zeroes to read.
    Zero,
    /// Zeroes to read, and no room to write.
    Full,
    /// Random bytes to read.
    Random,
}

/// Where an open file is in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The name by which it was opened.
    pub at: Location,
    /// What that named.
    pub inode: InodeId,
}

/// What an open file is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// A file or directory.
    Inode(InodeId),
    /// A file that the kernel makes up when it is read.
    Generated(InodeId),
    /// A place in the tree and nothing more (O_PATH).
    Path,
    /// A device that needs no driver.
    Special(Special),
    /// A console.
    Console(DeviceId),
    /// A socket.
    Socket(SocketId),
    /// One end of a pipe.
    Pipe(PipeId, End),
    /// Memory with a descriptor (memfd_create(2)).
    Memory(ObjectId),
    /// A counter (eventfd(2)).
    Counter(CounterId),
    /// A timer (timerfd_create(2)).
    Timer(ClockTimerId),
    /// These signals, when they are sent to whoever asks (signalfd(2)).
    Signals(SignalSet),
    /// A set of descriptors that are watched (epoll(7)).
    Epoll(EpollId),
}

/// An open file ("open file description").
#[derive(Clone, Debug, Hash)]
//DOC: open-file
pub struct OpenFile {
    /// What it is of.
    pub kind: FileKind,
    /// Where the next read or write begins.
    pub offset: u64,
    /// Access mode and status flags, as open(2) takes them.
    pub flags: u32,
    /// Where it is in the tree, if it has a place there.
    pub place: Option<Place>,
    /// What a made-up file said when it was read from its beginning, so that a reader sees one moment.
    pub text: Option<Arc<[u8]>>,
    /// How many refused writes it knows of: fsync(2) tells of more than these, once (Linux' `errseq_t`).
    pub refused: u64,
    /// Descriptors and calls under way that refer to it.
    pub references: u32,
}

impl FileKind {
    /// Whether it is nothing but what stands for something to wait for, and has no bytes and no place in the tree
    /// ("anonymous inode").
    #[must_use]
    pub const fn is_anonymous(&self) -> bool {
        matches!(self, Self::Counter(_) | Self::Timer(_) | Self::Signals(_) | Self::Epoll(_))
    }
}

impl OpenFile {
    /// Whether there is an offset that reads and writes move.
    #[must_use]
    pub const fn has_offset(&self) -> bool {
        matches!(self.kind, FileKind::Inode(_) | FileKind::Generated(_) | FileKind::Memory(_))
    }
}

/// A descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Descriptor {
    /// What it refers to.
    pub file: OpenFileId,
    /// Whether execve(2) closes it (FD_CLOEXEC).
    pub close_on_exec: bool,
}

/// A table of descriptors, shared by the threads of a process.
#[derive(Clone, Debug, Default, Hash)]
pub struct FileTable {
    slots: Vec<Option<Descriptor>>,
    /// Processes that share it.
    pub users: u32,
}

/// No table grows larger, whatever RLIMIT_NOFILE says (/proc/sys/fs/nr_open).
pub const MAX_DESCRIPTORS: usize = 1 << 20;

impl FileTable {
    /// An empty table with one user.
    #[must_use]
    pub fn new() -> Self {
        Self { slots: Vec::new(), users: 1 }
    }

    /// The same descriptors for one more process, which does not share the table. The caller counts the
    /// references to the files.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self { slots: self.slots.clone(), users: 1 }
    }

    /// What a descriptor refers to.
    #[must_use]
    pub fn get(&self, fd: u64) -> Option<Descriptor> {
        self.slots.get(usize::try_from(fd).ok()?).copied().flatten()
    }

    /// The lowest free descriptor that is at least `from` and below `limit` (RLIMIT_NOFILE).
    ///
    /// # Errors
    /// `EMFILE`.
    //DOC: lowest-free
    pub fn lowest_free(&self, from: usize, limit: usize) -> Result<usize, Errno> {
        (from..limit)
            .find(|&fd| self.slots.get(fd).is_none_or(Option::is_none))
            .ok_or(Errno::EMFILE)
    }

    /// Puts a file at the lowest free descriptor that is at least `from` and below `limit`.
    ///
    /// # Errors
    /// `EMFILE`.
    pub fn add(&mut self, descriptor: Descriptor, from: usize, limit: usize) -> Result<u64, Errno> {
        let fd = self.lowest_free(from, limit)?;
        self.set(fd, descriptor);
        Ok(fd as u64)
    }

    /// Puts a file at a descriptor, which the caller has held against the limit; returns what was there.
    pub fn set(&mut self, fd: usize, descriptor: Descriptor) -> Option<Descriptor> {
        if fd >= self.slots.len() {
            self.slots.resize(fd + 1, None);
        }
        self.slots[fd].replace(descriptor)
    }

    /// A descriptor, to change.
    pub fn get_mut(&mut self, fd: u64) -> Option<&mut Descriptor> {
        self.slots.get_mut(usize::try_from(fd).ok()?)?.as_mut()
    }

    /// Frees a descriptor; returns what was there.
    pub fn take(&mut self, fd: u64) -> Option<Descriptor> {
        self.slots.get_mut(usize::try_from(fd).ok()?)?.take()
    }

    /// All descriptors with what they refer to, lowest first.
    pub fn iter(&self) -> impl Iterator<Item = (u64, Descriptor)> {
        self.slots.iter().enumerate().filter_map(|(fd, slot)| Some((fd as u64, (*slot)?)))
    }
}

/// All open files of a machine.
#[derive(Clone, Debug, Default, Hash)]
pub struct OpenFiles {
    table: Table<OpenFileTag, OpenFile>,
}

impl OpenFiles {
    /// Opens a file with one reference.
    pub fn open(&mut self, kind: FileKind, flags: u32, place: Option<Place>) -> OpenFileId {
        let (offset, text, refused, references) = (0, None, 0, 1);
        self.table.insert(OpenFile { kind, offset, flags, place, text, refused, references })
    }

    /// The places of all open files that have one.
    pub fn places(&self) -> impl Iterator<Item = Place> {
        self.table.iter().filter_map(|(_, file)| file.place)
    }

    /// All open files.
    pub fn iter(&self) -> impl Iterator<Item = (OpenFileId, &OpenFile)> {
        self.table.iter()
    }

    /// An open file.
    #[must_use]
    pub fn get(&self, id: OpenFileId) -> Option<&OpenFile> {
        self.table.get(id)
    }

    /// An open file, to change.
    pub fn get_mut(&mut self, id: OpenFileId) -> Option<&mut OpenFile> {
        self.table.get_mut(id)
    }

    /// One more reference.
    pub fn hold(&mut self, id: OpenFileId) {
        if let Some(file) = self.table.get_mut(id) {
            file.references += 1;
        }
    }

    /// One reference less. With the last one the file is closed and returned.
    #[must_use]
    pub fn release(&mut self, id: OpenFileId) -> Option<OpenFile> {
        let file = self.table.get_mut(id)?;
        file.references = file.references.saturating_sub(1);
        if file.references == 0 { self.table.remove(id) } else { None }
    }

    /// Feeds all open files into a digest, but not how many refer to each.
    pub fn hash_without_holds(&self, digester: &mut Digester) {
        for (id, file) in self.table.iter() {
            (id, file.kind, file.offset, file.flags, file.place, file.refused).hash(digester);
        }
    }

    /// How many files are open.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether none is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::{Descriptor, FileKind, FileTable, OpenFiles};
    use crate::abi::Errno;
    use crate::base::DeviceId;

    #[test]
    fn the_lowest_free_descriptor_is_taken() {
        let mut files = OpenFiles::default();
        let file = files.open(FileKind::Console(DeviceId(0)), 0, None);
        let descriptor = Descriptor { file, close_on_exec: false };
        let mut table = FileTable::default();
        for expected in 0..3 {
            assert_eq!(table.add(descriptor, 0, 16), Ok(expected));
        }
        table.take(1);
        assert_eq!(table.add(descriptor, 0, 16), Ok(1));
        assert_eq!(table.add(descriptor, 10, 16), Ok(10));
        assert_eq!(table.add(descriptor, 16, 16), Err(Errno::EMFILE));
        assert_eq!(table.get(u64::MAX), None);
    }

    #[test]
    fn a_file_is_closed_with_its_last_reference() {
        let mut files = OpenFiles::default();
        let file = files.open(FileKind::Console(DeviceId(0)), 0, None);
        files.hold(file);
        assert!(files.release(file).is_none());
        assert!(files.release(file).is_some());
        assert!(files.release(file).is_none(), "a stale id is harmless");
    }
}
