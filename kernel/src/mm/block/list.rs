//! A list of holes, and the rules by which books let students try it: how it is ordered, whether neighbours are
//! joined, how large headers are. Everything takes time in proportion to the number of holes, as it does in the book.
//!
//! The rules follow *Operating Systems: Three Easy Pieces*, chapter 17 and the simulator that goes with it: a block
//! is cut off the front of its hole, which keeps its place in the list; the list is put in order when a block comes
//! back; holes are joined then, if they are neighbours in memory *and* in the list. Alignment rounds sizes, not
//! addresses.

use super::{Attempt, Block, BlockAllocator, Fit, NotAllocated, Used};
use crate::base::Digester;
use std::collections::BTreeMap;
use std::hash::Hash;

/// Where a block goes in the list when it comes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Order {
    /// The list is sorted by address.
    #[default]
    Address,
    /// By size, the smallest hole first.
    Smallest,
    /// By size, the largest hole first.
    Largest,
    /// To the front.
    Front,
    /// To the back.
    Back,
}

impl Order {
    /// All of them, with their names on the command line.
    pub const ALL: [(&'static str, Self); 5] = [
        ("addrsort", Self::Address),
        ("sizesort+", Self::Smallest),
        ("sizesort-", Self::Largest),
        ("insert-front", Self::Front),
        ("insert-back", Self::Back),
    ];

    /// The order of a name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, order)| *order)
    }
}

/// The rules of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    /// Which hole is taken.
    pub fit: Fit,
    /// How the list is ordered.
    pub order: Order,
    /// Whether holes that touch are joined.
    pub coalesce: bool,
    /// How much of each block is its header, where its size stands.
    pub header: u64,
    /// What sizes are multiples of, before the header is added.
    pub align: u64,
}

impl Rules {
    /// The usual ones: sorted by address, neighbours joined, no header.
    #[must_use]
    pub const fn by_address(fit: Fit) -> Self {
        Self { fit, order: Order::Address, coalesce: true, header: 0, align: 1 }
    }

    /// How large the block must be for a request; too large for any memory if it cannot be said in 64 bits.
    pub(super) fn block_size(&self, asked: u64) -> u64 {
        let aligned = asked.max(1).checked_next_multiple_of(self.align.max(1));
        aligned.and_then(|size| size.checked_add(self.header)).unwrap_or(u64::MAX)
    }
}

/// A list of holes.
#[derive(Clone, Debug, Hash)]
pub struct List {
    rules: Rules,
    holes: Vec<Block>,
    /// By address: size, and what was asked for.
    used: BTreeMap<u64, (u64, u64)>,
    /// The address at which the last search ended.
    rover: u64,
}

impl List {
    /// All of `region` is one hole.
    #[must_use]
    pub fn new(region: Block, rules: Rules) -> Self {
        let holes = if region.size > 0 { vec![region] } else { Vec::new() };
        Self { rules, holes, used: BTreeMap::new(), rover: region.address }
    }

    /// Where in the list a search begins. With next fit that is the hole at which the last one ended; if that is gone,
    /// the next one above it, and at the end of memory the first one again.
    fn begin(&self) -> usize {
        if self.rules.fit != Fit::Next {
            return 0;
        }
        let above = self.holes.iter().enumerate().filter(|(_, hole)| hole.address >= self.rover);
        above.min_by_key(|(_, hole)| hole.address).map_or(0, |(place, _)| place)
    }

    /// Joins holes that are neighbours in the list and in memory, lower one first.
    //DOC: coalesce
    fn join(&mut self) {
        let mut joined: Vec<Block> = Vec::with_capacity(self.holes.len());
        for hole in self.holes.drain(..) {
            match joined.last_mut() {
                Some(last) if last.end() == hole.address => last.size += hole.size,
                _ => joined.push(hole),
            }
        }
        self.holes = joined;
    }
}

impl BlockAllocator for List {
    fn name(&self) -> &'static str {
        self.rules.fit.name()
    }

    //DOC: fit
    fn allocate(&mut self, asked: u64) -> Attempt {
        let size = self.rules.block_size(asked);
        let begin = self.begin();
        let (before, from) = self.holes.split_at(begin);
        let choice = self.rules.fit.choose(from.iter().chain(before).copied(), size);
        let Some((place, hole)) = choice.hole else {
            return Attempt { found: None, searched: choice.searched };
        };
        let place = (begin + place) % self.holes.len();
        let rest = Block { address: hole.address + size, size: hole.size - size };
        if rest.size > 0 {
            self.holes[place] = rest;
        } else {
            self.holes.remove(place);
        }
        self.rover = rest.address;
        self.used.insert(hole.address, (size, asked));
        let block = Block { address: hole.address, size };
        Attempt { found: Some((block, hole)), searched: choice.searched }
    }

    fn free(&mut self, address: u64) -> Result<(Block, Block), NotAllocated> {
        let (size, _) = self.used.remove(&address).ok_or(NotAllocated)?;
        let block = Block { address, size };
        match self.rules.order {
            Order::Front => self.holes.insert(0, block),
            _ => self.holes.push(block),
        }
        match self.rules.order {
            Order::Address => self.holes.sort_by_key(|hole| hole.address),
            Order::Smallest => self.holes.sort_by_key(|hole| hole.size),
            Order::Largest => self.holes.sort_by_key(|hole| std::cmp::Reverse(hole.size)),
            Order::Front | Order::Back => {}
        }
        if self.rules.coalesce {
            self.join();
        }
        let is_around = |hole: &&Block| hole.address <= address && address < hole.end();
        Ok((block, self.holes.iter().find(is_around).copied().unwrap_or(block)))
    }

    fn holes(&self) -> Vec<Block> {
        self.holes.clone()
    }

    fn used(&self) -> Vec<Used> {
        let used = |(&address, &(size, asked)): (&u64, &(u64, u64))| Used {
            block: Block { address, size },
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
