//! Block allocators: a stretch of memory, from which pieces of any size are taken and to which they return.
//!
//! Layers: [`fit`] chooses a hole; [`list`] keeps holes in a list, as the first allocators did and as books draw it;
//! [`tree`] keeps them in two ordered sets, and finds the best one in logarithmic time; [`buddy`] cuts memory in
//! halves; [`slab`] keeps objects of one size together in pages that come from buddies. All are a [`BlockAllocator`], so that user heaps, machines without pages and the workbench can have any
//! of them.
//!
//! A typical sequence: [`allocate`](BlockAllocator::allocate) looks for a hole that is large enough, cuts the block
//! off its front and leaves the rest. [`free`](BlockAllocator::free) makes the block a hole again, and joins it with
//! holes that touch it. After a while there are many holes, each too small: [`Figures`] say how bad it is.
//!
//! Taken from elsewhere: that the size of a block is known from its address alone, as with free(3); buddies found
//! by one bit of their address from Knuth (TAOCP 2.5, algorithms R and S), and a list for each order from Linux'
//! `mm/page_alloc.c`; holes sorted by size and by address at once from the kernel's and FreeBSD's `vmem` (Bonwick,
//! Adams, USENIX 2001), with trees in place of its size classes.

pub mod buddy;
pub mod fit;
pub mod list;
pub mod slab;
pub mod tree;

pub use buddy::Buddy;
pub use fit::{Choice, Fit};
pub use list::{List, Order};
pub use slab::Slab;
pub use tree::Tree;

use crate::base::Digester;

/// A stretch of memory. Addresses and sizes are in whatever unit its allocator works: bytes, mostly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Block {
    /// Its first address.
    pub address: u64,
    /// How large it is.
    pub size: u64,
}

impl Block {
    /// One past its last address.
    #[must_use]
    pub const fn end(self) -> u64 {
        self.address.saturating_add(self.size)
    }
}

/// A block that somebody has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Used {
    /// The block, header and all.
    pub block: Block,
    /// How much was asked for.
    pub asked: u64,
}

/// What came of looking for a hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The block, and the hole from whose front it was cut; `None` if no hole was large enough.
    pub found: Option<(Block, Block)>,
    /// How many holes were looked at. With [`Buddy`], how many orders.
    pub searched: u64,
}

/// The address is not that of a block that somebody has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAllocated;

/// Hands out blocks of a stretch of memory.
pub trait BlockAllocator: Send + Sync {
    /// Its name, as on the command line.
    fn name(&self) -> &'static str;

    /// Takes a block of at least `size`; 0 counts as 1.
    fn allocate(&mut self, size: u64) -> Attempt;

    /// Gives the block back that begins at an address. Returns the block, and the hole of which it is part now.
    ///
    /// # Errors
    /// [`NotAllocated`].
    fn free(&mut self, address: u64) -> Result<(Block, Block), NotAllocated>;

    /// The holes, in the order in which the allocator keeps them.
    fn holes(&self) -> Vec<Block>;

    /// The blocks that somebody has, lowest first.
    fn used(&self) -> Vec<Used>;

    /// A copy, for keyframes.
    fn clone_allocator(&self) -> Box<dyn BlockAllocator>;

    /// Feeds its state into a digest.
    fn digest(&self, digester: &mut Digester);
}

/// How memory is divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Figures {
    /// How much is free.
    pub free: u64,
    /// In how many holes.
    pub holes: u64,
    /// The largest hole.
    pub largest: u64,
    /// How much is in blocks.
    pub used: u64,
    /// How much of that somebody asked for. The rest is headers, alignment and rounding.
    pub asked: u64,
}

impl Figures {
    /// Those of an allocator.
    #[must_use]
    pub fn of(allocator: &dyn BlockAllocator) -> Self {
        let mut figures = Self::default();
        for hole in allocator.holes() {
            figures.free += hole.size;
            figures.holes += 1;
            figures.largest = figures.largest.max(hole.size);
        }
        for used in allocator.used() {
            figures.used += used.block.size;
            figures.asked += used.asked;
        }
        figures
    }

    /// External fragmentation in millionths: how much of what is free is *not* in the largest hole.
    #[must_use]
    pub fn external(&self) -> u32 {
        millionths(self.free - self.largest, self.free)
    }

    /// Internal fragmentation in millionths: how much of what is in blocks nobody asked for.
    #[must_use]
    pub fn internal(&self) -> u32 {
        millionths(self.used.saturating_sub(self.asked), self.used)
    }
}

/// `part` of `whole`; 0 if there is no whole.
fn millionths(part: u64, whole: u64) -> u32 {
    let share = (u128::from(part) * 1_000_000).checked_div(u128::from(whole));
    share.unwrap_or(0) as u32
}

/// The policies, as on the command line.
pub const POLICIES: [&str; 6] = ["first", "best", "worst", "next", "buddy", "slab"];

/// The allocator of a name in [`POLICIES`] for a stretch of memory, made for use: without headers, joining
/// neighbours, and in logarithmic time if there is such a one.
#[must_use]
pub fn allocator_by_name(name: &str, region: Block) -> Option<Box<dyn BlockAllocator>> {
    Some(match name {
        "first" => Box::new(List::new(region, list::Rules::by_address(Fit::First))),
        "next" => Box::new(List::new(region, list::Rules::by_address(Fit::Next))),
        "best" => Box::new(Tree::new(region, false)),
        "worst" => Box::new(Tree::new(region, true)),
        "buddy" => Box::new(Buddy::new(region, buddy::Rules::default())),
        "slab" => Box::new(Slab::new(region, 12)),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
