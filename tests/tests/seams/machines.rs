//! Several machines, several kinds of tasks, machines in machines.

use oscope_kernel::base::{DeviceId, Duration, MachineId, PortId, Time};
use oscope_kernel::context::Structure;
use oscope_kernel::event::codec::json_lines;
use oscope_kernel::event::why::why;
use oscope_kernel::event::{Event, InputEvent, MachineEvent, NetEvent};
use oscope_kernel::hw::Wire;
use oscope_kernel::hypervisor::GuestMachine;
use oscope_kernel::machine::{Config, PortConfig, Start};
use oscope_kernel::world::{Input, Link, World, WorldConfig};
use oscope_tests::{boot, config, disk, events, exits, log, ms, run_for, shown};
use oscope_userland::bin::Builtins;
use oscope_userland::sys::{RustImage, Sys};
use std::sync::Arc;

const LATENCY: Duration = Duration::micros(50);

/// `n` pairs of machines on cables: on each left one somebody types, each right one echoes.
fn pairs(n: u16) -> World {
    let loader = Arc::new(Builtins::default());
    let mut machines = Vec::new();
    let mut links = Vec::new();
    for pair in 0..n {
        for (side, program) in [(0, "typist"), (1, "echo")] {
            let mut config = Config::new(program, Arc::clone(&loader) as Arc<_>);
            config.programs = vec![Start::new(program, &[])];
            let address = [2, 0, 0, 0, pair as u8, side];
            config.ports = vec![PortConfig {
                address,
                internet: Vec::new(),
                wire: Wire::new(LATENCY, 1_000_000_000),
            }];
            machines.push(config);
        }
        let end = |side| (MachineId(pair * 2 + side), PortId(0));
        links.push(Link { a: end(0), b: end(1) });
    }
    let config = WorldConfig { name: "pairs".to_owned(), machines, switches: Vec::new(), links };
    let mut world = World::boot(config).expect("it boots");
    for pair in 0..n {
        for round in 0..5u64 {
            world.input(Input {
                time: ms(1) + Duration::micros(round * 400 + u64::from(pair) * 7),
                machine: MachineId(pair * 2),
                device: DeviceId(0),
                bytes: format!("line {round} of {pair}\n").into_bytes().into(),
            });
        }
    }
    world
}

#[test]
fn t01_a_frame_arrives_at_the_right_time_and_host_threads_change_nothing() {
    let mut world = pairs(1);
    world.run(ms(10));
    let [left, right] = world.machines() else { panic!("two machines") };
    let sent = events(left, |r| matches!(r.event, Event::Net(NetEvent::Transmit { .. }))).next();
    let (_, sent) = sent.expect("a frame left");
    let Event::Net(NetEvent::Transmit { length, arrives, .. }) = sent.event else { unreachable!() };
    let got = events(right, |r| matches!(r.event, Event::Net(NetEvent::Receive { .. }))).next();
    let (_, got) = got.expect("a frame came");
    // 1 Gbit/s is 8 ns a byte; then the latency. Figured here, not by the wire.
    let expected = sent.stamp.time + Duration(u64::from(length) * 8) + LATENCY;
    assert_eq!(got.stamp.time, expected);
    assert_eq!(arrives, expected);
    assert!(shown(left).contains("LINE 0 OF 0"), "the echo came back: {:?}", shown(left));

    let logs = |threads| {
        let mut world = pairs(4);
        world.run_on(threads, ms(10));
        world.logs().into_iter().map(json_lines).collect::<String>()
    };
    let one = logs(1);
    assert!(one.len() > 10_000);
    assert_eq!(one, logs(2));
    assert_eq!(one, logs(4));
}

#[test]
fn t09_a_kernel_thread_writes_back_is_scheduled_charged_and_listed() {
    let mut config = config(vec![]);
    config.programs = vec![Start::new("scribe", &["/notes", "20"])];
    config.disk = Some(disk(&[], &[]));
    let mut machine = boot(config);
    run_for(&mut machine, Duration::seconds(1));
    assert_eq!(exits(&machine), [0], "the writer has long ended");
    let dirty = machine.snapshot().cached.1;
    assert!(dirty > 0, "and nothing is on the disk yet");

    run_for(&mut machine, Duration::seconds(9));
    let snapshot = machine.snapshot();
    assert_eq!(snapshot.cached.1, 0, "all is written");
    let flusher = snapshot.tasks.iter().find(|task| task.line.name == "[flusher]");
    let flusher = flusher.expect("it is in the process list");
    assert!(flusher.line.system > Duration::ZERO, "it was charged");
    assert!(flusher.switches >= 2, "it was scheduled");
    let serial = flusher.serial;
    let is_switch = |record: &oscope_kernel::event::Record| matches!(record.event, Event::Sched(oscope_kernel::event::SchedEvent::Switch { to, .. }) if to == serial);
    assert!(events(&machine, is_switch).count() >= 2, "the log says so too");

    // What is on the medium is what was written: another machine reads it.
    let device = machine.tables().bus.device(DeviceId(1)).expect("the disk");
    let disk = device.as_any().downcast_ref::<oscope_kernel::hw::disk::Disk>().expect("a disk");
    let medium = disk.medium().clone();
    let reader = RustImage::new("reader", |sys: Sys| async move {
        let Ok(file) = sys.open("/notes", 0, 0).await else { return 1 };
        let Ok(text) = sys.read(file, 4096).await else { return 2 };
        let _ = sys.write(1, &text).await;
        0
    });
    let mut second = oscope_tests::config(vec![reader]);
    let timing = oscope_kernel::hw::Timing { fixed: Duration(1), per_kib: Duration::ZERO };
    second.disk = Some(oscope_kernel::machine::DiskConfig::new(medium, timing));
    let mut second = boot(second);
    run_for(&mut second, Duration::seconds(1));
    assert!(shown(&second).ends_with("/notes line 19\n"), "{:?}", shown(&second));
}

#[test]
fn t10_a_handler_and_a_server_give_the_same_answer_at_another_cost() {
    let run = |structure| {
        let mut config = config(vec![]);
        config.programs = vec![Start::new("scribe", &["/notes", "20"])];
        config.disk = Some(disk(&[], &[]));
        config.structure = structure;
        let mut machine = boot(config);
        run_for(&mut machine, Duration::seconds(1));
        let results: Vec<(u16, i64)> = events(&machine, |r| matches!(r.event, Event::Call(_)))
            .filter_map(|(_, record)| match record.event {
                Event::Call(oscope_kernel::event::CallEvent::Done { number, result, .. }) => {
                    Some((number, result))
                }
                _ => None,
            })
            .collect();
        let ended = events(&machine, |r| {
            matches!(r.event, Event::Task(oscope_kernel::event::TaskEvent::Exit { .. }))
        })
        .next()
        .map(|(_, record)| record.stamp.time);
        (exits(&machine), results, ended.expect("it ended"))
    };
    let (exit, calls, mono) = run(Structure::Monolith);
    let (exit_too, calls_too, micro) = run(Structure::Microkernel);
    assert_eq!(exit, [0]);
    assert_eq!(exit, exit_too);
    assert!(calls.len() > 20);
    assert_eq!(calls, calls_too, "every call gave the same result");
    assert!(micro > mono, "messages and switches cost: {mono} and {micro}");
}

#[test]
fn t11_a_guest_runs_in_its_host_for_a_thousand_calls_of_its_own() {
    let caller = RustImage::new("caller", |sys: Sys| async move {
        for n in 0..1000u64 {
            sys.getpid().await;
            sys.compute(Duration::micros(5)).await;
            if n % 100 == 0 {
                let _ = sys.sleep(Duration::micros(50)).await;
            }
        }
        0
    });
    let guest = GuestMachine::new(boot(config(vec![caller])));
    let mut host = oscope_tests::config(vec![]);
    host.scheduler.quantum = Some(Duration::millis(1));
    host.programs = vec![Start::new("hog", &["3"])];
    let mut host = boot(host);
    let id = host.add_guest("guest", Box::new(guest)).expect("a task for its CPU");
    run_for(&mut host, Duration::seconds(1));

    let inside = host.guest(id).expect("the guest");
    assert!(inside.calls() > 1000, "{} calls", inside.calls());
    let inside = inside.as_any().downcast_ref::<GuestMachine>().expect("a machine").machine();
    assert_eq!(exits(inside), [0], "its program ended well");
    // The host granted the time, and says how much.
    let used: u64 = events(&host, |_| true)
        .filter_map(|(_, record)| match record.event {
            Event::Machine(MachineEvent::GuestExit { used, .. }) => Some(used),
            _ => None,
        })
        .max()
        .expect("it has exits");
    let computed = inside.log().since(0).count();
    assert!(computed > 1000);
    assert!(used > 1000 * 5_000, "it used {used} ns");
    let preempted =
        host.snapshot().tasks.iter().any(|t| t.line.name == "[guest]" && t.switches > 3);
    assert!(preempted, "it shared the CPU with the hog");
    // While the hog ran, the guest's clock stood: its program took longer than it computed.
    let end = inside.log().get(inside.log().end()).expect("an event").stamp.time;
    assert!(end > Time::ZERO + Duration(used), "time was stolen: {end} against {used} ns");
}

#[test]
fn t11_a_host_with_its_guest_is_a_value_too() {
    let mut host = oscope_tests::config(vec![]);
    host.programs = vec![Start::new("blink", &["500", "700", "30"])];
    let mut host = boot(host);
    let mut inner = oscope_tests::config(vec![]);
    inner.programs = vec![Start::new("blink", &["300", "900", "30"])];
    host.add_guest("guest", Box::new(GuestMachine::new(boot(inner)))).expect("a task");
    run_for(&mut host, Duration::millis(7));
    let keyframe = host.keyframe();
    run_for(&mut host, Duration::millis(20));
    let mut again = oscope_kernel::machine::Machine::restore(&keyframe);
    run_for(&mut again, Duration::millis(20));
    assert_eq!(host.digest(), again.digest());
    assert_eq!(log(&host), log(&again));
}

#[test]
fn t13_why_was_this_packet_sent_walks_over_the_wire_to_the_key() {
    let mut world = pairs(1);
    world.run(ms(10));
    let right = &world.machines()[1];
    let sent = events(right, |r| matches!(r.event, Event::Net(NetEvent::Transmit { .. }))).next();
    let (sequence, _) = sent.expect("the echo sent something");
    let logs = world.logs();
    let packet = oscope_kernel::event::EventId::new(MachineId(1), sequence);
    let chain = why(&logs, packet);
    let path: Vec<(u16, Event)> =
        chain.iter().map(|(id, record)| (id.machine().0, record.event)).collect();
    let crossing = path.windows(2).position(|pair| pair[0].0 == 1 && pair[1].0 == 0);
    let crossing = crossing.expect("the chain crosses the wire");
    assert!(matches!(path[crossing].1, Event::Net(NetEvent::Receive { .. })), "{path:?}");
    assert!(matches!(path[crossing + 1].1, Event::Net(NetEvent::Transmit { .. })), "{path:?}");
    let key = path.iter().find(|(_, event)| matches!(event, Event::Input(InputEvent::Key { .. })));
    assert_eq!(key.map(|(machine, _)| *machine), Some(0), "a key on the other machine: {path:?}");
    // And every link lies before the one it caused.
    assert!(chain.windows(2).all(|pair| pair[1].1.stamp.time <= pair[0].1.stamp.time));
    // The request that the key began is followed to the other machine without any help.
    assert_eq!(chain[0].1.stamp.request, chain[crossing + 1].1.stamp.request);
    assert_ne!(chain[0].1.stamp.request.0, 0);
}
