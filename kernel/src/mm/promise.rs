//! Promises: memory that processes may use later, counted when they ask for it (Linux' overcommit accounting).

use super::NoMemory;

/// How much more may be promised than there is (vm.overcommit_memory, vm.overcommit_ratio).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Overcommit {
    /// 0: anything but what could never be kept: a single request for more than all RAM and swap.
    #[default]
    Heuristic,
    /// 1: anything.
    Always,
    /// 2: all swap, and this many percent of RAM.
    Never {
        /// vm.overcommit_ratio.
        ratio: u32,
    },
}

/// What was promised, in pages (`Committed_AS` of /proc/meminfo).
#[derive(Clone, Debug, Hash)]
pub struct Promises {
    /// The rule.
    pub rule: Overcommit,
    ram: u64,
    swap: u64,
    promised: u64,
}

impl Promises {
    /// Nothing is promised yet, of this many frames.
    #[must_use]
    pub fn new(ram: u32) -> Self {
        Self { rule: Overcommit::default(), ram: u64::from(ram), swap: 0, promised: 0 }
    }

    /// There is a swap area of this many pages.
    pub fn add_swap(&mut self, pages: u32) {
        self.swap += u64::from(pages);
    }

    /// What may be promised in all (`CommitLimit`), which binds under [`Overcommit::Never`] alone.
    #[must_use]
    pub fn limit(&self) -> u64 {
        let ratio = match self.rule {
            Overcommit::Never { ratio } => u64::from(ratio),
            _ => 50,
        };
        self.ram * ratio / 100 + self.swap
    }

    /// What is promised.
    #[must_use]
    pub fn promised(&self) -> u64 {
        self.promised
    }

    /// Promises some pages.
    ///
    /// # Errors
    /// [`NoMemory`] if the rule forbids it.
    pub fn promise(&mut self, pages: u64) -> Result<(), NoMemory> {
        let granted = match self.rule {
            Overcommit::Always => true,
            Overcommit::Heuristic => pages <= self.ram + self.swap,
            Overcommit::Never { .. } => {
                pages == 0 || self.promised.saturating_add(pages) <= self.limit()
            }
        };
        if !granted {
            return Err(NoMemory);
        }
        self.promised = self.promised.saturating_add(pages);
        Ok(())
    }

    /// A promise is needed no longer.
    pub fn give_back(&mut self, pages: u64) {
        self.promised = self.promised.saturating_sub(pages);
    }
}

#[cfg(test)]
mod tests {
    use super::{Overcommit, Promises};

    #[test]
    fn the_three_rules_differ_in_what_they_refuse() {
        let mut promises = Promises::new(100);
        promises.add_swap(20);
        assert!(promises.promise(121).is_err(), "more than there is");
        assert!(promises.promise(120).is_ok() && promises.promise(120).is_ok());
        promises.give_back(240);
        promises.rule = Overcommit::Never { ratio: 50 };
        assert!(promises.promise(70).is_ok());
        assert!(promises.promise(1).is_err());
        promises.rule = Overcommit::Always;
        assert!(promises.promise(1 << 40).is_ok());
    }
}
