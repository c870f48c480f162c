//! Random programs of fork, mmap, stores, unmapping, protecting, moving and ending, against a simple model: what each page of
//! each process holds.

use super::{
    ANONYMOUS, FIXED, NO_FD, PAGE, PRIVATE, R, RW, SHARED, call3, mmap, say, status_of_child,
};
use oscope_kernel::abi::nr;
use oscope_kernel::base::{Duration, Rng};
use oscope_kernel::hw::Timing;
use oscope_kernel::hw::disk::Medium;
use oscope_kernel::machine::{DiskConfig, Why};
use oscope_tests::{boot, config, run_for, shown};
use oscope_userland::sys::{RustImage, Sys};
use std::collections::BTreeMap;
use std::pin::Pin;

/// Where it all happens: 48 pages, over the border between two page tables.
const BASE: u64 = 0x4020_0000 - 24 * PAGE;
const PAGES: u64 = 48;

/// What a page of a process is in the model.
#[derive(Clone, Copy)]
struct Page {
    value: u64,
    writable: bool,
    shared: bool,
}

/// A process in the model. Shared pages are compared with what the memory says by whoever wrote last: nobody runs meanwhile.
type Model = BTreeMap<u64, Page>;

fn range(rng: &mut Rng) -> (u64, u64) {
    let from = rng.below(PAGES);
    (from, (from + 1 + rng.below(8)).min(PAGES))
}

/// Some random steps; children run to their end before the parent goes on. Returns how often memory and model differed.
fn live(
    sys: Sys,
    mut rng: Rng,
    mut model: Model,
    depth: u32,
) -> Pin<Box<dyn Future<Output = u64>>> {
    Box::pin(async move {
        let mut wrong = 0;
        for step in 0..60 {
            let (from, to) = range(&mut rng);
            let (start, length) = (BASE + from * PAGE, (to - from) * PAGE);
            match rng.below(12) {
                0..4 => {
                    for n in from..to {
                        if let Some(page) = model.get_mut(&n).filter(|page| page.writable) {
                            page.value = rng.below(1 << 40);
                            sys.store(BASE + n * PAGE, page.value).await;
                        }
                    }
                }
                4..6 => {
                    let shared = rng.below(3) == 0;
                    let kind = if shared { SHARED } else { PRIVATE };
                    let flags = kind | ANONYMOUS | FIXED;
                    wrong +=
                        u64::from(mmap(&sys, [start, length, RW, flags, NO_FD, 0]).await.is_err());
                    for n in from..to {
                        model.insert(n, Page { value: 0, writable: true, shared });
                    }
                }
                6 => {
                    wrong += u64::from(call3(&sys, nr::MUNMAP, start, length, 0).await.is_err());
                    model.retain(|&n, _| n < from || n >= to);
                }
                7 => {
                    let writable = rng.below(2) == 0;
                    let rights = if writable { RW } else { R };
                    let covered = (from..to).take_while(|n| model.contains_key(n)).count() as u64;
                    let _ = call3(&sys, nr::MPROTECT, start, length, rights).await;
                    for n in from..from + covered {
                        if let Some(page) = model.get_mut(&n) {
                            page.writable = writable;
                        }
                    }
                }
                8 => {
                    // To the very end and back, page by page: the pages go along.
                    let far = BASE + 4096 * PAGE;
                    if model.contains_key(&from) {
                        let moved = sys.call(nr::MREMAP, [start, PAGE, PAGE, 3, far, 0]).await;
                        let back = sys.call(nr::MREMAP, [far, PAGE, PAGE, 3, start, 0]).await;
                        wrong += u64::from(moved.is_err() || back.is_err());
                    }
                }
                9 => {
                    let _ = call3(&sys, nr::MADVISE, start, length, 4).await;
                    for n in from..to {
                        if let Some(page) = model.get_mut(&n).filter(|page| !page.shared) {
                            page.value = 0;
                        }
                    }
                }
                _ if depth < 3 && step % 3 == 0 => {
                    let seed = rng.below(1 << 30);
                    let Ok(child) = sys.fork().await else { continue };
                    if child == 0 {
                        let wrong =
                            live(sys.clone(), Rng::new(seed), model.clone(), depth + 1).await;
                        sys.exit(wrong.min(255)).await;
                    }
                    wrong += u64::from(status_of_child(&sys, child).await != 0);
                    // The child may have written to what both see.
                    for (n, page) in model.iter_mut().filter(|(_, page)| page.shared) {
                        page.value = sys.load(BASE + n * PAGE).await;
                    }
                }
                _ => {}
            }
            for (n, page) in &model {
                wrong += u64::from(sys.load(BASE + n * PAGE).await != page.value);
            }
        }
        wrong
    })
}

#[test]
fn memory_is_what_a_simple_model_says() {
    for seed in 0..12 {
        let image = RustImage::new("main", move |sys: Sys| async move {
            let wrong = live(sys.clone(), Rng::new(seed), Model::new(), 0).await;
            say(&sys, format!("{wrong} wrong")).await;
            0
        });
        let mut config = config(vec![image]);
        config.check_parks = true;
        if seed % 2 == 1 {
            // So little memory that pages come and go all the time.
            config.frames = 128;
            let timing = Timing { fixed: Duration::micros(50), per_kib: Duration::ZERO };
            config.swap = Some(DiskConfig::new(Medium::new(2048), timing));
        }
        let mut machine = boot(config);
        for _ in 0..30 {
            assert_eq!(run_for(&mut machine, Duration::millis(100)), Why::Time, "seed {seed}");
        }
        assert_eq!(shown(&machine), "0 wrong", "seed {seed}");
    }
}
