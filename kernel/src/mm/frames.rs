//! Physical frames: the buddy allocator, and how many owners a frame has.
//!
//! Free frames stand in blocks of 2⁰ to 2¹⁰ frames, one list for each order. Whoever needs one frame takes the first
//! of the shortest blocks there are and puts the halves it does not need into the lists below. A frame that loses its
//! last owner looks for its buddy, the block of the same order whose number differs in one bit, and joins it as long
//! as that is free. So large blocks come back by themselves, which huge pages and devices need.
//!
//! A typical sequence: a page fault calls [`allocate`](Frames::allocate), fork(2) [`share`](Frames::share), and both
//! processes at their end [`release`](Frames::release).
//!
//! Taken from elsewhere: orders, lists that run through the frames' own descriptors, last in first out because such
//! frames are still in the CPU's caches, and the figures of /proc/buddyinfo from Linux' `mm/page_alloc.c`; how blocks
//! are found and joined from Knuth (TAOCP 2.5). Simpler here: one zone, no kinds of mobility, no lists per CPU.
//! Memory that nobody has used yet has no descriptors: a machine of 64 GiB costs its host what is touched. (Linux has
//! them all at boot, unless told to wait: CONFIG_DEFERRED_STRUCT_PAGE_INIT.)

use crate::base::FrameId;

/// The largest order: blocks of 4 MiB (Linux' `MAX_PAGE_ORDER`).
pub const MAX_ORDER: u32 = 10;

/// How many orders there are, 0 included.
pub const ORDERS: usize = MAX_ORDER as usize + 1;

/// "No frame".
const NONE: u32 = u32::MAX;

/// Frames in a largest block.
const CHUNK: u32 = 1 << MAX_ORDER;

/// What is known of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Descriptor {
    owners: u32,
    /// If a free block begins here, its order.
    order: Option<u8>,
    /// If so: the blocks before and behind it in its list.
    before: u32,
    behind: u32,
}

const IN_USE: Descriptor = Descriptor { owners: 0, order: None, before: NONE, behind: NONE };

/// The free blocks of an order.
#[derive(Clone, Copy, Debug, Hash)]
struct List {
    first: u32,
    length: u32,
}

/// Hands out frames and counts their owners.
#[derive(Clone, Debug, Hash)]
pub struct Frames {
    /// Up to `fresh`.
    descriptors: Vec<Descriptor>,
    lists: [List; ORDERS],
    /// The first frame of memory that nobody has used yet; a multiple of [`CHUNK`], or the end.
    fresh: u32,
    size: u32,
    available: u32,
}

impl Frames {
    /// All of `size` frames are free.
    #[must_use]
    pub fn new(size: u32) -> Self {
        let lists = [List { first: NONE, length: 0 }; ORDERS];
        Self { descriptors: Vec::new(), lists, fresh: 0, size, available: size }
    }

    /// A frame with one owner; `None` when none is left. Its contents are whatever the last owner left.
    #[inline]
    pub fn allocate(&mut self) -> Option<FrameId> {
        self.allocate_block(0)
    }

    /// 2^`order` frames that lie side by side and begin at a multiple of that number, each with one owner: each is
    /// released for itself. Returns the first one; `None` if there is no such block, though there may be frames.
    pub fn allocate_block(&mut self, order: u32) -> Option<FrameId> {
        let mut from = order;
        let block = loop {
            if let Some(block) = self.pop(from) {
                break block;
            }
            from += 1;
            if from > MAX_ORDER {
                if order > MAX_ORDER || !self.freshen() {
                    return None;
                }
                from = order;
            }
        };
        for half in (order..from).rev() {
            self.push(block + (1 << half), half);
        }
        let count = 1 << order;
        for frame in block..block + count {
            self.descriptors[frame as usize].owners = 1;
        }
        self.available -= count;
        Some(FrameId(block))
    }

    /// One more owner.
    #[inline]
    pub fn share(&mut self, frame: FrameId) {
        if let Some(descriptor) = self.descriptors.get_mut(frame.0 as usize) {
            descriptor.owners += 1;
        }
    }

    /// One owner less. `true` when it was the last: the frame is free again.
    pub fn release(&mut self, frame: FrameId) -> bool {
        let Some(descriptor) = self.descriptors.get_mut(frame.0 as usize) else {
            return false;
        };
        debug_assert!(descriptor.owners > 0, "frame {frame} released twice");
        if descriptor.owners == 0 {
            return false;
        }
        descriptor.owners -= 1;
        let last = descriptor.owners == 0;
        if last {
            self.available += 1;
            self.join(frame.0);
        }
        last
    }

    /// How many owners a frame has; 0 if it is free.
    #[inline]
    #[must_use]
    pub fn owners(&self, frame: FrameId) -> u32 {
        self.descriptors.get(frame.0 as usize).map_or(0, |descriptor| descriptor.owners)
    }

    /// How many frames are free.
    #[inline]
    #[must_use]
    pub fn available(&self) -> u32 {
        self.available
    }

    /// How many frames there are.
    #[must_use]
    pub fn size(&self) -> u32 {
        self.size
    }

    /// How many frames have descriptors: all those that were ever handed out, and their neighbours.
    #[must_use]
    pub fn described(&self) -> u32 {
        self.fresh
    }

    /// How many free blocks there are of each order, as /proc/buddyinfo lists them.
    #[must_use]
    pub fn blocks(&self) -> [u32; ORDERS] {
        let mut counts = self.lists.map(|list| list.length);
        let fresh = self.size - self.fresh;
        for (order, count) in counts.iter_mut().enumerate() {
            let of_order = fresh >> order;
            *count += if order == ORDERS - 1 { of_order } else { of_order & 1 };
        }
        counts
    }

    /// The free blocks among frames that have descriptors, lowest first: first frame and order.
    pub fn free_blocks(&self) -> impl Iterator<Item = (FrameId, u32)> {
        let numbered = (0..).zip(&self.descriptors);
        numbered.filter_map(|(n, descriptor)| Some((FrameId(n), u32::from(descriptor.order?))))
    }

    /// Puts a block at the front of its list.
    fn push(&mut self, block: u32, order: u32) {
        let list = &mut self.lists[order as usize];
        let behind = std::mem::replace(&mut list.first, block);
        list.length += 1;
        let descriptor = &mut self.descriptors[block as usize];
        *descriptor = Descriptor { owners: 0, order: Some(order as u8), before: NONE, behind };
        if let Some(next) = self.descriptors.get_mut(behind as usize) {
            next.before = block;
        }
    }

    /// Takes the first block out of a list.
    fn pop(&mut self, order: u32) -> Option<u32> {
        let block = self.lists.get(order as usize)?.first;
        (block != NONE).then(|| {
            self.unlink(block, order);
            block
        })
    }

    /// Takes a block out of its list, wherever it stands.
    fn unlink(&mut self, block: u32, order: u32) {
        let Descriptor { before, behind, .. } =
            std::mem::replace(&mut self.descriptors[block as usize], IN_USE);
        let list = &mut self.lists[order as usize];
        list.length -= 1;
        if before == NONE {
            list.first = behind;
        } else {
            self.descriptors[before as usize].behind = behind;
        }
        if let Some(next) = self.descriptors.get_mut(behind as usize) {
            next.before = before;
        }
    }

    /// A free frame joins its buddy, and both together theirs, as long as there is a free one.
    fn join(&mut self, frame: u32) {
        let (mut block, mut order) = (frame, 0);
        while order < MAX_ORDER {
            let buddy = block ^ 1 << order;
            let is_free = |d: &Descriptor| d.order == Some(order as u8);
            if !self.descriptors.get(buddy as usize).is_some_and(is_free) {
                break;
            }
            self.unlink(buddy, order);
            block &= buddy;
            order += 1;
        }
        self.push(block, order);
    }

    /// Makes descriptors for the next stretch of memory that nobody has used. `false` if there is none.
    fn freshen(&mut self) -> bool {
        let count = CHUNK.min(self.size - self.fresh);
        if count == 0 {
            return false;
        }
        let mut at = self.fresh;
        self.fresh += count;
        self.descriptors.resize(self.fresh as usize, IN_USE);
        // The end of memory may be a smaller stretch: one block for each bit of its length, the largest first.
        for order in (0..=MAX_ORDER).rev().filter(|order| count & 1 << order != 0) {
            self.push(at, order);
            at += 1 << order;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{Frames, MAX_ORDER, ORDERS};
    use crate::base::{FrameId, Rng};

    #[test]
    fn a_frame_is_free_when_its_last_owner_let_go() {
        let mut frames = Frames::new(2);
        let a = frames.allocate().expect("a frame");
        frames.share(a);
        assert!(!frames.release(a));
        assert_eq!(frames.available(), 1);
        assert!(frames.release(a));
        assert_eq!(frames.available(), 2);
    }

    #[test]
    fn there_are_only_so_many() {
        let mut frames = Frames::new(1);
        assert_eq!(frames.allocate(), Some(FrameId(0)));
        assert_eq!(frames.allocate(), None);
        frames.release(FrameId(0));
        assert_eq!(frames.allocate(), Some(FrameId(0)));
        assert_eq!(frames.allocate_block(MAX_ORDER + 1), None);
    }

    #[test]
    fn untouched_memory_costs_nothing() {
        // 64 GiB.
        let mut frames = Frames::new(1 << 24);
        assert_eq!(frames.blocks()[MAX_ORDER as usize], 1 << 14);
        assert_eq!(frames.allocate(), Some(FrameId(0)));
        assert_eq!(frames.described(), 1024);
        assert_eq!(frames.blocks(), [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, (1 << 14) - 1]);
    }

    /// What is free, counted from the blocks; and every two free buddies are one.
    fn check(frames: &Frames) -> u32 {
        let mut counts = [0; ORDERS];
        let mut end = 0;
        for (FrameId(block), order) in frames.free_blocks() {
            assert!(block >= end && block.is_multiple_of(1 << order));
            end = block + (1 << order);
            assert!((block..end).all(|frame| frames.owners(FrameId(frame)) == 0));
            let buddy = (FrameId(block ^ 1 << order), order);
            assert!(order == MAX_ORDER || frames.free_blocks().all(|other| other != buddy));
            counts[order as usize] += 1;
        }
        let free =
            |counts: [u32; ORDERS]| (0..).zip(counts).map(|(order, n)| n << order).sum::<u32>();
        assert_eq!(free(frames.blocks()), frames.available());
        free(counts)
    }

    #[test]
    fn blocks_split_and_join_and_none_is_lost() {
        // Two whole chunks and a rest of 100.
        let mut frames = Frames::new(2148);
        let (mut rng, mut held) = (Rng::new(9), Vec::new());
        for _ in 0..600 {
            if rng.below(5) < 3 {
                let order = rng.below(6) as u32;
                if let Some(FrameId(first)) = frames.allocate_block(order) {
                    assert!(first.is_multiple_of(1 << order));
                    held.extend((first..first + (1 << order)).map(FrameId));
                }
            } else {
                for _ in 0..rng.below(60).min(held.len() as u64) {
                    let frame = held.swap_remove(rng.below(held.len() as u64) as usize);
                    assert!(frames.release(frame));
                }
            }
            let free = check(&frames);
            assert_eq!(free, frames.described() - held.len() as u32);
        }
        let mut sorted = held.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), held.len(), "a frame was given to two");
        held.into_iter().for_each(|frame| assert!(frames.release(frame)));
        assert_eq!(frames.blocks(), [0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 2]);
    }
}
