//! Earliest eligible virtual deadline first: Linux' fair scheduler since 6.6.
//!
//! Stoica, Abdel-Wahab: "Earliest eligible virtual deadline first", 1995; Linux' `kernel/sched/fair.c`, whose
//! placement rules (lag kept over a sleep, half a slice for newcomers) and figures these are. Virtual time V is
//! the average of all virtual run times, weighted. A task is *eligible* if it has not had more than its
//! share, that is, if its virtual run time is not beyond V. Each has asked for a slice, which it should have
//! had by its *virtual deadline*; of those eligible, the earliest deadline runs.
//!
//! Linux keeps one tree, augmented with the earliest deadline of every subtree. Here there are two queues, one
//! by deadline for those eligible and one by virtual run time for the others; as V grows, tasks move from the
//! second to the first. Each move costs log n and is paid for by the run that made V grow.

use super::entity::Entity;
use super::fair::{NICE_0, scaled};
use super::policy::{Enqueue, Note, Policy, QueueName, QueueView, Queued, Task};
use super::sorted::Sorted;
use crate::base::{Chooser, Digester, Duration, Time};
use std::hash::Hash;

/// Two queues and an average.
#[derive(Clone, Debug, Hash)]
pub struct Eevdf {
    slice: Duration,
    eligible: Sorted<u64>,
    ahead: Sorted<u64>,
    /// Of all who wait: Σ weight × virtual run time, and Σ weight.
    moment: u128,
    weight: u64,
    /// The same of the one who runs: its virtual run time and weight.
    running: Option<(u64, u64)>,
    /// Virtual time when somebody was last there.
    last: u64,
    orders: u64,
}

/// What the policy knows of a task.
#[derive(Clone, Copy)]
struct Virtual {
    vruntime: u64,
    deadline: u64,
    lag: i64,
    order: u64,
}

fn of(task: &Task) -> Option<Virtual> {
    match task.entity {
        Entity::Eligible { vruntime, deadline, lag, order } => {
            Some(Virtual { vruntime, deadline, lag, order })
        }
        _ => None,
    }
}

impl Eevdf {
    /// Everybody asks for slices of this length (Linux' `base_slice`).
    #[must_use]
    pub fn new(slice: Duration) -> Self {
        Self {
            slice: slice.max(Duration(1)),
            eligible: Sorted::default(),
            ahead: Sorted::default(),
            moment: 0,
            weight: 0,
            running: None,
            last: 0,
            orders: 0,
        }
    }

    /// V.
    fn virtual_time(&self) -> u64 {
        let (vruntime, weight) = self.running.unwrap_or((0, 0));
        let all = u128::from(self.weight) + u128::from(weight);
        let moment = self.moment + u128::from(vruntime) * u128::from(weight);
        moment.checked_div(all).map_or(self.last, |average| average as u64)
    }

    fn insert(&mut self, task: &Task, at: Virtual) {
        let weight = task.params.weight();
        self.moment += u128::from(at.vruntime) * u128::from(weight);
        self.weight += weight;
        if at.vruntime <= self.virtual_time() {
            self.eligible.insert(at.deadline, at.order, *task);
        } else {
            self.ahead.insert(at.vruntime, at.order, *task);
        }
    }

    /// A task has left its queue.
    fn left(&mut self, task: &Task) {
        self.last = self.virtual_time();
        let weight = task.params.weight();
        let vruntime = of(task).map_or(0, |at| at.vruntime);
        self.moment = self.moment.saturating_sub(u128::from(vruntime) * u128::from(weight));
        self.weight = self.weight.saturating_sub(weight);
    }

    /// How far behind its share a task is; not more than two slices, as in Linux.
    fn lag(&self, task: &Task) -> i64 {
        let most = scaled(Duration(self.slice.0.saturating_mul(2)), NICE_0, task.params.weight());
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let vruntime = of(task).map_or(0, |at| at.vruntime);
        let lag = i128::from(self.virtual_time()) - i128::from(vruntime);
        i64::try_from(lag).unwrap_or(most).clamp(-most, most)
    }

    /// Where somebody with this lag begins: so that it has the lag when it is counted in, too.
    fn place(&self, lag: i64, weight: u64) -> u64 {
        let others = self.weight + self.running.map_or(0, |(_, weight)| weight);
        let lag = if others == 0 {
            0
        } else {
            i128::from(lag) * i128::from(others + weight) / i128::from(others)
        };
        let vruntime = i128::from(self.virtual_time()) - lag;
        u64::try_from(vruntime.max(0)).unwrap_or(u64::MAX)
    }

    /// Whoever has become eligible changes queues.
    fn promote(&mut self) {
        let now = self.virtual_time();
        while self.ahead.smallest().is_some_and(|least| least <= now) {
            let Some(task) = self.ahead.first() else { return };
            if let Some(at) = of(&task) {
                self.eligible.insert(at.deadline, at.order, task);
            }
        }
    }
}

impl Policy for Eevdf {
    fn name(&self) -> &'static str {
        "eevdf"
    }

    fn enqueue(&mut self, task: &mut Task, why: Enqueue, _now: Time) {
        let weight = task.params.weight();
        let request = scaled(self.slice, NICE_0, weight);
        self.orders += 1;
        let order = self.orders;
        let at = match (why, of(task)) {
            (Enqueue::Preempted | Enqueue::Changed, Some(at)) if at.vruntime < at.deadline => at,
            (Enqueue::SliceOver | Enqueue::Preempted | Enqueue::Changed, Some(at)) => {
                Virtual { deadline: at.vruntime.saturating_add(request), order, ..at }
            }
            (Enqueue::Yielded, Some(at)) => {
                Virtual { deadline: at.deadline.saturating_add(request), order, ..at }
            }
            (Enqueue::Woken | Enqueue::Moved, Some(at)) => {
                let vruntime = self.place(at.lag, weight);
                Virtual { vruntime, deadline: vruntime.saturating_add(request), lag: 0, order }
            }
            _ => {
                let vruntime = self.place(0, weight);
                Virtual { vruntime, deadline: vruntime.saturating_add(request / 2), lag: 0, order }
            }
        };
        let Virtual { vruntime, deadline, lag, order } = at;
        task.entity = Entity::Eligible { vruntime, deadline, lag, order };
        self.insert(task, at);
    }

    fn remove(&mut self, task: &Task) -> bool {
        let Some(at) = of(task) else { return false };
        let found = self.eligible.remove(at.deadline, at.order);
        let Some(found) = found.or_else(|| self.ahead.remove(at.vruntime, at.order)) else {
            return false;
        };
        self.left(&found);
        true
    }

    fn pick(&mut self, _now: Time, chooser: &mut Chooser) -> Option<Task> {
        self.promote();
        let now = self.virtual_time();
        let task = loop {
            // By rounding nobody may be eligible: then the one who is least ahead.
            let Some(task) = self.eligible.next(chooser) else {
                break self.ahead.first()?;
            };
            match of(&task) {
                // It was eligible once; since then somebody who was behind has left.
                Some(at) if at.vruntime > now => self.ahead.insert(at.vruntime, at.order, task),
                _ => break task,
            }
        };
        self.left(&task);
        self.running = of(&task).map(|at| (at.vruntime, task.params.weight()));
        Some(task)
    }

    fn slice(&self, task: &Task) -> Option<Duration> {
        let at = of(task)?;
        if at.deadline <= at.vruntime {
            return Some(self.slice);
        }
        let left = Duration(at.deadline - at.vruntime);
        Some(Duration(scaled(left, task.params.weight(), NICE_0).max(1)))
    }

    fn preempts(&self, woken: &Task, running: &Task, _now: Time) -> bool {
        let (Some(woken), Some(running)) = (of(woken), of(running)) else {
            return false;
        };
        woken.vruntime <= self.virtual_time() && woken.deadline < running.deadline
    }

    fn ran(&mut self, task: &mut Task, ran: Duration) {
        let weight = task.params.weight();
        if let Entity::Eligible { vruntime, .. } = &mut task.entity {
            *vruntime = vruntime.saturating_add(scaled(ran, NICE_0, weight));
            self.running = Some((*vruntime, weight));
        }
    }

    fn sleeps(&mut self, task: &mut Task) {
        let now = self.lag(task);
        if let Entity::Eligible { lag, .. } = &mut task.entity {
            *lag = now;
        }
    }

    fn leaves(&mut self, _task: &Task) {
        self.last = self.virtual_time();
        self.running = None;
    }

    fn give_away(&mut self, may: &dyn Fn(&Task) -> bool) -> Option<Task> {
        let mut task = self.ahead.last(may).or_else(|| self.eligible.last(may))?;
        let now = self.lag(&task);
        if let Entity::Eligible { lag, .. } = &mut task.entity {
            *lag = now;
        }
        self.left(&task);
        Some(task)
    }

    fn waiting(&self) -> usize {
        self.eligible.len() + self.ahead.len()
    }

    fn queues(&self, _now: Time) -> Vec<QueueView> {
        let eligible = self.eligible.iter();
        let eligible = eligible
            .map(|(at, task)| Queued { thread: task.thread, note: Note::VirtualDeadline(at) });
        let ahead = self.ahead.iter();
        let ahead =
            ahead.map(|(at, task)| Queued { thread: task.thread, note: Note::VirtualTime(at) });
        vec![
            QueueView { name: QueueName::Eligible, tasks: eligible.collect() },
            QueueView { name: QueueName::Ahead, tasks: ahead.collect() },
        ]
    }

    fn clone_policy(&self) -> Box<dyn Policy> {
        Box::new(self.clone())
    }

    fn digest(&self, digester: &mut Digester) {
        self.hash(digester);
    }
}
