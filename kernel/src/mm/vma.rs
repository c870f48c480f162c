//! Virtual memory areas: what a stretch of an address space is for, and what may be done there.

use crate::base::{InodeId, ObjectId};
use crate::hw::PAGE_SIZE;
use bitflags::bitflags;

/// Bytes of a page, as addresses are counted.
pub(super) const PAGE: u64 = PAGE_SIZE as u64;

/// What may be done with memory (`PROT_*` of mmap(2)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rights {
    /// Loads.
    pub read: bool,
    /// Stores.
    pub write: bool,
    /// Instruction fetches.
    pub execute: bool,
}

impl Rights {
    /// `---`
    pub const NONE: Self = Self { read: false, write: false, execute: false };
    /// `r--`
    pub const R: Self = Self { read: true, write: false, execute: false };
    /// `rw-`
    pub const RW: Self = Self { read: true, write: true, execute: false };
    /// `r-x`
    pub const RX: Self = Self { read: true, write: false, execute: true };
    /// `rwx`
    pub const ALL: Self = Self { read: true, write: true, execute: true };

    /// Whether everything that `wanted` allows is allowed here too.
    #[must_use]
    pub const fn covers(self, wanted: Self) -> bool {
        (self.read || !wanted.read)
            && (self.write || !wanted.write)
            && (self.execute || !wanted.execute)
    }
}

/// What the pages of an area are before somebody writes to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Backing {
    /// Zeroes, private to each space.
    Anonymous,
    /// Pages of a file, in the page cache.
    File {
        /// The file.
        inode: InodeId,
        /// Which of its pages the area's first page is.
        page: u64,
    },
    /// Pages of an object that lives in memory alone: memory shared on purpose, or a program's text.
    Object {
        /// The object.
        object: ObjectId,
        /// Which of its pages the area's first page is.
        page: u64,
    },
}

impl Backing {
    /// The same, `pages` pages further on.
    #[must_use]
    pub const fn skip(self, pages: u64) -> Self {
        match self {
            Self::Anonymous => Self::Anonymous,
            Self::File { inode, page } => Self::File { inode, page: page + pages },
            Self::Object { object, page } => Self::Object { object, page: page + pages },
        }
    }
}

bitflags! {
    /// What else is known of an area (`VM_*` of Linux' `vm_flags`).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct AreaFlags: u32 {
        /// Stores reach whoever else maps the same thing (MAP_SHARED).
        const SHARED = 1;
        /// A stack: a fault just below makes it larger (MAP_GROWSDOWN).
        const GROWS_DOWN = 2;
        /// Its pages stay in memory (mlock(2)).
        const LOCKED = 4;
        /// Pages that come are locked, but none is brought for that (MLOCK_ONFAULT).
        const ON_FAULT = 8;
        /// It does not count against the promise that memory will be there (MAP_NORESERVE).
        const NO_RESERVE = 16;
        /// A child does not get it (MADV_DONTFORK).
        const NO_FORK = 32;
        /// A child gets zeroes instead (MADV_WIPEONFORK).
        const WIPE_ON_FORK = 64;
        /// Read from front to back (MADV_SEQUENTIAL).
        const SEQUENTIAL = 128;
        /// Read here and there (MADV_RANDOM).
        const RANDOM = 256;
        /// Large pages are welcome (MADV_HUGEPAGE).
        const HUGE = 512;
        /// Large pages are not (MADV_NOHUGEPAGE).
        const NO_HUGE = 1024;
        /// No dump of it is wanted (MADV_DONTDUMP).
        const NO_DUMP = 2048;
        /// Pages that look the same may be merged (MADV_MERGEABLE); nobody does so here.
        const MERGEABLE = 4096;
    }
}

/// A virtual memory area. Its bounds are multiples of the page size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Vma {
    /// First address.
    pub start: u64,
    /// One past the last address.
    pub end: u64,
    /// What may be done there.
    pub rights: Rights,
    /// What mprotect(2) may at most allow: a file opened for reading is never written through a shared mapping.
    pub most: Rights,
    /// What is there.
    pub backing: Backing,
    /// What else is known.
    pub flags: AreaFlags,
    /// What it is for: `[text]`, `[heap]`, `[stack]` …, as /proc/PID/maps names it.
    pub name: &'static str,
}

impl Vma {
    /// Private anonymous memory.
    #[must_use]
    pub const fn anonymous(start: u64, end: u64, rights: Rights, name: &'static str) -> Self {
        let (backing, flags) = (Backing::Anonymous, AreaFlags::empty());
        Self { start, end, rights, most: Rights::ALL, backing, flags, name }
    }

    /// How many pages it spans.
    #[must_use]
    pub const fn pages(&self) -> u64 {
        (self.end - self.start) / PAGE
    }

    /// Whether stores reach others.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        self.flags.contains(AreaFlags::SHARED)
    }

    /// Whether it may grow downwards.
    #[must_use]
    pub const fn grows_down(&self) -> bool {
        self.flags.contains(AreaFlags::GROWS_DOWN)
    }

    /// What backs the page of an address, which must lie in the area.
    #[must_use]
    pub const fn backing_at(&self, address: u64) -> Backing {
        self.backing.skip((address - self.start) / PAGE)
    }

    /// Which page of its file or object the page of an address is.
    #[must_use]
    pub const fn index_of(&self, address: u64) -> u64 {
        match self.backing_at(address) {
            Backing::File { page, .. } | Backing::Object { page, .. } => page,
            Backing::Anonymous => 0,
        }
    }

    /// How many pages are promised for it: private memory that may be written needs a frame for each page in the end
    /// (Linux' `VM_ACCOUNT`). Objects are counted once, when they are made.
    #[must_use]
    pub const fn promised(&self) -> u64 {
        let counts = self.rights.write
            && !self.is_shared()
            && !self.flags.contains(AreaFlags::NO_RESERVE)
            && !self.grows_down();
        if counts { self.pages() } else { 0 }
    }

    /// The part of the area that lies in `start..end`, which must overlap it.
    #[must_use]
    pub fn clip(&self, start: u64, end: u64) -> Self {
        let from = self.start.max(start);
        Self { start: from, end: self.end.min(end), backing: self.backing_at(from), ..*self }
    }

    /// Whether an area that begins where this one ends could as well be part of it (Linux' `vma_merge`).
    #[must_use]
    pub fn can_join(&self, next: &Self) -> bool {
        self.end == next.start
            && (self.rights, self.most, self.flags, self.name)
                == (next.rights, next.most, next.flags, next.name)
            && self.backing_at(self.end) == next.backing
    }
}
