//! `hog [MS [TIMES]]`: uses the CPU for MS milliseconds, TIMES times, and tells nobody.

use super::number;
use crate::sys::{RustImage, Sys};
use oscope_kernel::base::Duration;

async fn main(sys: Sys) -> u64 {
    let arguments = sys.arguments().await;
    let length = Duration::millis(number(&arguments, 1, 50));
    for _ in 0..number(&arguments, 2, 1) {
        sys.compute(length).await;
        sys.getpid().await;
    }
    0
}

pub(super) fn image() -> RustImage {
    RustImage::new("hog", main)
}
