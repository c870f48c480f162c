//! `oscope alloc`: memory in blocks, by the kernel's own allocators.

use super::Failure;
use super::cases;
use super::out::Out;
use oscope_kernel::mm::block::{Block, Fit, Order, POLICIES};
use oscope_userland::workbench::alloc::{Answer, Deed, Problem, Step, check_op};

/// The options of `oscope alloc`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// first, best, worst, next, buddy or slab
    #[arg(long, default_value = "first", value_parser = policy)]
    policy: String,
    /// How much memory there is
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    size: u64,
    /// Where it begins
    #[arg(long, value_name = "N", default_value_t = 1000)]
    base: u64,
    /// How much of each block is its header
    #[arg(long, value_name = "N", default_value_t = 0)]
    header: u64,
    /// How the list of holes is ordered: addrsort, sizesort+, sizesort-, insert-front or insert-back
    #[arg(long, default_value = "addrsort", value_parser = order)]
    order: String,
    /// Join holes that are neighbours in the list and in memory; buddies always are joined
    #[arg(long)]
    coalesce: bool,
    /// Round sizes up to a multiple of this
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    align: Option<u64>,
    /// The requests, separated by commas: +SIZE, or -N for what request N got; without any, a problem is made from --seed
    #[arg(long, value_name = "OPS", value_delimiter = ',', allow_hyphen_values = true, value_parser = op)]
    ops: Option<Vec<String>>,
    /// Tie-breaking rules: textbook, ostep or linux
    #[arg(long, default_value = "textbook", value_parser = dialect)]
    dialect: String,
    /// Read problems from a JSON file: an object, or a list of them
    #[arg(long, value_name = "FILE", conflicts_with = "ops")]
    case: Option<String>,
    /// Show the solution of a problem that was made from --seed
    #[arg(short = 'c', long)]
    solve: bool,
    /// How many requests a problem made from --seed has
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=20_000))]
    count: u16,
    /// The largest request of a problem made from --seed
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    max_size: u64,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

fn policy(text: &str) -> Result<String, String> {
    cases::one_of("policy", text, &POLICIES)
}

fn order(text: &str) -> Result<String, String> {
    cases::one_of("order", text, &Order::ALL.map(|(name, _)| name))
}

fn dialect(text: &str) -> Result<String, String> {
    cases::one_of("dialect", text, &cases::DIALECTS)
}

fn op(text: &str) -> Result<String, String> {
    check_op(text).map(|()| text.to_owned())
}

impl Args {
    /// The problem that the options describe.
    fn problem(&self, seed: u64) -> Problem {
        let made = || Problem::random(seed, self.count.into(), self.max_size);
        Problem {
            dialect: Some(self.dialect.clone()),
            size: self.size,
            base: self.base,
            header: self.header,
            policy: self.policy.clone(),
            order: Some(self.order.clone()),
            coalesce: self.coalesce,
            align: self.align,
            ops: self.ops.clone().unwrap_or_else(made),
            ..Problem::default()
        }
    }
}

pub(super) fn alloc(args: &Args, seed: u64) -> Result<(), Failure> {
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
    let is_question = args.ops.is_none() && !args.solve;
    let answer = problem.solve().map_err(Failure::Usage)?;
    match (args.json, is_question) {
        (true, true) => out.json(&problem)?,
        (true, false) => out.json(&answer)?,
        (false, true) => {
            ask(&problem, &answer, &mut out)?;
            out.line("")?;
            out.line("What does each request get, and which holes are there then? `-c` shows the answer.")?;
        }
        (false, false) => show(&problem, &answer, &mut out)?,
    }
    out.finish()
}

/// The rules in words.
fn rules(problem: &Problem) -> String {
    let mut line = format!(
        "policy {}, memory from {} to {} ({})",
        problem.policy,
        problem.base,
        problem.base + problem.size,
        problem.size
    );
    if problem.header > 0 {
        line.push_str(&format!(", headers of {}", problem.header));
    }
    if matches!(problem.policy.as_str(), "buddy" | "slab") {
        return line;
    }
    if let Some(align) = problem.align {
        line.push_str(&format!(", sizes rounded up to multiples of {align}"));
    }
    let order = problem.order.as_deref().unwrap_or("addrsort");
    let joined = if problem.coalesce { "neighbours are joined" } else { "holes are not joined" };
    line.push_str(&format!(", list {order}, {joined}"));
    line
}

/// The question: the requests without what they get.
fn ask(problem: &Problem, answer: &Answer, out: &mut Out) -> Result<(), Failure> {
    out.line(&rules(problem))?;
    out.line("")?;
    for step in &answer.steps {
        out.line(&format!("  {}", request(step)))?;
    }
    Ok(())
}

/// A request as a program would write it.
fn request(step: &Step) -> String {
    let number = step.op.get(1..).unwrap_or_default();
    match step.deed {
        Deed::Cut { name, .. } | Deed::Failed { name } => format!("p{name} = alloc({number})"),
        Deed::Freed { .. } | Deed::Nothing => format!("free(p{number})"),
    }
}

fn show(problem: &Problem, answer: &Answer, out: &mut Out) -> Result<(), Failure> {
    out.line(&rules(problem))?;
    let all = vec![(problem.base, problem.size)];
    let mut before = Some(&all);
    for step in &answer.steps {
        out.line("")?;
        out.line(&format!("  {:<18} {}", request(step), deed(problem, step)))?;
        if let Some(why) = before.and_then(|before| why(problem, step, before)) {
            out.line(&format!("  {:<18} {why}", ""))?;
        }
        if let Some(free) = &step.free {
            out.line(&format!("  {:<18} free: {}", "", list(free)))?;
        }
        before = step.free.as_ref();
    }
    out.line("")?;
    let figures = &answer.figures;
    out.line(&format!(
        "  free {} in {} holes, the largest {}: external fragmentation {:.1} %",
        figures.free,
        figures.holes,
        figures.largest,
        answer.external_fragmentation * 100.0
    ))?;
    out.line(&format!(
        "  in blocks {}, asked for {}: internal fragmentation {:.1} %",
        figures.used,
        figures.asked,
        answer.internal_fragmentation * 100.0
    ))
}

/// Up to so many holes are named one by one.
const MOST_NAMED: usize = 8;

fn hole(address: u64, size: u64) -> String {
    format!("{address}+{size}")
}

fn list(free: &[(u64, u64)]) -> String {
    let shown: Vec<String> =
        free.iter().take(MOST_NAMED).map(|(address, size)| hole(*address, *size)).collect();
    match (free.len(), free.len().saturating_sub(MOST_NAMED)) {
        (0, _) => "nothing".to_owned(),
        (_, 0) => shown.join("  "),
        (_, more) => format!("{}  and {more} more", shown.join("  ")),
    }
}

/// What happened.
fn deed(problem: &Problem, step: &Step) -> String {
    let same = |one: Block, other: Block| one.size == other.size;
    match step.deed {
        Deed::Cut { block, hole: from, .. } => {
            let whole = if same(block, from) { "all of" } else { "the front of" };
            format!(
                "gets {}: {whole} the hole {}{}",
                hole(block.address, block.size),
                hole(from.address, from.size),
                sum(problem, step, block)
            )
        }
        Deed::Failed { .. } => "gets nothing: no hole is large enough".to_owned(),
        Deed::Freed { block, hole: now, .. } if same(block, now) => {
            format!("{} is a hole now", hole(block.address, block.size))
        }
        Deed::Freed { block, hole: now, .. } => format!(
            "{} is part of the hole {} now",
            hole(block.address, block.size),
            hole(now.address, now.size)
        ),
        Deed::Nothing => "that request got nothing, and there is nothing to give back".to_owned(),
    }
}

/// Why the block is larger than what was asked for.
fn sum(problem: &Problem, step: &Step, block: Block) -> String {
    let asked: u64 = step.op.get(1..).and_then(|digits| digits.parse().ok()).unwrap_or(0);
    if asked == block.size {
        return String::new();
    }
    let rounded = block.size.saturating_sub(asked.saturating_add(problem.header));
    let header =
        if problem.header > 0 { format!(" + header {}", problem.header) } else { String::new() };
    let rounded = if rounded > 0 { format!(" + rounding {rounded}") } else { String::new() };
    format!("   ({asked}{header}{rounded})")
}

/// Why this hole: what the search saw.
fn why(problem: &Problem, step: &Step, before: &[(u64, u64)]) -> Option<String> {
    let searched = step.searched?;
    if problem.policy == "buddy" {
        let Deed::Cut { block, hole, .. } = step.deed else {
            return Some(format!("looked at {searched} orders, from the smallest that would do"));
        };
        let halvings = hole.size.ilog2().saturating_sub(block.size.ilog2());
        return Some(match halvings {
            0 => format!("a free block of {} was there", block.size),
            n => format!(
                "no free block of {}: the smallest larger one, {}, was halved {n} {}",
                block.size,
                hole.size,
                if n == 1 { "time" } else { "times" }
            ),
        });
    }
    if problem.policy == "slab" {
        return Some(match (step.deed, searched) {
            (Deed::Cut { .. }, 1) => "a slab of this size had a free place".to_owned(),
            (Deed::Cut { .. }, _) => "a new slab, cut into places of this size".to_owned(),
            _ => "no slab of this size has a place, and there are no pages for one".to_owned(),
        });
    }
    let looked = format!("looked at {searched} of {} holes", before.len());
    let rule = match Fit::by_name(&problem.policy)? {
        Fit::First => "the first that is large enough",
        Fit::Next => "the first that is large enough, from where the last search ended",
        Fit::Best => "the smallest that is large enough",
        Fit::Worst => "the largest",
    };
    if matches!(step.deed, Deed::Failed { .. }) {
        return Some(looked);
    }
    Some(format!("{looked}: this is {rule}"))
}
