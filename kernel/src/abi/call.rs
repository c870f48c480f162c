//! The table of system calls: every call of Linux on riscv64, what its arguments are, and whether
//! oscope has it.
//!
//! This one table says which server serves a call and what is supported, and how calls are read and
//! printed; a test holds dispatch against it. Numbers stand in [`nr`] alone; a test holds the table
//! against it and against the headers of Linux.
//!
//! A typical sequence:
//! 1. a program traps with number 56 and six words;
//! 2. [`lookup`] finds `openat`; [`Call::status`] says whether there is a handler, [`Call::server`]
//!    which server's task runs it in a microkernel;
//! 3. before the handler runs, the printer walks [`Call::arguments`] and decodes those that go in
//!    ([`Kind::direction`]);
//! 4. after it, the printer decodes those that come out, if the call succeeded, and then the result
//!    by [`Call::result`].

pub mod extent;
mod kind;
pub mod nr;
mod table;

pub use kind::{Direction, Kind, Length, ResultKind};

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// One system call.
#[derive(Debug, PartialEq, Eq)]
pub struct Call {
    /// Its number, the one in register a7.
    pub number: u16,
    /// Its name as strace prints it on a 64-bit machine: `newfstatat`, `getdents64`.
    pub name: &'static str,
    /// Its arguments, at most six, in the order of registers a0 to a5.
    pub arguments: &'static [Argument],
    /// What a result that is no error means.
    pub result: ResultKind,
    /// Which server's task serves it in a microkernel; `None` if even a microkernel does it itself.
    pub server: Option<Server>,
    /// How far oscope has it.
    pub status: Status,
}

/// One argument of a system call.
#[derive(Debug, PartialEq, Eq)]
pub struct Argument {
    /// Its name in the manual page.
    pub name: &'static str,
    /// How it is decoded and printed.
    pub kind: Kind,
}

/// The server tasks of a microkernel build. A call belongs to the server that owns what it changes;
/// calls on descriptors go to [`Server::File`], which owns the descriptor tables and asks the
/// network server where the descriptor is a socket. What stays in the kernel is what only it can
/// do: scheduling, waiting, clocks, the caller's own registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Server {
    /// Processes: their tree, ids, credentials, limits, signals and names.
    Process,
    /// Address spaces and shared memory.
    Memory,
    /// Descriptors, files, directories, mounts.
    File,
    /// Sockets.
    Network,
}

/// How far oscope has a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// As Linux has it.
    Supported,
    /// With the exception that the text names.
    Partial(&'static str),
    /// ENOSYS.
    Absent,
}

impl Call {
    /// Does the call end in a handler, rather than in ENOSYS?
    #[must_use]
    pub fn is_present(&self) -> bool {
        self.status != Status::Absent
    }
}

/// The call with this number, in constant time.
#[must_use]
pub fn lookup(number: u16) -> Option<&'static Call> {
    table::BY_NUMBER.get(usize::from(number)).copied().flatten()
}

/// Which arguments of a call a tracer looks at, as bits: before the call, and after it. 0 for calls
/// without pointers.
#[inline]
#[must_use]
pub fn looks(number: u64) -> (u8, u8) {
    usize::try_from(number).ok().and_then(|at| table::LOOKS.get(at)).copied().unwrap_or((0, 0))
}

/// The call with this name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Call> {
    static NAMES: LazyLock<BTreeMap<&str, &Call>> =
        LazyLock::new(|| all().map(|call| (call.name, call)).collect());
    NAMES.get(name).copied()
}

/// Every call, by rising number.
pub fn all() -> impl Iterator<Item = &'static Call> {
    table::BY_NUMBER.iter().copied().flatten()
}

#[cfg(test)]
mod tests;
