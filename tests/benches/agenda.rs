//! The agenda under load: what one event costs the whole simulation.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use oscope_kernel::base::{Agenda, Duration, Key, Ticket, Time};
use std::hint::black_box;

/// A fixed sequence of deltas of 1 us to 10 ms, by xorshift.
struct Deltas(u64);

impl Deltas {
    fn next(&mut self) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Duration(1_000 + self.0 % 9_999_000)
    }
}

fn key(time: Time, sequence: u64) -> Key {
    Key { time, phase: 3, source: 1, sequence }
}

/// An agenda in steady state: `pending` timers, set again until each has fired some four times.
/// The value of an entry is the place of its ticket.
fn steady(pending: usize, deltas: &mut Deltas) -> (Agenda<usize>, Vec<Ticket>) {
    let mut agenda = Agenda::new();
    let first = |n| agenda.insert(key(Time::ZERO + deltas.next(), 0), n);
    let mut tickets: Vec<_> = (0..pending).map(first).collect();
    for _ in 0..pending * 4 {
        if let Some((at, n)) = agenda.pop() {
            tickets[n] = agenda.insert(key(at.time + deltas.next(), at.sequence + 1), n);
        }
    }
    (agenda, tickets)
}

fn pop_and_insert(c: &mut Criterion) {
    let mut group = c.benchmark_group("agenda/pop+insert");
    for pending in [1_000, 100_000] {
        group.bench_function(BenchmarkId::from_parameter(pending), |b| {
            let mut deltas = Deltas(0x9e37_79b9_7f4a_7c15);
            let (mut agenda, _) = steady(pending, &mut deltas);
            b.iter(|| {
                if let Some((at, value)) = agenda.pop() {
                    agenda.insert(key(at.time + deltas.next(), at.sequence + 1), value);
                }
                black_box(agenda.next_time())
            });
        });
    }
    group.finish();
}

/// What a TCP connection does on every acknowledgement.
fn cancel_and_rearm(c: &mut Criterion) {
    let mut group = c.benchmark_group("agenda/cancel+rearm");
    for pending in [1_000, 100_000] {
        group.bench_function(BenchmarkId::from_parameter(pending), |b| {
            let mut deltas = Deltas(0x9e37_79b9_7f4a_7c15);
            let (mut agenda, mut tickets) = steady(pending, &mut deltas);
            let start = agenda.next_time();
            b.iter(|| {
                // Connections speak in no order that a cache could foresee.
                let turn = deltas.next().0 as usize % tickets.len();
                if let Some(value) = agenda.cancel(tickets[turn]) {
                    tickets[turn] = agenda.insert(key(start + deltas.next(), 0), value);
                }
                black_box(agenda.next_time())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, pop_and_insert, cancel_and_rearm);
criterion_main!(benches);
