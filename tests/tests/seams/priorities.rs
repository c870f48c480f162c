//! Priorities, classes, affinity, and locks that lend urgency; and the worlds that show them.

use oscope_kernel::abi::flags::FutexOp;
use oscope_kernel::abi::flags::process::sched;
use oscope_kernel::abi::{Errno, Signal, nr};
use oscope_kernel::base::{CpuId, Duration, MachineId, Time};
use oscope_kernel::event::codec::json_lines;
use oscope_kernel::event::{Event, SchedEvent, TaskEvent};
use oscope_kernel::machine::{Machine, Start};
use oscope_kernel::sched::{CpuSet, POLICIES, Params};
use oscope_tests::{boot, config, exits, ms, run, run_for, shown};
use oscope_userland::scenario::{BUILTIN, open};
use oscope_userland::sys::{RustImage, Sys};

/// Says something on the console.
async fn say(sys: &Sys, text: String) {
    let _ = sys.write(1, text.as_bytes()).await;
}

#[test]
fn nice_and_classes_are_asked_for_and_told_as_on_linux() {
    let main = RustImage::new("main", |sys: Sys| async move {
        say(&sys, format!("{:?} ", sys.getpriority(0).await)).await;
        let set = sys.setpriority(0, 7).await;
        say(&sys, format!("{set:?} {:?} ", sys.getpriority(0).await)).await;
        let _ = sys.setpriority(0, 100).await;
        say(&sys, format!("{:?} ", sys.getpriority(0).await)).await;
        say(&sys, format!("{:?} ", sys.getpriority(4321).await)).await;
        let wrong = sys.sched_setscheduler(0, sched::FIFO, 0).await;
        let also = sys.sched_setscheduler(0, sched::OTHER, 1).await;
        say(&sys, format!("{wrong:?} {also:?} ")).await;
        let right = sys.sched_setscheduler(0, sched::RR, 99).await;
        let gone = sys.sched_setscheduler(999, sched::RR, 1).await;
        say(&sys, format!("{right:?} {gone:?} ")).await;
        let none = sys.sched_setaffinity(0, 0b1100).await;
        let one = sys.sched_setaffinity(0, 0b1110).await;
        say(&sys, format!("{none:?} {one:?} {:?}", sys.sched_getaffinity(0).await)).await;
        0
    });
    let mut two = config(vec![main]);
    two.cpus = 2;
    let mut machine = boot(two);
    run_for(&mut machine, Duration::seconds(1));
    let (einval, esrch) = (Errno::EINVAL, Errno::ESRCH);
    let expected = format!(
        "Ok(0) Ok(0) Ok(7) Ok(19) Err({esrch:?}) Err({einval:?}) Err({einval:?}) Ok(0) \
         Err({esrch:?}) Err({einval:?}) Ok(0) Ok(2)"
    );
    assert_eq!(shown(&machine), expected);
}

/// When each thread ended, by number.
fn ends(machine: &Machine) -> Vec<(u32, Time)> {
    let mut ends: Vec<(u32, Time)> = machine.ended().map(|ended| (ended.tid.0, ended.at)).collect();
    ends.sort();
    ends
}

/// The world `priority-inversion`: thread 2 is the least urgent and has the lock, 3 wants only the CPU, and
/// 4, the most urgent, wants the lock.
#[test]
fn a_lock_that_lends_ends_the_inversion_and_a_plain_one_does_not() {
    let mut world = open("priority-inversion").expect("a world").boot().expect("it boots");
    world.run(ms(60));
    let of = |machine: u16| {
        let machine = &world.machines()[usize::from(machine)];
        let ends = ends(machine);
        let end = |tid| ends.iter().find(|(t, _)| *t == tid).map(|(_, at)| *at).expect("it ended");
        let lent = machine.log().since(0).filter(|(_, record)| {
            matches!(record.event, Event::Sched(SchedEvent::Priority { inherited: true, .. }))
        });
        (end(3), end(4), lent.count())
    };
    let (middle, high, lent) = of(0);
    assert!(middle < high && lent == 0, "plain: the most urgent is done at {high}, after {middle}");
    let (middle, high, lent) = of(1);
    assert!(high < middle && lent == 1, "lent: the most urgent is done at {high}, before {middle}");
    assert!(high < ms(20), "and soon: {high}");
}

#[test]
fn whoever_waits_for_a_lock_whose_owner_died_gets_it_and_can_see_why() {
    const WORD: u64 = 0x1_4000;
    let main = RustImage::new("main", |sys: Sys| async move {
        let (_, done) = sys.spawn(0, 0).await.expect("a thread");
        let _ = sys.sleep(Duration::millis(1)).await;
        let locked = sys.lock_pi(WORD).await;
        let mine = sys.load32(WORD).await;
        say(&sys, format!("{locked:?} {:#x} ", mine & !0x3fff_ffff)).await;
        let again = sys.lock_pi(WORD).await;
        sys.join(done).await;
        say(&sys, format!("{again:?} {:?}", sys.unlock_pi(WORD + 8).await)).await;
        0
    })
    .function(|sys: Sys, _| async move {
        let _ = sys.lock_pi(WORD).await;
        let _ = sys.sleep(Duration::millis(5)).await;
        0 // and ends without unlocking
    });
    let machine = run(vec![main]);
    let (deadlock, not_mine) = (Errno::EDEADLK, Errno::EPERM);
    assert_eq!(shown(&machine), format!("Ok(()) 0x40000000 Err({deadlock:?}) Err({not_mine:?})"));
}

#[test]
fn who_is_bound_to_a_cpu_runs_there_only() {
    let mut config = config(vec![]);
    config.cpus = 4;
    for n in 0..6u16 {
        let mut start = Start::new("hog", &["5"]);
        start.cpus = CpuSet::NONE.with(CpuId(1 + n % 2));
        config.programs.push(start);
    }
    let mut machine = boot(config);
    run_for(&mut machine, Duration::millis(100));
    assert_eq!(exits(&machine).len(), 6);
    for (_, record) in machine.log().since(0) {
        if let Event::Sched(SchedEvent::Switch { to, .. }) = record.event
            && to.0 > 0
        {
            assert!([1, 2].contains(&record.stamp.cpu.0), "{record:?}");
        }
    }
}

#[test]
fn every_world_runs_under_every_policy_always_the_same_way() {
    for builtin in BUILTIN {
        for policy in POLICIES {
            let mut logs = Vec::new();
            for _ in 0..2 {
                let mut world = open(builtin.name).expect("a world").boot().expect("it boots");
                for machine in 0..world.machines().len() {
                    let machine = world.machine_mut(MachineId(machine as u16)).expect("a machine");
                    machine.switch_policy(policy).expect("a policy");
                }
                world.run(ms(40));
                let text = world.logs().into_iter().map(json_lines).collect::<String>();
                logs.push(text);
            }
            assert!(logs[0] == logs[1], "{} under {policy}", builtin.name);
        }
    }
}

/// While a machine runs, its policy changes every few milliseconds: nobody is lost.
#[test]
fn nobody_is_lost_when_the_policy_changes_again_and_again() {
    let mut config = config(vec![]);
    config.cpus = 2;
    for n in 0..10 {
        let mut start = Start::new("job", &["20000000", "3000000", "2000000"]);
        start.params = Params::with_nice(n - 5);
        config.programs.push(start);
    }
    let mut machine = boot(config);
    for round in 0..200 {
        machine.switch_policy(POLICIES[round % POLICIES.len()]).expect("a policy");
        run_for(&mut machine, Duration::millis(3));
    }
    let exit = |record: &oscope_kernel::event::Record| {
        matches!(record.event, Event::Task(TaskEvent::Exit { status: 0 }))
    };
    assert_eq!(oscope_tests::events(&machine, exit).count(), 10);
}

#[test]
fn a_program_may_start_later_than_at_boot() {
    let mut config = config(vec![]);
    for at in [7, 3, 3] {
        let mut start = Start::new("hog", &["1"]);
        start.time = ms(at);
        config.programs.push(start);
    }
    let mut machine = boot(config);
    run_for(&mut machine, Duration::millis(30));
    let births: Vec<Time> = machine
        .log()
        .since(0)
        .filter(|(_, record)| matches!(record.event, Event::Task(TaskEvent::Start { .. })))
        .map(|(_, record)| record.stamp.time)
        .collect();
    assert_eq!(births, [ms(3), ms(3), ms(7)]);
}

/// A thread that computes on another CPU is hit when it is hit, not when its computation is done.
#[test]
fn a_signal_reaches_a_thread_that_computes_on_another_cpu_at_once() {
    let main = RustImage::new("main", |sys: Sys| async move {
        let child = sys.fork().await.expect("a child");
        if child == 0 {
            sys.compute(Duration::millis(50)).await;
            return 7;
        }
        sys.compute(Duration::millis(3)).await;
        let _ = sys.kill(child, Signal::KILL).await;
        sys.compute(Duration::millis(5)).await;
        let gone = sys.call(nr::WAIT4, [child, 0, 1, 0, 0, 0]).await;
        say(&sys, format!("{}", gone == Ok(child))).await;
        0
    });
    let mut config = config(vec![main]);
    config.cpus = 2;
    let mut machine = boot(config);
    run_for(&mut machine, Duration::seconds(1));
    assert_eq!(shown(&machine), "true");
    assert_eq!(exits(&machine), [9, 0]);
    let death = machine.ended().next().expect("one").at;
    assert!(death < ms(4), "killed at 3 ms, dead at {death}");
}

#[test]
fn a_lock_is_not_lost_between_a_timeout_and_its_owner_who_unlocks() {
    const WORD: u64 = 0x1_4000;
    const TIMEOUT: u64 = 0x1_4100;
    let main = RustImage::new("main", |sys: Sys| async move {
        let _ = sys.lock_pi(WORD).await;
        let (_, done) = sys.spawn(0, 0).await.expect("a thread");
        let _ = sys.sleep(Duration::millis(1)).await;
        // Beyond the waiter's 5 ms, within one slice: it is awake, and has not run.
        sys.compute(Duration::micros(4_600)).await;
        let _ = sys.unlock_pi(WORD).await;
        sys.join(done).await;
        say(&sys, format!(" {:?}", sys.lock_pi(WORD).await)).await;
        0
    })
    .function(|sys: Sys, _| async move {
        sys.store(TIMEOUT, 0).await;
        sys.store(TIMEOUT + 8, 5_000_000).await;
        let operation = u64::from(FutexOp::LOCK_PI2);
        let got = sys.call(nr::FUTEX, [WORD, operation, 0, TIMEOUT, 0, 0]).await;
        say(&sys, format!("{got:?}")).await;
        if got.is_ok() {
            let _ = sys.unlock_pi(WORD).await;
        }
        0
    });
    let shown = shown(&run(vec![main]));
    assert!(shown.ends_with(" Ok(())"), "nobody can lock it any more: {shown}");
}
