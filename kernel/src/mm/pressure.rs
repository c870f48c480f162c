//! What is known about how short memory is: watermarks, counters, and the policy that names the page to go.

use super::replace::{Replacement, policy_by_name};
use crate::base::Digester;
use std::fmt;
use std::hash::{Hash, Hasher};

/// How many frames should be free (Linux' zone watermarks).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Watermarks {
    /// Below this the swapper is told to begin.
    pub low: u32,
    /// At this it stops.
    pub high: u32,
}

impl Watermarks {
    /// The watermarks of a machine with so many frames: as on Linux, the least is the square root of sixteen times the memory in KiB
    /// (vm.min_free_kbytes), "low" a quarter more, and "high" half more.
    #[must_use]
    pub fn of(frames: u32) -> Self {
        let least = ((u64::from(frames) * 4 * 16).isqrt() / 4) as u32;
        Self { low: least + least / 4, high: least + least / 2 }
    }
}

/// What happened under pressure so far, as /proc/vmstat counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Counters {
    /// Pages written to the swap area (pswpout).
    pub swapped_out: u64,
    /// Pages brought back from it (pswpin).
    pub swapped_in: u64,
    /// Pages of files that were taken away (pgsteal_file).
    pub files_dropped: u64,
    /// Pages taken away that were wanted again while as few others had been taken away since as there are frames: they belong to
    /// the working set (workingset_refault).
    pub refaults: u64,
    /// Processes killed for their memory (oom_kill).
    pub killed: u64,
}

/// The replacement policy of a machine.
pub struct Replacer(Option<Box<dyn Replacement>>);

impl Replacer {
    /// The policy of that name.
    #[must_use]
    pub fn by_name(name: &str, seed: u64) -> Option<Self> {
        policy_by_name(name, seed).map(|policy| Self(Some(policy)))
    }

    /// Takes the policy out for a while, so that it can be asked about what its owner owns.
    pub fn take(&mut self) -> Option<Box<dyn Replacement>> {
        self.0.take()
    }

    /// Puts it back.
    pub fn put(&mut self, policy: Box<dyn Replacement>) {
        self.0 = Some(policy);
    }

    /// The policy, to look at.
    #[must_use]
    pub fn get(&self) -> Option<&dyn Replacement> {
        self.0.as_deref()
    }

    /// The policy, to tell it something.
    pub fn get_mut(&mut self) -> Option<&mut (dyn Replacement + 'static)> {
        self.0.as_deref_mut()
    }
}

impl Clone for Replacer {
    fn clone(&self) -> Self {
        Self(self.0.as_ref().map(|policy| policy.clone_policy()))
    }
}

impl fmt::Debug for Replacer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_ref().map_or("none", |policy| policy.name()))
    }
}

impl Hash for Replacer {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut digester = Digester::default();
        if let Some(policy) = &self.0 {
            policy.digest(&mut digester);
        }
        state.write_u64(digester.finish());
    }
}

/// How short memory is.
#[derive(Clone, Debug, Hash)]
pub struct Pressure {
    /// When the swapper begins and stops.
    pub marks: Watermarks,
    /// Who names the page to go.
    pub replacer: Replacer,
    /// What has happened.
    pub counters: Counters,
    /// There is a swapper.
    pub has_swapper: bool,
    /// The swapper's bell has rung, and it has not come yet.
    pub is_rung: bool,
    /// Nothing more can be taken away and nobody be killed: whoever waits for a frame learns that there is none.
    pub is_hopeless: bool,
}

impl Pressure {
    /// No pressure, on a machine with so many frames. Pages go by second chance, until somebody says otherwise.
    #[must_use]
    pub fn new(frames: u32) -> Self {
        Self {
            marks: Watermarks::of(frames),
            replacer: Replacer(policy_by_name("second-chance", 0)),
            counters: Counters::default(),
            has_swapper: false,
            is_rung: false,
            is_hopeless: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Watermarks;

    #[test]
    fn watermarks_are_those_of_linux() {
        // 1 GiB: min_free_kbytes is 4096, 1024 frames.
        assert_eq!(Watermarks::of(1 << 18), Watermarks { low: 1280, high: 1536 });
    }
}
