//! Each operation does what it says, as often as it says.

use super::{ALL, Emulated, Operation, find, runnable};
use oscope_kernel::abi::nr;
use oscope_kernel::event::{CallEvent, Event};
use oscope_kernel::machine::Machine;
use std::ops::Range;

/// How often a call was made among the events of a range.
fn calls(machine: &Machine, events: Range<u64>, number: u16) -> u64 {
    let records = machine.log().since(events.start).filter(|(n, _)| events.contains(n));
    records
        .filter(|(_, record)| {
            matches!(record.event, Event::Call(CallEvent::Done { number: made, .. }) if made == number)
        })
        .count() as u64
}

fn booted(operation: &Operation) -> Emulated {
    Emulated::new(operation, |config| config.log_keep = 1 << 20).expect("it boots")
}

/// One round: how many operations it claims, and how often it made a call.
fn round(name: &str, number: u16, parts: usize) -> (u64, u64) {
    let mut emulated = booted(find(name).expect("an operation"));
    let before = emulated.machine().log().end() + 1;
    let claimed = (0..parts).filter_map(|_| emulated.stretch()).sum();
    let machine = emulated.machine();
    (claimed, calls(machine, before..machine.log().end() + 1, number))
}

#[test]
fn a_round_has_as_many_operations_as_it_claims() {
    for (name, number, parts, per_operation) in [
        ("null-syscall", nr::GETPID, 1, 1),
        ("context-switch", nr::SCHED_YIELD, 1, 1),
        ("fork-exit-wait", nr::WAIT4, 1, 1),
        ("fork-10000-pages", nr::WAIT4, 1, 1),
        ("fork-exec-wait", nr::EXECVE, 1, 1),
        ("thread-create-join", nr::CLONE, 1, 1),
        ("mmap-touch-munmap", nr::MUNMAP, 1, 1),
    ] {
        let (claimed, made) = round(name, number, parts);
        assert!(claimed > 0, "{name}");
        assert_eq!(made, claimed * per_operation, "{name}");
    }
    // Three parts, of which only the middle one counts.
    let (faults, maps) = round("page-fault", nr::MMAP, 3);
    assert_eq!((faults, maps), (500, 1));
}

#[test]
fn waking_wakes_and_switching_switches() {
    let mut switches = booted(find("context-switch").expect("an operation"));
    let count = |emulated: &Emulated| emulated.machine().tables().cpus[0].switches;
    let before = count(&switches);
    let claimed = switches.stretch().expect("it goes on");
    assert!(count(&switches) - before >= claimed * 9 / 10);

    let mut wakes = booted(find("futex-wake").expect("an operation"));
    let before = count(&wakes);
    let claimed = wakes.stretch().expect("it goes on");
    assert!(count(&wakes) - before >= claimed);
}

#[test]
fn every_possible_operation_goes_on_and_on() {
    for operation in ALL.iter().filter(|operation| operation.is_possible()) {
        // A crowd takes long to gather.
        if operation.name.starts_with("timer") {
            continue;
        }
        let mut emulated = booted(operation);
        for _ in 0..3 {
            let calls = emulated.machine().calls();
            assert!(emulated.stretch().is_some(), "{}", operation.name);
            assert!(emulated.machine().calls() > calls, "{}", operation.name);
        }
    }
}

#[test]
fn a_crowd_of_ready_threads_takes_turns() {
    let (operation, change) = runnable("rr", 100);
    let mut crowd = Emulated::new(&operation, change).expect("it boots");
    assert!(crowd.stretch() > Some(100));
    let threads = crowd.machine().tables().proc.threads.iter().count();
    assert!(threads >= 100, "{threads}");
}
