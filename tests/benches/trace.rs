//! How fast logs are read: `cargo bench -p oscope-tests --bench trace`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use oscope_userland::script::parse;
use std::hint::black_box;

/// A log of a real strace, over and over. The figure is lines a second.
fn reading(c: &mut Criterion) {
    let log = include_str!("../data/strace/cat.strace").repeat(500);
    let mut group = c.benchmark_group("trace");
    group.throughput(Throughput::Elements(log.lines().count() as u64));
    group.bench_function("parse", |b| b.iter(|| black_box(parse(&log)).problems.len()));
    let tree = parse(&log).tree;
    group.bench_function("render", |b| b.iter(|| black_box(tree.render()).len()));
    group.finish();
}

criterion_group!(benches, reading);
criterion_main!(benches);
