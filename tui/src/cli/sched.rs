//! `oscope sched`: scheduling problems, solved by the kernel.

use super::Failure;
use super::cases;
use super::gantt;
use super::out::Out;
use oscope_kernel::sched::POLICIES;
use oscope_userland::workbench::Units;
use oscope_userland::workbench::sched::{Answer, Job, OneOrMore, Problem};
use std::str::FromStr;

/// The options of `oscope sched`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// fifo, sjf, stcf, rr, priority, mlfq, lottery, stride, cfs, eevdf or edf
    #[arg(long, default_value = "fifo", value_parser = policy)]
    policy: String,
    /// The jobs as ARRIVAL:LENGTH[:IO_EVERY] or LENGTH, separated by commas; without any, a problem is made from --seed
    #[arg(long, value_name = "JOBS", value_delimiter = ',', value_parser = job)]
    jobs: Option<Vec<Job>>,
    /// Tie-breaking rules: textbook, ostep or linux
    #[arg(long, default_value = "textbook", value_parser = dialect)]
    dialect: String,
    /// How many CPUs
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    cpus: u16,
    /// How long a job runs before others get a turn; for mlfq one for each queue, the most urgent first
    #[arg(long, value_name = "N[,N…]", value_delimiter = ',', value_parser = units)]
    quantum: Option<Vec<Units>>,
    /// priority: a number for each job, smaller is more urgent
    #[arg(long, value_name = "N,N…", value_delimiter = ',', allow_hyphen_values = true)]
    priorities: Option<Vec<i32>>,
    /// lottery, stride: tickets for each job
    #[arg(long, value_name = "N,N…", value_delimiter = ',')]
    tickets: Option<Vec<u32>>,
    /// cfs, eevdf: a nice value for each job
    #[arg(long, value_name = "N,N…", value_delimiter = ',', allow_hyphen_values = true)]
    nice: Option<Vec<i8>>,
    /// edf: how long after its arrival each job should be done
    #[arg(long, value_name = "N,N…", value_delimiter = ',', value_parser = units)]
    deadlines: Option<Vec<Units>>,
    /// mlfq: how many queues
    #[arg(long, value_name = "N")]
    queues: Option<u16>,
    /// mlfq: how many quanta a job may use on a queue; one number for each, or one for all
    #[arg(long, value_name = "N[,N…]", value_delimiter = ',')]
    allotment: Option<Vec<u32>>,
    /// mlfq: how often all jobs move to the top queue
    #[arg(long, value_name = "N", value_parser = units)]
    boost: Option<Units>,
    /// How long I/O takes
    #[arg(long, value_name = "N", value_parser = units)]
    io_time: Option<Units>,
    /// mlfq: a wait renews quantum and allotment
    #[arg(long)]
    stay: bool,
    /// mlfq: who comes back from I/O goes to the head of its queue
    #[arg(long)]
    io_bump: bool,
    /// priority: how much waiting is worth one step of priority
    #[arg(long, value_name = "N", value_parser = units)]
    ageing: Option<Units>,
    /// priority: whoever runs is not interrupted by somebody more urgent
    #[arg(long)]
    non_preemptive: bool,
    /// cfs: within what every job should run once
    #[arg(long, value_name = "N", value_parser = units)]
    latency: Option<Units>,
    /// cfs: the shortest slice
    #[arg(long, value_name = "N", value_parser = units)]
    granularity: Option<Units>,
    /// Read problems from a JSON file: an object, or a list of them
    #[arg(long, value_name = "FILE", conflicts_with = "jobs")]
    case: Option<String>,
    /// Show the solution of a problem that was made from --seed
    #[arg(short = 'c', long)]
    solve: bool,
    /// How many jobs a problem made from --seed has
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=1000))]
    count: u16,
    /// The longest job of a problem made from --seed
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    max_length: u64,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

fn units(text: &str) -> Result<Units, String> {
    text.parse()
}

fn policy(text: &str) -> Result<String, String> {
    cases::one_of("policy", text, &POLICIES)
}

fn dialect(text: &str) -> Result<String, String> {
    cases::one_of("dialect", text, &cases::DIALECTS)
}

/// ARRIVAL:LENGTH[:IO_EVERY], or LENGTH alone.
fn job(text: &str) -> Result<Job, String> {
    let parts: Result<Vec<Units>, String> = text.split(':').map(Units::from_str).collect();
    let job = match parts?.as_slice() {
        [length] => Job { length: *length, ..Job::default() },
        [arrival, length] => Job { arrival: *arrival, length: *length, ..Job::default() },
        [arrival, length, io_every] => {
            Job { arrival: *arrival, length: *length, io_every: *io_every, ..Job::default() }
        }
        _ => return Err("expected ARRIVAL:LENGTH[:IO_EVERY], such as 0:10 or 2:8:3".to_owned()),
    };
    Ok(job)
}

/// Gives each job its value from a list.
fn spread<T: Copy>(
    option: &str,
    values: Option<&Vec<T>>,
    jobs: &mut [Job],
    place: impl Fn(&mut Job) -> &mut Option<T>,
) -> Result<(), Failure> {
    let Some(values) = values else { return Ok(()) };
    if values.len() != jobs.len() {
        return Err(Failure::Usage(format!(
            "{option} has {} values for {} jobs; expected one for each",
            values.len(),
            jobs.len()
        )));
    }
    for (job, value) in jobs.iter_mut().zip(values) {
        *place(job) = Some(*value);
    }
    Ok(())
}

fn one_or_more<T: Clone>(list: Option<&Vec<T>>) -> Option<OneOrMore<T>> {
    match list?.as_slice() {
        [one] => Some(OneOrMore::One(one.clone())),
        more => Some(OneOrMore::More(more.to_vec())),
    }
}

impl Args {
    /// The problem that the options describe.
    fn problem(&self, seed: u64) -> Result<Problem, Failure> {
        let made = || Problem::random(&self.policy, seed, self.count.into(), self.max_length).jobs;
        let mut jobs = self.jobs.clone().unwrap_or_else(made);
        let list = jobs.as_mut_slice();
        spread("--priorities", self.priorities.as_ref(), list, |job| &mut job.priority)?;
        spread("--tickets", self.tickets.as_ref(), list, |job| &mut job.tickets)?;
        spread("--nice", self.nice.as_ref(), list, |job| &mut job.nice)?;
        spread("--deadlines", self.deadlines.as_ref(), list, |job| &mut job.deadline)?;
        Ok(Problem {
            dialect: Some(self.dialect.clone()),
            policy: self.policy.clone(),
            cpus: (self.cpus > 1).then_some(self.cpus),
            quantum: one_or_more(self.quantum.as_ref()),
            queues: self.queues,
            allotment: one_or_more(self.allotment.as_ref()),
            boost: self.boost,
            io_time: self.io_time,
            stay: self.stay.then_some(true),
            iobump: self.io_bump.then_some(true),
            ageing: self.ageing,
            preemptive: self.non_preemptive.then_some(false),
            latency: self.latency,
            granularity: self.granularity,
            jobs,
            ..Problem::default()
        })
    }
}

pub(super) fn sched(args: &Args, seed: u64) -> Result<(), Failure> {
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
    let problem = args.problem(seed)?;
    let mut out = Out::stdout();
    let is_question = args.jobs.is_none() && !args.solve;
    let answer = problem.solve(seed).map_err(Failure::Usage)?;
    match (args.json, is_question) {
        (true, true) => out.json(&problem)?,
        (true, false) => out.json(&answer)?,
        (false, true) => {
            ask(&problem, &mut out)?;
            out.line("")?;
            out.line(
                "When does each job begin and end? How long does it wait? `-c` shows the answer.",
            )?;
        }
        (false, false) => {
            if args.jobs.is_none() {
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
    out.line(&format!("policy {}, {} jobs:", problem.policy, problem.jobs.len()))?;
    for (n, job) in problem.jobs.iter().enumerate() {
        let mut line = format!(
            "  {}  arrives at {:>3}  computes for {:>3}",
            gantt::letter(n),
            job.arrival,
            job.length
        );
        let mut also = |label: &str, value: Option<String>| {
            if let Some(value) = value {
                line.push_str(&format!("  {label} {value}"));
            }
        };
        also("priority", job.priority.map(|n| n.to_string()));
        also("tickets", job.tickets.map(|n| n.to_string()));
        also("nice", job.nice.map(|n| n.to_string()));
        also("deadline after", job.deadline.map(|n| n.to_string()));
        out.line(&line)?;
    }
    Ok(())
}

/// The answer.
fn show(problem: &Problem, answer: &Answer, out: &mut Out) -> Result<(), Failure> {
    for line in gantt::chart(answer, problem.cpus.unwrap_or(1)) {
        out.line(&line)?;
    }
    out.line("")?;
    out.line("  job  arrival   length    start   finish  response  turnaround     wait")?;
    for (n, job) in answer.jobs.iter().enumerate() {
        out.line(&format!(
            "  {:<4}{:>8} {:>8} {:>8} {:>8} {:>9} {:>11} {:>8}",
            gantt::letter(n),
            job.arrival,
            job.length,
            job.start,
            job.finish,
            job.response,
            job.turnaround,
            job.wait
        ))?;
    }
    let mean = &answer.average;
    out.line(&format!(
        "  {:<40}{:>9.2} {:>11.2} {:>8.2}",
        "average", mean.response, mean.turnaround, mean.wait
    ))?;
    let of = gantt::figures(answer, problem.cpus.unwrap_or(1));
    out.line(&format!(
        "  CPU used {:.1} %, {:.4} jobs per unit of time, {} context switches, fairness (Jain) {:.3}",
        of.utilisation * 100.0,
        of.throughput,
        of.switches,
        of.fairness
    ))
}
