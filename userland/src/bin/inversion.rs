//! `inversion [plain|inherit]`: three threads of SCHED_FIFO and one lock. The least urgent holds the lock when the most
//! urgent wants it; the one in between wants nothing but the CPU. With a plain lock the most urgent waits for both
//! (as on Mars Pathfinder, 1997); with one that lends priority only for the end of the least urgent's turn.

use crate::sys::sync::Mutex;
use crate::sys::{RustImage, Sys};
use oscope_kernel::abi::flags::process::sched;
use oscope_kernel::base::Duration;

/// The lock, at the beginning of the data; in the next word whether it lends.
fn lock() -> u64 {
    image().data_address()
}

/// Who a thread is: its priority, when it begins, how long it works, and for how much of that it needs the lock.
const LOW: [u64; 4] = [10, 1, 12, 10];
const MIDDLE: [u64; 4] = [20, 5, 30, 0];
const HIGH: [u64; 4] = [30, 3, 4, 3];

async fn take(sys: &Sys) {
    if sys.load32(lock() + 8).await == 1 {
        let _ = sys.lock_pi(lock()).await;
    } else {
        Mutex::at(lock()).lock(sys).await;
    }
}

async fn give(sys: &Sys) {
    if sys.load32(lock() + 8).await == 1 {
        let _ = sys.unlock_pi(lock()).await;
    } else {
        Mutex::at(lock()).unlock(sys).await;
    }
}

async fn thread(sys: Sys, who: u64) -> u64 {
    let [priority, begins, works, locked] = [LOW, MIDDLE, HIGH][who as usize % 3];
    let _ = sys.sched_setscheduler(0, sched::FIFO, priority as u32).await;
    let _ = sys.sleep(Duration::millis(begins)).await;
    if locked > 0 {
        take(&sys).await;
        sys.compute(Duration::millis(locked)).await;
        give(&sys).await;
    }
    sys.compute(Duration::millis(works - locked)).await;
    0
}

async fn main(sys: Sys) -> u64 {
    let arguments = sys.arguments().await;
    let inherits = arguments.get(1).is_some_and(|how| how == "inherit");
    sys.store32(lock() + 8, u32::from(inherits)).await;
    let mut running = Vec::new();
    for who in 0..3 {
        match sys.spawn(0, who).await {
            Ok((_, done)) => running.push(done),
            Err(_) => return 1,
        }
    }
    for done in running {
        sys.join(done).await;
    }
    0
}

pub(super) fn image() -> RustImage {
    RustImage::new("inversion", main).function(thread)
}
