//! Programs that fork, are replaced, race, and break their contract.

use oscope_kernel::abi::program::Abort;
use oscope_kernel::abi::signal::{SIG_DFL, SIG_IGN, Signal, SignalSet};
use oscope_kernel::base::{Duration, Schedule};
use oscope_kernel::event::{Event, MachineEvent, TaskEvent};
use oscope_kernel::hw::CostModel;
use oscope_kernel::machine::{Config, Explored, Machine, Start, Until, Why, explore};
use oscope_tests::{boot, config, disk, events, exits, log, run, run_for, shown};
use oscope_userland::sys::{RustImage, Sys};

async fn say(sys: &Sys, text: String) {
    let _ = sys.write(1, text.as_bytes()).await;
}

#[test]
fn t06_a_program_forks_in_the_middle_of_a_nested_await() {
    async fn innermost(sys: &Sys, carried: u64) -> (u64, u64) {
        let before = sys.getpid().await + carried;
        let child = sys.fork().await.expect("a child");
        (before, child)
    }
    async fn middle(sys: &Sys, list: &mut Vec<u64>) -> u64 {
        list.push(7);
        let (before, child) = innermost(sys, 1000).await;
        list.push(before);
        child
    }
    let main = RustImage::new("main", |sys: Sys| async move {
        let mut list = vec![1, 2];
        let child = middle(&sys, &mut list).await;
        // Both go on from here, each with its own copy of the list and another value.
        list.push(child);
        if child == 0 {
            say(&sys, format!("child {} {list:?}; ", sys.getpid().await)).await;
            return 3;
        }
        let waited = sys.wait(-1).await;
        say(&sys, format!("parent {} {list:?} {waited:?}", sys.getpid().await)).await;
        0
    });
    let machine = run(vec![main]);
    assert_eq!(
        shown(&machine),
        "child 2 [1, 2, 7, 1001, 0]; parent 1 [1, 2, 7, 1001, 2] Ok((2, 768))"
    );
}

#[test]
fn t06_memory_is_copied_when_written_and_not_before() {
    let main = RustImage::new("main", |sys: Sys| async move {
        let at = sys.mmap(4 * 4096).await.expect("memory");
        for page in 0..4 {
            sys.store(at + page * 4096, 10 + page).await;
        }
        if sys.fork().await == Ok(0) {
            sys.store(at, 99).await;
            say(&sys, format!("child {} {}; ", sys.load(at).await, sys.load(at + 4096).await))
                .await;
            return 0;
        }
        let _ = sys.wait(-1).await;
        say(&sys, format!("parent {} {}", sys.load(at).await, sys.load(at + 4096).await)).await;
        0
    });
    let machine = run(vec![main]);
    assert_eq!(shown(&machine), "child 99 11; parent 10 11");
}

#[test]
fn t06_clone_tells_parent_and_child_the_childs_number() {
    use oscope_kernel::abi::flags::CloneFlags;
    let main = RustImage::new("main", |sys: Sys| async move {
        let at = sys.mmap(4096).await.expect("memory");
        let flags = CloneFlags::PARENT_SETTID | CloneFlags::CHILD_SETTID;
        let flags = flags.bits() | u64::from(Signal::CHLD.number());
        let arguments = [flags, 0, at, 0, at + 8, 0];
        let child = sys.call(oscope_kernel::abi::nr::CLONE, arguments).await.expect("a child");
        let words = (sys.load32(at).await, sys.load32(at + 8).await);
        if child == 0 {
            say(&sys, format!("child {words:?}; ")).await;
            return 0;
        }
        let _ = sys.wait(-1).await;
        say(&sys, format!("parent {words:?}")).await;
        0
    });
    assert_eq!(shown(&run(vec![main])), "child (0, 2); parent (2, 0)");
}

#[test]
fn t07_execve_replaces_the_program_and_keeps_what_posix_says() {
    let first = RustImage::new("first", |sys: Sys| async move {
        let file = sys.open("/data", 0, 0).await.expect("a file");
        let closing = sys.open("/data", 0o2_000_000, 0).await.expect("a file to be closed");
        sys.read(file, 3).await.expect("three bytes");
        sys.sigaction(Signal::USR1, sys.handler(0), 0).await.expect("a handler");
        sys.sigaction(Signal::USR2, SIG_IGN, 0).await.expect("ignored");
        let mut mask = SignalSet::EMPTY;
        mask.insert(Signal::HUP);
        sys.sigprocmask(2, mask).await.expect("a mask");
        sys.store(0x1_4000, 4711).await;
        let text = format!("{file} {closing} {}", sys.getpid().await);
        let missing = sys.execve("/bin/nothing", &["nothing"]).await;
        let refused = sys.execve("/data", &["data"]).await;
        say(&sys, format!("{missing} / {refused} / ")).await;
        sys.execve("/bin/second", &["second", &text]).await;
        99
    })
    .function(|_, _| async { 0 });
    let second = RustImage::new("second", |sys: Sys| async move {
        let arguments = sys.arguments().await;
        let old: Vec<u64> =
            arguments[1].split(' ').map(|word| word.parse().expect("a number")).collect();
        let rest = sys.read(old[0], 8).await.expect("the file is still open");
        let closed = sys.read(old[1], 8).await;
        let handler = sys.action(Signal::USR1).await.expect("an action").handler;
        let ignored = sys.action(Signal::USR2).await.expect("an action").handler;
        let mask = sys.sigprocmask(0, SignalSet::EMPTY).await.expect("the mask");
        let data = sys.load(0x1_4000).await;
        let same = sys.getpid().await == old[2];
        say(
            &sys,
            format!(
                "{} {closed:?} pid {same} handler {} ignored {} mask {mask} data {data}",
                String::from_utf8_lossy(&rest),
                handler == SIG_DFL,
                ignored == SIG_IGN,
            ),
        )
        .await;
        5
    });
    let mut config = config(vec![first, second]);
    config.disk = Some(disk(&[("/data", b"abcdefgh")], &["second"]));
    let mut machine = boot(config);
    run_for(&mut machine, Duration::seconds(1));
    assert_eq!(
        shown(&machine),
        "ENOENT (No such file or directory) / ENOEXEC (Exec format error) / \
         defgh Err(EBADF) pid true handler true ignored true mask [HUP] data 0"
    );
    assert_eq!(exits(&machine), [5 << 8]);
}

/// Two threads add to a counter, each `times` times, by loading, adding and storing.
fn counter(times: &str) -> Config {
    let mut config = config(vec![]);
    config.cpus = 2;
    config.interleave = Duration::ZERO;
    config.programs = vec![Start::new("counter", &["2", times])];
    config
}

#[test]
fn t08_two_threads_on_two_cpus_lose_updates_always_the_same_way() {
    let go = || {
        let mut machine = boot(counter("20000"));
        run_for(&mut machine, Duration::seconds(1));
        (shown(&machine), exits(&machine), log(&machine))
    };
    let (total, ends, first) = go();
    let total: u64 = total.split(' ').next().and_then(|n| n.parse().ok()).expect("a number");
    assert!((20_000..40_000).contains(&total), "updates were lost: {total} of 40000");
    assert_eq!(ends.last(), Some(&(1 << 8)), "and the program knows");
    assert_eq!(go().2, first, "always the same ones");
}

/// Two threads that each add once, on one CPU, where nothing is lost unless somebody is preempted between
/// the load and the store.
fn small() -> Config {
    let mut config = counter("1");
    config.cpus = 1;
    config.costs = CostModel::zero();
    config
}

/// Whether the program found its sum to be right.
fn sum_is_right(machine: &mut Machine) -> bool {
    run_for(machine, Duration::seconds(1));
    exits(machine).last() == Some(&0)
}

#[test]
fn t14_an_explorer_finds_the_schedule_that_loses_an_update() {
    assert!(sum_is_right(&mut boot(small())), "of its own accord nothing is lost");
    let found = explore(&small(), 20_000, sum_is_right).expect("it boots");
    let Explored::Fails(schedule, runs) = found else { panic!("{found:?}") };
    // It is a text that anybody can replay.
    let text = schedule.to_string();
    println!("an update is lost with schedule {text}, found after {runs} runs");
    assert_eq!(schedule.0.len(), 1, "one preemption is enough: {text}");
    let schedule: Schedule = text.parse().expect("a schedule");
    let replay = || boot(Config { schedule: schedule.clone(), explore: true, ..small() });
    let (mut first, mut second) = (replay(), replay());
    assert!(!sum_is_right(&mut first) && !sum_is_right(&mut second));
    assert!(shown(&first).starts_with("1 of 2"), "{}", shown(&first));
    assert_eq!(log(&first), log(&second));
}

#[test]
fn t14_an_atomic_add_survives_every_schedule() {
    const WORD: u64 = 0x1_4000;
    let main = RustImage::new("main", |sys: Sys| async move {
        let Ok((_, done)) = sys.spawn(0, 0).await else { return 2 };
        sys.fetch_add(WORD, 1).await;
        sys.join(done).await;
        u64::from(sys.load(WORD).await != 2)
    })
    .function(|sys: Sys, _| async move {
        sys.fetch_add(WORD, 1).await;
        0
    });
    let mut config = config(vec![main]);
    config.costs = CostModel::zero();
    // All schedules with one deviation and many with two: thousands, and none of them fails.
    let explored = explore(&config, 3_000, sum_is_right).expect("it boots");
    assert!(!matches!(explored, Explored::Fails(..)), "{explored:?}");
}

#[test]
fn t15_a_program_that_panics_ends_and_nobody_else() {
    let main = RustImage::new("main", |sys: Sys| async move {
        if sys.fork().await == Ok(0) {
            let list: Vec<u64> = Vec::new();
            let at = sys.getpid().await as usize;
            return list[at];
        }
        let ended = sys.wait(-1).await;
        say(&sys, format!("{ended:?}")).await;
        0
    });
    let machine = run(vec![main]);
    assert_eq!(shown(&machine), "Ok((2, 134))", "SIGABRT, with a core");
    let abort =
        |event: &Event| matches!(event, Event::Task(TaskEvent::Abort { why: Abort::Panic }));
    assert_eq!(events(&machine, |record| abort(&record.event)).count(), 1);
}

#[test]
fn t15_trapping_for_ever_at_one_instant_stops_the_run_with_a_message() {
    let spinner = RustImage::new("spinner", |sys: Sys| async move {
        async fn spin(sys: Sys, (): ()) -> u64 {
            for _ in 0..1000 {
                sys.getpid().await;
            }
            sys.rebase((), spin).await
        }
        spin(sys, ()).await
    });
    let mut config = config(vec![spinner]);
    config.costs = CostModel::zero();
    let mut machine = boot(config);
    let why = run_for(&mut machine, Duration::seconds(1));
    assert!(matches!(why, Why::NoProgress(..)), "{why:?}");
    let said = |event: &Event| matches!(event, Event::Machine(MachineEvent::NoProgress));
    assert_eq!(events(&machine, |record| said(&record.event)).count(), 1);
    assert_eq!(run_for(&mut machine, Duration::seconds(1)), why, "and it stays so");
}

#[test]
fn t15_a_journal_that_overflows_ends_its_process() {
    let hoarder = RustImage::new("hoarder", |sys: Sys| async move {
        loop {
            sys.now().await;
        }
    });
    let mut config = config(vec![hoarder]);
    config.journal_limit = 10_000;
    let mut machine = boot(config);
    run_for(&mut machine, Duration::seconds(1));
    assert_eq!(exits(&machine), [134]);
    let full =
        |event: &Event| matches!(event, Event::Task(TaskEvent::Abort { why: Abort::JournalFull }));
    assert_eq!(events(&machine, |record| full(&record.event)).count(), 1);
}

#[test]
fn t15_a_program_that_is_no_function_of_its_answers_is_found_out() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    // It asks something else each time it is run: what a program must not do.
    let secret = Arc::new(AtomicU64::new(0));
    let main = RustImage::new("main", move |sys: Sys| {
        let secret = Arc::clone(&secret);
        async move {
            let n = secret.fetch_add(1, Ordering::Relaxed);
            sys.load(0x1_4000 + n * 8).await;
            match sys.fork().await {
                Ok(0) => 0,
                _ => sys.wait(-1).await.map_or(1, |(_, status)| u64::from(status & 0x7f)),
            }
        }
    });
    let machine = run(vec![main]);
    let found = |event: &Event| {
        matches!(event, Event::Task(TaskEvent::Abort { why: Abort::NotDeterministic }))
    };
    assert_eq!(events(&machine, |record| found(&record.event)).count(), 1);
}

#[test]
fn a_server_that_rebases_has_a_short_journal() {
    // A limit that a server would reach in no time, and ten thousand requests.
    let mut config = config(vec![RustImage::new("server", |sys: Sys| async move {
        async fn serve(sys: Sys, served: u64) -> u64 {
            sys.compute(Duration::micros(1)).await;
            sys.getpid().await;
            if served == 10_000 { 7 } else { sys.rebase(served + 1, serve).await }
        }
        serve(sys, 0).await
    })]);
    config.journal_limit = 16;
    let mut machine = boot(config);
    let why = machine.run(Until { idle: true, ..Until::time(oscope_kernel::base::Time::MAX) });
    assert!(matches!(why, Why::Idle(_)), "{why:?}");
    assert_eq!(exits(&machine), [7 << 8]);
}

/// A machine is small to those who use it.
#[test]
fn a_machine_that_was_never_run_has_only_booted() {
    let machine = Machine::boot(config(vec![])).expect("it boots");
    assert_eq!(machine.log().end(), 1);
}

#[test]
fn t06_a_child_forked_in_a_handler_returns_from_it_too() {
    let main = RustImage::new("main", |sys: Sys| async move {
        sys.sigaction(Signal::USR1, sys.handler(0), 0).await.expect("an action");
        let me = sys.getpid().await;
        let sent = sys.kill(me, Signal::USR1).await;
        let blocked = sys.sigprocmask(0, SignalSet::EMPTY).await.expect("the mask");
        let pid = sys.getpid().await;
        if pid == me {
            let _ = sys.wait(-1).await;
        }
        say(&sys, format!("{pid} {sent:?} {blocked}; ")).await;
        0
    })
    .function(|sys: Sys, _| async move {
        let _ = sys.fork().await;
        0
    });
    assert_eq!(shown(&run(vec![main])), "2 Ok(0) []; 1 Ok(0) []; ");
}

#[test]
fn t06_a_thread_that_ends_after_a_fork_is_still_joined() {
    let main = RustImage::new("main", |sys: Sys| async move {
        let (_, done) = sys.spawn(0, 0).await.expect("a thread");
        if sys.fork().await == Ok(0) {
            return 0;
        }
        sys.join(done).await;
        say(&sys, "joined".to_owned()).await;
        0
    })
    .function(|sys: Sys, _| async move {
        let _ = sys.sleep(Duration::millis(3)).await;
        0
    });
    assert_eq!(shown(&run(vec![main])), "joined");
}
