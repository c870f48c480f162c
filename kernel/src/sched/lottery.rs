//! Lottery scheduling: who runs next is drawn, and tickets are chances.
//!
//! Waldspurger, Weihl: "Lottery scheduling: flexible proportional-share resource management", OSDI 1994;
//! OSTEP, chapter 9. The holder of the winning ticket is found in a tree of partial sums (Fenwick, 1994) in
//! log n steps, as the paper suggests for long lists. Numbers come from the machine's seed.

use super::entity::Entity;
use super::policy::{Enqueue, Note, Policy, QueueName, QueueView, Queued, Task};
use crate::base::{Chooser, Digester, Duration, Rng, Time};
use std::hash::Hash;

/// Holders of tickets, each in a row of its own. Rows are reused.
#[derive(Clone, Debug, Hash)]
pub struct Lottery {
    quantum: Duration,
    rng: Rng,
    rows: Vec<Option<Task>>,
    free: Vec<u32>,
    /// `sums[n]` is the number of tickets in the rows from n with its lowest one bit cleared up to n, counted
    /// from 1.
    sums: Vec<u64>,
    total: u64,
    waiting: usize,
}

fn tickets(task: &Task) -> u64 {
    u64::from(task.params.tickets.max(1))
}

impl Lottery {
    /// A draw every `quantum`, from numbers that follow from `seed`.
    #[must_use]
    pub fn new(quantum: Duration, seed: u64) -> Self {
        let rng = Rng::new(seed).split(0x6c6f_7474);
        let (rows, free) = (Vec::new(), Vec::new());
        Self { quantum, rng, rows, free, sums: vec![0], total: 0, waiting: 0 }
    }

    /// Adds tickets to a row, or takes them away.
    fn change(&mut self, row: u32, more: u64, less: u64) {
        let mut at = row as usize + 1;
        while at < self.sums.len() {
            self.sums[at] = self.sums[at] + more - less;
            at += at & at.wrapping_neg();
        }
        self.total = self.total + more - less;
    }

    /// The tickets in all rows before this one, counted from 1.
    fn before(&self, mut row: usize) -> u64 {
        let mut sum = 0;
        while row > 0 {
            sum += self.sums[row];
            row &= row - 1;
        }
        sum
    }

    /// The row that holds a ticket, of those numbered from 0.
    fn holder(&self, mut ticket: u64) -> usize {
        let mut at = 0;
        let mut step = self.sums.len().next_power_of_two() / 2;
        while step > 0 {
            let next = at + step;
            if next < self.sums.len() && self.sums[next] <= ticket {
                ticket -= self.sums[next];
                at = next;
            }
            step /= 2;
        }
        at
    }

    /// Whoever is in a row leaves.
    fn leave(&mut self, row: usize) -> Option<Task> {
        let task = self.rows.get_mut(row)?.take()?;
        self.change(row as u32, 0, tickets(&task));
        self.free.push(row as u32);
        self.waiting -= 1;
        Some(task)
    }

    fn new_row(&mut self) -> u32 {
        if let Some(row) = self.free.pop() {
            return row;
        }
        let row = self.rows.len() as u32;
        self.rows.push(None);
        // The new partial sum covers rows that are there already.
        let at = self.rows.len();
        let from = at & (at - 1);
        let sum = self.before(at - 1) - self.before(from);
        self.sums.push(sum);
        row
    }
}

impl Policy for Lottery {
    fn name(&self) -> &'static str {
        "lottery"
    }

    fn enqueue(&mut self, task: &mut Task, why: Enqueue, _now: Time) {
        let used = match (why, task.entity) {
            (Enqueue::Preempted | Enqueue::Changed, Entity::Lottery { used, .. }) => used,
            _ => Duration::ZERO,
        };
        let slot = self.new_row();
        task.entity = Entity::Lottery { slot, used };
        self.rows[slot as usize] = Some(*task);
        self.change(slot, tickets(task), 0);
        self.waiting += 1;
    }

    fn remove(&mut self, task: &Task) -> bool {
        let Entity::Lottery { slot, .. } = task.entity else {
            return false;
        };
        let held = self.rows.get(slot as usize).copied().flatten();
        held.is_some_and(|held| held.thread == task.thread) && self.leave(slot as usize).is_some()
    }

    fn pick(&mut self, _now: Time, _chooser: &mut Chooser) -> Option<Task> {
        if self.waiting == 0 {
            return None;
        }
        let winner = self.rng.below(self.total);
        self.leave(self.holder(winner))
    }

    fn slice(&self, task: &Task) -> Option<Duration> {
        match task.entity {
            Entity::Lottery { used, .. } => Some(self.quantum.saturating_sub(used)),
            _ => Some(self.quantum),
        }
    }

    fn preempts(&self, _woken: &Task, _running: &Task, _now: Time) -> bool {
        false
    }

    fn ran(&mut self, task: &mut Task, ran: Duration) {
        if let Entity::Lottery { used, .. } = &mut task.entity {
            *used += ran;
        }
    }

    fn give_away(&mut self, may: &dyn Fn(&Task) -> bool) -> Option<Task> {
        let row = self.rows.iter().rposition(|row| row.as_ref().is_some_and(may))?;
        self.leave(row)
    }

    fn waiting(&self) -> usize {
        self.waiting
    }

    fn queues(&self, _now: Time) -> Vec<QueueView> {
        let tasks = self.rows.iter().flatten().map(|task| Queued {
            thread: task.thread,
            note: Note::Tickets(tickets(task), self.total),
        });
        vec![QueueView { name: QueueName::Lottery, tasks: tasks.collect() }]
    }

    fn clone_policy(&self) -> Box<dyn Policy> {
        Box::new(self.clone())
    }

    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
}
