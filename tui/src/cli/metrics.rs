//! What a run came to, as one JSON document.

use oscope_kernel::base::Time;
use oscope_kernel::machine::view::TaskView;
use oscope_kernel::machine::{CpuView, Snapshot};
use oscope_kernel::world::World;
use serde_json::{Value, json};

/// The metrics of all machines.
pub(super) fn of(world: &World) -> Value {
    let machines = world.machines().iter().map(|m| machine(&m.snapshot()));
    json!({
        "world": world.name(),
        "time_ns": world.time().0,
        "machines": machines.collect::<Vec<Value>>(),
    })
}

fn machine(snapshot: &Snapshot) -> Value {
    let cpus = snapshot.cpus.iter().map(|c| cpu(c, snapshot.time));
    json!({
        "name": snapshot.name,
        "policy": snapshot.policy,
        "cpus": cpus.collect::<Vec<Value>>(),
        "tasks": snapshot.tasks.iter().map(task).collect::<Vec<Value>>(),
        "calls": snapshot.calls,
        "events": snapshot.events,
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

fn task(task: &TaskView) -> Value {
    let line = &task.line;
    json!({
        "pid": line.pid.0,
        "tid": line.tid.0,
        "ppid": line.ppid.0,
        "name": line.name,
        "state": line.state.to_string(),
        "user_ns": line.user.0,
        "system_ns": line.system.0,
        "waiting_ns": task.waiting.0,
        "switches": task.switches,
    })
}
