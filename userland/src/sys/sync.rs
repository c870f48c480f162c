//! Synchronisation on futexes: [`Mutex`], [`Condvar`], [`Semaphore`], [`Barrier`].
//!
//! Each is a few words in emulated memory, where all threads that share the memory, the kernel, and whoever
//! looks at a picture of memory can see them. A value of these types is only the address: it is copied to
//! every thread. Memory of zeroes is an open mutex, a condition that nobody waits for, an empty semaphore.
//!
//! A typical sequence: a thread takes a free mutex with one atomic operation, without entering the kernel.
//! A second one finds it taken, marks it as waited for, and sleeps with FUTEX_WAIT. The first one, letting
//! go, sees the mark and wakes one sleeper with FUTEX_WAKE.
//!
//! Sources: U. Drepper, "Futexes are tricky" (2011), its third mutex, with three states; the condition
//! variable with a sequence number from the same place and from musl; the barrier with a generation from
//! Downey, "The Little Book of Semaphores" (2016), section 3.6.

use super::{Result, Sys};
use oscope_kernel::abi::Errno;
use oscope_kernel::base::Duration;

/// A mutex's word: nobody has it.
const FREE: u32 = 0;
/// Somebody has it, and nobody waits.
const TAKEN: u32 = 1;
/// Somebody has it, and somebody may wait.
const CONTENDED: u32 = 2;

/// A lock that one thread has at a time: a word of 4 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mutex {
    /// Where the word lies.
    pub address: u64,
    /// Whether other processes see the word too.
    is_shared: bool,
}

impl Mutex {
    /// Bytes of memory that it takes.
    pub const SIZE: u64 = 4;

    /// The mutex at an address, as it stands there.
    #[must_use]
    pub const fn at(address: u64) -> Self {
        Self { address, is_shared: false }
    }

    /// A mutex in memory that several processes share (PTHREAD_PROCESS_SHARED). The kernel must look for who waits by
    /// the frame and not by the address then, which takes a little longer.
    #[must_use]
    pub const fn shared_at(address: u64) -> Self {
        Self { address, is_shared: true }
    }

    /// Takes it, if it is free. `true` if it was.
    pub async fn try_lock(self, sys: &Sys) -> bool {
        sys.compare_exchange32(self.address, FREE, TAKEN).await == FREE
    }

    /// Takes it; waits while somebody else has it.
    pub async fn lock(self, sys: &Sys) {
        let mut state = sys.compare_exchange32(self.address, FREE, TAKEN).await;
        if state == FREE {
            return;
        }
        if state != CONTENDED {
            state = sys.swap32(self.address, CONTENDED).await;
        }
        // Whoever has waited takes it as contended: there may be others, and one wake-up too many is only
        // slow, while one too few is for ever.
        while state != FREE {
            let _ = match self.is_shared {
                true => sys.futex_wait_shared(self.address, CONTENDED).await,
                false => sys.futex_wait(self.address, CONTENDED, None).await,
            };
            state = sys.swap32(self.address, CONTENDED).await;
        }
    }

    /// Lets go of it, and wakes one who waits.
    pub async fn unlock(self, sys: &Sys) {
        if sys.swap32(self.address, FREE).await == CONTENDED {
            let _ = match self.is_shared {
                true => sys.futex_wake_shared(self.address, 1).await,
                false => sys.futex_wake(self.address, 1).await,
            };
        }
    }
}

/// A condition that is waited for with a [`Mutex`] held: a word of 4 bytes, which counts signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Condvar {
    /// Where the word lies.
    pub address: u64,
}

impl Condvar {
    /// Bytes of memory that it takes.
    pub const SIZE: u64 = 4;

    /// The condition at an address, as it stands there.
    #[must_use]
    pub const fn at(address: u64) -> Self {
        Self { address }
    }

    /// Lets go of the mutex, waits for a signal, takes the mutex again. May return without a signal: look at
    /// the condition again, in a loop.
    pub async fn wait(self, sys: &Sys, mutex: Mutex) {
        let _ = self.wait_for(sys, mutex, None).await;
    }

    /// The same, for a limited time.
    ///
    /// # Errors
    /// `ETIMEDOUT`; the mutex is held again in any case.
    pub async fn wait_for(self, sys: &Sys, mutex: Mutex, timeout: Option<Duration>) -> Result<()> {
        // A signal between letting go and falling asleep changes the number, and the kernel refuses to sleep.
        let number = sys.load32(self.address).await;
        mutex.unlock(sys).await;
        let slept = sys.futex_wait(self.address, number, timeout).await;
        mutex.lock(sys).await;
        if slept == Err(Errno::ETIMEDOUT) { Err(Errno::ETIMEDOUT) } else { Ok(()) }
    }

    /// Wakes one who waits.
    pub async fn signal(self, sys: &Sys) {
        self.wake(sys, 1).await;
    }

    /// Wakes all who wait.
    pub async fn broadcast(self, sys: &Sys) {
        self.wake(sys, i32::MAX as u32).await;
    }

    async fn wake(self, sys: &Sys, count: u32) {
        sys.fetch_add32(self.address, 1).await;
        let _ = sys.futex_wake(self.address, count).await;
    }
}

/// A counting semaphore: two words of 4 bytes, the count and how many wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Semaphore {
    /// Where the words lie.
    pub address: u64,
}

impl Semaphore {
    /// Bytes of memory that it takes.
    pub const SIZE: u64 = 8;

    /// The semaphore at an address, as it stands there.
    #[must_use]
    pub const fn at(address: u64) -> Self {
        Self { address }
    }

    /// Makes one with a count.
    pub async fn new(sys: &Sys, address: u64, count: u32) -> Self {
        sys.store32(address, count).await;
        sys.store32(address + 4, 0).await;
        Self { address }
    }

    /// Takes one off the count if it is not zero. `true` if it was not.
    pub async fn try_wait(self, sys: &Sys) -> bool {
        let mut count = sys.load32(self.address).await;
        while count > 0 {
            let found = sys.compare_exchange32(self.address, count, count - 1).await;
            if found == count {
                return true;
            }
            count = found;
        }
        false
    }

    /// Takes one off the count; waits while it is zero (Dijkstra's P).
    pub async fn wait(self, sys: &Sys) {
        while !self.try_wait(sys).await {
            sys.fetch_add32(self.address + 4, 1).await;
            let _ = sys.futex_wait(self.address, 0, None).await;
            sys.fetch_add32(self.address + 4, u32::MAX).await;
        }
    }

    /// Adds one to the count, and wakes one who waits (Dijkstra's V).
    pub async fn post(self, sys: &Sys) {
        sys.fetch_add32(self.address, 1).await;
        if sys.load32(self.address + 4).await > 0 {
            let _ = sys.futex_wake(self.address, 1).await;
        }
    }
}

/// A place where a number of threads wait for each other: three words of 4 bytes, how many there are, how
/// many have come, and how often all have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Barrier {
    /// Where the words lie.
    pub address: u64,
}

impl Barrier {
    /// Bytes of memory that it takes.
    pub const SIZE: u64 = 12;

    /// The barrier at an address, as it stands there.
    #[must_use]
    pub const fn at(address: u64) -> Self {
        Self { address }
    }

    /// Makes one for so many threads.
    pub async fn new(sys: &Sys, address: u64, threads: u32) -> Self {
        sys.store32(address, threads).await;
        sys.store32(address + 4, 0).await;
        sys.store32(address + 8, 0).await;
        Self { address }
    }

    /// Waits until all have come. `true` for the last one, as PTHREAD_BARRIER_SERIAL_THREAD.
    pub async fn wait(self, sys: &Sys) -> bool {
        let (come, turn) = (self.address + 4, self.address + 8);
        let number = sys.load32(turn).await;
        let all = sys.load32(self.address).await;
        if sys.fetch_add32(come, 1).await + 1 == all {
            sys.store32(come, 0).await;
            sys.fetch_add32(turn, 1).await;
            let _ = sys.futex_wake(turn, i32::MAX as u32).await;
            return true;
        }
        while sys.load32(turn).await == number {
            let _ = sys.futex_wait(turn, number, None).await;
        }
        false
    }
}
