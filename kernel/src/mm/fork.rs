//! fork(2) of an address space.

use super::space::TABLE_SPAN;
use super::tables::{filled, page_of};
use super::vma::PAGE;
use super::{AreaFlags, Mm, NoMemory, Share, Vma};
use crate::base::{FrameId, SpaceId};
use crate::hw::Memory;
use crate::hw::mmu::{Pte, USER_END, table_index};
use std::collections::BTreeSet;

/// A copy of a space, and what it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forked {
    /// The copy.
    pub space: SpaceId,
    /// Tables of the lowest level that both use now.
    pub tables: u64,
    /// Pages that were entered one by one, because the child does not get all of their table.
    pub pages: u64,
    /// Pages that were copied at once, because memory lies in blocks.
    pub copied: u64,
}

/// What a child does not get of its parent's pages.
const HELD_BACK: AreaFlags = AreaFlags::NO_FORK.union(AreaFlags::WIPE_ON_FORK);

impl Mm {
    /// How many frames [`fork`](Self::fork) takes: the root, a table of the middle level for each that there is, one for each table whose pages the child
    /// does not all get, and one to split each large page.
    #[must_use]
    pub fn frames_for_fork(&self, parent: SpaceId, memory: &Memory) -> u32 {
        let Some(from) = self.spaces.get(parent) else { return 0 };
        let held_back = from.areas().any(|vma| vma.flags.intersects(HELD_BACK));
        let copied = if held_back { from.all_leaves(&memory.ram).len() } else { 0 };
        (1 + from.middles.len() + copied) as u32 + from.large as u32
    }

    /// A copy of a space for fork(2): the same areas, the same frames, nobody may write to what is private. The tables
    /// of the lowest level are shared, so that this costs by the table and not by the page.
    ///
    /// # Errors
    /// [`NoMemory`]; the parent is as it was.
    pub fn fork(&mut self, parent: SpaceId, memory: &mut Memory) -> Result<Forked, NoMemory> {
        // Nobody shares a large page: it is split first, which takes a frame for each.
        self.split_within(parent, memory, (0, USER_END))?;
        let from = self.spaces.get(parent).ok_or(NoMemory)?;
        let leaves = from.all_leaves(&memory.ram);
        let held_back = |base: u64| {
            from.areas.within(base, base + TABLE_SPAN).any(|vma| vma.flags.intersects(HELD_BACK))
        };
        let (copied, shared): (Vec<_>, Vec<_>) =
            leaves.into_iter().partition(|&(base, _)| held_back(base));
        let middles: BTreeSet<usize> =
            shared.iter().chain(&copied).map(|&(base, _)| table_index(base, 2)).collect();
        let needed = 1 + middles.len() + copied.len();
        if (self.frames.available() as usize) < needed {
            return Err(NoMemory);
        }
        let areas: Vec<Vma> = from.areas().filter_map(inherited).collect();
        let (heap, brk, rss, asid) = (from.heap, from.brk, from.rss, from.satp.asid);
        let command = from.command.clone();
        self.promises.promise(areas.iter().map(Vma::promised).sum())?;
        let child = match self.create(memory) {
            Ok(child) => child,
            Err(no) => {
                areas.iter().for_each(|vma| self.promises.give_back(vma.promised()));
                return Err(no);
            }
        };
        for vma in &areas {
            self.map_object(vma);
        }
        if let Some(to) = self.spaces.get_mut(child) {
            for vma in areas {
                // They did not overlap in the parent.
                let _ = to.areas.insert(vma);
            }
            (to.heap, to.brk, to.command) = (heap, brk, command);
            // What is held back is taken off below.
            to.rss = if copied.is_empty() { rss } else { super::Rss::default() };
        }
        //DOC: cow-fork
        for &(base, table) in &shared {
            self.share_leaf((parent, child), memory, base, table, !copied.is_empty())?;
        }
        let mut pages = 0;
        for &(base, table) in &copied {
            pages += self.copy_into((parent, child), memory, base, table)?;
        }
        memory.flush_space(asid);
        let tables = shared.len() as u64;
        match self.fork_segments(memory, (parent, child)) {
            Ok(copied) => Ok(Forked { space: child, tables, pages, copied }),
            Err(no) => {
                self.release(child, memory);
                Err(no)
            }
        }
    }

    /// Lets a child use its parent's table. `count`: its pages are to be counted for the child.
    fn share_leaf(
        &mut self,
        (parent, child): (SpaceId, SpaceId),
        memory: &mut Memory,
        base: u64,
        table: FrameId,
        count: bool,
    ) -> Result<(), NoMemory> {
        if self.frames.owners(table) == 1 {
            self.forbid_writes(parent, memory, base, table);
        }
        let middle = self.own_middle(child, memory, base)?;
        self.frames.share(table);
        memory.ram.set_word(middle, table_index(base, 1), Pte::new(table, Pte::VALID).0);
        if let Some(leaf) = self.leaves.get_mut(&table) {
            leaf.users.push(child);
        }
        if count {
            for (_, word) in filled(memory, table) {
                let used = self.pages.used(word.frame());
                if let Some(space) = self.spaces.get_mut(child) {
                    match word.slot() {
                        Some(_) => space.rss.swapped += 1,
                        None => space.gains(used),
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes the right to write away from all private pages of a table.
    fn forbid_writes(&mut self, id: SpaceId, memory: &mut Memory, base: u64, table: FrameId) {
        let Some(space) = self.spaces.get(id) else { return };
        for vma in space.areas.within(base, base + TABLE_SPAN).filter(|vma| !vma.is_shared()) {
            let first = (vma.start.max(base) - base) / PAGE;
            let last = (vma.end.min(base + TABLE_SPAN) - base) / PAGE;
            for index in first..last {
                let pte = memory.ram.word(table, index as usize);
                if pte & (Pte::VALID | Pte::WRITE) == Pte::VALID | Pte::WRITE {
                    let read_only = pte & !Pte::WRITE | Pte::COPY_ON_WRITE;
                    memory.ram.set_word(table, index as usize, read_only);
                }
            }
        }
    }

    /// Enters those pages of a table for the child that it is to have. Returns how many.
    fn copy_into(
        &mut self,
        (parent, child): (SpaceId, SpaceId),
        memory: &mut Memory,
        base: u64,
        table: FrameId,
    ) -> Result<u64, NoMemory> {
        if self.frames.owners(table) == 1 {
            self.forbid_writes(parent, memory, base, table);
        }
        let mut pages = 0;
        for (index, word) in filled(memory, table) {
            let page = page_of(base, index);
            let vma = self.spaces.get(parent).and_then(|space| space.find(page)).copied();
            let Some(vma) = vma.filter(|vma| !vma.flags.intersects(HELD_BACK)) else {
                continue;
            };
            pages += 1;
            if let Some(slot) = word.slot() {
                let own = self.own_leaf(child, memory, page)?;
                memory.ram.set_word(own, usize::from(index), word.0);
                if let Some(swap) = &mut self.swap {
                    swap.share(slot);
                }
                if let Some(space) = self.spaces.get_mut(child) {
                    space.rss.swapped += 1;
                }
                continue;
            }
            self.frames.share(word.frame());
            let share = match (vma.is_shared(), word.has(Pte::WRITE)) {
                (false, _) => Share::CopyOnWrite,
                (true, true) => Share::Own,
                (true, false) => Share::Watched,
            };
            self.enter(child, memory, page, word.frame(), (vma.rights, share))?;
        }
        Ok(pages)
    }
}

/// An area as a child gets it: locks are not inherited (mlock(2)).
fn inherited(vma: &Vma) -> Option<Vma> {
    let locks = AreaFlags::LOCKED | AreaFlags::ON_FAULT;
    let kept = !vma.flags.contains(AreaFlags::NO_FORK);
    kept.then(|| Vma { flags: vma.flags.difference(locks), ..*vma })
}
