//! Policies that go by order alone: first in first out, least recently used, most recently used.

use super::{Kept, Line, Replacement, Usage, shown};
use crate::base::{Digester, FrameId};
use std::hash::Hash;

/// First in, first out: the page that was brought in longest ago goes, however much it is used.
///
/// More frames can mean *more* faults: Belady, Nelson, Shedler, "An anomaly in space-time characteristics of
/// certain programs running in a paging machine", CACM 12(6), 1969.
#[derive(Clone, Debug, Default, Hash)]
pub struct Fifo {
    line: Line,
}

/// Least recently used, exactly: the page that nobody has used for the longest time goes.
///
/// It wants to know each use, which costs constant time here and is more than hardware tells. In a kernel it
/// knows of a use when the kernel does, and at each tick: then the frames that were used since the last one
/// move to the end of the line, in the order in which they stood. It is a stack algorithm, so that Belady's
/// anomaly cannot happen: Mattson, Gecsei, Slutz, Traiger, "Evaluation techniques for storage hierarchies",
/// IBM Systems Journal 9(2), 1970.
#[derive(Clone, Debug, Default, Hash)]
pub struct Lru {
    line: Line,
}

/// Most recently used: the page that was used last goes. Right for who reads a file in a circle that is larger
/// than memory, and wrong for nearly everybody else.
#[derive(Clone, Debug, Default, Hash)]
pub struct Mru {
    line: Line,
}

/// The first one that is not busy.
fn first_free(usage: &mut dyn Usage, mut frames: impl Iterator<Item = FrameId>) -> Option<FrameId> {
    frames.find(|frame| !usage.is_busy(*frame))
}

/// Those that were used since the last look move to the end of the line.
fn refresh(line: &mut Line, usage: &mut dyn Usage) {
    let used: Vec<FrameId> = line.iter().filter(|frame| usage.take_used(*frame)).collect();
    for frame in used {
        line.push(frame);
    }
}

impl Replacement for Fifo {
    fn name(&self) -> &'static str {
        "fifo"
    }

    fn insert(&mut self, frame: FrameId) {
        self.line.push(frame);
    }

    fn remove(&mut self, frame: FrameId) -> bool {
        self.line.remove(frame)
    }

    fn victim(&mut self, usage: &mut dyn Usage) -> Option<FrameId> {
        let victim = first_free(usage, self.line.iter())?;
        self.line.remove(victim);
        Some(victim)
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

impl Replacement for Lru {
    fn name(&self) -> &'static str {
        "lru"
    }

    fn insert(&mut self, frame: FrameId) {
        self.line.push(frame);
    }

    fn touch(&mut self, frame: FrameId) {
        if self.line.contains(frame) {
            self.line.push(frame);
        }
    }

    fn goes_by_uses(&self) -> bool {
        true
    }

    fn remove(&mut self, frame: FrameId) -> bool {
        self.line.remove(frame)
    }

    fn victim(&mut self, usage: &mut dyn Usage) -> Option<FrameId> {
        let victim = first_free(usage, self.line.iter())?;
        self.line.remove(victim);
        Some(victim)
    }

    fn tick(&mut self, usage: &mut dyn Usage) {
        refresh(&mut self.line, usage);
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

impl Replacement for Mru {
    fn name(&self) -> &'static str {
        "mru"
    }

    fn insert(&mut self, frame: FrameId) {
        self.line.push(frame);
    }

    fn touch(&mut self, frame: FrameId) {
        if self.line.contains(frame) {
            self.line.push(frame);
        }
    }

    fn goes_by_uses(&self) -> bool {
        true
    }

    fn remove(&mut self, frame: FrameId) -> bool {
        self.line.remove(frame)
    }

    fn victim(&mut self, usage: &mut dyn Usage) -> Option<FrameId> {
        let line = &self.line;
        let backwards = std::iter::successors(line.last(), |at| line.before(*at));
        let victim = first_free(usage, backwards)?;
        self.line.remove(victim);
        Some(victim)
    }

    fn tick(&mut self, usage: &mut dyn Usage) {
        refresh(&mut self.line, usage);
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
