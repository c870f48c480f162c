//! Keyframes, and going back and forth.

use oscope_kernel::base::{DeviceId, Duration, MachineId, Rng, Time};
use oscope_kernel::event::codec::json_lines;
use oscope_kernel::machine::Machine;
use oscope_kernel::world::history::History;
use oscope_kernel::world::{Input, World, WorldWhy};
use oscope_tests::{log, ms, run_for};
use oscope_userland::scenario::open;

fn world(name: &str) -> World {
    open(name).expect("a built-in world").boot().expect("it boots")
}

#[test]
fn t12_a_restored_machine_goes_on_as_the_first_one_did() {
    let mut world = world("first");
    let machine = world.machine_mut(MachineId(0)).expect("a machine");
    for _ in 0..6 {
        run_for(machine, Duration::millis(23));
        let keyframe = machine.keyframe();
        let here = machine.digest();
        let mut other = Machine::restore(&keyframe);
        assert_eq!(other.digest(), here, "restored is the same");
        run_for(&mut other, Duration::millis(31));
        assert_ne!(other.digest(), here, "and going on is something else");
        // The original goes on later, and was not disturbed.
        let mut third = Machine::restore(&keyframe);
        run_for(&mut third, Duration::millis(11));
        run_for(&mut third, Duration::millis(20));
        assert_eq!(third.digest(), other.digest(), "in one go or in two");
        assert_eq!(log(&third), log(&other));
    }
    let mut straight = open("first").expect("a world").boot().expect("it boots");
    let straight = straight.machine_mut(MachineId(0)).expect("a machine");
    run_for(straight, Duration::millis(6 * 23));
    assert_eq!(straight.digest(), machine.digest());
    assert_eq!(log(straight), log(machine));
}

#[test]
fn t12_seeking_back_and_forth_a_hundred_times_changes_nothing() {
    for name in ["first", "wire", "nested", "servers"] {
        let mut history = History::new(world(name), Duration::millis(5));
        history.go(ms(120));
        let mut known = Vec::new();
        for n in 0..12 {
            let mut fresh = world(name);
            let at = ms(n * 10) + Duration::micros(n * 37);
            fresh.run(at);
            known.push((
                at,
                fresh.digest(),
                fresh.logs().into_iter().map(json_lines).collect::<String>(),
            ));
        }
        let mut rng = Rng::new(1);
        for _ in 0..100 {
            let (at, digest, events) = &known[rng.below(12) as usize];
            history.go(*at);
            assert_eq!(history.world().time(), *at, "{name}");
            assert_eq!(history.digest(), *digest, "{name} at {at}");
            let seen: String = history.world().logs().into_iter().map(json_lines).collect();
            assert_eq!(&seen, events, "{name} at {at}");
        }
    }
}

#[test]
fn keyframes_are_few_and_lie_further_apart_the_older_they_are() {
    let mut history = History::new(world("first"), Duration::millis(1));
    history.go(ms(300));
    let times = history.keyframes();
    assert!(times.len() <= 32, "{}", times.len());
    assert_eq!(times[0], Time::ZERO);
    let gap = |at: usize| times[at + 1].since(times[at]);
    assert!(gap(1) > gap(times.len() - 2), "{times:?}");
}

#[test]
fn what_was_typed_is_repeated_when_the_past_is_run_again() {
    let mut history = History::new(world("wire"), Duration::millis(1));
    history.go(ms(8));
    history.input(Input {
        time: ms(9),
        machine: MachineId(0),
        device: DeviceId(0),
        bytes: b"a third line\n".as_slice().into(),
    });
    history.go(ms(20));
    let with = history.digest();
    history.go(ms(2));
    history.go(ms(20));
    assert_eq!(history.digest(), with);
    let shown = oscope_tests::shown(&history.world().machines()[0]);
    assert!(shown.contains("A THIRD LINE"), "{shown}");
    // Typing in the past makes another future.
    history.go(ms(4));
    history.input(Input {
        time: ms(4),
        machine: MachineId(0),
        device: DeviceId(0),
        bytes: b"otherwise\n".as_slice().into(),
    });
    history.go(ms(20));
    assert_ne!(history.digest(), with);
    assert!(oscope_tests::shown(&history.world().machines()[0]).contains("OTHERWISE"));
}

#[test]
fn a_change_is_made_again_when_its_moment_is_run_again() {
    let mut history = History::new(world("first"), Duration::millis(5));
    history.go(ms(33));
    history.change(|world| {
        let machine = world.machine_mut(MachineId(0)).expect("a machine");
        machine.switch_policy("fifo").expect("a policy");
    });
    history.go(ms(90));
    let (changed, policy) = (history.digest(), history.world().machines()[0].snapshot().policy);
    assert_eq!(policy, "fifo");
    for back in [ms(50), ms(33), ms(32), ms(7), Time::ZERO] {
        history.go(back);
        history.go(ms(90));
        assert_eq!(history.digest(), changed, "by way of {back}");
    }
    history.go(ms(20));
    assert_eq!(history.world().machines()[0].snapshot().policy, "rr");
}

#[test]
fn a_world_stops_at_an_event_with_no_machine_beyond_it() {
    use oscope_kernel::event::{Event, NetEvent};
    let mut world = world("wire");
    let is_receive = |record: &oscope_kernel::event::Record| {
        matches!(record.event, Event::Net(NetEvent::Receive { .. }))
    };
    let WorldWhy::Event(id) = world.run_to(ms(20), &is_receive) else { panic!("a frame arrives") };
    assert_eq!(id.machine(), MachineId(1));
    let at = world.logs()[1].get(id.sequence()).expect("it is in the log").stamp.time;
    for machine in world.machines() {
        let last = machine.log().get(machine.log().end()).expect("an event").stamp.time;
        assert!(
            last <= at + Duration::micros(10),
            "machine {} is at {last}",
            machine.config().name
        );
    }
    // Going on from there ends where a run without a stop ends.
    world.run(ms(20));
    let mut straight = open("wire").expect("a world").boot().expect("it boots");
    straight.run(ms(20));
    assert_eq!(world.digest(), straight.digest());
}
