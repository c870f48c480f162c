//! `churn [first|best|worst|next [ROUNDS]]`: takes blocks of many sizes from a heap and gives them back in another order,
//! until the heap is full of holes. Prints how many holes there are, how much is in them, the largest one, and how many
//! were looked at in all.

use super::number;
use crate::sys::malloc::Heap;
use crate::sys::{RustImage, Sys};
use oscope_kernel::base::Duration;
use oscope_kernel::mm::block::Fit;

/// The next number of a sequence that looks like chance and is none (Numerical Recipes' generator).
fn next(state: u64) -> u64 {
    state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223) & 0xffff_ffff
}

/// Small blocks mostly, and now and then a large one, as programs ask for them.
fn size(number: u64) -> u64 {
    let small = 16 + (number >> 8) % 200;
    if number >> 4 & 7 == 0 { small * 24 } else { small }
}

async fn main(sys: Sys) -> u64 {
    let arguments = sys.arguments().await;
    let name = arguments.get(1).map_or("first", String::as_str);
    let Some(fit) = Fit::by_name(name) else { return 2 };
    let rounds = number(&arguments, 2, 600).min(100_000);
    let Ok(heap) = Heap::new(&sys, fit).await else { return 255 };
    let (mut state, mut held): (u64, Vec<u64>) = (42, Vec::new());
    for round in 0..rounds {
        state = next(state);
        // More and more until half-way, then about as many as come.
        let grows = round < rounds / 2 && state >> 12 & 3 != 0;
        if held.is_empty() || grows || state >> 12 & 1 == 0 {
            match heap.malloc(&sys, size(state)).await {
                Ok(block) => held.push(block),
                Err(_) => return 1,
            }
        } else {
            let block = held.swap_remove((state >> 16) as usize % held.len());
            if heap.free(&sys, block).await.is_err() {
                return 3;
            }
        }
        sys.compute(Duration::micros(20)).await;
    }
    let Ok(holes) = heap.holes(&sys).await else { return 3 };
    let free: u64 = holes.iter().map(|(_, size)| size).sum();
    let largest = holes.iter().map(|(_, size)| *size).max().unwrap_or(0);
    let searched = heap.searched(&sys).await;
    let text = format!(
        "{name:<6} {} holes, {free} bytes free, the largest {largest}, {searched} looked at\n",
        holes.len()
    );
    let _ = sys.write(1, text.as_bytes()).await;
    0
}

pub(super) fn image() -> RustImage {
    RustImage::new("churn", main)
}
