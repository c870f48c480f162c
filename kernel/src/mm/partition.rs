//! Memory in whole blocks: each segment of a process is one contiguous block of frames, with a base and a bound.
//!
//! So computers worked before they had pages (IBM's OS/360 MVT, 1967), and so every textbook begins. A machine of this kind has set aside a stretch of
//! its memory; one of the allocators of [`block`](super::block) hands it out, in units of a frame. An area of private memory gets its block when it is
//! made, or is refused if no hole is large enough, though there may be enough in all the holes together. The page at offset *n* of the
//! segment lies in frame base + *n*, always. Nothing of it is shared: fork(2) takes blocks for the child and copies. A segment cannot grow:
//! heap and stack get all the room that they will ever have.
//!
//! A typical sequence: mmap(2) calls `Partitions::add`; the first touch of a page takes `Partitions::take`; munmap(2) calls
//! `Partitions::remove`, and when the last frame is back the block is a hole again.
//!
//! Simpler here: the MMU still translates through page tables, which the kernel fills by this rule. Hardware of that kind had two registers and an
//! adder. Shared memory and the page cache live outside of the stretch, in pages.

use super::block::buddy::{Buddy, Rules};
use super::block::{Block, BlockAllocator, allocator_by_name};
use super::{AreaFlags, Mm, NoMemory, Vma};
use crate::abi::Errno;
use crate::base::{Digester, FrameId, SpaceId};
use crate::hw::Memory;
use crate::hw::PAGE_SIZE;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

const PAGE: u64 = PAGE_SIZE as u64;

/// The policies that can hand blocks out.
pub const POLICIES: [&str; 5] = ["first", "best", "worst", "next", "buddy"];

/// Frames that a heap gets when it is first grown: more than that brk(2) refuses.
const HEAP: u64 = 16;

/// A part of an address space, and where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Segment {
    /// Its first address, as long as it has not lost pages at its lower end.
    pub origin: u64,
    /// One past its last address.
    pub end: u64,
    /// Its block, in frames of the stretch.
    pub block: u64,
}

/// What is in use of a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Held {
    /// Segments that lie in it: several if munmap(2) has cut one in two.
    segments: u32,
    /// Frames that hold a page.
    frames: u32,
}

/// A block for showing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lot {
    /// Its first frame.
    pub base: FrameId,
    /// How many frames it has.
    pub bound: u32,
    /// Whose it is.
    pub space: Option<SpaceId>,
    /// The address that lies at its base.
    pub origin: u64,
}

/// The stretch of memory that is handed out in blocks.
pub struct Partitions {
    policy: &'static str,
    first: FrameId,
    size: u32,
    allocator: Box<dyn BlockAllocator>,
    /// By space and first address.
    segments: BTreeMap<(SpaceId, u64), Segment>,
    blocks: BTreeMap<u64, Held>,
    /// Frames that hold a page.
    taken: BTreeSet<FrameId>,
    /// How often no hole was large enough; and how often it would have been enough in all holes together.
    refused: (u64, u64),
    /// Holes that were looked at.
    searched: u64,
    /// What was refused last and not told yet.
    news: Option<Refusal>,
}

/// A block that was not to be had. All in frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// How large.
    pub asked: u32,
    /// What is in all holes together.
    pub free: u32,
    /// What is in the largest.
    pub largest: u32,
}

impl Partitions {
    /// A stretch of `size` frames from `first` on. `None` if there is no policy of that name.
    #[must_use]
    pub fn new(policy: &str, first: FrameId, size: u32) -> Option<Self> {
        let policy = POLICIES.into_iter().find(|known| *known == policy)?;
        let whole = Block { address: 0, size: u64::from(size) };
        Some(Self {
            policy,
            first,
            size,
            allocator: match policy {
                "buddy" => Box::new(Buddy::new(whole, Rules { header: 0, smallest: 0 })),
                _ => allocator_by_name(policy, whole)?,
            },
            segments: BTreeMap::new(),
            blocks: BTreeMap::new(),
            taken: BTreeSet::new(),
            refused: (0, 0),
            searched: 0,
            news: None,
        })
    }

    /// Who hands blocks out.
    #[must_use]
    pub fn policy(&self) -> &'static str {
        self.policy
    }

    /// The first frame, and how many there are.
    #[must_use]
    pub fn stretch(&self) -> (FrameId, u32) {
        (self.first, self.size)
    }

    /// How often no hole was large enough for a segment; and how often that was the fault of fragmentation, since there was enough in all.
    #[must_use]
    pub fn refused(&self) -> (u64, u64) {
        self.refused
    }

    /// How many holes were looked at so far.
    #[must_use]
    pub fn searched(&self) -> u64 {
        self.searched
    }

    /// The holes, lowest first: first frame, and how many.
    #[must_use]
    pub fn holes(&self) -> Vec<(FrameId, u32)> {
        let mut holes = self.allocator.holes();
        holes.sort_unstable();
        holes.iter().map(|hole| (self.frame_at(hole.address), hole.size as u32)).collect()
    }

    /// The blocks that somebody has, lowest first.
    #[must_use]
    pub fn held(&self) -> Vec<Lot> {
        let view = |used: &super::block::Used| {
            let owner = self.segments.iter().find(|(_, s)| s.block == used.block.address);
            Lot {
                base: self.frame_at(used.block.address),
                bound: used.block.size as u32,
                space: owner.map(|((space, _), _)| *space),
                origin: owner.map_or(0, |(_, segment)| segment.origin),
            }
        };
        self.allocator.used().iter().map(view).collect()
    }

    /// The segments of a space, lowest first: the range of addresses, and the frame at its base.
    pub fn of_space(&self, space: SpaceId) -> impl Iterator<Item = (u64, u64, FrameId)> {
        let range = self.segments.range((space, 0)..=(space, u64::MAX));
        range.map(|((_, start), segment)| {
            (*start, segment.end, self.frame_at(segment.block + (start - segment.origin) / PAGE))
        })
    }

    fn frame_at(&self, offset: u64) -> FrameId {
        FrameId(self.first.0.saturating_add(offset as u32))
    }

    /// Takes a block for a segment of a space.
    ///
    /// # Errors
    /// `ENOMEM` if no hole is large enough.
    fn add(&mut self, space: SpaceId, (start, end, room): (u64, u64, u64)) -> Result<(), Errno> {
        let pages = ((end - start) / PAGE).max(room);
        let attempt = self.allocator.allocate(pages);
        self.searched += attempt.searched;
        let Some((block, _)) = attempt.found else {
            return Err(self.refuse(pages));
        };
        let end = start + pages * PAGE;
        let segment = Segment { origin: start, end, block: block.address };
        self.segments.insert((space, start), segment);
        self.blocks.entry(block.address).or_default().segments += 1;
        Ok(())
    }

    /// No hole is large enough.
    fn refuse(&mut self, pages: u64) -> Errno {
        let holes = self.allocator.holes();
        let free: u64 = holes.iter().map(|hole| hole.size).sum();
        let largest = holes.iter().map(|hole| hole.size).max().unwrap_or(0);
        self.refused.0 += 1;
        self.refused.1 += u64::from(free >= pages);
        let asked = u32::try_from(pages).unwrap_or(u32::MAX);
        self.news = Some(Refusal { asked, free: free as u32, largest: largest as u32 });
        Errno::ENOMEM
    }

    fn segment(&self, space: SpaceId, address: u64) -> Option<&Segment> {
        let (_, segment) = self
            .segments
            .range(..=(space, address))
            .next_back()
            .filter(|((owner, _), _)| *owner == space)?;
        (address < segment.end).then_some(segment)
    }

    /// The frame for a page of a segment, to be used from now on. `None` if there is no such segment, or the frame holds a page already.
    fn take(&mut self, space: SpaceId, address: u64) -> Option<FrameId> {
        let segment = *self.segment(space, address)?;
        let frame = self.frame_at(segment.block + (address - segment.origin) / PAGE);
        if !self.taken.insert(frame) {
            return None;
        }
        self.blocks.entry(segment.block).or_default().frames += 1;
        Some(frame)
    }

    /// Whether a frame lies in the stretch.
    #[must_use]
    pub fn has(&self, frame: FrameId) -> bool {
        (self.first.0..self.first.0.saturating_add(self.size)).contains(&frame.0)
    }

    /// Whether a frame of the stretch holds a page.
    #[must_use]
    pub fn is_taken(&self, frame: FrameId) -> bool {
        self.taken.contains(&frame)
    }

    /// A frame holds no page any more.
    fn give_back(&mut self, frame: FrameId) {
        if !self.taken.remove(&frame) {
            return;
        }
        let offset = u64::from(frame.0 - self.first.0);
        if let Some((&block, held)) = self.blocks.range_mut(..=offset).next_back() {
            held.frames -= 1;
            self.settle(block);
        }
    }

    /// A block that nobody uses any more is a hole again.
    fn settle(&mut self, block: u64) {
        if self.blocks.get(&block).is_some_and(|held| *held == Held::default()) {
            self.blocks.remove(&block);
            // It was handed out, so it can be taken back.
            let _ = self.allocator.free(block);
        }
    }

    /// A range of a space is no longer in use.
    fn remove(&mut self, space: SpaceId, (from, to): (u64, u64)) {
        let range = self.segments.range((space, 0)..=(space, u64::MAX));
        let overlaps = |(key, segment): (&(SpaceId, u64), &Segment)| {
            (key.1 < to && segment.end > from).then_some((key.1, *segment))
        };
        let hit: Vec<(u64, Segment)> = range.filter_map(overlaps).collect();
        for (start, segment) in hit {
            self.segments.remove(&(space, start));
            let mut left = 0;
            if start < from {
                self.segments.insert((space, start), Segment { end: from, ..segment });
                left += 1;
            }
            if segment.end > to {
                self.segments.insert((space, to), segment);
                left += 1;
            }
            if let Some(held) = self.blocks.get_mut(&segment.block) {
                held.segments = held.segments + left - 1;
            }
            self.settle(segment.block);
        }
    }
}

/// Whether an area lies in a block of its own: private memory.
fn is_segment(vma: &Vma) -> bool {
    !vma.flags.contains(AreaFlags::SHARED)
}

impl Mm {
    /// Sets a stretch of `frames` frames aside, which `policy` hands out in blocks.
    ///
    /// # Errors
    /// `ENOMEM` if there are not so many side by side, `EINVAL` for a policy that is none.
    pub fn partition(&mut self, policy: &str, frames: u32) -> Result<(), Errno> {
        if !POLICIES.contains(&policy) {
            return Err(Errno::EINVAL);
        }
        if !(1..=self.frames.available()).contains(&frames) {
            return Err(Errno::ENOMEM);
        }
        // The largest blocks come one after the other, as nobody has used any memory yet.
        let mut largest = || self.frames.allocate_block(super::frames::MAX_ORDER);
        let start = largest().ok_or(Errno::ENOMEM)?.0;
        let mut end = start + (1 << super::frames::MAX_ORDER);
        while end < start + frames {
            let block = largest().filter(|block| block.0 == end).ok_or(Errno::ENOMEM)?;
            end = block.0 + (1 << super::frames::MAX_ORDER);
        }
        for frame in (start..start + frames).map(FrameId) {
            self.pages.set_use(frame, super::Use::Reserved);
        }
        for frame in (start + frames..end).map(FrameId) {
            self.frames.release(frame);
        }
        let partitions = Partitions::new(policy, FrameId(start), frames).ok_or(Errno::EINVAL)?;
        self.partitions = Some(partitions);
        Ok(())
    }

    /// Whether private memory lies in blocks.
    #[must_use]
    pub fn is_partitioned(&self) -> bool {
        self.partitions.is_some()
    }

    /// What was refused since somebody asked last, to be told.
    pub fn take_refusal(&mut self) -> Option<Refusal> {
        self.partitions.as_mut()?.news.take()
    }

    /// Takes the block for an area that is being made. Returns whether it took one.
    pub(super) fn add_segment(&mut self, id: SpaceId, vma: &Vma) -> Result<bool, Errno> {
        let Some(partitions) = self.partitions.as_mut().filter(|_| is_segment(vma)) else {
            return Ok(false);
        };
        if vma.name == "[heap]" {
            // What a heap was given first is all that it can have.
            let is_room = |segment: &Segment| vma.end <= segment.end;
            return match partitions.segment(id, vma.start) {
                Some(segment) if is_room(segment) => Ok(false),
                Some(_) => Err(Errno::ENOMEM),
                None if partitions.segment(id, vma.start - 1).is_some() => Err(Errno::ENOMEM),
                None => partitions.add(id, (vma.start, vma.end, HEAP)).map(|()| true),
            };
        }
        partitions.add(id, (vma.start, vma.end, 0)).map(|()| true)
    }

    /// A range of a space is unmapped.
    pub(super) fn remove_segments(&mut self, id: SpaceId, range: (u64, u64)) {
        if let Some(partitions) = &mut self.partitions {
            partitions.remove(id, range);
        }
    }

    /// A frame for a page of private memory: the one in the segment's block, or any, with machines that have pages.
    pub fn private_frame(&mut self, id: SpaceId, address: u64) -> Option<FrameId> {
        match &mut self.partitions {
            Some(partitions) => partitions.take(id, address & !(PAGE - 1)),
            None => self.frames.allocate(),
        }
    }

    /// A frame of the stretch that has lost its last owner but one, the stretch, goes back to its block. `false` if it is none.
    pub(super) fn give_back_to_block(&mut self, frame: FrameId) -> bool {
        match &mut self.partitions {
            Some(partitions) if partitions.has(frame) && self.frames.owners(frame) == 1 => {
                partitions.give_back(frame);
                true
            }
            _ => false,
        }
    }

    /// Blocks for a child's segments, and copies of all that its parent has in its own. Returns how many pages were copied.
    ///
    /// # Errors
    /// [`NoMemory`] if no hole is large enough; the child is to be released.
    pub(super) fn fork_segments(
        &mut self,
        memory: &mut Memory,
        (parent, child): (SpaceId, SpaceId),
    ) -> Result<u64, NoMemory> {
        let Some(partitions) = &mut self.partitions else { return Ok(0) };
        // What the child does not get (MADV_DONTFORK) needs no block.
        let areas = self.spaces.get(child).map(|space| &space.areas);
        let is_in = |(start, end, _): &(u64, u64, FrameId)| {
            areas.is_some_and(|areas| areas.overlaps(*start, *end))
        };
        let ranges: Vec<_> = partitions.of_space(parent).filter(is_in).collect();
        for (start, end, _) in &ranges {
            partitions.add(child, (*start, *end, 0)).map_err(|_| NoMemory)?;
        }
        let mut copied = 0;
        for (start, end, _) in ranges {
            let space = self.space(child).ok_or(NoMemory)?;
            for (page, pte) in space.mapped(&memory.ram, start, end) {
                self.copy(child, memory, page, pte.frame())?;
                copied += 1;
            }
        }
        Ok(copied)
    }
}

impl Clone for Partitions {
    fn clone(&self) -> Self {
        Self {
            allocator: self.allocator.clone_allocator(),
            segments: self.segments.clone(),
            blocks: self.blocks.clone(),
            taken: self.taken.clone(),
            ..*self
        }
    }
}

impl std::fmt::Debug for Partitions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Partitions")
            .field("policy", &self.policy)
            .field("segments", &self.segments)
            .finish_non_exhaustive()
    }
}

impl Hash for Partitions {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut digester = Digester::default();
        self.allocator.digest(&mut digester);
        (self.policy, self.first, self.size, digester.finish()).hash(state);
        (&self.segments, &self.blocks, &self.taken).hash(state);
        (self.refused, self.searched, self.news).hash(state);
    }
}
