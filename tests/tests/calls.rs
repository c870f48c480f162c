//! System calls as Linux has them, family by family. What is expected here was seen on a Linux 6 kernel.

#[path = "calls/events.rs"]
mod events;
#[path = "calls/exec.rs"]
mod exec;
#[path = "calls/futexes.rs"]
mod futexes;
#[path = "calls/heap.rs"]
mod heap;
#[path = "calls/parks.rs"]
mod parks;
#[path = "calls/pipes.rs"]
mod pipes;
#[path = "calls/signals.rs"]
mod signals;
#[path = "calls/sync.rs"]
mod sync;
#[path = "calls/system.rs"]
mod system;
#[path = "calls/tasks.rs"]
mod tasks;
#[path = "calls/terminal.rs"]
mod terminal;

use oscope_kernel::base::Duration;
use oscope_kernel::machine::{Machine, Why};
use oscope_tests::{boot, config, run_for, shown};
use oscope_userland::sys::{RustImage, Sys};

/// Says something on the console.
async fn say(sys: &Sys, text: String) {
    let _ = sys.write(1, text.as_bytes()).await;
}

/// Runs a program for a virtual second, holding every call that parks to its promise; returns what it said.
fn said(image: RustImage) -> String {
    shown(&checked(image, 1))
}

/// The same on a number of CPUs, and the machine as it stands then.
fn checked(image: RustImage, cpus: u16) -> Machine {
    let mut config = config(vec![image]);
    config.cpus = cpus;
    config.check_parks = true;
    let mut machine = boot(config);
    assert_eq!(run_for(&mut machine, Duration::seconds(1)), Why::Time);
    machine
}
