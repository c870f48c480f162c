//! Sets of CPUs (sched_setaffinity(2)).

use super::params::AffinityId;
use crate::base::CpuId;
use std::collections::BTreeMap;

/// A set of CPUs, by number; 1024 at most, as many as a `cpu_set_t` of the C library has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CpuSet(pub [u64; 16]);

impl CpuSet {
    /// All there can be.
    pub const ALL: Self = Self([u64::MAX; 16]);

    /// None.
    pub const NONE: Self = Self([0; 16]);

    /// Whether a CPU is in it.
    #[must_use]
    pub fn contains(&self, cpu: CpuId) -> bool {
        let word = self.0.get(usize::from(cpu.0 / 64)).copied().unwrap_or(0);
        word >> (cpu.0 % 64) & 1 == 1
    }

    /// The same with one more CPU.
    #[must_use]
    pub fn with(mut self, cpu: CpuId) -> Self {
        if let Some(word) = self.0.get_mut(usize::from(cpu.0 / 64)) {
            *word |= 1 << (cpu.0 % 64);
        }
        self
    }

    /// Those that are in both.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        for (word, other) in self.0.iter_mut().zip(other.0) {
            *word &= other;
        }
        self
    }

    /// Whether none is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::NONE
    }

    /// The first `n` CPUs.
    #[must_use]
    pub fn first(n: u16) -> Self {
        (0..n.min(1024)).fold(Self::NONE, |set, cpu| set.with(CpuId(cpu)))
    }
}

/// The sets in use, each kept once: tasks carry only a number. There are few, so none is ever forgotten.
#[derive(Clone, Debug, Hash)]
pub struct CpuSets {
    sets: Vec<CpuSet>,
    numbers: BTreeMap<CpuSet, AffinityId>,
}

impl Default for CpuSets {
    fn default() -> Self {
        let numbers = BTreeMap::from([(CpuSet::ALL, AffinityId(0))]);
        Self { sets: vec![CpuSet::ALL], numbers }
    }
}

impl CpuSets {
    /// The number of a set; `None` if there are 65,536 other sets already.
    pub fn number(&mut self, set: CpuSet) -> Option<AffinityId> {
        if let Some(&number) = self.numbers.get(&set) {
            return Some(number);
        }
        let number = u16::try_from(self.sets.len()).map(AffinityId).ok()?;
        self.sets.push(set);
        self.numbers.insert(set, number);
        Some(number)
    }

    /// The set of a number.
    #[must_use]
    pub fn get(&self, number: AffinityId) -> CpuSet {
        self.sets.get(usize::from(number.0)).copied().unwrap_or(CpuSet::ALL)
    }

    /// Whether a task with this set may run on a CPU.
    #[must_use]
    pub fn allows(&self, number: AffinityId, cpu: CpuId) -> bool {
        number.0 == 0 || self.get(number).contains(cpu)
    }
}
