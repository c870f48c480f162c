//! Page faults: signals, stacks, files, and copies.

use super::{
    ANONYMOUS, NO_FD, PAGE, PRIVATE, R, RW, SHARED, call3, checked, mmap, pages, said, say,
    status_of_child,
};
use oscope_kernel::abi::flags::process::{rlimit, rusage};
use oscope_kernel::abi::signal::Signal;
use oscope_kernel::abi::types::Rlimit;
use oscope_kernel::abi::{Errno, nr};
use oscope_kernel::event::{Event, MemoryEvent, Repair};
use oscope_tests::shown;
use oscope_userland::sys::{RustImage, Sys};

/// How a child ends that does one load or store.
async fn end_of(sys: &Sys, address: u64, stores: bool) -> u32 {
    let child = sys.fork().await.expect("a child");
    if child == 0 {
        if stores {
            sys.store(address, 1).await;
        } else {
            sys.load(address).await;
        }
        let _ = sys.exit(0).await;
    }
    status_of_child(sys, child).await & 0x7f
}

#[test]
fn wild_accesses_end_in_the_right_signal() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let file = sys.open("/text", 0, 0).await.expect("a file");
        let mapped = mmap(&sys, [0, 3 * PAGE, R, PRIVATE, file, 0]).await.expect("mapped");
        let memory = pages(&sys, 2, PRIVATE).await;
        let _ = call3(&sys, nr::MPROTECT, memory, PAGE, 0).await;
        let tries = [
            (mapped, false),
            (mapped + 2000, false),
            (mapped, true),
            (mapped + PAGE, false),
            (memory, false),
            (memory + PAGE, true),
            (8, false),
            (u64::MAX - 7, true),
            (1 << 38, false),
        ];
        for (address, stores) in tries {
            say(&sys, format!("{} ", end_of(&sys, address, stores).await)).await;
        }
        0
    }));
    let (segv, bus) = (Signal::SEGV.number(), Signal::BUS.number());
    assert_eq!(text, format!("0 0 {segv} {bus} {segv} 0 {segv} {segv} {segv} "));
}

#[test]
fn a_stack_grows_to_its_limit_and_keeps_away_from_its_neighbour() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let top = sys.scratch();
        let _ = sys.setrlimit(rlimit::STACK, Rlimit { soft: 4 << 20, hard: 8 << 20 }).await;
        for (distance, stores) in [(1 << 20, true), (2 << 20, false), (5 << 20, true)] {
            say(&sys, format!("{} ", end_of(&sys, top - distance, stores).await)).await;
        }
        // A neighbour nearer than a MiB below the fault forbids it.
        let place = (top - (3 << 20)) & !0xfff;
        let flags = PRIVATE | ANONYMOUS | super::FIXED;
        let _ = mmap(&sys, [place, PAGE, RW, flags, NO_FD, 0]).await;
        for distance in [1 << 20, 5 << 19] {
            say(&sys, format!("{} ", end_of(&sys, top - distance, true).await)).await;
        }
        // A call may make it grow as well.
        let read = sys.call(nr::GETRANDOM, [top - (1 << 20), 8, 0, 0, 0, 0]).await;
        say(&sys, format!("{read:?}")).await;
        0
    }));
    assert_eq!(text, "0 0 11 0 11 Ok(8)");
}

#[test]
fn readers_share_the_page_of_zeroes_and_writers_get_their_own() {
    let machine = checked(RustImage::new("main", |sys: Sys| async move {
        let at = pages(&sys, 64, PRIVATE).await;
        let before = sys.getrusage(rusage::SELF.into()).await.expect("usage").minor_faults;
        for n in 0..64 {
            sys.load(at + n * PAGE).await;
        }
        sys.store(at, 1).await;
        let after = sys.getrusage(rusage::SELF.into()).await.expect("usage").minor_faults;
        say(&sys, format!("{}", after - before)).await;
        sys.pause().await.map_or(1, |_| 0)
    }));
    assert_eq!(shown(&machine), "65");
    let zeroes = oscope_tests::events(&machine, |record| {
        matches!(record.event, Event::Memory(MemoryEvent::Fault { repair: Repair::ZeroPage, .. }))
    });
    assert_eq!(zeroes.count(), 64);
}

#[test]
fn a_private_mapping_of_a_file_keeps_its_changes_to_itself() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let file = sys.open("/text", 2, 0).await.expect("a file");
        let one = mmap(&sys, [0, PAGE, RW, PRIVATE, file, 0]).await.expect("mapped");
        let two = mmap(&sys, [0, PAGE, R, SHARED, file, 0]).await.expect("mapped");
        let first = sys.peek(one, 5).await;
        sys.poke(one, b"J").await;
        let _ = sys.pwrite(file, one, 1, 1).await;
        let (a, b) = (sys.peek(one, 5).await, sys.peek(two, 5).await);
        for part in [first, a, b] {
            say(&sys, format!("{} ", String::from_utf8_lossy(&part))).await;
        }
        0
    }));
    assert_eq!(text, "hello Jello hJllo ");
}

#[test]
fn a_shared_mapping_of_a_file_is_the_file() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let file = sys.open("/long", 2, 0).await.expect("a file");
        let at = mmap(&sys, [0, 3 * PAGE, RW, SHARED, file, 0]).await.expect("mapped");
        let child = sys.fork().await.expect("a child");
        if child == 0 {
            sys.poke(at + PAGE, b"child").await;
            return 0;
        }
        status_of_child(&sys, child).await;
        let seen = sys.peek(at + PAGE, 5).await;
        let synced = call3(&sys, nr::MSYNC, at, 3 * PAGE, 4).await;
        let place = pages(&sys, 1, PRIVATE).await;
        let _ = sys.pread(file, place, 5, PAGE).await;
        let read = sys.peek(place, 5).await;
        say(&sys, format!("{seen:?} {synced:?} {}", read == seen)).await;
        // Clean again: the next store is noticed again.
        sys.poke(at + PAGE, b"again").await;
        0
    }));
    assert_eq!(text, format!("{:?} Ok(0) true", b"child"));
}

#[test]
fn what_was_stored_through_a_mapping_is_on_the_disk_after_msync() {
    let machine = checked(RustImage::new("main", |sys: Sys| async move {
        let file = sys.open("/text", 2, 0).await.expect("a file");
        let at = mmap(&sys, [0, PAGE, RW, SHARED, file, 0]).await.expect("mapped");
        sys.poke(at, b"HELLO").await;
        let _ = call3(&sys, nr::MSYNC, at, PAGE, 4).await;
        // Clean again: the next store is noticed again.
        sys.poke(at, b"later").await;
        let _ = call3(&sys, nr::MSYNC, at, PAGE, 4).await;
        sys.pause().await.map_or(1, |_| 0)
    }));
    let device = machine.tables().bus.device(oscope_kernel::base::DeviceId(1)).expect("a disk");
    let disk = device.as_any().downcast_ref::<oscope_kernel::hw::disk::Disk>().expect("a disk");
    let medium = disk.medium();
    let found =
        (0..medium.blocks()).filter_map(|n| medium.block(n)).any(|b| b.starts_with(b"later"));
    assert!(found);
}

#[test]
fn a_child_writes_to_its_own_copy_whichever_side_writes_first() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let at = pages(&sys, 1000, PRIVATE).await;
        for n in 0..1000 {
            sys.store(at + n * PAGE, n).await;
        }
        let mut sum = 0;
        for side in 0..3 {
            let child = sys.fork().await.expect("a child");
            if child == 0 {
                let mut right = 0;
                for n in 0..1000 {
                    right += u64::from(sys.load(at + n * PAGE).await % 1000 == n);
                    sys.store(at + n * PAGE, 7).await;
                }
                return u64::from(right != 1000);
            }
            if side == 1 {
                for n in (0..1000).step_by(3) {
                    sys.store(at + n * PAGE, n + 1000).await;
                }
            }
            sum += status_of_child(&sys, child).await;
        }
        let mut right = 0;
        for n in 0..1000 {
            right += u64::from(sys.load(at + n * PAGE).await % 1000 == n);
        }
        say(&sys, format!("{sum} {right}")).await;
        0
    }));
    assert_eq!(text, "0 1000");
}

#[test]
fn a_fork_costs_by_the_page_table_and_not_by_the_page() {
    let took = |count: u64| {
        let image = RustImage::new("main", move |sys: Sys| async move {
            let at = pages(&sys, count, PRIVATE).await;
            for n in 0..count {
                sys.store(at + n * PAGE, 1).await;
            }
            let before = sys.now().await;
            if sys.fork().await == Ok(0) {
                return 0;
            }
            let took = sys.now().await.since(before);
            say(&sys, format!("{}", took.0)).await;
            0
        });
        let mut config = oscope_tests::config(vec![image]);
        config.frames = 1 << 14;
        let mut machine = oscope_tests::boot(config);
        oscope_tests::run_for(&mut machine, oscope_kernel::base::Duration::seconds(1));
        shown(&machine).parse::<u64>().expect("a number")
    };
    let costs = oscope_kernel::hw::CostModel::teaching();
    let (small, large) = (took(100), took(10_000));
    // 10,000 pages lie in 20 or 21 tables.
    assert!(large - small <= 21 * costs.fork_table.0, "{small} {large}");
    assert!(large > small);
}

#[test]
fn nobody_reaches_into_another_process() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let child = sys.fork().await.expect("a child");
        if child == 0 {
            // Anywhere at all: what it finds is its own, or nothing.
            let at = pages(&sys, 1, PRIVATE).await;
            sys.store(at, 666).await;
            return 0;
        }
        status_of_child(&sys, child).await;
        let at = pages(&sys, 1, PRIVATE).await;
        let mine = sys.load(at).await;
        say(&sys, format!("{mine}")).await;
        0
    }));
    assert_eq!(text, "0");
}

#[test]
fn wild_pointers_in_calls_are_efault_and_nothing_else() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let wild = [8, 0x1000, 1 << 38, (1 << 38) - 4, u64::MAX, u64::MAX - 4095, 1 << 63];
        let mut others = 0;
        for address in wild {
            for number in [nr::UNAME, nr::SYSINFO, nr::TIMES, nr::PIPE2, nr::SET_ROBUST_LIST] {
                let got = call3(&sys, number, address, 0, 0).await;
                others += u32::from(got != Err(Errno::EFAULT) && number != nr::SET_ROBUST_LIST);
            }
            let calls = [
                call3(&sys, nr::WRITE, 1, address, 64).await,
                call3(&sys, nr::GETCWD, address, 64, 0).await,
                call3(&sys, nr::CLOCK_GETTIME, 0, address, 0).await,
                call3(&sys, nr::NANOSLEEP, address, 0, 0).await,
                call3(&sys, nr::OPENAT, (-100i64) as u64, address, 0).await,
                call3(&sys, nr::EXECVE, address, 0, 0).await,
                call3(&sys, nr::MEMFD_CREATE, address, 0, 0).await,
            ];
            others += calls.iter().filter(|&&got| got != Err(Errno::EFAULT)).count() as u32;
        }
        say(&sys, format!("{others}")).await;
        0
    }));
    assert_eq!(text, "0");
}

#[test]
fn a_mapping_that_changes_is_forgotten_by_all_cpus_that_know_it() {
    let image = RustImage::new("main", |sys: Sys| async move {
        let at = pages(&sys, 4, PRIVATE).await;
        sys.store(at, 1).await;
        let (_, done) = sys.spawn(0, at).await.expect("a thread");
        // Until the other CPU has seen the page.
        while sys.load(at + 8).await == 0 {
            sys.compute(oscope_kernel::base::Duration::micros(1)).await;
        }
        let _ = call3(&sys, nr::MPROTECT, at, PAGE, R).await;
        sys.store(at + PAGE, 1).await;
        sys.join(done).await;
        0
    })
    .function(|sys: Sys, at| async move {
        sys.store(at + 8, 1).await;
        while sys.load(at + PAGE).await == 0 {
            sys.load(at).await;
        }
        // It may not be written any more, whatever this CPU knew of it.
        sys.store(at, 2).await;
        0
    });
    let mut config = oscope_tests::config(vec![image]);
    config.cpus = 2;
    let mut machine = oscope_tests::boot(config);
    oscope_tests::run_for(&mut machine, oscope_kernel::base::Duration::millis(100));
    let told = oscope_tests::events(&machine, |record| {
        matches!(record.event, Event::Memory(MemoryEvent::Shootdown { cpus: 1, .. }))
    });
    assert!(told.count() >= 1);
    let segv = u32::from(Signal::SEGV.number());
    assert!(oscope_tests::exits(&machine).iter().all(|status| status & 0x7f == segv));
}
