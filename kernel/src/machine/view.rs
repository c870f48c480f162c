//! What a machine shows of itself: a picture of now, made of plain values.

use super::Machine;
use crate::base::{CpuId, Duration, MachineId, Serial, Time};
use crate::proc::Times;
use crate::pseudo::{self, TaskLine};
use crate::sched::QueueView;

/// A CPU, for showing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CpuView {
    /// Which.
    pub cpu: CpuId,
    /// How far it has got.
    pub clock: Time,
    /// Who has it.
    pub current: Option<Serial>,
    /// When the slice is over.
    pub slice_end: Option<Time>,
    /// Its queues as the policy keeps them.
    pub queues: Vec<QueueView>,
    /// Time with somebody on it.
    pub busy: Duration,
    /// How often it was given to somebody.
    pub switches: u64,
}

/// A machine at a moment, for showing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Which machine.
    pub machine: MachineId,
    /// Its name.
    pub name: String,
    /// The moment.
    pub time: Time,
    /// The scheduling policy.
    pub policy: &'static str,
    /// Its CPUs.
    pub cpus: Vec<CpuView>,
    /// Its tasks.
    pub tasks: Vec<TaskView>,
    /// Frames of RAM that are free.
    pub free_frames: u32,
    /// Frames of RAM.
    pub frames: u32,
    /// Pages in the cache, and how many of them are dirty.
    pub cached: (usize, usize),
    /// System calls served.
    pub calls: u64,
    /// The newest event.
    pub events: u64,
}

/// A task, for showing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskView {
    /// Its name in the log.
    pub serial: Serial,
    /// As `ps` shows it.
    pub line: TaskLine,
    /// Time spent ready without a CPU.
    pub waiting: Duration,
    /// How often it got a CPU.
    pub switches: u64,
    /// Where its time went.
    pub times: Times,
    /// How many pages it has.
    pub resident: u64,
}

impl Machine {
    /// A picture of now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let t = &self.tables;
        let serial =
            |thread| t.proc.threads.get(thread).map(|thread: &crate::proc::Thread| thread.serial);
        let cpus = t.cpus.iter().enumerate().map(|(n, cpu)| CpuView {
            cpu: CpuId(n as u16),
            clock: cpu.clock.max(self.time),
            current: cpu.current.and_then(serial),
            slice_end: Some(cpu.slice_end).filter(|&end| end < Time::MAX),
            queues: t.sched.queues(CpuId(n as u16), self.time),
            busy: cpu.busy + cpu.current.map_or(Duration::ZERO, |_| cpu.clock.since(cpu.since)),
            switches: cpu.switches,
        });
        let tasks = pseudo::tasks(t).into_iter().map(|line| {
            let thread = t.proc.threads.get(line.thread);
            let space = thread.and_then(|thread| t.proc.processes.get(thread.process)?.space);
            TaskView {
                serial: thread.map_or(Serial(0), |thread| thread.serial),
                waiting: thread.map_or(Duration::ZERO, |thread| thread.times.waiting),
                switches: thread.map_or(0, |thread| thread.times.switches),
                times: thread.map_or(Times::default(), |thread| thread.times),
                resident: space.and_then(|space| t.mm.space(space)).map_or(0, |s| s.resident()),
                line,
            }
        });
        Snapshot {
            machine: self.config.id,
            name: self.config.name.clone(),
            time: self.time,
            policy: t.sched.policy_name(),
            cpus: cpus.collect(),
            tasks: tasks.collect(),
            free_frames: t.mm.frames.available(),
            frames: t.mm.frames.size(),
            cached: (t.fs.cache.len(), t.fs.cache.dirty_count()),
            calls: self.cx.engine.calls,
            events: self.log().end(),
        }
    }
}
