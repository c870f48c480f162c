//! The arm moves across the disk as a lift moves in its shaft: SCAN, C-SCAN, LOOK, C-LOOK.

use super::{Choice, Elevator, Pending, Turn};
use crate::base::{Digester, Time};
use std::collections::BTreeMap;
use std::hash::Hash;

/// Serves whoever lies ahead, in the order of positions. When nobody does, but somebody lies behind:
///
/// | | turns round and serves on the way back | goes back without serving, and begins anew |
/// |---|---|---|
/// | after it went on to the edge | SCAN | C-SCAN |
/// | at once | LOOK | C-LOOK |
#[derive(Clone, Debug, Hash)]
pub struct Sweep {
    name: &'static str,
    last: u64,
    up: bool,
    wraps: bool,
    turns_early: bool,
    by_position: BTreeMap<(u64, u64), Pending>,
}

impl Sweep {
    /// SCAN, on positions `0..=last`.
    #[must_use]
    pub fn new(name: &'static str, last: u64, up: bool) -> Self {
        Self { name, last, up, wraps: false, turns_early: false, by_position: BTreeMap::new() }
    }

    /// Serves in one direction only.
    #[must_use]
    pub fn wrapping(self) -> Self {
        Self { wraps: true, ..self }
    }

    /// Does not go to the edge if nobody is there.
    #[must_use]
    pub fn turning_early(self) -> Self {
        Self { turns_early: true, ..self }
    }

    /// The next one in the direction of the arm, from a position on; among equals who came first.
    fn ahead(&self, from: u64) -> Option<(u64, u64)> {
        if self.up {
            return self.by_position.range((from, 0)..).next().map(|(key, _)| *key);
        }
        let (position, _) = *self.by_position.range(..=(from, u64::MAX)).next_back()?.0;
        self.by_position.range((position, 0)..).next().map(|(key, _)| *key)
    }

    const fn edge(&self, up: bool) -> u64 {
        if up { self.last } else { 0 }
    }
}

impl Elevator for Sweep {
    fn name(&self) -> &'static str {
        self.name
    }

    fn add(&mut self, request: Pending) {
        self.by_position.insert((request.position, request.ticket), request);
    }

    fn next(&mut self, head: u64, _: Time) -> Option<Choice> {
        let (key, turn) = match self.ahead(head) {
            Some(key) => (key, Turn::None),
            None if self.wraps => {
                let (edge, start) = (self.edge(self.up), self.edge(!self.up));
                let turn = if self.turns_early { Turn::None } else { Turn::Wrap(edge, start) };
                (self.ahead(start)?, turn)
            }
            None => {
                if self.by_position.is_empty() {
                    return None;
                }
                let edge = self.edge(self.up);
                let turn = if self.turns_early { Turn::None } else { Turn::At(edge) };
                self.up = !self.up;
                (self.ahead(head)?, turn)
            }
        };
        let request = self.by_position.remove(&key)?;
        Some(Choice { request, turn })
    }

    fn clone_elevator(&self) -> Box<dyn Elevator> {
        Box::new(self.clone())
    }

    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
}
