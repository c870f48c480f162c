//! Names that riscv64 has not: those of x86-64, which is older, and of the C library. Each is another call with some
//! of its arguments fixed (the C library of riscv64 does the same).

/// Where an argument of the real call comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::script) enum Slot {
    /// The line's argument of this number.
    Argument(u8),
    /// Always this.
    Word(u64),
    /// The line's argument, milliseconds, as a `struct timespec`; negative ones as NULL.
    Millis(u8),
    /// The line's argument, a `struct timeval`, as a `struct timespec`.
    Timeval(u8),
    /// The line's argument, a size that must be above zero and says nothing else: flags, of which none is set.
    Hint(u8),
    /// The line's argument, seconds, as the value of a `struct itimerval`.
    Seconds(u8),
}

/// A name, and the call that it is here.
#[derive(Debug)]
pub(in crate::script) struct Alias {
    pub(in crate::script) name: &'static str,
    pub(in crate::script) target: &'static str,
    pub(in crate::script) slots: &'static [Slot],
}

use Slot::{Argument as A, Word as W};

/// AT_FDCWD as a register holds it.
const HERE: Slot = W(-100_i64 as u64);

const fn alias(name: &'static str, target: &'static str, slots: &'static [Slot]) -> Alias {
    Alias { name, target, slots }
}

/// By name, so that a search can halve.
static ALIASES: [Alias; 43] = [
    alias("access", "faccessat", &[HERE, A(0), A(1)]),
    alias("alarm", "setitimer", &[W(0), Slot::Seconds(0), W(0)]),
    alias("chmod", "fchmodat", &[HERE, A(0), A(1)]),
    alias("chown", "fchownat", &[HERE, A(0), A(1), A(2), W(0)]),
    // O_WRONLY, O_CREAT, O_TRUNC.
    alias("creat", "openat", &[HERE, A(0), W(0o1101), A(1)]),
    alias("dup2", "dup3", &[A(0), A(1), W(0)]),
    alias("epoll_create", "epoll_create1", &[Slot::Hint(0)]),
    alias("epoll_wait", "epoll_pwait", &[A(0), A(1), A(2), A(3), W(0), W(8)]),
    alias("eventfd", "eventfd2", &[A(0), W(0)]),
    // SIGCHLD.
    alias("fork", "clone", &[W(17), W(0), W(0), W(0), W(0)]),
    alias("getpgrp", "getpgid", &[W(0)]),
    alias("inotify_init", "inotify_init1", &[W(0)]),
    // AT_SYMLINK_NOFOLLOW.
    alias("lchown", "fchownat", &[HERE, A(0), A(1), A(2), W(0x100)]),
    alias("link", "linkat", &[HERE, A(0), HERE, A(1), W(0)]),
    alias("lstat", "newfstatat", &[HERE, A(0), A(1), W(0x100)]),
    alias("mkdir", "mkdirat", &[HERE, A(0), A(1)]),
    alias("mkfifo", "mknodat", &[HERE, A(0), A(1), W(0)]),
    alias("mknod", "mknodat", &[HERE, A(0), A(1), A(2)]),
    alias("open", "openat", &[HERE, A(0), A(1), A(2)]),
    alias("pause", "ppoll", &[W(0), W(0), W(0), W(0), W(8)]),
    alias("pipe", "pipe2", &[A(0), W(0)]),
    alias("poll", "ppoll", &[A(0), A(1), Slot::Millis(2), W(0), W(8)]),
    alias("pread", "pread64", &[A(0), A(1), A(2), A(3)]),
    alias("pwrite", "pwrite64", &[A(0), A(1), A(2), A(3)]),
    alias("readlink", "readlinkat", &[HERE, A(0), A(1), A(2)]),
    alias("recv", "recvfrom", &[A(0), A(1), A(2), A(3), W(0), W(0)]),
    alias("rename", "renameat2", &[HERE, A(0), HERE, A(1), W(0)]),
    alias("renameat", "renameat2", &[A(0), A(1), A(2), A(3), W(0)]),
    // AT_REMOVEDIR.
    alias("rmdir", "unlinkat", &[HERE, A(0), W(0x200)]),
    alias("select", "pselect6", &[A(0), A(1), A(2), A(3), Slot::Timeval(4), W(0)]),
    alias("send", "sendto", &[A(0), A(1), A(2), A(3), W(0), W(0)]),
    alias("sigaction", "rt_sigaction", &[A(0), A(1), A(2), W(8)]),
    alias("signalfd", "signalfd4", &[A(0), A(1), A(2), W(0)]),
    alias("sigpending", "rt_sigpending", &[A(0), W(8)]),
    alias("sigprocmask", "rt_sigprocmask", &[A(0), A(1), A(2), W(8)]),
    alias("sigsuspend", "rt_sigsuspend", &[A(0), W(8)]),
    alias("stat", "newfstatat", &[HERE, A(0), A(1), W(0)]),
    alias("symlink", "symlinkat", &[A(0), HERE, A(1)]),
    alias("unlink", "unlinkat", &[HERE, A(0), W(0)]),
    // CLONE_VM, CLONE_VFORK, SIGCHLD.
    alias("vfork", "clone", &[W(0x4111), W(0), W(0), W(0), W(0)]),
    alias("wait", "wait4", &[W(u64::MAX), A(0), W(0), W(0)]),
    alias("wait3", "wait4", &[W(u64::MAX), A(0), A(1), A(2)]),
    alias("waitpid", "wait4", &[A(0), A(1), A(2), W(0)]),
];

/// The alias of a name.
pub(in crate::script) fn find(name: &str) -> Option<&'static Alias> {
    ALIASES.binary_search_by_key(&name, |alias| alias.name).ok().map(|at| &ALIASES[at])
}

/// All names.
pub(in crate::script) fn names() -> impl Iterator<Item = &'static str> {
    ALIASES.iter().map(|alias| alias.name)
}

/// Calls of x86-64 that neither riscv64 nor the C library has: they may stand in recorded logs.
pub(in crate::script) fn is_foreign(name: &str) -> bool {
    const FOREIGN: [&str; 13] = [
        "arch_prctl",
        "epoll_ctl_old",
        "futimesat",
        "get_thread_area",
        "getdents",
        "ioperm",
        "iopl",
        "modify_ldt",
        "set_thread_area",
        "sysfs",
        "time",
        "utime",
        "utimes",
    ];
    FOREIGN.contains(&name) || name.starts_with("syscall_0x")
}

#[cfg(test)]
mod tests {
    use super::{ALIASES, Slot, find};
    use oscope_kernel::abi::call;

    #[test]
    fn aliases_are_sorted_and_fit_their_targets() {
        assert!(ALIASES.is_sorted_by_key(|alias| alias.name));
        for alias in &ALIASES {
            assert!(call::by_name(alias.name).is_none(), "{} is a call itself", alias.name);
            let target = call::by_name(alias.target);
            let target = target.unwrap_or_else(|| panic!("{} is no call", alias.target));
            assert!(alias.slots.len() <= target.arguments.len(), "{}", alias.name);
        }
        assert_eq!(find("open").map(|alias| alias.slots[1]), Some(Slot::Argument(0)));
        assert!(find("openat").is_none());
    }
}
