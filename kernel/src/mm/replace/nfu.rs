//! Not frequently used, with ageing: a counter for each frame, in which recent use weighs more than old use.
//!
//! At each tick a counter moves one bit to the right, and the accessed bit comes in on the left. The frame with
//! the smallest counter goes. Eight bits see eight ticks back, and not what happened within one: that is how
//! it differs from LRU, which it stands for where hardware tells no more than a bit (Tanenbaum, Bos, *Modern
//! Operating Systems*, 3.4.7).

use super::{Kept, Line, Replacement, Usage};
use crate::base::{Digester, FrameId};
use std::hash::Hash;

/// The bit that stands for use in the latest tick.
const LATEST: u8 = 1 << 7;

/// What is known of a frame's use. Those that came since the last tick are ordered behind all others: their first
/// use is still going on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Age {
    is_new: bool,
    counter: u8,
}

/// Not frequently used, with ageing. Among equals the one that was brought in first goes.
#[derive(Clone, Debug, Default, Hash)]
pub struct Nfu {
    line: Line,
    ages: Vec<Age>,
}

impl Nfu {
    fn age(&self, frame: FrameId) -> Age {
        self.ages.get(frame.0 as usize).copied().unwrap_or_default()
    }
}

impl Replacement for Nfu {
    fn name(&self) -> &'static str {
        "nfu"
    }

    fn insert(&mut self, frame: FrameId) {
        self.line.push(frame);
        let at = frame.0 as usize;
        if self.ages.len() <= at {
            self.ages.resize(at + 1, Age::default());
        }
        if let Some(age) = self.ages.get_mut(at) {
            *age = Age { is_new: true, counter: 0 };
        }
    }

    fn remove(&mut self, frame: FrameId) -> bool {
        self.line.remove(frame)
    }

    fn victim(&mut self, usage: &mut dyn Usage) -> Option<FrameId> {
        // The bits since the last tick are in no counter yet, and stay where they are.
        let may_go = self.line.iter().filter(|frame| !usage.is_busy(*frame));
        let victim = may_go.min_by_key(|frame| self.age(*frame))?;
        self.line.remove(victim);
        Some(victim)
    }

    fn tick(&mut self, usage: &mut dyn Usage) {
        for frame in self.line.iter() {
            let used = usage.take_used(frame);
            if let Some(age) = self.ages.get_mut(frame.0 as usize) {
                let latest = if used || age.is_new { LATEST } else { 0 };
                *age = Age { is_new: false, counter: age.counter >> 1 | latest };
            }
        }
    }

    fn frames(&self) -> Vec<Kept> {
        let kept = |frame| Kept { frame, is_at_hand: false, age: Some(self.age(frame).counter) };
        self.line.iter().map(kept).collect()
    }

    fn count(&self) -> usize {
        self.line.length()
    }

    fn clone_policy(&self) -> Box<dyn Replacement> {
        Box::new(self.clone())
    }

    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
}
