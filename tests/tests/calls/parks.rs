//! ENGINE's promise for calls that wait: a run that parks without having advanced its frame has changed
//! nothing. Random programs make every call that can park, on pipes, futexes, children, epoll instances, clocks, signals,
//! descriptors, the console and the disk, while others send them signals, stop and continue them, and end.

use oscope_kernel::abi::flags::FutexOp;
use oscope_kernel::abi::signal::ActionFlags;
use oscope_kernel::abi::types::{PollFd, Timespec};
use oscope_kernel::abi::{Signal, SignalSet, nr};
use oscope_kernel::base::{DeviceId, Duration, Rng, Time};
use oscope_kernel::context::Structure;
use oscope_kernel::event::{Event, SchedEvent, Wait};
use oscope_kernel::machine::Why;
use oscope_tests::{boot, config, disk, run_for};
use oscope_userland::sys::{RustImage, Sys};
use std::collections::BTreeSet;

/// Emulated memory that everybody uses: words, times, sets, buffers.
const DATA: u64 = 0x1_4000;
const TIME: u64 = DATA + 512;
const SET: u64 = DATA + 576;
const POLL: u64 = DATA + 640;
const BUFFER: u64 = DATA + 1024;
/// A counter, and an epoll instance that watches it and both ends of a pipe.
const COUNTER: u64 = 5;
const EPOLL: u64 = 6;

/// One call that can park, with random arguments.
async fn one(sys: &Sys, rng: &mut Rng, (reader, writer): (u64, u64)) {
    let length = Duration::micros(rng.below(3000));
    sys.poke(TIME, &Timespec::from(length).to_bytes()).await;
    sys.poke(SET, &SignalSet(rng.next_u64() & 0xfffff).to_bytes()).await;
    let timeout = if rng.below(3) == 0 { 0 } else { TIME };
    let word = DATA + rng.below(2) * 8;
    let call = match rng.below(21) {
        0 => (nr::READ, [reader, BUFFER, rng.below(3000), 0, 0, 0]),
        1 => (nr::WRITE, [writer, BUFFER, rng.below(70_000), 0, 0, 0]),
        2 => (nr::FUTEX, [word, u64::from(FutexOp::WAIT), 0, TIME, 0, 0]),
        3 => (nr::FUTEX, [word, u64::from(FutexOp::WAKE), rng.below(3), 0, 0, 0]),
        4 => {
            let operation = u64::from(FutexOp::CMP_REQUEUE);
            (nr::FUTEX, [DATA, operation, 1, rng.below(2), DATA + 8, 0])
        }
        5 => (nr::WAIT4, [u64::MAX, BUFFER, rng.below(2) | 2 | 8, BUFFER + 64, 0, 0]),
        6 => (nr::WAITID, [0, 0, BUFFER, (0x0100_0000 * rng.below(2)) | 4 | rng.below(2), 0, 0]),
        7 => (nr::NANOSLEEP, [TIME, TIME + 16, 0, 0, 0, 0]),
        8 => (nr::CLOCK_NANOSLEEP, [1, 0, TIME, TIME + 16, 0, 0]),
        9 => (nr::RT_SIGSUSPEND, [SET, 8, 0, 0, 0, 0]),
        10 => (nr::RT_SIGTIMEDWAIT, [SET, BUFFER, timeout, 8, 0, 0]),
        11 => {
            let entries = [(reader, 1), (writer, 4), (0, 1)];
            let bytes: Vec<u8> = entries
                .iter()
                .flat_map(|&(fd, events)| PollFd { fd: fd as i32, events, returned: 0 }.to_bytes())
                .collect();
            sys.poke(POLL, &bytes).await;
            let mask = if rng.below(2) == 0 { SET } else { 0 };
            (nr::PPOLL, [POLL, rng.below(4), TIME, mask, 8, 0])
        }
        12 => {
            sys.store(POLL, rng.below(16)).await;
            (nr::PSELECT6, [6, POLL, 0, 0, TIME, 0])
        }
        13 => (nr::READ, [0, BUFFER, 50, 0, 0, 0]),
        14 => (nr::EPOLL_PWAIT, [EPOLL, BUFFER, 1 + rng.below(4), rng.below(4), 0, 8]),
        15 => (nr::EPOLL_PWAIT2, [EPOLL, BUFFER, 8, TIME, if timeout == 0 { 0 } else { SET }, 8]),
        16 => (nr::READ, [COUNTER, BUFFER, 8, 0, 0, 0]),
        17 => {
            sys.store(BUFFER, rng.below(2) * (u64::MAX - 1)).await;
            (nr::WRITE, [COUNTER, BUFFER, 8, 0, 0, 0])
        }
        18 => {
            let events = (rng.below(2) << 31 | rng.below(2) << 30) as u32 | 5;
            let watched = [reader, writer, COUNTER][rng.below(3) as usize];
            let _ = sys.epoll_change(EPOLL, watched, events, rng.below(9)).await;
            (nr::SCHED_YIELD, [0; 6])
        }
        19 => {
            if let Ok(file) = sys.open("/file", 0o102, 0o644).await {
                let _ = sys.write_at(file, BUFFER, rng.below(9000)).await;
                let _ = sys.call(nr::FSYNC, [file, 0, 0, 0, 0, 0]).await;
                let _ = sys.close(file).await;
            }
            (nr::SCHED_YIELD, [0; 6])
        }
        _ => {
            if sys.vfork().await == Ok(0) {
                let _ = sys.sleep(length).await;
                sys.exit(rng.below(9)).await;
            }
            (nr::SCHED_YIELD, [0; 6])
        }
    };
    let _ = sys.call(call.0, call.1).await;
}

/// A parent with four children, each of which makes random calls while the parent signals them.
fn program(seed: u64) -> RustImage {
    RustImage::new("parks", move |sys: Sys| async move {
        let mut rng = Rng::new(seed);
        for signal in [Signal::USR1, Signal::USR2, Signal::PIPE, Signal::ALRM] {
            let flags = if rng.below(2) == 0 { ActionFlags::RESTART.bits() } else { 0 };
            let _ = sys.sigaction(signal, sys.handler(0), flags).await;
        }
        let pipe = sys.pipe().await.expect("a pipe");
        assert_eq!(sys.eventfd(1, 0).await, Ok(COUNTER));
        assert_eq!(sys.epoll(0).await, Ok(EPOLL));
        for fd in [pipe.0, pipe.1, COUNTER] {
            let _ = sys.epoll_add(EPOLL, fd, 5, fd).await;
        }
        let mut children = Vec::new();
        for n in 0..4 {
            match sys.fork().await {
                Ok(0) => {
                    let mut rng = Rng::new(seed).split(n);
                    // A child to wait for, and a thread that shares the words.
                    if sys.fork().await == Ok(0) {
                        let _ = sys.sleep(Duration::millis(20)).await;
                        return 3;
                    }
                    let _ = sys.spawn(1, seed ^ n).await;
                    if n == 0 {
                        let _ = sys.setitimer(Duration::millis(3), Duration::millis(3)).await;
                    }
                    for _ in 0..25 {
                        one(&sys, &mut rng, pipe).await;
                    }
                    return 0;
                }
                Ok(child) => children.push(child),
                Err(_) => return 1,
            }
        }
        let signals =
            [Signal::USR1, Signal::USR2, Signal::STOP, Signal::CONT, Signal::CONT, Signal::CHLD];
        for _ in 0..150 {
            let _ = sys.sleep(Duration::micros(rng.below(1500))).await;
            let child = children[rng.below(4) as usize];
            let _ = sys.kill(child, signals[rng.below(6) as usize]).await;
            sys.store32(DATA, 0).await;
        }
        for child in children {
            let _ = sys.kill(child, Signal::KILL).await;
        }
        while sys.wait(-1).await.is_ok() {}
        0
    })
    .function(|sys: Sys, _| async move {
        let _ = sys.getpid().await;
        0
    })
    .function(|sys: Sys, seed| async move {
        let mut rng = Rng::new(seed);
        for _ in 0..20 {
            let word = DATA + rng.below(2) * 8;
            let length = Duration::micros(rng.below(2000));
            let _ = sys.futex_wait(word, 0, Some(length)).await;
            let _ = sys.futex_wake(word, 1).await;
        }
        0
    })
}

#[test]
fn a_call_that_parks_has_changed_nothing_that_its_frame_does_not_tell() {
    let mut waits = BTreeSet::new();
    for seed in 0..24 {
        let mut config = config(vec![program(seed)]);
        config.cpus = 1 + (seed % 2) as u16;
        config.structure = if seed % 3 == 0 { Structure::Microkernel } else { Structure::Monolith };
        config.check_parks = true;
        config.disk = Some(disk(&[], &[]));
        let mut machine = boot(config);
        for n in 0..40 {
            let time = Time::ZERO + Duration::millis(n * 4 + 1);
            let keys: &[u8] = if n % 3 == 0 { b"typed\n" } else { b"ty" };
            machine.type_on(DeviceId(0), keys.into(), time, n);
        }
        let why = run_for(&mut machine, Duration::seconds(3));
        assert!(!matches!(why, Why::Harm(_) | Why::NoProgress(..)), "seed {seed}: {why:?}");
        for (_, record) in machine.log().since(0) {
            if let Event::Sched(SchedEvent::Block { on }) = record.event {
                waits.insert(format!("{on:?}"));
            }
        }
        // The parent outlives its children, and nothing of them is left.
        let left = machine.snapshot().tasks.iter().filter(|task| task.line.name == "parks").count();
        assert!(left <= 4, "seed {seed}: {left} tasks are left");
        let keyframe = machine.keyframe();
        let mut again = oscope_kernel::machine::Machine::restore(&keyframe);
        assert_eq!(machine.digest(), again.digest(), "seed {seed}");
    }
    let kinds = [
        Wait::Sleep,
        Wait::Futex,
        Wait::Child,
        Wait::Disk,
        Wait::Pipe,
        Wait::Console,
        Wait::Signal,
        Wait::Poll,
    ];
    for kind in kinds {
        assert!(waits.contains(&format!("{kind:?}")), "nobody waited as {kind:?}: {waits:?}");
    }
}
