//! A panic of a program is its own affair: it ends that program, and prints nothing on the host.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

static HOOK: Once = Once::new();

/// Runs a piece of a program; `None` if it panicked.
#[inline]
pub(super) fn catch<R>(run: impl FnOnce() -> R) -> Option<R> {
    HOOK.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !INSIDE.get() {
                previous(info);
            }
        }));
    });
    // Programs run inside programs: a guest's, while its host polls nothing but itself.
    let outer = INSIDE.replace(true);
    // Unwind safety: a program that panicked is never polled again, and shares nothing but its port.
    let result = catch_unwind(AssertUnwindSafe(run));
    INSIDE.set(outer);
    result.ok()
}
