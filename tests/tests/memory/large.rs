//! Large pages: 2 MiB by one entry of a middle table, where an area asks for them.

use super::{PAGE, PRIVATE, R, RW, call3, pages, say, status_of_child};
use oscope_kernel::abi::nr;
use oscope_kernel::base::{Duration, Pid};
use oscope_kernel::event::{Event, MemoryEvent, Repair};
use oscope_kernel::hw::Timing;
use oscope_kernel::hw::disk::Medium;
use oscope_kernel::machine::{DiskConfig, Machine, Why};
use oscope_tests::{boot, config, events, run_for, shown};
use oscope_userland::sys::{RustImage, Sys};

const LARGE: u64 = 2 << 20;

/// Room for two large pages, on their border, with or without the wish for them.
async fn area(sys: &Sys, wants: bool) -> u64 {
    let at = pages(sys, 3 * 512, PRIVATE).await.next_multiple_of(LARGE);
    if wants {
        let _ = call3(sys, nr::MADVISE, at, 2 * LARGE, 14).await;
    }
    at
}

fn run(image: RustImage, frames: u32, swap: u64) -> Machine {
    let mut config = config(vec![image]);
    (config.check_parks, config.frames) = (true, frames);
    if swap > 0 {
        let timing = Timing { fixed: Duration::micros(50), per_kib: Duration::ZERO };
        config.swap = Some(DiskConfig::new(Medium::new(swap), timing));
    }
    let mut machine = boot(config);
    for _ in 0..40 {
        assert_eq!(run_for(&mut machine, Duration::millis(100)), Why::Time);
    }
    machine
}

fn large_faults(machine: &Machine) -> usize {
    events(machine, |record| {
        matches!(record.event, Event::Memory(MemoryEvent::Fault { repair: Repair::Large, .. }))
    })
    .count()
}

#[test]
fn one_fault_brings_512_pages_and_one_entry_of_the_tlb_serves_them() {
    let toucher = |wants: bool| {
        RustImage::new("main", move |sys: Sys| async move {
            let at = area(&sys, wants).await;
            for round in 0..3 {
                for n in 0..1024 {
                    sys.store(at + n * PAGE, n + round).await;
                }
            }
            sys.pause().await.map_or(1, |_| 0)
        })
    };
    let (with, without) = (run(toucher(true), 4096, 0), run(toucher(false), 4096, 0));
    assert_eq!((large_faults(&with), large_faults(&without)), (2, 0));
    let misses = |machine: &Machine| machine.snapshot().tasks[0].times.tlb_misses;
    assert!(misses(&with) < 100 && misses(&without) > 3000);
    let space = with.space_view(Pid(1)).expect("a space");
    assert!(space.rss.anonymous > 1024);
    let large = space.areas.iter().find(|area| area.resident >= 1024).expect("an area");
    let walk = with.walk(Pid(1), large.vma.start.next_multiple_of(LARGE) + 5 * PAGE + 7);
    let walk = walk.expect("a walk");
    assert_eq!((walk.steps.len(), walk.offset), (2, 7));
    let frame = walk.frame.expect("a frame");
    assert_eq!(frame.0 % 512, 5);
    assert_eq!(with.mappers(frame).len(), 1);
}

#[test]
fn a_large_page_is_split_by_whatever_concerns_a_part_of_it() {
    let machine = run(
        RustImage::new("main", |sys: Sys| async move {
            let at = area(&sys, true).await;
            for n in 0..1024 {
                sys.store(at + n * PAGE, n).await;
            }
            let _ = call3(&sys, nr::MPROTECT, at + 3 * PAGE, PAGE, R).await;
            let _ = call3(&sys, nr::MADVISE, at + 5 * PAGE, PAGE, 4).await;
            let _ = call3(&sys, nr::MPROTECT, at + 3 * PAGE, PAGE, RW).await;
            let child = sys.fork().await.expect("a child");
            for n in 0..1024 {
                let value = sys.load(at + n * PAGE).await;
                if value != if n == 5 { 0 } else { n } {
                    let _ = say(&sys, format!("{n}: {value} ")).await;
                }
                if child == 0 {
                    sys.store(at + n * PAGE, 9).await;
                }
            }
            if child == 0 {
                return 0;
            }
            status_of_child(&sys, child).await;
            let _ = call3(&sys, nr::MUNMAP, at + LARGE, LARGE / 2, 0).await;
            let last = sys.load(at + 2 * LARGE - PAGE).await;
            say(&sys, format!("{last}")).await;
            0
        }),
        8192,
        0,
    );
    assert_eq!(large_faults(&machine), 2);
    assert_eq!(shown(&machine), "1023");
}

#[test]
fn large_pages_go_piece_by_piece_when_memory_is_short() {
    let machine = run(
        RustImage::new("main", |sys: Sys| async move {
            let at = area(&sys, true).await;
            for n in 0..1024 {
                sys.store(at + n * PAGE, n).await;
            }
            let more = pages(&sys, 1200, PRIVATE).await;
            for n in 0..1200 {
                sys.store(more + n * PAGE, n).await;
            }
            let mut wrong = 0;
            for n in 0..1024 {
                wrong += u64::from(sys.load(at + n * PAGE).await != n);
            }
            say(&sys, format!("{wrong} wrong")).await;
            sys.pause().await.map_or(1, |_| 0)
        }),
        2048,
        4096,
    );
    assert!(large_faults(&machine) >= 1);
    assert_eq!(shown(&machine), "0 wrong");
    assert!(machine.tables().mm.pressure.counters.swapped_out > 0);
}
