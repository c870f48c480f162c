//! Second chance, as a line and as a clock: first in first out, but whoever was used meanwhile may stay.
//!
//! Both choose the same victims. The clock leaves frames where they are and moves a hand instead, which is why
//! systems prefer it: Corbató, "A paging experiment with the Multics system", 1968. A page that is brought in
//! counts as used, and stands behind all others.

use super::{Kept, Line, Replacement, Usage, shown};
use crate::base::{Digester, FrameId};
use std::hash::Hash;

/// Second chance: the first one in line goes; if it was used, it moves to the end instead, as if it were new.
#[derive(Clone, Debug, Default, Hash)]
pub struct SecondChance {
    line: Line,
}

/// The clock: frames stand in a circle, a hand goes round. It passes over a frame that was used and stops at
/// one that was not.
#[derive(Clone, Debug, Default, Hash)]
pub struct Clock {
    /// The circle, cut open where it began.
    circle: Line,
    /// The frame to be looked at next.
    hand: Option<FrameId>,
}

impl Replacement for SecondChance {
    fn name(&self) -> &'static str {
        "second-chance"
    }

    fn insert(&mut self, frame: FrameId) {
        self.line.push(frame);
    }

    fn remove(&mut self, frame: FrameId) -> bool {
        self.line.remove(frame)
    }

    fn victim(&mut self, usage: &mut dyn Usage) -> Option<FrameId> {
        // Once round to clear the bits, once more to find one whose bit stayed clear.
        for _ in 0..2 * self.line.length() {
            let first = self.line.first()?;
            if !usage.is_busy(first) && !usage.take_used(first) {
                self.line.remove(first);
                return Some(first);
            }
            self.line.push(first);
        }
        None
    }

    fn frames(&self) -> Vec<Kept> {
        shown(&self.line)
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

impl Clock {
    /// Who stands behind a frame in the circle.
    fn next(&self, frame: FrameId) -> Option<FrameId> {
        self.circle.behind(frame).or_else(|| self.circle.first())
    }
}

impl Replacement for Clock {
    fn name(&self) -> &'static str {
        "clock"
    }

    fn insert(&mut self, frame: FrameId) {
        self.remove(frame);
        // Just behind the hand: that is where the victim stood, and the hand comes here last. If the hand is at the
        // cut, behind it means at the other end.
        let place = self.hand.filter(|hand| self.circle.first() != Some(*hand));
        self.circle.insert_before(place, frame);
        self.hand = self.hand.or(Some(frame));
    }

    fn remove(&mut self, frame: FrameId) -> bool {
        if self.hand == Some(frame) {
            self.hand = self.next(frame).filter(|next| *next != frame);
        }
        self.circle.remove(frame)
    }

    fn victim(&mut self, usage: &mut dyn Usage) -> Option<FrameId> {
        for _ in 0..2 * self.circle.length() {
            let frame = self.hand?;
            if !usage.is_busy(frame) && !usage.take_used(frame) {
                self.remove(frame);
                return Some(frame);
            }
            self.hand = self.next(frame);
        }
        None
    }

    fn frames(&self) -> Vec<Kept> {
        let kept = |frame| Kept { frame, is_at_hand: self.hand == Some(frame), age: None };
        self.circle.iter().map(kept).collect()
    }

    fn count(&self) -> usize {
        self.circle.length()
    }

    fn clone_policy(&self) -> Box<dyn Replacement> {
        Box::new(self.clone())
    }

    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
}
