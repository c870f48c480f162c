//! Resource limits of a process (getrlimit(2)).

use crate::abi::flags::process::rlimit;
use crate::abi::types::{RLIM_INFINITY, Rlimit};

/// How many resources there are (`RLIM_NLIMITS`).
pub const RESOURCES: usize = 16;

/// A soft and a hard limit for each resource.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Limits([Rlimit; RESOURCES]);

impl Default for Limits {
    /// What Linux gives its first process (`INIT_RLIMITS`), but that the number of processes is not derived
    /// from the size of memory.
    fn default() -> Self {
        let mut limits = Self([Rlimit { soft: RLIM_INFINITY, hard: RLIM_INFINITY }; RESOURCES]);
        let given = [
            (rlimit::STACK, 8 << 20, RLIM_INFINITY),
            (rlimit::CORE, 0, RLIM_INFINITY),
            (rlimit::NOFILE, 1024, 4096),
            (rlimit::MEMLOCK, 8 << 20, 8 << 20),
            (rlimit::SIGPENDING, 1024, 1024),
            (rlimit::MSGQUEUE, 819_200, 819_200),
            (rlimit::NICE, 0, 0),
            (rlimit::RTPRIO, 0, 0),
        ];
        for (resource, soft, hard) in given {
            limits.set(resource, Rlimit { soft, hard });
        }
        limits
    }
}

impl Limits {
    /// The limits of a resource; `None` if there is no such resource.
    #[must_use]
    pub fn get(&self, resource: u32) -> Option<Rlimit> {
        self.0.get(usize::try_from(resource).ok()?).copied()
    }

    /// The soft limit, which holds now.
    #[must_use]
    pub fn soft(&self, resource: u32) -> u64 {
        self.get(resource).map_or(RLIM_INFINITY, |limit| limit.soft)
    }

    /// Sets the limits of a resource, if there is such a resource.
    pub fn set(&mut self, resource: u32, limit: Rlimit) {
        if let Some(place) = usize::try_from(resource).ok().and_then(|at| self.0.get_mut(at)) {
            *place = limit;
        }
    }
}
