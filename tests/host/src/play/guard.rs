//! What is not run although the call is on the list, because of its words: it would take away the ground that the
//! runner and its tasks stand on.

use super::numbers::Kind;
use std::ops::Range;

/// Memory that belongs to the program and not to the script.
pub(super) struct Guard {
    own: Vec<Range<u64>>,
    /// Whether the tasks have a network of their own.
    network: bool,
}

/// The runner is the init of the pid namespace.
const RUNNER: u64 = 1;
/// Bytes that may be made present at once.
const MOST: u64 = 64 << 20;

impl Guard {
    /// `own` is what the runner had mapped before the first task.
    pub(super) fn new(own: Vec<Range<u64>>, network: bool) -> Self {
        Self { own, network }
    }

    /// Whether a range has a byte of the program's own.
    fn own(&self, start: u64, length: u64) -> bool {
        let end = start.saturating_add(length.max(1)).saturating_add(0xfff) & !0xfff;
        self.own.iter().any(|range| range.start < end && (start & !0xfff) < range.end)
    }

    /// Why the call cannot be compared, if it cannot. `kind` and `number` are of this machine.
    pub(super) fn check(&self, kind: Kind, number: i64, words: &[u64; 6]) -> Option<&'static str> {
        const MEMORY: &str = "it would change memory of the program that runs the calls";
        let [first, second, third, fourth, fifth, _] = *words;
        let refused = match (kind, number) {
            (Kind::Load | Kind::Store, _) => self.own(first, 1),
            (_, libc::SYS_munmap | libc::SYS_mprotect | libc::SYS_madvise) => {
                self.own(first, second)
            }
            (_, libc::SYS_mmap) => {
                let fixed = (libc::MAP_FIXED | libc::MAP_FIXED_NOREPLACE) as u64;
                if fourth & libc::MAP_POPULATE as u64 != 0 && second > MOST {
                    return Some("so much memory would have to be there at once");
                }
                fourth & fixed != 0 && self.own(first, second)
            }
            (_, libc::SYS_mremap) => {
                let fixed = fourth & libc::MREMAP_FIXED as u64 != 0;
                self.own(first, second.max(third)) || fixed && self.own(fifth, third)
            }
            (_, libc::SYS_shmat) => second != 0 && self.own(second, MOST),
            _ => false,
        };
        if refused {
            return Some(MEMORY);
        }
        self.other(kind, number, words)
    }

    /// Why a task cannot be made with these flags. clone3(2) has them in memory.
    pub(super) fn check_flags(flags: u64) -> Option<&'static str> {
        let why = "namespaces are what keeps the calls from the rest of the machine";
        (flags & NAMESPACES != 0).then_some(why)
    }

    fn other(&self, kind: Kind, number: i64, words: &[u64; 6]) -> Option<&'static str> {
        let [first, second, third, ..] = *words;
        let runner = |pid: u64| pid & 0xffff_ffff == RUNNER;
        match (kind, number) {
            (Kind::Clone, _) => Self::check_flags(first & !0xff),
            (_, libc::SYS_fallocate) if words[3].max(third) > MOST => {
                Some("so much space would have to be there at once")
            }
            (_, libc::SYS_prctl) if !PRCTL.contains(&(first as i32)) => {
                Some("this prctl is not on the list of those that stay within the process")
            }
            (_, libc::SYS_prlimit64) if runner(first) && third != 0 => Some(INIT),
            (_, libc::SYS_setpriority | libc::SYS_ioprio_set) if runner(second) => Some(INIT),
            (
                _,
                libc::SYS_sched_setscheduler
                | libc::SYS_sched_setparam
                | libc::SYS_sched_setattr
                | libc::SYS_sched_setaffinity,
            ) if runner(first) => Some(INIT),
            (_, libc::SYS_socket | libc::SYS_socketpair) => {
                let local = first == libc::AF_UNIX as u64;
                let inet = first == libc::AF_INET as u64 || first == libc::AF_INET6 as u64;
                let allowed = local || inet && self.network;
                (!allowed).then_some("the tasks have no network of this kind of their own")
            }
            _ => None,
        }
    }
}

const INIT: &str = "process 1 is the program that runs the calls";

/// All of CLONE_NEW…; that for time stands where clone(2) has the signal at the end.
const NAMESPACES: u64 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWTIME) as u64;

/// Requests of prctl(2) that change the process alone, and never how it can be watched.
const PRCTL: [i32; 10] = [
    libc::PR_SET_NAME,
    libc::PR_GET_NAME,
    libc::PR_SET_PDEATHSIG,
    libc::PR_GET_PDEATHSIG,
    libc::PR_SET_CHILD_SUBREAPER,
    libc::PR_GET_CHILD_SUBREAPER,
    libc::PR_GET_DUMPABLE,
    libc::PR_GET_KEEPCAPS,
    libc::PR_SET_NO_NEW_PRIVS,
    libc::PR_GET_NO_NEW_PRIVS,
];

#[cfg(test)]
mod tests {
    use super::{Guard, Kind};

    fn guard() -> Guard {
        // One range that starts in the middle of nowhere, and one page.
        Guard::new(std::iter::once(0x5000..0x7000).collect(), false)
    }

    #[test]
    fn own_memory_is_kept_and_the_rest_is_free() {
        let munmap = |start, length| {
            guard().check(Kind::Plain, libc::SYS_munmap, &[start, length, 0, 0, 0, 0])
        };
        assert!(munmap(0x6000, 1).is_some());
        assert!(munmap(0x4000, 0x1001).is_some());
        assert!(munmap(0x4000, u64::MAX).is_some());
        assert!(munmap(0x4000, 0x1000).is_none());
        assert!(munmap(0x7000, 0x1000).is_none());
    }

    #[test]
    fn a_mapping_anywhere_is_free_and_a_fixed_one_is_looked_at() {
        let mmap = |flags: i32| {
            let words = [0x5000, 0x1000, 3, flags as u64, u64::MAX, 0];
            guard().check(Kind::Plain, libc::SYS_mmap, &words)
        };
        assert!(mmap(libc::MAP_PRIVATE | libc::MAP_ANONYMOUS).is_none());
        assert!(mmap(libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED).is_some());
    }

    #[test]
    fn the_runner_keeps_its_limits_and_tells_them() {
        let prlimit =
            |new| guard().check(Kind::Plain, libc::SYS_prlimit64, &[1, 7, new, 0x1000, 0, 0]);
        assert!(prlimit(0x1000).is_some());
        assert!(prlimit(0).is_none());
    }
}
