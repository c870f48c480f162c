//! The seam between the kernel and what runs on it: [`Program`], [`Image`], [`Loader`], [`Guest`].
//!
//! Layers: a [`Loader`] looks at a file's first bytes as execve(2) does and finds an [`Image`]; the image
//! starts a [`Program`] on a stack; the kernel resumes the program until its next [`Trap`], serves the
//! trap, and resumes it with the answer.
//!
//! A typical sequence:
//! 1. `execve("/bin/cat")` reads the file's head, asks the loader, maps the image's segments, puts
//!    `argc`, `argv`, `envp` on the new stack and calls [`Image::start`].
//! 2. The CPU lends its memory: [`Program::resume`] returns `Trap::Call { number: 63, … }`, a read(2).
//! 3. The kernel runs the call. If it must wait, another thread gets the CPU meanwhile.
//! 4. `resume(Answer::Value(5), …)`: the program goes on.
//!
//! A program is a pure function of its start and of the answers it was given, and it journals those.
//! So it can be **saved** at any trap, as a value that may cross host threads, and **revived** from it: that
//! is fork(2), the keyframe of a machine, and its migration. The idea is that of record and replay (rr,
//! O'Callahan et al., 2017), used as the *only* way to copy a program.

use super::types::SigInfo;
use super::{Errno, Fault, UserMemory};
use crate::base::{Duration, Time};
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::sync::Arc;

/// Why a program gave the CPU back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trap {
    /// A system call: number and argument words, as in `a7` and `a0`–`a5`.
    Call {
        /// The number in the table of Linux on riscv64.
        number: u64,
        /// The six words.
        arguments: [u64; 6],
    },
    /// A page fault; the operation is tried again on `Answer::Retry`.
    Fault(Fault),
    /// The horizon was reached between two operations.
    Preempt,
    /// A signal handler returned; what it interrupted goes on with the next answer.
    SigReturn,
    /// The program cannot go on: its process gets SIGABRT.
    Abort(Abort),
}

/// How a program can break its side of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Abort {
    /// Its code panicked.
    Panic,
    /// Its journal is full: it ran too long without rebasing.
    JournalFull,
    /// Revived, it did something else than before: it is not a function of its answers.
    NotDeterministic,
}

/// What a resumed program is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// The result of its call: a value, or an errno as `-errno` in two's complement.
    Value(u64),
    /// Nothing: start, or try the interrupted operation again.
    Retry,
}

/// What a signal handler is called with (sigaction(2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SignalFrame {
    /// The handler's address, as it was given to rt_sigaction(2).
    pub handler: u64,
    /// The signal's number: what every handler gets.
    pub signal: u8,
    /// What is told with it: what a handler installed with SA_SIGINFO gets as well.
    pub info: Option<SigInfo>,
}

/// A program somewhere between two traps. It may hold futures, so it stays on its host thread.
pub trait Program {
    /// Goes on until the next trap, which it leaves in `trap`. `memory` is the CPU's loan, and comes back.
    fn resume(
        &mut self,
        answer: Answer,
        memory: Box<dyn UserMemory>,
        trap: &mut Trap,
    ) -> Box<dyn UserMemory>;

    /// Calls a signal handler on top of what the program was doing. `false` if there is no such handler.
    fn signal(&mut self, frame: SignalFrame) -> bool;

    /// The program as a value: same place, same answers. What fork(2) gives the child.
    fn save(&mut self) -> Arc<dyn SavedProgram>;

    /// A new thread of this program on another stack, as clone(2) starts one: the two words at `stack`
    /// are the function and its argument.
    fn thread(&self, stack: u64) -> Arc<dyn SavedProgram>;

    /// How many answers its journal holds.
    fn journal_length(&self) -> usize;
}

/// A program as a value.
pub trait SavedProgram: Send + Sync {
    /// The program again, at the trap where it was saved.
    fn revive(&self) -> Box<dyn Program>;
    /// A number for its position, equal for equal histories.
    fn digest(&self) -> u64;
}

/// The parts of an address space that execve(2) lays out, in pages of 4096 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Segments {
    /// Code: readable and executable.
    pub text: u32,
    /// Initialised data: readable and writable.
    pub data: u32,
    /// The largest stack; its pages come as they are touched.
    pub stack: u32,
}

/// An executable file, understood.
pub trait Image: Send + Sync {
    /// The short name that `ps` shows (15 bytes of it).
    fn name(&self) -> &str;
    /// What to map.
    fn segments(&self) -> Segments;
    /// A program at its first instruction, with its stack pointer at `stack`: there lie `argc`, the
    /// pointers to the arguments, a null, the pointers to the environment, a null, as the psABI says.
    fn start(&self, stack: u64) -> Arc<dyn SavedProgram>;
}

/// Finds out what a file is.
pub trait Loader: Send + Sync {
    /// The image in a file that begins with `head`.
    ///
    /// # Errors
    /// `ENOEXEC` if it is nothing that can run, `ENOENT` if it names a program that does not exist.
    fn load(&self, path: &str, head: &[u8]) -> Result<Arc<dyn Image>, Errno>;
}

/// What a guest machine did with the time it was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GuestRun {
    /// How much of the grant its virtual CPU used, in host time.
    pub used: Duration,
    /// Why it stopped.
    pub exit: GuestExit,
}

/// Why a virtual CPU left guest mode ("VM exit").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GuestExit {
    /// The grant was used up.
    Preempted,
    /// The guest has nothing to do before this time (`WFI`); `Time::MAX`: before something comes in.
    Idle(Time),
    /// The guest touched something that its host must emulate.
    Device,
    /// The guest stopped for good: every program of it has ended, or it made no progress.
    Stopped,
}

/// A machine inside a machine, seen from its host. A guest's clock is its host's: what it was not granted
/// is time stolen from it.
pub trait Guest {
    /// Lets virtual CPU `cpu` run from `from` to `horizon` at most.
    fn run(&mut self, cpu: u16, from: Time, horizon: Time) -> GuestRun;
    /// How many system calls its kernel has served.
    fn calls(&self) -> u64;
    /// The guest as a value.
    fn save(&mut self) -> Arc<dyn SavedGuest>;
    /// For whoever built it and knows the type.
    fn as_any(&self) -> &dyn Any;
}

/// A guest as a value.
pub trait SavedGuest: Send + Sync {
    /// The guest again.
    fn revive(&self) -> Box<dyn Guest>;
    /// A number for its state.
    fn digest(&self) -> u64;
}
