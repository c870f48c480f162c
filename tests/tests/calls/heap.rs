//! malloc(3) and free(3) over brk(2) and mmap(2), under every fit, by one thread and by several.

use super::{said, say};
use oscope_kernel::base::Rng;
use oscope_kernel::mm::block::Fit;
use oscope_userland::sys::malloc::{Heap, MMAP_THRESHOLD};
use oscope_userland::sys::{RustImage, Sys};

/// Where the address of the heap is kept for other threads: the image's data.
const HEAP: u64 = 0x1_4000;

/// Takes and gives back at random; every block keeps what was written to its first and last word.
async fn churn(sys: &Sys, heap: Heap, seed: u64, rounds: u64) -> usize {
    let mut rng = Rng::new(seed);
    let mut held: Vec<(u64, u64)> = Vec::new();
    let mut wrong = 0;
    for n in 0..rounds {
        if held.is_empty() || rng.below(5) < 3 {
            let size = 16 + rng.below(2000);
            let at = heap.malloc(sys, size).await.expect("memory");
            sys.store(at, seed << 32 | n).await;
            sys.store(at + size.next_multiple_of(16) - 8, seed << 32 | n).await;
            held.push((at, size));
        } else {
            let (at, size) = held.swap_remove(rng.below(held.len() as u64) as usize);
            let words = (sys.load(at).await, sys.load(at + size.next_multiple_of(16) - 8).await);
            wrong += usize::from(words.0 != words.1 || words.0 >> 32 != seed);
            heap.free(sys, at).await.expect("it is mine");
        }
    }
    for (at, _) in held {
        heap.free(sys, at).await.expect("it is mine");
    }
    wrong
}

#[test]
fn blocks_keep_what_is_written_and_holes_grow_together() {
    for fit in [Fit::First, Fit::Best, Fit::Worst, Fit::Next] {
        let image = RustImage::new("main", move |sys: Sys| async move {
            let heap = Heap::new(&sys, fit).await.expect("a heap");
            let wrong = churn(&sys, heap, 7, 300).await;
            let holes = heap.holes(&sys).await.expect("a list").len();
            say(&sys, format!("{wrong} wrong, {holes} hole")).await;
            0
        });
        assert_eq!(said(image), "0 wrong, 1 hole", "{fit:?}");
    }
}

#[test]
fn threads_share_a_heap() {
    let image = RustImage::new("main", |sys: Sys| async move {
        let heap = Heap::new(&sys, Fit::Best).await.expect("a heap");
        sys.store(HEAP, heap.address).await;
        let mut done = Vec::new();
        for n in 1..4 {
            done.push(sys.spawn(0, n).await.expect("a thread").1);
        }
        for word in done {
            sys.join(word).await;
        }
        let holes = heap.holes(&sys).await.expect("a list").len();
        say(&sys, format!("{} wrong, {holes} hole", sys.load(HEAP + 8).await)).await;
        0
    })
    .function(|sys: Sys, n| async move {
        let heap = Heap { address: sys.load(HEAP).await };
        let wrong = churn(&sys, heap, n, 100).await;
        sys.fetch_add(HEAP + 8, wrong as u64).await;
        0
    });
    assert_eq!(said(image), "0 wrong, 1 hole");
}

#[test]
fn what_is_no_block_cannot_be_given_back() {
    let image = RustImage::new("main", |sys: Sys| async move {
        let heap = Heap::new(&sys, Fit::First).await.expect("a heap");
        let (a, b) = (heap.malloc(&sys, 40).await, heap.malloc(&sys, 0).await);
        let (a, b) = (a.expect("memory"), b.expect("memory"));
        let mut words = vec![format!("{}", b - a)];
        for address in [0, a + 16, a + 1, a, a] {
            let freed = heap.free(&sys, address).await;
            words.push(freed.map_or_else(|error| format!("{error:?}"), |()| "ok".to_owned()));
        }
        let too_much = heap.malloc(&sys, u64::MAX - 40).await;
        words.push(format!("{too_much:?}"));
        say(&sys, words.join(" ")).await;
        0
    });
    assert_eq!(said(image), "64 ok EINVAL EINVAL ok EINVAL Err(ENOMEM)");
}

#[test]
fn large_blocks_are_mappings_and_a_heap_that_was_written_over_is_found_out() {
    let image = RustImage::new("main", |sys: Sys| async move {
        let heap = Heap::new(&sys, Fit::First).await.expect("a heap");
        let end = sys.brk(0).await;
        let large = heap.malloc(&sys, MMAP_THRESHOLD).await.expect("memory");
        let is_mapping = large > end && sys.brk(0).await == end;
        heap.free(&sys, large).await.expect("it is mine");
        let a = heap.malloc(&sys, 32).await.expect("memory");
        // One word too far: the header of the hole behind it.
        sys.store(a + 32, u64::MAX).await;
        say(&sys, format!("{is_mapping} {:?}", heap.malloc(&sys, 32).await)).await;
        0
    });
    assert_eq!(said(image), "true Err(EINVAL)");
}
