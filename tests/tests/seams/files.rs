//! Memory that is not there, blocks that are not there, and changes all at once or not at all.

use oscope_kernel::abi::types::Timespec;
use oscope_kernel::base::{BlockNumber, DeviceId, Digester, Duration, FrameId};
use oscope_kernel::event::{BlockEvent, Event, MemoryEvent, Repair, SchedEvent, Wait};
use oscope_kernel::fs::{
    Cache, CachedBlocks, FileSystem, FsStop, Home, Key, Kind, MiniFs, New, OnMedium, State, Txn,
};
use oscope_kernel::hw::Ram;
use oscope_kernel::hw::disk::Medium;
use oscope_kernel::machine::Why;
use oscope_tests::{boot, config, disk, events, exits, run_for, shown};
use oscope_userland::sys::{RustImage, Sys};
use std::collections::BTreeSet;

#[test]
fn t02_a_read_into_a_buffer_that_is_not_resident_faults_parks_and_returns_the_bytes() {
    // The buffer is a page of one file, mapped and never touched; what is read comes from another file.
    let reader = RustImage::new("reader", |sys: Sys| async move {
        let Ok(buffer) = sys.open("/buffer", 0, 0).await else { return 1 };
        let Ok(at) = sys.mmap_file(buffer, 4096).await else { return 2 };
        let Ok(file) = sys.open("/data", 0, 0).await else { return 3 };
        // The data itself is cached, so that only the buffer can be what the read waits for.
        if sys.read(file, 5).await.is_err() {
            return 4;
        }
        let count = sys.call(oscope_kernel::abi::nr::READ, [file, at + 100, 11, 0, 0, 0]).await;
        let text = sys.peek(at, 120).await;
        let _ = sys.write(1, format!("{count:?} ").as_bytes()).await;
        let _ = sys.write(1, &text[96..116]).await;
        0
    });
    let mut config = config(vec![reader]);
    let buffer = [b'b'; 4096];
    config.disk = Some(disk(&[("/buffer", &buffer), ("/data", b"first, then the rest")], &[]));
    let mut machine = boot(config);
    run_for(&mut machine, Duration::seconds(1));
    assert_eq!(exits(&machine), [0]);
    // Eleven bytes of the one file in the middle of the other file's page.
    assert_eq!(shown(&machine), "Ok(11) bbbb, then the bbbbb");

    // In the log: a park for the disk, a fault repaired from the file, a copy, and one call.
    let log: Vec<Event> = machine.log().since(0).map(|(_, record)| record.event).collect();
    let repaired = |what| {
        log.iter().position(
            |event| matches!(event, Event::Memory(MemoryEvent::Fault { repair, .. }) if *repair == what),
        )
    };
    let from_file = repaired(Repair::File).or(repaired(Repair::Copy)).expect("a fault on the file");
    let parked = log[..from_file]
        .iter()
        .rposition(|event| matches!(event, Event::Sched(SchedEvent::Block { on: Wait::Disk })));
    let done = log[..from_file]
        .iter()
        .rposition(|event| matches!(event, Event::Block(BlockEvent::Done { .. })));
    assert!(parked < done, "it parked, the disk was done, the fault was repaired");
    let reads = events(&machine, |record| {
        matches!(
            record.event,
            Event::Call(oscope_kernel::event::CallEvent::Done { number: 63, result: 11, .. })
        )
    });
    assert_eq!(reads.count(), 1, "run twice, recorded once");
}

/// A cache with some of the blocks of a fresh file system.
fn cached(medium: &Medium, blocks: &[u64]) -> (Cache, Ram) {
    let (mut cache, mut ram) = (Cache::new(64), Ram::new(64));
    for (n, &block) in blocks.iter().enumerate() {
        let frame = FrameId(n as u32);
        if let Some(page) = medium.block(block) {
            *ram.page_mut(frame) = *page;
        }
        let home = (DeviceId(0), BlockNumber(block));
        cache.insert(
            Key::Block(home.0, home.1),
            frame,
            Some(Home::of_block(home.0, 4096, home.1)),
            State::Clean,
        );
    }
    (cache, ram)
}

#[test]
fn t03_a_transaction_that_misses_is_dropped_and_one_that_succeeds_is_merged_whole() {
    let mut medium = Medium::new(512);
    MiniFs::make(&mut medium, &[("/there", b"x")]).expect("it fits");
    let mut fs = MiniFs::mount(&OnMedium { medium: &medium, size: 4096 }).expect("it mounts");
    let (root, now) = (fs.root(), Timespec::default());
    let new = New::of_root(Kind::Regular, 0o644);
    let mut have: Vec<u64> = Vec::new();
    let mut misses = 0;
    loop {
        let (cache, ram) = cached(&medium, &have);
        let before = Digester::of(&(&cache, &ram));
        let blocks = CachedBlocks {
            cache: &cache,
            ram: &ram,
            device: DeviceId(0),
            size: 4096,
            kept: &BTreeSet::new(),
        };
        let mut txn = Txn::new(&blocks, now);
        let made = fs.create(&mut txn, root, "new", &new);
        match made {
            Err(FsStop::Miss(block)) => {
                drop(txn);
                assert_eq!(Digester::of(&(&cache, &ram)), before, "nothing has changed");
                assert!(!have.contains(&block.0), "a block that is there cannot be missing");
                have.push(block.0);
                misses += 1;
            }
            Err(FsStop::Fail(errno)) => panic!("{errno}"),
            Ok(inode) => {
                let changes = txn.finish().blocks;
                assert!(changes.len() >= 2, "an inode and a directory, at least");
                assert_eq!(Digester::of(&(&cache, &ram)), before, "not before it is merged");
                for (number, page) in changes {
                    medium.set_block(number.0, &page);
                }
                let blocks = OnMedium { medium: &medium, size: 4096 };
                let found = fs.lookup(&mut Txn::new(&blocks, now), root, "new");
                assert_eq!(found, Ok(inode));
                break;
            }
        }
    }
    assert!(misses >= 2, "it was dropped and run again {misses} times");
}

#[test]
fn t03_in_a_running_machine_a_miss_leaves_no_trace_but_the_request() {
    // Creating a file on a cold cache parks several times before it commits once.
    let maker = RustImage::new("maker", |sys: Sys| async move {
        match sys.open("/dir/new", 0o101, 0o644).await {
            Ok(_) => 0,
            Err(errno) => u64::from(errno.number()),
        }
    });
    let mut config = config(vec![maker]);
    config.disk = Some(disk(&[("/dir/old", b"")], &[]));
    let mut machine = boot(config);
    let mut parks = 0;
    let mut digest = None;
    for _ in 0..40 {
        run_for(&mut machine, Duration::micros(250));
        let committed =
            events(&machine, |r| matches!(r.event, Event::Block(BlockEvent::Commit { .. })))
                .count();
        let reading = machine.tables().fs.cache.iter().filter(|(_, e)| !e.is_valid()).count();
        if committed == 0 && reading > 0 {
            parks += 1;
            // Between two parks the cache grows by what was asked for; no block in it is dirty.
            assert_eq!(machine.tables().fs.cache.dirty_count(), 0);
            assert!(machine.tables().proc.open.len() <= 1, "no file is half open");
            digest = Some(machine.digest());
        }
    }
    assert!(parks > 3 && digest.is_some(), "{parks} parks");
    run_for(&mut machine, Duration::millis(50));
    assert_eq!(exits(&machine), [0]);
    let commits = events(&machine, |r| matches!(r.event, Event::Block(BlockEvent::Commit { .. })));
    assert_eq!(commits.count(), 1, "merged once, whole");
}

#[test]
fn large_files_lie_beside_each_other_and_memory_may_be_smaller_than_they_are() {
    // Two files of 200 KiB each, written in turn, on a machine with 400 KiB of memory.
    let writer = RustImage::new("writer", |sys: Sys| async move {
        let mut files = Vec::new();
        for path in ["/a", "/b"] {
            match sys.open(path, 0o102, 0o644).await {
                Ok(file) => files.push(file),
                Err(_) => return 1,
            }
        }
        for n in 0..50u8 {
            for (which, &file) in files.iter().enumerate() {
                if sys.write(file, &[n ^ (which as u8) << 7; 4096]).await.is_err() {
                    return 2;
                }
            }
        }
        for (which, path) in ["/a", "/b"].into_iter().enumerate() {
            let Ok(file) = sys.open(path, 0, 0).await else { return 3 };
            for n in 0..50u8 {
                match sys.read(file, 4096).await {
                    Ok(bytes) if bytes == [n ^ (which as u8) << 7; 4096] => {}
                    _ => return 4,
                }
            }
        }
        0
    });
    let mut config = config(vec![writer]);
    config.frames = 100;
    config.check_parks = true;
    config.disk = Some(disk(&[], &[]));
    let mut machine = boot(config);
    let why = run_for(&mut machine, Duration::seconds(20));
    assert_eq!((exits(&machine), why), (vec![0], Why::Time));
}
