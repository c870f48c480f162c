//! Best and worst fit for many blocks: holes in two ordered sets, by address and by size.
//!
//! By size they are found, by address they find their neighbours when a block comes back. Each operation takes
//! logarithmic time. Of holes of one size the lowest is taken, which keeps blocks together (address-ordered best fit).

use super::{Attempt, Block, BlockAllocator, NotAllocated, Used};
use crate::base::Digester;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;

/// Holes in two ordered sets.
#[derive(Clone, Debug, Hash)]
pub struct Tree {
    takes_largest: bool,
    /// Holes: size by address.
    by_address: BTreeMap<u64, u64>,
    /// Holes: size and address.
    by_size: BTreeSet<(u64, u64)>,
    /// Blocks by address: size, which is what was asked for.
    used: BTreeMap<u64, u64>,
}

impl Tree {
    /// All of `region` is one hole. It takes the smallest hole that is large enough, or the largest one.
    #[must_use]
    pub fn new(region: Block, takes_largest: bool) -> Self {
        let (by_address, by_size, used) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
        let mut new = Self { takes_largest, by_address, by_size, used };
        if region.size > 0 {
            new.add(region);
        }
        new
    }

    fn add(&mut self, hole: Block) {
        self.by_address.insert(hole.address, hole.size);
        self.by_size.insert((hole.size, hole.address));
    }

    fn take(&mut self, hole: Block) {
        self.by_address.remove(&hole.address);
        self.by_size.remove(&(hole.size, hole.address));
    }

    fn choose(&self, size: u64) -> Option<Block> {
        let from = if self.takes_largest {
            let (largest, _) = *self.by_size.last()?;
            size.max(largest)
        } else {
            size
        };
        let (size, address) = *self.by_size.range((from, 0)..).next()?;
        Some(Block { address, size })
    }
}

impl BlockAllocator for Tree {
    fn name(&self) -> &'static str {
        if self.takes_largest { "worst" } else { "best" }
    }

    fn allocate(&mut self, asked: u64) -> Attempt {
        let size = asked.max(1);
        let Some(hole) = self.choose(size) else {
            return Attempt { found: None, searched: 1 };
        };
        self.take(hole);
        if hole.size > size {
            self.add(Block { address: hole.address + size, size: hole.size - size });
        }
        self.used.insert(hole.address, size);
        let block = Block { address: hole.address, size };
        Attempt { found: Some((block, hole)), searched: 1 }
    }

    fn free(&mut self, address: u64) -> Result<(Block, Block), NotAllocated> {
        let size = self.used.remove(&address).ok_or(NotAllocated)?;
        let block = Block { address, size };
        let mut hole = block;
        let below = self.by_address.range(..address).next_back();
        let below = below.map(|(&address, &size)| Block { address, size });
        if let Some(below) = below.filter(|below| below.end() == address) {
            self.take(below);
            hole = Block { address: below.address, size: below.size + hole.size };
        }
        if let Some(&size) = self.by_address.get(&block.end()) {
            self.take(Block { address: block.end(), size });
            hole.size += size;
        }
        self.add(hole);
        Ok((block, hole))
    }

    fn holes(&self) -> Vec<Block> {
        self.by_address.iter().map(|(&address, &size)| Block { address, size }).collect()
    }

    fn used(&self) -> Vec<Used> {
        let used = |(&address, &size)| Used { block: Block { address, size }, asked: size };
        self.used.iter().map(used).collect()
    }

    fn clone_allocator(&self) -> Box<dyn BlockAllocator> {
        Box::new(self.clone())
    }

    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
}
