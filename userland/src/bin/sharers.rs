//! `sharers [THREADS [ROUNDS]]`: threads that share all memory put words into one list on one heap, each from its own
//! stack. Then one of them writes over what the others wrote, and nobody stops it. The exit code is how many
//! words were not what their thread had written.

use super::number;
use crate::sys::malloc::Heap;
use crate::sys::sync::Mutex;
use crate::sys::{RustImage, Sys};
use oscope_kernel::base::Duration;
use oscope_kernel::mm::block::Fit;

/// Words of the data: the heap's address, a lock, the head of the list, how many rounds.
fn data() -> u64 {
    image().data_address()
}

const HEAP: u64 = 0;
const LOCK: u64 = 8;
const HEAD: u64 = 16;
const ROUNDS: u64 = 24;

/// A node of the list: the next one, who wrote it, and the word.
const NODE: u64 = 1200;

async fn share(sys: Sys, me: u64) -> u64 {
    let heap = Heap { address: sys.load(data() + HEAP).await };
    for round in 0..sys.load(data() + ROUNDS).await {
        sys.compute(Duration::millis(1)).await;
        // The thread's own stack: in the same space, and meant for nobody else.
        sys.store(sys.scratch(), round).await;
        let Ok(node) = heap.malloc(&sys, NODE).await else { return 1 };
        sys.store(node + 8, me).await;
        sys.store(node + 16, me * 100).await;
        Mutex::at(data() + LOCK).lock(&sys).await;
        sys.store(node, sys.load(data() + HEAD).await).await;
        sys.store(data() + HEAD, node).await;
        Mutex::at(data() + LOCK).unlock(&sys).await;
    }
    if me == 1 {
        // A stray pointer: it belongs to another thread, and the hardware does not know.
        let node = sys.load(data() + HEAD).await;
        sys.store(node + 16, 666).await;
    }
    0
}

async fn main(sys: Sys) -> u64 {
    let arguments = sys.arguments().await;
    let threads = number(&arguments, 1, 3).clamp(1, 32);
    let Ok(heap) = Heap::new(&sys, Fit::First).await else { return 255 };
    sys.store(data() + HEAP, heap.address).await;
    sys.store(data() + ROUNDS, number(&arguments, 2, 6).min(1000)).await;
    let mut running = Vec::new();
    for me in 1..=threads {
        match sys.spawn(0, me).await {
            Ok((_, done)) => running.push(done),
            Err(_) => return 255,
        }
    }
    for done in running {
        sys.join(done).await;
    }
    let (mut node, mut wrong) = (sys.load(data() + HEAD).await, 0u64);
    while node != 0 {
        let (who, word) = (sys.load(node + 8).await, sys.load(node + 16).await);
        wrong += u64::from(word != who * 100);
        node = sys.load(node).await;
    }
    wrong.min(100)
}

pub(super) fn image() -> RustImage {
    RustImage::new("sharers", main).function(share)
}
