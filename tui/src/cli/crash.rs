//! `oscope crash`: the power is cut after every write to a disk, and the disk is recovered.

use super::Failure;
use super::input::WorldArgs;
use super::out::Out;
use oscope_kernel::base::DeviceId;
use oscope_userland::workbench::crash::{judge, medium, record};
use serde_json::json;

/// How many failures are shown.
const SHOWN: usize = 20;

/// The options of `oscope crash`.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) world: WorldArgs,
    /// Which disk of which machine
    #[arg(long, value_name = "MACHINE:DEVICE", value_parser = place)]
    disk: (String, String),
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

fn place(text: &str) -> Result<(String, String), String> {
    let (machine, device) = text.split_once(':').ok_or("expected MACHINE:DEVICE, as in box:vda")?;
    Ok((machine.to_owned(), device.to_owned()))
}

pub(super) fn crash(args: &Args) -> Result<(), Failure> {
    let input = args.world.or("disk").read()?;
    let mut world = input.source.boot().map_err(Failure::Usage)?;
    let (machine_name, disk_name) = &args.disk;
    let machine = world.by_name(machine_name).ok_or_else(|| {
        Failure::Usage(format!("no machine is called `{machine_name}` in `{}`", input.name))
    })?;
    let device = world.machines().get(usize::from(machine.0)).and_then(|found| {
        let bus = &found.tables().bus;
        let mut all = (0..bus.len()).map(|n| DeviceId(n as u16));
        all.find(|&id| bus.name(id) == disk_name && medium(found, id).is_some())
    });
    let device = device.ok_or_else(|| {
        Failure::Usage(format!("`{machine_name}` has no disk that is called `{disk_name}`"))
    })?;
    let recording = record(&mut world, (machine, device), input.until)
        .ok_or_else(|| Failure::Run("the run had to be stopped".to_owned()))?;
    let (mut points, mut reordered, mut replayed) = (0usize, 0usize, 0u64);
    let mut failures = Vec::new();
    recording.points(|point, disk| {
        let verdict = judge(point, disk);
        points += 1;
        reordered += usize::from(point.is_reordered);
        replayed += u64::from(verdict.replayed);
        if !verdict.problems.is_empty() {
            failures.push((point, verdict.problems));
        }
    });
    let writes = recording.writes();
    let mut out = Out::stdout();
    if args.json {
        let failures: Vec<_> = failures
            .iter()
            .map(|(point, problems)| {
                json!({
                    "after": point.writes,
                    "reordered": point.is_reordered,
                    "problems": problems,
                })
            })
            .collect();
        let document = json!({
            "machine": machine_name,
            "disk": disk_name,
            "writes": writes,
            "points": points,
            "reordered": reordered,
            "replayed": replayed,
            "failures": failures,
        });
        out.line(&format!("{document:#}"))?;
    } else {
        out.line(&format!(
            "{writes} writes; the power was cut at {points} points, at {reordered} of them with writes between \
             barriers in another order"
        ))?;
        out.line(&format!("recovery replayed {replayed} transactions in all"))?;
        for (point, problems) in failures.iter().take(SHOWN) {
            let order = if point.is_reordered { ", in another order" } else { "" };
            out.line(&format!("after write {}{order}: {}", point.writes, problems.join("; ")))?;
        }
        match failures.len() {
            0 => out.line("every disk fits together, and nothing is lost that was synced")?,
            count => out.line(&format!("{count} disks are damaged"))?,
        }
    }
    out.finish()?;
    if failures.is_empty() {
        return Ok(());
    }
    Err(Failure::Run(format!("{} of {points} disks are damaged", failures.len())))
}
