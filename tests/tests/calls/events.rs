//! epoll, eventfd, timerfd and signalfd where a script does not reach: time, numbers, and what /proc says.

use super::{said, say};
use oscope_kernel::abi::flags::network::EpollEvents;
use oscope_kernel::abi::flags::process::clock;
use oscope_kernel::abi::{Signal, SignalSet};
use oscope_kernel::base::Duration;
use oscope_userland::sys::{RustImage, Sys};

const IN: u32 = EpollEvents::IN.bits();

#[test]
fn a_timer_that_nobody_reads_goes_off_once_and_is_counted_when_read() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let epoll = sys.epoll(0).await.expect("an instance");
        let timer = sys.timerfd(clock::MONOTONIC, 0).await.expect("a timer");
        let _ = sys.epoll_add(epoll, timer, IN | EpollEvents::ET.bits(), 7).await;
        let millis = Duration::millis;
        let _ = sys.timerfd_set(timer, millis(10), millis(10)).await;
        for _ in 0..2 {
            let events = sys.epoll_wait(epoll, Some(millis(35))).await.expect("events");
            say(&sys, format!("{:?} ", events.iter().map(|e| e.data).collect::<Vec<_>>())).await;
        }
        // At 10 it was told; at 45 it has gone off four times. Read, it goes off again, at 50.
        say(&sys, format!("{:?} ", sys.read_number(timer).await)).await;
        let events = sys.epoll_wait(epoll, Some(millis(9))).await.expect("events");
        say(&sys, format!("{} {:?}", events.len(), sys.read_number(timer).await)).await;
        0
    }));
    assert_eq!(text, "[7] [] Ok(4) 1 Ok(1)");
}

#[test]
fn of_many_descriptors_those_that_are_ready_are_reported() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let epoll = sys.epoll(0).await.expect("an instance");
        let mut counters = Vec::new();
        for n in 0..200 {
            let counter = sys.eventfd(0, 0).await.expect("a counter");
            let _ = sys.epoll_add(epoll, counter, IN, n).await;
            counters.push(counter);
        }
        if sys.fork().await == Ok(0) {
            for n in [150, 3] {
                let _ = sys.sleep(Duration::millis(5)).await;
                let _ = sys.write(counters[n], &1u64.to_le_bytes()).await;
            }
            return 0;
        }
        for _ in 0..2 {
            let events = sys.epoll_wait(epoll, None).await.expect("events");
            for event in events {
                let _ = sys.read_number(counters[event.data as usize]).await;
                say(&sys, format!("{} ", event.data)).await;
            }
        }
        let nothing = sys.epoll_wait(epoll, Some(Duration::ZERO)).await.map(|events| events.len());
        say(&sys, format!("{nothing:?}")).await;
        0
    }));
    assert_eq!(text, "150 3 Ok(0)");
}

#[test]
fn a_child_reads_its_own_signals_from_an_inherited_signalfd() {
    let text = said(RustImage::new("main", |sys: Sys| async move {
        let set = SignalSet::of(Signal::USR1);
        let _ = sys.sigprocmask(0, set).await;
        let signals = sys.signalfd(set, 0o4000).await.expect("a descriptor");
        let me = sys.getpid().await;
        let _ = sys.kill(me, Signal::USR1).await;
        if sys.fork().await == Ok(0) {
            let own = sys.read(signals, 128).await.map(|bytes| bytes.len());
            say(&sys, format!("child {own:?} ")).await;
            return 0;
        }
        let _ = sys.wait(-1).await;
        let own = sys.read(signals, 128).await.map(|bytes| bytes[0]);
        say(&sys, format!("parent {own:?}")).await;
        0
    }));
    assert_eq!(text, "child Err(EAGAIN) parent Ok(10)");
}
