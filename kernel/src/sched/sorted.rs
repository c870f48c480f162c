//! A queue sorted by a key, the oldest first among equals.

use super::policy::Task;
use crate::base::{Choice, Chooser};
use std::collections::BTreeMap;

/// Tasks by key. Every operation but [`last`](Self::last) with a picky condition costs log n.
#[derive(Clone, Debug, Hash)]
pub struct Sorted<K> {
    tasks: BTreeMap<(K, u64), Task>,
    orders: u64,
}

impl<K> Default for Sorted<K> {
    fn default() -> Self {
        Self { tasks: BTreeMap::new(), orders: 0 }
    }
}

/// How many equals an explorer is asked about at most.
const EQUALS: usize = 16;

impl<K: Ord + Copy> Sorted<K> {
    /// A number that stands for "came after everybody so far".
    pub fn order(&mut self) -> u64 {
        self.orders += 1;
        self.orders
    }

    /// Somebody joins.
    pub fn insert(&mut self, key: K, order: u64, task: Task) {
        self.tasks.insert((key, order), task);
    }

    /// Somebody leaves.
    pub fn remove(&mut self, key: K, order: u64) -> Option<Task> {
        self.tasks.remove(&(key, order))
    }

    /// The one with the smallest key leaves; among equals the oldest, or whom an explorer chooses.
    pub fn next(&mut self, chooser: &mut Chooser) -> Option<Task> {
        let smallest = self.tasks.first_key_value()?.0.0;
        if !chooser.is_asked() {
            return self.first();
        }
        let equals = self.tasks.range((smallest, 0)..=(smallest, u64::MAX)).take(EQUALS).count();
        let at = chooser.choose(Choice::Thread, equals);
        let key = *self.tasks.keys().nth(at)?;
        self.tasks.remove(&key)
    }

    /// The one with the smallest key leaves, and nobody is asked.
    pub fn first(&mut self) -> Option<Task> {
        self.tasks.pop_first().map(|(_, task)| task)
    }

    /// The one with the largest key of those for whom `may` holds leaves.
    pub fn last(&mut self, may: &dyn Fn(&Task) -> bool) -> Option<Task> {
        let (key, _) = self.tasks.iter().rev().find(|(_, task)| may(task))?;
        let key = *key;
        self.tasks.remove(&key)
    }

    /// The smallest key.
    #[must_use]
    pub fn smallest(&self) -> Option<K> {
        self.tasks.first_key_value().map(|((key, _), _)| *key)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether nobody is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Everybody with their keys, the smallest first.
    pub fn iter(&self) -> impl Iterator<Item = (K, &Task)> {
        self.tasks.iter().map(|((key, _), task)| (*key, task))
    }
}
