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
];

/// Why a call's answer is not compared, if it is not.
pub(super) fn of_the_machine(name: &str) -> Option<&'static str> {
    OF_THE_MACHINE.iter().find(|(call, _)| *call == name).map(|(_, why)| *why)
}

/// The names of the calls in that list, for the test that compares it with the page.
#[must_use]
pub fn explained_calls() -> Vec<&'static str> {
    OF_THE_MACHINE.iter().map(|(name, _)| *name).collect()
}
