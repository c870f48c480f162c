//! `family [DEPTH [CHILDREN]]`: forks children that fork children; each waits for its own.

use super::number;
use crate::sys::{RustImage, Sys};
use oscope_kernel::base::Duration;

async fn main(sys: Sys) -> u64 {
    let arguments = sys.arguments().await;
    let (depth, children) = (number(&arguments, 1, 2), number(&arguments, 2, 2));
    let mut generation = 0;
    while generation < depth {
        let mut mine = 0;
        let mut is_child = false;
        while mine < children && !is_child {
            match sys.fork().await {
                Ok(0) => is_child = true,
                Ok(_) => mine += 1,
                Err(_) => return 1,
            }
        }
        if !is_child {
            for _ in 0..mine {
                let _ = sys.wait(-1).await;
            }
            return 0;
        }
        generation += 1;
    }
    // The leaves do the work.
    sys.compute(Duration::millis(2)).await;
    0
}

pub(super) fn image() -> RustImage {
    RustImage::new("family", main)
}
