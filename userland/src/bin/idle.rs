//! `init`: sleeps, and collects children that nobody else will.

use crate::sys::{RustImage, Sys};
use oscope_kernel::base::Duration;

async fn collect(sys: Sys, (): ()) -> u64 {
    if sys.wait(-1).await.is_err() {
        let _ = sys.sleep(Duration::seconds(1)).await;
    }
    sys.rebase((), collect).await
}

async fn main(sys: Sys) -> u64 {
    collect(sys, ()).await
}

pub(super) fn image() -> RustImage {
    RustImage::new("init", main)
}
