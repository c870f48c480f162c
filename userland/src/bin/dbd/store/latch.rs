//! A latch for many readers or one writer, on a futex: two words of 4 bytes, the state and how many wait.

use crate::sys::Sys;

/// The state when a writer has it; otherwise it is the number of readers.
const WRITER: u32 = u32::MAX;

/// The latch at an address that several processes share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Latch(pub(crate) u64);

impl Latch {
    /// Takes it together with other readers.
    pub(crate) async fn read(self, sys: &Sys) {
        let mut state = sys.load32(self.0).await;
        loop {
            if state == WRITER {
                self.sleep(sys, state).await;
                state = sys.load32(self.0).await;
                continue;
            }
            let found = sys.compare_exchange32(self.0, state, state + 1).await;
            if found == state {
                return;
            }
            state = found;
        }
    }

    /// Takes it alone.
    pub(crate) async fn write(self, sys: &Sys) {
        loop {
            let state = sys.compare_exchange32(self.0, 0, WRITER).await;
            if state == 0 {
                return;
            }
            self.sleep(sys, state).await;
        }
    }

    /// Lets go of it.
    pub(crate) async fn release(self, sys: &Sys) {
        if sys.compare_exchange32(self.0, WRITER, 0).await != WRITER {
            sys.fetch_add32(self.0, u32::MAX).await;
        }
        if sys.load32(self.0 + 4).await > 0 {
            let _ = sys.futex_wake_shared(self.0, i32::MAX as u32).await;
        }
    }

    /// Waits until the state is no longer this one. Whoever lets go changes the state before it looks for sleepers, so
    /// none is missed.
    async fn sleep(self, sys: &Sys, state: u32) {
        sys.fetch_add32(self.0 + 4, 1).await;
        let _ = sys.futex_wait_shared(self.0, state).await;
        sys.fetch_add32(self.0 + 4, u32::MAX).await;
    }
}
