//! `splitter [PAGES]`: a process writes to so many pages and forks. Both see the same frames then, until one of them
//! writes: the child to every second page, one by one, then the parent to every fourth. The exit code is 0 if
//! neither sees what the other has written.

use super::number;
use crate::sys::{RustImage, Sys};
use oscope_kernel::base::Duration;

const PAGE: u64 = 4096;

/// How long it is from one page to the next, so that somebody can watch.
const PAUSE: Duration = Duration::micros(500);

/// Writes to every `step`th page.
async fn write(sys: &Sys, (base, pages, step): (u64, u64, usize), word: u64) {
    for n in (0..pages).step_by(step) {
        sys.compute(PAUSE).await;
        sys.store(base + n * PAGE, word + n).await;
    }
}

/// How many pages do not hold what was written here: `word` in every `step`th, 1000 in the others.
async fn wrong(sys: &Sys, (base, pages, step): (u64, u64, usize), word: u64) -> u64 {
    let mut wrong = 0;
    for n in 0..pages {
        let mine = if n % step as u64 == 0 { word } else { 1000 };
        wrong += u64::from(sys.load(base + n * PAGE).await != mine + n);
    }
    wrong
}

async fn main(sys: Sys) -> u64 {
    let arguments = sys.arguments().await;
    let pages = number(&arguments, 1, 12).clamp(1, 4096);
    let Ok(base) = sys.mmap(pages * PAGE).await else { return 255 };
    for n in 0..pages {
        sys.store(base + n * PAGE, 1000 + n).await;
    }
    match sys.fork().await {
        Ok(0) => {
            write(&sys, (base, pages, 2), 2000).await;
            let wrong = wrong(&sys, (base, pages, 2), 2000).await;
            let _ = sys.sleep(PAUSE * (pages * 2)).await;
            sys.exit(wrong.min(100)).await
        }
        Ok(_) => {
            let _ = sys.sleep(PAUSE * pages).await;
            write(&sys, (base, pages, 4), 3000).await;
            let wrong = wrong(&sys, (base, pages, 4), 3000).await;
            match sys.wait(-1).await {
                Ok((_, 0)) => wrong.min(100),
                _ => 255,
            }
        }
        Err(_) => 255,
    }
}

pub(super) fn image() -> RustImage {
    RustImage::new("splitter", main)
}
