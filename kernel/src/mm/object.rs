//! Memory objects: pages that belong to no file and that several spaces may map.
//!
//! Memory that processes share on purpose is an object, whatever the way they came to it: MAP_SHARED without a file and
//! fork(2), System V's shmat(2), a file of memfd_create(2). So is the text of a program, of which all its processes see the same frames.
//! (Linux makes a nameless file on tmpfs for each; Mach and BSD call it a memory object.)

use super::swap::Slot;
use crate::base::{FrameId, InodeId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How somebody came to an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// mmap(2) with MAP_SHARED and MAP_ANONYMOUS.
    Anonymous,
    /// shmget(2).
    SystemV(u32),
    /// memfd_create(2), with its name.
    Memfd(Arc<str>),
    /// A file of a file system in memory.
    File(InodeId),
    /// The text of a program, with the program's name.
    Text(Arc<str>),
}

/// Where a page of an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// In this frame.
    Frame(FrameId),
    /// In the swap area.
    Swapped(Slot),
}

/// An object.
#[derive(Clone, Debug, Hash)]
pub struct Object {
    /// What it is.
    pub kind: Kind,
    /// Its length in bytes. What lies beyond the last page is no memory: SIGBUS.
    pub size: u64,
    /// Pages that were ever touched.
    pub(super) pages: BTreeMap<u64, Place>,
    /// How many pages of address spaces map it.
    pub(super) mapped: u64,
    /// Who else keeps it: a name, an open file.
    pub(super) holds: u32,
    /// How many pages were promised for it.
    pub(super) promised: u64,
}

impl Object {
    /// Its pages that were ever touched.
    pub fn pages(&self) -> impl Iterator<Item = (u64, Place)> {
        self.pages.iter().map(|(&page, &place)| (page, place))
    }

    /// One of its pages.
    #[must_use]
    pub fn page(&self, page: u64) -> Option<Place> {
        self.pages.get(&page).copied()
    }

    /// How many pages of address spaces map it.
    #[must_use]
    pub fn mapped(&self) -> u64 {
        self.mapped
    }
}
