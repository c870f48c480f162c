// Four threads, and nothing keeps them apart. `Mutex` and `Condvar` are in ../oscope.rs.
use crate::oscope::{DATA, Sys};

program!(main; producer, consumer);

// The first 16 bytes of DATA are free for what keeps them apart.
const TOTAL: u64 = DATA + 16;
const PUT: u64 = DATA + 24;
const TAKEN: u64 = DATA + 32;
const PLACES: u64 = DATA + 64;
const SIZE: u64 = 1;

async fn put(sys: &Sys, item: u64) {
    while sys.load(PUT).await - sys.load(TAKEN).await == SIZE {
        sys.yield_now().await;
    }
    let at = sys.load(PUT).await;
    sys.store(PLACES + at % SIZE * 8, item).await;
    sys.store(PUT, at + 1).await;
}

async fn take(sys: &Sys) -> u64 {
    while sys.load(PUT).await == sys.load(TAKEN).await {
        sys.yield_now().await;
    }
    let at = sys.load(TAKEN).await;
    let item = sys.load(PLACES + at % SIZE * 8).await;
    sys.store(TAKEN, at + 1).await;
    item
}

async fn producer(sys: Sys, _: u64) -> u64 {
    for item in 1..=10 {
        sys.compute_us(item * 20).await;
        put(&sys, item).await;
    }
    0
}

async fn consumer(sys: Sys, _: u64) -> u64 {
    loop {
        let item = take(&sys).await;
        if item == 0 {
            return 0;
        }
        sys.compute_us(200).await;
        sys.fetch_add(TOTAL, item).await;
    }
}

async fn main(sys: Sys) -> u64 {
    let mut threads = Vec::new();
    for name in ["producer", "producer", "consumer", "consumer"] {
        let Ok(thread) = sys.spawn(name, 0).await else { return 1 };
        threads.push(thread);
    }
    let (producers, consumers) = threads.split_at(2);
    for thread in producers {
        sys.join(*thread).await;
    }
    // A zero for each consumer: there is no more.
    for _ in consumers {
        put(&sys, 0).await;
    }
    for thread in consumers {
        sys.join(*thread).await;
    }
    let total = sys.load(TOTAL).await;
    sys.print(&total.to_string()).await;
    0
}
