//! From a frame to all who map it: what reclaim, write-back and pictures of sharing need.

use super::pages::Entry;
use super::tables::page_of;
use super::{AreaFlags, Backing, Mm};
use crate::base::{FrameId, InodeId, SpaceId};
use crate::hw::Memory;
use crate::hw::mmu::Pte;

impl Mm {
    /// Whether any address space has an area of this file.
    #[must_use]
    pub fn maps_file(&self, inode: InodeId) -> bool {
        self.all_spaces()
            .flat_map(|(_, space)| space.areas())
            .any(|vma| matches!(vma.backing, Backing::File { inode: of, .. } if of == inode))
    }

    /// Who maps a frame, and at which address. The page of zeroes is not known to be mapped anywhere.
    pub fn mappers(&self, frame: FrameId) -> impl Iterator<Item = (SpaceId, u64)> {
        self.pages
            .entries(frame)
            .iter()
            .filter_map(|entry| self.leaves.get(&entry.table).map(|leaf| (entry, leaf)))
            .flat_map(|(entry, leaf)| {
                let address = page_of(leaf.base, entry.index);
                leaf.users.iter().map(move |&user| (user, address))
            })
            .chain(self.large_owner(frame))
    }

    /// Whether somebody has locked the page in memory (mlock(2)).
    #[must_use]
    pub fn is_locked(&self, frame: FrameId) -> bool {
        self.mappers(frame).any(|(space, address)| {
            let vma = self.spaces.get(space).and_then(|space| space.find(address));
            vma.is_some_and(|vma| vma.flags.contains(AreaFlags::LOCKED))
        })
    }

    /// Whether somebody used a frame since this was asked last: reads the accessed bits of all its entries and clears them.
    pub fn take_accessed(&self, memory: &mut Memory, frame: FrameId) -> bool {
        let mut accessed = false;
        for &Entry { table, index } in self.pages.entries(frame) {
            let pte = memory.ram.word(table, usize::from(index));
            if pte & Pte::ACCESSED != 0 {
                accessed = true;
                memory.ram.set_word(table, usize::from(index), pte & !Pte::ACCESSED);
                self.flush_entry(memory, table, index);
            }
        }
        accessed
    }

    /// From now on the next store to a frame of a shared mapping faults, so that it is noticed (Linux' `page_mkclean`).
    pub fn watch(&self, memory: &mut Memory, frame: FrameId) {
        for &Entry { table, index } in self.pages.entries(frame) {
            let pte = memory.ram.word(table, usize::from(index));
            if pte & Pte::WRITE != 0 {
                let clean = pte & !(Pte::WRITE | Pte::DIRTY);
                memory.ram.set_word(table, usize::from(index), clean);
                self.flush_entry(memory, table, index);
            }
        }
    }

    /// Takes a frame out of all page tables. With a slot of the swap area its place is remembered there, named once more by each.
    pub fn unmap_everywhere(&mut self, memory: &mut Memory, frame: FrameId, slot: Option<u32>) {
        let used = self.pages.used(frame);
        for entry in self.pages.entries(frame).to_vec() {
            let word = slot.map_or(0, |slot| Pte::swapped(slot).0);
            memory.ram.set_word(entry.table, usize::from(entry.index), word);
            self.flush_entry(memory, entry.table, entry.index);
            if let (Some(slot), Some(swap)) = (slot, &mut self.swap) {
                swap.share(slot);
            }
            let users = self.leaves.get(&entry.table).map(|leaf| leaf.users.clone());
            for user in users.unwrap_or_default() {
                if let Some(space) = self.spaces.get_mut(user) {
                    space.loses(used);
                    space.rss.swapped += u64::from(slot.is_some());
                }
            }
            self.pages.unlink(frame, entry);
            self.release_frame(memory, frame);
        }
    }

    /// Forgets an entry on all CPUs, for all spaces that use its table.
    fn flush_entry(&self, memory: &mut Memory, table: FrameId, index: u16) {
        if let Some(leaf) = self.leaves.get(&table) {
            for &user in &leaf.users {
                self.flush_page(user, memory, page_of(leaf.base, index));
            }
        }
    }
}
