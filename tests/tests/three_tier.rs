//! The three-tier system: what a browser gets, and the way of one request through all machines.

use oscope_kernel::base::Time;
use oscope_kernel::event::{Event, TaskEvent};
use oscope_kernel::world::World;
use oscope_tests::shown;
use oscope_userland::bin::steps::{STEPS, Step};
use oscope_userland::scenario::{BUILTIN, WorldFile, open};

/// The world `three-tier`, run to its end.
fn run() -> World {
    played(&open("three-tier").expect("a built-in world"))
}

fn played(file: &WorldFile) -> World {
    let mut world = file.boot().expect("it boots");
    world.run(file.until().expect("it has an end"));
    world
}

/// What the programs of all machines marked: when, which step, and the number beside it.
fn marks(world: &World) -> Vec<(Time, Step, u64)> {
    let mut all = Vec::new();
    for log in world.logs() {
        for (_, record) in log.since(0) {
            if let Event::Task(TaskEvent::Mark { fact, value }) = record.event
                && let Some(step) = Step::of(fact)
            {
                all.push((record.stamp.time, step, value));
            }
        }
    }
    // The sort is stable: what one machine did at one instant stays in its order.
    all.sort_by_key(|&(time, ..)| time);
    all
}

#[test]
fn a_request_that_misses_the_cache_takes_all_steps_in_order() {
    let world = run();
    let marks = marks(&world);
    // The first request that needs the database begins with the last one that was issued before it went there.
    let asked = marks
        .iter()
        .position(|&(_, step, value)| step == Step::AppDecided && value == 1)
        .expect("a request needs the database");
    let issued = marks[..asked].iter().rposition(|&(_, step, _)| step == Step::Issued);
    let mut rest = marks[issued.expect("somebody asked")..].iter();
    for (step, caption) in STEPS {
        assert!(rest.any(|&(_, found, _)| found == step), "not in its place: {caption}");
    }
}

#[test]
fn every_kind_of_page_is_served() {
    all_pages_are_served(&run());
}

#[test]
fn one_thread_that_waits_with_epoll_serves_the_same() {
    let text = BUILTIN.iter().find(|world| world.name == "three-tier").expect("the world").text;
    let changed = text.replace("mode=prefork children=4", "mode=epoll");
    assert_ne!(changed, text);
    let world = played(&WorldFile::parse("epoll", &changed).expect("a world"));
    all_pages_are_served(&world);
    let web =
        world.machines().iter().find(|machine| machine.snapshot().name == "web").expect("web");
    let servers = web.snapshot().tasks.iter().filter(|task| task.line.name == "httpd").count();
    assert_eq!(servers, 1);
}

fn all_pages_are_served(world: &World) {
    let client = world.machines().first().expect("the client");
    let text = shown(client).replace('\r', "");
    let status = |target: &str| {
        let head = format!("http://www.shop.example{target}: ");
        let lines = text.lines().filter_map(|line| line.strip_prefix(&head));
        lines.map(|line| line[..3].to_owned()).collect::<Vec<_>>()
    };
    for target in ["/", "/big.txt", "/app/hello", "/app/order?id=7", "/app/report"] {
        assert_eq!(status(target), ["200"], "{target}: {text}");
    }
    for target in ["/app/product?id=7", "/app/list"] {
        assert_eq!(status(target), ["200", "200"], "{target}: {text}");
    }
    assert_eq!(status("/nothing"), ["404"], "{text}");
    assert!(text.contains("category 1") && text.contains("Everything must go."), "{text}");
    assert!(!text.contains("Malformed") && text.contains("  /style.css: 200"), "{text}");
}
