//! Which of the requests that wait for a disk goes first.
//!
//! Layers: `line` serves in the order of arrival, or whoever is nearest; `sweep` moves the arm across the disk as a lift moves
//! in its shaft, in four variants; `deadline` sweeps too, but lets nobody wait for too long. All are an [`Elevator`], so that a
//! driver's queue and the workbench can have any of them.
//!
//! A typical sequence: a driver [`add`](Elevator::add)s each request with its position; when the device is free it asks
//! for the [`next`](Elevator::next) one, telling where the head is, and gets a [`Choice`].
//!
//! Positions are sectors in a driver and cylinders in a book: all that matters is that near numbers are near each other.
//!
//! Taken from elsewhere: the name, and a queue that is asked for the next request whenever the device is free, from Linux'
//! `block/elevator.c`; the rules of SCAN, C-SCAN, LOOK, C-LOOK and SSTF from Silberschatz, Galvin and Gagne, *Operating System
//! Concepts*, chapter 11.2; expiry times, batches and starved writes from Linux' `block/mq-deadline.c`.

mod deadline;
mod line;
mod sweep;

pub use deadline::Deadline;
pub use line::{Fifo, Nearest};
pub use sweep::Sweep;

use crate::base::{Digester, Time};

/// A request that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pending {
    /// Its number: later requests have higher ones.
    pub ticket: u64,
    /// Where it begins.
    pub position: u64,
    /// Whether the disk is written.
    pub write: bool,
    /// Since when it waits.
    pub since: Time,
}

/// Where the arm goes before it serves a request that it has chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Turn {
    /// Straight there.
    #[default]
    None,
    /// To this edge of the disk, where it turns round.
    At(u64),
    /// To the first of these edges, and back to the other without serving anybody.
    Wrap(u64, u64),
}

/// A request that is to be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Choice {
    /// Which.
    pub request: Pending,
    /// Where the arm goes first.
    pub turn: Turn,
}

impl Choice {
    /// How far the arm moves from `head`, by way of where it turns.
    #[must_use]
    pub fn movement(&self, head: u64) -> u64 {
        let target = self.request.position;
        match self.turn {
            Turn::None => head.abs_diff(target),
            Turn::At(edge) => head.abs_diff(edge) + edge.abs_diff(target),
            Turn::Wrap(from, to) => head.abs_diff(from) + from.abs_diff(to) + to.abs_diff(target),
        }
    }
}

/// Chooses among the requests that wait for a disk.
pub trait Elevator: Send + Sync {
    /// Its name, as on the command line.
    fn name(&self) -> &'static str;

    /// A request comes.
    fn add(&mut self, request: Pending);

    /// Takes the request out that is to be served now, with the head at `head`. `None` if nobody waits.
    fn next(&mut self, head: u64, now: Time) -> Option<Choice>;

    /// Those who wait, in the order in which they would be served if nobody else came and no time passed.
    fn waiting(&self, head: u64, now: Time) -> Vec<Pending> {
        let mut copy = self.clone_elevator();
        let mut at = head;
        std::iter::from_fn(move || {
            let choice = copy.next(at, now)?;
            at = choice.request.position;
            Some(choice.request)
        })
        .collect()
    }

    /// A copy, for keyframes.
    fn clone_elevator(&self) -> Box<dyn Elevator>;

    /// Feeds its state into a digest.
    fn digest(&self, digester: &mut Digester);
}

/// The names of all policies.
pub const POLICIES: [&str; 7] = ["fifo", "sstf", "scan", "cscan", "look", "clook", "deadline"];

/// The policy of that name, for a disk whose positions are `0..=last`; `up`: the arm moves to higher positions at first.
#[must_use]
pub fn by_name(name: &str, last: u64, up: bool) -> Option<Box<dyn Elevator>> {
    Some(match name {
        "fifo" => Box::new(Fifo::default()),
        "sstf" => Box::new(Nearest::default()),
        "scan" => Box::new(Sweep::new("scan", last, up)),
        "cscan" => Box::new(Sweep::new("cscan", last, up).wrapping()),
        "look" => Box::new(Sweep::new("look", last, up).turning_early()),
        "clook" => Box::new(Sweep::new("clook", last, up).wrapping().turning_early()),
        "deadline" => Box::new(Deadline::default()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
