//! Bytes over TCP between two machines, however bad the cable is.

use oscope_kernel::base::Time;
use oscope_kernel::event::codec::json_lines;
use oscope_kernel::world::World;
use oscope_userland::scenario::{WorldFile, open};
use std::collections::BTreeMap;

/// The built-in world with other values.
pub(super) fn world(settings: &[(&str, &str)]) -> World {
    let text = oscope_userland::scenario::BUILTIN
        .iter()
        .find(|builtin| builtin.name == "network")
        .expect("a built-in world")
        .text;
    let settings: Vec<(String, String)> =
        settings.iter().map(|(path, to)| ((*path).to_owned(), (*to).to_owned())).collect();
    let file = WorldFile::parse_with("network", text, &settings).expect("it fits");
    file.boot().expect("it boots")
}

/// What became of each program that has ended: the name, and its exit status.
pub(super) fn ends(world: &World) -> BTreeMap<String, u32> {
    let ended = world.machines().iter().flat_map(|machine| machine.ended());
    ended.map(|task| (task.name.clone(), task.status >> 8)).collect()
}

#[test]
fn every_byte_arrives_whatever_the_cable_does() {
    let cables = [
        ("loss", "0%"),
        ("loss", "3%"),
        ("loss", "8%"),
        ("reorder", "20%"),
        ("duplicate", "20%"),
        ("jitter", "500us"),
        ("queue", "8KiB"),
    ];
    for (fault, share) in cables {
        let path = format!("networks.lan.{fault}");
        let mut settings = vec![(path.as_str(), share)];
        if fault != "loss" {
            settings.push(("networks.lan.loss", "0%"));
        }
        let mut world = world(&settings);
        world.run(Time(600_000_000_000));
        assert_eq!(ends(&world).get("fetch"), Some(&0), "{fault} {share}");
    }
}

#[test]
fn it_is_the_same_on_one_host_thread_and_on_several() {
    let run = |threads| {
        let mut world = open("network").expect("a world").boot().expect("it boots");
        world.run_on(threads, Time(1_000_000_000));
        world.logs().into_iter().map(json_lines).collect::<String>()
    };
    let one = run(1);
    assert!(one.lines().count() > 2000, "hardly anything happened");
    assert_eq!(one, run(2));
}

#[test]
fn nobody_answers_and_nobody_listens() {
    // A host that is not there, a port at which nobody listens.
    for (to, port, within) in [("10.0.0.77", "4242", 4), ("server", "4243", 1)] {
        let program = format!(r#"[{{ command = ["fetch", "{to}", "10", "{port}"] }}]"#);
        let settings =
            [("networks.lan.loss", "0%"), ("machines.client.programs", program.as_str())];
        let mut world = world(&settings);
        world.run(Time(within * 1_000_000_000));
        assert_eq!(ends(&world).get("fetch"), Some(&1), "{to}:{port} fails within {within} s");
    }
}

/// One CPU computes, and is left behind by the one that serves: windows as short as this cable must go on all the same.
#[test]
fn a_cpu_that_computes_keeps_nobody_waiting_on_a_short_cable() {
    let file = WorldFile::parse(
        "short",
        r#"
        edition = "2026"
        networks.lan.latency = "1us"
        [machines.server]
        cpus = 2
        networks = ["lan"]
        programs = [{ command = ["hog", "200"] }, { command = ["serve"] }]
        [machines.client]
        networks = ["lan"]
        programs = [{ at = "1ms", command = ["fetch", "10.0.0.1", "20000"] }]
        "#,
    );
    let mut world = file.expect("a world").boot().expect("it boots");
    world.run(Time(100_000_000));
    assert_eq!(ends(&world).get("fetch"), Some(&0));
}
