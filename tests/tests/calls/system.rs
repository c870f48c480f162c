//! Limits, usage, names, clocks, and what files say about themselves.

use super::{checked, said, say};
use oscope_kernel::abi::flags::WaitFlags;
use oscope_kernel::abi::flags::process::{clock, prctl, rlimit};
use oscope_kernel::abi::types::Rlimit;
use oscope_kernel::abi::{Errno, Signal, nr};
use oscope_kernel::base::{Duration, Time};
use oscope_userland::sys::{RustImage, Sys};

#[test]
fn names_belong_to_threads_and_the_first_one_names_the_process() {
    let image = RustImage::new("main", |sys: Sys| async move {
        let _ = sys.set_name("a name that is far too long").await;
        let _ = sys.spawn(0, 0).await;
        let names = sys.uname().await.expect("names");
        say(&sys, format!("{} {} {}", names.system, names.node, names.machine)).await;
        let _ = sys.sleep(Duration::seconds(9)).await;
        0
    })
    .function(|sys: Sys, _| async move {
        let _ = sys.set_name("worker").await;
        let _ = sys.sleep(Duration::seconds(9)).await;
        0
    });
    let machine = checked(image, 1);
    assert_eq!(oscope_tests::shown(&machine), "Linux box riscv64");
    let tasks = machine.snapshot().tasks;
    let names: Vec<&str> = tasks.iter().map(|task| task.line.name.as_str()).collect();
    assert_eq!(names, ["a name that is ", "worker"]);
}

#[test]
fn the_number_of_a_users_tasks_is_limited_but_not_roots() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let _ = sys.setrlimit(rlimit::NPROC, Rlimit { soft: 2, hard: 2 }).await;
        let Ok(child) = sys.fork().await else { return 1 };
        if child == 0 {
            let _ = sys.setuid(1000).await;
            let first = sys.fork().await;
            if first == Ok(0) {
                let _ = sys.pause().await;
            }
            say(&sys, format!("{} {:?}", first.is_ok(), sys.fork().await)).await;
            let more = Rlimit { soft: 3, hard: 3 };
            say(&sys, format!(" {:?}", sys.setrlimit(rlimit::NPROC, more).await)).await;
            return 0;
        }
        let _ = sys.wait(child as i64).await;
        0
    }));
    assert_eq!(text, "true Err(EAGAIN) Err(EPERM)");
}

#[test]
fn who_computes_too_long_is_warned_and_then_killed() {
    let image = RustImage::new("main", |sys: Sys| async move {
        let Ok(child) = sys.fork().await else { return 1 };
        if child == 0 {
            let _ = sys.setrlimit(rlimit::CPU, Rlimit { soft: 1, hard: 3 }).await;
            let _ = sys.sigaction(Signal::XCPU, sys.handler(0), 0).await;
            sys.compute(Duration::seconds(9)).await;
            return 0;
        }
        let end = sys.wait4(child as i64, WaitFlags::empty()).await.expect("an end");
        let end = end.expect("a child");
        // A part of the three seconds went to the kernel.
        let user = end.usage.user_time;
        let seconds = user.seconds + i64::from(user.microseconds >= 500_000);
        say(&sys, format!("{} {seconds} s", end.status)).await;
        0
    })
    .function(|sys: Sys, signal| async move {
        say(&sys, format!("<{signal}> ")).await;
        0
    });
    let mut machine = oscope_tests::boot(oscope_tests::config(vec![image]));
    oscope_tests::run_for(&mut machine, Duration::seconds(5));
    let text = oscope_tests::shown(&machine);
    assert_eq!(text, "<24> <24> WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL 3 s");
}

#[test]
fn cpu_time_is_counted_for_threads_processes_and_children() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        if sys.fork().await == Ok(0) {
            sys.compute(Duration::millis(7)).await;
            return 0;
        }
        let _ = sys.wait(-1).await;
        sys.compute(Duration::millis(5)).await;
        let own = sys.clock_gettime(u64::from(clock::PROCESS_CPUTIME_ID)).await.expect("a time");
        let children = sys.getrusage(u64::MAX).await.expect("a usage").user_time;
        let own = own.0 / 1_000_000;
        say(&sys, format!("{own} {}", children.microseconds / 1000)).await;
        let _ = sys.sleep_until(Time::ZERO + Duration::millis(50)).await;
        say(&sys, format!(" {}", sys.now().await.0 / 1_000_000)).await;
        0
    }));
    assert_eq!(text, "5 7 50");
}

#[test]
fn a_child_may_be_sent_a_signal_when_its_parent_ends() {
    let image = RustImage::new("main", |sys: Sys| async move {
        if sys.fork().await == Ok(0) {
            if sys.fork().await == Ok(0) {
                let _ = sys.sigaction(Signal::USR1, sys.handler(0), 0).await;
                let _ = sys.prctl(prctl::SET_PDEATHSIG, 10).await;
                let _ = sys.pause().await;
                return 0;
            }
            let _ = sys.sleep(Duration::millis(5)).await;
            return 0;
        }
        while sys.wait(-1).await.is_ok() {}
        let bad = [sys.prctl(prctl::SET_PDEATHSIG, 99).await, sys.prctl(12345, 0).await];
        say(&sys, format!("{bad:?}")).await;
        0
    })
    .function(|sys: Sys, signal| async move {
        say(&sys, format!("<{signal}> at {} ms ", sys.now().await.0 / 1_000_000)).await;
        0
    });
    assert_eq!(said(image), "<10> at 5 ms [Err(EINVAL), Err(EINVAL)]");
}

#[test]
fn random_numbers_are_the_same_in_every_run_and_never_twice_in_one() {
    let image = || {
        RustImage::new("main", |sys: Sys| async move {
            let place = sys.scratch();
            let mut told = Vec::new();
            for _ in 0..2 {
                let count = sys.call(nr::GETRANDOM, [place, 8, 0, 0, 0, 0]).await;
                assert_eq!(count, Ok(8));
                told.push(sys.load(place).await);
            }
            let bad = sys.call(nr::GETRANDOM, [place, 8, 99, 0, 0, 0]).await;
            assert_eq!(bad, Err(Errno::EINVAL));
            say(&sys, format!("{} {told:?}", told[0] != told[1])).await;
            0
        })
    };
    let text = said(image());
    assert!(text.starts_with("true ["), "{text}");
    assert_eq!(text, said(image()));
}

#[test]
fn descriptors_say_what_they_are() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let (reader, _) = sys.pipe().await.expect("a pipe");
        for fd in [0, reader] {
            say(&sys, format!("{} ", sys.fstat(fd).await.expect("a file"))).await;
        }
        let bad = sys.fstat(99).await;
        let old = sys.call(nr::UMASK, [0o77, 0, 0, 0, 0, 0]).await;
        let new = sys.call(nr::UMASK, [0o777, 0, 0, 0, 0, 0]).await;
        say(&sys, format!("{bad:?} {old:?} {new:?}")).await;
        0
    }));
    assert_eq!(
        text,
        "{st_mode=S_IFCHR|0600, st_rdev=makedev(0x5, 0x1), ...} {st_mode=S_IFIFO|0600, st_size=0, ...} \
         Err(EBADF) Ok(18) Ok(63)"
    );
}
