//! `pages`: touches a page here and a page there, near and far: in the same table, in the next one, a gibibyte
//! away. Each time the way to the new page needs no, one or two more page tables.

use crate::sys::{RustImage, Sys};
use oscope_kernel::abi::nr;
use oscope_kernel::base::Duration;

/// Distances from one address to the next: a page, a table of the lowest level, one of the middle level.
const STEPS: [(u64, &str); 4] = [
    (0, "the first page"),
    (1 << 12, "the next page: the same table"),
    (1 << 21, "2 MiB further: one table more"),
    (1 << 30, "1 GiB further: two tables more"),
];

/// Where it begins: nothing else is there.
const BASE: u64 = 0x10_0000_0000;

async fn main(sys: Sys) -> u64 {
    for (distance, what) in STEPS {
        let address = BASE + distance;
        // PROT_READ | PROT_WRITE; MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE
        let wanted = [address, 4096, 3, 0x10_0022, u64::MAX, 0];
        if sys.call(nr::MMAP, wanted).await != Ok(address) {
            return 1;
        }
        let _ = sys.sleep(Duration::millis(1)).await;
        sys.store(address + 0x2a8, distance).await;
        let _ = sys.write(1, format!("{address:#x} {what}\n").as_bytes()).await;
    }
    let _ = sys.sleep(Duration::millis(5)).await;
    0
}

pub(super) fn image() -> RustImage {
    RustImage::new("pages", main)
}
