//! What a run came to: figures per thread and per machine, and all of them as one JSON document.
//!
//! Response, turnaround and waiting time are those of the textbooks (Silberschatz, §5.2; OSTEP, chapter 7): from a
//! thread's birth to its first time on a CPU, to its end, and the time spent ready without a CPU. Fairness is Jain's
//! index over the share of its runnable time for which each user thread had a CPU.

use super::gantt::jain;
use oscope_kernel::base::{Duration, Time};
use oscope_kernel::machine::{CpuView, Machine, Snapshot};
use oscope_kernel::proc::Times;
use oscope_kernel::world::World;
use serde_json::{Value, json};

/// A thread, alive or not.
pub(super) struct ThreadFigures {
    /// Its process's number.
    pub(super) pid: u32,
    /// Its number.
    pub(super) tid: u32,
    /// Its parent's number, if it lives.
    pub(super) ppid: Option<u32>,
    /// Its program's name.
    pub(super) name: String,
    /// As `ps` has it; `X` for one that has ended.
    pub(super) state: char,
    /// What it waits for.
    pub(super) waits: Option<oscope_kernel::event::Wait>,
    /// Where its time went.
    pub(super) times: Times,
    /// When it ended, and how.
    pub(super) end: Option<(Time, u32)>,
}

impl ThreadFigures {
    /// How long it had a CPU.
    pub(super) fn ran(&self) -> Duration {
        self.times.user + self.times.system + self.times.guest
    }

    pub(super) fn response(&self) -> Option<Duration> {
        self.times.first_run.map(|first| first.since(self.times.started))
    }

    pub(super) fn turnaround(&self) -> Option<Duration> {
        self.end.map(|(end, _)| end.since(self.times.started))
    }

    fn json(&self) -> Value {
        json!({
            "pid": self.pid,
            "tid": self.tid,
            "ppid": self.ppid,
            "name": self.name,
            "state": self.state.to_string(),
            "status": self.end.map(|(_, status)| status),
            "user_ns": self.times.user.0,
            "system_ns": self.times.system.0,
            "run_ns": self.ran().0,
            "waiting_ns": self.times.waiting.0,
            "response_ns": self.response().map(|time| time.0),
            "turnaround_ns": self.turnaround().map(|time| time.0),
            "switches": self.times.switches,
            "migrations": self.times.migrations,
        })
    }
}

/// All threads of a machine in the order of their birth: those that live, and those that have ended.
pub(super) fn threads(machine: &Machine, snapshot: &Snapshot) -> Vec<ThreadFigures> {
    let alive = snapshot.tasks.iter().filter(|task| task.line.state != 'Z').map(|task| {
        (
            task.serial,
            ThreadFigures {
                pid: task.line.pid.0,
                tid: task.line.tid.0,
                ppid: Some(task.line.ppid.0),
                name: task.line.name.clone(),
                state: task.line.state,
                waits: task.line.waits,
                times: task.times,
                end: None,
            },
        )
    });
    let ended = machine.ended().map(|ended| {
        (
            ended.serial,
            ThreadFigures {
                pid: ended.pid.0,
                tid: ended.tid.0,
                ppid: None,
                name: ended.name.clone(),
                state: 'X',
                waits: None,
                times: ended.times,
                end: Some((ended.at, ended.status)),
            },
        )
    });
    let mut all: Vec<_> = alive.chain(ended).collect();
    all.sort_by_key(|(serial, _)| *serial);
    all.into_iter().map(|(_, figures)| figures).collect()
}

/// The figures of a machine as a whole.
pub(super) struct MachineFigures {
    /// Threads that ended per second of virtual time.
    pub(super) throughput: f64,
    /// The part of the CPUs' time for which somebody had them, 0 to 1.
    pub(super) utilisation: f64,
    /// How often a CPU was given to somebody.
    pub(super) switches: u64,
    /// How often somebody went on on another CPU than before.
    pub(super) migrations: u64,
    /// Jain's index, 1 at best.
    pub(super) fairness: f64,
}

/// The figures of a machine.
pub(super) fn machine_figures(
    machine: &Machine,
    snapshot: &Snapshot,
    threads: &[ThreadFigures],
) -> MachineFigures {
    let seconds = snapshot.time.0 as f64 / 1e9;
    let per_second = |count: f64| if seconds > 0.0 { count / seconds } else { 0.0 };
    let used: f64 = snapshot.cpus.iter().map(|cpu| utilisation(cpu, snapshot.time)).sum();
    // Kernel threads wait for work, not for their turn.
    let users = threads.iter().filter(|thread| !thread.name.starts_with('['));
    let shares = users.filter_map(|thread| {
        let runnable = thread.ran() + thread.times.waiting;
        (runnable > Duration::ZERO).then(|| thread.ran().0 as f64 / runnable.0 as f64)
    });
    MachineFigures {
        throughput: per_second(machine.ended_total() as f64),
        utilisation: used / snapshot.cpus.len().max(1) as f64,
        switches: snapshot.cpus.iter().map(|cpu| cpu.switches).sum(),
        migrations: threads.iter().map(|thread| thread.times.migrations).sum(),
        fairness: jain(shares),
    }
}

/// The metrics of all machines.
pub(crate) fn of(world: &World) -> Value {
    let machines = world.machines().iter().map(machine);
    json!({
        "world": world.name(),
        "time_ns": world.time().0,
        "machines": machines.collect::<Vec<Value>>(),
    })
}

fn machine(machine: &Machine) -> Value {
    let snapshot = machine.snapshot();
    let threads = threads(machine, &snapshot);
    let figures = machine_figures(machine, &snapshot, &threads);
    let cpus = snapshot.cpus.iter().map(|c| cpu(c, snapshot.time));
    json!({
        "name": snapshot.name,
        "policy": snapshot.policy,
        "cpus": cpus.collect::<Vec<Value>>(),
        "tasks": threads.iter().map(ThreadFigures::json).collect::<Vec<Value>>(),
        "ended": machine.ended_total(),
        "throughput_per_s": figures.throughput,
        "utilisation": figures.utilisation,
        "context_switches": figures.switches,
        "migrations": figures.migrations,
        "fairness": figures.fairness,
        "calls": snapshot.calls,
        "events": snapshot.events,
        "frames": snapshot.frames,
        "free_frames": snapshot.free_frames,
    })
}

fn cpu(cpu: &CpuView, time: Time) -> Value {
    json!({
        "cpu": cpu.cpu.0,
        "busy_ns": cpu.busy.0,
        "switches": cpu.switches,
        "utilisation": utilisation(cpu, time),
    })
}

/// Which part of the time a CPU was busy, from 0 to 1.
pub(super) fn utilisation(cpu: &CpuView, time: Time) -> f64 {
    if time == Time::ZERO {
        return 0.0;
    }
    (cpu.busy.0 as f64 / time.0 as f64).min(1.0)
}
