//! Page tables in RAM: entering pages, taking them out, and tables that several spaces share.
//!
//! A table of the lowest level may be shared by several spaces after fork(2). No store may go through it unnoticed,
//! so all of its private pages are read-only; and before anything in it is changed for one space alone, that space gets a copy
//! (`own_leaf`). So fork(2) costs a little per *table*, 512 pages, and the rest is paid by who writes.
//! (Zhao, Gong and Fonseca, "On-demand-fork: a microsecond fork for memory-intensive and latency-sensitive applications", EuroSys 2021.
//! Linux itself copies all entries in fork(2).)

use super::pages::{Entry, Use};
use super::space::{AddressSpace, MIDDLE_SPAN, Rss, TABLE_SPAN, flags};
use super::vma::{PAGE, Rights};
use super::{Mm, NoMemory, Share};
use crate::base::{FrameId, SpaceId};
use crate::hw::Memory;
use crate::hw::mmu::{Pte, USER_END, table_index};

/// How many pages of a space are forgotten by the TLBs one by one; beyond, all of the space is (Linux on RISC-V: 64).
const FLUSH_ALL_ABOVE: usize = 64;

/// A table of the lowest level.
#[derive(Clone, Debug, Hash)]
pub struct Leaf {
    /// The first address that it maps.
    pub base: u64,
    /// The spaces that use it: one, unless it is shared after fork(2).
    pub users: Vec<SpaceId>,
}

/// Work that was done and is to be charged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Meter {
    /// Tables that were copied because somebody changed a page in them.
    pub tables: u64,
    /// Entries that those had.
    pub entries: u64,
}

/// Which of the figures of a space counts a frame.
fn figure(rss: &mut Rss, used: Use) -> Option<&mut u64> {
    match used {
        Use::Anonymous => Some(&mut rss.anonymous),
        Use::File { .. } => Some(&mut rss.file),
        Use::Object { .. } => Some(&mut rss.shared),
        _ => None,
    }
}

impl AddressSpace {
    #[inline]
    pub(super) fn gains(&mut self, used: Use) {
        if let Some(figure) = figure(&mut self.rss, used) {
            *figure += 1;
        }
    }

    pub(super) fn loses(&mut self, used: Use) {
        self.most = self.most.max(self.rss.total());
        if let Some(figure) = figure(&mut self.rss, used) {
            *figure = figure.saturating_sub(1);
        }
    }
}

impl Mm {
    /// A frame for a page table, all zeroes.
    fn new_table(&mut self, memory: &mut Memory) -> Result<FrameId, NoMemory> {
        let table = self.frames.allocate().ok_or(NoMemory)?;
        memory.ram.clear(table);
        self.pages.set_use(table, Use::Table);
        Ok(table)
    }

    /// The table of the middle level for an address. Those are never shared.
    pub(super) fn own_middle(
        &mut self,
        id: SpaceId,
        memory: &mut Memory,
        address: u64,
    ) -> Result<FrameId, NoMemory> {
        let top = table_index(address, 2);
        let space = self.spaces.get(id).ok_or(NoMemory)?;
        if let Some(&middle) = space.middles.get(&(top as u16)) {
            return Ok(middle);
        }
        let root = space.satp.root;
        let middle = self.new_table(memory)?;
        memory.ram.set_word(root, top, Pte::new(middle, Pte::VALID).0);
        if let Some(space) = self.spaces.get_mut(id) {
            space.middles.insert(top as u16, middle);
        }
        Ok(middle)
    }

    /// The table of the lowest level for an address, which is this space's alone from now on.
    ///
    /// # Errors
    /// [`NoMemory`]; whatever tables were made meanwhile are empty, and stay.
    pub(super) fn own_leaf(
        &mut self,
        id: SpaceId,
        memory: &mut Memory,
        address: u64,
    ) -> Result<FrameId, NoMemory> {
        let index = table_index(address, 1);
        let middle = self.own_middle(id, memory, address)?;
        let mut entry = Pte(memory.ram.word(middle, index));
        if entry.has(Pte::VALID) && entry.is_leaf() {
            self.split_large(id, memory, address)?;
            entry = Pte(memory.ram.word(middle, index));
        }
        let table = if !entry.has(Pte::VALID) {
            self.new_table(memory)?
        } else if self.frames.owners(entry.frame()) > 1 {
            self.copy_leaf(id, memory, entry.frame())?
        } else {
            return Ok(entry.frame());
        };
        let leaf = Leaf { base: address & !(TABLE_SPAN - 1), users: vec![id] };
        self.leaves.insert(table, leaf);
        memory.ram.set_word(middle, index, Pte::new(table, Pte::VALID).0);
        Ok(table)
    }

    /// A copy of a shared table, for one of its users.
    fn copy_leaf(
        &mut self,
        id: SpaceId,
        memory: &mut Memory,
        shared: FrameId,
    ) -> Result<FrameId, NoMemory> {
        let copy = self.new_table(memory)?;
        memory.ram.copy(shared, copy);
        for (index, word) in filled(memory, copy) {
            self.meter.entries += 1;
            if let Some(slot) = word.slot() {
                self.name_slot(slot);
            } else {
                self.frames.share(word.frame());
                self.pages.link(word.frame(), Entry { table: copy, index });
            }
        }
        self.meter.tables += 1;
        self.leave_leaf(id, shared);
        Ok(copy)
    }

    /// A space uses a shared table no longer.
    fn leave_leaf(&mut self, id: SpaceId, shared: FrameId) {
        if let Some(leaf) = self.leaves.get_mut(&shared) {
            leaf.users.retain(|&user| user != id);
        }
        self.frames.release(shared);
    }

    fn name_slot(&mut self, slot: u32) {
        if let Some(swap) = &mut self.swap {
            swap.share(slot);
        }
    }

    /// A slot of the swap area is named once less.
    pub(super) fn release_slot(&mut self, slot: u32) {
        if let Some(swap) = &mut self.swap {
            swap.release(slot);
        }
    }

    /// One owner less; a frame that nobody owns is forgotten, so that it costs the host nothing. `true` if it is free.
    #[inline]
    pub fn release_frame(&mut self, memory: &mut Memory, frame: FrameId) -> bool {
        let in_block = self.give_back_to_block(frame);
        let free = in_block || self.frames.release(frame);
        if free {
            memory.ram.clear(frame);
            if self.pages.used(frame).may_go()
                && let Some(policy) = self.pressure.replacer.get_mut()
            {
                policy.remove(frame);
            }
            self.pages.set_use(frame, if in_block { Use::Reserved } else { Use::Free });
        }
        free
    }

    /// Maps `frame` at the page of `address`. The space becomes an owner of the frame: the caller has counted it, and has said what
    /// it is used for. Whatever stood there before is let go.
    ///
    /// # Errors
    /// [`NoMemory`] when a page table was needed and no frame was left; the frame is still the caller's then.
    pub(super) fn enter(
        &mut self,
        id: SpaceId,
        memory: &mut Memory,
        address: u64,
        frame: FrameId,
        (rights, share): (Rights, Share),
    ) -> Result<(), NoMemory> {
        let table = self.own_leaf(id, memory, address)?;
        let index = table_index(address, 0);
        let old = Pte(memory.ram.word(table, index));
        if old.0 != 0 {
            self.take_out(id, memory, table, index as u16);
            self.flush_page(id, memory, address);
        }
        let flags = match share {
            Share::Own => flags(rights),
            Share::CopyOnWrite => flags(rights) & !Pte::WRITE | Pte::COPY_ON_WRITE,
            Share::Watched => flags(rights) & !Pte::WRITE,
        };
        memory.ram.set_word(table, index, Pte::new(frame, flags).0);
        self.pages.link(frame, Entry { table, index: index as u16 });
        let used = self.pages.used(frame);
        if let Some(space) = self.spaces.get_mut(id) {
            space.gains(used);
        }
        Ok(())
    }

    /// Empties an entry of a table that is this space's alone. The TLBs are the caller's affair.
    pub(super) fn take_out(
        &mut self,
        id: SpaceId,
        memory: &mut Memory,
        table: FrameId,
        index: u16,
    ) {
        let old = Pte(memory.ram.word(table, usize::from(index)));
        memory.ram.set_word(table, usize::from(index), 0);
        if let Some(slot) = old.slot() {
            self.release_slot(slot);
            if let Some(space) = self.spaces.get_mut(id) {
                space.rss.swapped = space.rss.swapped.saturating_sub(1);
            }
        } else if old.keeps_frame() {
            let used = self.pages.used(old.frame());
            if let Some(space) = self.spaces.get_mut(id) {
                space.loses(used);
            }
            self.pages.unlink(old.frame(), Entry { table, index });
            self.release_frame(memory, old.frame());
        }
    }

    /// Forgets a page on all CPUs.
    pub(super) fn flush_page(&self, id: SpaceId, memory: &mut Memory, address: u64) {
        memory.flush_page(self.satp(id).asid, address);
    }

    /// Forgets these pages on all CPUs, one by one if they are few.
    pub(super) fn flush_pages(&self, id: SpaceId, memory: &mut Memory, pages: &[u64]) {
        let asid = self.satp(id).asid;
        if pages.len() > FLUSH_ALL_ABOVE {
            return memory.flush_space(asid);
        }
        for &page in pages {
            memory.flush_page(asid, page);
        }
    }

    /// Takes all pages of `start..end` out of the tables.
    ///
    /// # Errors
    /// [`NoMemory`] if a table that is shared had to be copied first: at most two are, those at the ends. Pages before it are gone then.
    pub(super) fn take_out_range(
        &mut self,
        id: SpaceId,
        memory: &mut Memory,
        (start, end): (u64, u64),
    ) -> Result<(), NoMemory> {
        self.split_within(id, memory, (start, end))?;
        let space = self.spaces.get(id).ok_or(NoMemory)?;
        let mut gone = Vec::new();
        for (base, table) in space.leaves(&memory.ram, start, end) {
            let whole = start <= base && base + TABLE_SPAN <= end;
            let mut table = table;
            if self.frames.owners(table) > 1 {
                if whole {
                    gone.extend(filled(memory, table).iter().map(|&(at, _)| page_of(base, at)));
                    self.leave_whole(id, memory, base, table);
                    continue;
                }
                table = self.own_leaf(id, memory, base)?;
            }
            for (index, _) in filled_within(memory, table, base, (start, end)) {
                self.take_out(id, memory, table, index);
                gone.push(page_of(base, index));
            }
        }
        self.flush_pages(id, memory, &gone);
        Ok(())
    }

    /// A space lets go of all that a shared table maps.
    fn leave_whole(&mut self, id: SpaceId, memory: &mut Memory, base: u64, table: FrameId) {
        for (_, word) in filled(memory, table) {
            let used = self.pages.used(word.frame());
            if let Some(space) = self.spaces.get_mut(id) {
                match word.slot() {
                    Some(_) => space.rss.swapped = space.rss.swapped.saturating_sub(1),
                    None => space.loses(used),
                }
            }
        }
        self.leave_leaf(id, table);
        let middle = self
            .spaces
            .get(id)
            .and_then(|space| space.middles.get(&(table_index(base, 2) as u16)).copied());
        if let Some(middle) = middle {
            memory.ram.set_word(middle, table_index(base, 1), 0);
        }
    }

    /// Gives tables back in whose reach no area lies any more (Linux' `free_pgtables`).
    pub(super) fn free_tables(
        &mut self,
        id: SpaceId,
        memory: &mut Memory,
        (start, end): (u64, u64),
    ) {
        let Some(space) = self.spaces.get(id) else { return };
        let is_empty = |base, span| !space.areas.overlaps(base, base + span);
        let mut leaves = space.leaves(&memory.ram, start, end);
        leaves.retain(|&(base, _)| is_empty(base, TABLE_SPAN));
        let reach = table_index(start, 2) as u16..=table_index(end.max(1) - 1, 2) as u16;
        let middles: Vec<(u16, FrameId)> = space
            .middles
            .range(reach)
            .map(|(&top, &middle)| (top, middle))
            .filter(|&(top, _)| is_empty(u64::from(top) * MIDDLE_SPAN, MIDDLE_SPAN))
            .collect();
        let root = space.satp.root;
        for (base, table) in leaves {
            if self.frames.owners(table) > 1 {
                self.leave_whole(id, memory, base, table);
                continue;
            }
            let space = self.spaces.get(id);
            let top = table_index(base, 2) as u16;
            if let Some(&middle) = space.and_then(|space| space.middles.get(&top)) {
                memory.ram.set_word(middle, table_index(base, 1), 0);
            }
            self.leaves.remove(&table);
            self.release_frame(memory, table);
        }
        for (top, middle) in middles {
            memory.ram.set_word(root, usize::from(top), 0);
            if let Some(space) = self.spaces.get_mut(id) {
                space.middles.remove(&top);
            }
            self.release_frame(memory, middle);
        }
    }

    /// Changes the entry of each page of `start..end` that has one, in tables that are this space's alone.
    ///
    /// # Errors
    /// [`NoMemory`] if a shared table had to be copied; some pages may have been changed.
    pub(super) fn edit_range(
        &mut self,
        id: SpaceId,
        memory: &mut Memory,
        (start, end): (u64, u64),
        mut edit: impl FnMut(&Self, u64, Pte) -> Pte,
    ) -> Result<(), NoMemory> {
        self.split_within(id, memory, (start, end))?;
        let space = self.spaces.get(id).ok_or(NoMemory)?;
        let mut changed = Vec::new();
        for (base, _) in space.leaves(&memory.ram, start, end) {
            let table = self.own_leaf(id, memory, base)?;
            for (index, old) in filled_within(memory, table, base, (start, end)) {
                let page = page_of(base, index);
                let new = edit(self, page, old);
                if new != old {
                    memory.ram.set_word(table, usize::from(index), new.0);
                    changed.push(page);
                }
            }
        }
        self.flush_pages(id, memory, &changed);
        Ok(())
    }

    /// Moves the entry of one page to another place of the space, where none is.
    ///
    /// # Errors
    /// [`NoMemory`]; nothing has moved then.
    pub(super) fn move_entry(
        &mut self,
        id: SpaceId,
        memory: &mut Memory,
        (from, to): (u64, u64),
    ) -> Result<(), NoMemory> {
        let target = self.own_leaf(id, memory, to)?;
        let source = self.own_leaf(id, memory, from)?;
        let (old, new) = (table_index(from, 0), table_index(to, 0));
        let word = Pte(memory.ram.word(source, old));
        memory.ram.set_word(source, old, 0);
        memory.ram.set_word(target, new, word.0);
        if word.keeps_frame() {
            self.pages.unlink(word.frame(), Entry { table: source, index: old as u16 });
            self.pages.link(word.frame(), Entry { table: target, index: new as u16 });
        }
        Ok(())
    }

    /// Lets go of all pages and tables of a space that is gone already from the list of spaces.
    pub(super) fn dismantle(&mut self, id: SpaceId, space: &AddressSpace, memory: &mut Memory) {
        for (_, table) in space.all_leaves(&memory.ram) {
            if self.frames.owners(table) > 1 {
                self.leave_leaf(id, table);
                continue;
            }
            for (index, word) in filled(memory, table) {
                match word.slot() {
                    Some(slot) => self.release_slot(slot),
                    None => {
                        self.pages.unlink(word.frame(), Entry { table, index });
                        self.release_frame(memory, word.frame());
                    }
                }
            }
            self.leaves.remove(&table);
            self.release_frame(memory, table);
        }
        if space.large > 0 {
            for (_, entry) in space.large_within(&memory.ram, 0, USER_END) {
                self.release_large(memory, entry);
            }
        }
        for &middle in space.middles.values() {
            self.release_frame(memory, middle);
        }
        self.release_frame(memory, space.satp.root);
        memory.forget_space(space.satp.asid);
    }
}

/// The entries of a table that say something about a page in `start..end`.
fn filled_within(
    memory: &Memory,
    table: FrameId,
    base: u64,
    (start, end): (u64, u64),
) -> Vec<(u16, Pte)> {
    let first = (start.max(base) - base) / PAGE;
    let last = (end.min(base + TABLE_SPAN) - base) / PAGE;
    let words = (first as u16..).zip(memory.ram.words(table).skip(first as usize));
    let inside = words.take((last - first) as usize).filter(|&(_, word)| word != 0);
    inside.map(|(index, word)| (index, Pte(word))).collect()
}

/// The entries of a table that say something.
pub(super) fn filled(memory: &Memory, table: FrameId) -> Vec<(u16, Pte)> {
    let words = (0..).zip(memory.ram.words(table));
    words.filter(|&(_, word)| word != 0).map(|(index, word)| (index, Pte(word))).collect()
}

/// The address of a table's entry.
pub(super) const fn page_of(base: u64, index: u16) -> u64 {
    base + index as u64 * PAGE
}
