//! `oscope diff`: a world as it is and with changes, the first event that differs, and both sets of metrics.

use super::Failure;
use super::input::WorldArgs;
use super::metrics;
use super::out::Out;
use super::run::stopped;
use super::why::moment;
use crate::futures::{Difference, first_difference};
use crate::lang::Lang;
use crate::narrate;
use crate::text::{clean, fit, fit_right, short};
use crate::trace::{Tags, Trace};
use oscope_kernel::base::{Duration, Time};
use oscope_kernel::event::codec::json_object;
use oscope_kernel::world::{World, WorldWhy};
use serde_json::{Value, json};

/// The options of `oscope diff`.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) world: WorldArgs,
    /// Make the changes at this moment instead of before the start; a scheduler can be changed so
    #[arg(long, value_name = "TIME", value_parser = moment)]
    at: Option<Time>,
    /// The language of the sentences
    #[arg(long, value_name = "en|ko", default_value = "en", value_parser = Lang::named)]
    lang: Lang,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub(super) fn diff(args: &Args) -> Result<(), Failure> {
    if args.world.changes().is_empty() {
        let message = "diff: expected a change, such as --set box.scheduler.policy=fifo";
        return Err(Failure::Usage(message.to_owned()));
    }
    let plain = args.world.unchanged().read()?;
    let changed = args.world.read()?;
    let until = plain.until.max(args.at.unwrap_or(Time::ZERO));
    let until = args.world.limit().unwrap_or(until);
    let mut left = plain.source.boot().map_err(Failure::Usage)?;
    let other = changed.source.boot().map_err(Failure::Usage)?;
    let mut right = match args.at {
        None => other,
        Some(at) => changed_at(&args.world, at, &plain.source, &other)?,
    };
    let ends = [left.run(until), right.run(until)];
    let differs = first_difference(&left, &right);
    let mut out = Out::stdout();
    if args.json {
        let document = json!({
            "world": left.name(),
            "at_ns": args.at.map(|at| at.0),
            "until_ns": until.0,
            "changes": args.world.changes().iter()
                .map(|(path, value)| json!({ "path": path, "value": value }))
                .collect::<Vec<Value>>(),
            "first_difference": differs.map(|d| difference(&left, &right, &d)),
            "metrics": { "as_it_is": metrics::of(&left), "changed": metrics::of(&right) },
        });
        out.line(&format!("{document:#}"))?;
    } else {
        print(args, (&left, &right), differs.as_ref(), &mut out)?;
    }
    out.finish()?;
    for (world, end) in [&left, &right].into_iter().zip(ends) {
        if let WorldWhy::Stuck(..) = end {
            stopped(world, end)?;
        }
    }
    Ok(())
}

/// The world as it is, run to a moment and changed there as `other` is from the start.
fn changed_at(
    args: &WorldArgs,
    at: Time,
    source: &crate::source::Source,
    other: &World,
) -> Result<World, Failure> {
    for (path, _) in args.changes() {
        let part = path.strip_prefix("machines.").unwrap_or(path).split('.').nth(1);
        if part != Some("scheduler") {
            let message = format!(
                "--set {path} with --at: expected MACHINE.scheduler.…, which can be changed while a machine runs"
            );
            return Err(Failure::Usage(message));
        }
    }
    let mut world = source.boot().map_err(Failure::Usage)?;
    let why = world.run(at);
    if let WorldWhy::Stuck(..) = why {
        stopped(&world, why)?;
    }
    for changed in other.machines() {
        let (id, settings) = (changed.config().id, &changed.config().scheduler);
        if let Some(machine) = world.machine_mut(id)
            && machine.config().scheduler != *settings
        {
            machine.reschedule(settings).map_err(|error| Failure::Usage(error.to_string()))?;
        }
    }
    Ok(world)
}

fn difference(left: &World, right: &World, differs: &Difference) -> Value {
    let of = |world: &World| {
        let log = world.logs().into_iter().find(|log| log.machine() == differs.machine)?;
        let record = log.get(differs.number)?;
        Some(Value::Object(json_object(log, differs.number, record)))
    };
    let name = left.machines().get(usize::from(differs.machine.0)).map(|m| &m.config().name);
    json!({
        "machine": name,
        "event": format!("{}:{}", differs.machine.0, differs.number),
        "time_ns": differs.time.0,
        "as_it_is": of(left),
        "changed": of(right),
    })
}

/// What the event of that number says in a world.
fn sentence(world: &World, differs: &Difference, lang: Lang) -> Option<String> {
    let machine = world.machines().get(usize::from(differs.machine.0))?;
    let trace = Trace::of(machine, Tags::Numbers);
    let record = &trace.seen(differs.number)?.record;
    let told = narrate::tell_record(lang, &trace, record);
    Some(format!("{}: {}", record.stamp.time, clean(&told)))
}

fn print(
    args: &Args,
    (left, right): (&World, &World),
    differs: Option<&Difference>,
    out: &mut Out,
) -> Result<(), Failure> {
    let changes: Vec<String> =
        args.world.changes().iter().map(|(path, value)| format!("{path}={value}")).collect();
    let at = args.at.map_or_else(|| "from the start".to_owned(), |at| format!("from {at} on"));
    out.line(&clean(&format!("{}: as it is, and with {} {at}", left.name(), changes.join(" "))))?;
    match differs {
        None => out.line("No event differs.")?,
        Some(differs) => {
            let event = format!("#{}:{}", differs.machine.0, differs.number);
            out.line(&format!("The first event that differs is {event}:"))?;
            for (name, world) in [("as it is", left), ("changed", right)] {
                let told = sentence(world, differs, args.lang);
                let told = told.unwrap_or_else(|| "nothing more happened".to_owned());
                out.line(&format!("  {}  {told}", fit(name, 9)))?;
            }
        }
    }
    for (left, right) in left.machines().iter().zip(right.machines()) {
        out.line("")?;
        let name = clean(&left.config().name);
        out.line(&format!(
            "{} {} {}",
            fit(&name, 26),
            fit_right("as it is", 14),
            fit_right("changed", 14)
        ))?;
        for (what, a, b) in rows(left, right) {
            out.line(&format!("  {} {} {}", fit(what, 24), fit_right(&a, 14), fit_right(&b, 14)))?;
        }
    }
    Ok(())
}

/// The figures of a machine by which schedulers are compared.
fn figures(machine: &oscope_kernel::machine::Machine) -> Vec<(&'static str, String)> {
    let snapshot = machine.snapshot();
    let threads = metrics::threads(machine, &snapshot);
    let figures = metrics::machine_figures(machine, &snapshot, &threads);
    let users = || threads.iter().filter(|thread| !thread.name.starts_with('['));
    let mean = |values: Vec<Duration>| match values.len() {
        0 => "-".to_owned(),
        n => {
            short(Duration(values.iter().fold(0, |sum: u64, v| sum.saturating_add(v.0)) / n as u64))
        }
    };
    vec![
        ("policy", snapshot.policy.to_owned()),
        ("utilisation", format!("{:.1} %", figures.utilisation * 100.0)),
        ("threads that ended", machine.ended_total().to_string()),
        ("throughput", format!("{:.1} /s", figures.throughput)),
        ("mean response", mean(users().filter_map(metrics::ThreadFigures::response).collect())),
        ("mean turnaround", mean(users().filter_map(metrics::ThreadFigures::turnaround).collect())),
        ("mean wait", mean(users().map(|thread| thread.times.waiting).collect())),
        ("fairness", format!("{:.3}", figures.fairness)),
        ("context switches", figures.switches.to_string()),
        ("migrations", figures.migrations.to_string()),
        ("calls", snapshot.calls.to_string()),
        ("events", snapshot.events.to_string()),
    ]
}

fn rows(
    left: &oscope_kernel::machine::Machine,
    right: &oscope_kernel::machine::Machine,
) -> Vec<(&'static str, String, String)> {
    let pairs = figures(left).into_iter().zip(figures(right));
    pairs.map(|((what, a), (_, b))| (what, a, b)).collect()
}
