//! Memory: areas, faults, sharing, pressure. What is expected here was seen on a Linux 6 kernel.

#[path = "memory/areas.rs"]
mod areas;
#[path = "memory/faults.rs"]
mod faults;
#[path = "memory/large.rs"]
mod large;
#[path = "memory/model.rs"]
mod model;
#[path = "memory/partitions.rs"]
mod partitions;
#[path = "memory/posix.rs"]
mod posix;
#[path = "memory/pressure.rs"]
mod pressure;
#[path = "memory/sharing.rs"]
mod sharing;

use oscope_kernel::abi::{Errno, nr};
use oscope_kernel::base::Duration;
use oscope_kernel::machine::{Machine, Why};
use oscope_tests::{boot, config, disk, run_for, shown};
use oscope_userland::sys::{RustImage, Sys};

const PAGE: u64 = 4096;
const SHARED: u64 = 1;
const PRIVATE: u64 = 2;
const FIXED: u64 = 0x10;
const ANONYMOUS: u64 = 0x20;
const NO_FD: u64 = u64::MAX;
const R: u64 = 1;
const RW: u64 = 3;

/// Says something on the console.
async fn say(sys: &Sys, text: String) {
    let _ = sys.write(1, text.as_bytes()).await;
}

async fn mmap(sys: &Sys, arguments: [u64; 6]) -> Result<u64, Errno> {
    sys.call(nr::MMAP, arguments).await
}

/// Private anonymous memory, or shared.
async fn pages(sys: &Sys, count: u64, kind: u64) -> u64 {
    mmap(sys, [0, count * PAGE, RW, kind | ANONYMOUS, NO_FD, 0]).await.expect("memory")
}

async fn call3(sys: &Sys, number: u16, a: u64, b: u64, c: u64) -> Result<u64, Errno> {
    sys.call(number, [a, b, c, 0, 0, 0]).await
}

/// Runs a child and says how it ended: its wait status.
async fn status_of_child(sys: &Sys, child: u64) -> u32 {
    sys.wait(child as i64).await.expect("a child").1
}

/// Runs a program on a machine with a disk for some virtual seconds, holding every call that parks to its promise, and audits
/// memory now and then.
fn checked(image: RustImage) -> Machine {
    let mut config = config(vec![image]);
    config.check_parks = true;
    config.disk = Some(disk(&[("/text", b"hello world"), ("/long", &[7; 9000])], &["main"]));
    let mut machine = boot(config);
    for _ in 0..40 {
        assert_eq!(run_for(&mut machine, Duration::millis(50)), Why::Time);
    }
    machine
}

/// What such a program said.
fn said(image: RustImage) -> String {
    shown(&checked(image))
}
