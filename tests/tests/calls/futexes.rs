//! futex(2) beyond waiting and waking, and what a thread leaves behind.

use super::{said, say};
use oscope_kernel::abi::flags::FutexOp;
use oscope_kernel::abi::{Errno, nr};
use oscope_kernel::base::Duration;
use oscope_userland::sys::{RustImage, Sys};

const WORD: u64 = 0x1_4000;
const OTHER: u64 = WORD + 8;

async fn futex(sys: &Sys, operation: u32, words: [u64; 5]) -> Result<u64, Errno> {
    let [address, value, timeout, second, third] = words;
    sys.call(nr::FUTEX, [address, u64::from(operation), value, timeout, second, third]).await
}

#[test]
fn a_wake_up_passes_over_those_who_wait_for_other_bits() {
    let image = RustImage::new("main", |sys: Sys| async move {
        let mut done = Vec::new();
        for bits in [1, 2, 4] {
            done.push(sys.spawn(0, bits).await.expect("a thread").1);
        }
        let _ = sys.sleep(Duration::millis(5)).await;
        for bits in [2, 5] {
            let woken = futex(&sys, FutexOp::WAKE_BITSET, [WORD, 9, 0, 0, bits]).await;
            say(&sys, format!("woke {woken:?} ")).await;
            let _ = sys.sleep(Duration::millis(1)).await;
        }
        let none = futex(&sys, FutexOp::WAKE_BITSET, [WORD, 9, 0, 0, 0]).await;
        say(&sys, format!("{none:?}")).await;
        0
    })
    .function(|sys: Sys, bits| async move {
        let _ = futex(&sys, FutexOp::WAIT_BITSET, [WORD, 0, 0, 0, bits]).await;
        say(&sys, format!("[{bits}] ")).await;
        0
    });
    assert_eq!(said(image), "woke Ok(1) [2] woke Ok(2) [1] [4] Err(EINVAL)");
}

#[test]
fn waiters_are_moved_to_another_word() {
    let image = RustImage::new("main", |sys: Sys| async move {
        for n in 0..4 {
            let _ = sys.spawn(0, n).await;
        }
        let _ = sys.sleep(Duration::millis(5)).await;
        let changed = futex(&sys, FutexOp::CMP_REQUEUE, [WORD, 1, 2, OTHER, 77]).await;
        let moved = futex(&sys, FutexOp::CMP_REQUEUE, [WORD, 1, 2, OTHER, 0]).await;
        let _ = sys.sleep(Duration::millis(1)).await;
        let here = sys.futex_wake(WORD, 9).await;
        let there = sys.futex_wake(OTHER, 9).await;
        let _ = sys.sleep(Duration::millis(1)).await;
        say(&sys, format!("{changed:?} {moved:?} {here:?} {there:?}")).await;
        0
    })
    .function(|sys: Sys, n| async move {
        let result = sys.futex_wait(WORD, 0, None).await;
        say(&sys, format!("{n}:{result:?} ")).await;
        0
    });
    assert_eq!(said(image), "0:Ok(0) 3:Ok(0) 1:Ok(0) 2:Ok(0) Err(EAGAIN) Ok(3) Ok(1) Ok(2)");
}

#[test]
fn a_word_is_changed_and_tested_while_waking() {
    let image = RustImage::new("main", |sys: Sys| async move {
        let _ = sys.spawn(0, WORD).await;
        let _ = sys.spawn(0, OTHER).await;
        let _ = sys.sleep(Duration::millis(5)).await;
        // Add 3 to the second word; wake there too if it was 0.
        let encoded = 1 << 28 | 3 << 12;
        let woken = futex(&sys, FutexOp::WAKE_OP, [WORD, 1, 1, OTHER, encoded]).await;
        let word = sys.load32(OTHER).await;
        let again = futex(&sys, FutexOp::WAKE_OP, [WORD, 1, 1, OTHER, encoded]).await;
        say(&sys, format!("{woken:?} {word} {again:?}")).await;
        0
    })
    .function(|sys: Sys, word| async move {
        let _ = sys.futex_wait(word, 0, None).await;
        0
    });
    assert_eq!(said(image), "Ok(2) 3 Ok(0)");
}

#[test]
fn a_thread_that_ends_leaves_its_robust_locks_marked_and_wakes_one_who_waits() {
    // The list's head lies at WORD + 64: its one entry at WORD + 128, the lock 16 bytes before that.
    const HEAD: u64 = WORD + 64;
    const ENTRY: u64 = WORD + 128;
    const LOCK: u64 = ENTRY - 16;
    let image = RustImage::new("main", |sys: Sys| async move {
        let (tid, _) = sys.spawn(0, 0).await.expect("a thread");
        let _ = sys.sleep(Duration::millis(2)).await;
        let held = sys.load32(LOCK).await;
        let waited = sys.futex_wait(LOCK, held, Some(Duration::millis(100))).await;
        let left = sys.load32(LOCK).await;
        let at = sys.now().await.0 / 1_000_000;
        let known = held == tid as u32 | 0x8000_0000;
        say(&sys, format!("{known} {waited:?} {left:#x} at {at} ms")).await;
        let size = sys.call(nr::SET_ROBUST_LIST, [HEAD, 25, 0, 0, 0, 0]).await;
        say(&sys, format!(" {size:?}")).await;
        0
    })
    .function(|sys: Sys, _| async move {
        let own = sys.gettid().await as u32;
        sys.store(HEAD, ENTRY).await;
        sys.store(HEAD + 8, 0u64.wrapping_sub(16)).await;
        sys.store(HEAD + 16, 0).await;
        sys.store(ENTRY, HEAD).await;
        // It holds the lock, and somebody waits.
        sys.store32(LOCK, own | 0x8000_0000).await;
        let _ = sys.call(nr::SET_ROBUST_LIST, [HEAD, 24, 0, 0, 0, 0]).await;
        let _ = sys.sleep(Duration::millis(10)).await;
        0
    });
    assert_eq!(said(image), "true Ok(0) 0xc0000000 at 10 ms Err(EINVAL)");
}
