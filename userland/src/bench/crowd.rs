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

/// 100,000 threads that sleep, each for a time of its own, again and again: a timer that fires, a thread that wakes
/// and runs, and a timer that is set.
pub const TIMERS: Operation = Operation {
    name: "timer-100k",
    about: "nanosleep(2) of one of 100,000 sleeping threads: its timer fires, it runs, a new one is set",
    needs: &[],
    machine: || crowd(sleepers(), CROWD),
    pace: Pace::Steady { step: 10_000_000, count: Machine::calls },
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

/// A machine on which so many threads are always ready to run, and give the CPU away when they have it: each switch
/// is a decision of the scheduling policy.
pub fn runnable(policy: &str, threads: u64) -> (Operation, impl FnOnce(&mut Config) + use<>) {
    let policy = policy.to_owned();
    let operation = Operation {
        name: "runnable",
        about: "sched_yield(2) with so many threads that could run",
        needs: &[],
        machine: || crowd(yielders(), CROWD),
        pace: Pace::Steady { step: 2_000_000, count: switches },
        less: None,
    };
    let change = move |config: &mut Config| {
        config.scheduler.policy = policy;
        config.programs = vec![Start::new("yielders", &[&threads.to_string()])];
    };
    (operation, change)
}

fn switches(machine: &Machine) -> u64 {
    machine.tables().cpus.iter().map(|cpu| cpu.switches).sum()
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
    let Ok(stacks) = sys.mmap(count * SMALL_STACK).await else { return false };
    for n in 0..count {
        let top = stacks + n * SMALL_STACK;
        sys.store(top, FUNCTIONS).await;
        sys.store(top + 8, word + n % LENGTHS * Timespec::SIZE as u64).await;
        let flags = THREAD.bits();
        if sys.call(nr::CLONE, [flags, top, top + 16, 0, top + 24, 0]).await.is_err() {
            return false;
        }
    }
    true
}

/// How many lengths of sleep there are: a table of them is shared by all sleepers.
const LENGTHS: u64 = 251;

/// How often a thread of a crowd does its work before it rebases: so many journals must be short.
const TURNS: u64 = 16;

fn sleepers() -> RustImage {
    async fn sleeper(sys: Sys, length: u64) -> u64 {
        for _ in 0..TURNS {
            let _ = sys.call(nr::NANOSLEEP, [length, 0, 0, 0, 0, 0]).await;
        }
        sys.rebase(length, sleeper).await
    }
    RustImage::new("sleepers", |sys: Sys| async move {
        let count = how_many(&sys).await;
        let Ok(table) = sys.mmap(LENGTHS * Timespec::SIZE as u64).await else { return 1 };
        for n in 0..LENGTHS {
            // Half a second to a second and a half, in no order.
            let length = Duration::millis(500 + n * 97 % LENGTHS * 4);
            let at = table + n * Timespec::SIZE as u64;
            sys.poke(at, &Timespec::from(length).to_bytes()).await;
        }
        if !start(&sys, count, table).await {
            return 1;
        }
        // So long that each of them has slept at least once.
        let _ = sys.sleep(Duration::seconds(2)).await;
        sleeper(sys, table).await
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
        let Ok(gate) = sys.mmap(LENGTHS * Timespec::SIZE as u64).await else { return 1 };
        if !start(&sys, count.saturating_sub(1), gate).await {
            return 1;
        }
        let _ = sys.sleep(Duration::millis(1)).await;
        for n in 0..LENGTHS {
            let _ = sys.futex_wake(gate + n * Timespec::SIZE as u64, u32::MAX / 2).await;
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
