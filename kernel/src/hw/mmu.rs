//! Address translation: Sv39 page tables, their walker, and a TLB.
//!
//! RISC-V Privileged Specification 20211203, §4.4 "Sv39": a virtual address has 39 bits, three levels of
//! tables with 512 entries of 8 bytes, pages of 4096 bytes. The tables lie in the emulated RAM. Accessed
//! and dirty bits are set by the walker, as the Svadu extension does; a store through a TLB entry that has
//! not seen one walks again, so that the dirty bit in memory is never missed.
//!
//! The TLB is direct-mapped, tagged with an address-space number wider than the 16 bits of `satp`, so that
//! the kernel never has to recycle one.

use super::ram::Ram;
use crate::abi::{Access, Fault};
use crate::base::FrameId;
use std::collections::BTreeSet;

/// One past the highest address of user space: Sv39's lower half.
pub const USER_END: u64 = 1 << 38;

/// A page-table entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pte(pub u64);

impl Pte {
    /// The entry counts.
    pub const VALID: u64 = 1;
    /// Loads are allowed.
    pub const READ: u64 = 1 << 1;
    /// Stores are allowed.
    pub const WRITE: u64 = 1 << 2;
    /// Instructions may be fetched.
    pub const EXECUTE: u64 = 1 << 3;
    /// User mode may use it.
    pub const USER: u64 = 1 << 4;
    /// Somebody read, wrote or fetched through it.
    pub const ACCESSED: u64 = 1 << 6;
    /// Somebody wrote through it.
    pub const DIRTY: u64 = 1 << 7;
    /// First of the two bits left to software: the frame is shared copy-on-write.
    pub const COPY_ON_WRITE: u64 = 1 << 8;
    /// In an entry that does not count, where all other bits are software's: it keeps a frame to which nothing is
    /// allowed at the moment (PROT_NONE). The hardware's own bit here, "global", is free in such an entry; Linux on
    /// RISC-V uses the same one.
    pub const HIDDEN: u64 = 1 << 5;
    /// In an entry that does not count: the page is in the swap area, in the slot that stands where the frame would.
    pub const SWAPPED: u64 = 1 << 9;

    /// An entry that maps `frame` with `flags`.
    #[must_use]
    pub const fn new(frame: FrameId, flags: u64) -> Self {
        Self((frame.0 as u64) << 10 | flags)
    }
    /// The frame it points to.
    #[must_use]
    pub const fn frame(self) -> FrameId {
        FrameId((self.0 >> 10) as u32)
    }
    /// An entry for a page in this slot of the swap area.
    #[must_use]
    pub const fn swapped(slot: u32) -> Self {
        Self((slot as u64) << 10 | Self::SWAPPED)
    }
    /// The slot of the swap area, if the page is there.
    #[must_use]
    pub const fn slot(self) -> Option<u32> {
        if self.0 & (Self::VALID | Self::SWAPPED) == Self::SWAPPED {
            Some((self.0 >> 10) as u32)
        } else {
            None
        }
    }
    /// Whether it keeps a frame, be it with or without any rights.
    #[must_use]
    pub const fn keeps_frame(self) -> bool {
        self.0 & (Self::VALID | Self::HIDDEN) != 0
    }
    /// The entry that a small page at this address would have, if this one maps it as part of a page of `level`.
    #[must_use]
    pub const fn piece(self, address: u64, level: u32) -> Self {
        let pages = if level == 0 { 0 } else { address >> 12 & ((1 << (9 * level)) - 1) };
        Self(self.0 + (pages << 10))
    }
    /// Whether all of `flags` are set.
    #[must_use]
    pub const fn has(self, flags: u64) -> bool {
        self.0 & flags == flags
    }
    /// Whether it maps a page, and is not a pointer to the next level.
    #[must_use]
    pub const fn is_leaf(self) -> bool {
        self.0 & (Self::READ | Self::WRITE | Self::EXECUTE) != 0
    }
}

/// The index into the table of `level` (2 is the root) for a virtual address.
#[must_use]
pub const fn table_index(address: u64, level: u32) -> usize {
    (address >> (12 + 9 * level) & 511) as usize
}

const fn wanted(access: Access) -> u64 {
    match access {
        Access::Load => Pte::VALID | Pte::USER | Pte::READ,
        Access::Store | Access::Misaligned => Pte::VALID | Pte::USER | Pte::READ | Pte::WRITE,
        Access::Execute => Pte::VALID | Pte::USER | Pte::EXECUTE,
    }
}

/// Finds the entry that maps a user address, or would: its table, its place there, and its level. Level 1 is that of a large page,
/// of 2 MiB: its entry points to no table. Larger ones are not used.
fn last_entry(ram: &Ram, root: FrameId, address: u64) -> Option<(FrameId, usize, u32)> {
    if address >= USER_END {
        return None;
    }
    let mut table = root;
    for level in [2, 1] {
        let index = table_index(address, level);
        let entry = Pte(ram.word(table, index));
        if !entry.has(Pte::VALID) {
            return None;
        }
        if entry.is_leaf() {
            return (level == 1).then_some((table, index, level));
        }
        table = entry.frame();
    }
    Some((table, table_index(address, 0), 0))
}

/// The frame behind an address that the user may read, found without leaving a trace.
#[must_use]
pub fn peek(ram: &Ram, root: FrameId, address: u64) -> Option<FrameId> {
    let (table, index, level) = last_entry(ram, root, address)?;
    let entry = Pte(ram.word(table, index)).piece(address, level);
    entry.has(wanted(Access::Load)).then(|| entry.frame())
}

/// Walks the tables for user mode and sets the accessed and dirty bits. Returns the entry for the page of 4 KiB, and whether it is a
/// piece of a large one.
///
/// # Errors
/// The [`Fault`] that the hardware would raise.
//DOC: walk
pub fn walk(
    ram: &mut Ram,
    root: FrameId,
    address: u64,
    access: Access,
) -> Result<(Pte, bool), Fault> {
    let fault = Fault { address, access };
    let (table, index, level) = last_entry(ram, root, address).ok_or(fault)?;
    let entry = Pte(ram.word(table, index));
    if !entry.has(wanted(access)) {
        return Err(fault);
    }
    let dirty = if access == Access::Store { Pte::DIRTY } else { 0 };
    let marked = Pte(entry.0 | Pte::ACCESSED | dirty);
    if marked != entry {
        ram.set_word(table, index, marked.0);
    }
    Ok((marked.piece(address, level), level > 0))
}

const ENTRIES: usize = 256;
/// How many large pages it remembers beside the small ones.
const LARGE_ENTRIES: usize = 32;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Entry {
    /// Address-space number and virtual page number, plus 1; 0 is an empty slot.
    tag: u64,
    pte: Pte,
}

/// A CPU's cache of translations.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tlb {
    entries: Vec<Entry>,
    /// Translations of large pages: the entry of their first small page, under the address of that.
    large: Vec<Entry>,
    /// Translations found in it.
    pub hits: u64,
    /// Translations that had to be walked for.
    pub misses: u64,
    /// The spaces that were used here since they were last forgotten as a whole: those who must be told of changes. Not kept where
    /// there is no other CPU to tell.
    spaces: Option<BTreeSet<u32>>,
}

const fn tag(asid: u32, address: u64) -> u64 {
    ((asid as u64) << 27 | address >> 12 & 0x7ff_ffff) + 1
}

impl Tlb {
    /// An empty TLB. If it is one of several, it remembers which spaces it may know something of.
    #[must_use]
    pub fn new(is_one_of_several: bool) -> Self {
        let spaces = is_one_of_several.then(BTreeSet::new);
        let (entries, large) =
            (vec![Entry::default(); ENTRIES], vec![Entry::default(); LARGE_ENTRIES]);
        Self { entries, large, hits: 0, misses: 0, spaces }
    }

    /// Whether it may know something of a space.
    #[must_use]
    pub fn may_know(&self, asid: u32) -> bool {
        self.spaces.as_ref().is_some_and(|spaces| spaces.contains(&asid))
    }

    /// The frame for an access, if the TLB knows that it is allowed.
    #[inline]
    pub fn lookup(&mut self, asid: u32, address: u64, access: Access) -> Option<FrameId> {
        let entry = &self.entries[(address >> 12) as usize % ENTRIES];
        let dirty = if matches!(access, Access::Store) { Pte::DIRTY } else { 0 };
        if entry.tag == tag(asid, address)
            && entry.pte.has(wanted(access) | dirty)
            && address < USER_END
        {
            self.hits += 1;
            return Some(entry.pte.frame());
        }
        None
    }

    /// The frame for an access, if it lies in a large page that the TLB knows. Its small page is remembered as well, so that the next access is as
    /// quick as any.
    pub fn lookup_large(&mut self, asid: u32, address: u64, access: Access) -> Option<FrameId> {
        let entry = self.large[(address >> 21) as usize % LARGE_ENTRIES];
        let dirty = if access == Access::Store { Pte::DIRTY } else { 0 };
        let base = address & !((1 << 21) - 1);
        if entry.tag != tag(asid, base) || !entry.pte.has(wanted(access) | dirty) {
            return None;
        }
        let pte = entry.pte.piece(address, 1);
        self.entries[(address >> 12) as usize % ENTRIES] = Entry { tag: tag(asid, address), pte };
        self.hits += 1;
        Some(pte.frame())
    }

    /// Remembers a translation that was walked for, of a small page or of one that is a piece of a large one.
    pub fn fill(&mut self, asid: u32, address: u64, (pte, is_large): (Pte, bool)) {
        if is_large {
            let base = address & !((1 << 21) - 1);
            let first = Pte(pte.0 - ((address >> 12 & 511) << 10));
            self.large[(address >> 21) as usize % LARGE_ENTRIES] =
                Entry { tag: tag(asid, base), pte: first };
        }
        self.misses += 1;
        if let Some(spaces) = &mut self.spaces {
            spaces.insert(asid);
        }
        self.entries[(address >> 12) as usize % ENTRIES] = Entry { tag: tag(asid, address), pte };
    }

    /// Forgets one page of one space (`sfence.vma va, asid`).
    pub fn flush_page(&mut self, asid: u32, address: u64) {
        let entry = &mut self.entries[(address >> 12) as usize % ENTRIES];
        if entry.tag == tag(asid, address) {
            *entry = Entry::default();
        }
        let large = &mut self.large[(address >> 21) as usize % LARGE_ENTRIES];
        if large.tag == tag(asid, address & !((1 << 21) - 1)) {
            *large = Entry::default();
        }
    }

    /// Forgets a whole space (`sfence.vma x0, asid`).
    pub fn flush_space(&mut self, asid: u32) {
        if let Some(spaces) = &mut self.spaces {
            spaces.remove(&asid);
        }
        for entry in self.entries.iter_mut().chain(&mut self.large) {
            if entry.tag != 0 && (entry.tag - 1) >> 27 == u64::from(asid) {
                *entry = Entry::default();
            }
        }
    }
}
