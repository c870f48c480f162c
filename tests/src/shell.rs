//! Shell commands on an emulated machine.

use crate::{boot, shown};
use oscope_kernel::base::{DeviceId, Duration, Time};
use oscope_kernel::event::{Event, TaskEvent};
use oscope_kernel::machine::{Config, Machine, Start, Until};
use oscope_userland::bin::Builtins;
use oscope_userland::scenario::initramfs::initramfs;
use std::sync::Arc;

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// What it wrote to the console.
    pub output: String,
    /// Its wait status; `None` if it did not end.
    pub status: Option<u32>,
}

/// How long a command may take, in virtual time.
const PATIENCE: Duration = Duration::seconds(600);

/// A machine on which a program runs with the console as its terminal.
#[must_use]
pub fn machine(words: &[&str]) -> Machine {
    boot(config(words))
}

/// The same before it is switched on.
#[must_use]
pub fn config(words: &[&str]) -> Config {
    let loader = Arc::new(Builtins::default());
    let mut config = Config::new("box", Arc::clone(&loader) as _);
    config.initramfs = Some(initramfs("box", "127.0.0.1\tlocalhost\n", &loader).into());
    config.frames = 8192;
    config.programs = vec![Start::new("init", &[]), Start::new("getty", words)];
    config
}

/// A command of a shell that runs the script `$1` with the shell `$3` in the directory `$2`, and writes what it wrote to
/// standard output, to standard error, and its status.
pub const HARNESS: &str = "cd \"$2\"; \"$3\" -c \"$1\" sh >../out 2>../err </dev/null; status=$?; \
    cat \"$2/../out\"; echo '--- stderr'; cat \"$2/../err\"; echo \"--- status $status\"";

/// Runs `sh -c COMMAND` with this typed, and waits for its end.
#[must_use]
pub fn run(command: &str, typed: &str) -> Ran {
    run_words(&["-q", "/bin/sh", "-c", command], typed)
}

/// The same with any arguments of `getty`.
#[must_use]
pub fn run_words(words: &[&str], typed: &str) -> Ran {
    let mut machine = machine(words);
    if !typed.is_empty() {
        machine.type_on(DeviceId(0), typed.as_bytes().into(), Time::ZERO, 0);
    }
    let status = run_to_end(&mut machine);
    Ran { output: shown(&machine), status }
}

/// Lets time pass until the machine's second program has ended; its wait status.
#[must_use]
pub fn run_to_end(machine: &mut Machine) -> Option<u32> {
    let end = Time::ZERO + PATIENCE;
    let shell = machine.snapshot().tasks.iter().find(|task| task.line.name == "getty")?.serial;
    let is_end = |record: &oscope_kernel::event::Record| {
        record.stamp.thread == shell && matches!(record.event, Event::Task(TaskEvent::Exit { .. }))
    };
    let why = machine.run(Until { event: Some(&is_end), ..Until::time(end) });
    let oscope_kernel::machine::Why::Event(id) = why else { return None };
    match machine.log().get(id.sequence())?.event {
        Event::Task(TaskEvent::Exit { status }) => Some(status),
        _ => None,
    }
}

/// How long somebody who types waits between two lines.
const INTERVAL: Duration = Duration::millis(20);

/// What the screen shows after somebody has typed these lines at an interactive shell, each after the machine has
/// come to rest.
#[must_use]
pub fn session(keys: &[&str]) -> String {
    let mut machine = machine(&["/bin/sh"]);
    for (n, typed) in keys.iter().enumerate() {
        let at = Time::ZERO + INTERVAL * (n as u64 + 1);
        machine.type_on(DeviceId(0), typed.as_bytes().into(), at, n as u64);
    }
    let end = Time::ZERO + INTERVAL * (keys.len() as u64 + 2);
    machine.run(Until::time(end));
    assert_eq!(machine.audit(), [], "every frame has the owners that use it");
    shown(&machine)
}
