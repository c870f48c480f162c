//! `hungry [PAGES [ROUNDS]]`: takes so many pages of memory and writes to each of them, in so many rounds. With less RAM
//! than pages, every round brings back from the swap area what the one before has driven out; without a swap
//! area, the machine runs out of memory. The exit code is 0 if every page still holds what was written to it.

use super::number;
use crate::sys::{RustImage, Sys};
use oscope_kernel::base::Duration;

const PAGE: u64 = 4096;

async fn main(sys: Sys) -> u64 {
    let arguments = sys.arguments().await;
    let pages = number(&arguments, 1, 100).clamp(1, 1 << 20);
    let rounds = number(&arguments, 2, 3).min(1000);
    let base = match sys.mmap(pages * PAGE).await {
        Ok(base) => base,
        Err(errno) => {
            let text = format!("hungry: {pages} pages: {}\n", errno.message());
            let _ = sys.write(2, text.as_bytes()).await;
            return 255;
        }
    };
    let mut wrong = 0u64;
    for round in 0..rounds {
        for n in 0..pages {
            let at = base + n * PAGE;
            let before = if round == 0 { 0 } else { n << 32 | (round - 1) };
            wrong += u64::from(sys.load(at).await != before);
            sys.store(at, n << 32 | round).await;
            sys.compute(Duration::micros(20)).await;
        }
    }
    wrong.min(100)
}

pub(super) fn image() -> RustImage {
    RustImage::new("hungry", main)
}
