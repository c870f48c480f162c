//! How much memory the arguments of a call reach, from their kinds alone: what is worth recording of it.
//!
//! A tracer stops a call twice, before and after, and looks at the memory behind its pointers. Here stands how
//! far it looks. Bytes without a meaning of their own (strings, buffers) are taken up to a limit; structures
//! whole.

use super::{Direction, Kind, Length};
use crate::abi::SignalSet;
use crate::abi::flags::FutexOp;
use crate::abi::types::{
    EpollEvent, Iovec, Itimerspec, Itimerval, PollFd, Rlimit, Rusage, SockAddr, Stat, Timespec,
    Timeval, Utsname,
};

/// How many bytes of a string or a buffer are recorded.
pub const TEXT_LIMIT: u64 = 256;
/// The longest path (`PATH_MAX`): paths are recorded whole.
pub const PATH_LIMIT: u64 = 4096;
/// How many elements of a list are recorded.
pub const LIST_LIMIT: u64 = 64;
/// How many bytes of directory entries are recorded: what the C library asks for at once.
const DIRENTS_LIMIT: u64 = 32768;

/// How far a pointer is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Not at all.
    Nothing,
    /// So many bytes.
    Bytes(u64),
    /// To a zero byte, or so many bytes at most.
    Text(u64),
    /// A list of pointers to strings that ends with a null.
    Texts,
    /// Two words, and a `sigset_t` at the first.
    SignalSetPack,
    /// A `struct clone_args` of so many bytes, and the words to which its fields point.
    CloneArguments(u64),
    /// A list of `struct iovec`, and so many bytes of the buffers.
    Buffers {
        /// How many elements.
        count: u64,
        /// How many bytes in all.
        bytes: u64,
    },
    /// A `struct msghdr`, its name, its buffers.
    Message {
        /// How many bytes of the buffers.
        bytes: u64,
    },
}

/// When an argument of a kind may have to be looked at: before, after.
const fn moments(kind: &Kind) -> (bool, bool) {
    match kind {
        // Numbers, and pointers whose data nobody prints.
        Kind::Int
        | Kind::Unsigned
        | Kind::Long
        | Kind::UnsignedLong
        | Kind::Hex
        | Kind::Size
        | Kind::Offset
        | Kind::HexOffset
        | Kind::Address
        | Kind::Hidden
        | Kind::Fd
        | Kind::DirFd
        | Kind::Pid
        | Kind::Uid
        | Kind::Gid
        | Kind::Signal
        | Kind::IpcKey
        | Kind::Flags(_)
        | Kind::Enum(_)
        | Kind::IpcFlags(_)
        | Kind::Mode
        | Kind::CreateMode { .. }
        | Kind::FileMode
        | Kind::Device { .. }
        | Kind::Protocol
        | Kind::SocketOption
        | Kind::CloneFlags
        | Kind::CloneStack
        | Kind::CloneWord { direction: Direction::In | Direction::InOut, .. }
        | Kind::FutexOp
        | Kind::FutexValue
        | Kind::IoctlRequest
        | Kind::SigFrame
        | Kind::Struct(..) => (false, false),
        // What these point to depends on another argument.
        Kind::FcntlArgument | Kind::IoctlArgument | Kind::PrctlArgument => (true, true),
        _ => match kind.direction() {
            Direction::In => (true, false),
            Direction::Out => (false, true),
            Direction::InOut => (true, true),
        },
    }
}

/// The arguments of a call that are looked at, as bits: before, after.
pub(super) const fn looks(arguments: &[super::Argument]) -> (u8, u8) {
    let (mut before, mut after) = (0, 0);
    let mut at = 0;
    while at < arguments.len() {
        let (is_before, is_after) = moments(&arguments[at].kind);
        before |= (is_before as u8) << at;
        after |= (is_after as u8) << at;
        at += 1;
    }
    (before, after)
}

/// How far to look before a call.
#[must_use]
pub fn before(kind: &Kind, at: usize, words: &[u64; 6]) -> Extent {
    let length = |length| match length {
        Length::Argument(n) => word(words, n),
        Length::Result | Length::Pointee(_) => 0,
    };
    match *kind {
        Kind::Buffer { length: l, .. } => Extent::Bytes(length(l).min(TEXT_LIMIT)),
        Kind::Iovec { count, .. } => buffers(word(words, count), TEXT_LIMIT),
        Kind::GroupList { length: l, .. } => list(length(l), 4),
        Kind::SocketAddress { length: l, .. } => {
            Extent::Bytes(length(l).min(SockAddr::MAX_SIZE as u64))
        }
        Kind::SocketValue { length: l, .. } => Extent::Bytes(length(l).min(TEXT_LIMIT)),
        Kind::MessageHeader(_) => Extent::Message { bytes: TEXT_LIMIT },
        Kind::FcntlArgument | Kind::IoctlArgument | Kind::PrctlArgument => {
            by_command(kind, at, words, false)
        }
        _ => structure(kind, words),
    }
}

/// How far to look after a call with this result, which is no error.
#[must_use]
pub fn after(
    kind: &Kind,
    at: usize,
    words: &[u64; 6],
    result: u64,
    pointee: &mut dyn FnMut(u64) -> u64,
) -> Extent {
    let mut length = |length| match length {
        Length::Argument(n) => word(words, n),
        Length::Result => result,
        Length::Pointee(n) => pointee(word(words, n)),
    };
    match *kind {
        Kind::StringOut => Extent::Bytes(result.min(PATH_LIMIT)),
        Kind::Buffer { length: l, .. } => Extent::Bytes(length(l).min(TEXT_LIMIT)),
        Kind::Iovec { count, .. } => buffers(word(words, count), result.min(TEXT_LIMIT)),
        Kind::GroupList { length: l, .. } => list(length(l), 4),
        Kind::SocketAddress { length: l, .. } => {
            Extent::Bytes(length(l).min(SockAddr::MAX_SIZE as u64))
        }
        Kind::SocketValue { length: l, .. } => Extent::Bytes(length(l).min(TEXT_LIMIT)),
        Kind::MessageHeader(_) => Extent::Message { bytes: result.min(TEXT_LIMIT) },
        Kind::EpollEvents => list(result, EpollEvent::SIZE as u64),
        Kind::Dirents => Extent::Bytes(result.min(DIRENTS_LIMIT)),
        Kind::CpuSet(_) => Extent::Bytes(result.min(128)),
        // wait4(2) found nobody: it wrote nothing.
        Kind::WaitStatus if result == 0 => Extent::Nothing,
        Kind::CloneWord { when, .. } if words[0] & when == 0 => Extent::Nothing,
        Kind::FcntlArgument | Kind::IoctlArgument | Kind::PrctlArgument => {
            by_command(kind, at, words, true)
        }
        _ => structure(kind, words),
    }
}

/// Kinds whose size does not depend on the moment.
fn structure(kind: &Kind, words: &[u64; 6]) -> Extent {
    let size = match *kind {
        Kind::Path => return Extent::Text(PATH_LIMIT),
        Kind::String => return Extent::Text(TEXT_LIMIT),
        Kind::Argv | Kind::Environment => return Extent::Texts,
        Kind::FutexTimeout if !FutexOp(words[1] as u32).has_timeout() => return Extent::Nothing,
        Kind::PollFds => return list(words[1], PollFd::SIZE as u64),
        Kind::SemOps => return list(words[2], 6),
        Kind::CpuSet(_) => return Extent::Bytes(words[1].min(128)),
        Kind::FdSet => {
            return Extent::Bytes((words[0] & 0xffff_ffff).div_ceil(64).saturating_mul(8).min(128));
        }
        Kind::IntPointer(_)
        | Kind::IdPointer(_)
        | Kind::CloneWord { .. }
        | Kind::SocketLength
        | Kind::WaitStatus
        | Kind::SchedParam(_) => 4,
        Kind::LongPointer(_) | Kind::FdPair | Kind::Timezone(_) => 8,
        Kind::SignalSet(_) => SignalSet::SIZE,
        Kind::Timespec(_) | Kind::Remaining | Kind::FutexTimeout => Timespec::SIZE,
        Kind::TimespecPair => 2 * Timespec::SIZE,
        Kind::Timeval(_) => Timeval::SIZE,
        Kind::Itimerspec(_) => Itimerspec::SIZE,
        Kind::Itimerval(_) => Itimerval::SIZE,
        Kind::Rlimit(_) => Rlimit::SIZE,
        Kind::EpollEvent => EpollEvent::SIZE,
        Kind::SigAction(_) | Kind::SigStack(_) | Kind::SigEvent => 24,
        Kind::Tms => 32,
        Kind::SigInfo(_) => 48,
        // sched_getattr(2) is told how long it is; sched_setattr(2) finds that in its first word.
        Kind::SchedAttr(direction) => {
            let longest = 56;
            if direction == Direction::Out {
                (words[2] & 0xffff_ffff).min(longest) as usize
            } else {
                longest as usize
            }
        }
        Kind::CloneArguments => return Extent::CloneArguments(words[1].min(TEXT_LIMIT)),
        Kind::SignalSetPack => return Extent::SignalSetPack,
        Kind::Sysinfo => 112,
        Kind::Statfs => 120,
        Kind::Stat => Stat::SIZE,
        Kind::Rusage => Rusage::SIZE,
        Kind::Statx => 256,
        Kind::Utsname => Utsname::SIZE,
        _ => return Extent::Nothing,
    };
    Extent::Bytes(size as u64)
}

/// The arguments of fcntl(2), ioctl(2) and prctl(2), whose command stands in another argument.
fn by_command(kind: &Kind, at: usize, words: &[u64; 6], after: bool) -> Extent {
    let command = words[if matches!(kind, Kind::PrctlArgument) { 0 } else { 1 }] & 0xffff_ffff;
    match (kind, command, after) {
        // F_GETLK, F_SETLK, F_SETLKW and those of open file descriptions: struct flock.
        (Kind::FcntlArgument, 5..=7 | 36..=38, false) => Extent::Bytes(32),
        (Kind::FcntlArgument, 5 | 36, true) => Extent::Bytes(32),
        // F_SETOWN_EX, F_GETOWN_EX: struct f_owner_ex.
        (Kind::FcntlArgument, 15, false) | (Kind::FcntlArgument, 16, true) => Extent::Bytes(8),
        // TCSETS, TCSETSW, TCSETSF; TCGETS: struct termios of the kernel.
        (Kind::IoctlArgument, 0x5402..=0x5404, false) => Extent::Bytes(36),
        (Kind::IoctlArgument, 0x5401, true) => Extent::Bytes(36),
        // TIOCSPGRP, FIONBIO, TIOCSPTLCK; TIOCGPGRP, TIOCOUTQ, FIONREAD, TIOCGSID, TIOCGPTN.
        (Kind::IoctlArgument, 0x5410 | 0x5421 | 0x4004_5431, false) => Extent::Bytes(4),
        (Kind::IoctlArgument, 0x540f | 0x5411 | 0x541b | 0x5429 | 0x8004_5430, true) => {
            Extent::Bytes(4)
        }
        // TIOCSWINSZ; TIOCGWINSZ: struct winsize.
        (Kind::IoctlArgument, 0x5414, false) => Extent::Bytes(8),
        (Kind::IoctlArgument, 0x5413, true) => Extent::Bytes(8),
        // PR_SET_NAME; PR_GET_NAME.
        (Kind::PrctlArgument, 15, false) if at == 1 => Extent::Text(15),
        (Kind::PrctlArgument, 16, true) if at == 1 => Extent::Text(15),
        // PR_GET_PDEATHSIG, PR_GET_CHILD_SUBREAPER.
        (Kind::PrctlArgument, 2 | 37, true) if at == 1 => Extent::Bytes(4),
        _ => Extent::Nothing,
    }
}

fn word(words: &[u64; 6], at: u8) -> u64 {
    words.get(usize::from(at)).copied().unwrap_or(0)
}

fn list(count: u64, size: u64) -> Extent {
    Extent::Bytes(count.min(LIST_LIMIT) * size)
}

fn buffers(count: u64, bytes: u64) -> Extent {
    Extent::Buffers { count: count.min(LIST_LIMIT).min(Iovec::MAX_COUNT as u64), bytes }
}
