//! No input makes the emulator panic, hang, or leak: random calls, damaged disks, torn world files.

use oscope_kernel::abi::call::{Call, all, nr};
use oscope_kernel::base::{DeviceId, Duration, MachineId, PortId, Rng, Time};
use oscope_kernel::context::Structure;
use oscope_kernel::event::EventId;
use oscope_kernel::hw::Wire;
use oscope_kernel::hw::WireFrame;
use oscope_kernel::hw::disk::Medium;
use oscope_kernel::machine::{DiskConfig, PortConfig, Start, Until, Why};
use oscope_tests::{boot, config, disk, run_for};
use oscope_userland::scenario::{BUILTIN, WorldFile, open};
use oscope_userland::sys::{RustImage, Sys};

/// A word that may mean something: a descriptor, an address, a flag, a length, or nothing.
fn word(rng: &mut Rng, places: &[u64]) -> u64 {
    match rng.below(8) {
        0 => rng.below(8),
        1 => rng.below(5000),
        2..=4 => places[rng.below(places.len() as u64) as usize] + rng.below(3) * 8,
        5 => u64::MAX - rng.below(200),
        6 => 1 << rng.below(64),
        _ => rng.next_u64(),
    }
}

/// A program that makes `count` random calls, then ends.
fn monkey(seed: u64, count: u64) -> RustImage {
    // Every call that there is, and some that there are not.
    // A monkey that ends itself, or sleeps for ever, learns nothing more.
    let useful =
        |call: &&Call| call.is_present() && ![nr::EXIT, nr::EXIT_GROUP].contains(&call.number);
    let mut numbers: Vec<u64> = all().filter(useful).map(|call| u64::from(call.number)).collect();
    numbers.extend([500, 9999, u64::MAX]);
    RustImage::new("monkey", move |sys: Sys| {
        let numbers = numbers.clone();
        async move {
            let mut rng = Rng::new(seed);
            // Something to point at: a path, a timespec, a list of pointers, an action.
            let heap = sys.mmap(65536).await.unwrap_or(0);
            sys.poke(heap, b"/data\0").await;
            sys.poke(heap + 64, b"/new\0").await;
            sys.store(heap + 128, 0).await;
            sys.store(heap + 136, 2_000_000).await;
            sys.store(heap + 256, heap).await;
            let stack = sys.scratch();
            let places = [0, 1, 3, heap, heap + 64, heap + 128, heap + 256, heap + 60_000, stack];
            for _ in 0..count {
                let number = numbers[rng.below(numbers.len() as u64) as usize];
                let mut arguments = [0; 6];
                for argument in &mut arguments {
                    *argument = word(&mut rng, &places);
                }
                let _ = sys.call(number as u16, arguments).await;
            }
            0
        }
    })
}

#[test]
fn random_calls_never_harm_the_kernel() {
    for seed in 0..50 {
        let mut config = config(vec![monkey(seed, 400)]);
        config.cpus = 1 + (seed % 2) as u16;
        config.structure = if seed % 3 == 0 { Structure::Microkernel } else { Structure::Monolith };
        config.frames = 1024;
        config.check_parks = true;
        config.programs.push(Start::new("monkey", &[]));
        config.programs.push(Start::new("scribe", &["/notes", "5"]));
        config.disk = Some(disk(&[("/data", &[7; 9000])], &["hog", "monkey"]));
        config.ports = vec![PortConfig {
            address: [2, 0, 0, 0, 0, 1],
            internet: vec![([10, 0, 0, 1].into(), 24)],
            wire: Wire::new(Duration::micros(1), 0),
        }];
        let mut machine = boot(config);
        machine.type_on(DeviceId(0), b"typed".as_slice().into(), Time(1_000_000), 0);
        let until = Until { budget: 300_000, ..Until::time(Time::ZERO + Duration::seconds(3)) };
        let why = machine.run(until);
        assert!(!matches!(why, Why::Harm(_)), "seed {seed}: {why:?}");
        // Whatever they did, every frame is either free or somebody's.
        let keyframe = machine.keyframe();
        let mut again = oscope_kernel::machine::Machine::restore(&keyframe);
        assert_eq!(machine.digest(), again.digest(), "seed {seed}");
    }
}

#[test]
fn calls_that_park_do_no_harm_in_any_built_in_program() {
    for (structure, program) in [
        (Structure::Monolith, "scribe"),
        (Structure::Microkernel, "scribe"),
        (Structure::Monolith, "family"),
        (Structure::Monolith, "counter"),
        (Structure::Microkernel, "blink"),
    ] {
        let mut config = config(vec![]);
        config.programs = vec![Start::new(program, &[])];
        config.structure = structure;
        config.check_parks = true;
        config.cpus = 2;
        config.disk = Some(disk(&[], &[]));
        let mut machine = boot(config);
        assert_eq!(run_for(&mut machine, Duration::seconds(8)), Why::Time, "{program}");
        assert!(machine.calls() > 5, "{program}");
    }
}

#[test]
fn damaged_disks_are_refused_or_give_errors() {
    let whole = disk(&[("/data", &[7; 9000]), ("/dir/file", b"x")], &["hog"]);
    let mut rng = Rng::new(5);
    for round in 0..300 {
        let mut medium: Medium = whole.medium.clone();
        for _ in 0..=rng.below(20) {
            // The first blocks are where structure lies.
            let block = rng.below(80);
            let mut page = medium.block(block).copied().unwrap_or([0; 4096]);
            let at = rng.below(4096) as usize;
            page[at] = match rng.below(3) {
                0 => rng.next_u64() as u8,
                1 => 0xff,
                _ => page[at] ^ (1 << rng.below(8)),
            };
            medium.set_block(block, &page);
        }
        let mut config = config(vec![RustImage::new("walker", |sys: Sys| async move {
            for path in ["/data", "/dir/file", "/bin/hog", "/dir", "/", "/new", "/dir/new/x"] {
                if let Ok(file) = sys.open(path, 0o102, 0o644).await {
                    let _ = sys.read(file, 8192).await;
                    let _ = sys.write(file, &[1; 5000]).await;
                }
            }
            let _ = sys.execve("/bin/hog", &["hog", "1"]).await;
            0
        })]);
        config.check_parks = true;
        config.disk = Some(DiskConfig::new(medium, whole.timing));
        let mut machine = boot(config);
        let why = run_for(&mut machine, Duration::seconds(7));
        assert_eq!(why, Why::Time, "round {round}");
    }
}

#[test]
fn any_frame_from_a_wire_is_taken_or_dropped() {
    let mut config = config(vec![]);
    config.programs = vec![Start::new("echo", &[])];
    config.ports = vec![PortConfig {
        address: [2, 0, 0, 0, 0, 1],
        internet: vec![([10, 0, 0, 1].into(), 24)],
        wire: Wire::new(Duration::micros(1), 0),
    }];
    let mut machine = boot(config);
    let mut rng = Rng::new(9);
    for n in 0..500u64 {
        let length = match rng.below(4) {
            0 => rng.below(20),
            1 => 1500 + rng.below(100),
            _ => rng.below(1514),
        };
        let bytes: Vec<u8> = (0..length).map(|_| rng.next_u64() as u8).collect();
        let frame = WireFrame {
            bytes: bytes.into(),
            cause: EventId::new(MachineId(9), n),
            request: Default::default(),
        };
        let port = PortId(if rng.below(20) == 0 { 7 } else { 0 });
        machine.deliver(port, frame, (Time(n * 1_000), 0, n));
    }
    assert_eq!(run_for(&mut machine, Duration::millis(100)), Why::Time);
}

#[test]
fn torn_world_files_get_one_clear_message() {
    let mut rng = Rng::new(3);
    for builtin in BUILTIN {
        for _ in 0..300 {
            let mut text = builtin.text.as_bytes().to_vec();
            for _ in 0..=rng.below(4) {
                let at = rng.below(text.len() as u64) as usize;
                match rng.below(3) {
                    0 => text.truncate(at),
                    1 => text[at] = b"0123456789=\"[]{}.,-\n"[rng.below(20) as usize],
                    _ => drop(text.remove(at)),
                }
                if text.is_empty() {
                    break;
                }
            }
            let text = String::from_utf8_lossy(&text);
            let booted = WorldFile::parse("torn", &text).and_then(|file| file.boot());
            if let Err(error) = booted {
                let message = error.to_string();
                assert!(!message.is_empty() && message.len() < 600, "{message}");
            }
        }
    }
    let unknown = open("frist").expect_err("there is no such world").to_string();
    assert!(unknown.contains("`frist`") && unknown.contains("first"), "{unknown}");
}
