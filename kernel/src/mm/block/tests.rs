//! What holds for every allocator, and what each does with the examples of a book.

use super::buddy::Buddy;
use super::list::{List, Order, Rules};
use super::{
    Block, BlockAllocator, Figures, Fit, NotAllocated, POLICIES, Slab, allocator_by_name, buddy,
};
use crate::base::Rng;

const REGION: Block = Block { address: 0x1000, size: 1 << 16 };

/// Every allocator that there is, the strange lists among them.
fn allocators(region: Block) -> Vec<Box<dyn BlockAllocator>> {
    let by_name = |name: &&str| allocator_by_name(name, region);
    let mut all: Vec<_> = POLICIES.iter().filter_map(by_name).collect();
    assert_eq!(all.len(), POLICIES.len());
    for fit in [Fit::First, Fit::Best, Fit::Worst, Fit::Next] {
        for (_, order) in Order::ALL {
            for coalesce in [false, true] {
                let rules = Rules { fit, order, coalesce, header: 4, align: 8 };
                all.push(Box::new(List::new(region, rules)));
            }
        }
    }
    all.push(Box::new(Buddy::new(region, buddy::Rules { header: 8, smallest: 0 })));
    all.push(Box::new(Slab::new(region, 6)));
    all
}

/// Blocks and holes cover the region, each part of it once.
fn is_partition(allocator: &dyn BlockAllocator, region: Block) {
    let mut blocks = allocator.holes();
    blocks.extend(allocator.used().iter().map(|used| used.block));
    blocks.sort();
    let mut at = region.address;
    for block in blocks {
        // What is left over at the end of a slab is in no block.
        let is_slab = allocator.name() == "slab";
        assert!(block.address == at || is_slab && block.address > at, "{}", allocator.name());
        assert!(block.size > 0);
        at = block.end();
    }
    assert!(at == region.end() || allocator.name() == "slab" && at < region.end());
}

#[test]
fn blocks_and_holes_never_overlap_and_nothing_is_lost() {
    for mut allocator in allocators(REGION) {
        let (mut rng, mut held) = (Rng::new(1), Vec::new());
        for _ in 0..1500 {
            if rng.below(5) < 3 {
                let size = rng.below(2000);
                let attempt = allocator.allocate(size);
                if let Some((block, hole)) = attempt.found {
                    assert!(block.size >= size && hole.address == block.address);
                    assert!(hole.size >= block.size);
                    held.push(block);
                }
            } else if !held.is_empty() {
                let block: Block = held.swap_remove(rng.below(held.len() as u64) as usize);
                let (freed, hole) = allocator.free(block.address).expect("it was allocated");
                assert_eq!(freed, block);
                assert!(hole.address <= block.address && block.end() <= hole.end());
                assert_eq!(allocator.free(block.address), Err(NotAllocated));
            }
            is_partition(&*allocator, REGION);
        }
        held.sort();
        let used: Vec<Block> = allocator.used().iter().map(|used| used.block).collect();
        assert_eq!(used, held);
    }
}

/// Those that join neighbours have one hole again when all came back.
#[test]
fn what_was_cut_grows_together() {
    // A cache of slabs keeps an empty one.
    for name in POLICIES.into_iter().filter(|name| *name != "slab") {
        let mut allocator = allocator_by_name(name, REGION).expect("a policy");
        let blocks: Vec<_> = (1..100)
            .filter_map(|n| allocator.allocate(n * 7).found)
            .map(|(block, _)| block)
            .collect();
        assert_eq!(blocks.len(), 99);
        let (even, odd): (Vec<Block>, Vec<Block>) =
            blocks.into_iter().partition(|b| b.address % 64 == 0);
        for block in odd.iter().chain(&even) {
            allocator.free(block.address).expect("it was allocated");
        }
        assert_eq!(allocator.holes(), [REGION], "{name}");
    }
}

#[test]
fn no_request_is_too_odd() {
    for mut allocator in allocators(REGION) {
        for size in [u64::MAX, u64::MAX - 3, 1 << 63, REGION.size + 1] {
            assert_eq!(allocator.allocate(size).found, None, "{}", allocator.name());
        }
        for address in [0, REGION.address, u64::MAX] {
            assert_eq!(allocator.free(address), Err(NotAllocated));
        }
        assert!(allocator.allocate(0).found.is_some());
    }
    for mut allocator in allocators(Block { address: u64::MAX - 100, size: 100 }) {
        while allocator.allocate(7).found.is_some() {}
    }
    for mut allocator in allocators(Block { address: 5, size: 0 }) {
        assert_eq!(allocator.allocate(1).found, None);
    }
}

/// Holes of 100, 20, 200 and 30, in this order; a request for 20.
#[test]
fn each_fit_chooses_its_hole() {
    let sizes = [100, 20, 200, 30];
    let chosen = |fit: Fit, from: usize| {
        let holes = sizes.map(|size| Block { address: size, size });
        let choice = fit.choose(holes[from..].iter().copied(), 20);
        (choice.hole.map(|(_, hole)| hole.size), choice.searched)
    };
    assert_eq!(chosen(Fit::First, 0), (Some(100), 1));
    assert_eq!(chosen(Fit::Best, 0), (Some(20), 4));
    assert_eq!(chosen(Fit::Worst, 0), (Some(200), 4));
    assert_eq!(chosen(Fit::Next, 2), (Some(200), 1));
}

#[test]
fn next_fit_goes_round() {
    let region = Block { address: 0, size: 100 };
    let mut list = List::new(region, Rules::by_address(Fit::Next));
    let address = |list: &mut List, size| list.allocate(size).found.map(|(block, _)| block.address);
    assert_eq!([10, 10, 10].map(|size| address(&mut list, size)), [Some(0), Some(10), Some(20)]);
    list.free(0).expect("a block");
    // First fit would take the hole at 0.
    assert_eq!(address(&mut list, 10), Some(30));
    assert_eq!(address(&mut list, 60), Some(40));
    assert_eq!(address(&mut list, 5), Some(0));
}

#[test]
fn a_slab_holds_objects_of_one_size_and_goes_when_it_is_empty() {
    let mut slab = Slab::new(REGION, 12);
    let blocks: Vec<Block> =
        (0..50).filter_map(|_| slab.allocate(192).found).map(|(block, _)| block).collect();
    // 21 objects of 192 bytes to a page, and three pages for 50 of them; nothing is rounded up.
    let info = slab.infos().next().expect("a cache");
    assert_eq!((info.object_size, info.per_slab, info.pages_per_slab), (192, 21, 1));
    assert_eq!((info.active, info.total, info.slabs), (50, 63, 3));
    assert_eq!(Figures::of(&slab).internal(), 0);
    // A place that becomes free is the next one to be taken.
    slab.free(blocks[5].address).expect("an object");
    assert_eq!(slab.allocate(190).found.map(|(block, _)| block), Some(blocks[5]));
    for block in blocks {
        slab.free(block.address).expect("an object");
    }
    let info = slab.infos().next().expect("a cache");
    assert_eq!((info.active, info.slabs), (0, 1));
    assert_eq!(slab.free(REGION.address), Err(NotAllocated));
}

/// The example of OSTEP, figure 17.8: 7 KiB of 64 are cut from the left.
#[test]
fn buddies_split_and_join() {
    let kib = 1024;
    let region = Block { address: 0, size: 64 * kib };
    let mut buddy = Buddy::new(region, buddy::Rules::default());
    let attempt = buddy.allocate(7 * kib);
    let block = Block { address: 0, size: 8 * kib };
    assert_eq!(attempt.found, Some((block, region)));
    let holes: Vec<u64> = buddy.holes().iter().map(|hole| hole.size / kib).collect();
    assert_eq!(holes, [8, 16, 32]);
    let figures = Figures::of(&buddy);
    assert_eq!((figures.internal(), figures.external()), (125_000, 428_571));
    assert_eq!(buddy.free(0), Ok((block, region)));
}
