//! What a run came to, for people.

use super::Failure;
use super::input::WorldArgs;
use super::metrics::utilisation;
use super::out::Out;
use super::run::stopped;
use crate::lang::Lang;
use crate::narrate::waits_for;
use crate::text::{clean, count, fit, fit_right, round, short};
use oscope_kernel::base::{Duration, Time};
use oscope_kernel::machine::Snapshot;
use oscope_kernel::machine::view::TaskView;
use oscope_kernel::world::{World, WorldWhy};

/// A run of this length is shown where there is no terminal.
const SHORT: Time = Time(100_000_000);

/// Runs a world for a moment and prints a summary.
pub(super) fn short_run(args: &WorldArgs) -> Result<(), Failure> {
    let input = args.read()?;
    let mut world = input.file.boot().map_err(|error| Failure::Usage(error.to_string()))?;
    let why = world.run(input.until.min(SHORT));
    let mut out = Out::stdout();
    print(&world, why, &mut out)?;
    out.line("")?;
    out.line("On a terminal `oscope` shows this step by step; `oscope --help` tells more.")?;
    out.finish()?;
    stopped(&world, why)
}

/// A table for every machine, and why the run ended.
pub(super) fn print(world: &World, why: WorldWhy, out: &mut Out) -> Result<(), Failure> {
    for machine in world.machines() {
        let snapshot = machine.snapshot();
        table(world, &snapshot, out)?;
        out.line("")?;
    }
    let time = round(Duration(world.time().0));
    out.line(&match why {
        WorldWhy::Time | WorldWhy::Event(_) => format!("Stopped at {time}: its time was up."),
        WorldWhy::Quiet => {
            format!("Stopped at {time}: its time was up, and nothing would happen any more.")
        }
        WorldWhy::Stuck(..) => format!("Stopped at {time}: a machine could not go on."),
    })
}

fn table(world: &World, snapshot: &Snapshot, out: &mut Out) -> Result<(), Failure> {
    out.line(&format!(
        "{} / {}: {}, policy {}, {}, {}, {} of {} frames free",
        clean(world.name()),
        clean(&snapshot.name),
        count(snapshot.cpus.len(), "CPU"),
        snapshot.policy,
        count(usize::try_from(snapshot.calls).unwrap_or(usize::MAX), "system call"),
        count(usize::try_from(snapshot.events).unwrap_or(usize::MAX), "event"),
        snapshot.free_frames,
        snapshot.frames,
    ))?;
    for cpu in &snapshot.cpus {
        let share = utilisation(cpu, snapshot.time) * 100.0;
        let line = format!(
            "  cpu{:<3} busy {} ({share:.1} %), {}",
            cpu.cpu.0,
            fit_right(&short(cpu.busy), 8),
            count(usize::try_from(cpu.switches).unwrap_or(usize::MAX), "switch"),
        );
        out.line(&line)?;
    }
    out.line("    tid  name          state              user    system   waiting  switches")?;
    for task in &snapshot.tasks {
        out.line(&row(task))?;
    }
    Ok(())
}

fn row(task: &TaskView) -> String {
    let line = &task.line;
    let state = match (line.state, line.waits) {
        (_, Some(wait)) => format!("asleep: {}", waits_for(Lang::En, wait)),
        ('R', None) => "runs or ready".to_owned(),
        ('T', None) => "stopped".to_owned(),
        ('Z', None) => "zombie".to_owned(),
        (other, None) => other.to_string(),
    };
    format!(
        "{}  {}{}{}{}{}{}",
        fit_right(&line.tid.0.to_string(), 7),
        fit(&clean(&line.name), 14),
        fit(&state, 14),
        fit_right(&short(line.user), 10),
        fit_right(&short(line.system), 10),
        fit_right(&short(task.waiting), 10),
        fit_right(&task.switches.to_string(), 10),
    )
}
