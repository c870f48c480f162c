//! `market [PRODUCERS [CONSUMERS [ITEMS [ROOM]]]]`: producers put numbers into a buffer with so much room, consumers take
//! them out: the bounded buffer with a mutex and two conditions (OSTEP, chapter 30). The exit code is 0 if what was
//! taken out adds up to what was put in.

use super::number;
use crate::sys::sync::{Condvar, Mutex};
use crate::sys::{RustImage, Sys};
use oscope_kernel::base::Duration;

/// The buffer's parts, by word of eight bytes from the beginning of the data.
#[derive(Clone, Copy)]
enum Word {
    Lock,
    NotEmpty,
    NotFull,
    Room,
    Count,
    First,
    /// How many are still to be put in, by each producer.
    ToMake,
    /// How many are still to be taken out, by all together.
    ToTake,
    /// What was taken out, added up.
    Sum,
    Slots,
}

fn at(word: Word) -> u64 {
    image().data_address() + word as u64 * 8
}

const MOST_ROOM: u64 = 256;

async fn produce(sys: Sys, me: u64) -> u64 {
    let lock = Mutex::at(at(Word::Lock));
    let items = sys.load(at(Word::ToMake)).await;
    for n in 0..items {
        sys.compute(Duration::micros(300)).await; // makes it
        lock.lock(&sys).await;
        let room = sys.load(at(Word::Room)).await;
        while sys.load(at(Word::Count)).await == room {
            Condvar::at(at(Word::NotFull)).wait(&sys, lock).await;
        }
        let (first, count) = (sys.load(at(Word::First)).await, sys.load(at(Word::Count)).await);
        sys.store(at(Word::Slots) + (first + count) % room * 8, me * items + n).await;
        sys.store(at(Word::Count), count + 1).await;
        Condvar::at(at(Word::NotEmpty)).signal(&sys).await;
        lock.unlock(&sys).await;
    }
    0
}

async fn consume(sys: Sys, _me: u64) -> u64 {
    let lock = Mutex::at(at(Word::Lock));
    loop {
        lock.lock(&sys).await;
        while sys.load(at(Word::Count)).await == 0 && sys.load(at(Word::ToTake)).await > 0 {
            Condvar::at(at(Word::NotEmpty)).wait(&sys, lock).await;
        }
        let left = sys.load(at(Word::ToTake)).await;
        if left == 0 {
            lock.unlock(&sys).await;
            return 0;
        }
        let room = sys.load(at(Word::Room)).await;
        let (first, count) = (sys.load(at(Word::First)).await, sys.load(at(Word::Count)).await);
        let item = sys.load(at(Word::Slots) + first * 8).await;
        sys.store(at(Word::First), (first + 1) % room).await;
        sys.store(at(Word::Count), count - 1).await;
        sys.store(at(Word::ToTake), left - 1).await;
        sys.fetch_add(at(Word::Sum), item).await;
        Condvar::at(at(Word::NotFull)).signal(&sys).await;
        if left == 1 {
            Condvar::at(at(Word::NotEmpty)).broadcast(&sys).await; // there will be no more
        }
        lock.unlock(&sys).await;
        sys.compute(Duration::micros(500)).await; // uses it up
    }
}

async fn main(sys: Sys) -> u64 {
    let arguments = sys.arguments().await;
    let producers = number(&arguments, 1, 2).clamp(1, 100);
    let consumers = number(&arguments, 2, 2).clamp(1, 100);
    let items = number(&arguments, 3, 20).min(1_000_000);
    sys.store(at(Word::Room), number(&arguments, 4, 4).clamp(1, MOST_ROOM)).await;
    sys.store(at(Word::ToMake), items).await;
    sys.store(at(Word::ToTake), producers * items).await;
    let mut running = Vec::new();
    for n in 0..producers + consumers {
        let (function, me) = if n < producers { (0, n) } else { (1, n - producers) };
        match sys.spawn(function, me).await {
            Ok((_, done)) => running.push(done),
            Err(_) => return 2,
        }
    }
    for done in running {
        sys.join(done).await;
    }
    let total = producers * items;
    u64::from(sys.load(at(Word::Sum)).await != total * total.saturating_sub(1) / 2)
}

pub(super) fn image() -> RustImage {
    RustImage::new("market", main).function(produce).function(consume)
}
