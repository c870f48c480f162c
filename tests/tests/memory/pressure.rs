//! Short of memory: swapping, the page cache, promises, and who is killed.

use super::{
    ANONYMOUS, NO_FD, PAGE, PRIVATE, RW, SHARED, call3, mmap, pages, say, status_of_child,
};
use oscope_kernel::abi::{Errno, nr};
use oscope_kernel::base::Duration;
use oscope_kernel::event::{Event, MemoryEvent};
use oscope_kernel::hw::Timing;
use oscope_kernel::hw::disk::Medium;
use oscope_kernel::machine::{Config, DiskConfig, Machine, Why};
use oscope_kernel::mm::Overcommit;
use oscope_tests::{boot, config, disk, log, run_for, shown};
use oscope_userland::sys::{RustImage, Sys};

/// A machine with a MiB of RAM and a swap area of four.
fn small(image: RustImage) -> Config {
    let mut config = config(vec![image]);
    config.check_parks = true;
    config.frames = 256;
    config.disk = Some(disk(&[("/long", &[7; 400_000])], &["main"]));
    let timing = Timing { fixed: Duration::micros(100), per_kib: Duration::ZERO };
    config.swap = Some(DiskConfig::new(Medium::new(1024), timing));
    config
}

/// Runs it for some virtual seconds, and audits now and then.
fn run(config: Config) -> Machine {
    let mut machine = boot(config);
    for _ in 0..100 {
        assert_eq!(run_for(&mut machine, Duration::millis(100)), Why::Time);
    }
    machine
}

/// Writes more than there is, twice, then reads it all.
fn big() -> RustImage {
    RustImage::new("main", |sys: Sys| async move {
        let count = 600;
        let at = pages(&sys, count, PRIVATE).await;
        for round in 0..2 {
            for n in 0..count {
                sys.store(at + n * PAGE, n + round).await;
            }
        }
        let mut wrong = 0;
        for n in 0..count {
            wrong += u64::from(sys.load(at + n * PAGE).await != n + 1);
        }
        say(&sys, format!("{wrong} wrong")).await;
        0
    })
}

#[test]
fn more_memory_than_there_is_under_every_policy() {
    for policy in oscope_kernel::mm::replace::POLICIES {
        let mut config = small(big());
        config.replacement = policy.to_owned();
        let machine = run(config);
        assert_eq!(shown(&machine), "0 wrong", "{policy}");
        let counters = machine.tables().mm.pressure.counters;
        assert!(counters.swapped_out > 344 && counters.swapped_in > 344, "{policy} {counters:?}");
        assert_eq!(machine.memory_figures().swap_used, 0, "all is given back");
    }
}

#[test]
fn thrashing_is_the_same_every_time() {
    let (one, two) = (run(small(big())), run(small(big())));
    assert_eq!(log(&one), log(&two));
}

#[test]
fn shared_and_forked_pages_come_back_as_they_were() {
    let machine = run(small(RustImage::new("main", |sys: Sys| async move {
        let (own, shared) = (pages(&sys, 100, PRIVATE).await, pages(&sys, 100, SHARED).await);
        for n in 0..100 {
            sys.store(own + n * PAGE, n).await;
            sys.store(shared + n * PAGE, n).await;
        }
        let mut sum = 0;
        let mut children = Vec::new();
        for _ in 0..3 {
            let child = sys.fork().await.expect("a child");
            if child == 0 {
                let mut wrong = 0;
                for n in 0..100 {
                    wrong += u64::from(sys.load(own + n * PAGE).await != n);
                    sys.store(own + n * PAGE, 77).await;
                    sys.fetch_add(shared + n * PAGE, 1000).await;
                }
                return u64::from(wrong > 0);
            }
            children.push(child);
        }
        for child in children {
            sum += status_of_child(&sys, child).await;
        }
        for n in 0..100 {
            sum += u32::from(sys.load(own + n * PAGE).await != n);
            sum += u32::from(sys.load(shared + n * PAGE).await != n + 3000);
        }
        say(&sys, format!("{sum} wrong")).await;
        0
    })));
    assert_eq!(shown(&machine), "0 wrong");
    assert!(machine.tables().mm.pressure.counters.swapped_out > 0);
}

#[test]
fn pages_of_files_are_dropped_and_read_again() {
    let machine = run(small(RustImage::new("main", |sys: Sys| async move {
        let file = sys.open("/long", 2, 0).await.expect("a file");
        let at = mmap(&sys, [0, 400_000, RW, SHARED, file, 0]).await.expect("mapped");
        let own = pages(&sys, 200, PRIVATE).await;
        let mut wrong = 0;
        for round in 0..2 {
            for n in 0..97 {
                wrong += u64::from(sys.load(at + n * PAGE).await & 0xff != 7 + round);
                sys.poke(at + n * PAGE, &[8 + round as u8]).await;
            }
            for n in 0..200 {
                sys.store(own + n * PAGE, n).await;
            }
        }
        say(&sys, format!("{wrong} wrong")).await;
        0
    })));
    assert_eq!(shown(&machine), "0 wrong");
    assert!(machine.tables().mm.pressure.counters.files_dropped > 0);
}

#[test]
fn locked_pages_stay() {
    let machine = run(small(RustImage::new("main", |sys: Sys| async move {
        let locked = pages(&sys, 20, PRIVATE).await;
        let _ = call3(&sys, nr::MLOCK, locked, 20 * PAGE, 0).await;
        let own = pages(&sys, 400, PRIVATE).await;
        for n in 0..400 {
            sys.store(own + n * PAGE, n).await;
        }
        let place = sys.scratch();
        let _ = call3(&sys, nr::MINCORE, locked, 20 * PAGE, place).await;
        let there: u64 = sys.peek(place, 20).await.iter().map(|&byte| u64::from(byte)).sum();
        say(&sys, format!("{there}")).await;
        0
    })));
    assert_eq!(shown(&machine), "20");
}

/// Children that take ever more memory, and a first process that waits for them.
fn greedy() -> RustImage {
    RustImage::new("main", |sys: Sys| async move {
        let mut children = Vec::new();
        for pages_each in [40, 2000, 80] {
            let child = sys.fork().await.expect("a child");
            if child == 0 {
                let at = mmap(&sys, [0, 4000 * PAGE, RW, PRIVATE | ANONYMOUS | 0x4000, NO_FD, 0]);
                let at = at.await.expect("memory");
                for n in 0..pages_each {
                    sys.store(at + n * PAGE, 1).await;
                }
                let _ = sys.sleep(Duration::seconds(1)).await;
                return 0;
            }
            children.push(child);
        }
        for child in children {
            say(&sys, format!("{} ", status_of_child(&sys, child).await)).await;
        }
        0
    })
}

#[test]
fn when_memory_is_out_the_largest_is_killed_and_the_others_live() {
    let mut config = small(greedy());
    (config.swap, config.overcommit) = (None, Overcommit::Always);
    let machine = run(config);
    assert_eq!(shown(&machine), "0 9 0 ");
    let told: Vec<u32> = oscope_tests::events(&machine, |_| true)
        .filter_map(|(_, record)| match record.event {
            Event::Memory(MemoryEvent::Kill { pid, .. }) => Some(pid),
            _ => None,
        })
        .collect();
    assert_eq!(told.len(), 1);
    assert_eq!(machine.tables().mm.pressure.counters.killed, 1);
}

#[test]
fn what_was_promised_is_kept_or_refused() {
    let ask = || {
        RustImage::new("main", |sys: Sys| async move {
            for count in [100, 500, 5000] {
                let kind = PRIVATE | ANONYMOUS;
                let got = mmap(&sys, [0, count * PAGE, RW, kind, NO_FD, 0]).await;
                say(&sys, format!("{} ", got.map_or_else(|errno: Errno| errno.name(), |_| "yes")))
                    .await;
            }
            0
        })
    };
    let answers = [
        (Overcommit::Heuristic, "yes yes ENOMEM "),
        (Overcommit::Always, "yes yes yes "),
        (Overcommit::Never { ratio: 50 }, "yes ENOMEM ENOMEM "),
    ];
    for (rule, expected) in answers {
        let mut config = small(ask());
        config.overcommit = rule;
        config.swap = config.swap.map(|swap| DiskConfig { medium: Medium::new(256), ..swap });
        if rule == Overcommit::Heuristic {
            config.frames = 512;
        }
        assert_eq!(shown(&run(config)), expected, "{rule:?}");
    }
}
