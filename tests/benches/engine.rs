//! What parts of the engine cost the host: `cargo bench -p oscope-tests --bench engine`.
//!
//! What whole operations cost, the bench `operations` measures.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use oscope_kernel::abi::nr;
use oscope_kernel::base::{Agenda, Duration, Key, MachineId, Rng, Time};
use oscope_kernel::event::{Capture, Event, EventId, Log, SchedEvent, Stamp, Wait};
use oscope_kernel::machine::{Config, Machine, Until};
use oscope_tests::{boot, config};
use oscope_userland::sys::{RustImage, Sys};
use std::hint::black_box;
use std::time::Instant;

/// A program that loads for ever.
fn loader() -> RustImage {
    async fn spin(sys: Sys, (): ()) -> u64 {
        for n in 0..10_000u64 {
            black_box(sys.load(0x1_4000 + n % 64 * 8).await);
        }
        sys.rebase((), spin).await
    }
    RustImage::new("loader", |sys: Sys| spin(sys, ()))
}

/// A machine that keeps few events, so that its memory stays bounded in a long measurement.
fn machine(image: RustImage) -> Machine {
    let config = Config { log_keep: 10_000, ..config(vec![image]) };
    let mut machine = boot(config);
    machine.run(Until::time(Time::ZERO + Duration::millis(5)));
    machine
}

/// Runs a machine until it has done `n` units more, `count` telling how many it has done; returns how long
/// that took per unit.
fn measure(machine: &mut Machine, n: u64, count: impl Fn(&Machine) -> u64) -> std::time::Duration {
    let (before, begun) = (count(machine), Instant::now());
    while count(machine) < before + n {
        let end = machine.time() + Duration::millis(1);
        machine.run(Until::time(end));
    }
    let took = begun.elapsed();
    took.mul_f64(n as f64 / (count(machine) - before) as f64)
}

fn memory(c: &mut Criterion) {
    // A load takes one virtual nanosecond, so virtual time counts them.
    let mut loads = machine(loader());
    c.bench_function("in-poll-load", |b| {
        b.iter_custom(|n| measure(&mut loads, n, |machine| machine.time().0));
    });
}

/// A future with 100 answers in its journal, saved and revived: what fork(2) does to it.
fn futures(c: &mut Criterion) {
    use oscope_kernel::abi::program::{Answer, Image, Trap};
    use oscope_kernel::hw::{CostModel, Memory};
    let image = RustImage::new("hundred", |sys: Sys| async move {
        let mut sum = 0;
        for n in 0..101u64 {
            sum += sys.call(nr::GETPID, [n, 0, 0, 0, 0, 0]).await.unwrap_or(0);
        }
        sum
    });
    let mut program = image.start(1 << 30).revive();
    let mut memory: Box<dyn oscope_kernel::abi::UserMemory> =
        Box::new(Memory::new(1, 64, &CostModel::zero(), 1 << 20));
    let (mut answer, mut trap) = (Answer::Retry, Trap::Preempt);
    for _ in 0..101 {
        memory = program.resume(answer, memory, &mut trap);
        assert!(matches!(trap, Trap::Call { .. }));
        answer = Answer::Value(1);
    }
    assert_eq!(program.journal_length(), 100);
    c.bench_function("fork-of-a-future-with-100-answers", |b| {
        b.iter(|| black_box(program.save().revive().journal_length()));
    });
}

fn parts(c: &mut Criterion) {
    let mut log = Log::new(MachineId(0), 100_000, Capture::Full);
    let event = Event::Sched(SchedEvent::Block { on: Wait::Sleep });
    c.bench_function("event-emit", |b| {
        b.iter(|| log.emit(Stamp { cause: EventId::NONE, ..Stamp::default() }, black_box(event)));
    });
    let mut rng = Rng::new(1);
    let mut agenda = Agenda::new();
    let key = |time: u64, sequence| Key { time: Time(time), phase: 0, source: 0, sequence };
    for n in 0..100_000 {
        agenda.insert(key(rng.below(10_000_000), n), ());
    }
    let mut n = 100_000;
    c.bench_function("agenda-pop-insert-at-100k", |b| {
        b.iter(|| {
            let (popped, ()) = agenda.pop().expect("100,000 entries");
            n += 1;
            agenda.insert(key(popped.time.0 + 1_000 + (rng.next_u64() & 0x7f_ffff), n), ());
        });
    });
    let mut world = oscope_userland::scenario::open("first")
        .and_then(|file| file.boot())
        .expect("the built-in world boots");
    world.run(Time::ZERO + Duration::millis(100));
    c.bench_function("keyframe-of-first", |b| {
        b.iter_batched(|| (), |()| world.keyframe(), BatchSize::SmallInput);
    });
}

criterion_group!(benches, memory, futures, parts);
criterion_main!(benches);
