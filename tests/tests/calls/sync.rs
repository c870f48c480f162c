//! Locks on futexes, on one CPU and on two.

use super::{checked, said, say};
use oscope_kernel::base::Duration;
use oscope_tests::shown;
use oscope_userland::sys::sync::{Barrier, Condvar, Mutex, Semaphore};
use oscope_userland::sys::{RustImage, Sys};

/// Emulated memory: the image's data.
const DATA: u64 = 0x1_4000;
const MUTEX: Mutex = Mutex::at(DATA);
const CONDITION: Condvar = Condvar::at(DATA + 8);
const SEMAPHORE: Semaphore = Semaphore::at(DATA + 16);
const BARRIER: Barrier = Barrier::at(DATA + 32);
const COUNTER: u64 = DATA + 64;

/// Starts so many threads that run function 0, and waits for them.
async fn run_threads(sys: &Sys, count: u64) {
    let mut done = Vec::new();
    for n in 0..count {
        done.push(sys.spawn(0, n).await.expect("a thread").1);
    }
    for word in done {
        sys.join(word).await;
    }
}

#[test]
fn a_mutex_loses_no_update_on_two_cpus() {
    let image = RustImage::new("main", |sys: Sys| async move {
        run_threads(&sys, 4).await;
        let (sum, word) = (sys.load(COUNTER).await, sys.load32(MUTEX.address).await);
        say(&sys, format!("{sum} {word}")).await;
        0
    })
    .function(|sys: Sys, _| async move {
        for _ in 0..50 {
            MUTEX.lock(&sys).await;
            let n = sys.load(COUNTER).await;
            sys.compute(Duration::micros(3)).await;
            sys.store(COUNTER, n + 1).await;
            MUTEX.unlock(&sys).await;
        }
        0
    });
    assert_eq!(shown(&checked(image, 2)), "200 0");
}

#[test]
fn a_condition_is_waited_for_without_the_mutex() {
    let image = RustImage::new("main", |sys: Sys| async move {
        let (_, done) = sys.spawn(0, 0).await.expect("a thread");
        let _ = sys.sleep(Duration::millis(5)).await;
        MUTEX.lock(&sys).await;
        sys.store(COUNTER, 1).await;
        CONDITION.signal(&sys).await;
        MUTEX.unlock(&sys).await;
        sys.join(done).await;
        MUTEX.lock(&sys).await;
        let late = CONDITION.wait_for(&sys, MUTEX, Some(Duration::millis(2))).await;
        say(&sys, format!("{late:?}")).await;
        0
    })
    .function(|sys: Sys, _| async move {
        MUTEX.lock(&sys).await;
        while sys.load(COUNTER).await == 0 {
            CONDITION.wait(&sys, MUTEX).await;
        }
        MUTEX.unlock(&sys).await;
        say(&sys, format!("seen at {} ms, ", sys.now().await.0 / 1_000_000)).await;
        0
    });
    assert_eq!(said(image), "seen at 5 ms, Err(ETIMEDOUT)");
}

#[test]
fn a_semaphore_lets_in_as_many_as_it_counts() {
    let image = RustImage::new("main", |sys: Sys| async move {
        Semaphore::new(&sys, SEMAPHORE.address, 2).await;
        run_threads(&sys, 6).await;
        let most = sys.load(COUNTER + 8).await;
        say(&sys, format!("{most} at once, until {} ms", sys.now().await.0 / 1_000_000)).await;
        0
    })
    .function(|sys: Sys, _| async move {
        SEMAPHORE.wait(&sys).await;
        let inside = sys.fetch_add(COUNTER, 1).await + 1;
        let most = sys.load(COUNTER + 8).await;
        sys.store(COUNTER + 8, most.max(inside)).await;
        let _ = sys.sleep(Duration::millis(10)).await;
        sys.fetch_add(COUNTER, u64::MAX).await;
        SEMAPHORE.post(&sys).await;
        0
    });
    let text = said(image);
    assert!(text.starts_with("2 at once, until 30 ms"), "{text}");
}

#[test]
fn nobody_passes_a_barrier_before_all_have_come() {
    let image = RustImage::new("main", |sys: Sys| async move {
        Barrier::new(&sys, BARRIER.address, 3).await;
        run_threads(&sys, 3).await;
        say(&sys, format!("{} last", sys.load(COUNTER).await)).await;
        0
    })
    .function(|sys: Sys, n| async move {
        for round in 0..2 {
            let _ = sys.sleep(Duration::millis(n + 1)).await;
            if BARRIER.wait(&sys).await {
                sys.fetch_add(COUNTER, 1).await;
            }
            let at = sys.now().await.0 / 1_000_000;
            say(&sys, format!("{round}@{at} ")).await;
        }
        0
    });
    assert_eq!(said(image), "0@3 0@3 0@3 1@6 1@6 1@6 2 last");
}
