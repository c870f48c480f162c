//! A number that is added to and taken (eventfd(2)).

use crate::abi::flags::PollEvents;

/// The largest value; one more is an overflow, which only the kernel itself could cause.
pub const MAX: u64 = u64::MAX - 1;

/// The state behind an eventfd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Counter {
    /// What has been added and not taken.
    pub value: u64,
    /// Whether reading takes one and not all (EFD_SEMAPHORE).
    pub is_semaphore: bool,
    /// Which it is, for /proc/PID/fdinfo: they are counted from 0.
    pub number: u64,
}

impl Counter {
    /// Takes what a read takes; `None` if there is nothing.
    #[must_use]
    pub const fn take(&mut self) -> Option<u64> {
        let taken = if self.is_semaphore && self.value > 0 { 1 } else { self.value };
        self.value -= taken;
        if taken == 0 { None } else { Some(taken) }
    }

    /// Adds; `false` if that would be more than it can hold.
    #[must_use]
    pub const fn add(&mut self, count: u64) -> bool {
        let fits = count <= MAX - self.value;
        if fits {
            self.value += count;
        }
        fits
    }

    /// What it is ready for.
    #[must_use]
    pub fn readiness(&self) -> PollEvents {
        let when = |condition, events| if condition { events } else { PollEvents::empty() };
        when(self.value > 0, PollEvents::IN) | when(self.value < MAX, PollEvents::OUT)
    }
}

#[cfg(test)]
mod tests {
    use super::{Counter, MAX};

    #[test]
    fn a_semaphore_gives_one_at_a_time() {
        let mut counter = Counter { value: 2, is_semaphore: true, number: 0 };
        assert_eq!((counter.take(), counter.take(), counter.take()), (Some(1), Some(1), None));
    }

    #[test]
    fn it_holds_all_but_the_largest_number() {
        let mut counter = Counter { value: 1, is_semaphore: false, number: 0 };
        assert!(!counter.add(MAX));
        assert!(counter.add(MAX - 1));
        assert_eq!(counter.take(), Some(MAX));
    }
}
