//! Programs that do one thing a fixed number of times, pause, and begin again.
//!
//! Each rebases after a round, so that its journal stays as short as that of a program that takes care.

use crate::sys::{RustImage, Sys, THREAD_STACK};
use oscope_kernel::abi::nr;
use oscope_kernel::base::Duration;
use std::hint::black_box;

/// How many operations a round has: cheap ones, and those that take microseconds.
pub(super) const MANY: u64 = 5_000;
pub(super) const SOME: u64 = 500;
pub(super) const FEW: u64 = 100;
/// How many pages the large process has.
pub(super) const PAGES: u64 = 10_000;

/// The end of a round, or of a part of one.
pub(super) async fn pause(sys: &Sys) {
    let _ = sys.sleep(Duration::millis(1)).await;
}

/// getpid(2).
pub(super) fn null_call() -> RustImage {
    async fn round(sys: Sys, (): ()) -> u64 {
        for _ in 0..MANY {
            black_box(sys.getpid().await);
        }
        pause(&sys).await;
        sys.rebase((), round).await
    }
    RustImage::new("null-call", |sys: Sys| round(sys, ()))
}

/// The clock.
pub(super) fn clock() -> RustImage {
    async fn round(sys: Sys, (): ()) -> u64 {
        for _ in 0..MANY {
            black_box(sys.now().await);
        }
        pause(&sys).await;
        sys.rebase((), round).await
    }
    RustImage::new("clock", |sys: Sys| round(sys, ()))
}

/// sched_yield(2).
pub(super) fn yielder() -> RustImage {
    async fn round(sys: Sys, (): ()) -> u64 {
        for _ in 0..MANY {
            sys.yield_now().await;
        }
        pause(&sys).await;
        sys.rebase((), round).await
    }
    RustImage::new("yielder", |sys: Sys| round(sys, ()))
}

/// Whose turn it is, in a word that two threads wait for.
const OURS: u32 = 0;
const THEIRS: u32 = 1;

/// Two threads that wake each other.
pub(super) fn futexes() -> RustImage {
    async fn partner(sys: Sys, turn: u64) -> u64 {
        for _ in 0..MANY {
            while sys.load32(turn).await == OURS {
                let _ = sys.futex_wait(turn, OURS, None).await;
            }
            sys.store32(turn, OURS).await;
            let _ = sys.futex_wake(turn, 1).await;
        }
        sys.rebase(turn, partner).await
    }
    async fn round(sys: Sys, turn: u64) -> u64 {
        for _ in 0..SOME / 2 {
            sys.store32(turn, THEIRS).await;
            let _ = sys.futex_wake(turn, 1).await;
            while sys.load32(turn).await == THEIRS {
                let _ = sys.futex_wait(turn, THEIRS, None).await;
            }
        }
        pause(&sys).await;
        sys.rebase(turn, round).await
    }
    RustImage::new("futexes", |sys: Sys| async move {
        let Ok(turn) = sys.mmap(4096).await else { return 1 };
        if sys.spawn(0, turn).await.is_err() {
            return 1;
        }
        pause(&sys).await;
        round(sys, turn).await
    })
    .function(|sys: Sys, turn| partner(sys, turn))
}

/// fork(2), exit_group(2), wait4(2). It rebases at the top of its loop, as a server does: a fork copies the journal
/// by running it.
pub(super) fn forker() -> RustImage {
    RustImage::new("forker", |sys: Sys| fork_once(sys, FEW))
}

/// The same by a process that has 10,000 pages.
pub(super) fn large_forker() -> RustImage {
    RustImage::new("forker", |sys: Sys| async move {
        let Ok(start) = sys.mmap(PAGES * 4096).await else { return 1 };
        touch(&sys, start, PAGES).await;
        sys.rebase(FEW, fork_once).await
    })
}

async fn fork_once(sys: Sys, left: u64) -> u64 {
    match sys.fork().await {
        Ok(0) => return 0,
        Ok(_) => {}
        Err(_) => return 1,
    }
    let _ = sys.wait(-1).await;
    if left > 1 {
        return sys.rebase(left - 1, fork_once).await;
    }
    pause(&sys).await;
    sys.rebase(FEW, fork_once).await
}

/// A program that does nothing, to be executed.
pub(super) fn nothing() -> RustImage {
    RustImage::new("nothing", |_: Sys| async { 0 })
}

/// fork(2), execve(2), exit_group(2), wait4(2).
pub(super) fn executer() -> RustImage {
    async fn once(sys: &Sys) -> Option<u64> {
        match sys.fork().await {
            Ok(0) => {
                sys.execve("/bin/nothing", &["nothing"]).await;
                Some(127)
            }
            Ok(_) => match sys.wait(-1).await {
                Ok((_, 0)) => None,
                _ => Some(1),
            },
            Err(_) => Some(1),
        }
    }
    async fn round(sys: Sys, (): ()) -> u64 {
        for _ in 0..FEW {
            if let Some(code) = once(&sys).await {
                return code;
            }
        }
        pause(&sys).await;
        sys.rebase((), round).await
    }
    RustImage::new("executer", |sys: Sys| async move {
        // The disk is read once.
        if let Some(code) = once(&sys).await {
            return code;
        }
        pause(&sys).await;
        round(sys, ()).await
    })
}

/// clone(2) of a thread with a stack of its own, which ends, and is waited for.
pub(super) fn spawner() -> RustImage {
    async fn round(sys: Sys, (): ()) -> u64 {
        for _ in 0..FEW {
            let Ok((_, done)) = sys.spawn(0, 0).await else { return 1 };
            sys.join(done).await;
            let end = (done & !0xfff) + 4096;
            let _ = sys.call(nr::MUNMAP, [end - THREAD_STACK, THREAD_STACK, 0, 0, 0, 0]).await;
        }
        pause(&sys).await;
        sys.rebase((), round).await
    }
    RustImage::new("spawner", |sys: Sys| round(sys, ())).function(|_: Sys, _| async { 0 })
}

/// Stores to `count` pages, one each.
async fn touch(sys: &Sys, start: u64, count: u64) {
    for page in 0..count {
        sys.store(start + page * 4096, 1).await;
    }
}

/// Memory mapped, touched, and unmapped, with a pause before and after the touching.
pub(super) fn toucher() -> RustImage {
    async fn round(sys: Sys, (): ()) -> u64 {
        let Ok(start) = sys.mmap(SOME * 4096).await else { return 1 };
        pause(&sys).await;
        touch(&sys, start, SOME).await;
        pause(&sys).await;
        let _ = sys.call(nr::MUNMAP, [start, SOME * 4096, 0, 0, 0, 0]).await;
        pause(&sys).await;
        sys.rebase((), round).await
    }
    RustImage::new("toucher", |sys: Sys| async move {
        pause(&sys).await;
        round(sys, ()).await
    })
}

/// 16 pages mapped, touched and unmapped.
pub(super) fn mapper() -> RustImage {
    async fn round(sys: Sys, (): ()) -> u64 {
        for _ in 0..FEW {
            let Ok(start) = sys.mmap(16 * 4096).await else { return 1 };
            touch(&sys, start, 16).await;
            let _ = sys.call(nr::MUNMAP, [start, 16 * 4096, 0, 0, 0, 0]).await;
        }
        pause(&sys).await;
        sys.rebase((), round).await
    }
    RustImage::new("mapper", |sys: Sys| round(sys, ()))
}

/// A byte through a pipe to a child, and back through another pipe. The buffer is a page of its own, so that the
/// calls are all there is.
pub(super) fn pipes() -> RustImage {
    /// What a process needs: the buffer, where to read and where to write.
    type Ends = (u64, u64, u64);
    async fn pass(sys: &Sys, number: u16, fd: u64, buffer: u64) -> bool {
        sys.call(number, [fd, buffer, 1, 0, 0, 0]).await == Ok(1)
    }
    async fn partner(sys: Sys, (buffer, from, to): Ends) -> u64 {
        for _ in 0..MANY {
            let passed =
                pass(&sys, nr::READ, from, buffer).await && pass(&sys, nr::WRITE, to, buffer).await;
            if !passed {
                return 1;
            }
        }
        sys.rebase((buffer, from, to), partner).await
    }
    async fn round(sys: Sys, (buffer, from, to): Ends) -> u64 {
        for _ in 0..SOME {
            let passed =
                pass(&sys, nr::WRITE, to, buffer).await && pass(&sys, nr::READ, from, buffer).await;
            if !passed {
                return 1;
            }
        }
        pause(&sys).await;
        sys.rebase((buffer, from, to), round).await
    }
    RustImage::new("pipes", |sys: Sys| async move {
        let Ok(buffer) = sys.mmap(4096).await else { return 1 };
        sys.store(buffer, 1).await;
        let mut ends = [0; 4];
        for pair in ends.chunks_exact_mut(2) {
            let at = buffer + 64;
            if sys.call(nr::PIPE2, [at, 0, 0, 0, 0, 0]).await.is_err() {
                return 1;
            }
            pair[0] = u64::from(sys.load32(at).await);
            pair[1] = u64::from(sys.load32(at + 4).await);
        }
        let [there, to, from, back] = ends;
        match sys.fork().await {
            Ok(0) => return partner(sys, (buffer, there, back)).await,
            Ok(_) => {}
            Err(_) => return 1,
        }
        pause(&sys).await;
        round(sys, (buffer, from, to)).await
    })
}
