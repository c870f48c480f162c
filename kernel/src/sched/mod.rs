//! Layer 5: who runs. A run queue per CPU, kept by a pluggable policy.
//!
//! Layers: [`params`] are what users ask for; [`entity`] is what a policy remembers; [`policy`] is the trait;
//! [`mod@line`] and [`sorted`] are the two kinds of queue that policies are made of; each policy has a file;
//! [`settings`] makes them by name; [`Scheduler`] has one per CPU, and above it the real-time and the deadline
//! class, and decides on which CPU somebody waits.
//!
//! A typical sequence: a disk interrupt makes a thread runnable, [`Scheduler::ready`] puts it on the
//! CPU where it ran last, or on an idle one (a new one goes where the fewest wait), and says whether it takes
//! the CPU from the one that runs; the CPU's next step calls [`Scheduler::next`], which takes the most urgent from
//! that CPU's queues, or from the longest other queue when its own are empty; when the thread waits, or its slice
//! is over, [`Scheduler::leave`] tells the policy what it has used.
//!
//! Taken from elsewhere: per-CPU run queues, classes in a fixed order, and pulling by CPUs with less to do from
//! Linux' `kernel/sched`; the idea that the policy is a small object behind an interface from its `sched_class`
//! and from FreeBSD's exchangeable schedulers. Linux balances by a tree of cache and memory domains; here all
//! CPUs are equally near.

pub mod affinity;
pub mod deadline;
pub mod eevdf;
pub mod entity;
pub mod fair;
pub mod line;
pub mod lottery;
pub mod mlfq;
pub mod params;
pub mod policy;
pub mod priority;
pub mod queue;
pub mod realtime;
pub mod settings;
pub mod shortest;
pub mod sorted;
pub mod stride;
#[cfg(test)]
mod tests;

pub use affinity::{CpuSet, CpuSets};
pub use entity::Entity;
pub use mlfq::Level;
pub use params::{AffinityId, Class, Params, Reservation};
pub use policy::{Enqueue, Note, Policy, QueueName, QueueView, Queued, Task};
pub use settings::{POLICIES, QUANTUM, Settings};

use crate::base::{Chooser, CpuId, Digester, Duration, ThreadId, Time};
use deadline::EarliestDeadline;
use realtime::RealTime;
use std::hash::{Hash, Hasher};

/// After how many picks a CPU that has work looks whether another one has more.
const BALANCE_EVERY: u64 = 16;

/// A CPU's part of the scheduler.
struct Cpu {
    deadline: EarliestDeadline,
    realtime: RealTime,
    policy: Box<dyn Policy>,
    running: Option<Task>,
    /// Until when the running task's use of the CPU has been told to its policy.
    since: Time,
    picks: u64,
}

impl Cpu {
    fn new(policy: &dyn Policy) -> Self {
        Self {
            deadline: EarliestDeadline::class(),
            realtime: RealTime::default(),
            policy: policy.clone_policy(),
            running: None,
            since: Time::ZERO,
            picks: 0,
        }
    }

    /// The queue for a class.
    fn queue(&mut self, class: Class) -> &mut dyn Policy {
        match class.rank() {
            0 => &mut self.deadline,
            1 => &mut self.realtime,
            _ => self.policy.as_mut(),
        }
    }

    fn queue_ref(&self, class: Class) -> &dyn Policy {
        match class.rank() {
            0 => &self.deadline,
            1 => &self.realtime,
            _ => self.policy.as_ref(),
        }
    }

    fn waiting(&self) -> usize {
        self.deadline.waiting() + self.realtime.waiting() + self.policy.waiting()
    }

    fn load(&self) -> usize {
        self.waiting() + usize::from(self.running.is_some())
    }

    fn is_idle(&self) -> bool {
        self.running.is_none() && self.waiting() == 0
    }

    /// Tells the policy what the running task has used until `now`.
    fn account(&mut self, now: Time) {
        let ran = now.since(self.since);
        if let Some(mut task) = self.running
            && ran > Duration::ZERO
        {
            self.queue(task.params.class).ran(&mut task, ran);
            self.running = Some(task);
        }
        self.since = self.since.max(now);
    }

    fn pick(&mut self, now: Time, chooser: &mut Chooser) -> Option<Task> {
        let urgent = self.deadline.pick(now, chooser);
        let urgent = urgent.or_else(|| self.realtime.pick(now, chooser));
        urgent.or_else(|| self.policy.pick(now, chooser))
    }

    /// Whether a task takes the CPU from the one that runs.
    fn is_taken_by(&self, task: &Task, now: Time) -> bool {
        let Some(running) = &self.running else { return false };
        match (task.params.class, running.params.class) {
            (one, other) if one.rank() != other.rank() => one.rank() < other.rank(),
            (Class::Batch | Class::Idle, _) => false,
            (_, Class::Idle) => true,
            (class, _) => self.queue_ref(class).preempts(task, running, now),
        }
    }

    /// Somebody for a CPU that has less to do, of the most urgent class there is.
    fn give_away(&mut self, may: &dyn Fn(&Task) -> bool) -> Option<Task> {
        let urgent = self.deadline.give_away(may);
        let urgent = urgent.or_else(|| self.realtime.give_away(may));
        urgent.or_else(|| self.policy.give_away(may))
    }
}

/// All run queues of a machine, and what is known of every thread.
pub struct Scheduler {
    cpus: Vec<Cpu>,
    /// By slot of the thread. The copies that stand in queues are the same as these.
    tasks: Vec<Task>,
    sets: CpuSets,
    /// How often the policy was changed.
    epoch: u32,
    /// Whether somebody has promised to call [`Scheduler::boost`].
    boost_planned: bool,
}

/// Where a task went, and whether the CPU there must turn to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The CPU.
    pub cpu: CpuId,
    /// Whether that CPU was idle.
    pub was_idle: bool,
    /// Whether it takes the CPU from the one that runs.
    pub preempts: bool,
}

impl Scheduler {
    /// Queues for `cpus` CPUs (at least one), all kept by copies of `policy`.
    #[must_use]
    pub fn new(cpus: u16, policy: &dyn Policy) -> Self {
        let cpus = (0..cpus.max(1)).map(|_| Cpu::new(policy)).collect();
        Self { cpus, tasks: Vec::new(), sets: CpuSets::default(), epoch: 0, boost_planned: false }
    }

    fn cpu(&self, cpu: CpuId) -> Option<&Cpu> {
        self.cpus.get(usize::from(cpu.0))
    }

    /// A new thread, made on `cpu`.
    pub fn add(&mut self, thread: ThreadId, params: Params, cpu: CpuId) {
        let at = thread.index();
        if at >= self.tasks.len() {
            self.tasks.resize(at + 1, Task::new(ThreadId::NONE, Params::default()));
        }
        self.tasks[at] = Task { cpu, epoch: self.epoch, ..Task::new(thread, params) };
    }

    /// A thread that has ended. It must be on no queue and no CPU.
    pub fn forget(&mut self, thread: ThreadId) {
        if let Some(task) = self.task_mut(thread) {
            *task = Task::new(ThreadId::NONE, Params::default());
        }
    }

    /// What is known of a thread. Of one that runs: as it was when it got the CPU.
    #[must_use]
    pub fn task(&self, thread: ThreadId) -> Option<&Task> {
        self.tasks.get(thread.index()).filter(|task| task.thread == thread)
    }

    fn task_mut(&mut self, thread: ThreadId) -> Option<&mut Task> {
        self.tasks.get_mut(thread.index()).filter(|task| task.thread == thread)
    }

    /// What was asked for a thread.
    #[must_use]
    pub fn params(&self, thread: ThreadId) -> Params {
        self.task(thread).map_or(Params::default(), |task| task.params)
    }

    /// Puts a runnable thread on a queue. It goes back to the CPU where it ran before (its cache is warm there),
    /// unless that one is busy and another is idle.
    pub fn ready(&mut self, thread: ThreadId, why: Enqueue, now: Time) -> Placement {
        let Some(mut task) = self.task(thread).copied() else {
            return Placement { cpu: CpuId(0), was_idle: false, preempts: false };
        };
        if task.epoch != self.epoch {
            (task.epoch, task.entity) = (self.epoch, Entity::Fresh);
        }
        let at = self.place(&task, why, now);
        // Virtual times of different CPUs cannot be compared.
        let home = usize::from(task.cpu.0);
        let why = if at != home && why != Enqueue::New { Enqueue::Moved } else { why };
        (task.cpu, task.queued) = (CpuId(at as u16), true);
        let cpu = &mut self.cpus[at];
        cpu.account(now);
        cpu.queue(task.params.class).enqueue(&mut task, why, now);
        let preempts = cpu.is_taken_by(&task, now);
        let was_idle = cpu.running.is_none();
        self.tasks[thread.index()] = task;
        Placement { cpu: task.cpu, was_idle, preempts }
    }

    /// The CPU on which a task will wait.
    fn place(&self, task: &Task, why: Enqueue, now: Time) -> usize {
        let home = usize::from(task.cpu.0).min(self.cpus.len() - 1);
        if self.cpus.len() == 1 {
            return 0;
        }
        let set = task.params.affinity;
        let may = |at: usize| set.0 == 0 || self.sets.allows(set, CpuId(at as u16));
        // A real-time task that had to give way looks for another CPU at once.
        let is_pushed = why == Enqueue::Preempted && task.params.class.rank() < 2;
        let stays = !matches!(why, Enqueue::New | Enqueue::Woken | Enqueue::Moved) && !is_pushed;
        if may(home) && (stays || self.cpus[home].is_idle()) {
            return home;
        }
        let allowed = || (0..self.cpus.len()).filter(|&at| may(at));
        if let Some(free) = allowed().find(|&at| self.cpus[at].is_idle()) {
            return free;
        }
        // Who is urgent looks for somebody who is not (Linux' push of real-time tasks).
        if task.params.class.rank() < 2
            && !self.cpus[home].is_taken_by(task, now)
            && let Some(weaker) = allowed().find(|&at| self.cpus[at].is_taken_by(task, now))
        {
            return weaker;
        }
        if why == Enqueue::New || !may(home) {
            return allowed().min_by_key(|&at| self.cpus[at].load()).unwrap_or(home);
        }
        home
    }

    /// Takes a waiting thread off its queue. `false` if it was on none.
    pub fn remove(&mut self, thread: ThreadId) -> bool {
        let Some(task) = self.task_mut(thread) else { return false };
        if !std::mem::take(&mut task.queued) {
            return false;
        }
        let task = *task;
        let cpu = self.cpus.get_mut(usize::from(task.cpu.0));
        cpu.is_some_and(|cpu| cpu.queue(task.params.class).remove(&task))
    }

    /// Decides who runs on `cpu` from now on: from its own queues, else from the longest other one.
    pub fn next(&mut self, cpu: CpuId, now: Time, chooser: &mut Chooser) -> Option<ThreadId> {
        let at = usize::from(cpu.0);
        if self.cpus.len() > 1 {
            self.pull(at, now);
        }
        let cpu = &mut self.cpus[at];
        cpu.picks += 1;
        cpu.running = cpu.pick(now, chooser).map(|task| Task { queued: false, ..task });
        cpu.since = now;
        let next = cpu.running?.thread;
        if let Some(task) = self.task_mut(next) {
            task.queued = false;
        }
        Some(next)
    }

    /// Gets a CPU work from the one that has most, if it has at least two less and hardly any itself; or, once in a while,
    /// however many it has.
    fn pull(&mut self, to: usize, now: Time) {
        let own = self.cpus[to].waiting();
        // One alone is whoever has just used up a slice.
        if own > 1 && !self.cpus[to].picks.is_multiple_of(BALANCE_EVERY) {
            return;
        }
        // Somebody who waits alone for an idle CPU is about to run there anyway.
        let worth = |at: &usize| {
            *at != to && self.cpus[*at].waiting() > 0 && self.cpus[*at].load() >= own + 2
        };
        let mut others: Vec<usize> = (0..self.cpus.len()).filter(worth).collect();
        others.sort_by_key(|&at| std::cmp::Reverse(self.cpus[at].load()));
        let here = CpuId(to as u16);
        for from in others {
            let sets = &self.sets;
            let may = |task: &Task| sets.allows(task.params.affinity, here);
            if let Some(mut task) = self.cpus[from].give_away(&may) {
                task.cpu = here;
                self.cpus[to].queue(task.params.class).enqueue(&mut task, Enqueue::Moved, now);
                self.tasks[task.thread.index()] = task;
                return;
            }
        }
    }

    /// The running task leaves the CPU. If it `goes_on`, the caller makes it [`ready`](Self::ready) again.
    pub fn leave(&mut self, cpu: CpuId, now: Time, goes_on: bool) {
        let cpu = &mut self.cpus[usize::from(cpu.0)];
        cpu.account(now);
        let Some(mut task) = cpu.running.take() else { return };
        let queue = cpu.queue(task.params.class);
        if !goes_on {
            queue.sleeps(&mut task);
        }
        queue.leaves(&task);
        if let Some(kept) = self.task_mut(task.thread) {
            *kept = task;
        }
    }

    /// Who runs on a CPU.
    #[must_use]
    pub fn running(&self, cpu: CpuId) -> Option<ThreadId> {
        self.cpu(cpu)?.running.map(|task| task.thread)
    }

    /// What is left of the slice of the task that runs on a CPU.
    #[must_use]
    pub fn slice(&self, cpu: CpuId) -> Option<Duration> {
        let cpu = self.cpu(cpu)?;
        let running = cpu.running.as_ref()?;
        cpu.queue_ref(running.params.class).slice(running)
    }

    /// How long a thread of an ordinary class would run if it had a CPU now.
    #[must_use]
    pub fn nominal_slice(&self, thread: ThreadId) -> Option<Duration> {
        let task = self.task(thread)?;
        self.cpu(task.cpu)?.policy.slice(task)
    }

    /// Something else is asked for a thread from now on. If it waits for a CPU or has one, that CPU must look
    /// again who is most urgent: then it is returned.
    pub fn change(&mut self, thread: ThreadId, params: Params, now: Time) -> Option<CpuId> {
        let waited = self.remove(thread);
        let task = self.task_mut(thread)?;
        let (on, old) = (task.cpu, std::mem::replace(&mut task.params, params).class);
        // Real-time tasks stand in a line for each priority: another one is like another class.
        let other_class =
            old.rank() != params.class.rank() || old != params.class && old.rank() == 1;
        if other_class {
            task.entity = Entity::Fresh;
        }
        if waited {
            return Some(self.ready(thread, Enqueue::Changed, now).cpu);
        }
        let cpu = self.cpus.get_mut(usize::from(on.0))?;
        let mut running = cpu.running.filter(|task| task.thread == thread)?;
        cpu.account(now);
        running = cpu.running.unwrap_or(running);
        running.params = params;
        if other_class {
            cpu.queue(old).leaves(&running);
            running.entity = Entity::Fresh;
            introduce(cpu.queue(params.class), &mut running, now);
        }
        cpu.running = Some(running);
        Some(on)
    }

    /// Time was taken from a CPU that its task is not to pay for.
    pub fn steal(&mut self, cpu: CpuId, stolen: Duration) {
        self.cpus[usize::from(cpu.0)].since += stolen;
    }

    /// How many wait for a CPU.
    #[must_use]
    pub fn waiting(&self, cpu: CpuId) -> usize {
        self.cpu(cpu).map_or(0, Cpu::waiting)
    }

    /// The queues of a CPU, for showing: those of the higher classes only if somebody is there.
    #[must_use]
    pub fn queues(&self, cpu: CpuId, now: Time) -> Vec<QueueView> {
        let Some(cpu) = self.cpu(cpu) else { return Vec::new() };
        let classes: [&dyn Policy; 2] = [&cpu.deadline, &cpu.realtime];
        let urgent = classes.into_iter().filter(|queue| queue.waiting() > 0);
        let urgent = urgent.flat_map(|queue| queue.queues(now));
        urgent.chain(cpu.policy.queues(now)).collect()
    }

    /// The policy's name.
    #[must_use]
    pub fn policy_name(&self) -> &'static str {
        self.cpus.first().map_or("", |cpu| cpu.policy.name())
    }

    /// The sets of CPUs that tasks may be bound to.
    pub fn sets(&mut self) -> &mut CpuSets {
        &mut self.sets
    }

    /// The set of CPUs on which a task may run.
    #[must_use]
    pub fn affinity(&self, params: &Params) -> CpuSet {
        self.sets.get(params.affinity).and(&CpuSet::first(self.cpus.len() as u16))
    }

    /// When [`boost`](Self::boost) must be called, if the policy wants it, somebody is runnable, and nobody has
    /// promised it yet. Who asks promises it.
    pub fn plan_boost(&mut self, now: Time) -> Option<Time> {
        if self.boost_planned {
            return None;
        }
        let due = self.cpus.first()?.policy.next_boost(now)?;
        self.boost_planned = self.cpus.iter().any(|cpu| !cpu.is_idle());
        self.boost_planned.then_some(due)
    }

    /// The time that the policy asked for has come: everybody moves. Returns the CPUs whose running task must
    /// give way.
    pub fn boost(&mut self, now: Time) -> Vec<CpuId> {
        self.boost_planned = false;
        let (mut give_way, mut moved) = (Vec::new(), Vec::new());
        for (at, cpu) in (0..).zip(&mut self.cpus) {
            cpu.account(now);
            let running = cpu.running.as_mut().filter(|task| task.params.class.rank() == 2);
            if cpu.policy.boost(now, running, &mut moved) {
                give_way.push(CpuId(at));
            }
        }
        for task in moved {
            self.tasks[task.thread.index()] = task;
        }
        give_way
    }

    /// Replaces the policy on every CPU. Who waits joins the new queue in the order of the old one; who runs
    /// goes on. Tasks that sleep begin anew when they wake.
    pub fn switch_policy(&mut self, policy: &dyn Policy, now: Time) {
        self.epoch += 1;
        let mut chooser = Chooser::default();
        for cpu in &mut self.cpus {
            cpu.account(now);
            let mut old = std::mem::replace(&mut cpu.policy, policy.clone_policy());
            if let Some(task) = &mut cpu.running {
                task.epoch = self.epoch;
                if task.params.class.rank() == 2 {
                    task.entity = Entity::Fresh;
                    introduce(cpu.policy.as_mut(), task, now);
                }
            }
            while let Some(mut task) = old.pick(now, &mut chooser) {
                (task.epoch, task.entity) = (self.epoch, Entity::Fresh);
                cpu.policy.enqueue(&mut task, Enqueue::Moved, now);
                self.tasks[task.thread.index()] = task;
            }
        }
    }
}

/// A task that runs already comes under another policy: as if it had joined and been picked at once.
fn introduce(policy: &mut dyn Policy, task: &mut Task, now: Time) {
    policy.enqueue(task, Enqueue::New, now);
    policy.remove(task);
}

impl Clone for Scheduler {
    fn clone(&self) -> Self {
        let copy = |cpu: &Cpu| Cpu {
            deadline: cpu.deadline.clone(),
            realtime: cpu.realtime.clone(),
            policy: cpu.policy.clone_policy(),
            ..*cpu
        };
        Self {
            cpus: self.cpus.iter().map(copy).collect(),
            tasks: self.tasks.clone(),
            sets: self.sets.clone(),
            epoch: self.epoch,
            boost_planned: self.boost_planned,
        }
    }
}

impl Hash for Scheduler {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut digester = Digester::default();
        for cpu in &self.cpus {
            (cpu.running, cpu.since, cpu.picks).hash(&mut digester);
            cpu.deadline.digest(&mut digester);
            cpu.realtime.digest(&mut digester);
            cpu.policy.digest(&mut digester);
        }
        (&self.tasks, &self.sets, self.epoch, self.boost_planned).hash(&mut digester);
        state.write_u64(digester.finish());
    }
}
