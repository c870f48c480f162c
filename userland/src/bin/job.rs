//! `job LENGTH [IO_EVERY IO_TIME]`, in nanoseconds: a job as in a textbook: computes for so long, and after
//! every IO_EVERY of that waits for IO_TIME, but not at its end.

use super::number;
use crate::sys::{RustImage, Sys};
use oscope_kernel::abi::nr;
use oscope_kernel::base::Duration;

async fn main(sys: Sys) -> u64 {
    let arguments = sys.arguments().await;
    let mut left = number(&arguments, 1, 0);
    let every = number(&arguments, 2, 0);
    let io = number(&arguments, 3, 0);
    // The timespec lies ready, so that nothing comes between the end of computing and the wait: a store there
    // would have to wait for the next slice if this one is just over.
    let at = image().data_address();
    sys.store(at, io / 1_000_000_000).await;
    sys.store(at + 8, io % 1_000_000_000).await;
    while every > 0 && left > every {
        sys.compute(Duration::nanos(every)).await;
        left -= every;
        let _ = sys.call(nr::NANOSLEEP, [at, 0, 0, 0, 0, 0]).await;
    }
    sys.compute(Duration::nanos(left)).await;
    0
}

pub(super) fn image() -> RustImage {
    RustImage::new("job", main)
}
