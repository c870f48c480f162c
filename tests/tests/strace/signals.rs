//! Signals: handlers, waits that they end, signals that nobody takes.

use super::trace;
use oscope_kernel::abi::Signal;
use oscope_kernel::abi::SignalSet;
use oscope_kernel::abi::flags::WaitFlags;
use oscope_kernel::abi::signal::ActionFlags;
use oscope_kernel::base::Duration;
use oscope_userland::sys::{RustImage, Sys};

async fn nothing(_: Sys, _: u64) -> u64 {
    0
}

#[test]
fn a() {
    let text = trace(
        RustImage::new("main", |sys: Sys| async move {
            let me = sys.getpid().await;
            let _ = sys.sigaction(Signal::USR1, sys.handler(0), 0).await;
            let _ = sys.kill(me, Signal::USR1).await;
            let _ = sys.tgkill(me, me, Signal::USR1).await;
            let _ = sys.sigaction(Signal::ALRM, sys.handler(0), 0).await;
            let _ = sys.setitimer(Duration::millis(20), Duration::ZERO).await;
            let _ = sys.sleep(Duration::millis(100)).await;
            let _ = sys.sigaction(Signal::ALRM, sys.handler(0), ActionFlags::RESTART.bits()).await;
            let (r, w) = sys.pipe().await.unwrap();
            let c = sys.fork().await.unwrap();
            if c == 0 {
                let _ = sys.sleep(Duration::millis(60)).await;
                let _ = sys.write(w, b"x").await;
                return 3;
            }
            let _ = sys.setitimer(Duration::millis(20), Duration::ZERO).await;
            let _ = sys.read(r, 8).await;
            let _ = sys.wait4(c as i64, WaitFlags::empty()).await;
            let c = sys.fork().await.unwrap();
            if c == 0 {
                let me = sys.getpid().await;
                let _ = sys.tgkill(me, me, Signal::STOP).await;
                let _ = sys.pause().await;
                return 0;
            }
            let _ = sys.wait4(c as i64, WaitFlags::STOPPED).await;
            let _ = sys.kill(c, Signal::CONT).await;
            let _ = sys.wait4(c as i64, WaitFlags::CONTINUED).await;
            let _ = sys.kill(c, Signal::TERM).await;
            let _ = sys.wait4(c as i64, WaitFlags::empty()).await;
            let c = sys.fork().await.unwrap();
            if c == 0 {
                let _ = sys.sleep(Duration::millis(100)).await;
                return 0;
            }
            let _ = sys.sleep(Duration::millis(20)).await;
            let _ = sys.kill(c, Signal::STOP).await;
            let _ = sys.sleep(Duration::millis(20)).await;
            let _ = sys.kill(c, Signal::CONT).await;
            let _ = sys.wait4(c as i64, WaitFlags::empty()).await;
            let _ = sys.kill(me, Signal::WINCH).await;
            let _ = sys.kill(me, Signal::CONT).await;
            let _ = sys.sigaction(Signal::USR2, 1, 0).await;
            let _ = sys.kill(me, Signal::USR2).await;
            let _ = sys.close(r).await;
            let _ = sys.sigaction(Signal::PIPE, 1, 0).await;
            let _ = sys.write(w, b"x").await;
            let _ = sys.sigaction(Signal::PIPE, sys.handler(0), 0).await;
            let _ = sys.write(w, b"y").await;
            let set: SignalSet =
                [Signal::USR1, Signal::from_number(35).unwrap()].into_iter().collect();
            let _ = sys.sigprocmask(0, set).await;
            let _ = sys.sigtimedwait(set, Some(Duration::millis(10))).await;
            let _ = sys.sigqueue(me, Signal::from_number(35).unwrap(), 42).await;
            let _ = sys.sigtimedwait(set, Some(Duration::millis(10))).await;
            let _ = sys.sigqueue(me, Signal::USR1, 42).await;
            let _ = sys.sigpending().await;
            let _ = sys.sigsuspend(SignalSet::EMPTY).await;
            for s in [Signal::ABRT, Signal::KILL] {
                let c = sys.fork().await.unwrap();
                if c == 0 {
                    let me = sys.getpid().await;
                    let _ = sys.tgkill(me, me, s).await;
                }
                let _ = sys.wait4(c as i64, WaitFlags::empty()).await;
            }
            let c = sys.fork().await.unwrap();
            if c == 0 {
                sys.load(8).await;
            }
            let _ = sys.wait4(c as i64, WaitFlags::empty()).await;
            let c = sys.vfork().await.unwrap();
            if c == 0 {
                return 4;
            }
            let _ = sys.sigaction(Signal::CHLD, sys.handler(0), 0).await;
            let c = sys.fork().await.unwrap();
            if c == 0 {
                return 7;
            }
            let _ = sys.pause().await;
            0
        })
        .function(nothing),
    );
    println!("{text}");
}
