//! `workers processes|threads [NUMBER [WORK_MS [CRASH]]]`: the same work done by so many processes, or by as many threads of
//! one. Each touches eight pages of its own and computes. Number CRASH, if given, stores to address 0 in the middle of
//! its work: among processes only that one ends, among threads all do. The exit code is how many did not finish.

use super::number;
use crate::sys::{RustImage, Sys};
use oscope_kernel::base::Duration;

/// Words of eight bytes: the work in milliseconds, and who crashes.
fn shared() -> u64 {
    image().data_address()
}

async fn work(sys: Sys, me: u64) -> u64 {
    let length = Duration::millis(sys.load(shared()).await);
    let crashes = sys.load(shared() + 8).await;
    if let Ok(pages) = sys.mmap(8 * 4096).await {
        for page in 0..8 {
            sys.store(pages + page * 4096, me).await;
        }
    }
    for part in 0..4 {
        sys.compute(Duration(length.0 / 4)).await;
        if part == 1 && me == crashes {
            sys.store(0, 1).await;
        }
    }
    0
}

async fn by_threads(sys: &Sys, workers: u64) -> u64 {
    let mut running = Vec::new();
    for me in 0..workers {
        match sys.spawn(0, me).await {
            Ok((_, done)) => running.push(done),
            Err(_) => return workers,
        }
    }
    for done in running {
        sys.join(done).await;
    }
    0
}

async fn by_processes(sys: &Sys, workers: u64) -> u64 {
    for me in 0..workers {
        match sys.fork().await {
            Ok(0) => {
                let code = work(sys.clone(), me).await;
                return sys.exit(code).await;
            }
            Ok(_) => {}
            Err(_) => return workers,
        }
    }
    let mut failed = 0;
    while let Ok((_, status)) = sys.wait(-1).await {
        failed += u64::from(status != 0);
    }
    failed
}

async fn main(sys: Sys) -> u64 {
    let arguments = sys.arguments().await;
    let workers = number(&arguments, 2, 4).clamp(1, 1000);
    sys.store(shared(), number(&arguments, 3, 20)).await;
    sys.store(shared() + 8, number(&arguments, 4, u64::MAX)).await;
    if arguments.get(1).is_some_and(|how| how == "threads") {
        by_threads(&sys, workers).await
    } else {
        by_processes(&sys, workers).await
    }
}

pub(super) fn image() -> RustImage {
    RustImage::new("workers", main).function(work)
}
