//! `oscope run`: run a world and print what became of it.

use super::Failure;
use super::input::WorldArgs;
use super::out::Out;
use super::{image, metrics, summary};
use crate::export::{self, report, report::Samples};
use crate::lang::Lang;
use crate::narrate;
use crate::trace::{Tags, Trace};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use oscope_kernel::base::Time;
use oscope_kernel::event::codec::json_line;
use oscope_kernel::machine::Why;
use oscope_kernel::world::{World, WorldWhy};
use oscope_userland::script::printer::{Style, Whose};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// How long nothing is shown.
const PATIENCE: Duration = Duration::from_millis(700);

/// The options of `oscope run`.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) world: WorldArgs,
    /// Write every event as a line of JSON; `-` is standard output
    #[arg(long, value_name = "FILE")]
    events: Option<String>,
    /// Write every system call as `strace -f` does; `-` is standard output
    #[arg(long, value_name = "FILE")]
    strace: Option<String>,
    /// How --strace writes: strace's own options in one word, as `'-tt -T -y -e trace=%file'`
    #[arg(long, value_name = "OPTIONS", requires = "strace", allow_hyphen_values = true)]
    strace_options: Option<String>,
    /// Write CPU tracks and thread lanes for ui.perfetto.dev; `-` is standard output
    #[arg(long, value_name = "FILE")]
    perfetto: Option<String>,
    /// Write all packets for Wireshark; `-` is standard output
    #[arg(long, value_name = "FILE.pcapng")]
    pcap: Option<String>,
    /// Write the run as one HTML page, with charts and figures; `-` is standard output
    #[arg(long, value_name = "FILE.html")]
    report: Option<String>,
    /// Tell the run in sentences, one for each visible change
    #[arg(long, conflicts_with = "json")]
    narrate: bool,
    /// Print metrics as one JSON document
    #[arg(long)]
    json: bool,
    /// Use an image of the host as a machine's disk, such as box:vda=disk.img (may be repeated)
    #[arg(long = "disk", value_name = "MACHINE:DEVICE=IMAGE", value_parser = image::named)]
    disks: Vec<image::Named>,
    /// Write a machine's disk to a file at the end, as after sync and unmount (may be repeated)
    #[arg(long = "save-disk", value_name = "MACHINE:DEVICE=IMAGE", value_parser = image::named)]
    saves: Vec<image::Named>,
    /// Write disks as the medium stands, as if the power had been cut
    #[arg(long, requires = "saves")]
    power_cut: bool,
    /// Host threads; results do not depend on it
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: u16,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let streams = files_of(args);
    let streams: Vec<&str> = streams
        .into_iter()
        .filter(|(_, file)| file.as_deref() == Some("-"))
        .map(|(option, _)| option)
        .collect();
    let told = [("--json", args.json), ("--narrate", args.narrate)];
    let told = told.into_iter().filter(|(_, is_given)| *is_given).map(|(option, _)| option);
    if let [first, second, ..] = streams.iter().copied().chain(told).collect::<Vec<_>>()[..]
        && !streams.is_empty()
    {
        return Err(Failure::Usage(format!(
            "{first} - and {second} both want standard output; expected a file for {first}"
        )));
    }
    let style = strace_style(args)?;
    let input = args.world.read()?;
    let mut world = image::boot(&input.source, &args.disks)?;
    let files = Files::open(args, style)?;
    let report = args.report.as_deref().map(Out::to).transpose()?;
    let mut samples = args.report.as_ref().map(|_| Samples::default());
    let threads = usize::from(args.threads);
    let why = run_in_sight(&mut world, threads, input.until, &mut |world| {
        if let Some(samples) = &mut samples {
            samples.take(world);
        }
    });
    if let (Some(mut out), Some(samples)) = (report, &samples) {
        out.text(report::page(&world, samples).as_bytes())?;
        out.finish()?;
    }
    files.write(&world)?;
    image::save(&world, &args.saves, args.power_cut)?;
    let mut out = Out::stdout();
    if args.json {
        out.line(&format!("{:#}", metrics::of(&world)))?;
    } else if streams.is_empty() {
        if args.narrate {
            tell(&world, &mut out)?;
        }
        summary::print(&world, why, &mut out)?;
    }
    out.finish()?;
    stopped(&world, why)
}

/// The files that a run may be written to, by option.
fn files_of(args: &Args) -> [(&'static str, &Option<String>); 5] {
    [
        ("--events", &args.events),
        ("--strace", &args.strace),
        ("--perfetto", &args.perfetto),
        ("--pcap", &args.pcap),
        ("--report", &args.report),
    ]
}

/// Where a run is written down.
pub(super) struct Files {
    events: Option<Out>,
    strace: Option<Out>,
    perfetto: Option<Out>,
    pcap: Option<Out>,
    style: Style,
}

impl Files {
    /// Opened first: a run that takes long should not end with a file that cannot be written.
    fn open(args: &Args, style: Style) -> Result<Self, Failure> {
        Ok(Self {
            events: args.events.as_deref().map(Out::to).transpose()?,
            strace: args.strace.as_deref().map(Out::to).transpose()?,
            perfetto: args.perfetto.as_deref().map(Out::to).transpose()?,
            pcap: args.pcap.as_deref().map(Out::to).transpose()?,
            style,
        })
    }

    /// The files of a run whose own output is that of a shell.
    pub(super) fn beside_shell(args: &Args) -> Result<Self, Failure> {
        for (option, file) in files_of(args) {
            if file.as_deref() == Some("-") {
                let message =
                    format!("{option} -: standard output is the shell's; expected a file");
                return Err(Failure::Usage(message));
            }
        }
        if args.json || args.narrate {
            let option = if args.json { "--json" } else { "--narrate" };
            let message =
                format!("{option}: standard output is the shell's; expected `run` for that");
            return Err(Failure::Usage(message));
        }
        Self::open(args, strace_style(args)?)
    }

    /// Writes what a run came to.
    pub(super) fn write(self, world: &World) -> Result<(), Failure> {
        if let Some(out) = self.events {
            write_events(world, out)?;
        }
        if let Some(mut out) = self.strace {
            export::strace::write(world, self.style, |text| out.text(text.as_bytes()))?;
            out.finish()?;
        }
        if let Some(mut out) = self.perfetto {
            export::perfetto::write(world, |text| out.text(text.as_bytes()))?;
            out.finish()?;
        }
        if let Some(mut out) = self.pcap {
            export::pcapng::write(world, |bytes| out.text(bytes))?;
            out.finish()?;
        }
        Ok(())
    }
}

/// How the calls are to be written. As strace does: prefixes on a terminal only where they are needed, always in a file.
fn strace_style(args: &Args) -> Result<Style, Failure> {
    let on_stdout = args.strace.as_deref() == Some("-");
    let whose = if on_stdout { Whose::WhenSeveral } else { Whose::Always };
    let style = Style { whose, ..Style::default() };
    let words = args.strace_options.as_deref().unwrap_or_default();
    style
        .with_options(words)
        .map_err(|message| Failure::Usage(format!("--strace-options: {message}")))
}

/// Where a piece of a run ends.
fn piece_of(until: Time, piece: u64) -> Time {
    Time((u128::from(until.0) * u128::from(piece) / u128::from(PIECES)) as u64)
}

/// In how many pieces a run goes.
const PIECES: u64 = 200;

/// Runs a world; whoever waits at a terminal for longer than a moment sees how far it has come. `look` is called now
/// and then; where a run stops on its way changes nothing.
fn run_in_sight(
    world: &mut World,
    threads: usize,
    until: Time,
    look: &mut dyn FnMut(&World),
) -> WorldWhy {
    let bar = ProgressBar::with_draw_target(Some(PIECES), ProgressDrawTarget::hidden());
    let style = ProgressStyle::with_template("{bar:40} {percent} %  {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let began = Instant::now();
    for piece in 1..PIECES {
        if world.run_on(threads, piece_of(until, piece)) != WorldWhy::Time {
            break;
        }
        look(world);
        let is_watched = std::io::stderr().is_terminal();
        if is_watched && bar.is_hidden() && began.elapsed() > PATIENCE {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        bar.set_position(piece);
    }
    let why = world.run_on(threads, until);
    look(world);
    bar.finish_and_clear();
    why
}

/// A run that had to be stopped is a failure, and says which thread was at fault.
pub(super) fn stopped(world: &World, why: WorldWhy) -> Result<(), Failure> {
    let WorldWhy::Stuck(machine, why) = why else {
        return Ok(());
    };
    let machine = world.machines().get(usize::from(machine.0));
    let name = machine.map_or("?", |machine| machine.config().name.as_str());
    let Why::NoProgress(serial, time) = why else {
        return Err(Failure::Run(format!("machine {name} cannot go on")));
    };
    let snapshot = machine.map(|machine| machine.snapshot());
    let task = snapshot.iter().flat_map(|s| &s.tasks).find(|task| task.serial == serial);
    let who = task.map_or(format!("thread {serial}"), |task| {
        let name = crate::text::clean(&task.line.name);
        format!("{name} (tid {})", task.line.tid.0)
    });
    Err(Failure::Run(format!(
        "machine {name} was stopped at {time}: {who} trapped a million times without time passing"
    )))
}

fn write_events(world: &World, mut out: Out) -> Result<(), Failure> {
    let logs = world.logs();
    for (id, record) in world.events() {
        if let Some(log) = logs.iter().find(|log| log.machine() == id.machine()) {
            out.line(&json_line(log, id.sequence(), record))?;
        }
    }
    out.finish()
}

/// One sentence per visible change, of all machines in the order of time.
fn tell(world: &World, out: &mut Out) -> Result<(), Failure> {
    let traces: Vec<Trace> = world.machines().iter().map(|m| Trace::of(m, Tags::Letters)).collect();
    let steps = traces.iter().enumerate();
    let mut steps: Vec<_> = steps
        .flat_map(|(machine, trace)| trace.steps.all().map(move |step| (step, machine)))
        .collect();
    steps.sort_by_key(|(step, machine)| (step.start, *machine));
    for (step, machine) in steps {
        let told = narrate::tell(Lang::En, &traces[machine], step);
        if traces.len() > 1 {
            let name = crate::text::clean(&world.machines()[machine].config().name);
            out.line(&format!("{name}: {told}"))?;
        } else {
            out.line(&told)?;
        }
    }
    out.line("")
}
