//! Worlds whose answers are known.

use super::{Answer, Bond, Kind, Problem, Question, Scene, Stage, explain};
use crate::lang::Lang;
use crate::trace::{Tags, Trace};
use oscope_kernel::base::{Duration, Time};
use oscope_kernel::event::{BlockEvent, Event, NetEvent, Record};
use oscope_kernel::world::World;
use oscope_userland::scenario::WorldFile;

fn run(world: &str, until: Time) -> World {
    let file = oscope_userland::scenario::open(world).expect("a built-in world");
    let mut world = file.boot().expect("it boots");
    world.run(until);
    world
}

fn ask(world: &World, time: Time, kind: Kind, text: &str, lang: Lang) -> Result<Answer, Problem> {
    let names: Vec<&str> = world.machines().iter().map(|m| m.config().name.as_str()).collect();
    let traces: Vec<Trace> = world.machines().iter().map(|m| Trace::of(m, Tags::Numbers)).collect();
    let known = world.time() + Duration::nanos(1);
    let stages = names.iter().zip(&traces).map(|(name, trace)| Stage { name, trace, known });
    let scene = Scene { stages: stages.collect() };
    explain(&scene, &Question::read(kind, text, &names)?, time, lang)
}

fn answer(world: &World, time: Time, kind: Kind, text: &str) -> Answer {
    ask(world, time, kind, text, Lang::En).expect("an answer")
}

fn ms(time: u64) -> Time {
    Time(time * 1_000_000)
}

/// Whether a link of that bond says all of these.
fn says(answer: &Answer, bond: Bond, words: &[&str]) -> bool {
    let fits = |text: &str| words.iter().all(|word| text.contains(word));
    answer.links.iter().any(|link| link.bond == bond && fits(&link.text))
}

/// Every link is an event of the log.
fn holds_together(world: &World, answer: &Answer) {
    for link in &answer.links {
        let log = world.logs().into_iter().find(|log| log.machine() == link.event.machine());
        let record = log.and_then(|log| log.get(link.event.sequence())).expect("in the log");
        assert_eq!(record.stamp.time, link.time, "{link:?}");
        assert!(!link.text.is_empty());
    }
    assert!(answer.links.iter().filter(|l| l.bond == Bond::Now).count() <= 2, "{answer:?}");
}

fn find(world: &World, machine: usize, test: impl Fn(&Record) -> bool) -> (u64, Time) {
    let log = world.logs()[machine];
    let found = log.since(0).find(|(_, record)| test(record)).expect("such an event");
    (found.0, found.1.stamp.time)
}

#[test]
fn the_urgent_thread_waits_for_a_lock_whose_owner_has_no_cpu() {
    // Thread 4 is the most urgent and waits for thread 2, the least urgent; thread 3 has the CPU.
    let world = run("priority-inversion", ms(60));
    let answer = answer(&world, ms(20), Kind::Thread, "plain:4");
    holds_together(&world, &answer);
    assert!(answer.text.contains("4 (inversion)") && answer.text.contains("futex"), "{answer:?}");
    assert!(says(&answer, Bond::In, &["futex"]), "{answer:?}");
    assert!(says(&answer, Bond::Meanwhile, &["2 (inversion)", "ready", "CPU 0"]), "{answer:?}");
    assert!(says(&answer, Bond::Meanwhile, &["CPU 0 is with 3 (inversion)"]), "{answer:?}");
    assert!(says(&answer, Bond::Until, &["4 (inversion) is ready"]), "{answer:?}");
}

#[test]
fn a_lock_that_lends_priority_names_its_owner() {
    let world = run("priority-inversion", ms(60));
    let answer = answer(&world, ms(5), Kind::Thread, "inherit:4");
    holds_together(&world, &answer);
    assert!(says(&answer, Bond::Because, &["2 (inversion) has the lock"]), "{answer:?}");
    assert!(says(&answer, Bond::Meanwhile, &["2 (inversion) runs"]), "{answer:?}");
}

#[test]
fn a_thread_that_waits_for_the_disk_names_its_block_and_what_ends_it() {
    let world = run("io-mix", ms(300));
    let is_read = |record: &Record| {
        matches!(record.event, Event::Block(BlockEvent::Submit { write: false, .. }))
    };
    let (number, time) = find(&world, 0, is_read);
    let tid = world.logs()[0].get(number).expect("found").stamp.thread.0;
    let at = time + Duration::micros(500);
    let asked = answer(&world, at, Kind::Thread, &format!("box:{tid}"));
    holds_together(&world, &asked);
    assert!(asked.text.contains("asleep") && asked.text.contains("disk"), "{asked:?}");
    assert!(says(&asked, Bond::Because, &["asked the disk to read block 2"]), "{asked:?}");
    assert!(says(&asked, Bond::Until, &["is ready"]), "{asked:?}");
    let request = answer(&world, at, Kind::Disk, "box:2");
    assert!(request.text.contains("block 2 has been under way for 500 us"), "{request:?}");
    let after = answer(&world, ms(300), Kind::Disk, "2");
    assert!(after.text.contains("block 2 took 3"), "{after:?}");
}

#[test]
fn a_thread_in_a_queue_names_who_has_the_cpu() {
    let file = WorldFile::parse(
        "two",
        "edition = \"2026\"\n[machines.box]\ncpus = 1\nscheduler = { policy = \"fifo\" }\nprograms = \
         [{ command = [\"hog\", \"40\"] }, { command = [\"hog\", \"40\"], at = \"1ms\" }]\n",
    );
    let mut world = file.expect("a world").boot().expect("it boots");
    world.run(ms(30));
    let tasks = world.machines()[0].snapshot().tasks;
    let hogs: Vec<_> = tasks.iter().filter(|task| task.line.name == "hog").collect();
    let [first, second] = hogs[..] else { panic!("two hogs: {tasks:?}") };
    let (first, second) = (first.line.tid.0, second.line.tid.0);
    let waits = answer(&world, ms(10), Kind::Thread, &second.to_string());
    holds_together(&world, &waits);
    assert!(waits.text.contains("is ready and has waited for CPU 0"), "{waits:?}");
    let holder = format!("CPU 0 is with {first} (hog)");
    assert!(says(&waits, Bond::Meanwhile, &[&holder]), "{waits:?}");
    let runs = answer(&world, ms(10), Kind::Thread, &first.to_string());
    assert!(runs.text.contains("runs"), "{runs:?}");
    assert!(runs.links.iter().all(|link| link.time <= ms(10)), "{runs:?}");
}

#[test]
fn a_packet_leads_back_to_the_key_on_the_other_machine() {
    let world = run("wire", ms(20));
    let (number, _) = find(&world, 1, |r| matches!(r.event, Event::Net(NetEvent::Receive { .. })));
    let answer = answer(&world, ms(20), Kind::Packet, &format!("right:{number}"));
    holds_together(&world, &answer);
    let chain: Vec<&str> = answer.links.iter().map(|link| link.text.as_str()).collect();
    assert!(chain[0].starts_with("right: a frame of"), "{chain:?}");
    assert!(chain[1].starts_with("left: ") && chain[1].contains("sent a frame"), "{chain:?}");
    assert!(chain.last().is_some_and(|last| last.contains("somebody typed 6 bytes")), "{chain:?}");
    let request = ask(&world, ms(20), Kind::Request, "1", Lang::En).expect("request 1");
    assert!(request.links.iter().any(|link| link.text.contains("sent a frame")), "{request:?}");
}

#[test]
fn korean_says_the_same_chain() {
    let world = run("wire", ms(20));
    let en = ask(&world, ms(20), Kind::Packet, "right", Lang::En).expect("an answer");
    let ko = ask(&world, ms(20), Kind::Packet, "right", Lang::Ko).expect("an answer");
    let events = |answer: &Answer| answer.links.iter().map(|l| l.event).collect::<Vec<_>>();
    assert_eq!(events(&en), events(&ko));
    let is_hangul = |c: char| ('가'..='힣').contains(&c);
    assert!(ko.links.iter().all(|link| link.text.contains(is_hangul)), "{ko:?}");
}

#[test]
fn what_does_not_exist_is_said_with_what_does() {
    let world = run("wire", ms(20));
    let problem =
        |kind, text| ask(&world, ms(20), kind, text, Lang::En).expect_err("no answer").to_string();
    assert!(problem(Kind::Thread, "7").contains("left, right"));
    assert!(problem(Kind::Thread, "left:7").contains("1 (typist)"));
    assert!(problem(Kind::Page, "left:zz").contains("0x4000"));
    assert!(problem(Kind::Request, "0").contains("number"));
    assert!(problem(Kind::Request, "999").contains("nothing of the kind"));
    assert!(problem(Kind::Disk, "left:3").contains("nothing of the kind"));
    assert!(problem(Kind::Packet, "left:1").contains("nothing of the kind"), "a boot is no packet");
}

#[test]
fn any_question_about_any_world_has_an_answer_and_no_panic() {
    for builtin in oscope_userland::scenario::BUILTIN {
        let world = run(builtin.name, ms(30));
        for machine in world.machines() {
            let name = &machine.config().name;
            for task in machine.snapshot().tasks.iter().take(12) {
                for time in [ms(0), ms(1), ms(10), ms(30)] {
                    for kind in [Kind::Thread, Kind::Call] {
                        let text = format!("{name}:{}", task.line.tid.0);
                        if let Ok(answer) = ask(&world, time, kind, &text, Lang::En) {
                            holds_together(&world, &answer);
                            assert!(!answer.text.is_empty(), "{text} at {time}");
                        }
                    }
                }
            }
        }
    }
}
