//! `philosophers [NUMBER [MEALS [left|ordered]]]`: so many philosophers, as many forks, each a mutex. With `left` all take
//! the left one first, and sooner or later nobody eats any more; with `ordered` each takes the one with the smaller
//! number first, and that cannot happen (Dijkstra, 1965; OSTEP, chapter 31).

use super::number;
use crate::sys::sync::Mutex;
use crate::sys::{RustImage, Sys};
use oscope_kernel::base::Duration;

/// The table: words of eight bytes: how many sit there, how many meals each wants, 1 if ordered; then the forks.
fn table() -> u64 {
    image().data_address()
}

fn fork(n: u64) -> Mutex {
    Mutex::at(table() + 24 + n * 4)
}

async fn philosopher(sys: Sys, me: u64) -> u64 {
    let seats = sys.load(table()).await.max(1);
    let meals = sys.load(table() + 8).await;
    let ordered = sys.load(table() + 16).await == 1;
    let (left, right) = (me, (me + 1) % seats);
    let (first, second) = if ordered && right < left { (right, left) } else { (left, right) };
    for _ in 0..meals {
        sys.compute(Duration::micros(200)).await; // thinks
        fork(first).lock(&sys).await;
        sys.compute(Duration::micros(300)).await; // reaches for the other one
        fork(second).lock(&sys).await;
        sys.compute(Duration::micros(500)).await; // eats
        fork(second).unlock(&sys).await;
        fork(first).unlock(&sys).await;
    }
    0
}

async fn main(sys: Sys) -> u64 {
    let arguments = sys.arguments().await;
    // One page of data has room for many more.
    let seats = number(&arguments, 1, 5).clamp(2, 500);
    sys.store(table(), seats).await;
    sys.store(table() + 8, number(&arguments, 2, 10)).await;
    let ordered = arguments.get(3).is_some_and(|how| how == "ordered");
    sys.store(table() + 16, u64::from(ordered)).await;
    let mut running = Vec::new();
    for me in 0..seats {
        match sys.spawn(0, me).await {
            Ok((_, done)) => running.push(done),
            Err(_) => return 1,
        }
    }
    for done in running {
        sys.join(done).await;
    }
    0
}

pub(super) fn image() -> RustImage {
    RustImage::new("philosophers", main).function(philosopher)
}
