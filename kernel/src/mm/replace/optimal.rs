//! The optimal policy: the page whose next use is farthest away goes. It must know the future, so it works
//! offline only, on a list of references that is known beforehand: a yardstick for the others (Belady, "A study
//! of replacement algorithms for a virtual-storage computer", IBM Systems Journal 5(2), 1966).

use super::{Kept, Replacement, Usage};
use crate::base::{Digester, FrameId};
use std::collections::BTreeSet;
use std::hash::Hash;
use std::sync::Arc;

/// The next use of a page that is never used again.
pub const NEVER: u32 = u32::MAX;

/// What is known of a frame: when it is used next, and how many pages were brought in before it.
type Future = (u32, u64);

/// The optimal policy. Each insertion and each touch is the next reference of the list.
#[derive(Clone, Debug, Hash)]
pub struct Optimal {
    /// For each reference, when the same page is used next.
    next_uses: Arc<Vec<u32>>,
    /// How many references there have been.
    now: usize,
    loaded: u64,
    futures: Vec<Option<Future>>,
    /// The frames by next use, then by the order in which their pages came. The last one goes.
    order: BTreeSet<(Future, FrameId)>,
}

impl Optimal {
    /// For a list of references, each given by the number of the next one that is to the same page, or [`NEVER`].
    ///
    /// Among pages that are never used again, the one that was brought in last goes. A book may choose another
    /// one: that changes which pages go, and never how many.
    #[must_use]
    pub fn new(next_uses: Vec<u32>) -> Self {
        let (futures, order) = (Vec::new(), BTreeSet::new());
        Self { next_uses: Arc::new(next_uses), now: 0, loaded: 0, futures, order }
    }

    fn next_use(&mut self) -> u32 {
        let next = self.next_uses.get(self.now).copied().unwrap_or(NEVER);
        self.now += 1;
        next
    }

    fn future(&mut self, frame: FrameId) -> Option<&mut Option<Future>> {
        self.futures.get_mut(frame.0 as usize)
    }

    fn set(&mut self, frame: FrameId, future: Future) {
        let at = frame.0 as usize;
        if self.futures.len() <= at {
            self.futures.resize(at + 1, None);
        }
        if let Some(slot) = self.future(frame)
            && let Some(old) = slot.replace(future)
        {
            self.order.remove(&(old, frame));
        }
        self.order.insert((future, frame));
    }
}

impl Replacement for Optimal {
    fn name(&self) -> &'static str {
        "opt"
    }

    fn insert(&mut self, frame: FrameId) {
        self.loaded += 1;
        let future = (self.next_use(), self.loaded);
        self.set(frame, future);
    }

    fn touch(&mut self, frame: FrameId) {
        let next = self.next_use();
        if let Some(&mut Some((_, loaded))) = self.future(frame) {
            self.set(frame, (next, loaded));
        }
    }

    fn goes_by_uses(&self) -> bool {
        true
    }

    fn remove(&mut self, frame: FrameId) -> bool {
        let old = self.future(frame).and_then(Option::take);
        old.is_some_and(|old| self.order.remove(&(old, frame)))
    }

    fn victim(&mut self, usage: &mut dyn Usage) -> Option<FrameId> {
        let mut farthest = self.order.iter().rev().map(|(_, frame)| *frame);
        let victim = farthest.find(|frame| !usage.is_busy(*frame))?;
        self.remove(victim);
        Some(victim)
    }

    fn frames(&self) -> Vec<Kept> {
        let kept = |frame| Kept { frame, is_at_hand: false, age: None };
        self.order.iter().rev().map(|(_, frame)| kept(*frame)).collect()
    }

    fn count(&self) -> usize {
        self.order.len()
    }

    fn clone_policy(&self) -> Box<dyn Replacement> {
        Box::new(self.clone())
    }

    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
}
