//! Structures that programs and the kernel hand each other in memory, laid out as on riscv64 Linux.
//!
//! Every structure is little-endian, and 64-bit numbers are aligned to eight bytes. Nothing here is
//! reinterpreted in place: `to_bytes` and `from_bytes` copy field by field, so that the layout can
//! be read in the code and holds on any host.
//!
//! A typical sequence:
//! 1. nanosleep(2) copies [`Timespec::SIZE`] bytes in from the program's memory;
//! 2. [`Timespec::from_bytes`] takes them apart, and [`Timespec::to_duration`] checks them: `None`
//!    is EINVAL;
//! 3. fstat(2) goes the other way: the file system fills a [`Stat`], and `to_bytes` is copied out.

mod bytes;
mod flock;
mod resource;
mod siginfo;
mod socket;
mod stat;
mod statx;
mod tcp;
mod termios;
mod text;
mod time;
mod wait;

pub use flock::Flock;
pub use resource::{RLIM_INFINITY, Rlimit, Rusage, Sysinfo, Tms};
pub use siginfo::{SigInfo, StackT};
pub use socket::{
    EpollEvent, PollFd, SockAddr, SockAddrIn, SockAddrLl, SockAddrUn, print_socket_address,
};
pub use stat::{Dirent, Stat, Utsname, major, makedev, minor};
pub use statx::{Statfs, Statx};
pub use tcp::TcpState;
pub use termios::{Termios, WindowSize, termios_character, termios_input, termios_local};
pub use text::quote;
pub use time::{Itimerspec, Itimerval, Timespec, Timeval};
pub use wait::WaitStatus;

use bytes::{Reader, Writer};

/// One buffer of readv(2) and writev(2): `struct iovec`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Iovec {
    /// Where the buffer begins in the program's memory.
    pub base: u64,
    /// Its length in bytes.
    pub length: u64,
}

impl Iovec {
    /// Size in memory, in bytes.
    pub const SIZE: usize = 16;
    /// At most so many in one call (`UIO_MAXIOV`, linux/uio.h); more is EINVAL.
    pub const MAX_COUNT: usize = 1024;

    /// Reads the structure as it lies in memory.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::SIZE]) -> Self {
        let mut reader = Reader::new(bytes);
        Self { base: reader.u64(), length: reader.u64() }
    }

    /// The structure as it lies in memory.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        Writer::new().u64(self.base).u64(self.length).finish()
    }
}

#[cfg(test)]
mod tests;
