//! System calls that do nothing, the clock, and threads that hand the CPU to each other.

use super::{Batch, Operation, repeat};
use crate::sys::{self, Child, check};
use std::hint::black_box;
use std::io;
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

pub(super) const NULL_SYSCALL: Operation = Operation {
    name: "null-syscall",
    about: "getpid(2), past libc",
    batch: 10_000,
    prepare: || Ok(Box::new(|n| Ok(null_calls(n)))),
};

fn null_calls(n: u32) -> Duration {
    let begun = Instant::now();
    for _ in 0..n {
        // SAFETY: getpid(2) has no arguments and no conditions.
        black_box(unsafe { libc::syscall(libc::SYS_getpid) });
    }
    begun.elapsed()
}

pub(super) const VDSO_CLOCK: Operation = Operation {
    name: "vdso-clock",
    about: "clock_gettime(CLOCK_MONOTONIC) through the vDSO",
    batch: 20_000,
    prepare: || {
        Ok(repeat(|| {
            let mut time = MaybeUninit::<libc::timespec>::zeroed();
            // SAFETY: `time` is a place for the structure.
            check(unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, time.as_mut_ptr()) })?;
            black_box(&time);
            Ok(())
        }))
    },
};

pub(super) const CONTEXT_SWITCH: Operation = Operation {
    name: "context-switch",
    about: "from one process to another: a sched_yield(2) that switches, less a getpid(2)",
    batch: 2_000,
    prepare: || Ok(Box::new(context_switch)),
};

fn yields(n: u32) -> Duration {
    let begun = Instant::now();
    for _ in 0..n {
        // SAFETY: sched_yield(2) has no arguments and no conditions.
        unsafe { libc::sched_yield() };
    }
    begun.elapsed()
}

/// lmbench sends a token through pipes and subtracts what the pipes cost. Yielding gives a smaller and purer
/// figure: nobody is put to sleep and nobody is woken; what is left is the scheduler's decision and the switch.
/// The kernel counts the switches, so that we cannot be mistaken about them.
fn context_switch(n: u32) -> io::Result<Duration> {
    let calls = null_calls(n);
    let partner = Child::new(|| {
        loop {
            yields(1_000);
        }
    })?;
    // Until the partner has begun.
    yields(100);
    let before = sys::preemptions()?;
    let both = yields(n);
    let switches = u32::try_from(sys::preemptions()? - before).unwrap_or(0);
    drop(partner);
    if switches < n / 2 {
        return Err(io::Error::other("sched_yield(2) does not switch here"));
    }
    // Away and back again: for each yield of ours that switches there is one of the partner's.
    let pair = both.mul_f64(f64::from(n) / f64::from(switches));
    Ok((pair / 2).saturating_sub(calls))
}

/// futex(2) on a word of this process.
fn futex(word: &AtomicU32, operation: libc::c_int, value: u32) {
    let timeout = std::ptr::null::<libc::timespec>();
    let operation = operation | libc::FUTEX_PRIVATE_FLAG;
    // SAFETY: the word outlives the call, and a null timeout means none. That the word has changed, or that a
    // signal came, is seen by whoever looks at the word again.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), operation, value, timeout) };
}

pub(super) const FUTEX_WAKE: Operation = Operation {
    name: "futex-wake",
    about: "a thread wakes another and waits for it: FUTEX_WAKE, switch, FUTEX_WAIT returns; half a round trip",
    batch: 500,
    prepare: || {
        let mut partner = Partner::start();
        Ok(Box::new(move |n| Ok(partner.rounds(n) / 2)))
    },
};

/// Whose turn it is: ours, the partner's, or nobody's any more.
const OURS: u32 = 0;
const THEIRS: u32 = 1;
const OVER: u32 = 2;

/// A thread that hands every turn back.
struct Partner {
    turn: Arc<AtomicU32>,
    thread: Option<JoinHandle<()>>,
}

impl Partner {
    fn start() -> Self {
        let turn = Arc::new(AtomicU32::new(OURS));
        let its = Arc::clone(&turn);
        let thread = thread::spawn(move || {
            loop {
                match its.load(Ordering::Acquire) {
                    OURS => futex(&its, libc::FUTEX_WAIT, OURS),
                    THEIRS => {
                        its.store(OURS, Ordering::Release);
                        futex(&its, libc::FUTEX_WAKE, 1);
                    }
                    _ => return,
                }
            }
        });
        Self { turn, thread: Some(thread) }
    }

    /// So many turns there and back.
    fn rounds(&mut self, n: u32) -> Duration {
        let begun = Instant::now();
        for _ in 0..n {
            self.turn.store(THEIRS, Ordering::Release);
            futex(&self.turn, libc::FUTEX_WAKE, 1);
            while self.turn.load(Ordering::Acquire) == THEIRS {
                futex(&self.turn, libc::FUTEX_WAIT, THEIRS);
            }
        }
        begun.elapsed()
    }
}

impl Drop for Partner {
    fn drop(&mut self) {
        self.turn.store(OVER, Ordering::Release);
        futex(&self.turn, libc::FUTEX_WAKE, 1);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

pub(super) const THREAD_CREATE_JOIN: Operation = Operation {
    name: "thread-create-join",
    about: "a thread that ends at once, made and waited for: its stack is mapped and unmapped too",
    batch: 50,
    prepare: || Ok(create_join()),
};

fn create_join() -> Batch {
    // The standard library's threads are pthreads; this is the stack that oscope's `spawn` maps.
    repeat(|| {
        let thread = thread::Builder::new().stack_size(256 * 1024).spawn(|| ())?;
        thread.join().map_err(|_| io::Error::other("a thread panicked"))
    })
}
