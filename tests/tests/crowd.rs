//! A hundred thousand threads. Alone in its process, because it looks at the host's memory.

use oscope_tests::resident;
use oscope_userland::bench::{Emulated, MEMORY_PER_THREAD};

#[test]
fn a_hundred_thousand_threads_fit_into_a_gibibyte() {
    let mut crowd = Emulated::new(&MEMORY_PER_THREAD, |_| ()).expect("it boots");
    let before = resident();
    let threads = crowd.stretch().expect("they are made");
    let after = resident();
    let there = crowd.machine().tables().proc.threads.iter().count();
    assert!(there as u64 > threads && threads == 100_000, "{there} of {threads}");
    let grown = after.saturating_sub(before);
    println!("{} bytes per thread, its page of stack included", grown * 1024 / threads);
    assert!(grown < 1 << 20, "{grown} KiB for {threads} threads");
}
