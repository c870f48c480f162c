//! `counter [THREADS [TIMES]]`: threads that add to one counter by loading, adding, storing. Updates get
//! lost. The exit code is 0 if none was, else 1; the counter's last value goes to standard output.

use super::number;
use crate::sys::{RustImage, Sys};

/// Where the counter lies: the first word of the data.
fn counter() -> u64 {
    RustImage::new("", |_| async { 0 }).data_address()
}

async fn add(sys: Sys, times: u64) -> u64 {
    let at = counter();
    for _ in 0..times {
        let n = sys.load(at).await;
        sys.store(at, n + 1).await;
    }
    0
}

async fn main(sys: Sys) -> u64 {
    let arguments = sys.arguments().await;
    let (threads, times) = (number(&arguments, 1, 2), number(&arguments, 2, 100));
    let mut running = Vec::new();
    for _ in 0..threads {
        match sys.spawn(0, times).await {
            Ok((_, done)) => running.push(done),
            Err(_) => return 2,
        }
    }
    for done in &running {
        sys.join(*done).await;
    }
    let total = sys.load(counter()).await;
    let _ = sys.write(1, format!("{total} of {}\n", threads * times).as_bytes()).await;
    u64::from(total != threads * times)
}

pub(super) fn image() -> RustImage {
    RustImage::new("counter", main).function(add)
}
