//! `oscope disk`: disk scheduling, solved by the kernel's own policies.

use super::Failure;
use super::cases;
use super::out::Out;
use oscope_kernel::driver::elevator::{POLICIES, Turn};
use oscope_userland::workbench::disk::{Answer, Direction, Problem, Step};

/// The options of `oscope disk`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// fifo, sstf, scan, cscan, look, clook or deadline
    #[arg(long, default_value = "fifo", value_parser = policy)]
    policy: String,
    /// Where the head is
    #[arg(long, value_name = "CYLINDER", default_value_t = 53)]
    head: u64,
    /// How many cylinders there are; the first is 0
    #[arg(long, value_name = "N", default_value_t = 200)]
    cylinders: u64,
    /// Where the arm moves at first: up, to higher cylinders, or down
    #[arg(long, default_value = "up", value_parser = ["up", "down"])]
    direction: String,
    /// The cylinders that are asked for, separated by commas; without any, a problem is made from --seed
    #[arg(long, value_name = "CYLINDERS", value_delimiter = ',')]
    requests: Option<Vec<u64>>,
    /// Tie-breaking rules: textbook, ostep or linux
    #[arg(long, default_value = "textbook", value_parser = dialect)]
    dialect: String,
    /// Read problems from a JSON file: an object, or a list of them
    #[arg(long, value_name = "FILE", conflicts_with = "requests")]
    case: Option<String>,
    /// Show the solution of a problem that was made from --seed
    #[arg(short = 'c', long)]
    solve: bool,
    /// How many requests a problem made from --seed has
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: u32,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

fn policy(text: &str) -> Result<String, String> {
    cases::one_of("policy", text, &POLICIES)
}

fn dialect(text: &str) -> Result<String, String> {
    cases::one_of("dialect", text, &cases::DIALECTS)
}

impl Args {
    /// The problem that the options describe.
    fn problem(&self, seed: u64) -> Problem {
        let dialect = Some(self.dialect.clone());
        let Some(requests) = self.requests.clone() else {
            let count = self.count as usize;
            let made = Problem::random(&self.policy, seed, self.cylinders, count);
            return Problem { dialect, ..made };
        };
        let direction = if self.direction == "up" { Direction::Up } else { Direction::Down };
        Problem {
            dialect,
            policy: self.policy.clone(),
            head: self.head,
            cylinders: self.cylinders,
            direction,
            requests,
            ..Problem::default()
        }
    }
}

pub(super) fn disk(args: &Args, seed: u64) -> Result<(), Failure> {
    if let Some(path) = &args.case {
        let solve = |problem: &Problem| {
            let answer = problem.solve()?;
            let missed = problem.expect.as_ref().map(|expect| answer.differences(expect));
            Ok((answer, missed.unwrap_or_default()))
        };
        return cases::run(path, args.json, solve, |_, problem, answer, out| {
            show(problem, answer, out)
        });
    }
    let problem = args.problem(seed);
    let mut out = Out::stdout();
    let is_question = args.requests.is_none() && !args.solve;
    let answer = problem.solve().map_err(Failure::Usage)?;
    match (args.json, is_question) {
        (true, true) => out.json(&problem)?,
        (true, false) => out.json(&answer)?,
        (false, true) => {
            ask(&problem, &mut out)?;
            out.line("")?;
            out.line(
                "In which order are they served, and how far does the arm move? `-c` shows the answer.",
            )?;
        }
        (false, false) => {
            if args.requests.is_none() {
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
    let direction = if problem.direction == Direction::Up { "up" } else { "down" };
    out.line(&format!(
        "policy {}, cylinders 0 to {}, head at {} moving {direction}, requests for:",
        problem.policy,
        problem.cylinders - 1,
        problem.head
    ))?;
    for some in problem.requests.chunks(20) {
        let cylinders: Vec<String> = some.iter().map(u64::to_string).collect();
        out.line(&format!("  {}", cylinders.join(" ")))?;
    }
    Ok(())
}

/// Columns of the picture of the arm.
const PICTURE: u64 = 50;
/// Up to so many requests the arm is drawn.
const MOST_LINES: usize = 64;

fn show(problem: &Problem, answer: &Answer, out: &mut Out) -> Result<(), Failure> {
    if answer.steps.len() <= MOST_LINES {
        let last = problem.cylinders - 1;
        let width = last.to_string().len().max(4);
        let right = PICTURE as usize - 1;
        out.line(&format!("  {:>width$}  moves  0{last:>right$}", "serve"))?;
        out.line(&format!(
            "  {:>width$}      -  {}",
            problem.head,
            track(problem.head, None, last)
        ))?;
        for step in &answer.steps {
            let line = track(step.from, Some(step), last);
            out.line(&format!("  {:>width$} {:>6}  {line}", step.to, step.movement))?;
        }
        out.line("")?;
    }
    out.line(&format!(
        "  {}: {} requests, the arm moves across {} cylinders",
        answer.policy,
        answer.order.len(),
        answer.movement
    ))
}

/// The way of the arm across the disk: `o` where it serves, `-` where it passes, `|` at an edge where it turns.
fn track(from: u64, step: Option<&Step>, last: u64) -> String {
    let column = |cylinder: u64| {
        (u128::from(cylinder) * u128::from(PICTURE - 1) / u128::from(last.max(1))) as usize
    };
    let mut cells = vec![' '; PICTURE as usize];
    let Some(step) = step else {
        cells[column(from)] = 'o';
        return cells.into_iter().collect::<String>().trim_end().to_owned();
    };
    let stops = match step.turn {
        Turn::None => vec![from, step.to],
        Turn::At(edge) => vec![from, edge, step.to],
        Turn::Wrap(edge, start) => vec![from, edge, start, step.to],
    };
    for pair in stops.windows(2) {
        let (low, high) = (column(pair[0].min(pair[1])), column(pair[0].max(pair[1])));
        for cell in &mut cells[low..=high] {
            *cell = '-';
        }
    }
    for edge in &stops[1..stops.len() - 1] {
        cells[column(*edge)] = '|';
    }
    cells[column(step.to)] = 'o';
    cells.into_iter().collect::<String>().trim_end().to_owned()
}
