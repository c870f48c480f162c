//! Large pages: 2 MiB mapped by one entry of a middle table, so that one entry of the TLB serves 512 pages.
//!
//! A large page is private memory of one space (Linux' transparent huge pages, for areas that ask with MADV_HUGEPAGE). Whatever would
//! change a part of it, share it, or take it away splits it first: its frames stay where they are, and get a table of
//! the lowest level like any others.

use super::pages::Entry;
use super::space::{TABLE_SPAN, flags};
use super::tables::Leaf;
use super::{AreaFlags, Backing, Mm, NoMemory, Use, Vma};
use crate::base::{FrameId, SpaceId};
use crate::hw::Memory;
use crate::hw::mmu::{Pte, table_index};

/// A large page is a block of 2⁹ frames.
const ORDER: u32 = 9;
/// How many small pages it has.
const PIECES: u32 = 1 << ORDER;

impl Mm {
    /// Maps a large page of zeroes around an address, if the area asks for such, has room for it, and frames enough lie side by side. Returns its first
    /// frame.
    pub fn install_large(
        &mut self,
        id: SpaceId,
        memory: &mut Memory,
        (address, vma): (u64, &Vma),
    ) -> Option<FrameId> {
        let base = address & !(TABLE_SPAN - 1);
        let fits = vma.start <= base && base + TABLE_SPAN <= vma.end;
        let wants = vma.flags.contains(AreaFlags::HUGE) && vma.backing == Backing::Anonymous;
        let plenty = self.frames.available() > PIECES + self.pressure.marks.high;
        if self.is_partitioned()
            || !fits
            || !wants
            || !plenty
            || self.spaces.get(id)?.leaf(&memory.ram, base).is_some()
        {
            return None;
        }
        let middle = self.own_middle(id, memory, base).ok()?;
        let first = self.frames.allocate_block(ORDER)?;
        for frame in pieces(first) {
            memory.ram.clear(frame);
            self.pages.set_use(frame, Use::Anonymous);
        }
        let entry = Pte::new(first, flags(vma.rights));
        memory.ram.set_word(middle, table_index(base, 1), entry.0);
        self.large.insert(first, (id, base));
        if let Some(space) = self.spaces.get_mut(id) {
            space.large += 1;
            space.rss.anonymous += u64::from(PIECES);
        }
        Some(first)
    }

    /// Makes small pages of the large one that holds an address.
    ///
    /// # Errors
    /// [`NoMemory`] if there is no frame for their table.
    pub(super) fn split_large(
        &mut self,
        id: SpaceId,
        memory: &mut Memory,
        address: u64,
    ) -> Result<(), NoMemory> {
        let base = address & !(TABLE_SPAN - 1);
        let space = self.spaces.get(id).ok_or(NoMemory)?;
        let Some(entry) = space.large(&memory.ram, base) else { return Ok(()) };
        let middle = self.own_middle(id, memory, base)?;
        let table = self.frames.allocate().ok_or(NoMemory)?;
        memory.ram.clear(table);
        self.pages.set_use(table, Use::Table);
        for (index, frame) in (0..).zip(pieces(entry.frame())) {
            let piece = Pte(entry.0 + (u64::from(index) << 10));
            memory.ram.set_word(table, usize::from(index), piece.0);
            // From now on the replacement policy knows of it.
            self.adopt(frame, Use::Anonymous);
            self.pages.link(frame, Entry { table, index });
        }
        memory.ram.set_word(middle, table_index(base, 1), Pte::new(table, Pte::VALID).0);
        self.leaves.insert(table, Leaf { base, users: vec![id] });
        self.large.remove(&entry.frame());
        if let Some(space) = self.spaces.get_mut(id) {
            space.large = space.large.saturating_sub(1);
        }
        // What the TLBs know stays true, but for the large entry: a later change of a part would miss it.
        memory.forget_page(self.satp(id).asid, base);
        Ok(())
    }

    /// Splits all large pages that have a part in a range.
    ///
    /// # Errors
    /// As [`split_large`](Self::split_large).
    pub(super) fn split_within(
        &mut self,
        id: SpaceId,
        memory: &mut Memory,
        (start, end): (u64, u64),
    ) -> Result<(), NoMemory> {
        let Some(space) = self.spaces.get(id).filter(|space| space.large > 0) else {
            return Ok(());
        };
        for (base, _) in space.large_within(&memory.ram, start, end) {
            self.split_large(id, memory, base)?;
        }
        Ok(())
    }

    /// Splits any large page, so that its pieces can be taken away one by one. `false` if there is none.
    pub fn split_some(&mut self, memory: &mut Memory) -> bool {
        let Some((_, &(id, base))) = self.large.first_key_value() else { return false };
        self.split_large(id, memory, base).is_ok()
    }

    /// Gives back the frames of a large page whose space is gone.
    pub(super) fn release_large(&mut self, memory: &mut Memory, entry: Pte) {
        self.large.remove(&entry.frame());
        for frame in pieces(entry.frame()) {
            self.release_frame(memory, frame);
        }
    }

    /// Who has the large page that a frame is a piece of, and at which address the frame is.
    pub(super) fn large_owner(&self, frame: FrameId) -> Option<(SpaceId, u64)> {
        let first = FrameId(frame.0 & !(PIECES - 1));
        let &(id, base) = self.large.get(&first)?;
        Some((id, base + u64::from(frame.0 - first.0) * super::vma::PAGE))
    }
}

/// The frames of a large page.
pub(super) fn pieces(first: FrameId) -> impl Iterator<Item = FrameId> {
    (first.0..first.0 + PIECES).map(FrameId)
}
