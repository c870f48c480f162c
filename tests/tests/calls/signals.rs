//! Signals, timers, and who may send what.

use super::{said, say};
use oscope_kernel::abi::flags::WaitFlags;
use oscope_kernel::abi::signal::{ActionFlags, SIG_DFL, how};
use oscope_kernel::abi::{SigAction, Signal, SignalSet};
use oscope_kernel::base::Duration;
use oscope_userland::sys::{RustImage, Sys};

const DATA: u64 = 0x1_4000;

/// A handler that says its signal's number.
async fn tell(sys: Sys, signal: u64) -> u64 {
    say(&sys, format!("<{signal}> ")).await;
    0
}

fn rt(n: u64) -> Signal {
    Signal::from_number(34 + n).expect("a real-time signal")
}

#[test]
fn sigchld_tells_who_ended_and_how() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let children = SignalSet::of(Signal::CHLD);
        let _ = sys.sigprocmask(u64::from(how::BLOCK), children).await;
        for kills in [false, true] {
            let Ok(child) = sys.fork().await else { return 1 };
            if child == 0 {
                if kills {
                    let _ = sys.pause().await;
                }
                return 3;
            }
            if kills {
                let _ = sys.kill(child, Signal::TERM).await;
            }
            let info = sys.sigtimedwait(children, None).await.expect("a signal");
            let known = info.pid == child as u32;
            say(&sys, format!("{} {} {} {known}; ", info.signal, info.code, info.status)).await;
        }
        let late = sys.sigtimedwait(children, Some(Duration::millis(1))).await;
        say(&sys, format!("{late:?}")).await;
        0
    }));
    assert_eq!(text, "17 1 3 true; 17 2 15 true; Err(EAGAIN)");
}

#[test]
fn real_time_signals_queue_and_the_lowest_comes_first() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let me = sys.getpid().await;
        let set: SignalSet = [rt(0), rt(1), Signal::USR1].into_iter().collect();
        let _ = sys.sigprocmask(u64::from(how::BLOCK), set).await;
        for (signal, value) in [(rt(1), 1), (rt(0), 2), (rt(0), 3)] {
            let _ = sys.sigqueue(me, signal, value).await;
        }
        let _ = sys.kill(me, Signal::USR1).await;
        let _ = sys.kill(me, Signal::USR1).await;
        say(&sys, format!("{} ", sys.sigpending().await.expect("a set"))).await;
        while let Ok(info) = sys.sigtimedwait(set, Some(Duration::ZERO)).await {
            say(&sys, format!("{}:{} ", info.signal, info.value)).await;
        }
        0
    }));
    assert_eq!(text, "[USR1 RT_2 RT_3] 10:0 34:2 34:3 35:1 ");
}

#[test]
fn a_full_queue_is_eagain() {
    use oscope_kernel::abi::flags::process::rlimit::SIGPENDING;
    use oscope_kernel::abi::types::Rlimit;
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let _ = sys.setrlimit(SIGPENDING, Rlimit { soft: 2, hard: 1024 }).await;
        let _ = sys.sigprocmask(u64::from(how::BLOCK), SignalSet::of(rt(0))).await;
        let me = sys.getpid().await;
        for _ in 0..3 {
            say(&sys, format!("{:?} ", sys.sigqueue(me, rt(0), 1).await)).await;
        }
        0
    }));
    assert_eq!(text, "Ok(0) Ok(0) Err(EAGAIN) ");
}

#[test]
fn sigsuspend_lets_signals_in_and_blocks_them_again() {
    let image = RustImage::new("main", |sys: Sys| async move {
        let set = SignalSet::of(Signal::USR1);
        let _ = sys.sigaction(Signal::USR1, sys.handler(0), 0).await;
        let _ = sys.sigprocmask(u64::from(how::BLOCK), set).await;
        let me = sys.getpid().await;
        let _ = sys.kill(me, Signal::USR1).await;
        say(&sys, "blocked ".to_owned()).await;
        let result = sys.sigsuspend(SignalSet::EMPTY).await;
        let mask = sys.sigprocmask(u64::from(how::BLOCK), SignalSet::EMPTY).await;
        say(&sys, format!("{result:?} {}", mask.expect("a mask"))).await;
        0
    });
    assert_eq!(said(image.function(tell)), "blocked <10> Err(EINTR) [USR1]");
}

#[test]
fn a_mask_holds_while_the_handler_runs() {
    let image = RustImage::new("main", |sys: Sys| async move {
        let mask = SignalSet::of(Signal::USR2);
        let action = SigAction { handler: sys.handler(0), flags: 0, mask };
        let _ = sys.sigaction_with(Signal::USR1, action).await;
        let _ = sys.sigaction(Signal::USR2, sys.handler(1), 0).await;
        let me = sys.getpid().await;
        let _ = sys.kill(me, Signal::USR1).await;
        say(&sys, "done".to_owned()).await;
        0
    })
    .function(|sys: Sys, _| async move {
        let me = sys.getpid().await;
        let _ = sys.kill(me, Signal::USR2).await;
        let _ = sys.kill(me, Signal::USR1).await;
        let n = sys.fetch_add(DATA, 1).await;
        say(&sys, format!("in {n} ")).await;
        if n == 0 {
            let _ = sys.kill(me, Signal::USR1).await;
        } else {
            let _ = sys.sigaction(Signal::USR1, SIG_DFL, 0).await;
            let _ = sys.sigaction(Signal::USR1, 1, 0).await;
        }
        0
    })
    .function(tell);
    // SIGUSR1 is the lower number and comes first; what is ignored is no longer pending.
    assert_eq!(said(image), "in 0 in 1 <12> done");
}

#[test]
fn an_interval_timer_goes_off_again_and_again_until_it_is_stopped() {
    let image = RustImage::new("main", |sys: Sys| async move {
        let _ = sys.sigaction(Signal::ALRM, sys.handler(0), 0).await;
        let _ = sys.setitimer(Duration::millis(10), Duration::millis(20)).await;
        for _ in 0..3 {
            let _ = sys.pause().await;
            say(&sys, format!("{} ", sys.now().await.0 / 1_000_000)).await;
        }
        let _ = sys.alarm(Duration::ZERO).await;
        let rest = sys.sleep(Duration::millis(100)).await;
        say(&sys, format!("{rest:?}")).await;
        0
    });
    assert_eq!(said(image.function(tell)), "<14> 10 <14> 30 <14> 50 Ok(())");
}

#[test]
fn an_alarm_without_a_handler_ends_the_process() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let Ok(child) = sys.fork().await else { return 1 };
        if child == 0 {
            let _ = sys.alarm(Duration::millis(5)).await;
            sys.compute(Duration::millis(50)).await;
            return 0;
        }
        let end = sys.wait4(child as i64, WaitFlags::empty()).await.expect("an end");
        let status = end.expect("a child").status;
        say(&sys, format!("{status} at {} ms", sys.now().await.0 / 1_000_000)).await;
        0
    }));
    assert_eq!(text, "WIFSIGNALED(s) && WTERMSIG(s) == SIGALRM at 5 ms");
}

#[test]
fn only_root_signals_everybody() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let root = sys.getpid().await;
        let Ok(child) = sys.fork().await else { return 1 };
        if child == 0 {
            let _ = sys.setuid(1000).await;
            let mine = sys.getpid().await;
            let told = [
                sys.kill(root, Signal::TERM).await,
                sys.kill(root, Signal::CONT).await,
                sys.kill(mine, Signal::CONT).await,
                sys.kill(9999, Signal::TERM).await,
                sys.setuid(0).await,
                sys.tgkill(root, root, Signal::TERM).await,
                sys.tgkill(mine, root, Signal::TERM).await,
            ];
            say(&sys, format!("{told:?} {}", sys.geteuid().await)).await;
            return 0;
        }
        let _ = sys.wait(-1).await;
        0
    }));
    assert_eq!(
        text,
        "[Err(EPERM), Ok(0), Ok(0), Err(ESRCH), Err(EPERM), Err(EPERM), Err(ESRCH)] 1000"
    );
}

#[test]
fn users_go_back_and_forth_between_the_three_that_they_have() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let same = u64::MAX;
        let told = [
            sys.setresuid(1000, 1001, 1002).await,
            sys.setresuid(same, 1002, same).await,
            sys.setresuid(same, 1001, same).await,
            sys.setresuid(1002, same, same).await,
            sys.setresuid(same, same, 7).await,
        ];
        say(&sys, format!("{told:?} {} {}", sys.getuid().await, sys.geteuid().await)).await;
        0
    }));
    assert_eq!(text, "[Ok(0), Ok(0), Err(EPERM), Ok(0), Err(EPERM)] 1002 1002");
}

#[test]
fn a_parent_need_not_hear_of_stops() {
    for flags in [ActionFlags::empty(), ActionFlags::NOCLDSTOP] {
        let image = RustImage::new("main", move |sys: Sys| async move {
            let _ = sys.sigaction(Signal::CHLD, sys.handler(0), flags.bits()).await;
            let Ok(child) = sys.fork().await else { return 1 };
            if child == 0 {
                let _ = sys.pause().await;
                return 0;
            }
            let _ = sys.kill(child, Signal::STOP).await;
            let _ = sys.sleep(Duration::millis(1)).await;
            let _ = sys.kill(child, Signal::CONT).await;
            let _ = sys.sleep(Duration::millis(1)).await;
            let _ = sys.kill(child, Signal::KILL).await;
            let _ = sys.sleep(Duration::millis(1)).await;
            0
        });
        let told = said(image.function(tell));
        let times = if flags.is_empty() { 3 } else { 1 };
        assert_eq!(told, "<17> ".repeat(times));
    }
}
