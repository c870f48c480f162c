//! A tiny libc: what programs written in Rust use to speak to the kernel.
//!
//! Layers: `journal` keeps answers; `port` is the mailbox; `program` is what the kernel resumes;
//! `image` is what a file holds; [`Sys`] is what a program holds, with wrappers for calls on processes,
//! signals and files in modules of their own; [`sync`] has locks on futexes, [`malloc`] a heap.
//!
//! A typical sequence: `sys.read(0, &mut bytes).await` asks for a read(2) into the thread's scratch area,
//! yields, gets the count, and copies the bytes out of emulated memory with an operation that does not
//! yield.
//!
//! Limits: one operation at a time (no `join!` of two calls of one thread). A body that loops without ever
//! asking the kernel or memory for anything hangs its host thread: no emulator that runs native code can
//! interrupt it, so whoever runs code they do not trust does it in a child process with a time limit.

pub mod events;
mod files;
mod image;
mod journal;
pub mod malloc;
mod paths;
mod port;
mod priority;
mod process;
mod program;
mod quiet;
mod shared;
mod signals;
mod sockets;
pub mod sync;
mod terminal;

pub use image::{Body, FUNCTIONS, Function, ProgramFuture, RustImage};
pub use paths::{FileSystemStatus, Stamp};
pub(crate) use process::THREAD;
pub use process::{WaitTarget, Waited};

use oscope_kernel::abi::types::{SigInfo, Timespec};
use oscope_kernel::abi::{Atomic, Errno, UserMemory, Width, nr};
use oscope_kernel::base::{Digester, Duration, Time};
use port::{Port, check};
use std::future::{Future, poll_fn};
use std::hash::Hash;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Where text begins in every program.
pub const TEXT_BASE: u64 = 0x1_0000;

/// What a call returns.
pub type Result<T = u64> = std::result::Result<T, Errno>;

/// A program's connection to the kernel. Each thread has its own.
#[derive(Clone)]
pub struct Sys {
    port: Rc<Port>,
    /// How many signal handlers this one runs on top of.
    depth: u64,
    /// What it was told, if it is one and asked for that.
    info: Option<SigInfo>,
}

/// How big the scratch area is that wrappers use for what they pass by pointer.
const SCRATCH: u64 = 16 * 1024;
/// How many handlers on top of each other have scratch areas of their own.
const MAX_DEPTH: u64 = 12;
/// How far below the start of the stack it ends.
const SCRATCH_END: u64 = 1024;

/// A stack for a thread, as [`Sys::spawn`] makes it.
pub(crate) const THREAD_STACK: u64 = 256 * 1024;

/// A system call under way: the first poll makes it, the second brings its answer. It is no `async fn`, because
/// those move their arguments once more than is needed, and this is the way that all calls take.
struct SystemCall<'a> {
    port: &'a Port,
    number: u16,
    arguments: [u64; 6],
}

impl Future for SystemCall<'_> {
    type Output = Result;

    #[inline]
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result> {
        let result = |word: u64| Errno::from_result(word as i64).map_or(Ok(word), Err);
        self.port.call(u64::from(self.number), &self.arguments).map(result)
    }
}

impl Sys {
    fn new(port: Rc<Port>, depth: usize) -> Self {
        Self { port, depth: depth as u64, info: None }
    }

    /// The same for a handler that is told more than its signal's number.
    fn told(self, info: Option<SigInfo>) -> Self {
        Self { info, ..self }
    }

    /// Any system call.
    ///
    /// # Errors
    /// Its errno.
    pub fn call(&self, number: u16, arguments: [u64; 6]) -> impl Future<Output = Result> {
        SystemCall { port: &self.port, number, arguments }
    }

    fn call3(&self, number: u16, a: u64, b: u64, c: u64) -> impl Future<Output = Result> {
        self.call(number, [a, b, c, 0, 0, 0])
    }

    // ---- memory ----

    /// Loads a word of eight bytes.
    pub async fn load(&self, address: u64) -> u64 {
        poll_fn(|_| self.port.inline(check(2, address), |memory| memory.load(address, Width::B8)))
            .await
    }

    /// Loads a word of four bytes.
    pub async fn load32(&self, address: u64) -> u32 {
        poll_fn(|_| self.port.inline(check(3, address), |memory| memory.load(address, Width::B4)))
            .await as u32
    }

    /// Stores a word of eight bytes.
    pub async fn store(&self, address: u64, value: u64) {
        let store =
            |memory: &mut dyn UserMemory| memory.store(address, Width::B8, value).map(|()| 0);
        poll_fn(|_| self.port.inline(check(4, address), store)).await;
    }

    /// Stores a word of four bytes.
    pub async fn store32(&self, address: u64, value: u32) {
        let store = |memory: &mut dyn UserMemory| {
            memory.store(address, Width::B4, u64::from(value)).map(|()| 0)
        };
        poll_fn(|_| self.port.inline(check(5, address), store)).await;
    }

    /// Adds to a word of eight bytes in one step; returns what it was.
    pub async fn fetch_add(&self, address: u64, n: u64) -> u64 {
        poll_fn(|_| {
            self.port.inline(check(6, address), |memory| {
                memory.atomic(address, Width::B8, Atomic::Add(n))
            })
        })
        .await
    }

    /// Stores `new` in a word of four bytes if it holds `expected`; returns what it held.
    pub async fn compare_exchange32(&self, address: u64, expected: u32, new: u32) -> u32 {
        let (expected, new) = (u64::from(expected), u64::from(new));
        poll_fn(|_| {
            self.port.inline(check(7, address), |memory| {
                memory.atomic(address, Width::B4, Atomic::CompareExchange { expected, new })
            })
        })
        .await as u32
    }

    /// Stores a word of four bytes; returns what it held.
    pub async fn swap32(&self, address: u64, new: u32) -> u32 {
        self.atomic32(check(13, address), address, Atomic::Swap(u64::from(new))).await
    }

    /// Adds to a word of four bytes in one step; returns what it was.
    pub async fn fetch_add32(&self, address: u64, n: u32) -> u32 {
        self.atomic32(check(14, address), address, Atomic::Add(u64::from(n))).await
    }

    async fn atomic32(&self, check: u32, address: u64, operation: Atomic) -> u32 {
        let operate = |memory: &mut dyn UserMemory| memory.atomic(address, Width::B4, operation);
        poll_fn(|_| self.port.inline(check, operate)).await as u32
    }

    /// Reads bytes out of memory.
    pub async fn peek(&self, address: u64, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        poll_fn(|_| {
            self.port.inline_bytes(check(8, address), &mut bytes, |memory, into| {
                memory.read(address, into)
            })
        })
        .await;
        bytes
    }

    /// Writes bytes to memory.
    pub async fn poke(&self, address: u64, bytes: &[u8]) {
        poll_fn(|_| {
            self.port.inline(check(9, address), |memory| memory.write(address, bytes).map(|()| 0))
        })
        .await;
    }

    // ---- time ----

    /// Uses the CPU.
    pub async fn compute(&self, length: Duration) {
        let compute = |memory: &mut dyn UserMemory| memory.compute(length).map(|()| 0);
        poll_fn(|_| self.port.inline(check(10, length.0), compute)).await;
    }

    /// The time, from the vDSO.
    pub async fn now(&self) -> Time {
        Time(poll_fn(|_| self.port.inline(check(11, 0), |memory| Ok(memory.clock().0))).await)
    }

    /// Sleeps; `Err` with what is left when a signal handler ended it.
    ///
    /// # Errors
    /// The time that was left.
    pub async fn sleep(&self, length: Duration) -> std::result::Result<(), Duration> {
        let at = self.scratch();
        self.poke(at, &Timespec::from(length).to_bytes()).await;
        match self.call3(nr::NANOSLEEP, at, at + 16, 0).await {
            Ok(_) => Ok(()),
            Err(_) => {
                let mut rest = [0; Timespec::SIZE];
                rest.copy_from_slice(&self.peek(at + 16, Timespec::SIZE).await);
                Err(Timespec::from_bytes(&rest).to_duration().unwrap_or_default())
            }
        }
    }

    /// Gives the CPU to somebody else.
    pub async fn yield_now(&self) {
        let _ = self.call3(nr::SCHED_YIELD, 0, 0, 0).await;
    }

    // ---- who and what ----

    /// The scratch area: 16 KiB below the stack's first byte. A signal handler has one of its own, below that
    /// of what it interrupts, so that it disturbs no wrapper half-way; the deepest handlers share the last.
    #[must_use]
    pub fn scratch(&self) -> u64 {
        let areas = self.depth.min(MAX_DEPTH) + 1;
        (self.port.stack - SCRATCH_END - areas * SCRATCH) & !0xfff
    }

    /// The program's arguments, its name first, out of its stack.
    pub async fn arguments(&self) -> Vec<String> {
        let stack = self.port.stack;
        let count = self.load(stack).await.min(1024);
        let mut arguments = Vec::new();
        for n in 0..count {
            let at = self.load(stack + 8 + n * 8).await;
            arguments.push(self.string(at).await);
        }
        arguments
    }

    /// The program's environment, as `NAME=value`, out of its stack.
    pub async fn environment(&self) -> Vec<String> {
        let stack = self.port.stack;
        let arguments = self.load(stack).await.min(1024);
        let mut environment = Vec::new();
        for n in 0..1024 {
            let at = self.load(stack + 16 + (arguments + n) * 8).await;
            if at == 0 {
                break;
            }
            environment.push(self.string(at).await);
        }
        environment
    }

    /// A string in memory that ends with a zero byte.
    pub async fn string(&self, address: u64) -> String {
        let mut bytes = Vec::new();
        loop {
            let at = address + bytes.len() as u64;
            let byte =
                poll_fn(|_| self.port.inline(check(12, at), |memory| memory.load(at, Width::B1)))
                    .await;
            if byte == 0 {
                return String::from_utf8_lossy(&bytes).into_owned();
            }
            bytes.push(byte as u8);
        }
    }

    /// The process's number.
    pub async fn getpid(&self) -> u64 {
        self.call3(nr::GETPID, 0, 0, 0).await.unwrap_or(0)
    }

    /// The thread's number.
    pub async fn gettid(&self) -> u64 {
        self.call3(nr::GETTID, 0, 0, 0).await.unwrap_or(0)
    }

    /// The parent's number.
    pub async fn getppid(&self) -> u64 {
        self.call3(nr::GETPPID, 0, 0, 0).await.unwrap_or(0)
    }

    // ---- itself ----

    /// Goes on as `body` with `state`, forgetting everything else: what runs for ever does this at the
    /// top of its loop, so that its journal stays short. Never returns. A signal handler that does this ends
    /// its program.
    pub async fn rebase<S, R>(&self, state: S, body: fn(Self, S) -> R) -> u64
    where
        S: Clone + Hash + Send + Sync + 'static,
        R: Future<Output = u64> + 'static,
    {
        let digest = Digester::of(&state);
        let body: Body = Arc::new(move |sys| Box::pin(body(sys, state.clone())));
        self.port.rebase.replace(Some((body, digest)));
        std::future::pending().await
    }

    // ---- memory management ----

    /// Private memory of zeroes.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub async fn mmap(&self, length: u64) -> Result {
        // PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS
        self.call(nr::MMAP, [0, length, 3, 0x22, u64::MAX, 0]).await
    }

    /// A file's bytes as private memory.
    ///
    /// # Errors
    /// Those of mmap(2).
    pub async fn mmap_file(&self, fd: u64, length: u64) -> Result {
        self.call(nr::MMAP, [0, length, 3, 0x02, fd, 0]).await
    }

    // ---- futexes ----

    /// FUTEX_WAIT.
    ///
    /// # Errors
    /// `EAGAIN`, `ETIMEDOUT`, `EINTR`.
    pub async fn futex_wait(&self, address: u64, value: u32, timeout: Option<Duration>) -> Result {
        let at = match timeout {
            Some(timeout) => {
                let at = self.scratch();
                self.poke(at, &Timespec::from(timeout).to_bytes()).await;
                at
            }
            None => 0,
        };
        self.call(nr::FUTEX, [address, 128, u64::from(value), at, 0, 0]).await
    }

    /// FUTEX_WAKE: how many were woken.
    ///
    /// # Errors
    /// `EINVAL`.
    pub async fn futex_wake(&self, address: u64, count: u32) -> Result {
        self.call(nr::FUTEX, [address, 129, u64::from(count), 0, 0, 0]).await
    }

    /// FUTEX_WAIT on a word that other processes see too.
    ///
    /// # Errors
    /// `EAGAIN`, `EINTR`.
    pub async fn futex_wait_shared(&self, address: u64, value: u32) -> Result {
        self.call(nr::FUTEX, [address, 0, u64::from(value), 0, 0, 0]).await
    }

    /// FUTEX_WAKE on such a word: how many were woken.
    ///
    /// # Errors
    /// `EINVAL`.
    pub async fn futex_wake_shared(&self, address: u64, count: u32) -> Result {
        self.call(nr::FUTEX, [address, 1, u64::from(count), 0, 0, 0]).await
    }
}
