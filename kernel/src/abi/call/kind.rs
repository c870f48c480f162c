//! What an argument or a result of a system call is: how it is decoded, and how strace prints it.

use crate::abi::flags::{ConstSet, FlagSet};

/// Where the data behind a pointer flows, seen from the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the program: decoded when the call begins. Plain numbers count as this too.
    In,
    /// To the program: decoded when the call has ended, and only if it succeeded; else the address
    /// is printed.
    Out,
    /// Both: decoded at the beginning, and again at the end if the call succeeded. strace prints
    /// what changed as `[128 => 16]`.
    InOut,
}

/// How long the data behind a pointer is. Counts bytes, or elements for kinds that have several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Length {
    /// So much as the argument with this index says.
    Argument(u8),
    /// So much as the result says.
    Result,
    /// So much as the 32-bit word says to which the argument with this index points.
    Pointee(u8),
}

/// What an argument is. Numbers in the fields are indices of other arguments, from 0.
///
/// Unless said otherwise, a pointer of 0 prints as `NULL`, and one that cannot be read as its
/// address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    // Numbers.
    /// C `int`: signed, 32 bits.
    Int,
    /// C `unsigned int`: 32 bits.
    Unsigned,
    /// C `long`: signed, 64 bits.
    Long,
    /// C `unsigned long`: 64 bits, in decimal.
    UnsignedLong,
    /// 64 bits in hexadecimal; 0 is `0`.
    Hex,
    /// `size_t`: a number of bytes.
    Size,
    /// `off_t`: signed, 64 bits.
    Offset,
    /// `off_t` of mmap(2): in hexadecimal.
    HexOffset,
    /// An address that is only a number to the kernel, or whose data nobody prints.
    Address,
    /// A register that the call ignores; not printed.
    Hidden,

    // Names of things.
    /// A descriptor. With `-y`: `3</path>`.
    Fd,
    /// A directory's descriptor, or `AT_FDCWD`.
    DirFd,
    /// A process, thread or group; negative ones for kill(2) and wait4(2).
    Pid,
    /// A user; all ones prints as -1.
    Uid,
    /// A group; all ones prints as -1.
    Gid,
    /// A signal: `SIGINT`; 0 and strangers as numbers.
    Signal,
    /// Key of a System V object: `IPC_PRIVATE` or hexadecimal.
    IpcKey,

    // Flags and named numbers.
    /// Bits with names.
    Flags(&'static FlagSet),
    /// A number with names.
    Enum(&'static ConstSet),
    /// Bits with names, then permissions in octal: `IPC_CREAT|0600`.
    IpcFlags(&'static FlagSet),
    /// Permissions, in octal: `0644`.
    Mode,
    /// Permissions of openat(2): printed only if the flags in that argument make a file.
    CreateMode {
        /// Argument with the flags.
        flags: u8,
    },
    /// Kind of file and permissions: `S_IFCHR|0666`.
    FileMode,
    /// Device number of mknodat(2), `makedev(0x8, 0x1)`: printed only if that argument makes a
    /// device.
    Device {
        /// Argument with the mode.
        mode: u8,
    },
    /// Protocol of socket(2): which names depends on the family in argument 0.
    Protocol,
    /// Option of setsockopt(2): which names depends on the level in argument 1.
    SocketOption,
    /// Flags of clone(2) with the signal in the low eight bits. strace prints `flags=`, after the
    /// stack.
    CloneFlags,
    /// `struct clone_args` of clone3(2), as many bytes as argument 1 says; the pidfd and the parent's tid
    /// come out: `{flags=…} => {parent_tid=[9127]}`.
    CloneArguments,
    /// Stack of clone(2): printed first, as `child_stack=`.
    CloneStack,
    /// A word of clone(2) that is printed with its label, and only if one of these flags is set.
    CloneWord {
        /// `parent_tid`, `tls` or `child_tidptr`.
        label: &'static str,
        /// Bits of `CloneFlags`; all those for which it is printed.
        when: u64,
        /// Out if the kernel fills it in: `parent_tid=[9127]`.
        direction: Direction,
    },
    /// Operation of futex(2).
    FutexOp,
    /// An argument of futex(2) after the operation: printed only if the operation uses it, see
    /// `FutexOp::arguments`.
    FutexValue,
    /// Argument 3 of futex(2): a timeout, a second value or nothing, see `FutexOp::has_timeout`.
    FutexTimeout,
    /// Third argument of fcntl(2): depends on the command in argument 1; not printed for F_GETFL
    /// and others that take none.
    FcntlArgument,
    /// Request of ioctl(2): `TCGETS`, or its parts.
    IoctlRequest,
    /// Third argument of ioctl(2): depends on the request.
    IoctlArgument,
    /// Argument of prctl(2): depends on the option in argument 0; not printed where there is none.
    PrctlArgument,

    // Text and bytes.
    /// A string that ends in a zero; never cut.
    Path,
    /// A string that ends in a zero; cut at `-s`.
    String,
    /// A string that the kernel fills in, with the result's length: getcwd(2), readlinkat(2).
    StringOut,
    /// Bytes, as a string cut at `-s`.
    Buffer {
        /// In for write(2), out for read(2).
        direction: Direction,
        /// How many.
        length: Length,
    },
    /// Arguments of execve(2): `["ls", "-l"]`.
    Argv,
    /// Environment of execve(2): `0x7ffc… /* 21 vars */`.
    Environment,
    /// Several buffers: `[{iov_base="hello", iov_len=5}]`.
    Iovec {
        /// In for writev(2), out for readv(2).
        direction: Direction,
        /// Argument with the number of buffers.
        count: u8,
    },

    // Numbers in memory.
    /// One `int`: `[1]`.
    IntPointer(Direction),
    /// One 64-bit number: `[0]`, `[0 => 10]`.
    LongPointer(Direction),
    /// One `uid_t` or `gid_t`.
    IdPointer(Direction),
    /// Two descriptors: `[3, 4]`.
    FdPair,
    /// Groups, as many as the length says.
    GroupList {
        /// In for setgroups(2), out for getgroups(2).
        direction: Direction,
        /// How many.
        length: Length,
    },
    /// Length of a socket address or option: `[128 => 16]`.
    SocketLength,
    /// A set of CPUs, as many bytes as argument 1 or the result says: `[0 1]`.
    CpuSet(Direction),
    /// A set of descriptors of pselect6(2), as many bits as argument 0 says: `[3 4]`.
    FdSet,

    // Structures that oscope decodes; `abi::types` and `abi::signal` have most of them.
    /// Seconds and nanoseconds.
    Timespec(Direction),
    /// What is left of a sleep: filled in only if a signal interrupted it.
    Remaining,
    /// Two of them, for utimensat(2): access, modification; `UTIME_NOW` and `UTIME_OMIT` by name.
    TimespecPair,
    /// Seconds and microseconds.
    Timeval(Direction),
    /// `struct timezone`, obsolete.
    Timezone(Direction),
    /// Interval and value in nanoseconds.
    Itimerspec(Direction),
    /// Interval and value in microseconds.
    Itimerval(Direction),
    /// `struct tms` of times(2).
    Tms,
    /// `struct stat`.
    Stat,
    /// `struct statx`.
    Statx,
    /// `struct statfs`.
    Statfs,
    /// `struct new_utsname`.
    Utsname,
    /// `struct sysinfo`.
    Sysinfo,
    /// `struct rlimit64`.
    Rlimit(Direction),
    /// `struct rusage`.
    Rusage,
    /// Status word of wait4(2): `[{WIFEXITED(s) && WEXITSTATUS(s) == 0}]`; the address if the
    /// result is 0.
    WaitStatus,
    /// `siginfo_t`.
    SigInfo(Direction),
    /// `sigset_t`: `[INT CHLD]`; its size is in the next argument of kind [`Kind::Size`].
    SignalSet(Direction),
    /// Two words of pselect6(2): where the set of signals is, and how long: `{sigmask=[], sigsetsize=8}`.
    SignalSetPack,
    /// `struct sigaction`.
    SigAction(Direction),
    /// `stack_t`.
    SigStack(Direction),
    /// `struct sigevent`.
    SigEvent,
    /// Registers saved for rt_sigreturn(2), which has no argument: printed as `{mask=[]}`.
    SigFrame,
    /// `struct sched_param`: `[50]`.
    SchedParam(Direction),
    /// `struct sched_attr`.
    SchedAttr(Direction),
    /// Entries of getdents64(2): `0x… /* 5 entries */`.
    Dirents,
    /// `struct pollfd`s, as many as argument 1 says; what came stands after the result.
    PollFds,
    /// One event of epoll_ctl(2).
    EpollEvent,
    /// Events of epoll_pwait(2), as many as the result says.
    EpollEvents,
    /// A socket address.
    SocketAddress {
        /// In for bind(2), out for accept4(2).
        direction: Direction,
        /// Its length.
        length: Length,
    },
    /// Value of a socket option: decoded by level and option.
    SocketValue {
        /// In for setsockopt(2), out for getsockopt(2).
        direction: Direction,
        /// Its length.
        length: Length,
    },
    /// `struct msghdr`.
    MessageHeader(Direction),
    /// `struct mmsghdr`s, as many as argument 2 says.
    MessageHeaders(Direction),
    /// Operations of semop(2), as many as argument 2 says.
    SemOps,
    /// A structure that oscope does not decode: printed as its address. The name is that of Linux.
    Struct(&'static str, Direction),
}

impl Kind {
    /// Where the data flows.
    #[must_use]
    pub const fn direction(&self) -> Direction {
        match self {
            Self::Buffer { direction, .. }
            | Self::Iovec { direction, .. }
            | Self::GroupList { direction, .. }
            | Self::SocketAddress { direction, .. }
            | Self::SocketValue { direction, .. }
            | Self::CloneWord { direction, .. }
            | Self::IntPointer(direction)
            | Self::LongPointer(direction)
            | Self::IdPointer(direction)
            | Self::CpuSet(direction)
            | Self::Timespec(direction)
            | Self::Timeval(direction)
            | Self::Timezone(direction)
            | Self::Itimerspec(direction)
            | Self::Itimerval(direction)
            | Self::Rlimit(direction)
            | Self::SigInfo(direction)
            | Self::SignalSet(direction)
            | Self::SigAction(direction)
            | Self::SigStack(direction)
            | Self::SchedParam(direction)
            | Self::SchedAttr(direction)
            | Self::MessageHeader(direction)
            | Self::MessageHeaders(direction)
            | Self::Struct(_, direction) => *direction,
            Self::StringOut
            | Self::FdPair
            | Self::Remaining
            | Self::Tms
            | Self::Stat
            | Self::Statx
            | Self::Statfs
            | Self::Utsname
            | Self::Sysinfo
            | Self::Rusage
            | Self::WaitStatus
            | Self::Dirents
            | Self::EpollEvents => Direction::Out,
            Self::SocketLength | Self::PollFds | Self::FdSet | Self::CloneArguments => {
                Direction::InOut
            }
            _ => Direction::In,
        }
    }

    /// Is it decoded only once the call has succeeded? The printer shows the address otherwise.
    #[must_use]
    pub const fn decoded_on_success(&self) -> bool {
        matches!(self.direction(), Direction::Out)
    }
}

/// What a result that is no error means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResultKind {
    /// 0: it is done.
    Success,
    /// The call does not return: `= ?`.
    Never,
    /// A signed number.
    Int,
    /// A number of bytes.
    Bytes,
    /// A number of things.
    Count,
    /// A position in a file, in bytes.
    Offset,
    /// A descriptor. With `-y`: `3</path>`.
    Fd,
    /// A process, thread or group.
    Pid,
    /// A user.
    Uid,
    /// A group.
    Gid,
    /// An address, in hexadecimal.
    Address,
    /// A word in hexadecimal.
    Hex,
    /// Permissions, in octal: `022`.
    Mode,
    /// A signal, named after its number: `10 (SIGUSR1)`.
    Signal,
    /// A scheduling policy, named after its number: `0 (SCHED_OTHER)`.
    Policy,
    /// A number of ready descriptors, listed after it: `1 ([{fd=0, revents=POLLIN}])`,
    /// `0 (Timeout)`.
    Ready,
    /// What it means depends on the command: fcntl(2), ioctl(2), prctl(2), shmctl(2), futex(2) …
    ByCommand,
    /// The register that the interrupted code had: rt_sigreturn(2), restart_syscall(2).
    Interrupted,
}
