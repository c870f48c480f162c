//! Allocators and replacement policies at sizes from a class's to a server's.

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use oscope_kernel::base::{FrameId, Rng};
use oscope_kernel::mm::Frames;
use oscope_kernel::mm::block::{Block, BlockAllocator, POLICIES, allocator_by_name};
use oscope_userland::workbench::paging::Problem;
use std::hint::black_box;

/// Lists search hole after hole: beyond this they are left out.
const LONGEST_LIST: usize = 10_000;

/// An allocator with so many blocks of 16 to 1024 in use, and about half as many holes.
fn filled(policy: &str, blocks: usize) -> (Box<dyn BlockAllocator>, Vec<u64>, Rng) {
    let region = Block { address: 0, size: blocks as u64 * 4096 };
    let mut allocator = allocator_by_name(policy, region).expect("a known policy");
    let (mut rng, mut held) = (Rng::new(1), Vec::new());
    let mut take = |rng: &mut Rng| {
        allocator.allocate(16 + rng.below(1009)).found.map(|(block, _)| block.address)
    };
    let mut all: Vec<u64> = (0..blocks * 2).filter_map(|_| take(&mut rng)).collect();
    while all.len() > blocks {
        let address = all.swap_remove(rng.below(all.len() as u64) as usize);
        let _ = allocator.free(address);
    }
    held.append(&mut all);
    (allocator, held, rng)
}

/// One block comes back and another one is taken, again and again.
fn allocators(c: &mut Criterion) {
    for policy in POLICIES {
        let mut group = c.benchmark_group(format!("memory/free+allocate/{policy}"));
        for blocks in [100, 1_000, 10_000, 100_000, 1_000_000] {
            if matches!(policy, "first" | "next") && blocks > LONGEST_LIST {
                continue;
            }
            let (mut allocator, mut held, mut rng) = filled(policy, blocks);
            group.bench_function(BenchmarkId::from_parameter(blocks), |b| {
                b.iter(|| {
                    let at = rng.below(held.len() as u64) as usize;
                    let _ = allocator.free(held[at]);
                    if let Some((block, _)) = allocator.allocate(16 + rng.below(1009)).found {
                        held[at] = block.address;
                    }
                });
            });
        }
        group.finish();
    }
}

/// The buddy allocator of frames: one frame, as a page fault takes it.
fn frames(c: &mut Criterion) {
    let mut frames = Frames::new(1 << 20);
    let mut held: Vec<FrameId> = (0..1 << 16).filter_map(|_| frames.allocate()).collect();
    let mut rng = Rng::new(2);
    c.bench_function("memory/frame", |b| {
        b.iter(|| {
            let at = rng.below(held.len() as u64) as usize;
            frames.release(held[at]);
            if let Some(frame) = frames.allocate() {
                held[at] = frame;
            }
        });
    });
}

/// A million references, 10,000 frames.
fn replacement(c: &mut Criterion) {
    let mut group = c.benchmark_group("memory/million-references");
    group.sample_size(10);
    for policy in ["fifo", "lru", "opt", "clock", "random"] {
        let problem = Problem::random(policy, 3, 10_000, 1_000_000, 20_000);
        group.bench_function(policy, |b| {
            b.iter_batched(|| &problem, |p| black_box(p.solve(0)), BatchSize::PerIteration);
        });
    }
    group.finish();
}

criterion_group!(benches, allocators, frames, replacement);
criterion_main!(benches);
