//! What need not be the same on the host, and why. docs/referee.md has the same list for people.

/// Calls whose answers belong to the machine or to the moment: that they succeed is compared, and not with what.
const OF_THE_MACHINE: &[(&str, &str)] = &[
    ("clock_gettime", "it is another time there"),
    ("gettimeofday", "it is another time there"),
    ("clock_getres", "the host's clocks are its own"),
    ("times", "how long things take is the machine's affair"),
    ("getrusage", "how long things take is the machine's affair"),
    ("sysinfo", "it is another machine"),
    ("uname", "it is another machine"),
    ("getcpu", "it is another machine"),
    ("sched_getaffinity", "the host has other CPUs"),
    ("sched_rr_get_interval", "the length of slices is the scheduler's affair"),
    ("statfs", "it is another file system"),
    ("fstatfs", "it is another file system"),
    ("brk", "where the heap begins is the loader's affair"),
    ("getitimer", "it is another time there"),
    ("nanosleep", "what is left of a sleep is another time there"),
    ("clock_nanosleep", "what is left of a sleep is another time there"),
];

/// Calls that are not compared at all.
const NOT_AT_ALL: &[(&str, &str)] = &[("sched_setaffinity", "the host has other CPUs")];

/// Why a call is not even compared by success.
pub(super) fn not_at_all(name: &str) -> Option<&'static str> {
    NOT_AT_ALL.iter().find(|(call, _)| *call == name).map(|(_, why)| *why)
}

/// Why a call's answer is not compared, if it is not.
pub(in crate::script::play) fn of_the_machine(name: &str) -> Option<&'static str> {
    OF_THE_MACHINE.iter().find(|(call, _)| *call == name).map(|(_, why)| *why)
}

/// The names of the calls in both lists, for the test that compares it with the page.
#[must_use]
pub fn explained_calls() -> Vec<&'static str> {
    OF_THE_MACHINE.iter().chain(NOT_AT_ALL).map(|(name, _)| *name).collect()
}
