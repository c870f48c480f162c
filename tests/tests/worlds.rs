//! Every built-in world: it boots, runs to its end, and does so the same way every time.

use oscope_kernel::base::{DeviceId, MachineId, Time};
use oscope_kernel::event::EventId;
use oscope_kernel::event::codec::json_lines;
use oscope_kernel::world::Input;
use oscope_userland::scenario::{BUILTIN, open};
use std::collections::BTreeMap;
use std::sync::Arc;

fn log_of(name: &str, threads: usize) -> String {
    let file = open(name).expect("a built-in world");
    let mut world = file.boot().expect("it boots");
    if name == "shell" {
        // It waits for somebody to type.
        let bytes = b"ls -l / | sort\ncd /tmp && echo hello > there; cat there\n";
        let (machine, device) = (MachineId(0), DeviceId(0));
        world.input(Input { time: Time::ZERO, machine, device, bytes: Arc::from(&bytes[..]) });
    }
    let until = file.until().expect("it has an end");
    // In steps, which change nothing, and memory is looked through after each.
    for step in 1..=5 {
        world.run_on(threads, Time(until.0 * step / 5));
        for machine in world.machines() {
            assert_eq!(machine.audit(), [], "{name}: every frame has the owners that use it");
        }
    }
    world.logs().into_iter().map(json_lines).collect()
}

#[test]
fn conditions_know_every_kind_of_event() {
    use oscope_userland::predicate::{KINDS, kind};
    for builtin in BUILTIN {
        let file = open(builtin.name).expect("a built-in world");
        let mut world = file.boot().expect("it boots");
        world.run(file.until().expect("it has an end"));
        for (id, record) in world.events() {
            let kind = kind(&record.event);
            assert!(KINDS.contains(&kind), "{}: {id:?}: {kind}", builtin.name);
        }
    }
}

/// CPUs and machines have clocks of their own: whatever they do to each other, nothing comes before its cause.
#[test]
fn no_event_is_earlier_than_its_cause() {
    for builtin in BUILTIN {
        let file = open(builtin.name).expect("a built-in world");
        let mut world = file.boot().expect("it boots");
        world.run(file.until().expect("it has an end"));
        let times: BTreeMap<EventId, Time> =
            world.events().into_iter().map(|(id, record)| (id, record.stamp.time)).collect();
        let early = world.events().into_iter().filter(|(_, record)| {
            times.get(&record.stamp.cause).is_some_and(|cause| record.stamp.time < *cause)
        });
        let early: Vec<_> = early.collect();
        assert!(
            early.is_empty(),
            "{}: {} events, such as {:?}",
            builtin.name,
            early.len(),
            early[0]
        );
    }
}

#[test]
fn the_same_world_gives_the_same_bytes_every_time() {
    for builtin in BUILTIN {
        let first = log_of(builtin.name, 1);
        assert!(first.lines().count() > 20, "{}: hardly anything happened", builtin.name);
        assert_eq!(first, log_of(builtin.name, 1), "{}", builtin.name);
        assert_eq!(first, log_of(builtin.name, 2), "{} on two host threads", builtin.name);
    }
}
