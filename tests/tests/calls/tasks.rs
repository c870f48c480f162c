//! Processes: making them, waiting for them, stopping them, giving them away.

use super::{said, say};
use oscope_kernel::abi::flags::{CloneFlags, WaitFlags};
use oscope_kernel::abi::signal::{ActionFlags, SIG_IGN};
use oscope_kernel::abi::{Errno, Signal};
use oscope_kernel::base::Duration;
use oscope_userland::sys::{RustImage, Sys, WaitTarget};

const DATA: u64 = 0x1_4000;

#[test]
fn stops_continues_and_ends_are_told_by_both_calls() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let Ok(child) = sys.fork().await else { return 1 };
        if child == 0 {
            let _ = sys.sleep(Duration::millis(50)).await;
            return 7;
        }
        let pid = child as i64;
        let none = sys.wait4(pid, WaitFlags::NOHANG | WaitFlags::STOPPED).await;
        say(&sys, format!("{none:?}; ")).await;
        let _ = sys.kill(child, Signal::STOP).await;
        let look = WaitFlags::STOPPED | WaitFlags::NOWAIT;
        let info = sys.waitid(WaitTarget::Pid(child), look).await.expect("a stop");
        say(&sys, format!("code {} status {}; ", info.code, info.status)).await;
        let stop = sys.wait4(pid, WaitFlags::STOPPED).await.expect("a stop").expect("a child");
        say(&sys, format!("{}; ", stop.status)).await;
        let _ = sys.kill(child, Signal::CONT).await;
        let on = sys.wait4(pid, WaitFlags::CONTINUED).await.expect("news").expect("a child");
        say(&sys, format!("{}; ", on.status)).await;
        let look = WaitFlags::EXITED | WaitFlags::NOWAIT;
        let info = sys.waitid(WaitTarget::Any, look).await.expect("an end");
        say(&sys, format!("code {} status {}; ", info.code, info.status)).await;
        let end = sys.wait4(-1, WaitFlags::empty()).await.expect("an end").expect("a child");
        say(&sys, format!("{} {}; ", end.status, end.pid == child)).await;
        say(&sys, format!("{:?}", sys.wait(-1).await)).await;
        0
    }));
    assert_eq!(
        text,
        "Ok(None); code 5 status 19; WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP; WIFCONTINUED(s); \
         code 1 status 7; WIFEXITED(s) && WEXITSTATUS(s) == 7 true; Err(ECHILD)"
    );
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let all = WaitFlags::all();
        let told = [
            sys.wait4(-1, WaitFlags::EXITED).await.map(|_| ()),
            sys.wait4(-1, WaitFlags::NOWAIT).await.map(|_| ()),
            sys.wait4(i64::from(i32::MIN), WaitFlags::empty()).await.map(|_| ()),
            sys.waitid(WaitTarget::Any, WaitFlags::NOHANG).await.map(|_| ()),
            sys.waitid(WaitTarget::Pid(0), WaitFlags::EXITED).await.map(|_| ()),
            sys.waitid(WaitTarget::Any, all).await.map(|_| ()),
        ];
        say(&sys, format!("{:?}", told.map(|told| told.expect_err("nothing to tell")))).await;
        0
    }));
    assert_eq!(text, "[EINVAL, EINVAL, ESRCH, EINVAL, EINVAL, ECHILD]");
}

#[test]
fn who_ignores_sigchld_has_no_zombies_but_can_wait_for_the_last() {
    for flags in [None, Some(ActionFlags::NOCLDWAIT)] {
        let text = said(
            RustImage::new("main", move |sys: Sys| async move {
                let _ = match flags {
                    None => sys.sigaction(Signal::CHLD, SIG_IGN, 0).await,
                    Some(flags) => sys.sigaction(Signal::CHLD, sys.handler(0), flags.bits()).await,
                };
                for length in [5, 10] {
                    if sys.fork().await == Ok(0) {
                        let _ = sys.sleep(Duration::millis(length)).await;
                        return 0;
                    }
                }
                let mut last = sys.wait(-1).await;
                while last == Err(Errno::EINTR) {
                    last = sys.wait(-1).await;
                }
                let at = sys.now().await.0 / 1_000_000;
                say(&sys, format!("{last:?} at {at} ms, {} told", sys.load(DATA).await)).await;
                0
            })
            .function(|sys: Sys, _| async move {
                sys.fetch_add(DATA, 1).await;
                0
            }),
        );
        // A handler is still called with SA_NOCLDWAIT.
        let told = if flags.is_some() { 2 } else { 0 };
        assert_eq!(text, format!("Err(ECHILD) at 10 ms, {told} told"));
    }
}

#[test]
fn orphans_go_to_the_nearest_subreaper_and_else_to_init() {
    use oscope_kernel::abi::flags::process::prctl::SET_CHILD_SUBREAPER;
    let text = said(RustImage::new("main", |sys: Sys| async move {
        for reaps in [false, true] {
            if sys.fork().await == Ok(0) {
                let middle = sys.getpid().await;
                if reaps {
                    let _ = sys.prctl(SET_CHILD_SUBREAPER, 1).await;
                }
                if sys.fork().await == Ok(0) {
                    if sys.fork().await == Ok(0) {
                        let _ = sys.sleep(Duration::millis(5)).await;
                        let parent = sys.getppid().await;
                        say(&sys, format!("{} ", if parent == middle { "middle" } else { "init" }))
                            .await;
                        return 4;
                    }
                    return 0;
                }
                let _ = sys.sleep(Duration::millis(20)).await;
                while let Ok((_, status)) = sys.wait(-1).await {
                    say(&sys, format!("{status:#x} ")).await;
                }
                return 0;
            }
            let _ = sys.sleep(Duration::millis(40)).await;
        }
        0
    }));
    assert_eq!(text, "init 0x0 middle 0x0 0x400 ");
}

#[test]
fn vfork_shares_memory_and_waits_for_the_child() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        match sys.vfork().await {
            Ok(0) => {
                let _ = sys.sleep(Duration::millis(8)).await;
                sys.store(DATA, 42).await;
                sys.exit(5).await
            }
            Ok(child) => {
                let at = sys.now().await.0 / 1_000_000;
                let seen = sys.load(DATA).await;
                let status = sys.wait(child as i64).await.map(|(_, status)| status);
                say(&sys, format!("{seen} at {at} ms, {status:?}")).await;
                0
            }
            Err(_) => 1,
        }
    }));
    assert_eq!(text, "42 at 8 ms, Ok(1280)");
}

#[test]
fn each_part_is_shared_or_copied_as_the_flags_say() {
    // The child closes descriptor 2, ignores SIGUSR1 and stores a word; what does the parent see?
    let all = CloneFlags::VM | CloneFlags::FILES | CloneFlags::SIGHAND;
    for flags in [CloneFlags::empty(), CloneFlags::FILES, CloneFlags::VM, all] {
        let text = said(
            RustImage::new("main", move |sys: Sys| async move {
                let child = Some(Signal::CHLD);
                let (pid, _) = sys.clone_function(flags, child, (0, 0)).await.expect("a child");
                let _ = sys.wait(pid as i64).await;
                let files = sys.dup(2).await.is_err();
                let memory = sys.load(DATA).await == 1;
                let handler = sys.action(Signal::USR1).await.expect("an action").handler;
                say(&sys, format!("{files} {memory} {}", handler == SIG_IGN)).await;
                0
            })
            .function(|sys: Sys, _| async move {
                let _ = sys.close(2).await;
                sys.store(DATA, 1).await;
                let _ = sys.sigaction(Signal::USR1, SIG_IGN, 0).await;
                0
            }),
        );
        let shares = |flag| flags.contains(flag);
        let (files, memory) = (shares(CloneFlags::FILES), shares(CloneFlags::VM));
        assert_eq!(text, format!("{files} {memory} {}", shares(CloneFlags::SIGHAND)));
    }
}

#[test]
fn sets_of_flags_that_make_no_sense_are_einval() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let mut told = Vec::new();
        for flags in [
            CloneFlags::THREAD,
            CloneFlags::SIGHAND,
            CloneFlags::THREAD | CloneFlags::VM,
            CloneFlags::NEWPID,
        ] {
            told.push(sys.clone_with(flags, None).await.expect_err("no child"));
        }
        say(&sys, format!("{told:?}")).await;
        0
    }));
    assert_eq!(text, "[EINVAL, EINVAL, EINVAL, EINVAL]");
}

#[test]
fn groups_and_sessions_follow_linux_rules() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let me = sys.getpid().await;
        let mut told = vec![sys.setsid().await, sys.setpgid(0, 0).await];
        let Ok(child) = sys.fork().await else { return 1 };
        if child == 0 {
            let _ = sys.sleep(Duration::millis(20)).await;
            return 0;
        }
        told.push(sys.getpgid(child).await.map(|group| u64::from(group == me)));
        told.push(sys.setpgid(child, child).await);
        told.push(sys.getpgid(child).await.map(|group| u64::from(group == child)));
        told.push(sys.getsid(child).await.map(|session| u64::from(session == me)));
        told.push(sys.setpgid(child, 999).await);
        told.push(sys.setpgid(999, 0).await);
        told.push(sys.setpgid(child, u64::MAX).await);
        told.push(sys.getpgid(999).await);
        say(&sys, format!("{told:?}")).await;
        0
    }));
    assert_eq!(
        text,
        "[Err(EPERM), Err(EPERM), Ok(1), Ok(0), Ok(1), Ok(1), Err(EPERM), Err(ESRCH), Err(EINVAL), \
         Err(ESRCH)]"
    );
}

#[test]
fn a_stopped_group_that_becomes_orphaned_is_hung_up_and_continued() {
    let text = said(
        RustImage::new("main", |sys: Sys| async move {
            if sys.fork().await == Ok(0) {
                // The shell of a session, with a job that it has stopped.
                let _ = sys.setsid().await;
                let Ok(job) = sys.fork().await else { return 1 };
                if job == 0 {
                    let _ = sys.sigaction(Signal::HUP, sys.handler(0), 0).await;
                    let _ = sys.sigaction(Signal::CONT, sys.handler(0), 0).await;
                    let _ = sys.pause().await;
                    let _ = sys.sleep(Duration::millis(1)).await;
                    return 0;
                }
                let _ = sys.setpgid(job, job).await;
                let _ = sys.sleep(Duration::millis(2)).await;
                let _ = sys.kill(job, Signal::STOP).await;
                let _ = sys.wait4(job as i64, WaitFlags::STOPPED).await;
                return 0;
            }
            while sys.wait(-1).await.is_ok() {}
            0
        })
        .function(|sys: Sys, signal| async move {
            say(&sys, format!("{signal} ")).await;
            0
        }),
    );
    assert_eq!(
        text, "18 1 ",
        "SIGCONT's handler runs on top of SIGHUP's: the lowest is pushed first"
    );
}
