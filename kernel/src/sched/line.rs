//! A line of people who stand in it, keep their place when they are called away for a moment, and can be
//! called out of it.

use super::policy::Task;
use crate::base::{Choice, Chooser, ThreadId};
use std::collections::VecDeque;

/// Tasks in the order of their places, which are numbers that this hands out. Every operation but
/// [`remove`](Self::remove) costs the same however long the line is.
#[derive(Clone, Debug, Default, Hash)]
pub struct Line {
    tasks: VecDeque<(i64, Task)>,
    /// One more than the last place handed out at the back.
    back: i64,
    /// The first place handed out at the front.
    front: i64,
}

impl Line {
    /// A place behind everybody.
    pub fn at_back(&mut self) -> i64 {
        self.back += 1;
        self.back - 1
    }

    /// A place before everybody, also before one who was called away.
    pub fn at_front(&mut self) -> i64 {
        self.front -= 1;
        self.front
    }

    /// Somebody stands at a place that was handed out.
    pub fn insert(&mut self, place: i64, task: Task) {
        match self.tasks.back() {
            Some((last, _)) if *last > place => {
                let at = self.tasks.partition_point(|(other, _)| *other < place);
                self.tasks.insert(at, (place, task));
            }
            _ => self.tasks.push_back((place, task)),
        }
    }

    /// The first one leaves; an explorer may choose any other.
    pub fn next(&mut self, chooser: &mut Chooser) -> Option<Task> {
        let at = chooser.choose(Choice::Thread, self.tasks.len());
        let next = if at == 0 { self.tasks.pop_front() } else { self.tasks.remove(at) };
        next.map(|(_, task)| task)
    }

    /// The last one for whom `may` holds leaves.
    pub fn last(&mut self, may: &dyn Fn(&Task) -> bool) -> Option<Task> {
        let at = self.tasks.iter().rposition(|(_, task)| may(task))?;
        self.tasks.remove(at).map(|(_, task)| task)
    }

    /// A thread that stands at a place leaves.
    pub fn remove(&mut self, place: i64, thread: ThreadId) -> Option<Task> {
        let at = self.tasks.binary_search_by_key(&place, |(place, _)| *place).ok()?;
        let is_there = self.tasks.get(at).is_some_and(|(_, task)| task.thread == thread);
        if is_there { self.tasks.remove(at).map(|(_, task)| task) } else { None }
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

    /// Everybody, the first one first.
    pub fn iter(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().map(|(_, task)| task)
    }

    /// Everybody leaves, the first one first.
    pub fn drain(&mut self) -> impl Iterator<Item = Task> + '_ {
        self.tasks.drain(..).map(|(_, task)| task)
    }
}
