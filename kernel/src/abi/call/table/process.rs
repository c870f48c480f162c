//! Processes and threads: making and ending them, waiting for them, signals, ids, limits,
//! scheduling.

use super::calls;
use crate::abi::call::Direction::{In, InOut, Out};
use crate::abi::call::Kind::{
    Address, Argv, Buffer, CloneArguments, CloneFlags, CloneStack, CloneWord, CpuSet, DirFd, Enum,
    Environment, Fd, Flags, Gid, GroupList, Hex, IdPointer, Int, Path, Pid, PrctlArgument, Rlimit,
    Rusage, SchedAttr, SchedParam, SigAction, SigFrame, SigInfo, SigStack, Signal, SignalSet, Size,
    Struct, Sysinfo, Timespec, Uid, Unsigned, UnsignedLong, Utsname, WaitStatus,
};
use crate::abi::call::Length::{Argument, Result};
use crate::abi::call::Status::{Partial, Supported};
use crate::abi::flags::file::AT;
use crate::abi::flags::process::{
    CloneFlags as Clone, ID_TYPE, IO_PRIORITY, KCMP, PIDFD, PRCTL, PRIORITY, PTRACE, RLIMIT,
    RUSAGE, SCHED, SETNS, UNSHARE, WAIT,
};
use crate::abi::signal::HOW;

/// For what clone(2) needs the word at `parent_tid`.
const PARENT_TID: u64 = Clone::PARENT_SETTID.union(Clone::PIDFD).bits();
/// For what it needs the one at `child_tidptr`.
const CHILD_TID: u64 = Clone::CHILD_SETTID.union(Clone::CHILD_CLEARTID).bits();

calls! {
    // riscv64 has CONFIG_CLONE_BACKWARDS: tls comes before child_tid.
    PROCESS CLONE clone(flags: CloneFlags, stack: CloneStack,
        parent_tid: CloneWord { label: "parent_tid", when: PARENT_TID, direction: Out },
        tls: CloneWord { label: "tls", when: Clone::SETTLS.bits(), direction: In },
        child_tid: CloneWord { label: "child_tidptr", when: CHILD_TID, direction: In }) -> Pid,
        Partial("no namespaces, no CLONE_PIDFD, and no thread pointer to set");
    PROCESS CLONE3 clone3(cl_args: CloneArguments, size: Size) -> Pid,
        Partial("no namespaces, no CLONE_PIDFD, and no thread pointer to set");
    PROCESS EXECVE execve(pathname: Path, argv: Argv, envp: Environment) -> Success, Supported;
    PROCESS EXECVEAT execveat(dirfd: DirFd, pathname: Path, argv: Argv, envp: Environment,
        flags: Flags(&AT)) -> Success, Supported;
    PROCESS EXIT exit(status: Int) -> Never, Supported;
    PROCESS EXIT_GROUP exit_group(status: Int) -> Never, Supported;
    PROCESS WAIT4 wait4(pid: Pid, wstatus: WaitStatus, options: Flags(&WAIT),
        rusage: Rusage) -> Pid, Supported;
    PROCESS WAITID waitid(idtype: Enum(&ID_TYPE), id: Int, infop: SigInfo(Out),
        options: Flags(&WAIT), rusage: Rusage) -> Success,
        Partial("no P_PIDFD, as there are no descriptors of processes");
    PROCESS SET_TID_ADDRESS set_tid_address(tidptr: Address) -> Pid, Supported;
    PROCESS UNSHARE unshare(flags: Flags(&UNSHARE)) -> Success;
    PROCESS SETNS setns(fd: Fd, nstype: Flags(&SETNS)) -> Success;
    PROCESS PIDFD_OPEN pidfd_open(pid: Pid, flags: Flags(&PIDFD)) -> Fd;
    PROCESS PIDFD_GETFD pidfd_getfd(pidfd: Fd, targetfd: Int, flags: Unsigned) -> Fd;
    PROCESS PIDFD_SEND_SIGNAL pidfd_send_signal(pidfd: Fd, sig: Signal, info: SigInfo(In),
        flags: Unsigned) -> Success;
    PROCESS KCMP kcmp(pid1: Pid, pid2: Pid, type: Enum(&KCMP), idx1: UnsignedLong,
        idx2: UnsignedLong) -> Int;
    PROCESS PTRACE ptrace(request: Enum(&PTRACE), pid: Pid, addr: Address,
        data: Address) -> ByCommand;
    PROCESS PERSONALITY personality(persona: Hex) -> Hex;
    PROCESS PRCTL prctl(option: Enum(&PRCTL), arg2: PrctlArgument, arg3: PrctlArgument,
        arg4: PrctlArgument, arg5: PrctlArgument) -> ByCommand,
        Partial("names, the signal at a parent's end, and subreapers");

    PROCESS KILL kill(pid: Pid, sig: Signal) -> Success, Supported;
    PROCESS TKILL tkill(tid: Pid, sig: Signal) -> Success, Supported;
    PROCESS TGKILL tgkill(tgid: Pid, tid: Pid, sig: Signal) -> Success, Supported;
    PROCESS SIGALTSTACK sigaltstack(ss: SigStack(In), old_ss: SigStack(Out)) -> Success,
        Partial("remembered only: handlers need no stack here");
    PROCESS RT_SIGACTION rt_sigaction(signum: Signal, act: SigAction(In), oldact: SigAction(Out),
        sigsetsize: Size) -> Success, Supported;
    PROCESS RT_SIGPROCMASK rt_sigprocmask(how: Enum(&HOW), set: SignalSet(In),
        oldset: SignalSet(Out), sigsetsize: Size) -> Success, Supported;
    PROCESS RT_SIGPENDING rt_sigpending(set: SignalSet(Out), sigsetsize: Size) -> Success,
        Supported;
    PROCESS RT_SIGSUSPEND rt_sigsuspend(mask: SignalSet(In), sigsetsize: Size) -> Success,
        Supported;
    PROCESS RT_SIGTIMEDWAIT rt_sigtimedwait(set: SignalSet(In), info: SigInfo(Out),
        timeout: Timespec(In), sigsetsize: Size) -> Signal,
        Supported;
    PROCESS RT_SIGQUEUEINFO rt_sigqueueinfo(tgid: Pid, sig: Signal, info: SigInfo(In)) -> Success,
        Supported;
    PROCESS RT_TGSIGQUEUEINFO rt_tgsigqueueinfo(tgid: Pid, tid: Pid, sig: Signal,
        info: SigInfo(In)) -> Success,
        Supported;
    // These two only put the caller's own registers back, or go on with its wait.
    KERNEL RT_SIGRETURN rt_sigreturn(frame: SigFrame) -> Interrupted,
        Partial("a handler returns by a trap of its own; the call itself is ENOSYS");
    KERNEL RESTART_SYSCALL restart_syscall() -> Interrupted;

    PROCESS GETPID getpid() -> Pid, Supported;
    PROCESS GETPPID getppid() -> Pid, Supported;
    PROCESS GETTID gettid() -> Pid, Supported;
    PROCESS GETPGID getpgid(pid: Pid) -> Pid, Supported;
    PROCESS SETPGID setpgid(pid: Pid, pgid: Pid) -> Success, Supported;
    PROCESS GETSID getsid(pid: Pid) -> Pid, Supported;
    PROCESS SETSID setsid() -> Pid, Supported;
    PROCESS GETUID getuid() -> Uid, Supported;
    PROCESS GETEUID geteuid() -> Uid, Supported;
    PROCESS GETGID getgid() -> Gid, Supported;
    PROCESS GETEGID getegid() -> Gid, Supported;
    PROCESS GETRESUID getresuid(ruid: IdPointer(Out), euid: IdPointer(Out),
        suid: IdPointer(Out)) -> Success, Supported;
    PROCESS GETRESGID getresgid(rgid: IdPointer(Out), egid: IdPointer(Out),
        sgid: IdPointer(Out)) -> Success, Supported;
    PROCESS SETUID setuid(uid: Uid) -> Success, Supported;
    PROCESS SETGID setgid(gid: Gid) -> Success, Supported;
    PROCESS SETREUID setreuid(ruid: Uid, euid: Uid) -> Success, Supported;
    PROCESS SETREGID setregid(rgid: Gid, egid: Gid) -> Success, Supported;
    PROCESS SETRESUID setresuid(ruid: Uid, euid: Uid, suid: Uid) -> Success, Supported;
    PROCESS SETRESGID setresgid(rgid: Gid, egid: Gid, sgid: Gid) -> Success, Supported;
    PROCESS SETFSUID setfsuid(fsuid: Uid) -> Uid;
    PROCESS SETFSGID setfsgid(fsgid: Gid) -> Gid;
    PROCESS GETGROUPS getgroups(size: Int,
        list: GroupList { direction: Out, length: Result }) -> Count, Supported;
    PROCESS SETGROUPS setgroups(size: Int,
        list: GroupList { direction: In, length: Argument(0) }) -> Success, Supported;
    PROCESS CAPGET capget(hdrp: Struct("__user_cap_header_struct", InOut),
        datap: Struct("__user_cap_data_struct", Out)) -> Success;
    PROCESS CAPSET capset(hdrp: Struct("__user_cap_header_struct", InOut),
        datap: Struct("__user_cap_data_struct", In)) -> Success;

    PROCESS PRLIMIT64 prlimit64(pid: Pid, resource: Enum(&RLIMIT), new_limit: Rlimit(In),
        old_limit: Rlimit(Out)) -> Success,
        Partial("RLIMIT_NOFILE, NPROC, SIGPENDING and CPU bind; the others are only kept");
    PROCESS GETRLIMIT getrlimit(resource: Enum(&RLIMIT), rlim: Rlimit(Out)) -> Success, Supported;
    PROCESS SETRLIMIT setrlimit(resource: Enum(&RLIMIT), rlim: Rlimit(In)) -> Success, Supported;
    PROCESS GETRUSAGE getrusage(who: Enum(&RUSAGE), usage: Rusage) -> Success, Supported;
    PROCESS GETPRIORITY getpriority(which: Enum(&PRIORITY), who: Int) -> Int, Supported;
    PROCESS SETPRIORITY setpriority(which: Enum(&PRIORITY), who: Int, prio: Int) -> Success, Supported;
    PROCESS IOPRIO_GET ioprio_get(which: Enum(&IO_PRIORITY), who: Int) -> Hex;
    PROCESS IOPRIO_SET ioprio_set(which: Enum(&IO_PRIORITY), who: Int, ioprio: Hex) -> Success;
    PROCESS SCHED_SETSCHEDULER sched_setscheduler(pid: Pid, policy: Enum(&SCHED),
        param: SchedParam(In)) -> Success, Supported;
    PROCESS SCHED_GETSCHEDULER sched_getscheduler(pid: Pid) -> Policy, Supported;
    PROCESS SCHED_SETPARAM sched_setparam(pid: Pid, param: SchedParam(In)) -> Success, Supported;
    PROCESS SCHED_GETPARAM sched_getparam(pid: Pid, param: SchedParam(Out)) -> Success, Supported;
    PROCESS SCHED_SETATTR sched_setattr(pid: Pid, attr: SchedAttr(In), flags: Unsigned) -> Success, Supported;
    PROCESS SCHED_GETATTR sched_getattr(pid: Pid, attr: SchedAttr(Out), size: Unsigned,
        flags: Unsigned) -> Success, Supported;
    PROCESS SCHED_SETAFFINITY sched_setaffinity(pid: Pid, cpusetsize: Size,
        mask: CpuSet(In)) -> Success, Supported;
    PROCESS SCHED_GETAFFINITY sched_getaffinity(pid: Pid, cpusetsize: Size,
        mask: CpuSet(Out)) -> Bytes, Supported;
    PROCESS SCHED_GET_PRIORITY_MAX sched_get_priority_max(policy: Enum(&SCHED)) -> Int, Supported;
    PROCESS SCHED_GET_PRIORITY_MIN sched_get_priority_min(policy: Enum(&SCHED)) -> Int, Supported;
    PROCESS SCHED_RR_GET_INTERVAL sched_rr_get_interval(pid: Pid, tp: Timespec(Out)) -> Success, Supported;

    PROCESS UNAME uname(buf: Utsname) -> Success,
        Supported;
    PROCESS SETHOSTNAME sethostname(name: Buffer { direction: In, length: Argument(1) },
        len: Size) -> Success;
    PROCESS SETDOMAINNAME setdomainname(name: Buffer { direction: In, length: Argument(1) },
        len: Size) -> Success;
    PROCESS SYSINFO sysinfo(info: Sysinfo) -> Success,
        Partial("no load averages, no swap");
}
