//! Memory in whole blocks: every page at base + offset, refusals for want of one large hole, and what cannot grow.

use super::{
    ANONYMOUS, NO_FD, PAGE, PRIVATE, RW, SHARED, call3, mmap, pages, say, status_of_child,
};
use oscope_kernel::abi::{Errno, nr};
use oscope_kernel::base::Duration;
use oscope_kernel::event::{Event, MemoryEvent};
use oscope_kernel::machine::{BootError, Config, Machine, PartitionConfig, Why};
use oscope_kernel::mm::partition::POLICIES;
use oscope_tests::{boot, config, disk, log, run_for, shown};
use oscope_userland::sys::{RustImage, Sys};

/// A machine that hands out `frames` frames in blocks.
fn blocks(image: RustImage, policy: &str, frames: u32) -> Config {
    let mut config = config(vec![image]);
    config.check_parks = true;
    config.frames = 4096;
    config.disk = Some(disk(&[("/long", &[7; 9000])], &["main"]));
    config.partitions = Some(PartitionConfig { policy: policy.to_owned(), frames });
    config
}

/// Runs it for a virtual second. Now and then memory is audited, and all pages must be where they belong.
fn run(config: Config) -> Machine {
    let mut machine = boot(config);
    for _ in 0..100 {
        assert_eq!(run_for(&mut machine, Duration::millis(10)), Why::Time);
        check(&machine);
    }
    machine
}

/// Every page of private memory lies in its segment's block, at base + offset; blocks and holes fill the stretch without overlap.
fn check(machine: &Machine) {
    let t = machine.tables();
    let partitions = t.mm.partitions.as_ref().expect("partitions");
    let mut all: Vec<(u32, u32)> = partitions.held().iter().map(|l| (l.base.0, l.bound)).collect();
    all.extend(partitions.holes().iter().map(|(frame, size)| (frame.0, *size)));
    all.sort_unstable();
    let (first, size) = partitions.stretch();
    let end = all.iter().fold(first.0, |at, (base, bound)| {
        assert_eq!(*base, at, "neither gap nor overlap");
        base + bound
    });
    assert_eq!(end, first.0 + size);
    for id in t.proc.processes.iter().filter_map(|(_, process)| process.space) {
        let space = t.mm.space(id).expect("a space");
        for vma in space.areas().filter(|vma| !vma.is_shared()) {
            for (page, pte) in space.mapped(&t.memory.ram, vma.start, vma.end) {
                let mut segments = partitions.of_space(id);
                let (start, _, base) = segments
                    .find(|(start, end, _)| (*start..*end).contains(&page))
                    .expect("a segment");
                assert_eq!(u64::from(pte.frame().0), u64::from(base.0) + (page - start) / PAGE);
            }
        }
    }
}

fn refusals(machine: &Machine) -> Vec<(u32, u32, u32)> {
    let records = machine.log().since(0);
    let refusal = |event: &Event| match event {
        Event::Memory(MemoryEvent::NoHole { pages, free, largest }) => {
            Some((*pages, *free, *largest))
        }
        _ => None,
    };
    records.filter_map(|(_, record)| refusal(&record.event)).collect()
}

#[test]
fn enough_is_free_and_not_in_one_piece() {
    let machine = run(blocks(
        RustImage::new("main", |sys: Sys| async move {
            let mut at = Vec::new();
            for _ in 0..8 {
                at.push(pages(&sys, 100, PRIVATE).await);
            }
            for hole in at.iter().step_by(2) {
                assert!(call3(&sys, nr::MUNMAP, *hole, 100 * PAGE, 0).await.is_ok());
            }
            let kind = PRIVATE | ANONYMOUS;
            let large = mmap(&sys, [0, 300 * PAGE, RW, kind, NO_FD, 0]).await;
            let fits = mmap(&sys, [0, 90 * PAGE, RW, kind, NO_FD, 0]).await;
            say(&sys, format!("{large:?} {}", fits.is_ok())).await;
            0
        }),
        "first",
        1024,
    ));
    assert_eq!(shown(&machine), "Err(ENOMEM) true");
    let refusals = refusals(&machine);
    let [(300, free, largest)] = refusals[..] else { panic!("{refusals:?}") };
    assert!(free >= 400 && (100..300).contains(&largest), "{free} {largest}");
    let partitions = machine.tables().mm.partitions.as_ref().expect("partitions");
    assert_eq!(partitions.refused(), (1, 1));
    assert_eq!(partitions.holes().len(), 1, "all came back and was joined");
}

#[test]
fn a_child_has_blocks_and_copies_of_its_own() {
    for policy in POLICIES {
        let machine = run(blocks(
            RustImage::new("main", |sys: Sys| async move {
                let own = pages(&sys, 20, PRIVATE).await;
                let both = pages(&sys, 2, SHARED).await;
                for n in 0..10 {
                    sys.store(own + n * PAGE, n + 1).await;
                }
                let child = sys.fork().await.expect("a child");
                if child == 0 {
                    let mut wrong = 0;
                    for n in 0..20 {
                        let wanted = if n < 10 { n + 1 } else { 0 };
                        wrong += u64::from(sys.load(own + n * PAGE).await != wanted);
                        sys.store(own + n * PAGE, 99).await;
                    }
                    sys.store(both, 7).await;
                    return wrong;
                }
                let status = status_of_child(&sys, child).await;
                let mine = sys.load(own + 3 * PAGE).await;
                let shared = sys.load(both).await;
                say(&sys, format!("{status} {mine} {shared}")).await;
                0
            }),
            policy,
            512,
        ));
        assert_eq!(shown(&machine), "0 4 7", "{policy}");
    }
}

#[test]
fn neither_heap_nor_mapping_nor_stack_grows_beyond_its_block() {
    let machine = run(blocks(
        RustImage::new("main", |sys: Sys| async move {
            let brk = |to| call3(&sys, nr::BRK, to, 0, 0);
            let start = brk(0).await.expect("brk");
            let some = brk(start + 4 * PAGE).await.expect("brk");
            sys.store(start + 3 * PAGE, 5).await;
            let all = brk(start + 16 * PAGE).await.expect("brk");
            let more = brk(start + 17 * PAGE).await.expect("brk");
            let less = brk(start + PAGE).await.expect("brk");
            let again = brk(start + 16 * PAGE).await.expect("brk");
            let zero = sys.load(start + 3 * PAGE).await;
            let area = pages(&sys, 2, PRIVATE).await;
            let remap = [area, 2 * PAGE, 3 * PAGE, 1, 0, 0];
            let grown = sys.call(nr::MREMAP, remap).await;
            let in_pages = |to: u64| (to - start) / PAGE;
            let steps = [some, all, more, less, again].map(in_pages);
            say(&sys, format!("{steps:?} {zero} {grown:?}")).await;
            0
        }),
        "best",
        256,
    ));
    assert_eq!(shown(&machine), "[4, 16, 16, 1, 16] 0 Err(ENOMEM)");
}

#[test]
fn private_pages_of_a_file_are_copies() {
    let machine = run(blocks(
        RustImage::new("main", |sys: Sys| async move {
            let fd = sys.open("/long", 0, 0).await.expect("a file");
            let map = |kind| mmap(&sys, [0, 3 * PAGE, 1, kind, fd, 0]);
            let own = map(PRIVATE).await.expect("mmap");
            let seen = map(SHARED).await.expect("mmap");
            let words = (sys.load(own + PAGE).await, sys.load(seen + PAGE).await);
            say(&sys, format!("{}", words.0 == words.1 && words.0 == 0x0707_0707_0707_0707)).await;
            0
        }),
        "worst",
        256,
    ));
    assert_eq!(shown(&machine), "true");
}

/// Random requests, by a generator that is the same every time; each round checks what it finds against what it wrote.
fn random() -> RustImage {
    RustImage::new("main", |sys: Sys| async move {
        let mut state = 7u64;
        let mut chance = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % below
        };
        let (mut held, mut wrong, mut refused): (Vec<(u64, u64, u64)>, u64, u64) = (vec![], 0, 0);
        for round in 1..150u64 {
            match chance(5) {
                0 | 1 => {
                    let count = 1 + chance(60);
                    let kind = PRIVATE | ANONYMOUS;
                    match mmap(&sys, [0, count * PAGE, RW, kind, NO_FD, 0]).await {
                        Ok(at) => {
                            for n in 0..count {
                                wrong += u64::from(sys.load(at + n * PAGE).await != 0);
                                sys.store(at + n * PAGE, round + n).await;
                            }
                            held.push((at, count, round));
                        }
                        Err(errno) => {
                            wrong += u64::from(errno != Errno::ENOMEM);
                            refused += 1;
                        }
                    }
                }
                2 | 3 if !held.is_empty() => {
                    let (at, count, value) = held.swap_remove(chance(held.len() as u64) as usize);
                    for n in 0..count {
                        wrong += u64::from(sys.load(at + n * PAGE).await != value + n);
                    }
                    // From the middle first, so that segments are cut.
                    let middle = chance(count);
                    let _ = call3(&sys, nr::MUNMAP, at + middle * PAGE, PAGE, 0).await;
                    let _ = call3(&sys, nr::MUNMAP, at, count * PAGE, 0).await;
                }
                _ if !held.is_empty() => match sys.fork().await {
                    Ok(0) => {
                        let mut wrong = 0u64;
                        for (at, count, value) in held {
                            for n in 0..count {
                                wrong += u64::from(sys.load(at + n * PAGE).await != value + n);
                                sys.store(at + n * PAGE, 0).await;
                            }
                        }
                        return wrong.min(100);
                    }
                    Ok(child) => wrong += u64::from(status_of_child(&sys, child).await),
                    Err(_) => refused += 1,
                },
                _ => {}
            }
        }
        say(&sys, format!("{wrong} wrong, refused: {}", refused > 0)).await;
        0
    })
}

#[test]
fn random_requests_under_every_policy() {
    for policy in POLICIES {
        let machine = run(blocks(random(), policy, 500));
        assert_eq!(shown(&machine), "0 wrong, refused: true", "{policy}");
        let partitions = machine.tables().mm.partitions.as_ref().expect("partitions");
        let free: u32 = partitions.holes().iter().map(|(_, size)| size).sum();
        assert_eq!(free, 500, "{policy}: everything came back");
    }
}

#[test]
fn the_same_every_time() {
    let one = || run(blocks(random(), "next", 400));
    assert_eq!(log(&one()), log(&one()));
}

#[test]
fn nonsense_is_refused_at_boot() {
    let image = || RustImage::new("main", |_: Sys| async move { 0 });
    let try_with = |policy: &str, frames| Machine::boot(blocks(image(), policy, frames)).map(drop);
    assert_eq!(try_with("slab", 10), Err(BootError::Partitioning("slab".to_owned())));
    assert_eq!(try_with("first", 0), Err(BootError::Partition(0)));
    assert_eq!(try_with("first", u32::MAX), Err(BootError::Partition(u32::MAX)));
    assert_eq!(try_with("first", 3073), Err(BootError::Partition(3073)));
    assert_eq!(try_with("first", 3072), Ok(()));
    let mut both = blocks(image(), "first", 100);
    both.swap.clone_from(&both.disk);
    assert_eq!(Machine::boot(both).map(drop), Err(BootError::PartitionWithSwap));
}
