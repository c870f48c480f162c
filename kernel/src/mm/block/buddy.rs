//! Buddies: every block is a power of two, and is made by cutting one of twice the size in half.
//!
//! The other half is its buddy, and is found by flipping one bit of its place. When both are free they are one
//! again. Splitting and joining take as many steps as there are orders, whatever the number of blocks: fast, and
//! paid for with what rounding up wastes inside of blocks. Knowlton, "A fast storage allocator", CACM 8(10), 1965;
//! Knuth, TAOCP 2.5.

use super::{Attempt, Block, BlockAllocator, NotAllocated, Used};
use crate::base::Digester;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;

/// What requests are rounded to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    /// How much of each block is its header.
    pub header: u64,
    /// The order of the smallest block.
    pub smallest: u32,
}

impl Default for Rules {
    /// No header, and blocks of 16 and more, as small blocks would be all rounding.
    fn default() -> Self {
        Self { header: 0, smallest: 4 }
    }
}

/// Buddies. The orders are powers of two; a block's place is counted from the beginning of the region.
#[derive(Clone, Debug, Hash)]
pub struct Buddy {
    base: u64,
    rules: Rules,
    /// Places of the free blocks of each order.
    free: Vec<BTreeSet<u64>>,
    /// By place: order, and what was asked for.
    used: BTreeMap<u64, (u32, u64)>,
}

impl Buddy {
    /// All of `region` is free. If its size is no power of two, it is as many blocks as its size has bits set, the
    /// largest first; what is smaller than the smallest block is left out.
    #[must_use]
    pub fn new(region: Block, rules: Rules) -> Self {
        let orders = region.size.checked_ilog2().map_or(0, |largest| largest + 1);
        let mut free = vec![BTreeSet::new(); orders as usize];
        let mut place = 0;
        for order in (rules.smallest.min(orders)..orders).rev() {
            if region.size & 1 << order != 0 {
                free[order as usize].insert(place);
                place += 1 << order;
            }
        }
        Self { base: region.address, rules, free, used: BTreeMap::new() }
    }

    fn block(&self, place: u64, order: u32) -> Block {
        Block { address: self.base.saturating_add(place), size: 1 << order }
    }

    /// The order of the smallest block for a request; more than there are if none is large enough.
    fn order(&self, asked: u64) -> u32 {
        let size = asked.max(1).checked_add(self.rules.header);
        let rounded = size.and_then(u64::checked_next_power_of_two);
        rounded.map_or(u64::BITS, u64::trailing_zeros).max(self.rules.smallest)
    }

    /// How many free blocks there are of each order.
    pub fn counts(&self) -> impl Iterator<Item = usize> {
        self.free.iter().map(BTreeSet::len)
    }
}

impl BlockAllocator for Buddy {
    fn name(&self) -> &'static str {
        "buddy"
    }

    fn allocate(&mut self, asked: u64) -> Attempt {
        let order = self.order(asked);
        let mut searched = 0;
        let mut from = order;
        let place = loop {
            let Some(free) = self.free.get_mut(from as usize) else {
                return Attempt { found: None, searched };
            };
            searched += 1;
            if let Some(place) = free.pop_first() {
                break place;
            }
            from += 1;
        };
        // The lower half is ours, the upper one stays free.
        for half in order..from {
            self.free[half as usize].insert(place + (1 << half));
        }
        self.used.insert(place, (order, asked));
        Attempt { found: Some((self.block(place, order), self.block(place, from))), searched }
    }

    fn free(&mut self, address: u64) -> Result<(Block, Block), NotAllocated> {
        let place = address.checked_sub(self.base).ok_or(NotAllocated)?;
        let (order, _) = self.used.remove(&place).ok_or(NotAllocated)?;
        let (mut at, mut joined) = (place, order);
        while let Some(free) = self.free.get_mut(joined as usize)
            && free.remove(&(at ^ 1 << joined))
        {
            at &= !(1 << joined);
            joined += 1;
        }
        self.free[joined as usize].insert(at);
        Ok((self.block(place, order), self.block(at, joined)))
    }

    fn holes(&self) -> Vec<Block> {
        let orders = (0..).zip(&self.free);
        let holes = orders.flat_map(|(order, free)| free.iter().map(move |place| (*place, order)));
        let mut holes: Vec<Block> = holes.map(|(place, order)| self.block(place, order)).collect();
        holes.sort_unstable();
        holes
    }

    fn used(&self) -> Vec<Used> {
        let used = |(&place, &(order, asked)): (&u64, &(u32, u64))| Used {
            block: self.block(place, order),
            asked,
        };
        self.used.iter().map(used).collect()
    }

    fn clone_allocator(&self) -> Box<dyn BlockAllocator> {
        Box::new(self.clone())
    }

    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
}
