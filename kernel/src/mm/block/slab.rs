//! Slabs: objects of one size lie side by side in a few pages, so that none is rounded up to a power of two and a
//! place that becomes free fits the next object exactly.
//!
//! A *cache* holds the objects of one size, a *slab* is 2ⁿ pages of a cache cut into places. Pages come from a
//! [`Buddy`] and go back to it when a whole slab is empty; one empty slab per cache stays, because the next object is
//! likely to come soon. What is larger than half a slab gets pages of its own.
//!
//! Bonwick, "The slab allocator: an object-caching kernel memory allocator", USENIX Summer 1994; the choice of how
//! many pages a slab has, by how much of it would be wasted, from Linux' `calculate_order`; [`Info`] has the columns of
//! its /proc/slabinfo. Simpler here: every size has a cache, as every type has in a kernel; objects are not
//! kept constructed.

use super::buddy::{Buddy, Rules};
use super::{Attempt, Block, BlockAllocator, NotAllocated, Used};
use crate::base::Digester;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;

/// Sizes are multiples of this.
const ALIGN: u64 = 8;

/// The largest order of a slab: eight pages (Linux' `PAGE_ALLOC_COSTLY_ORDER`).
const MAX_ORDER: u32 = 3;

/// Objects of one size.
#[derive(Clone, Debug, Default, Hash)]
struct Cache {
    /// Slabs with free places, by address.
    partial: BTreeSet<u64>,
    /// All slabs.
    slabs: u64,
    /// Of those, the ones without any object.
    empty: u64,
    /// Objects in use.
    active: u64,
}

/// Some pages of a cache.
#[derive(Clone, Debug, Hash)]
struct Pages {
    /// The size of its objects.
    object: u64,
    /// The addresses of its free places.
    free: BTreeSet<u64>,
    /// How many places there are.
    places: u64,
}

/// A line of /proc/slabinfo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Info {
    /// The size of an object (objsize).
    pub object_size: u64,
    /// Objects in use (active_objs).
    pub active: u64,
    /// Places for objects (num_objs).
    pub total: u64,
    /// Places in a slab (objperslab).
    pub per_slab: u64,
    /// Pages in a slab (pagesperslab).
    pub pages_per_slab: u64,
    /// Slabs (num_slabs).
    pub slabs: u64,
}

/// A slab allocator over a stretch of memory.
#[derive(Clone, Debug, Hash)]
pub struct Slab {
    page: u64,
    pages: Buddy,
    caches: BTreeMap<u64, Cache>,
    slabs: BTreeMap<u64, Pages>,
    /// Objects by address: size, and what was asked for.
    used: BTreeMap<u64, (u64, u64)>,
}

impl Slab {
    /// All of `region` is free. A page has 2^`page_order` units.
    #[must_use]
    pub fn new(region: Block, page_order: u32) -> Self {
        let smallest = page_order.min(62);
        let pages = Buddy::new(region, Rules { header: 0, smallest });
        let (caches, slabs, used) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { page: 1 << smallest, pages, caches, slabs, used }
    }

    /// How large a slab for objects of a size is: as few pages as waste at most an eighth, if there is such a number.
    fn slab_size(&self, object: u64) -> u64 {
        let sizes = (0..=MAX_ORDER).filter_map(|order| self.page.checked_shl(order));
        let mut fitting = sizes.filter(|size| *size >= object * 2);
        let wastes_little = |size: &u64| size % object * 8 <= *size;
        let largest = self.page.saturating_mul(1 << MAX_ORDER);
        fitting.find(wastes_little).unwrap_or(largest)
    }

    /// The caches, the smallest objects first, as /proc/slabinfo lists them.
    pub fn infos(&self) -> impl Iterator<Item = Info> {
        self.caches.iter().map(|(&object_size, cache)| {
            let size = self.slab_size(object_size);
            let per_slab = size / object_size;
            Info {
                object_size,
                active: cache.active,
                total: cache.slabs * per_slab,
                per_slab,
                pages_per_slab: size / self.page,
                slabs: cache.slabs,
            }
        })
    }

    /// The first free place of a cache; a new slab if there is none. With how many slabs were looked at.
    fn place(&mut self, object: u64) -> (Option<u64>, u64) {
        let size = self.slab_size(object);
        let cache = self.caches.entry(object).or_default();
        let (slab, searched) = match cache.partial.first() {
            Some(&slab) => (slab, 1),
            None => {
                let attempt = self.pages.allocate(size);
                let Some((block, _)) = attempt.found else { return (None, attempt.searched) };
                let places = size / object;
                let free = (0..places).map(|n| block.address + n * object).collect();
                self.slabs.insert(block.address, Pages { object, free, places });
                cache.partial.insert(block.address);
                (cache.slabs, cache.empty) = (cache.slabs + 1, cache.empty + 1);
                (block.address, attempt.searched + 1)
            }
        };
        let Some(pages) = self.slabs.get_mut(&slab) else { return (None, searched) };
        cache.empty -= u64::from(pages.free.len() as u64 == pages.places);
        cache.active += 1;
        let place = pages.free.pop_first();
        if pages.free.is_empty() {
            cache.partial.remove(&slab);
        }
        (place, searched)
    }
}

impl BlockAllocator for Slab {
    fn name(&self) -> &'static str {
        "slab"
    }

    fn allocate(&mut self, asked: u64) -> Attempt {
        let largest = self.page.saturating_mul(1 << MAX_ORDER) / 2;
        let object = asked.max(1).checked_next_multiple_of(ALIGN);
        let Some(object) = object.filter(|object| *object <= largest) else {
            return self.pages.allocate(asked);
        };
        let (place, searched) = self.place(object);
        let found = place.map(|address| {
            self.used.insert(address, (object, asked));
            let block = Block { address, size: object };
            (block, block)
        });
        Attempt { found, searched }
    }

    fn free(&mut self, address: u64) -> Result<(Block, Block), NotAllocated> {
        let Some((object, _)) = self.used.remove(&address) else {
            // Pages of its own; those of a slab are nobody's to give back.
            let is_slab = self.slabs.contains_key(&address);
            return if is_slab { Err(NotAllocated) } else { self.pages.free(address) };
        };
        let block = Block { address, size: object };
        let slab = self.slabs.range_mut(..=address).next_back();
        let (Some((&at, pages)), Some(cache)) = (slab, self.caches.get_mut(&object)) else {
            return Err(NotAllocated);
        };
        pages.free.insert(address);
        cache.partial.insert(at);
        cache.active -= 1;
        if (pages.free.len() as u64) < pages.places {
            return Ok((block, block));
        }
        if cache.empty == 0 {
            cache.empty = 1;
            return Ok((block, block));
        }
        cache.partial.remove(&at);
        cache.slabs -= 1;
        self.slabs.remove(&at);
        let (_, hole) = self.pages.free(at)?;
        Ok((block, hole))
    }

    fn holes(&self) -> Vec<Block> {
        let places = self.slabs.values().flat_map(|pages| {
            pages.free.iter().map(|&address| Block { address, size: pages.object })
        });
        let mut holes: Vec<Block> = places.chain(self.pages.holes()).collect();
        holes.sort_unstable();
        holes
    }

    fn used(&self) -> Vec<Used> {
        let objects = self
            .used
            .iter()
            .map(|(&address, &(size, asked))| Used { block: Block { address, size }, asked });
        let pages = self.pages.used().into_iter();
        let own = pages.filter(|used| !self.slabs.contains_key(&used.block.address));
        let mut used: Vec<Used> = objects.chain(own).collect();
        used.sort_unstable();
        used
    }

    fn clone_allocator(&self) -> Box<dyn BlockAllocator> {
        Box::new(self.clone())
    }

    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
}
