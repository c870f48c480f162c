//! The swap area: which of its slots are in use, and how often each is named.
//!
//! A slot is a block of a disk. It is named by page-table entries and by memory objects, and its data may be in the
//! page cache as well, under the disk's block: on its way out, on its way in, or not yet thrown away. That is the
//! *swap cache*; with it two spaces that fault on one slot find one frame. (As in Linux since 2.4.)

use crate::base::{BlockNumber, DeviceId, FrameId};
use std::collections::{BTreeMap, BTreeSet};

/// A slot of the swap area.
pub type Slot = u32;

/// A swap area on a disk.
#[derive(Clone, Debug, Hash)]
pub struct SwapArea {
    /// The disk.
    pub device: DeviceId,
    /// How often each slot is named.
    names: Vec<u32>,
    /// Slots that nobody names and whose data is not in the cache.
    free: BTreeSet<Slot>,
    /// Slots that nobody names any more; their data may be in the cache.
    orphans: BTreeSet<Slot>,
    /// How many pages had been swapped out when each slot was filled.
    filled: Vec<u64>,
    /// Frames that hold a slot's data, in the cache.
    cached: BTreeMap<FrameId, Slot>,
}

impl SwapArea {
    /// An area of `slots` slots on a disk.
    #[must_use]
    pub fn new(device: DeviceId, slots: u32) -> Self {
        Self {
            device,
            names: vec![0; slots as usize],
            free: (0..slots).collect(),
            orphans: BTreeSet::new(),
            filled: vec![0; slots as usize],
            cached: BTreeMap::new(),
        }
    }

    /// The block of a slot.
    #[must_use]
    pub const fn block(slot: Slot) -> BlockNumber {
        BlockNumber(slot as u64)
    }

    /// A slot that is in nobody's use, the lowest first; it is named once.
    pub fn allocate(&mut self) -> Option<Slot> {
        let slot = self.free.pop_first()?;
        self.names[slot as usize] = 1;
        Some(slot)
    }

    /// A slot is named once more.
    pub fn share(&mut self, slot: Slot) {
        if let Some(names) = self.names.get_mut(slot as usize) {
            *names += 1;
        }
    }

    /// A slot is named once less. One that nobody names waits until [`forget`](Self::forget).
    pub fn release(&mut self, slot: Slot) {
        if let Some(names) = self.names.get_mut(slot as usize) {
            *names = names.saturating_sub(1);
            if *names == 0 {
                self.orphans.insert(slot);
            }
        }
    }

    /// How often a slot is named.
    #[must_use]
    pub fn names(&self, slot: Slot) -> u32 {
        self.names.get(slot as usize).copied().unwrap_or(0)
    }

    /// Slots that nobody names any more.
    pub fn orphans(&self) -> impl Iterator<Item = Slot> {
        self.orphans.iter().copied()
    }

    /// A slot that nobody names is out of the cache as well: it is free.
    pub fn forget(&mut self, slot: Slot) {
        if self.orphans.remove(&slot) {
            self.free.insert(slot);
        }
    }

    /// Whether there is a slot for one more page.
    #[must_use]
    pub fn has_room(&self) -> bool {
        !self.free.is_empty()
    }

    /// A slot is filled, as that many were before.
    pub fn fill(&mut self, slot: Slot, before: u64) {
        if let Some(filled) = self.filled.get_mut(slot as usize) {
            *filled = before;
        }
    }

    /// How many had been filled before a slot was.
    #[must_use]
    pub fn filled(&self, slot: Slot) -> u64 {
        self.filled.get(slot as usize).copied().unwrap_or(0)
    }

    /// A frame in the cache holds a slot's data.
    pub fn cache(&mut self, frame: FrameId, slot: Slot) {
        self.cached.insert(frame, slot);
    }

    /// A frame does not any more.
    pub fn uncache(&mut self, frame: FrameId) {
        self.cached.remove(&frame);
    }

    /// Whose data a frame in the cache holds.
    #[must_use]
    pub fn cached_in(&self, frame: FrameId) -> Option<Slot> {
        self.cached.get(&frame).copied()
    }

    /// How many frames hold a slot's data, in the cache (SwapCached of /proc/meminfo).
    #[must_use]
    pub fn cached_frames(&self) -> usize {
        self.cached.len()
    }

    /// How many slots there are.
    #[must_use]
    pub fn size(&self) -> u32 {
        self.names.len() as u32
    }

    /// How many of them are named.
    #[must_use]
    pub fn used(&self) -> u32 {
        self.size() - (self.free.len() + self.orphans.len()) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::SwapArea;
    use crate::base::DeviceId;

    #[test]
    fn a_slot_is_free_when_nobody_names_it_and_the_cache_has_let_go() {
        let mut area = SwapArea::new(DeviceId(1), 1);
        let slot = area.allocate().expect("a slot");
        area.share(slot);
        area.release(slot);
        assert_eq!((area.names(slot), area.used()), (1, 1));
        area.release(slot);
        assert_eq!(area.allocate(), None, "its data may still be in the cache");
        area.forget(slot);
        assert_eq!(area.allocate(), Some(slot));
    }
}
