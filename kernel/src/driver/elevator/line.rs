//! First come, first served; and whoever is nearest.

use super::{Choice, Elevator, Pending, Turn};
use crate::base::{Digester, Time};
use std::collections::{BTreeMap, VecDeque};
use std::hash::Hash;

/// First come, first served (FIFO; FCFS in books, `none` on Linux): fair, and the arm moves as chance has it.
#[derive(Clone, Debug, Default, Hash)]
pub struct Fifo {
    queue: VecDeque<Pending>,
}

impl Elevator for Fifo {
    fn name(&self) -> &'static str {
        "fifo"
    }

    fn add(&mut self, request: Pending) {
        self.queue.push_back(request);
    }

    fn next(&mut self, _: u64, _: Time) -> Option<Choice> {
        self.queue.pop_front().map(|request| Choice { request, turn: Turn::None })
    }

    fn clone_elevator(&self) -> Box<dyn Elevator> {
        Box::new(self.clone())
    }

    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
}

/// Shortest seek time first (SSTF): whoever is nearest to the head, and among equals who came first. Whoever is far away may
/// wait for ever.
#[derive(Clone, Debug, Default, Hash)]
pub struct Nearest {
    by_position: BTreeMap<(u64, u64), Pending>,
}

impl Elevator for Nearest {
    fn name(&self) -> &'static str {
        "sstf"
    }

    fn add(&mut self, request: Pending) {
        self.by_position.insert((request.position, request.ticket), request);
    }

    fn next(&mut self, head: u64, _: Time) -> Option<Choice> {
        let above = self.by_position.range((head, 0)..).next().map(|(key, _)| *key);
        // Of those at the nearest position below, who came first.
        let below =
            self.by_position.range(..(head, 0)).next_back().and_then(|((position, _), _)| {
                self.by_position.range((*position, 0)..).next().map(|(key, _)| *key)
            });
        let distance = |(position, ticket): &(u64, u64)| (position.abs_diff(head), *ticket);
        let nearest = above.into_iter().chain(below).min_by_key(distance)?;
        let request = self.by_position.remove(&nearest)?;
        Some(Choice { request, turn: Turn::None })
    }

    fn clone_elevator(&self) -> Box<dyn Elevator> {
        Box::new(self.clone())
    }

    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
}
