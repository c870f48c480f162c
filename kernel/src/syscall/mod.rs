//! Layer 7: the system calls, one file per family.
//!
//! Each is a free function `sys_NAME(arguments…, frame, tables, context)`. It checks everything first and
//! then changes; it returns a value, or a [`Stop`]: it fails, it must wait, or it touched memory that is
//! not there. In the last two cases it has changed nothing, or written down in its frame what it did, and
//! is run again from the top.
//!
//! A typical sequence: `read(3, buffer, 100)`: [`dispatch`] finds [`transfer::sys_read`]; that looks up the
//! descriptor, touches the buffer, finds the page of the file missing, and parks. The second run finds the
//! page, copies, and returns 100.
//!
//! Taken from elsewhere: check, then change, from seL4's decode and invoke phases; one file per family from
//! Linux; calls that can be run again from Fluke.

pub mod account;
pub mod advice;
pub mod child;
pub mod clone;
pub mod console;
pub mod descriptor;
pub mod device;
pub mod directory;
pub mod epoll;
pub mod eventfd;
pub mod exec;
pub mod file;
pub mod flock;
pub mod futex;
pub mod futex_pi;
pub mod generated;
pub mod hint;
pub mod ident;
pub mod itimer;
pub mod lock;
pub mod memfd;
pub mod memory;
pub mod mount;
pub mod names;
pub mod open;
pub mod owner;
pub mod path;
pub mod pipe;
pub mod poll;
pub mod probe;
pub mod process;
pub mod remap;
pub mod rename;
pub mod sched;
pub mod shm;
pub mod signal;
pub mod signalfd;
pub mod socket;
pub mod special;
pub mod splice;
pub mod stat;
pub mod statx;
pub mod system;
pub mod time;
pub mod timerfd;
pub mod transfer;
pub mod vectors;

use crate::abi::{Errno, nr, probe as numbers};
use crate::context::{Cx, Tables};
use crate::proc::{CallFrame, Stop};

/// What a call that completed leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Return {
    /// The caller gets this value.
    Value(u64),
    /// The caller has another program now, which starts.
    Exec,
    /// The calling thread ends with this wait status.
    Exit(u32),
    /// The calling process ends with this wait status.
    ExitGroup(u32),
}

impl From<u64> for Return {
    fn from(value: u64) -> Self {
        Self::Value(value)
    }
}

/// What a handler returns.
pub type Result<T = u64> = std::result::Result<T, Stop>;

/// Runs the handler of a call for `cx.caller`. Numbers without one are `ENOSYS`.
///
/// # Errors
/// What the handler stopped with.
#[inline]
//DOC: dispatch
//DOC: system-call-table
pub fn dispatch(frame: &mut CallFrame, t: &mut Tables, cx: &mut Cx) -> Result<Return> {
    let [a, b, c, d, e, f] = frame.arguments;
    let number = u16::try_from(frame.number).unwrap_or(u16::MAX);
    let value = match number {
        nr::GETPID => process::sys_getpid(t, cx),
        nr::GETTID => process::sys_gettid(t, cx),
        nr::GETPPID => process::sys_getppid(t, cx),
        nr::READ => transfer::sys_read(a, b, c, (frame, t, cx)),
        nr::WRITE => transfer::sys_write(a, b, c, (frame, t, cx)),
        nr::OPENAT => open::sys_openat([a, b, c, d], (frame, t, cx)),
        nr::READV => transfer::sys_readv(a, b, c, (frame, t, cx)),
        nr::WRITEV => transfer::sys_writev(a, b, c, (frame, t, cx)),
        nr::PREAD64 => transfer::sys_pread64([a, b, c, d], (frame, t, cx)),
        nr::PWRITE64 => transfer::sys_pwrite64([a, b, c, d], (frame, t, cx)),
        nr::PREADV => transfer::sys_preadv([a, b, c, d], (frame, t, cx)),
        nr::PWRITEV => transfer::sys_pwritev([a, b, c, d], (frame, t, cx)),
        nr::PREADV2 => vectors::sys_preadv2([a, b, c, d, f], (frame, t, cx)),
        nr::PWRITEV2 => vectors::sys_pwritev2([a, b, c, d, f], (frame, t, cx)),
        nr::SENDFILE => splice::sys_sendfile([a, b, c, d], (frame, t, cx)),
        nr::COPY_FILE_RANGE => splice::sys_copy_file_range([a, b, c, d, e, f], (frame, t, cx)),
        nr::SPLICE => splice::sys_splice([a, b, c, d, e, f], (frame, t, cx)),
        nr::TEE => splice::sys_tee([a, b, c, d], (frame, t, cx)),
        nr::VMSPLICE => splice::sys_vmsplice([a, b, c, d], (frame, t, cx)),
        nr::PIPE2 => pipe::sys_pipe2(a, b, t, cx),
        nr::CLOSE => descriptor::sys_close(a, t, cx),
        nr::CLOSE_RANGE => descriptor::sys_close_range(a, b, c, t, cx),
        nr::FCNTL => descriptor::sys_fcntl((a, b, c), (frame, t, cx)),
        nr::LSEEK => file::sys_lseek([a, b, c], (frame, t, cx)),
        nr::FSYNC => transfer::sys_fsync(a, (frame, t, cx)),
        nr::SYNC => transfer::sys_sync(frame, t, cx),
        nr::DUP => descriptor::sys_dup(a, t, cx),
        nr::DUP3 => descriptor::sys_dup3(a, b, c, t, cx),
        nr::BRK => memory::sys_brk(a, t, cx),
        nr::MMAP => memory::sys_mmap([a, b, c, d, e, f], (frame, t, cx)),
        nr::MEMFD_CREATE => memfd::sys_memfd_create(a, b, t, cx),
        nr::FTRUNCATE => file::sys_ftruncate(a, b, (frame, t, cx)),
        nr::TRUNCATE => file::sys_truncate(a, b, (frame, t, cx)),
        nr::FALLOCATE => file::sys_fallocate([a, b, c, d], (frame, t, cx)),
        nr::FDATASYNC => transfer::sys_fsync(a, (frame, t, cx)),
        nr::MKDIRAT => names::sys_mkdirat(a, b, c, (frame, t, cx)),
        nr::MKNODAT => names::sys_mknodat([a, b, c, d], (frame, t, cx)),
        nr::SYMLINKAT => names::sys_symlinkat(a, b, c, (frame, t, cx)),
        nr::LINKAT => names::sys_linkat([a, b, c, d, e], (frame, t, cx)),
        nr::UNLINKAT => names::sys_unlinkat(a, b, c, (frame, t, cx)),
        nr::RENAMEAT2 => rename::sys_renameat2([a, b, c, d, e], (frame, t, cx)),
        nr::READLINKAT => names::sys_readlinkat([a, b, c, d], (frame, t, cx)),
        nr::FCHMOD => owner::sys_fchmod(a, b, (frame, t, cx)),
        nr::FCHMODAT => owner::sys_fchmodat2([a, b, c, 0], (frame, t, cx)),
        nr::FCHMODAT2 => owner::sys_fchmodat2([a, b, c, d], (frame, t, cx)),
        nr::FCHOWN => owner::sys_fchown(a, b, c, (frame, t, cx)),
        nr::FCHOWNAT => owner::sys_fchownat([a, b, c, d, e], (frame, t, cx)),
        nr::UTIMENSAT => owner::sys_utimensat([a, b, c, d], (frame, t, cx)),
        nr::FACCESSAT => stat::sys_faccessat2([a, b, c, 0], (frame, t, cx)),
        nr::FACCESSAT2 => stat::sys_faccessat2([a, b, c, d], (frame, t, cx)),
        nr::GETDENTS64 => directory::sys_getdents64(a, b, c, (frame, t, cx)),
        nr::FCHDIR => directory::sys_fchdir(a, (frame, t, cx)),
        nr::CHROOT => directory::sys_chroot(a, (frame, t, cx)),
        nr::MOUNT => mount::sys_mount([a, b, c, d, e], (frame, t, cx)),
        nr::UMOUNT2 => mount::sys_umount2(a, b, (frame, t, cx)),
        nr::FLOCK => flock::sys_flock(a, b, (frame, t, cx)),
        nr::SHMGET => shm::sys_shmget(a, b, c, t, cx),
        nr::SHMAT => shm::sys_shmat(a, b, c, (frame, t, cx)),
        nr::SHMDT => shm::sys_shmdt(a, (frame, t, cx)),
        nr::SHMCTL => shm::sys_shmctl(a, b, c, (frame, t, cx)),
        nr::MPROTECT => memory::sys_mprotect(a, b, c, t, cx),
        nr::MREMAP => remap::sys_mremap([a, b, c, d, e], (frame, t, cx)),
        nr::MADVISE => advice::sys_madvise(a, b, c, (frame, t, cx)),
        nr::MINCORE => advice::sys_mincore(a, b, c, t, cx),
        nr::MSYNC => advice::sys_msync(a, b, c, (frame, t, cx)),
        nr::MLOCK => lock::sys_mlock(a, b, (frame, t, cx)),
        nr::MLOCK2 => lock::sys_mlock2(a, b, c, (frame, t, cx)),
        nr::MUNLOCK => lock::sys_munlock(a, b, t, cx),
        nr::MLOCKALL => lock::sys_mlockall(a, (frame, t, cx)),
        nr::MUNLOCKALL => lock::sys_munlockall(t, cx),
        nr::MUNMAP => memory::sys_munmap(a, b, t, cx),
        nr::CLONE => clone::sys_clone([a, b, c, d, e], (frame, t, cx)),
        nr::CLONE3 => clone::sys_clone3(a, b, (frame, t, cx)),
        nr::SET_TID_ADDRESS => clone::sys_set_tid_address(a, t, cx),
        nr::WAIT4 => child::sys_wait4([a, b, c, d], (frame, t, cx)),
        nr::WAITID => child::sys_waitid([a, b, c, d, e], (frame, t, cx)),
        nr::GETPGID => process::sys_getpgid(a, t, cx),
        nr::SETPGID => process::sys_setpgid(a, b, t, cx),
        nr::GETSID => process::sys_getsid(a, t, cx),
        nr::SETSID => process::sys_setsid(t, cx),
        nr::GETRUSAGE => account::sys_getrusage(a, b, t, cx),
        nr::TIMES => account::sys_times(a, t, cx),
        nr::PRLIMIT64 => account::sys_prlimit64([a, b, c, d], t, cx),
        nr::GETRLIMIT => account::sys_prlimit64([0, a, 0, b], t, cx),
        nr::SETRLIMIT => account::sys_prlimit64([0, a, b, 0], t, cx),
        nr::GETUID => ident::sys_get_real(ident::Kind::User, t, cx),
        nr::GETGID => ident::sys_get_real(ident::Kind::Group, t, cx),
        nr::GETEUID => ident::sys_get_effective(ident::Kind::User, t, cx),
        nr::GETEGID => ident::sys_get_effective(ident::Kind::Group, t, cx),
        nr::GETRESUID => ident::sys_get_all(ident::Kind::User, [a, b, c], t, cx),
        nr::GETRESGID => ident::sys_get_all(ident::Kind::Group, [a, b, c], t, cx),
        nr::SETUID => ident::sys_set(ident::Kind::User, a, t, cx),
        nr::SETGID => ident::sys_set(ident::Kind::Group, a, t, cx),
        nr::SETREUID => ident::sys_set_two(ident::Kind::User, a, b, t, cx),
        nr::SETREGID => ident::sys_set_two(ident::Kind::Group, a, b, t, cx),
        nr::SETRESUID => ident::sys_set_all(ident::Kind::User, [a, b, c], t, cx),
        nr::SETRESGID => ident::sys_set_all(ident::Kind::Group, [a, b, c], t, cx),
        nr::GETGROUPS => ident::sys_getgroups(a, b, t, cx),
        nr::SETGROUPS => ident::sys_setgroups(a, b, t, cx),
        nr::KILL => signal::sys_kill(a, b, t, cx),
        nr::TKILL => signal::sys_tgkill(None, a, b, t, cx),
        nr::TGKILL => signal::sys_tgkill(Some(a), b, c, t, cx),
        nr::RT_SIGACTION => signal::sys_rt_sigaction((a, b, c, d), t, cx),
        nr::RT_SIGPROCMASK => signal::sys_rt_sigprocmask((a, b, c, d), t, cx),
        nr::RT_SIGPENDING => signal::sys_rt_sigpending(a, b, t, cx),
        nr::RT_SIGSUSPEND => signal::sys_rt_sigsuspend(a, b, (frame, t, cx)),
        nr::RT_SIGTIMEDWAIT => signal::sys_rt_sigtimedwait([a, b, c, d], (frame, t, cx)),
        nr::RT_SIGQUEUEINFO => signal::sys_rt_sigqueueinfo(a, b, c, t, cx),
        nr::RT_TGSIGQUEUEINFO => signal::sys_rt_tgsigqueueinfo([a, b, c, d], t, cx),
        nr::SIGALTSTACK => signal::sys_sigaltstack(a, b, t, cx),
        nr::SETITIMER => itimer::sys_setitimer(a, b, c, t, cx),
        nr::GETITIMER => itimer::sys_getitimer(a, b, t, cx),
        nr::NANOSLEEP => time::sys_nanosleep(a, b, (frame, t, cx)),
        nr::CLOCK_NANOSLEEP => time::sys_clock_nanosleep([a, b, c, d], (frame, t, cx)),
        nr::CLOCK_GETRES => time::sys_clock_getres(a, b, t, cx),
        nr::GETTIMEOFDAY => time::sys_gettimeofday(a, b, t, cx),
        nr::PPOLL => poll::sys_ppoll([a, b, c, d, e], (frame, t, cx)),
        nr::PSELECT6 => poll::sys_pselect6([a, b, c, d, e, f], (frame, t, cx)),
        nr::EPOLL_CREATE1 => epoll::sys_epoll_create1(a, t, cx),
        nr::EPOLL_CTL => epoll::sys_epoll_ctl([a, b, c, d], (frame, t, cx)),
        nr::EPOLL_PWAIT => epoll::sys_epoll_pwait([a, b, c, d, e, f], (frame, t, cx)),
        nr::EPOLL_PWAIT2 => epoll::sys_epoll_pwait2([a, b, c, d, e, f], (frame, t, cx)),
        nr::EVENTFD2 => eventfd::sys_eventfd2(a, b, t, cx),
        nr::SIGNALFD4 => signalfd::sys_signalfd4([a, b, c, d], (frame, t, cx)),
        nr::TIMERFD_CREATE => timerfd::sys_timerfd_create(a, b, t, cx),
        nr::TIMERFD_SETTIME => timerfd::sys_timerfd_settime([a, b, c, d], (frame, t, cx)),
        nr::TIMERFD_GETTIME => timerfd::sys_timerfd_gettime(a, b, (frame, t, cx)),
        nr::IOCTL => device::sys_ioctl([a, b, c], (frame, t, cx)),
        nr::FSTAT => stat::sys_fstat(a, b, (frame, t, cx)),
        nr::NEWFSTATAT => stat::sys_newfstatat([a, b, c, d], (frame, t, cx)),
        nr::STATX => statx::sys_statx([a, b, c, d, e], (frame, t, cx)),
        nr::STATFS => statx::sys_statfs(a, b, (frame, t, cx)),
        nr::FSTATFS => statx::sys_fstatfs(a, b, (frame, t, cx)),
        nr::FADVISE64 => hint::sys_fadvise64([a, b, c, d], (frame, t, cx)),
        nr::SYNCFS => hint::sys_syncfs(a, (frame, t, cx)),
        nr::CHDIR => directory::sys_chdir(a, (frame, t, cx)),
        nr::GETCWD => directory::sys_getcwd(a, b, t, cx),
        nr::UMASK => system::sys_umask(a, t, cx),
        nr::PRCTL => system::sys_prctl([a, b], t, cx),
        nr::UNAME => system::sys_uname(a, t, cx),
        nr::SYSINFO => system::sys_sysinfo(a, t, cx),
        nr::GETRANDOM => system::sys_getrandom([a, b, c], (frame, t, cx)),
        nr::MEMBARRIER => system::sys_membarrier(a, b),
        nr::GETCPU => system::sys_getcpu(a, b, t, cx),
        nr::CLOCK_GETTIME => time::sys_clock_gettime(a, b, t, cx),
        nr::SCHED_YIELD => sched::sys_sched_yield(t, cx),
        nr::GETPRIORITY => sched::sys_getpriority(a, b, t, cx),
        nr::SETPRIORITY => sched::sys_setpriority(a, b, c, t, cx),
        nr::SCHED_SETSCHEDULER => sched::sys_sched_setscheduler(a, b, c, t, cx),
        nr::SCHED_GETSCHEDULER => sched::sys_sched_getscheduler(a, t, cx),
        nr::SCHED_SETPARAM => sched::sys_sched_setparam(a, b, t, cx),
        nr::SCHED_GETPARAM => sched::sys_sched_getparam(a, b, t, cx),
        nr::SCHED_SETATTR => sched::sys_sched_setattr(a, b, c, t, cx),
        nr::SCHED_GETATTR => sched::sys_sched_getattr((a, b, c, d), t, cx),
        nr::SCHED_SETAFFINITY => sched::sys_sched_setaffinity(a, b, c, t, cx),
        nr::SCHED_GETAFFINITY => sched::sys_sched_getaffinity(a, b, c, t, cx),
        nr::SCHED_GET_PRIORITY_MAX => sched::sys_sched_get_priority(a, 99),
        nr::SCHED_GET_PRIORITY_MIN => sched::sys_sched_get_priority(a, 1),
        nr::SCHED_RR_GET_INTERVAL => sched::sys_sched_rr_get_interval(a, b, t, cx),
        nr::FUTEX => futex::sys_futex([a, b, c, d, e, f], (frame, t, cx)),
        nr::SET_ROBUST_LIST => futex::sys_set_robust_list(a, b, t, cx),
        nr::GET_ROBUST_LIST => futex::sys_get_robust_list(a, b, c, t, cx),
        nr::SOCKET => socket::sys_socket(a, b, c, t, cx),
        nr::SOCKETPAIR => socket::sys_socketpair([a, b, c, d], t, cx),
        nr::BIND => socket::name::sys_bind(a, b, c, (frame, t, cx)),
        nr::LISTEN => socket::connection::sys_listen(a, b, (frame, t, cx)),
        nr::ACCEPT => socket::connection::sys_accept4([a, b, c, 0], (frame, t, cx)),
        nr::ACCEPT4 => socket::connection::sys_accept4([a, b, c, d], (frame, t, cx)),
        nr::CONNECT => socket::connection::sys_connect(a, b, c, (frame, t, cx)),
        nr::SHUTDOWN => socket::connection::sys_shutdown(a, b, (frame, t, cx)),
        nr::GETSOCKNAME => socket::name::sys_getsockname(a, b, c, (frame, t, cx)),
        nr::GETPEERNAME => socket::name::sys_getpeername(a, b, c, (frame, t, cx)),
        nr::SENDTO => socket::send::sys_sendto([a, b, c, d, e, f], (frame, t, cx)),
        nr::RECVFROM => socket::receive::sys_recvfrom([a, b, c, d, e, f], (frame, t, cx)),
        nr::SENDMSG => socket::message::sys_sendmsg(a, b, c, (frame, t, cx)),
        nr::RECVMSG => socket::message::sys_recvmsg(a, b, c, (frame, t, cx)),
        nr::SENDMMSG => socket::message::sys_sendmmsg([a, b, c, d], (frame, t, cx)),
        nr::RECVMMSG => socket::message::sys_recvmmsg([a, b, c, d, e], (frame, t, cx)),
        nr::SETSOCKOPT => socket::option::sys_setsockopt([a, b, c, d, e], (frame, t, cx)),
        nr::GETSOCKOPT => socket::option::sys_getsockopt([a, b, c, d, e], (frame, t, cx)),
        nr::EXECVE => return exec::sys_execve(a, b, c, (frame, t, cx)),
        nr::EXECVEAT => return exec::sys_execveat([a, b, c, d, e], (frame, t, cx)),
        nr::EXIT => return Ok(Return::Exit(exit_status(a))),
        nr::EXIT_GROUP => return Ok(Return::ExitGroup(exit_status(a))),
        numbers::MARK => probe::sys_mark(a, b, cx),
        numbers::TURN => probe::sys_turn((a, b, c), (frame, t, cx)),
        numbers::NOTE => probe::sys_note(a, b, c, t, cx),
        numbers::RECALL => probe::sys_recall(a, b, (frame, t, cx)),
        numbers::REST => probe::sys_rest((frame, t, cx)),
        _ => Err(Stop::Fail(Errno::ENOSYS)),
    };
    value.map(Return::Value)
}

/// The wait status of a process that ended by itself (wait(2)).
const fn exit_status(code: u64) -> u32 {
    (code as u32 & 0xff) << 8
}
