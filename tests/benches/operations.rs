//! What each operation of `oscope bench` costs the host, and what it costs under load:
//! `cargo bench -p oscope-tests --bench operations`.
//!
//! Each figure is the host's time for one emulated operation, everything included.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use oscope_kernel::event::Capture;
use oscope_kernel::machine::Config;
use oscope_kernel::sched::POLICIES;
use oscope_userland::bench::{ALL, EACH_TIMER, Emulated, Operation, runnable};
use std::time::{Duration, Instant};

/// Lets a machine do `n` operations, preparations left out; returns how long that took.
fn measure(emulated: &mut Emulated, n: u64) -> Duration {
    let (mut took, mut count) = (Duration::ZERO, 0);
    while count < n {
        let begun = Instant::now();
        let done = emulated.stretch().expect("the program goes on");
        if done > 0 {
            took += begun.elapsed();
            count += done;
        }
    }
    took.mul_f64(n as f64 / count as f64)
}

fn boot(operation: &Operation, change: impl FnOnce(&mut Config)) -> Emulated {
    Emulated::new(operation, change).expect("its machine boots")
}

/// Every operation, and what the event log adds to it.
fn operations(c: &mut Criterion) {
    for operation in ALL.iter().filter(|operation| operation.is_possible()) {
        let mut group = c.benchmark_group(operation.name);
        for (log, capture) in [("log", Capture::Full), ("no-log", Capture::Off)] {
            let mut emulated = boot(operation, |config| config.capture = capture);
            group.bench_function(log, |b| b.iter_custom(|n| measure(&mut emulated, n)));
        }
        group.finish();
    }
    let mut timers = boot(&EACH_TIMER, |_| ());
    c.bench_function(EACH_TIMER.name, |b| b.iter_custom(|n| measure(&mut timers, n)));
}

/// A switch, and the decision before it, with ever more threads that could run.
fn crowds(c: &mut Criterion) {
    for policy in POLICIES {
        let mut group = c.benchmark_group(format!("runnable/{policy}"));
        for threads in [10, 1_000, 100_000] {
            let (operation, change) = runnable(policy, threads);
            let mut crowd = boot(&operation, change);
            group.bench_function(BenchmarkId::from_parameter(threads), |b| {
                b.iter_custom(|n| measure(&mut crowd, n));
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = operations, crowds
}
criterion_main!(benches);
