//! The real-time class: SCHED_FIFO and SCHED_RR (sched(7)).
//!
//! A line per priority, the highest first; within one, first in, first out. Who is preempted stays at the
//! head of its line; who has used up its slice under SCHED_RR goes to the back of it, who yields too.
//! Linux finds the first line that is not empty in a bitmap; a sorted map of lines does the same here.

use super::entity::Entity;
use super::line::Line;
use super::params::Class;
use super::policy::{Enqueue, Note, Policy, QueueName, QueueView, Queued, Task};
use crate::base::{Chooser, Digester, Duration, Time};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::hash::Hash;

/// How long a task of SCHED_RR runs before its equals (Linux' `sched_rr_timeslice_ms`).
pub const TURN: Duration = Duration::millis(100);

/// Lines by priority.
#[derive(Clone, Debug, Default, Hash)]
pub struct RealTime {
    lines: BTreeMap<Reverse<u8>, Line>,
    waiting: usize,
}

fn priority(task: &Task) -> u8 {
    if let Class::RealTime { priority, .. } = task.params.class { priority } else { 0 }
}

impl Policy for RealTime {
    fn name(&self) -> &'static str {
        "realtime"
    }

    fn enqueue(&mut self, task: &mut Task, why: Enqueue, _now: Time) {
        let line = self.lines.entry(Reverse(priority(task))).or_default();
        let entity = match (why, task.entity) {
            (Enqueue::Preempted | Enqueue::Changed, kept @ Entity::Turn { .. }) => kept,
            // Its turn is over only when its slice is: a wait does not renew it.
            (Enqueue::Woken, Entity::Turn { used, .. }) if used < TURN => {
                Entity::Turn { place: line.at_back(), used }
            }
            _ => Entity::Turn { place: line.at_back(), used: Duration::ZERO },
        };
        task.entity = entity;
        if let Entity::Turn { place, .. } = entity {
            line.insert(place, *task);
            self.waiting += 1;
        }
    }

    fn remove(&mut self, task: &Task) -> bool {
        let Entity::Turn { place, .. } = task.entity else {
            return false;
        };
        let line = self.lines.get_mut(&Reverse(priority(task)));
        let found = line.is_some_and(|line| line.remove(place, task.thread).is_some());
        self.waiting -= usize::from(found);
        found
    }

    fn pick(&mut self, _now: Time, chooser: &mut Chooser) -> Option<Task> {
        let line = self.lines.values_mut().find(|line| !line.is_empty())?;
        self.waiting -= 1;
        line.next(chooser)
    }

    fn slice(&self, task: &Task) -> Option<Duration> {
        match (task.params.class, task.entity) {
            (Class::RealTime { takes_turns: true, .. }, Entity::Turn { used, .. }) => {
                Some(TURN.saturating_sub(used))
            }
            _ => None,
        }
    }

    fn preempts(&self, woken: &Task, running: &Task, _now: Time) -> bool {
        priority(woken) > priority(running)
    }

    fn ran(&mut self, task: &mut Task, ran: Duration) {
        if let Entity::Turn { used, .. } = &mut task.entity {
            *used += ran;
        }
    }

    fn give_away(&mut self, may: &dyn Fn(&Task) -> bool) -> Option<Task> {
        // The most urgent of those who wait is the one that another CPU should help.
        let task = self.lines.values_mut().find_map(|line| line.last(may))?;
        self.waiting -= 1;
        Some(task)
    }

    fn waiting(&self) -> usize {
        self.waiting
    }

    fn queues(&self, _now: Time) -> Vec<QueueView> {
        let tasks = self.lines.iter().flat_map(|(priority, line)| {
            let priority = i32::from(priority.0);
            let note = Note::Priority(priority, priority);
            line.iter().map(move |task| Queued { thread: task.thread, note })
        });
        vec![QueueView { name: QueueName::RealTime, tasks: tasks.collect() }]
    }

    fn clone_policy(&self) -> Box<dyn Policy> {
        Box::new(self.clone())
    }

    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
}
