//! `oscope trace` and `oscope replay`: scripts of system calls, and logs that a real strace recorded.

use super::Failure;
use super::out::Out;
use oscope_kernel::base::Schedule;
use oscope_kernel::world::World;
use oscope_userland::script::play::{
    Origin, Plan, Played, SetUpError, boot, compile, explore, report,
};
use oscope_userland::script::{Parsed, Problem, Problems, Tree, check, parse};
use std::io::Read;
use std::sync::Arc;

/// The options of `oscope trace`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Scripts; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
    /// Only read them, and print them back byte for byte
    #[arg(long, conflicts_with_all = ["json", "explore", "schedule"])]
    print: bool,
    /// Play them on this machine's own Linux as well, and show where the two do not agree
    #[arg(long, conflicts_with_all = ["print", "explore", "schedule"])]
    referee: bool,
    /// Print one JSON document about each file: an object, or a list if there are several
    #[arg(long)]
    json: bool,
    /// Try every order in which threads can run, and print the shortest that breaks an expectation
    #[arg(long)]
    explore: bool,
    /// With --explore: how many runs at most
    #[arg(long, value_name = "N", default_value_t = 10_000, requires = "explore")]
    depth: u64,
    /// Run in the order that --explore has printed
    #[arg(long, value_name = "SCHEDULE", conflicts_with = "explore")]
    schedule: Option<Schedule>,
}

/// The options of `oscope replay`.
#[derive(clap::Args)]
pub(super) struct ReplayArgs {
    /// Logs of strace; `-` is standard input
    #[arg(value_name = "LOG", required = true)]
    files: Vec<String>,
    /// Print one JSON document about each log: an object, or a list if there are several
    #[arg(long)]
    json: bool,
}

/// The largest file that is read.
const LARGEST: u64 = 1 << 30;

pub(super) fn trace(args: &Args, seed: u64) -> Result<(), Failure> {
    if args.print {
        return print(&args.files);
    }
    let how =
        How { origin: Origin::Written, json: args.json, seed, schedule: args.schedule.clone() };
    if args.referee {
        return super::referee::referee(&args.files, args.json, seed);
    }
    if args.explore { explore_all(args, &how) } else { play_all(&args.files, &how) }
}

pub(super) fn replay(args: &ReplayArgs, seed: u64) -> Result<(), Failure> {
    let how = How { origin: Origin::Recorded, json: args.json, seed, schedule: None };
    play_all(&args.files, &how)
}

fn print(files: &[String]) -> Result<(), Failure> {
    let mut out = Out::stdout();
    for file in files {
        let text = read(file)?;
        // What other files have said comes before what is wrong with this one.
        out.flush()?;
        out.text(tree_of(file, &text)?.render().as_bytes())?;
    }
    out.finish()
}

/// How scripts are played.
struct How {
    origin: Origin,
    json: bool,
    seed: u64,
    schedule: Option<Schedule>,
}

fn play_all(files: &[String], how: &How) -> Result<(), Failure> {
    let mut out = Out::stdout();
    let (mut documents, mut failed) = (Vec::new(), Vec::new());
    for file in files {
        let text = read(file)?;
        let plan = plan_of(file, &text, how.origin)?;
        let played = play(file, &text, &plan, how)?;
        if how.json {
            documents.push(report::json(file, &plan, &played));
        } else if how.origin == Origin::Written {
            out.text(played.text(&plan).as_bytes())?;
        } else {
            out.text(report::table(file, &plan, &played).as_bytes())?;
        }
        if !played.passes() {
            failed.push(file.as_str());
            out.flush()?;
            if !how.json {
                let problems = report::problems(&plan, &played);
                super::eprintln_quietly(&shown(file, &text, &problems, 0));
            }
        }
    }
    if how.json {
        let document = match documents.len() {
            1 => documents.remove(0),
            _ => serde_json::Value::Array(documents),
        };
        out.line(&format!("{document:#}"))?;
    }
    out.finish()?;
    match failed[..] {
        [] => Ok(()),
        _ => Err(Failure::Run(format!("not as expected: {}", failed.join(", ")))),
    }
}

/// Whether a script's machine can be switched on.
pub(super) fn boots(file: &str, text: &str, plan: &Arc<Plan>) -> Result<(), Failure> {
    boot(plan, 0, None).map(|_| ()).map_err(|error| no_machine(file, text, error))
}

fn no_machine(file: &str, text: &str, error: SetUpError) -> Failure {
    let SetUpError { range, message, expected } = error;
    Failure::Usage(told(file, text, &[Problem { range, message, expected, help: None }], 0))
}

fn play(file: &str, text: &str, plan: &Arc<Plan>, how: &How) -> Result<Played, Failure> {
    let world = run(file, text, plan, how.seed, how.schedule.as_ref())?;
    Ok(Played::of(plan, &world))
}

/// A world that has played a script.
pub(super) fn run(
    file: &str,
    text: &str,
    plan: &Arc<Plan>,
    seed: u64,
    schedule: Option<&Schedule>,
) -> Result<World, Failure> {
    let mut world = boot(plan, seed, schedule).map_err(|error| no_machine(file, text, error))?;
    world.run(report::LIMIT);
    Ok(world)
}

fn explore_all(args: &Args, how: &How) -> Result<(), Failure> {
    let mut out = Out::stdout();
    let mut failed = Vec::new();
    for file in &args.files {
        let text = read(file)?;
        let plan = plan_of(file, &text, how.origin)?;
        // The machine's words are tried once, so that a mistake in them is told well.
        play(file, &text, &plan, how)?;
        let found = explore(&plan, how.seed, args.depth);
        if how.json {
            out.line(&format!("{:#}", found.json(file)))?;
        } else {
            out.text(found.text(file, &plan).as_bytes())?;
        }
        if let Some(played) = found.failing() {
            failed.push(file.as_str());
            out.flush()?;
            if !how.json {
                super::eprintln_quietly(&shown(file, &text, &report::problems(&plan, played), 0));
            }
        }
    }
    out.finish()?;
    match failed[..] {
        [] => Ok(()),
        _ => Err(Failure::Run(format!("an order breaks: {}", failed.join(", ")))),
    }
}

/// The tree of a text.
fn tree_of(file: &str, text: &str) -> Result<Tree, Failure> {
    let Parsed { tree, problems, more } = parse(text);
    if problems.is_empty() {
        return Ok(tree);
    }
    Err(Failure::Usage(told(file, text, &problems, more)))
}

/// The plan of a script.
pub(super) fn plan_of(file: &str, text: &str, origin: Origin) -> Result<Arc<Plan>, Failure> {
    let tree = tree_of(file, text)?;
    if origin == Origin::Written {
        // All names at once, before anything is made of them.
        let Problems { first, more } = check(&tree);
        if !first.is_empty() {
            return Err(Failure::Usage(told(file, text, &first, more)));
        }
    }
    let (plan, problems) = compile(&tree, origin);
    if problems.is_empty() {
        return Ok(Arc::new(plan));
    }
    Err(Failure::Usage(told(file, text, &problems, 0)))
}

pub(super) fn read(file: &str) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::Usage(format!("{file}: {error}"));
    let mut bytes = Vec::new();
    if file == "-" {
        std::io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        let opened = std::fs::File::open(file).map_err(failed)?;
        opened.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    }
    if bytes.len() as u64 > LARGEST {
        return Err(Failure::Usage(format!("{file}: larger than 1 GiB; expected a script")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].iter().filter(|&&byte| byte == b'\n').count() + 1;
        Failure::Usage(format!("{file}: line {line} is not UTF-8; expected a text"))
    })
}

/// How many problems are shown.
const MOST_SHOWN: usize = 20;

/// Problems as diagnostics, and how many more there are.
fn shown(file: &str, text: &str, problems: &[Problem], more: usize) -> String {
    let all = problems.iter().take(MOST_SHOWN).map(|problem| problem.show(file, text));
    let mut all = all.collect::<Vec<_>>().join("\n");
    let more = more + problems.len().saturating_sub(MOST_SHOWN);
    if more > 0 {
        all.push_str(&format!("\n... and {more} more\n"));
    }
    all.trim_end().to_owned()
}

/// All problems of a file that is no script.
fn told(file: &str, text: &str, problems: &[Problem], more: usize) -> String {
    let count = problems.len() + more;
    let s = if count == 1 { "" } else { "s" };
    format!("{file} is no script: {count} mistake{s}\n{}", shown(file, text, problems, more))
}
