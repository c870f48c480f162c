//! `rows [SERVER [REQUESTS]]`: a server process of a database. All of them attach one area of System V shared memory, where
//! rows lie under a lock, as Oracle's and PostgreSQL's processes do; each keeps what it works with in memory of its
//! own. Server 1 makes the area. The exit code is 0 if no update was lost.

use super::number;
use crate::sys::sync::Mutex;
use crate::sys::{RustImage, Sys};
use oscope_kernel::abi::nr;
use oscope_kernel::base::Duration;

const PAGE: u64 = 4096;

/// The area's name among all of System V's, and how large it is.
const KEY: u64 = 0x707;
const AREA: u64 = 16 * PAGE;

/// How much memory of its own a server works in.
const PRIVATE: u64 = 7 * PAGE;

/// `IPC_CREAT` and `0600`.
const CREATE: u64 = 0o1600;

/// The area: a lock, how many updates there were, and rows from the second page on.
const LOCK: u64 = 0;
const UPDATES: u64 = 64;
const ROWS: u64 = PAGE;

async fn main(sys: Sys) -> u64 {
    let arguments = sys.arguments().await;
    let (me, requests) = (number(&arguments, 1, 1), number(&arguments, 2, 8).min(10_000));
    let Ok(id) = sys.call(nr::SHMGET, [KEY, AREA, CREATE, 0, 0, 0]).await else { return 254 };
    let Ok(area) = sys.call(nr::SHMAT, [id, 0, 0, 0, 0, 0]).await else { return 253 };
    let Ok(own) = sys.mmap(PRIVATE).await else { return 255 };
    let lock = Mutex::shared_at(area + LOCK);
    let rows = (AREA - ROWS) / PAGE;
    for n in 0..requests {
        // What was asked, and the plan: nobody else's business.
        sys.store(own + n % (PRIVATE / PAGE) * PAGE, me << 32 | n).await;
        sys.compute(Duration::micros(700)).await;
        lock.lock(&sys).await;
        let row = area + ROWS + (me * 3 + n) % rows * PAGE;
        let old = sys.load(row).await;
        sys.compute(Duration::micros(300)).await;
        sys.store(row, old + 1).await;
        let updates = sys.load(area + UPDATES).await;
        sys.store(area + UPDATES, updates + 1).await;
        lock.unlock(&sys).await;
        let _ = sys.sleep(Duration::micros(500)).await;
    }
    let (mut sum, updates) = (0, sys.load(area + UPDATES).await);
    lock.lock(&sys).await;
    for n in 0..rows {
        sum += sys.load(area + ROWS + n * PAGE).await;
    }
    let is_right = sum == sys.load(area + UPDATES).await && updates >= requests;
    lock.unlock(&sys).await;
    // Whoever comes back later finds the area still there.
    let _ = sys.sleep(Duration::millis(10)).await;
    u64::from(!is_right)
}

pub(super) fn image() -> RustImage {
    RustImage::new("rows", main)
}
