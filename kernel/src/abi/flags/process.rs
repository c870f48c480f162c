//! Flags and constants of processes, scheduling, clocks and limits.
//! From `linux/sched.h`, `linux/wait.h`, `linux/time.h`, `asm-generic/resource.h`, `linux/prctl.h`.

use super::{const_set, flag_set, number};
use crate::abi::signal::Signal;

flag_set! {
    /// What a new task shares, and what clone(2) does besides; also for unshare(2) and setns(2).
    CloneFlags: u64, CLONE, "CLONE_";
    /// The address space.
    VM = 0x100;
    /// Root, working directory and umask.
    FS = 0x200;
    /// The table of open files.
    FILES = 0x400;
    /// The table of signal handlers.
    SIGHAND = 0x800;
    /// A descriptor for the child is left at parent_tid.
    PIDFD = 0x1000;
    PTRACE = 0x2000;
    /// The caller sleeps until the child has called execve or ended.
    VFORK = 0x4000;
    /// The child gets the caller's parent.
    PARENT = 0x8000;
    /// A thread of the same process.
    THREAD = 0x1_0000;
    /// A new mount namespace.
    NEWNS = 0x2_0000;
    SYSVSEM = 0x4_0000;
    /// The thread pointer comes from the argument tls.
    SETTLS = 0x8_0000;
    PARENT_SETTID = 0x10_0000;
    /// At the end, clear the word at child_tid and wake its futex.
    CHILD_CLEARTID = 0x20_0000;
    UNTRACED = 0x80_0000;
    CHILD_SETTID = 0x100_0000;
    NEWCGROUP = 0x200_0000;
    NEWUTS = 0x400_0000;
    NEWIPC = 0x800_0000;
    NEWUSER = 0x1000_0000;
    NEWPID = 0x2000_0000;
    NEWNET = 0x4000_0000;
    IO = 0x8000_0000;
}

flag_set! {
    /// What clone3(2) can do besides, by flags for which clone(2) has no room.
    Clone3Flags: u64, CLONE3, "CLONE_";
    /// The child begins without handlers.
    CLEAR_SIGHAND = 0x1_0000_0000;
    /// The child begins in another control group.
    INTO_CGROUP = 0x2_0000_0000;
}

/// The bits of clone's flags that hold the signal sent to the parent at the end (`CSIGNAL`).
pub const CLONE_SIGNAL_MASK: u64 = 0xff;

/// The flags of clone(2) as strace prints them: `CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD`.
#[must_use]
pub fn print_clone_flags(word: u64) -> String {
    let flags = word & !CLONE_SIGNAL_MASK;
    let signal = word & CLONE_SIGNAL_MASK;
    let signal_name = || {
        Signal::from_number(signal).map_or_else(|| signal.to_string(), |known| known.to_string())
    };
    match (flags, signal) {
        (0, _) => signal_name(),
        (_, 0) => CLONE.print(flags),
        _ => format!("{}|{}", CLONE.print(flags), signal_name()),
    }
}

/// Reads what [`print_clone_flags`] writes.
#[must_use]
pub fn parse_clone_flags(text: &str) -> Option<u64> {
    text.split('|').try_fold(0, |word, part| {
        let part = part.trim();
        let bits = match Signal::from_name(part) {
            // A plain number may be bits as well as a signal.
            Some(signal) if number(part).is_none() => u64::from(signal.number()),
            _ => CLONE.parse(part)?,
        };
        Some(word | bits)
    })
}

flag_set! {
    /// What unshare(2) makes private again.
    UnshareFlags: u64, UNSHARE, "CLONE_";
    NEWTIME = 0x80;
    VM = 0x100;
    FS = 0x200;
    FILES = 0x400;
    SIGHAND = 0x800;
    THREAD = 0x1_0000;
    NEWNS = 0x2_0000;
    SYSVSEM = 0x4_0000;
    NEWCGROUP = 0x200_0000;
    NEWUTS = 0x400_0000;
    NEWIPC = 0x800_0000;
    NEWUSER = 0x1000_0000;
    NEWPID = 0x2000_0000;
    NEWNET = 0x4000_0000;
}

flag_set! {
    /// Which kind of namespace setns(2) expects; none: any.
    NamespaceFlags: u32, SETNS, "CLONE_NEW";
    TIME = 0x80;
    NS = 0x2_0000;
    CGROUP = 0x200_0000;
    UTS = 0x400_0000;
    IPC = 0x800_0000;
    USER = 0x1000_0000;
    PID = 0x2000_0000;
    NET = 0x4000_0000;
}

flag_set! {
    /// Options of wait4(2) and waitid(2).
    WaitFlags: u32, WAIT, "W";
    /// Return at once, with 0, if no child has changed.
    NOHANG = 1;
    /// waitid(2): children that have ended. wait4(2) always reports them.
    EXITED = 4;
    /// Children that have stopped (WUNTRACED is the same bit).
    STOPPED = 2;
    /// Children that go on after a stop.
    CONTINUED = 8;
    /// Leave the child waitable.
    NOWAIT = 0x0100_0000;
    CLONE as "__WCLONE" = 0x8000_0000;
    ALL as "__WALL" = 0x4000_0000;
    NOTHREAD as "__WNOTHREAD" = 0x2000_0000;
}

const_set! {
    /// Whom waitid(2) waits for.
    id_type, ID_TYPE, "P_";
    ALL = 0;
    PID = 1;
    PGID = 2;
    PIDFD = 3;
}

const_set! {
    /// Clocks of clock_gettime(2).
    clock, CLOCK, "CLOCK_";
    /// Wall-clock time since 1970.
    REALTIME = 0;
    /// Time since boot, never set.
    MONOTONIC = 1;
    PROCESS_CPUTIME_ID = 2;
    THREAD_CPUTIME_ID = 3;
    MONOTONIC_RAW = 4;
    REALTIME_COARSE = 5;
    MONOTONIC_COARSE = 6;
    BOOTTIME = 7;
    REALTIME_ALARM = 8;
    BOOTTIME_ALARM = 9;
    TAI = 11;
}

flag_set! {
    /// Flags of clock_nanosleep(2) and timer_settime(2).
    TimerFlags: u32, TIMER, "TIMER_";
    /// The time is an instant, not a length.
    ABSTIME = 1;
}

flag_set! {
    /// Flags of timerfd_create(2) and timerfd_settime(2).
    TimerFdFlags: u32, TIMERFD, "TFD_";
    TIMER_ABSTIME = 1;
    TIMER_CANCEL_ON_SET = 2;
    CLOEXEC = 0o2000000;
    NONBLOCK = 0o4000;
}

const_set! {
    /// Timers of setitimer(2).
    interval_timer, ITIMER, "ITIMER_";
    REAL = 0;
    VIRTUAL = 1;
    PROF = 2;
}

const_set! {
    /// Scheduling policies of sched_setscheduler(2).
    sched, SCHED, "SCHED_";
    OTHER = 0;
    FIFO = 1;
    RR = 2;
    BATCH = 3;
    IDLE = 5;
    DEADLINE = 6;
}

flag_set! {
    /// Flags in `struct sched_attr` of sched_setattr(2).
    SchedFlags: u64, SCHED_FLAGS, "SCHED_FLAG_";
    RESET_ON_FORK = 1;
    RECLAIM = 2;
    DL_OVERRUN = 4;
    KEEP_POLICY = 8;
    KEEP_PARAMS = 0x10;
    UTIL_CLAMP_MIN = 0x20;
    UTIL_CLAMP_MAX = 0x40;
}

const_set! {
    /// Whom setpriority(2) means.
    priority, PRIORITY, "PRIO_";
    PROCESS = 0;
    PGRP = 1;
    USER = 2;
}

const_set! {
    /// Whom ioprio_set(2) means.
    io_priority, IO_PRIORITY, "IOPRIO_WHO_";
    PROCESS = 1;
    PGRP = 2;
    USER = 3;
}

const_set! {
    /// Resources of prlimit64(2).
    rlimit, RLIMIT, "RLIMIT_";
    /// Seconds of CPU time.
    CPU = 0;
    /// Bytes of a file.
    FSIZE = 1;
    DATA = 2;
    /// Bytes of stack.
    STACK = 3;
    CORE = 4;
    RSS = 5;
    /// Processes of a user.
    NPROC = 6;
    /// One more than the highest descriptor.
    NOFILE = 7;
    MEMLOCK = 8;
    /// Bytes of address space.
    AS = 9;
    LOCKS = 10;
    SIGPENDING = 11;
    MSGQUEUE = 12;
    NICE = 13;
    RTPRIO = 14;
    RTTIME = 15;
}

const_set! {
    /// Whose usage getrusage(2) tells.
    rusage, RUSAGE, "RUSAGE_";
    SELF as "RUSAGE_SELF" = 0;
    CHILDREN = 0xffff_ffff;
    THREAD = 1;
}

const_set! {
    /// Options of prctl(2).
    prctl, PRCTL, "PR_";
    SET_PDEATHSIG = 1;
    GET_PDEATHSIG = 2;
    GET_DUMPABLE = 3;
    SET_DUMPABLE = 4;
    GET_KEEPCAPS = 7;
    SET_KEEPCAPS = 8;
    SET_NAME = 15;
    GET_NAME = 16;
    GET_SECCOMP = 21;
    SET_SECCOMP = 22;
    CAPBSET_READ = 23;
    CAPBSET_DROP = 24;
    GET_SECUREBITS = 27;
    SET_SECUREBITS = 28;
    SET_TIMERSLACK = 29;
    GET_TIMERSLACK = 30;
    SET_MM = 35;
    SET_CHILD_SUBREAPER = 36;
    GET_CHILD_SUBREAPER = 37;
    SET_NO_NEW_PRIVS = 38;
    GET_NO_NEW_PRIVS = 39;
    GET_TID_ADDRESS = 40;
    SET_THP_DISABLE = 41;
    GET_THP_DISABLE = 42;
    CAP_AMBIENT = 47;
    SET_VMA = 0x5356_4d41;
}

const_set! {
    /// Commands of membarrier(2).
    membarrier, MEMBARRIER, "MEMBARRIER_CMD_";
    QUERY = 0;
    GLOBAL = 1;
    GLOBAL_EXPEDITED = 2;
    REGISTER_GLOBAL_EXPEDITED = 4;
    PRIVATE_EXPEDITED = 8;
    REGISTER_PRIVATE_EXPEDITED = 16;
    PRIVATE_EXPEDITED_SYNC_CORE = 32;
    REGISTER_PRIVATE_EXPEDITED_SYNC_CORE = 64;
    PRIVATE_EXPEDITED_RSEQ = 128;
    REGISTER_PRIVATE_EXPEDITED_RSEQ = 256;
}

flag_set! {
    /// Flags of membarrier(2).
    MembarrierFlags: u32, MEMBARRIER_FLAGS, "MEMBARRIER_CMD_FLAG_";
    CPU = 1;
}

const_set! {
    /// What kcmp(2) compares.
    kcmp, KCMP, "KCMP_";
    FILE = 0;
    VM = 1;
    FILES = 2;
    FS = 3;
    SIGHAND = 4;
    IO = 5;
    SYSVSEM = 6;
    EPOLL_TFD = 7;
}

const_set! {
    /// Operations of seccomp(2).
    seccomp, SECCOMP, "SECCOMP_";
    SET_MODE_STRICT = 0;
    SET_MODE_FILTER = 1;
    GET_ACTION_AVAIL = 2;
    GET_NOTIF_SIZES = 3;
}

flag_set! {
    /// Flags of pidfd_open(2).
    PidFdFlags: u32, PIDFD, "PIDFD_";
    NONBLOCK = 0o4000;
}

flag_set! {
    /// Flags of getrandom(2).
    RandomFlags: u32, GETRANDOM, "GRND_";
    NONBLOCK = 1;
    RANDOM = 2;
    INSECURE = 4;
}

const_set! {
    /// Requests of ptrace(2).
    ptrace, PTRACE, "PTRACE_";
    TRACEME = 0;
    PEEKTEXT = 1;
    PEEKDATA = 2;
    PEEKUSER = 3;
    POKETEXT = 4;
    POKEDATA = 5;
    POKEUSER = 6;
    CONT = 7;
    KILL = 8;
    SINGLESTEP = 9;
    ATTACH = 16;
    DETACH = 17;
    SYSCALL = 24;
    SETOPTIONS = 0x4200;
    GETEVENTMSG = 0x4201;
    GETSIGINFO = 0x4202;
    SETSIGINFO = 0x4203;
    GETREGSET = 0x4204;
    SETREGSET = 0x4205;
    SEIZE = 0x4206;
    INTERRUPT = 0x4207;
    LISTEN = 0x4208;
    PEEKSIGINFO = 0x4209;
    GETSIGMASK = 0x420a;
    SETSIGMASK = 0x420b;
    GET_SYSCALL_INFO = 0x420e;
}

const_set! {
    /// Commands of reboot(2).
    reboot, REBOOT, "LINUX_REBOOT_CMD_";
    RESTART = 0x0123_4567;
    HALT = 0xcdef_0123;
    CAD_ON = 0x89ab_cdef;
    CAD_OFF = 0;
    POWER_OFF = 0x4321_fedc;
    RESTART2 = 0xa1b2_c3d4;
    SW_SUSPEND = 0xd000_fce2;
    KEXEC = 0x4558_4543;
}
