//! The multi-level feedback queue: learns from what a task has done how urgent it is.
//!
//! Corbató et al., "An experimental time-sharing system", 1962; OSTEP, chapter 8, whose rules these are:
//!
//! 1. Who is on a higher level runs first. 2. Equals take turns, with the quantum of their level.
//! 3. A new task begins at the top. 4. Who has used up its allotment on a level, however often it gave the
//!    CPU away meanwhile, moves down. 5. Every so often (*boost*) all move to the top.
//!
//! The allotment counts quanta. Two variants that the book's simulator offers are here too: *stay*, where
//! waiting renews quantum and allotment (rule 4 as it was before it was "better accounting", which lets a task
//! cheat), and *I/O bump*, where a task that comes back from a wait goes to the head of its line, and takes
//! the CPU from an equal.

use super::entity::Entity;
use super::line::Line;
use super::policy::{Enqueue, Note, Policy, QueueName, QueueView, Queued, Task};
use crate::base::{Chooser, Digester, Duration, Time};
use std::hash::Hash;

/// A level's rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Level {
    /// How long a task runs before its equals.
    pub quantum: Duration,
    /// After how many quanta it moves down; at least 1.
    pub allotment: u32,
}

/// The rules.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    /// The levels, the most urgent first; at least one.
    pub levels: Vec<Level>,
    /// How often all move to the top; zero: never.
    pub boost: Duration,
    /// Whether waiting renews quantum and allotment.
    pub stay: bool,
    /// Whether who has waited goes to the head of its line.
    pub io_bump: bool,
}

/// The queue.
#[derive(Clone, Debug, Hash)]
pub struct Mlfq {
    rules: Rules,
    lines: Vec<Line>,
    waiting: usize,
    /// When everybody was moved to the top last.
    boosted: Time,
}

/// A task's standing.
#[derive(Clone, Copy)]
struct Standing {
    level: u16,
    quanta: u32,
    used: Duration,
}

impl Standing {
    const TOP: Self = Self { level: 0, quanta: 0, used: Duration::ZERO };
}

impl Mlfq {
    /// A queue with these rules. Without a level there is one, with a quantum of 10 ms.
    #[must_use]
    pub fn new(mut rules: Rules) -> Self {
        if rules.levels.is_empty() {
            rules.levels.push(Level { quantum: Duration::millis(10), allotment: 1 });
        }
        let lines = vec![Line::default(); rules.levels.len()];
        Self { rules, lines, waiting: 0, boosted: Time::ZERO }
    }

    fn level(&self, level: u16) -> Level {
        let at = usize::from(level).min(self.rules.levels.len() - 1);
        self.rules.levels[at]
    }

    /// How many boosts there have been until `now`, for a task that was (`ran`), or was not, on a CPU until then.
    /// Nobody is called for a boost while nobody is runnable, so they are counted by the clock. If one is due at
    /// this very moment, the dialect decides whether it comes before what a CPU does.
    fn boosts(&self, now: Time, ran: bool) -> u64 {
        let until = if ran && self.boosted < now { now.0.saturating_sub(1) } else { now.0 };
        until.checked_div(self.rules.boost.0).unwrap_or(0)
    }

    /// A task's standing: that of a newcomer if it is one, or slept through a boost.
    fn standing(&self, task: &Task, boosts: u64) -> Standing {
        match task.entity {
            Entity::Feedback { level, quanta, used, boosts: then, .. } if then == boosts => {
                let lowest = (self.lines.len() - 1) as u16;
                Standing { level: level.min(lowest), quanta, used }
            }
            _ => Standing::TOP,
        }
    }

    /// If the quantum is used up: a new one, and one level down if the allotment is used up too.
    fn renew(&self, standing: Standing) -> Standing {
        let Standing { level, quanta, used } = standing;
        let rules = self.level(level);
        if used < rules.quantum {
            return standing;
        }
        let quanta = quanta + 1;
        if quanta < rules.allotment {
            return Standing { level, quanta, used: Duration::ZERO };
        }
        let lowest = (self.lines.len() - 1) as u16;
        Standing { level: level.saturating_add(1).min(lowest), quanta: 0, used: Duration::ZERO }
    }
}

impl Policy for Mlfq {
    fn name(&self) -> &'static str {
        "mlfq"
    }

    fn enqueue(&mut self, task: &mut Task, why: Enqueue, now: Time) {
        let ran = matches!(why, Enqueue::SliceOver | Enqueue::Preempted | Enqueue::Yielded);
        let boosts = self.boosts(now, ran);
        let mut standing = self.standing(task, boosts);
        let old_place = match task.entity {
            Entity::Feedback { place, .. } => Some(place),
            _ => None,
        };
        // Who is preempted at the very end of a quantum has used it up all the same.
        let is_over = standing.used >= self.level(standing.level).quantum;
        let why = if is_over && why == Enqueue::Preempted { Enqueue::SliceOver } else { why };
        if !matches!(why, Enqueue::Preempted | Enqueue::Changed) {
            standing = self.renew(standing);
        }
        let Standing { level, quanta, used } = standing;
        let line = &mut self.lines[usize::from(level)];
        let place = match (why, old_place) {
            (Enqueue::Preempted | Enqueue::Changed, Some(place)) => place,
            (Enqueue::Woken, _) if self.rules.io_bump => line.at_front(),
            _ => line.at_back(),
        };
        task.entity = Entity::Feedback { level, quanta, used, boosts, place };
        line.insert(place, *task);
        self.waiting += 1;
    }

    fn remove(&mut self, task: &Task) -> bool {
        let Entity::Feedback { level, place, .. } = task.entity else {
            return false;
        };
        let line = self.lines.get_mut(usize::from(level));
        let found = line.is_some_and(|line| line.remove(place, task.thread).is_some());
        self.waiting -= usize::from(found);
        found
    }

    fn pick(&mut self, _now: Time, chooser: &mut Chooser) -> Option<Task> {
        let line = self.lines.iter_mut().find(|line| !line.is_empty())?;
        self.waiting -= 1;
        line.next(chooser)
    }

    fn slice(&self, task: &Task) -> Option<Duration> {
        let Entity::Feedback { level, used, .. } = task.entity else {
            return None;
        };
        Some(self.level(level).quantum.saturating_sub(used))
    }

    fn preempts(&self, woken: &Task, running: &Task, _now: Time) -> bool {
        match (woken.entity, running.entity) {
            (
                Entity::Feedback { level: woken, place: before, .. },
                Entity::Feedback { level: running, place, .. },
            ) => woken < running || woken == running && before < place,
            _ => false,
        }
    }

    //DOC: allotment
    fn ran(&mut self, task: &mut Task, ran: Duration) {
        if let Entity::Feedback { used, .. } = &mut task.entity {
            *used += ran;
        }
    }

    fn sleeps(&mut self, task: &mut Task) {
        if let (true, Entity::Feedback { level, quanta, used, .. }) =
            (self.rules.stay, &mut task.entity)
        {
            // A quantum that was used up at the very moment when the wait began counts all the same.
            let quantum = self.rules.levels.get(usize::from(*level)).map(|level| level.quantum);
            *quanta = 0;
            if quantum.is_some_and(|quantum| *used < quantum) {
                *used = Duration::ZERO;
            }
        }
    }

    fn give_away(&mut self, may: &dyn Fn(&Task) -> bool) -> Option<Task> {
        let task = self.lines.iter_mut().rev().find_map(|line| line.last(may))?;
        self.waiting -= 1;
        Some(task)
    }

    fn waiting(&self) -> usize {
        self.waiting
    }

    fn next_boost(&self, now: Time) -> Option<Time> {
        let period = self.rules.boost.0;
        (period > 0).then(|| Time((now.0 / period + 1).saturating_mul(period)))
    }

    //DOC: boost
    fn boost(&mut self, now: Time, mut running: Option<&mut Task>, moved: &mut Vec<Task>) -> bool {
        self.boosted = now;
        let boosts = self.boosts(now, false);
        let top =
            |place| Entity::Feedback { level: 0, quanta: 0, used: Duration::ZERO, boosts, place };
        let runs_at = running.as_ref().and_then(|task| match task.entity {
            Entity::Feedback { level, .. } => Some(usize::from(level)),
            _ => None,
        });
        let mut merged = Line::default();
        // Who is at the top stays before the others; of those the lowest level comes first. The running
        // task stands at the head of its level's line, as it were.
        for level in std::iter::once(0).chain((1..self.lines.len()).rev()) {
            if let (true, Some(task)) = (runs_at == Some(level), running.as_deref_mut()) {
                task.entity = top(merged.at_back());
            }
            for mut task in self.lines[level].drain() {
                let place = merged.at_back();
                task.entity = top(place);
                merged.insert(place, task);
                moved.push(task);
            }
        }
        self.lines[0] = merged;
        runs_at.is_some_and(|level| level > 0) && self.waiting > 0
    }

    fn queues(&self, _now: Time) -> Vec<QueueView> {
        let levels = (0u16..).zip(&self.lines);
        let view = levels.map(|(level, line)| {
            let quantum = self.level(level).quantum;
            let tasks = line.iter().map(|task| {
                let used = match task.entity {
                    Entity::Feedback { used, .. } => used,
                    _ => Duration::ZERO,
                };
                Queued { thread: task.thread, note: Note::Used(used, quantum) }
            });
            QueueView { name: QueueName::Level(level), tasks: tasks.collect() }
        });
        view.collect()
    }

    fn clone_policy(&self) -> Box<dyn Policy> {
        Box::new(self.clone())
    }

    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
}
