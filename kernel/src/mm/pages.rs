//! What each frame is used for, and where it is mapped: Linux' `struct page`.
//!
//! The reverse map answers "who sees this frame?", which reclaim needs to take a frame away from everybody, and a picture
//! of sharing to draw its lines. A frame's chain lists places in *page tables*, not in spaces: a table that is shared after
//! fork(2) stands in a chain once, however many spaces use it. (Linux 2.5 had such chains; today it finds the places through areas,
//! which costs less memory and more code.)

use crate::base::{BlockNumber, DeviceId, FrameId, InodeId, ObjectId};

/// What a frame is used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Use {
    /// For nothing: it is free.
    #[default]
    Free,
    /// By the kernel itself, or by a device.
    Kernel,
    /// For nothing yet: it lies in a block of a machine that divides its memory into such.
    Reserved,
    /// The page of zeroes that everybody sees who has read and not yet written.
    Zero,
    /// A page table.
    Table,
    /// Private memory of processes.
    Anonymous,
    /// A page of a memory object.
    Object {
        /// The object.
        object: ObjectId,
        /// Which of its pages.
        page: u64,
    },
    /// A page of a file, in the page cache.
    File {
        /// The file.
        inode: InodeId,
        /// Which of its pages.
        page: u64,
    },
    /// A block of a device, in the page cache: metadata.
    Buffer {
        /// The device.
        device: DeviceId,
        /// The block.
        block: BlockNumber,
    },
}

impl Use {
    /// Whether the page may be taken away when memory is short.
    #[must_use]
    pub const fn may_go(self) -> bool {
        matches!(self, Self::Anonymous | Self::Object { .. } | Self::File { .. })
    }
}

/// An entry of a page table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry {
    /// The table.
    pub table: FrameId,
    /// Which of its entries.
    pub index: u16,
}

/// Where a frame is mapped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
enum Chain {
    #[default]
    Nowhere,
    /// In one place, as most are: this needs no memory of its own.
    Once(Entry),
    Often(Vec<Entry>),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Page {
    used: Use,
    chain: Chain,
}

/// What is known of each frame, up to the highest one ever used.
#[derive(Clone, Debug, Default, Hash)]
pub struct Pages {
    pages: Vec<Page>,
}

impl Pages {
    #[inline]
    fn page_mut(&mut self, frame: FrameId) -> &mut Page {
        let at = frame.0 as usize;
        if at >= self.pages.len() {
            self.pages.resize_with(at + 1, Page::default);
        }
        &mut self.pages[at]
    }

    /// A frame is used for something, from now on.
    #[inline]
    pub fn set_use(&mut self, frame: FrameId, used: Use) {
        self.page_mut(frame).used = used;
    }

    /// What a frame is used for.
    #[inline]
    #[must_use]
    pub fn used(&self, frame: FrameId) -> Use {
        self.pages.get(frame.0 as usize).map_or(Use::Free, |page| page.used)
    }

    /// The entries that map a frame. The page of zeroes has none: it is mapped too often for it to be worth while.
    #[must_use]
    pub fn entries(&self, frame: FrameId) -> &[Entry] {
        match self.pages.get(frame.0 as usize).map(|page| &page.chain) {
            Some(Chain::Once(entry)) => std::slice::from_ref(entry),
            Some(Chain::Often(entries)) => entries,
            Some(Chain::Nowhere) | None => &[],
        }
    }

    /// Whether a frame is mapped anywhere.
    #[must_use]
    pub fn is_mapped(&self, frame: FrameId) -> bool {
        !self.entries(frame).is_empty()
    }

    /// A frame is mapped in one more place.
    #[inline]
    pub(super) fn link(&mut self, frame: FrameId, entry: Entry) {
        let page = self.page_mut(frame);
        match &mut page.chain {
            _ if page.used == Use::Zero => {}
            Chain::Nowhere => page.chain = Chain::Once(entry),
            Chain::Once(first) => page.chain = Chain::Often(vec![*first, entry]),
            Chain::Often(entries) => entries.push(entry),
        }
    }

    /// A frame is mapped in one place less.
    #[inline]
    pub(super) fn unlink(&mut self, frame: FrameId, entry: Entry) {
        let page = self.page_mut(frame);
        match &mut page.chain {
            Chain::Nowhere => {}
            Chain::Once(only) => {
                if *only == entry {
                    page.chain = Chain::Nowhere;
                }
            }
            Chain::Often(entries) => {
                entries.retain(|other| *other != entry);
                match entries[..] {
                    [] => page.chain = Chain::Nowhere,
                    [last] => page.chain = Chain::Once(last),
                    _ => {}
                }
            }
        }
    }

    /// Everything that is known of frames in use.
    pub fn iter(&self) -> impl Iterator<Item = (FrameId, Use)> {
        self.pages.iter().enumerate().map(|(n, page)| (FrameId(n as u32), page.used))
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Pages, Use};
    use crate::base::FrameId;

    #[test]
    fn a_chain_grows_and_shrinks() {
        let mut pages = Pages::default();
        let entry = |index| Entry { table: FrameId(1), index };
        pages.set_use(FrameId(7), Use::Anonymous);
        for index in 0..3 {
            pages.link(FrameId(7), entry(index));
        }
        pages.unlink(FrameId(7), entry(1));
        assert_eq!(pages.entries(FrameId(7)), [entry(0), entry(2)]);
        pages.unlink(FrameId(7), entry(0));
        pages.unlink(FrameId(7), entry(2));
        assert!(!pages.is_mapped(FrameId(7)));
    }
}
