//! Machines with very many threads: run queues, timers, and what a thread takes.

use super::operations::machine;
use super::{Operation, Pace};
use crate::sys::{FUNCTIONS, RustImage, Sys, THREAD};
use oscope_kernel::abi::nr;
use oscope_kernel::abi::types::Timespec;
use oscope_kernel::base::Duration;
use oscope_kernel::machine::{Config, Machine, Start};

/// How many threads a crowd has, unless it is told.
const CROWD: u64 = 100_000;

/// 100,000 threads sleep. A thousand of them sleep for milliseconds, the others for hours: so there are always
/// 100,000 timers pending when one fires, a thread wakes and runs, and sets a new one.
pub const TIMERS: Operation = Operation {
    name: "timer-100k",
    about: "nanosleep(2) while 100,000 sleep: a timer fires, its thread runs, a new timer is set",
    machine: || crowd(sleepers(1_000), CROWD),
    ..EACH_TIMER
};

/// The same when all of them sleep for milliseconds, so that each timer that fires belongs to a thread that the
/// host's caches have forgotten.
pub const EACH_TIMER: Operation = Operation {
    name: "timer-100k-cold",
    about: "the same when the timers of all 100,000 fire in turn",
    needs: &[],
    machine: || crowd(sleepers(CROWD), CROWD),
    pace: Pace::Steady { step: 1_000_000, count: Machine::calls },
    less: None,
};

/// 100,000 threads as a C library makes them, with a stack each, that wait for ever.
pub const MEMORY_PER_THREAD: Operation = Operation {
    name: "memory-per-thread",
    about: "a thread with a stack of its own that waits on a futex",
    needs: &[],
    machine: || crowd(waiters(), CROWD),
    pace: Pace::Parts(&[CROWD]),
    less: None,
};

/// A machine on which so many threads are always ready to run, and give the CPU away when they have it. Each time the
/// scheduling policy decides who is next, be it the same thread again.
pub fn runnable(policy: &str, threads: u64) -> (Operation, impl FnOnce(&mut Config) + use<>) {
    let policy = policy.to_owned();
    let operation = Operation {
        name: "runnable",
        about: "sched_yield(2) with so many threads that could run",
        needs: &[],
        machine: || crowd(yielders(), CROWD),
        pace: Pace::Steady { step: 2_000_000, count: Machine::calls },
        less: None,
    };
    let change = move |config: &mut Config| {
        config.scheduler.policy = policy;
        config.programs = vec![Start::new("yielders", &[&threads.to_string()])];
    };
    (operation, change)
}

fn crowd(image: RustImage, threads: u64) -> Config {
    let mut config = machine(image);
    if let Some(start) = config.programs.first_mut() {
        start.arguments.push(threads.to_string());
    }
    // A page for each stack, and page tables.
    config.frames = 150_000;
    config
}

async fn how_many(sys: &Sys) -> u64 {
    let arguments = sys.arguments().await;
    arguments.get(1).and_then(|text| text.parse().ok()).unwrap_or(CROWD)
}

/// Bytes of stack for a thread that uses none but the two words it starts with.
const SMALL_STACK: u64 = 32;

/// Starts `count` threads of function 0. Their stacks lie side by side: what is measured is not their memory.
async fn start(sys: &Sys, count: u64, word: u64) -> bool {
    let Ok(stacks) = sys.mmap(count.max(1) * SMALL_STACK).await else { return false };
    for n in 0..count {
        let top = stacks + n * SMALL_STACK;
        sys.store(top, FUNCTIONS).await;
        sys.store(top + 8, word + n % WORDS * WORD).await;
        let flags = THREAD.bits();
        if sys.call(nr::CLONE, [flags, top, top + 16, 0, top + 24, 0]).await.is_err() {
            return false;
        }
    }
    true
}

/// How many words, or lengths of sleep, the threads of a crowd share.
const WORDS: u64 = 256;

/// The size of each.
const WORD: u64 = Timespec::SIZE as u64;

/// How often a thread of a crowd does its work before it rebases: so many journals must be short.
const TURNS: u64 = 16;

/// Of the crowd, the first `lively` threads sleep for milliseconds, the others for hours.
fn sleepers(lively: u64) -> RustImage {
    async fn sleeper(sys: Sys, length: u64) -> u64 {
        for _ in 0..TURNS {
            let _ = sys.call(nr::NANOSLEEP, [length, 0, 0, 0, 0, 0]).await;
        }
        sys.rebase(length, sleeper).await
    }
    async fn lengths(sys: &Sys, longest: u64) -> Option<u64> {
        let table = sys.mmap(WORDS * WORD).await.ok()?;
        for n in 0..WORDS {
            // Half of the longest to all of it, in no order.
            let length = longest / 2 + longest * (n * 97 % WORDS) / (2 * WORDS);
            let bytes = Timespec::from(Duration(length)).to_bytes();
            sys.poke(table + n * WORD, &bytes).await;
        }
        Some(table)
    }
    RustImage::new("sleepers", move |sys: Sys| async move {
        let count = how_many(&sys).await;
        let lively = lively.min(count);
        // Long enough that the CPU is idle at times, even when all threads are lively.
        let short = lengths(&sys, lively.saturating_mul(5_000)).await;
        let (Some(short), Some(long)) = (short, lengths(&sys, 1 << 45).await) else { return 1 };
        if !start(&sys, lively, short).await || !start(&sys, count - lively, long).await {
            return 1;
        }
        // The pause is to come when each lively thread has slept a few times: this wait is none.
        let slept_often = Duration(lively.saturating_mul(20_000));
        let _ = sys.futex_wait(short, sys.load32(short).await, Some(slept_often)).await;
        let _ = sys.sleep(Duration::millis(1)).await;
        sleeper(sys, long).await
    })
    .function(|sys: Sys, length| sleeper(sys, length))
}

fn yielders() -> RustImage {
    async fn yielder(sys: Sys, (): ()) -> u64 {
        for _ in 0..TURNS {
            sys.yield_now().await;
        }
        sys.rebase((), yielder).await
    }
    RustImage::new("yielders", |sys: Sys| async move {
        let count = how_many(&sys).await;
        let Ok(gate) = sys.mmap(WORDS * WORD).await else { return 1 };
        if !start(&sys, count.saturating_sub(1), gate).await {
            return 1;
        }
        // The pause is to come when all of them wait at the gate: this wait is none.
        let _ = sys.futex_wait(gate, 0, Some(Duration(count.saturating_mul(20_000)))).await;
        let _ = sys.sleep(Duration::millis(1)).await;
        for n in 0..WORDS {
            sys.store32(gate + n * WORD, 1).await;
            let _ = sys.futex_wake(gate + n * WORD, u32::MAX / 2).await;
        }
        yielder(sys, ()).await
    })
    // They wait until all of them are there: those that yield would keep the others from being made.
    .function(|sys: Sys, gate| async move {
        let _ = sys.futex_wait(gate, 0, None).await;
        yielder(sys, ()).await
    })
}

fn waiters() -> RustImage {
    RustImage::new("waiters", |sys: Sys| async move {
        let count = how_many(&sys).await;
        let Ok(word) = sys.mmap(4096).await else { return 1 };
        let _ = sys.sleep(Duration::millis(1)).await;
        for _ in 0..count {
            if sys.spawn(0, word).await.is_err() {
                return 1;
            }
        }
        loop {
            let _ = sys.sleep(Duration::seconds(1)).await;
        }
    })
    .function(|sys: Sys, word| async move {
        loop {
            let _ = sys.futex_wait(word, 0, None).await;
        }
    })
}
