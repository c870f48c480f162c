//! Signals: handlers, waits that they end, signals that nobody takes.

use super::trace;
use oscope_kernel::abi::flags::WaitFlags;
use oscope_kernel::abi::signal::{ActionFlags, SIG_IGN, how};
use oscope_kernel::abi::types::SigInfo;
use oscope_kernel::abi::{Signal, SignalSet};
use oscope_kernel::base::Duration;
use oscope_userland::sys::{RustImage, Sys};

async fn nothing(_: Sys, _: u64) -> u64 {
    0
}

/// Says what it was told, by storing it where `main` finds it.
async fn note(sys: Sys, signal: u64) -> u64 {
    let told = sys.siginfo().unwrap_or_default();
    for (at, word) in
        [signal, told.code as u64, told.pid.into(), told.value].into_iter().enumerate()
    {
        sys.store(DATA + at as u64 * 8, word).await;
    }
    0
}

const DATA: u64 = 0x1_4000;

/// A forked child that runs `body`; the parent gets its number.
async fn child<F: Future<Output = u64>>(sys: &Sys, body: impl FnOnce(Sys) -> F) -> Option<u64> {
    let pid = sys.fork().await.unwrap_or(0);
    if pid == 0 {
        let code = body(sys.clone()).await;
        sys.exit(code).await;
    }
    (pid != 0).then_some(pid)
}

/// Compares with the trace that was held against a real one, line by line.
fn assert_trace(image: RustImage, expected: &str) {
    let text = trace(image.function(nothing).function(note));
    assert!(text == expected, "expected:\n{expected}\nprinted:\n{text}");
}

#[test]
fn handlers_and_the_waits_that_they_end() {
    let image = RustImage::new("main", |sys: Sys| async move {
        let me = sys.getpid().await;
        let _ = sys.sigaction(Signal::USR1, sys.handler(0), 0).await;
        let _ = sys.kill(me, Signal::USR1).await;
        let _ = sys.tgkill(me, me, Signal::USR1).await;
        let _ = sys.sigaction(Signal::ALRM, sys.handler(0), 0).await;
        let _ = sys.setitimer(Duration::millis(20), Duration::ZERO).await;
        let _ = sys.pause().await;
        let _ = sys.sigaction(Signal::ALRM, sys.handler(0), ActionFlags::RESTART.bits()).await;
        let _ = sys.pipe().await;
        let reads = child(&sys, |sys| async move {
            let _ = sys.setitimer(Duration::millis(20), Duration::ZERO).await;
            let _ = sys.read(3, 8).await;
            0
        });
        let _ = reads.await;
        let _ = sys.setitimer(Duration::millis(60), Duration::ZERO).await;
        let _ = sys.pause().await;
        let _ = sys.write(4, b"x").await;
        let _ = sys.wait(-1).await;
        0
    });
    assert_trace(image, include_str!("handlers.strace"));
}

#[test]
fn signals_that_nobody_takes_are_seen_all_the_same() {
    let image = RustImage::new("main", |sys: Sys| async move {
        let me = sys.getpid().await;
        let _ = sys.kill(me, Signal::WINCH).await;
        let _ = sys.kill(me, Signal::CONT).await;
        let _ = sys.sigaction(Signal::PIPE, SIG_IGN, 0).await;
        let _ = sys.pipe().await;
        let _ = sys.close(3).await;
        let _ = sys.write(4, b"x").await;
        let sleeper = child(&sys, |sys| async move {
            let _ = sys.sleep(Duration::millis(100)).await;
            0
        });
        let Some(sleeper) = sleeper.await else { return 1 };
        let _ = sys.sleep(Duration::millis(20)).await;
        let _ = sys.kill(sleeper, Signal::STOP).await;
        let _ = sys.sleep(Duration::millis(20)).await;
        let _ = sys.kill(sleeper, Signal::CONT).await;
        let _ = sys.wait4(sleeper as i64, WaitFlags::CONTINUED).await;
        let _ = sys.wait(-1).await;
        0
    });
    assert_trace(image, include_str!("ignored.strace"));
}

#[test]
fn who_kills_itself_does_not_return() {
    let image = RustImage::new("main", |sys: Sys| async move {
        for signal in [Signal::ABRT, Signal::KILL] {
            let dies = child(&sys, move |sys| async move {
                let me = sys.getpid().await;
                let _ = sys.tgkill(me, me, signal).await;
                0
            });
            let _ = dies.await;
            let _ = sys.wait(-1).await;
        }
        0
    });
    assert_trace(image, include_str!("killed.strace"));
}

#[test]
fn what_is_queued_reaches_whoever_waits_for_it() {
    let image = RustImage::new("main", |sys: Sys| async move {
        let me = sys.getpid().await;
        let set = SignalSet::of(Signal::USR1);
        let _ = sys.sigprocmask(u64::from(how::BLOCK), set).await;
        let _ = sys.sigtimedwait(set, Some(Duration::millis(10))).await;
        let _ = sys.sigqueue(me, Signal::USR1, 42).await;
        let _ = sys.sigtimedwait(set, None).await;
        let _ = sys.sigaction(Signal::USR1, sys.handler(1), ActionFlags::SIGINFO.bits()).await;
        let _ = sys.sigqueue(me, Signal::USR1, 42).await;
        let _ = sys.sigsuspend(SignalSet::EMPTY).await;
        let told = [0, 8, 16, 24].map(|at| DATA + at);
        let mut words = Vec::new();
        for at in told {
            words.push(sys.load(at).await);
        }
        let expected = SigInfo { code: -1, pid: me as u32, value: 42, ..SigInfo::default() };
        let is_told = words == [10, expected.code as u64, expected.pid.into(), expected.value];
        u64::from(!is_told)
    });
    assert_trace(image, include_str!("queued.strace"));
}
