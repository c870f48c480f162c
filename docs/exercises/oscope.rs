//! What your program speaks to the kernel with: a tiny libc.
//!
//! Your program is an `async fn`. Wherever it awaits, the kernel may let somebody else run; what it gets back is
//! what the kernel answered. fork(2) works as everywhere: the same function goes on twice, with another answer.
//! So a program must depend on nothing but the answers that it gets: not on the clock of your computer, nor on
//! statics of your own.
//!
//! The kernel is another process. This one is only told to go on, and says what it wants next: a call with its six
//! words, or a word of emulated memory. Numbers of calls are those of Linux on riscv64.
//!
//! What you hand in is judged with this file as it came; changes to it do not count.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io::{BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Names the functions of a program: first `main`, then those that threads run or that handle signals.
///
/// `program!(main)`, or `program!(main; worker, stop)`.
macro_rules! program {
    ($main:ident $(; $($function:ident),+)?) => {
        pub const FUNCTIONS: &[$crate::oscope::Function] = &[
            ("main", |sys, _| Box::pin($main(sys))),
            $($((stringify!($function), |sys, word| Box::pin($function(sys, word)))),+)?
        ];
    };
}

/// A function by its name.
pub type Function = (&'static str, fn(Sys, u64) -> Pin<Box<dyn Future<Output = u64>>>);

/// Why a call failed: errno(3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Errno(pub u64);

macro_rules! errnos {
    ($($name:ident = $number:literal),+ $(,)?) => {
        impl Errno {
            $(pub const $name: Self = Self($number);)+
        }

        impl fmt::Debug for Errno {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match *self {
                    $(Self::$name => f.write_str(stringify!($name)),)+
                    Self(number) => write!(f, "errno {number}"),
                }
            }
        }
    };
}

errnos! {
    EPERM = 1, ENOENT = 2, ESRCH = 3, EINTR = 4, EIO = 5, EBADF = 9, ECHILD = 10, EAGAIN = 11, ENOMEM = 12,
    EACCES = 13, EFAULT = 14, EBUSY = 16, EEXIST = 17, ENOTDIR = 20, EISDIR = 21, EINVAL = 22, EMFILE = 24,
    ENOSPC = 28, ESPIPE = 29, EPIPE = 32, EDEADLK = 35, ENOSYS = 38, ENOTEMPTY = 39, EADDRINUSE = 98,
    ETIMEDOUT = 110, ECONNREFUSED = 111,
}

/// What a call returns.
pub type Result<T = u64> = std::result::Result<T, Errno>;

pub const O_RDONLY: u64 = 0;
pub const O_WRONLY: u64 = 1;
pub const O_RDWR: u64 = 2;
pub const O_CREAT: u64 = 0o100;
pub const O_TRUNC: u64 = 0o1000;
pub const O_APPEND: u64 = 0o2000;

pub const SIGINT: u64 = 2;
pub const SIGKILL: u64 = 9;
pub const SIGTERM: u64 = 15;
pub const SIGCHLD: u64 = 17;

/// 16 KiB of zeroes that all threads of a process share.
pub const DATA: u64 = 0x1_4000;

/// Where functions lie in the emulated text: number `n` at `FUNCTION + 16 n`.
const FUNCTION: u64 = 0x1_0400;
const STACK: u64 = 256 * 1024;
/// CLONE_VM | FS | FILES | SIGHAND | THREAD | SYSVSEM | PARENT_SETTID | CHILD_CLEARTID
const THREAD: u64 = 0x35_0f00;
/// The largest piece of memory that is asked for at once.
const PIECE: usize = 1024;

/// Your program's connection to the kernel.
#[derive(Clone)]
pub struct Sys {
    port: Rc<Port>,
}

/// A thread that was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thread {
    pub tid: u64,
    /// A word that becomes 0 when it has ended.
    done: u64,
}

/// How a child has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waited {
    pub pid: u64,
    /// As wait4(2) tells it: the exit code times 256, or the signal.
    pub status: u32,
}

impl Waited {
    /// The exit code, if it has ended by itself.
    pub fn code(self) -> Option<u32> {
        (self.status & 0x7f == 0).then_some(self.status >> 8)
    }
}

impl Sys {
    // ---- anything ----

    /// Any system call by its number, with its six words.
    pub async fn call(&self, number: u64, arguments: [u64; 6]) -> Result {
        let [a, b, c, d, e, f] = arguments;
        let word = self.port.ask(format!("call {number} {a} {b} {c} {d} {e} {f}")).await.word();
        let negative = word.wrapping_neg();
        if (1..4096).contains(&negative) { Err(Errno(negative)) } else { Ok(word) }
    }

    // ---- memory ----

    /// Loads a word of 8 bytes.
    pub async fn load(&self, address: u64) -> u64 {
        self.port.ask(format!("load {address}")).await.word()
    }

    /// Loads a word of 4 bytes.
    pub async fn load32(&self, address: u64) -> u32 {
        self.port.ask(format!("load32 {address}")).await.word() as u32
    }

    /// Stores a word of 8 bytes.
    pub async fn store(&self, address: u64, value: u64) {
        self.port.ask(format!("store {address} {value}")).await;
    }

    /// Stores a word of 4 bytes.
    pub async fn store32(&self, address: u64, value: u32) {
        self.port.ask(format!("store32 {address} {value}")).await;
    }

    /// Adds to a word of 8 bytes in one step; returns what it was.
    pub async fn fetch_add(&self, address: u64, n: u64) -> u64 {
        self.port.ask(format!("add {address} {n}")).await.word()
    }

    /// Stores a word of 4 bytes; returns what it was.
    pub async fn swap32(&self, address: u64, new: u32) -> u32 {
        self.port.ask(format!("swap32 {address} {new}")).await.word() as u32
    }

    /// Stores `new` in a word of 4 bytes if it holds `expected`; returns what it held.
    pub async fn compare_exchange32(&self, address: u64, expected: u32, new: u32) -> u32 {
        self.port.ask(format!("cas32 {address} {expected} {new}")).await.word() as u32
    }

    /// Reads bytes out of memory.
    pub async fn peek(&self, address: u64, length: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < length {
            let part = (length - bytes.len()).min(PIECE);
            let at = address + bytes.len() as u64;
            bytes.extend(self.port.ask(format!("peek {at} {part}")).await.bytes(part));
        }
        bytes
    }

    /// Writes bytes to memory.
    pub async fn poke(&self, address: u64, bytes: &[u8]) {
        for (at, part) in bytes.chunks(PIECE).enumerate() {
            let address = address + (at * PIECE) as u64;
            self.port.ask(format!("poke {address} {}", hex(part))).await;
        }
    }

    /// Private memory of zeroes.
    pub async fn mmap(&self, length: u64) -> Result {
        self.call(222, [0, length, 3, 0x22, u64::MAX, 0]).await
    }

    /// Memory of zeroes that children made by fork share with their parent.
    pub async fn mmap_shared(&self, length: u64) -> Result {
        self.call(222, [0, length, 3, 0x21, u64::MAX, 0]).await
    }

    // ---- files ----

    /// openat(2) from the working directory.
    pub async fn open(&self, path: &str, flags: u64, mode: u64) -> Result {
        let at = self.path(path).await;
        self.call(56, [-100i64 as u64, at, flags, mode, 0, 0]).await
    }

    /// close(2).
    pub async fn close(&self, fd: u64) -> Result {
        self.call(57, [fd, 0, 0, 0, 0, 0]).await
    }

    /// pipe2(2): the end to read from, and the end to write to.
    pub async fn pipe(&self) -> Result<(u64, u64)> {
        let at = self.port.scratch;
        self.call(59, [at, 0, 0, 0, 0, 0]).await?;
        Ok((u64::from(self.load32(at).await), u64::from(self.load32(at + 4).await)))
    }

    /// dup3(2): `to` becomes what `from` is.
    pub async fn dup2(&self, from: u64, to: u64) -> Result {
        self.call(24, [from, to, 0, 0, 0, 0]).await
    }

    /// read(2) of at most 8 KiB. Nothing means the end.
    pub async fn read(&self, fd: u64, length: usize) -> Result<Vec<u8>> {
        let at = self.port.scratch + 4096;
        let count = self.call(63, [fd, at, length.min(8192) as u64, 0, 0, 0]).await?;
        Ok(self.peek(at, count as usize).await)
    }

    /// write(2), all of it, in parts of at most 8 KiB.
    pub async fn write(&self, fd: u64, bytes: &[u8]) -> Result<()> {
        let at = self.port.scratch + 4096;
        for part in bytes.chunks(8192) {
            self.poke(at, part).await;
            let mut done = 0;
            while done < part.len() as u64 {
                let length = part.len() as u64 - done;
                done += self.call(64, [fd, at + done, length, 0, 0, 0]).await?;
            }
        }
        Ok(())
    }

    /// Writes a line to standard output.
    pub async fn print(&self, line: &str) {
        let _ = self.write(1, format!("{line}\n").as_bytes()).await;
    }

    // ---- sockets ----

    /// A TCP socket that listens at a port of this machine.
    pub async fn listen(&self, port: u16) -> Result {
        let fd = self.call(198, [2, 1, 0, 0, 0, 0]).await?;
        let at = self.port.scratch;
        // struct sockaddr_in: the family, the port and the address, both with the highest byte first.
        let [high, low] = port.to_be_bytes();
        self.poke(at, &[2, 0, high, low, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).await;
        self.call(200, [fd, at, 16, 0, 0, 0]).await?;
        self.call(201, [fd, 8, 0, 0, 0, 0]).await?;
        Ok(fd)
    }

    /// accept4(2): the next connection.
    pub async fn accept(&self, fd: u64) -> Result {
        self.call(242, [fd, 0, 0, 0, 0, 0]).await
    }

    // ---- processes and threads ----

    /// fork(2): 0 in the child, the child's number in the parent.
    pub async fn fork(&self) -> Result {
        self.call(220, [17, 0, 0, 0, 0, 0]).await
    }

    /// wait4(2) for any child.
    pub async fn wait(&self) -> Result<Waited> {
        let at = self.port.scratch;
        let pid = self.call(260, [u64::MAX, at, 0, 0, 0, 0]).await?;
        Ok(Waited { pid, status: self.load32(at).await })
    }

    /// wait4(2) with WNOHANG: `None` if no child has ended yet.
    pub async fn try_wait(&self) -> Result<Option<Waited>> {
        let at = self.port.scratch;
        let pid = self.call(260, [u64::MAX, at, 1, 0, 0, 0]).await?;
        if pid == 0 {
            return Ok(None);
        }
        Ok(Some(Waited { pid, status: self.load32(at).await }))
    }

    /// execve(2). Returns only if it fails.
    pub async fn execve(&self, path: &str, arguments: &[&str]) -> Errno {
        let list = self.port.scratch;
        let mut text = self.port.scratch + 1024;
        let mut pointers = Vec::new();
        for word in std::iter::once(&path).chain(arguments) {
            self.poke(text, format!("{word}\0").as_bytes()).await;
            pointers.push(text);
            text += word.len() as u64 + 1;
        }
        let words: Vec<u8> =
            pointers[1..].iter().chain([&0, &0]).flat_map(|word| word.to_le_bytes()).collect();
        self.poke(list, &words).await;
        let environment = list + words.len() as u64 - 8;
        match self.call(221, [pointers[0], list, environment, 0, 0, 0]).await {
            Err(errno) => errno,
            Ok(_) => Errno::ENOSYS,
        }
    }

    /// exit_group(2): ends the process. Never returns.
    pub async fn exit(&self, code: u64) -> u64 {
        let _ = self.call(94, [code, 0, 0, 0, 0, 0]).await;
        code
    }

    /// A thread that runs a function of [`program!`] with `word`.
    pub async fn spawn(&self, function: &str, word: u64) -> Result<Thread> {
        let number = self.function(function);
        let stack = self.mmap(STACK).await?;
        let top = stack + STACK - 64;
        let done = top + 16;
        self.store(top, FUNCTION + number * 16).await;
        self.store(top + 8, word).await;
        self.store32(done, 1).await;
        let tid = self.call(220, [THREAD, top, top + 24, 0, done, 0]).await?;
        Ok(Thread { tid, done })
    }

    /// Waits until a thread has ended.
    pub async fn join(&self, thread: Thread) {
        while self.load32(thread.done).await != 0 {
            let _ = self.futex_wait(thread.done, 1).await;
        }
    }

    /// getpid(2).
    pub async fn getpid(&self) -> u64 {
        self.call(172, [0; 6]).await.unwrap_or(0)
    }

    // ---- signals, time ----

    /// kill(2).
    pub async fn kill(&self, pid: u64, signal: u64) -> Result {
        self.call(129, [pid, signal, 0, 0, 0, 0]).await
    }

    /// sigaction(2): a function of [`program!`] handles a signal; its word is the signal's number.
    pub async fn handle(&self, signal: u64, function: &str) -> Result {
        let at = self.port.scratch;
        self.store(at, FUNCTION + self.function(function) * 16).await;
        self.store(at + 8, 0).await;
        self.store(at + 16, 0).await;
        self.call(134, [signal, at, 0, 8, 0, 0]).await
    }

    /// nanosleep(2), in microseconds.
    pub async fn sleep_us(&self, us: u64) -> Result {
        let at = self.port.scratch;
        self.store(at, us / 1_000_000).await;
        self.store(at + 8, us % 1_000_000 * 1000).await;
        self.call(101, [at, 0, 0, 0, 0, 0]).await
    }

    /// Uses the CPU for so many microseconds.
    pub async fn compute_us(&self, us: u64) {
        self.port.ask(format!("compute {us}")).await;
    }

    /// sched_yield(2).
    pub async fn yield_now(&self) {
        let _ = self.call(124, [0; 6]).await;
    }

    // ---- futexes ----

    /// FUTEX_WAIT: sleeps if the word still holds `value`.
    pub async fn futex_wait(&self, address: u64, value: u32) -> Result {
        self.call(98, [address, 0, u64::from(value), 0, 0, 0]).await
    }

    /// FUTEX_WAKE: how many were woken.
    pub async fn futex_wake(&self, address: u64, count: u32) -> Result {
        self.call(98, [address, 1, u64::from(count), 0, 0, 0]).await
    }

    async fn path(&self, path: &str) -> u64 {
        self.poke(self.port.scratch, format!("{path}\0").as_bytes()).await;
        self.port.scratch
    }

    fn function(&self, name: &str) -> u64 {
        let found = self.port.functions.iter().position(|(known, _)| *known == name);
        let Some(number) = found else { panic!("`{name}` is not in program!(…)") };
        number as u64
    }
}

/// A lock on a futex: a word of 4 bytes in memory of zeroes. (Drepper, "Futexes are tricky", 2011.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mutex(pub u64);

impl Mutex {
    /// Takes it; waits while somebody else has it.
    pub async fn lock(self, sys: &Sys) {
        let mut state = sys.compare_exchange32(self.0, 0, 1).await;
        if state == 1 {
            state = sys.swap32(self.0, 2).await;
        }
        while state != 0 {
            let _ = sys.futex_wait(self.0, 2).await;
            state = sys.swap32(self.0, 2).await;
        }
    }

    /// Lets go of it, and wakes one who waits.
    pub async fn unlock(self, sys: &Sys) {
        if sys.swap32(self.0, 0).await == 2 {
            let _ = sys.futex_wake(self.0, 1).await;
        }
    }
}

/// A condition that is waited for with a [`Mutex`] held: a word of 4 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condvar(pub u64);

impl Condvar {
    /// Lets go of the mutex, waits for a signal, takes the mutex again. May return without a signal.
    pub async fn wait(self, sys: &Sys, mutex: Mutex) {
        let number = sys.load32(self.0).await;
        mutex.unlock(sys).await;
        let _ = sys.futex_wait(self.0, number).await;
        mutex.lock(sys).await;
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
        let number = sys.load32(self.0).await;
        sys.store32(self.0, number.wrapping_add(1)).await;
        let _ = sys.futex_wake(self.0, count).await;
    }
}

// ---- the pipe to the kernel ----

/// What the kernel answered.
#[derive(Clone, Debug)]
enum Answer {
    Word(u64),
    Bytes(Vec<u8>),
}

impl Answer {
    fn parse(text: &str) -> Self {
        match text.strip_prefix('x') {
            Some(digits) => Self::Bytes(unhex(digits)),
            None => Self::Word(text.parse().unwrap_or(0)),
        }
    }

    fn word(self) -> u64 {
        if let Self::Word(word) = self { word } else { 0 }
    }

    fn bytes(self, length: usize) -> Vec<u8> {
        let mut bytes = if let Self::Bytes(bytes) = self { bytes } else { Vec::new() };
        bytes.resize(length, 0);
        bytes
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(digits: &str) -> Vec<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16).unwrap_or(0) as u8;
    digits.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | pair.get(1).map_or(0, |b| digit(*b))).collect()
}

struct Port {
    scratch: u64,
    functions: &'static [Function],
    asked: RefCell<String>,
    is_waiting: Cell<bool>,
    answer: RefCell<Option<Answer>>,
}

impl Port {
    async fn ask(&self, what: String) -> Answer {
        *self.asked.borrow_mut() = what;
        self.is_waiting.set(true);
        poll_fn(|_| match self.answer.borrow_mut().take() {
            Some(answer) => Poll::Ready(answer),
            None => Poll::Pending,
        })
        .await
    }
}

/// A function under way.
struct Task {
    port: Rc<Port>,
    future: Pin<Box<dyn Future<Output = u64>>>,
}

impl Task {
    fn begin(functions: &'static [Function], number: usize, word: u64, scratch: u64) -> Option<Self> {
        let port = Rc::new(Port {
            scratch,
            functions,
            asked: RefCell::default(),
            is_waiting: Cell::new(false),
            answer: RefCell::default(),
        });
        let (_, function) = functions.get(number)?;
        let future = function(Sys { port: Rc::clone(&port) }, word);
        Some(Self { port, future })
    }

    /// Goes on to what it wants next.
    fn next(&mut self) -> String {
        self.port.is_waiting.set(false);
        let mut context = Context::from_waker(Waker::noop());
        let polled = catch_unwind(AssertUnwindSafe(|| self.future.as_mut().poll(&mut context)));
        match polled {
            Ok(Poll::Ready(code)) => format!("end {code}"),
            Ok(Poll::Pending) if self.port.is_waiting.get() => self.port.asked.borrow().clone(),
            Ok(Poll::Pending) => "panic it awaits something that is not of the kernel".to_owned(),
            Err(why) => {
                let text = why.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| why.downcast_ref::<&str>().copied()).unwrap_or("");
                format!("panic {}", text.lines().next().unwrap_or(""))
            }
        }
    }

    fn answered(&mut self, answer: &str) -> String {
        *self.port.answer.borrow_mut() = Some(Answer::parse(answer));
        self.next()
    }
}

/// Serves the kernel until it has heard enough: each line of it gets one line.
pub fn serve(functions: &'static [Function]) {
    // What went wrong is told to the kernel.
    std::panic::set_hook(Box::new(|_| {}));
    let mut tasks = BTreeMap::new();
    for line in std::io::stdin().lock().lines().map_while(std::result::Result::ok) {
        let mut words = line.split(' ');
        let verb = words.next().unwrap_or("");
        let mut number = || words.next().and_then(|word| word.parse::<u64>().ok()).unwrap_or(0);
        let said = match verb {
            // begin TASK FUNCTION WORD SCRATCH ANSWER…: a function, and what it has been answered before.
            "begin" => {
                let (id, function, word, scratch) = (number(), number(), number(), number());
                match Task::begin(functions, function as usize, word, scratch) {
                    None => "panic there is no such function".to_owned(),
                    Some(mut task) => {
                        let mut said = task.next();
                        for answer in words {
                            said = task.answered(answer);
                        }
                        tasks.insert(id, task);
                        said
                    }
                }
            }
            // go TASK ANSWER
            _ => {
                let id = number();
                match tasks.get_mut(&id) {
                    Some(task) => task.answered(words.next().unwrap_or("0")),
                    None => "panic there is no such task".to_owned(),
                }
            }
        };
        if said.starts_with("end") {
            let ended = line.split(' ').nth(1).and_then(|id| id.parse().ok()).unwrap_or(0);
            tasks.remove(&ended);
        }
        if writeln!(std::io::stdout(), "{said}").is_err() {
            return;
        }
    }
}
