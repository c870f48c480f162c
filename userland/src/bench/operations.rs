//! The operations, in the order in which they are printed.

use super::crowd::TIMERS;
use super::files::{self, NAMES};
use super::network;
use super::programs::{self, FEW, MANY, SOME};
use super::{Operation, Pace};
use crate::bin::{Builtins, file_of};
use crate::sys::RustImage;
use oscope_kernel::abi::nr;
use oscope_kernel::abi::program::Image;
use oscope_kernel::base::Duration;
use oscope_kernel::fs::MiniFs;
use oscope_kernel::hw::Timing;
use oscope_kernel::hw::disk::Medium;
use oscope_kernel::machine::{Config, DiskConfig, Start};
use std::sync::Arc;

/// What can be measured.
pub const ALL: &[Operation] = &[
    NULL_CALL,
    Operation {
        about: "the clock, which the vDSO answers without a call",
        ..plain("vdso-clock", &[], || machine(programs::clock()), &[MANY])
    },
    Operation {
        about: "from one process to another: a sched_yield(2) that switches, less a null call",
        less: Some(&NULL_CALL),
        ..plain("context-switch", &[], two_yielders, &[2 * MANY])
    },
    Operation {
        about: "a byte through a pipe to another process, and back through a second one",
        ..plain("pipe-round-trip", &[nr::PIPE2], || machine(programs::pipes()), &[SOME])
    },
    Operation {
        about: "a thread wakes another and waits for it, half a round trip",
        ..plain("futex-wake", &[], || machine(programs::futexes()), &[SOME])
    },
    Operation {
        about: "fork(2), exit_group(2) of the child, wait4(2)",
        ..plain("fork-exit-wait", &[], || machine(programs::forker()), &[FEW])
    },
    Operation {
        about: "the same by a process with 10,000 pages",
        ..plain("fork-10000-pages", &[], large_forker, &[FEW])
    },
    Operation {
        about: "fork(2), exit and wait with an execve(2) of a program that does nothing",
        ..plain("fork-exec-wait", &[], executer, &[FEW])
    },
    Operation {
        about: "a thread that ends at once, made and waited for: its stack is mapped and unmapped too",
        ..plain("thread-create-join", &[], || machine(programs::spawner()), &[FEW])
    },
    Operation {
        about: "the first store to a page of private memory",
        ..plain("page-fault", &[], || machine(programs::toucher()), &[0, SOME, 0])
    },
    Operation {
        about: "16 pages of private memory: mapped, each stored to, unmapped",
        ..plain("mmap-touch-munmap", &[], || machine(programs::mapper()), &[FEW])
    },
    Operation {
        about: "a file created, 1 KiB written to it, closed and unlinked",
        ..plain("create-write-unlink", &[nr::UNLINKAT], || machine(files::creator()), &[FEW])
    },
    Operation {
        about: "pread64(2) of a page that is in memory",
        ..plain("cached-read-4k", &[nr::PREAD64], || machine(files::reader()), &[SOME])
    },
    Operation {
        about: "newfstatat(2) of a path with ten components",
        ..plain("path-walk-10", &[nr::NEWFSTATAT], || machine(files::walker()), &[SOME])
    },
    Operation {
        about: "a name of a directory with 10,000 of them, all of which getdents64(2) lists",
        ..plain("getdents-10000", &[nr::GETDENTS64], lister, &[NAMES])
    },
    Operation {
        about: "a byte over a connection to another process, and back",
        ..plain("tcp-round-trip", &[nr::CONNECT], || machine(network::round_trip()), &[SOME])
    },
    Operation {
        about: "64 KiB over a connection to another process, which answers with a byte",
        ..plain("tcp-bulk-64k", &[nr::CONNECT], || machine(network::bulk()), &[FEW])
    },
    Operation {
        about: "connect(2), accept4(2) and close(2) of both ends, in one process",
        ..plain("tcp-connect", &[nr::CONNECT], || machine(network::connector()), &[FEW])
    },
    Operation {
        about: "epoll_wait(2) on 64 pipes of which one is ready",
        ..plain("epoll-wait", &[nr::EPOLL_PWAIT2], || machine(network::watcher()), &[SOME])
    },
    TIMERS,
];

/// The way into the kernel and out again.
const NULL_CALL: Operation = Operation {
    about: "getpid(2)",
    ..plain("null-syscall", &[], || machine(programs::null_call()), &[MANY])
};

const fn plain(
    name: &'static str,
    needs: &'static [u16],
    machine: fn() -> Config,
    parts: &'static [u64],
) -> Operation {
    Operation { name, about: "", needs, machine, pace: Pace::Parts(parts), less: None }
}

/// A machine with one CPU that runs one program. It keeps few events, so that its memory stays the same however long
/// it is measured.
pub(super) fn machine(image: RustImage) -> Config {
    let name = image.name().to_owned();
    let mut config = Config::new("bench", Arc::new(Builtins::default().with(image)));
    config.programs.push(Start::new(&name, &[]));
    config.log_keep = 10_000;
    config
}

fn large_forker() -> Config {
    let mut config = machine(programs::large_forker());
    config.frames = 1 << 14;
    config
}

/// A tmpfs has as many inodes as half of the frames.
fn lister() -> Config {
    let mut config = machine(files::lister());
    config.frames = 1 << 15;
    config
}

fn two_yielders() -> Config {
    let mut config = machine(programs::yielder());
    config.programs.extend(config.programs.clone());
    config
}

/// A disk that costs no virtual time: what is measured is the kernel.
fn disk(files: &[(&str, &[u8])]) -> Option<DiskConfig> {
    let mut medium = Medium::new(2048);
    MiniFs::make(&mut medium, files).ok()?;
    Some(DiskConfig::new(medium, Timing { fixed: Duration(1), per_kib: Duration::ZERO }))
}

fn executer() -> Config {
    let loader = Builtins::default().with(programs::executer()).with(programs::nothing());
    let mut config = machine(programs::executer());
    config.loader = Arc::new(loader);
    config.disk = disk(&[("/bin/nothing", &file_of("nothing"))]);
    config
}
