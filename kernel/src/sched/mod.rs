//! Layer 5: who runs. A run queue per CPU, kept by a pluggable policy.
//!
//! Layers: [`policy`] is the trait; [`queue`] holds FIFO and round robin; [`Scheduler`] has a policy per
//! CPU and decides on which CPU somebody waits.
//!
//! A typical sequence: a disk interrupt makes a thread runnable, [`Scheduler::ready`] puts it on the
//! CPU where it ran last, or on an idle one (a new one goes where the fewest wait); the CPU's next step calls [`Scheduler::next`], which takes it from
//! that CPU's policy, or from the longest other queue when its own is empty.
//!
//! Taken from elsewhere: per-CPU run queues and pulling by idle CPUs from Linux' `kernel/sched`; the idea
//! that the policy is a small object behind an interface from its `sched_class` and from xv6's absence
//! of one. Load balancing between busy CPUs is left out so far.

pub mod policy;
pub mod queue;

pub use policy::{Enqueue, Policy, QueueView, Task};
pub use queue::Queue;

use crate::base::{Chooser, CpuId, Digester, Duration, ThreadId, Time};
use std::hash::{Hash, Hasher};

/// The policies by name, for configuration: `fifo`, `rr`. The slice is used where there is one.
#[must_use]
pub fn policy_by_name(name: &str, slice: Duration) -> Option<Box<dyn Policy>> {
    Some(match name {
        "fifo" => Box::new(Queue::fifo()),
        "rr" => Box::new(Queue::round_robin(slice)),
        _ => return None,
    })
}

/// The names that [`policy_by_name`] knows.
pub const POLICIES: [&str; 2] = ["fifo", "rr"];

/// A CPU's part of the scheduler.
struct Cpu {
    policy: Box<dyn Policy>,
    running: Option<Task>,
}

/// All run queues of a machine.
pub struct Scheduler {
    cpus: Vec<Cpu>,
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
        let cpus = (0..cpus.max(1)).map(|_| Cpu { policy: policy.clone_policy(), running: None });
        Self { cpus: cpus.collect() }
    }

    /// Puts a runnable task on a queue. A task goes back to `last`, the CPU where it ran before (its cache
    /// is warm there), unless that one is busy and another is idle.
    pub fn ready(&mut self, task: Task, why: Enqueue, last: CpuId, now: Time) -> Placement {
        let home = usize::from(last.0).min(self.cpus.len() - 1);
        let idle = |cpu: &Cpu| cpu.running.is_none() && cpu.policy.waiting() == 0;
        let at = if idle(&self.cpus[home]) || matches!(why, Enqueue::SliceOver | Enqueue::Preempted)
        {
            home
        } else if let Some(free) = self.cpus.iter().position(idle) {
            free
        } else if why == Enqueue::New {
            let load = |cpu: &Cpu| cpu.policy.waiting() + usize::from(cpu.running.is_some());
            (0..self.cpus.len()).min_by_key(|&n| load(&self.cpus[n])).unwrap_or(home)
        } else {
            home
        };
        let cpu = &mut self.cpus[at];
        cpu.policy.enqueue(task, why, now);
        let preempts = cpu.running.is_some_and(|running| cpu.policy.preempts(&task, &running));
        Placement { cpu: CpuId(at as u16), was_idle: cpu.running.is_none(), preempts }
    }

    /// Takes a task off whatever queue it is on.
    pub fn remove(&mut self, thread: ThreadId) {
        for cpu in &mut self.cpus {
            if cpu.policy.remove(thread) {
                return;
            }
        }
    }

    /// Decides who runs on `cpu` from now on: from its own queue, else from the longest other one.
    pub fn next(&mut self, cpu: CpuId, now: Time, chooser: &mut Chooser) -> Option<Task> {
        let at = usize::from(cpu.0);
        let mut task = self.cpus[at].policy.pick(now, chooser);
        if task.is_none() && self.cpus.len() > 1 {
            let longest = (0..self.cpus.len()).max_by_key(|&n| self.cpus[n].policy.waiting())?;
            // Somebody who waits alone for an idle CPU is about to run there anyway.
            if self.cpus[longest].running.is_some() {
                task = self.cpus[longest].policy.give_away();
            }
        }
        self.cpus[at].running = task;
        task
    }

    /// The running task leaves the CPU; the caller enqueues it again if it is still runnable.
    pub fn leave(&mut self, cpu: CpuId) -> Option<Task> {
        self.cpus[usize::from(cpu.0)].running.take()
    }

    /// Who runs on a CPU.
    #[must_use]
    pub fn running(&self, cpu: CpuId) -> Option<Task> {
        self.cpus.get(usize::from(cpu.0)).and_then(|cpu| cpu.running)
    }

    /// The slice of the task that runs on a CPU.
    #[must_use]
    pub fn slice(&self, cpu: CpuId) -> Option<Duration> {
        let cpu = self.cpus.get(usize::from(cpu.0))?;
        cpu.policy.slice(cpu.running.as_ref()?)
    }

    /// Tells the policy how long the running task ran.
    pub fn ran(&mut self, cpu: CpuId, ran: Duration) {
        let Cpu { policy, running } = &mut self.cpus[usize::from(cpu.0)];
        if let Some(task) = running {
            policy.ran(task, ran);
        }
    }

    /// How many wait for a CPU.
    #[must_use]
    pub fn waiting(&self, cpu: CpuId) -> usize {
        self.cpus.get(usize::from(cpu.0)).map_or(0, |cpu| cpu.policy.waiting())
    }

    /// The queues of a CPU, for showing.
    #[must_use]
    pub fn queues(&self, cpu: CpuId) -> Vec<QueueView> {
        self.cpus.get(usize::from(cpu.0)).map_or_else(Vec::new, |cpu| cpu.policy.queues())
    }

    /// The policy's name.
    #[must_use]
    pub fn policy_name(&self) -> &'static str {
        self.cpus.first().map_or("", |cpu| cpu.policy.name())
    }

    /// Replaces the policy on every CPU. Who waits joins the new queue in the order of the old one.
    pub fn switch_policy(&mut self, policy: &dyn Policy, now: Time) {
        let mut chooser = Chooser::default();
        for cpu in &mut self.cpus {
            let mut old = std::mem::replace(&mut cpu.policy, policy.clone_policy());
            while let Some(task) = old.pick(now, &mut chooser) {
                cpu.policy.enqueue(task, Enqueue::Moved, now);
            }
        }
    }
}

impl Clone for Scheduler {
    fn clone(&self) -> Self {
        let copy = |cpu: &Cpu| Cpu { policy: cpu.policy.clone_policy(), running: cpu.running };
        Self { cpus: self.cpus.iter().map(copy).collect() }
    }
}

impl Hash for Scheduler {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut digester = Digester::default();
        for cpu in &self.cpus {
            cpu.running.hash(&mut digester);
            cpu.policy.digest(&mut digester);
        }
        state.write_u64(digester.finish());
    }
}
