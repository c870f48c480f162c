//! `blink [WORK_US [REST_US [TIMES]]]`: works a little, sleeps a little, as an editor or a server does.

use super::number;
use crate::sys::{RustImage, Sys};
use oscope_kernel::base::Duration;

async fn main(sys: Sys) -> u64 {
    let arguments = sys.arguments().await;
    let work = Duration::micros(number(&arguments, 1, 500));
    let rest = Duration::micros(number(&arguments, 2, 4_000));
    for _ in 0..number(&arguments, 3, 20) {
        sys.compute(work).await;
        let _ = sys.sleep(rest).await;
    }
    0
}

pub(super) fn image() -> RustImage {
    RustImage::new("blink", main)
}
