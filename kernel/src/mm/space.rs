//! An address space: its areas, and the page tables that say which of their pages are where.

use super::vma::{Rights, Vma};
use super::{Frames, NoMemory};
use crate::abi::Errno;
use crate::base::FrameId;
use crate::hw::mmu::{Pte, USER_END, table_index};
use crate::hw::{Memory, PAGE_SIZE, Ram, Satp};
use std::collections::BTreeMap;

const PAGE: u64 = PAGE_SIZE as u64;
/// How much memory the entries of one table of the lowest level map: 2 MiB.
const TABLE_SPAN: u64 = PAGE * 512;
/// How many areas a space may have (Linux' vm.max_map_count).
const MAX_AREAS: usize = 65_530;
/// Mappings are placed below this address, downwards; the stack lies above it.
pub const MMAP_TOP: u64 = USER_END - (1 << 30);
/// Where a program's text begins.
pub const TEXT_BASE: u64 = 0x1_0000;
/// One past the highest byte of the first thread's stack.
pub const STACK_TOP: u64 = USER_END - PAGE;

/// An address space.
#[derive(Clone, Debug, Hash)]
pub struct AddressSpace {
    /// What a CPU loads to use it.
    pub satp: Satp,
    areas: BTreeMap<u64, Vma>,
    /// Where the heap begins.
    pub heap: u64,
    /// Where it ends: the program break.
    pub brk: u64,
    /// Threads and loans that keep it alive.
    pub(super) users: u32,
    /// Page-table frames below the root.
    tables: Vec<FrameId>,
    /// Pages that are mapped.
    resident: u64,
}

/// The PTE flags for a page of an area.
fn flags(rights: Rights) -> u64 {
    // A writable page that is not readable is reserved in Sv39.
    let read = if rights.read || rights.write { Pte::READ } else { 0 };
    let write = if rights.write { Pte::WRITE } else { 0 };
    let execute = if rights.execute { Pte::EXECUTE } else { 0 };
    Pte::VALID | Pte::USER | read | write | execute
}

/// How a frame is entered in the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// It is this space's alone: all of the area's rights apply.
    Own,
    /// It has other owners: a store must fault first.
    CopyOnWrite,
}

impl AddressSpace {
    /// An empty space; takes a frame for the root table.
    pub(super) fn new(asid: u32, frames: &mut Frames, ram: &mut Ram) -> Result<Self, NoMemory> {
        let root = frames.allocate().ok_or(NoMemory)?;
        ram.clear(root);
        Ok(Self {
            satp: Satp { root, asid },
            areas: BTreeMap::new(),
            heap: 0,
            brk: 0,
            users: 1,
            tables: Vec::new(),
            resident: 0,
        })
    }

    /// The areas, lowest first.
    pub fn areas(&self) -> impl Iterator<Item = &Vma> {
        self.areas.values()
    }

    /// The area that holds an address.
    #[must_use]
    pub fn find(&self, address: u64) -> Option<&Vma> {
        self.areas.range(..=address).next_back().map(|(_, vma)| vma).filter(|vma| address < vma.end)
    }

    /// How many pages are mapped (RSS).
    #[must_use]
    pub fn resident(&self) -> u64 {
        self.resident
    }

    /// How many pages the areas span (VSZ).
    #[must_use]
    pub fn pages(&self) -> u64 {
        self.areas.values().map(|vma| (vma.end - vma.start) / PAGE).sum()
    }

    /// How many frames the page tables take.
    #[must_use]
    pub fn table_frames(&self) -> usize {
        self.tables.len() + 1
    }

    fn overlaps(&self, start: u64, end: u64) -> bool {
        self.areas.range(..end).next_back().is_some_and(|(_, vma)| vma.end > start)
    }

    /// The highest gap of `length` bytes below [`MMAP_TOP`].
    #[must_use]
    pub fn find_gap(&self, length: u64) -> Option<u64> {
        let mut end = MMAP_TOP;
        for vma in self.areas.values().rev().filter(|vma| vma.start < MMAP_TOP) {
            if end.saturating_sub(vma.end) >= length {
                break;
            }
            end = end.min(vma.start);
        }
        let start = end.checked_sub(length)?;
        (start >= TEXT_BASE && !self.overlaps(start, end)).then_some(start)
    }

    /// Adds an area. Areas of the same kind that touch become one (Linux' `vma_merge`), or a program with many
    /// small mappings, such as stacks of threads, would soon have too many.
    ///
    /// # Errors
    /// `EINVAL` if its bounds are not pages of user space, `EEXIST` if something is there.
    pub fn map(&mut self, mut vma: Vma) -> Result<(), Errno> {
        let aligned = vma.start.is_multiple_of(PAGE) && vma.end.is_multiple_of(PAGE);
        if !aligned || vma.start >= vma.end || vma.end > USER_END {
            return Err(Errno::EINVAL);
        }
        if self.overlaps(vma.start, vma.end) {
            return Err(Errno::EEXIST);
        }
        let below = self.areas.range(..vma.start).next_back().map(|(_, below)| *below);
        let below = below.filter(|below| below.end == vma.start && below.can_join(&vma));
        let above = self.areas.get(&vma.end).copied().filter(|above| vma.can_join(above));
        if below.is_none() && above.is_none() && self.areas.len() >= MAX_AREAS {
            return Err(Errno::ENOMEM);
        }
        if let Some(above) = above {
            self.areas.remove(&above.start);
            vma.end = above.end;
        }
        if let Some(below) = below {
            vma.start = below.start;
        }
        self.areas.insert(vma.start, vma);
        Ok(())
    }

    /// Moves the upper end of the heap. The caller has unmapped what a smaller heap gives up.
    pub fn set_brk(&mut self, brk: u64) -> Result<(), Errno> {
        let end = brk.next_multiple_of(PAGE);
        if brk < self.heap || end > MMAP_TOP {
            return Err(Errno::ENOMEM);
        }
        let next = self.areas.range(self.heap + 1..).next().map_or(MMAP_TOP, |(start, _)| *start);
        if end > next {
            return Err(Errno::ENOMEM);
        }
        self.areas.remove(&self.heap);
        if end > self.heap {
            let vma = Vma {
                start: self.heap,
                end,
                rights: Rights::RW,
                backing: super::Backing::Anonymous,
                name: "[heap]",
            };
            self.areas.insert(self.heap, vma);
        }
        self.brk = brk;
        Ok(())
    }

    /// The table entry of a page, if there is one that counts.
    #[must_use]
    pub fn entry(&self, ram: &Ram, address: u64) -> Option<Pte> {
        let (table, index) = self.leaf(ram, address)?;
        Some(Pte(ram.word(table, index))).filter(|pte| pte.has(Pte::VALID))
    }

    fn leaf(&self, ram: &Ram, address: u64) -> Option<(FrameId, usize)> {
        let mut table = self.satp.root;
        for level in [2, 1] {
            let entry = Pte(ram.word(table, table_index(address, level)));
            if !entry.has(Pte::VALID) {
                return None;
            }
            table = entry.frame();
        }
        Some((table, table_index(address, 0)))
    }

    /// Maps `frame` at the page of `address` with the rights of its area. The space becomes an owner of
    /// the frame: the caller has counted it.
    ///
    /// # Errors
    /// [`NoMemory`] when a page table was needed and no frame was left; nothing has changed then.
    pub(super) fn install(
        &mut self,
        (frames, memory): (&mut Frames, &mut Memory),
        address: u64,
        frame: FrameId,
        (rights, share): (Rights, Share),
    ) -> Result<(), NoMemory> {
        let mut table = self.satp.root;
        for level in [2, 1] {
            let index = table_index(address, level);
            let entry = Pte(memory.ram.word(table, index));
            table = if entry.has(Pte::VALID) {
                entry.frame()
            } else {
                let new = frames.allocate().ok_or(NoMemory)?;
                memory.ram.clear(new);
                self.tables.push(new);
                memory.ram.set_word(table, index, Pte::new(new, Pte::VALID).0);
                new
            };
        }
        let index = table_index(address, 0);
        if !Pte(memory.ram.word(table, index)).has(Pte::VALID) {
            self.resident += 1;
        }
        let flags = match share {
            Share::Own => flags(rights),
            Share::CopyOnWrite => flags(rights) & !Pte::WRITE | Pte::COPY_ON_WRITE,
        };
        memory.ram.set_word(table, index, Pte::new(frame, flags).0);
        memory.flush_page(self.satp.asid, address);
        Ok(())
    }

    /// All mapped pages: address and table entry, lowest first. What lies in no area is not mapped, so only those
    /// parts of the tables are looked at that belong to an area.
    pub(super) fn mapped(&self, ram: &Ram) -> Vec<(u64, Pte)> {
        let mut pages = Vec::with_capacity(self.resident as usize);
        for vma in self.areas.values() {
            let mut start = vma.start;
            while start < vma.end {
                let end = vma.end.min((start | (TABLE_SPAN - 1)) + 1);
                if let Some((table, index)) = self.leaf(ram, start) {
                    let entries = ram.words(table).skip(index);
                    let entries = (start..end).step_by(PAGE_SIZE).zip(entries.map(Pte));
                    pages.extend(entries.filter(|(_, pte)| pte.has(Pte::VALID)));
                }
                start = end;
            }
        }
        pages
    }

    /// Marks a page copy-on-write, for fork(2).
    pub(super) fn protect_from_writes(&mut self, memory: &mut Memory, address: u64) {
        if let Some((table, index)) = self.leaf(&memory.ram, address) {
            let pte = memory.ram.word(table, index);
            if pte & Pte::WRITE != 0 {
                memory.ram.set_word(table, index, pte & !Pte::WRITE | Pte::COPY_ON_WRITE);
            }
        }
    }

    /// Gives a page that is copy-on-write no more its area's rights back.
    pub(super) fn allow_writes(&mut self, memory: &mut Memory, address: u64) {
        if let Some((table, index)) = self.leaf(&memory.ram, address) {
            let pte = memory.ram.word(table, index);
            memory.ram.set_word(table, index, (pte | Pte::WRITE) & !Pte::COPY_ON_WRITE);
            memory.flush_page(self.satp.asid, address);
        }
    }

    /// Removes all areas and pages in `start..end`.
    pub(super) fn unmap(&mut self, frames: &mut Frames, memory: &mut Memory, start: u64, end: u64) {
        let hit: Vec<Vma> =
            self.areas.range(..end).map(|(_, vma)| *vma).filter(|vma| vma.end > start).collect();
        for vma in hit {
            self.areas.remove(&vma.start);
            if vma.start < start {
                self.areas.insert(vma.start, vma.clip(vma.start, start));
            }
            if vma.end > end {
                self.areas.insert(end, vma.clip(end, vma.end));
            }
            self.drop_pages(frames, memory, vma.start.max(start), vma.end.min(end));
        }
    }

    fn drop_pages(&mut self, frames: &mut Frames, memory: &mut Memory, start: u64, end: u64) {
        let mut address = start;
        while address < end {
            let Some((table, index)) = self.leaf(&memory.ram, address) else {
                // No table here: go on where the next one begins.
                address = (address | (TABLE_SPAN - 1)) + 1;
                continue;
            };
            let pte = Pte(memory.ram.word(table, index));
            if pte.has(Pte::VALID) {
                memory.ram.set_word(table, index, 0);
                memory.flush_page(self.satp.asid, address);
                self.resident -= 1;
                release(frames, memory, pte.frame());
            }
            address += PAGE;
        }
    }

    /// Gives everything back.
    pub(super) fn destroy(self, frames: &mut Frames, memory: &mut Memory) {
        for (_, pte) in self.mapped(&memory.ram) {
            release(frames, memory, pte.frame());
        }
        for table in self.tables {
            release(frames, memory, table);
        }
        release(frames, memory, self.satp.root);
        memory.flush_space(self.satp.asid);
    }

    /// The areas of another space, for fork(2).
    pub(super) fn copy_areas(&mut self, from: &Self) {
        self.areas = from.areas.clone();
        self.heap = from.heap;
        self.brk = from.brk;
    }
}

/// One owner less; a frame that nobody owns is forgotten, so that it costs the host nothing.
fn release(frames: &mut Frames, memory: &mut Memory, frame: FrameId) {
    if frames.release(frame) {
        memory.ram.clear(frame);
    }
}
