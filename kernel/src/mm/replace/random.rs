//! Random: any page may go, each as likely as another. Needs no bits and no order, has no worst case of its own,
//! and shows how much of another policy's success is skill.

use super::{Kept, Replacement, Usage};
use crate::base::{Digester, FrameId, Rng};
use std::hash::Hash;

/// "Not here".
const NOWHERE: u32 = u32::MAX;

/// Random replacement, from numbers that follow from a seed.
#[derive(Clone, Debug, Hash)]
pub struct Random {
    rng: Rng,
    frames: Vec<FrameId>,
    /// Where in `frames` a frame is.
    places: Vec<u32>,
}

impl Random {
    /// Draws numbers that follow from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { rng: Rng::new(seed), frames: Vec::new(), places: Vec::new() }
    }

    fn place(&self, frame: FrameId) -> Option<usize> {
        let place = self.places.get(frame.0 as usize).copied()?;
        (place != NOWHERE).then_some(place as usize)
    }

    fn set_place(&mut self, frame: FrameId, place: u32) {
        if let Some(slot) = self.places.get_mut(frame.0 as usize) {
            *slot = place;
        }
    }
}

impl Replacement for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn insert(&mut self, frame: FrameId) {
        if self.place(frame).is_some() {
            return;
        }
        let at = frame.0 as usize;
        if self.places.len() <= at {
            self.places.resize(at + 1, NOWHERE);
        }
        self.set_place(frame, self.frames.len() as u32);
        self.frames.push(frame);
    }

    fn remove(&mut self, frame: FrameId) -> bool {
        let Some(place) = self.place(frame) else {
            return false;
        };
        self.frames.swap_remove(place);
        self.set_place(frame, NOWHERE);
        if let Some(moved) = self.frames.get(place).copied() {
            self.set_place(moved, place as u32);
        }
        true
    }

    fn victim(&mut self, usage: &mut dyn Usage) -> Option<FrameId> {
        // The first draw decides unless it hits a busy frame; then the next one in the list that is not.
        let drawn = self.rng.below(self.frames.len() as u64) as usize;
        let (before, from) = self.frames.split_at_checked(drawn)?;
        let mut turn = from.iter().chain(before).copied();
        let victim = turn.find(|frame| !usage.is_busy(*frame))?;
        self.remove(victim);
        Some(victim)
    }

    fn frames(&self) -> Vec<Kept> {
        let kept = |frame: &FrameId| Kept { frame: *frame, is_at_hand: false, age: None };
        self.frames.iter().map(kept).collect()
    }

    fn count(&self) -> usize {
        self.frames.len()
    }

    fn clone_policy(&self) -> Box<dyn Replacement> {
        Box::new(self.clone())
    }

    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
}
