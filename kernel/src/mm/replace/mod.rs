//! Page replacement: RAM is full, and some frame must be emptied. Which one?
//!
//! A [`Replacement`] decides and never performs. It knows frames by number and nothing of pages, files or
//! processes. What it may know of how frames are used is what hardware tells: that somebody used a frame
//! since the last look ([`Usage`]), and, for those who ask for more than hardware has, each single use.
//!
//! Layers: [`line`] keeps frames in order; each policy has its file; [`policy_by_name`] makes them.
//!
//! A typical sequence: a page is read into a frame, [`insert`](Replacement::insert). Programs use it, and the
//! MMU sets the accessed bit of its table entry. Memory runs short: [`victim`](Replacement::victim) looks at
//! the bits of those that stand first in line, moves on from those that were used, and takes one out. The
//! caller saves the page, if it is dirty, and gives the frame to somebody else.
//!
//! Taken from elsewhere: that the policy sees frames alone, and has one call each for "used", "may go" and
//! "who goes", from BusTub's `Replacer`, the exercise of CMU's database course; that looking at the accessed
//! bit and clearing it is one act, done by the caller because it knows who maps the frame, from Linux'
//! `folio_referenced`; that whoever cannot go now is passed over and not taken out, from `mm/vmscan.c`.

mod clock;
mod line;
mod nfu;
mod optimal;
mod order;
mod random;

pub use clock::{Clock, SecondChance};
pub use line::Line;
pub use nfu::Nfu;
pub use optimal::{NEVER, Optimal};
pub use order::{Fifo, Lru, Mru};
pub use random::Random;

use crate::base::{Digester, FrameId};

/// What hardware and kernel know about frames when one of them has to go.
pub trait Usage {
    /// Whether a frame cannot go now: it is locked, or a device writes to it.
    fn is_busy(&self, frame: FrameId) -> bool;

    /// Whether somebody used a frame since this was asked last: reads the accessed bit and clears it.
    fn take_used(&mut self, frame: FrameId) -> bool;
}

/// A frame as a policy keeps it, for showing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The frame.
    pub frame: FrameId,
    /// The policy's hand points at it.
    pub is_at_hand: bool,
    /// Its counter, with policies that count.
    pub age: Option<u8>,
}

/// A page-replacement policy.
pub trait Replacement: Send + Sync {
    /// Its name, as on the command line.
    fn name(&self) -> &'static str;

    /// A page was brought into a frame, which may be chosen from now on. This counts as a use. A frame that is
    /// there already is as one that left and came again.
    fn insert(&mut self, frame: FrameId);

    /// Somebody uses a frame. Only those that [go by uses](Self::goes_by_uses) need it.
    fn touch(&mut self, _frame: FrameId) {}

    /// Whether it wants to hear of every single use. No hardware tells. A kernel calls
    /// [`touch`](Self::touch) when it happens to know, and [`tick`](Self::tick) for the rest.
    fn goes_by_uses(&self) -> bool {
        false
    }

    /// A frame is free, or locked for good: it cannot be chosen any more. `false` if it could not be before.
    fn remove(&mut self, frame: FrameId) -> bool;

    /// Chooses a frame and takes it out. `None` if there is no frame, or all are busy. Looks at no frame more
    /// than twice.
    fn victim(&mut self, usage: &mut dyn Usage) -> Option<FrameId>;

    /// Called at regular intervals: a good moment to look who was used.
    fn tick(&mut self, _usage: &mut dyn Usage) {}

    /// The frames in the order in which the policy keeps them.
    fn frames(&self) -> Vec<Kept>;

    /// How many frames it keeps.
    fn count(&self) -> usize;

    /// A copy, for keyframes.
    fn clone_policy(&self) -> Box<dyn Replacement>;

    /// Feeds its state into a digest.
    fn digest(&self, digester: &mut Digester);
}

/// The policies that a kernel can use. A workbench that knows the future has [`Optimal`] too.
pub const POLICIES: [&str; 7] = ["fifo", "lru", "mru", "clock", "second-chance", "nfu", "random"];

/// The policy of a name in [`POLICIES`]. `random` draws numbers that follow from `seed`.
#[must_use]
pub fn policy_by_name(name: &str, seed: u64) -> Option<Box<dyn Replacement>> {
    Some(match name {
        "fifo" => Box::new(Fifo::default()),
        "lru" => Box::new(Lru::default()),
        "mru" => Box::new(Mru::default()),
        "clock" => Box::new(Clock::default()),
        "second-chance" => Box::new(SecondChance::default()),
        "nfu" => Box::new(Nfu::default()),
        "random" => Box::new(Random::new(seed)),
        _ => return None,
    })
}

/// Frames of a line, for showing.
fn shown(line: &Line) -> Vec<Kept> {
    line.iter().map(|frame| Kept { frame, is_at_hand: false, age: None }).collect()
}

#[cfg(test)]
mod tests;
