//! Changing a range of an address space: munmap(2), mprotect(2), mremap(2), madvise(2), brk(2).

use super::space::flags;
use super::vma::PAGE;
use super::{AreaFlags, Backing, MMAP_TOP, Mm, NoMemory, Rights, Use, Vma};
use crate::abi::Errno;
use crate::base::SpaceId;
use crate::hw::Memory;
use crate::hw::mmu::Pte;

impl Mm {
    /// Removes all areas and pages in `start..end`.
    ///
    /// # Errors
    /// `ENOMEM` if an area would be cut in two and there are too many already, or a shared page table must be copied and no frame is
    /// left; nothing has changed then.
    pub fn unmap(
        &mut self,
        id: SpaceId,
        memory: &mut Memory,
        (start, end): (u64, u64),
    ) -> Result<(), Errno> {
        let space = self.spaces.get_mut(id).ok_or(Errno::ENOMEM)?;
        let cuts = space.find(start).is_some_and(|vma| vma.start < start && vma.end > end);
        if cuts && !space.areas.has_room(1) {
            return Err(Errno::ENOMEM);
        }
        if !space.areas.overlaps(start, end) {
            return Ok(());
        }
        // A heap that shrinks keeps its room.
        let is_heap = start >= space.heap && end <= space.brk.next_multiple_of(PAGE);
        self.take_out_range(id, memory, (start, end))?;
        let gone = self.spaces.get_mut(id).map(|space| space.areas.carve(start, end));
        for vma in gone.unwrap_or_default() {
            self.promises.give_back(vma.promised());
            self.unmap_object(memory, &vma);
        }
        if !is_heap {
            self.remove_segments(id, (start, end));
        }
        self.free_tables(id, memory, (start, end));
        Ok(())
    }

    /// Forgets the pages of `start..end`; the areas stay (MADV_DONTNEED).
    ///
    /// # Errors
    /// [`NoMemory`]; some pages may be gone then.
    pub fn discard(
        &mut self,
        id: SpaceId,
        memory: &mut Memory,
        range: (u64, u64),
    ) -> Result<(), NoMemory> {
        self.take_out_range(id, memory, range)
    }

    /// Gives `start..end`, which must all lie in areas, other rights. What may be written from now on is still entered
    /// read-only where others could see it; the first store repairs that.
    ///
    /// # Errors
    /// `ENOMEM` if there were too many areas, more was promised than there is, or a page table must be copied and no frame is left.
    pub fn protect(
        &mut self,
        id: SpaceId,
        memory: &mut Memory,
        (start, end): (u64, u64),
        rights: Rights,
    ) -> Result<(), Errno> {
        let space = self.spaces.get(id).ok_or(Errno::ENOMEM)?;
        let mut promised = 0u64;
        for vma in space.areas.within(start, end) {
            let part = vma.clip(start, end);
            promised += Vma { rights, ..part }.promised().saturating_sub(part.promised());
        }
        if !space.areas.has_room(2) {
            return Err(Errno::ENOMEM);
        }
        let parts: Vec<Vma> =
            space.areas.within(start, end).map(|vma| vma.clip(start, end)).collect();
        self.promises.promise(promised)?;
        for part in &parts {
            let (shared, in_object) =
                (part.is_shared(), matches!(part.backing, Backing::Object { .. }));
            let edited = self.edit_range(id, memory, (part.start, part.end), |mm, _, old| {
                if old.slot().is_some() {
                    return old;
                }
                let frame = old.frame();
                let alone = mm.pages.used(frame) == Use::Anonymous && mm.frames.owners(frame) == 1;
                let mut new = flags(rights) | old.0 & (Pte::ACCESSED | Pte::DIRTY);
                if new & Pte::WRITE != 0 && !(alone || shared && in_object) {
                    new &= !Pte::WRITE;
                    new |= if shared { 0 } else { Pte::COPY_ON_WRITE };
                }
                Pte::new(frame, new)
            });
            if edited.is_err() {
                self.promises.give_back(promised);
                return Err(Errno::ENOMEM);
            }
        }
        if let Some(space) = self.spaces.get_mut(id) {
            space.areas.change(start, end, |vma| {
                let before = vma.promised();
                vma.rights = rights;
                // Memory that was promised once stays so until it is unmapped or made read-only as a whole.
                let after = vma.promised();
                self.promises.give_back(before.saturating_sub(after));
            });
        }
        Ok(())
    }

    /// Gives the areas in `start..end` other flags, or none of some.
    pub fn set_flags(
        &mut self,
        id: SpaceId,
        (start, end): (u64, u64),
        (set, clear): (AreaFlags, AreaFlags),
    ) {
        if let Some(space) = self.spaces.get_mut(id) {
            space.areas.change(start, end, |vma| vma.flags = vma.flags.difference(clear) | set);
        }
    }

    /// Makes the area of a stack larger at its lower end.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub fn grow_down(&mut self, id: SpaceId, from: u64, to: u64) -> Result<(), Errno> {
        if self.is_partitioned() {
            // A block has a bound.
            return Err(Errno::ENOMEM);
        }
        let space = self.spaces.get_mut(id).ok_or(Errno::ENOMEM)?;
        let vma = *space.find(from).filter(|vma| vma.start == from).ok_or(Errno::ENOMEM)?;
        space.areas.insert(Vma { start: to, end: from, ..vma })
    }

    /// Moves the upper end of the heap. What a smaller heap gives up must have been unmapped.
    ///
    /// # Errors
    /// `ENOMEM` if something is in the way, or more was promised than there is.
    pub fn set_brk(&mut self, id: SpaceId, brk: u64) -> Result<(), Errno> {
        let space = self.spaces.get(id).ok_or(Errno::ENOMEM)?;
        let (old, new) = (space.brk.next_multiple_of(PAGE), brk.next_multiple_of(PAGE));
        if brk < space.heap || new > MMAP_TOP {
            return Err(Errno::ENOMEM);
        }
        if new > old {
            // A page must stay free between the heap and what follows.
            if space.areas.overlaps(old, new + PAGE) {
                return Err(Errno::ENOMEM);
            }
            let flags = space.locks;
            self.map(id, Vma { flags, ..Vma::anonymous(old, new, Rights::RW, "[heap]") })?;
        }
        if let Some(space) = self.spaces.get_mut(id) {
            space.brk = brk;
        }
        Ok(())
    }

    /// Moves the pages of an area's part to another place, where `target` has been mapped (mremap(2)).
    ///
    /// # Errors
    /// [`NoMemory`] if there is no frame for a page table; pages before it have moved.
    pub fn move_pages(
        &mut self,
        id: SpaceId,
        memory: &mut Memory,
        (from, to, length): (u64, u64, u64),
    ) -> Result<(), NoMemory> {
        let space = self.spaces.get(id).ok_or(NoMemory)?;
        let pages = space.mapped(&memory.ram, from, from + length);
        for (page, _) in &pages {
            self.move_entry(id, memory, (*page, page - from + to))?;
        }
        let gone: Vec<u64> = pages.into_iter().map(|(page, _)| page).collect();
        self.flush_pages(id, memory, &gone);
        Ok(())
    }
}
