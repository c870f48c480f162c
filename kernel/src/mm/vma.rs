//! Virtual memory areas: what a stretch of an address space is for, and what may be done there.

use crate::base::InodeId;

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
    /// `r--`
    pub const R: Self = Self { read: true, write: false, execute: false };
    /// `rw-`
    pub const RW: Self = Self { read: true, write: true, execute: false };
    /// `r-x`
    pub const RX: Self = Self { read: true, write: false, execute: true };
}

/// What the pages of an area are before somebody writes to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Backing {
    /// Zeroes.
    Anonymous,
    /// Pages of a file.
    File {
        /// The file.
        inode: InodeId,
        /// Which of its pages the area's first page is.
        page: u64,
    },
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
    /// What is there.
    pub backing: Backing,
    /// What it is for: `[text]`, `[heap]`, `[stack]` …, as /proc/PID/maps names it.
    pub name: &'static str,
}

impl Vma {
    /// The part of the area that lies in `start..end`, which must overlap it.
    #[must_use]
    pub fn clip(&self, start: u64, end: u64) -> Self {
        let from = self.start.max(start);
        let backing = match self.backing {
            Backing::File { inode, page } => {
                Backing::File { inode, page: page + (from - self.start) / 4096 }
            }
            Backing::Anonymous => Backing::Anonymous,
        };
        Self { start: from, end: self.end.min(end), backing, ..*self }
    }

    /// Whether an area that touches this one could as well be part of it. Only anonymous memory without a purpose
    /// of its own is joined; Linux joins neighbouring pages of a file too.
    #[must_use]
    pub fn can_join(&self, other: &Self) -> bool {
        let plain = self.backing == Backing::Anonymous && self.name.is_empty();
        plain && (self.rights, self.backing, self.name) == (other.rights, other.backing, other.name)
    }
}
