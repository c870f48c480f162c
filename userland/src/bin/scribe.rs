//! `scribe PATH [LINES]`: writes lines to a file, reads them back, and exits with 0 if they are the same.

use super::number;
use crate::sys::{RustImage, Sys};
use oscope_kernel::base::Duration;

/// O_RDWR | O_CREAT
const CREATE: u32 = 0o102;

async fn work(sys: &Sys) -> crate::sys::Result<bool> {
    let arguments = sys.arguments().await;
    let path = arguments.get(1).map_or("/notes", String::as_str);
    let file = sys.open(path, CREATE, 0o644).await?;
    let mut written = Vec::new();
    for n in 0..number(&arguments, 2, 200) {
        let line = format!("{path} line {n}\n");
        sys.write(file, line.as_bytes()).await?;
        written.extend_from_slice(line.as_bytes());
        sys.compute(Duration::micros(50)).await;
    }
    sys.close(file).await?;
    let file = sys.open(path, 0, 0).await?;
    let mut found = Vec::new();
    loop {
        let part = sys.read(file, 512).await?;
        if part.is_empty() {
            return Ok(found == written);
        }
        found.extend_from_slice(&part);
    }
}

async fn main(sys: Sys) -> u64 {
    match work(&sys).await {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(_) => 2,
    }
}

pub(super) fn image() -> RustImage {
    RustImage::new("scribe", main)
}
