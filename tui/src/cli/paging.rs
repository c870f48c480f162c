//! `oscope paging`: page replacement, solved by the kernel's own policies.

use super::Failure;
use super::cases;
use super::out::Out;
use oscope_userland::workbench::paging::{Answer, Place, Problem, Step, policies};

/// The options of `oscope paging`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// fifo, lru, opt, mru, clock, second-chance, nfu or random
    #[arg(long, default_value = "fifo", value_parser = policy)]
    policy: String,
    /// How many frames there are
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1 << 24))]
    frames: u32,
    /// The pages that are referenced, separated by commas; without any, a problem is made from --seed
    #[arg(long, value_name = "PAGES", value_delimiter = ',')]
    refs: Option<Vec<u64>>,
    /// Tie-breaking rules: textbook, ostep or linux
    #[arg(long, default_value = "textbook", value_parser = dialect)]
    dialect: String,
    /// nfu: after how many references the counters move
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    tick: Option<u32>,
    /// Read problems from a JSON file: an object, or a list of them
    #[arg(long, value_name = "FILE", conflicts_with = "refs")]
    case: Option<String>,
    /// Show the solution of a problem that was made from --seed
    #[arg(short = 'c', long)]
    solve: bool,
    /// How many references a problem made from --seed has
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: u32,
    /// The highest page of a problem made from --seed
    #[arg(long, value_name = "N", default_value_t = 6)]
    max_page: u64,
    /// Print one JSON document; where references times frames exceed a million, without the frames of each step
    #[arg(long)]
    json: bool,
}

fn policy(text: &str) -> Result<String, String> {
    cases::one_of("policy", text, &policies())
}

fn dialect(text: &str) -> Result<String, String> {
    cases::one_of("dialect", text, &cases::DIALECTS)
}

impl Args {
    /// The problem that the options describe.
    fn problem(&self, seed: u64) -> Problem {
        let made = || {
            let count = self.count as usize;
            Problem::random(&self.policy, seed, self.frames, count, self.max_page).refs
        };
        Problem {
            dialect: Some(self.dialect.clone()),
            policy: self.policy.clone(),
            frames: self.frames,
            tick: self.tick,
            refs: self.refs.clone().unwrap_or_else(made),
            ..Problem::default()
        }
    }
}

pub(super) fn paging(args: &Args, seed: u64) -> Result<(), Failure> {
    if let Some(path) = &args.case {
        let solve = |problem: &Problem| {
            let answer = problem.solve(seed)?;
            let missed = problem.expect.as_ref().map(|expect| answer.differences(expect));
            Ok((answer, missed.unwrap_or_default()))
        };
        return cases::run(path, args.json, solve, |_, problem, answer, out| {
            show(problem, answer, out)
        });
    }
    let problem = args.problem(seed);
    let mut out = Out::stdout();
    let is_question = args.refs.is_none() && !args.solve;
    let answer = problem.solve(seed).map_err(Failure::Usage)?;
    match (args.json, is_question) {
        (true, true) => out.json(&problem)?,
        (true, false) => out.json(&answer)?,
        (false, true) => {
            ask(&problem, &mut out)?;
            out.line("")?;
            out.line(
                "Which references fault, and which page goes each time? `-c` shows the answer.",
            )?;
        }
        (false, false) => {
            if args.refs.is_none() {
                ask(&problem, &mut out)?;
                out.line("")?;
            }
            show(&problem, &answer, &mut out)?;
        }
    }
    out.finish()
}

/// The question.
fn ask(problem: &Problem, out: &mut Out) -> Result<(), Failure> {
    let frames = if problem.frames == 1 { "frame" } else { "frames" };
    out.line(&format!(
        "policy {}, {} {frames}, references to pages:",
        problem.policy, problem.frames
    ))?;
    for some in problem.refs.chunks(20) {
        let pages: Vec<String> = some.iter().map(u64::to_string).collect();
        out.line(&format!("  {}", pages.join(" ")))?;
    }
    Ok(())
}

/// What stands at the left and at the right end of the order in which a policy keeps its pages.
fn ends(policy: &str) -> (&'static str, &'static str) {
    match policy {
        "fifo" => ("came first", "came last"),
        "lru" => ("used longest ago", "used last"),
        "mru" => ("used longest ago", "used last: goes"),
        "opt" => ("used farthest ahead, or never", "used next"),
        "clock" => ("the circle; > the hand", ""),
        "second-chance" => ("next to be looked at", "last"),
        "nfu" => ("came first; :counter", "came last"),
        _ => ("drawn from", ""),
    }
}

/// The order of the policy, in as few words as possible.
fn order(places: &[Place]) -> String {
    let place = |place: &Place| {
        let hand = if place.is_at_hand { ">" } else { "" };
        let age = place.age.map(|age| format!(":{age:08b}")).unwrap_or_default();
        format!("{hand}{}{age}", place.page)
    };
    places.iter().map(place).collect::<Vec<_>>().join(" ")
}

/// Up to so many frames are drawn side by side.
const MOST_COLUMNS: usize = 16;

fn show(problem: &Problem, answer: &Answer, out: &mut Out) -> Result<(), Failure> {
    let columns = answer.steps.iter().filter_map(|step| step.frames.as_ref()).map(Vec::len).max();
    if let Some(columns) = columns.filter(|columns| *columns <= MOST_COLUMNS) {
        let width = answer.steps.iter().map(|step| step.page.to_string().len()).max().unwrap_or(1);
        let frames = columns * (width + 1);
        let (left, right) = ends(&answer.policy);
        let between = if right.is_empty() { "" } else { " … " };
        out.line(&format!(
            "  step {:>w$}         {:<frames$}  {left}{between}{right}",
            "page",
            "frames",
            w = width.max(4)
        ))?;
        for (n, step) in answer.steps.iter().enumerate() {
            out.line(&line(n, step, (width, columns)))?;
        }
        out.line("")?;
    }
    let rate = answer.faults as f64 * 100.0 / (answer.faults + answer.hits).max(1) as f64;
    out.line(&format!(
        "  {}, {} frames: {} faults, {} hits; {rate:.1} % of {} references fault",
        answer.policy,
        problem.frames,
        answer.faults,
        answer.hits,
        answer.faults + answer.hits
    ))
}

/// One reference: the page, what became of it, the frames, the policy's order, and who went.
fn line(n: usize, step: &Step, (width, columns): (usize, usize)) -> String {
    let pages = step.frames.as_deref().unwrap_or_default();
    let cell = |at: usize| match pages.get(at) {
        Some(page) => format!("{page:>width$} "),
        None => format!("{:>width$} ", "."),
    };
    let cells: String = (0..columns).map(cell).collect();
    let cells = format!("{cells:<6}");
    let result = if step.hit { "hit  " } else { "fault" };
    let gone = step.evicted.map(|page| format!("   {page} goes")).unwrap_or_default();
    let page = step.page;
    let w = width.max(4);
    format!("  {n:>4} {page:>w$}  {result}  {cells}  {}{gone}", order(&step.order))
}
