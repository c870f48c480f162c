//! Frames in a line: every policy that goes by order keeps one.
//!
//! The links lie in an array with a place for each frame, so that a frame is found, moved and taken out in
//! constant time, wherever it stands. Linux threads its LRU lists through `struct page` for the same reason.

use crate::base::FrameId;

/// "Nobody": one more than any frame that a machine can have.
const NONE: u32 = u32::MAX;

/// Who stands before and behind a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Link {
    before: u32,
    behind: u32,
    is_in: bool,
}

const OUT: Link = Link { before: NONE, behind: NONE, is_in: false };

/// A doubly linked line of frames, each of which stands in it at most once.
#[derive(Clone, Debug, Hash)]
pub struct Line {
    links: Vec<Link>,
    first: u32,
    last: u32,
    length: usize,
}

impl Default for Line {
    fn default() -> Self {
        Self { links: Vec::new(), first: NONE, last: NONE, length: 0 }
    }
}

fn frame(at: u32) -> Option<FrameId> {
    (at != NONE).then_some(FrameId(at))
}

impl Line {
    fn link(&self, at: u32) -> Link {
        self.links.get(at as usize).copied().unwrap_or(OUT)
    }

    /// Changes the link of a frame that stands in the line; nobody has none.
    fn change(&mut self, at: u32, change: impl FnOnce(&mut Link)) {
        if let Some(link) = self.links.get_mut(at as usize) {
            change(link);
        }
    }

    /// Who is first.
    #[must_use]
    pub fn first(&self) -> Option<FrameId> {
        frame(self.first)
    }

    /// Who is last.
    #[must_use]
    pub fn last(&self) -> Option<FrameId> {
        frame(self.last)
    }

    /// Who stands behind a frame.
    #[must_use]
    pub fn behind(&self, of: FrameId) -> Option<FrameId> {
        frame(self.link(of.0).behind)
    }

    /// Who stands before a frame.
    #[must_use]
    pub fn before(&self, of: FrameId) -> Option<FrameId> {
        frame(self.link(of.0).before)
    }

    /// Whether a frame stands in the line.
    #[must_use]
    pub fn contains(&self, of: FrameId) -> bool {
        self.link(of.0).is_in
    }

    /// How many stand in it.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// All of them, the first one first.
    pub fn iter(&self) -> impl Iterator<Item = FrameId> {
        std::iter::successors(self.first(), |at| self.behind(*at))
    }

    /// A frame joins at the end; one that stands in the line already moves there.
    pub fn push(&mut self, new: FrameId) {
        self.insert_before(None, new);
    }

    /// A frame joins, or moves, to the place before another one; at the end if that is nobody, or not in the line.
    pub fn insert_before(&mut self, place: Option<FrameId>, new: FrameId) {
        if new.0 == NONE || place == Some(new) {
            return;
        }
        self.remove(new);
        let behind = place.filter(|place| self.contains(*place)).map_or(NONE, |place| place.0);
        let before = if behind == NONE { self.last } else { self.link(behind).before };
        if self.links.len() <= new.0 as usize {
            self.links.resize(new.0 as usize + 1, OUT);
        }
        self.change(new.0, |link| *link = Link { before, behind, is_in: true });
        self.join(before, new.0);
        self.join(new.0, behind);
        self.length += 1;
    }

    /// A frame leaves. `false` if it was not in the line.
    pub fn remove(&mut self, old: FrameId) -> bool {
        let link = self.link(old.0);
        if !link.is_in {
            return false;
        }
        self.change(old.0, |link| *link = OUT);
        self.join(link.before, link.behind);
        self.length -= 1;
        true
    }

    /// Makes two neighbours; either may be nobody.
    fn join(&mut self, before: u32, behind: u32) {
        match before {
            NONE => self.first = behind,
            _ => self.change(before, |link| link.behind = behind),
        }
        match behind {
            NONE => self.last = before,
            _ => self.change(behind, |link| link.before = before),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Line;
    use crate::base::{FrameId, Rng};

    /// A line behaves as a vector does that is searched for every operation.
    #[test]
    fn a_line_is_a_vector_but_faster() {
        let (mut line, mut model, mut rng) = (Line::default(), Vec::new(), Rng::new(3));
        for _ in 0..5000 {
            let frame = FrameId(rng.below(20) as u32);
            let place = FrameId(rng.below(20) as u32);
            let stood = model.contains(&frame);
            match rng.below(3) {
                0 => {
                    assert_eq!(line.remove(frame), stood);
                    model.retain(|one| *one != frame);
                }
                1 => {
                    line.push(frame);
                    model.retain(|one| *one != frame);
                    model.push(frame);
                }
                _ if place != frame => {
                    line.insert_before(Some(place), frame);
                    model.retain(|one| *one != frame);
                    let at = model.iter().position(|one| *one == place).unwrap_or(model.len());
                    model.insert(at, frame);
                }
                _ => {}
            }
            assert_eq!(line.iter().collect::<Vec<_>>(), model);
            assert_eq!(
                (line.first(), line.last()),
                (model.first().copied(), model.last().copied())
            );
            assert_eq!(line.length(), model.len());
        }
    }
}
