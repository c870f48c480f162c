//! What a run came to, for people.

use super::Failure;
use super::input::WorldArgs;
use super::metrics::{self, ThreadFigures};
use super::out::Out;
use super::run::stopped;
use crate::lang::Lang;
use crate::narrate::waits_for;
use crate::text::{clean, count, fit, fit_right, round, short};
use oscope_kernel::abi::Signal;
use oscope_kernel::base::{Duration, Time};
use oscope_kernel::machine::Machine;
use oscope_kernel::world::{World, WorldWhy};

/// A run of this length is shown where there is no terminal.
const SHORT: Time = Time(5_000_000_000);

/// Runs a world for a moment and prints a summary.
pub(super) fn short_run(args: &WorldArgs) -> Result<(), Failure> {
    let input = args.read()?;
    let mut world = input.source.boot().map_err(Failure::Usage)?;
    let why = world.run(input.until.min(SHORT));
    let mut out = Out::stdout();
    print(&world, why, &mut out)?;
    out.line("")?;
    out.line("On a terminal `oscope` shows this step by step; `oscope --help` tells more.")?;
    out.finish()?;
    stopped(&world, why)
}

/// How many threads that have ended are listed; a world may make any number of them.
const ENDED_SHOWN: usize = 40;

/// A table for every machine, and why the run ended.
pub(super) fn print(world: &World, why: WorldWhy, out: &mut Out) -> Result<(), Failure> {
    for machine in world.machines() {
        table(world, machine, out)?;
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

fn table(world: &World, machine: &Machine, out: &mut Out) -> Result<(), Failure> {
    let snapshot = machine.snapshot();
    let threads = metrics::threads(machine, &snapshot);
    let figures = metrics::machine_figures(machine, &snapshot, &threads);
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
    out.line(&format!(
        "  {:.0} % of the CPU time used, {}, {:.1} threads ended per second, fairness {:.2}",
        figures.utilisation * 100.0,
        count(usize::try_from(figures.switches).unwrap_or(usize::MAX), "context switch"),
        figures.throughput,
        figures.fairness,
    ))?;
    for cpu in &snapshot.cpus {
        let share = metrics::utilisation(cpu, snapshot.time) * 100.0;
        out.line(&format!(
            "  cpu{:<3} busy {} ({share:.1} %), {}",
            cpu.cpu.0,
            fit_right(&short(cpu.busy), 8),
            count(usize::try_from(cpu.switches).unwrap_or(usize::MAX), "context switch"),
        ))?;
    }
    out.line("    tid  name          state              user    system   waiting  switches")?;
    let ended = threads.iter().filter(|thread| thread.end.is_some()).count();
    let mut unlisted = ended.saturating_sub(ENDED_SHOWN);
    let left_out = unlisted;
    for thread in &threads {
        if thread.end.is_some() && unlisted > 0 {
            unlisted -= 1;
            continue;
        }
        out.line(&row(thread))?;
    }
    if left_out > 0 {
        out.line(&format!("         and {left_out} that ended earlier; --json lists them"))?;
    }
    Ok(())
}

fn row(thread: &ThreadFigures) -> String {
    let state = match (thread.end, thread.state, thread.waits) {
        (Some((_, status)), ..) => how_it_ended(status),
        (None, _, Some(wait)) => format!("asleep: {}", waits_for(Lang::En, wait)),
        (None, 'R', None) => "runs or ready".to_owned(),
        (None, 'T', None) => "stopped".to_owned(),
        (None, other, None) => other.to_string(),
    };
    format!(
        "{}  {}{}{}{}{}{}",
        fit_right(&thread.tid.to_string(), 7),
        fit(&clean(&thread.name), 14),
        fit(&state, 14),
        fit_right(&short(thread.times.user), 10),
        fit_right(&short(thread.times.system), 10),
        fit_right(&short(thread.times.waiting), 10),
        fit_right(&thread.times.switches.to_string(), 10),
    )
}

/// A wait status in words that fit a column.
fn how_it_ended(status: u32) -> String {
    let signal = Signal::from_number(u64::from(status & 0x7f));
    match signal {
        Some(signal) => format!("killed: {signal}"),
        None => format!("exited: {}", status >> 8 & 0xff),
    }
}
