//! Scheduling problems: jobs, a policy, and who ran when.

use super::Units;
use crate::bin::Builtins;
use oscope_kernel::base::{CpuId, Duration, Rng, Serial, Time};
use oscope_kernel::context::Dialect;
use oscope_kernel::event::{Event, SchedEvent, TaskEvent};
use oscope_kernel::hw::CostModel;
use oscope_kernel::machine::{Config, Machine, Start, Until};
use oscope_kernel::sched::{Level, POLICIES, Params, Reservation, Settings};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One number, or one for each level of a queue.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum OneOrMore<T> {
    /// One.
    One(T),
    /// Several.
    More(Vec<T>),
}

impl<T: Clone> OneOrMore<T> {
    /// The first one, if there is any.
    #[must_use]
    pub fn first(&self) -> Option<T> {
        match self {
            Self::One(one) => Some(one.clone()),
            Self::More(more) => more.first().cloned(),
        }
    }

    /// The one for a level; if there are not so many, the last one.
    #[must_use]
    pub fn at(&self, level: usize) -> Option<T> {
        match self {
            Self::One(one) => Some(one.clone()),
            Self::More(more) => more.get(level).or(more.last()).cloned(),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::More(more) => more.len(),
        }
    }
}

/// A job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// When it comes.
    #[serde(default)]
    pub arrival: Units,
    /// How long it computes.
    pub length: Units,
    /// After how much computing it waits for I/O; 0: never.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub io_every: Units,
    /// Its priority; smaller is more urgent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    /// Its lottery tickets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tickets: Option<u32>,
    /// Its nice value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nice: Option<i8>,
    /// For `edf`: how long after its arrival it should be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Units>,
}

fn is_zero(units: &Units) -> bool {
    *units == Units(0)
}

/// A problem, in the form of the files that `oscope sched --case` takes.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// Where it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The tie-breaking rules: `textbook`, `ostep`, `linux`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialect: Option<String>,
    /// The policy.
    pub policy: String,
    /// How many CPUs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpus: Option<u16>,
    /// The quantum, or that of each level, the most urgent first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantum: Option<OneOrMore<Units>>,
    /// `mlfq`: how many levels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queues: Option<u16>,
    /// `mlfq`: how many quanta a job may use on a level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allotment: Option<OneOrMore<u32>>,
    /// `mlfq`: how often all move to the top; 0: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boost: Option<Units>,
    /// How long I/O takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub io_time: Option<Units>,
    /// `mlfq`: whether a wait renews quantum and allotment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stay: Option<bool>,
    /// `mlfq`: whether who comes back from I/O goes to the head of its queue.
    #[serde(default, alias = "io_bump", skip_serializing_if = "Option::is_none")]
    pub iobump: Option<bool>,
    /// A priority for each job, if the jobs do not have their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priorities: Option<Vec<i32>>,
    /// Tickets for each job, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tickets: Option<Vec<u32>>,
    /// `priority`: how much waiting is worth a step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ageing: Option<Units>,
    /// `priority`: whether who is more urgent takes the CPU at once; it does unless told otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preemptive: Option<bool>,
    /// `cfs`: within what everybody should run once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<Units>,
    /// `cfs`: the shortest slice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granularity: Option<Units>,
    /// The jobs.
    pub jobs: Vec<Job>,
    /// What the answer should be, as far as somebody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expect>,
}

/// What an answer should be: what is left out may be anything.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// By job.
    #[serde(default)]
    pub jobs: Vec<BTreeMap<String, f64>>,
    /// Averages.
    #[serde(default)]
    pub average: BTreeMap<String, f64>,
}

/// What became of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JobAnswer {
    /// When it came.
    pub arrival: Units,
    /// How long it computed.
    pub length: Units,
    /// When it had a CPU for the first time.
    pub start: Units,
    /// When it was done.
    pub finish: Units,
    /// From arrival to start.
    pub response: Units,
    /// From arrival to finish.
    pub turnaround: Units,
    /// How long it was ready and had no CPU.
    pub wait: Units,
}

/// Means over all jobs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Average {
    /// Of the response times.
    pub response: f64,
    /// Of the turnaround times.
    pub turnaround: f64,
    /// Of the waiting times.
    pub wait: f64,
}

/// A stretch of time that a job had on a CPU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Slice {
    /// The CPU.
    pub cpu: u16,
    /// The job, by its place in the list.
    pub job: usize,
    /// From when.
    pub from: Units,
    /// Until when.
    pub to: Units,
}

/// What the kernel did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// The policy.
    pub policy: String,
    /// By job.
    pub jobs: Vec<JobAnswer>,
    /// Means.
    pub average: Average,
    /// The Gantt chart, in the order of time.
    pub slices: Vec<Slice>,
}

/// How many slices, waits and boosts a problem may come to: more would take minutes.
const MOST_STEPS: u64 = 5_000_000;

/// How many jobs a problem may have.
const MOST_JOBS: usize = 10_000;

impl Problem {
    fn dialect(&self) -> Result<Dialect, String> {
        let name = self.dialect.as_deref().unwrap_or("textbook");
        let known = Dialect::ALL.map(|dialect| dialect.name).join(", ");
        Dialect::by_name(name)
            .ok_or_else(|| format!("no dialect is called `{name}`: expected one of {known}"))
    }

    /// The policy with its figures, in a textbook's units.
    fn settings(&self, seed: u64) -> Result<Settings, String> {
        if !POLICIES.contains(&self.policy.as_str()) {
            let known = POLICIES.join(", ");
            let name: String = self.policy.chars().take(40).collect();
            return Err(format!("no policy is called `{name}`: expected one of {known}"));
        }
        let quantum = self.quantum.as_ref().and_then(OneOrMore::first);
        let quanta = self.quantum.iter().flat_map(|quantum| match quantum {
            OneOrMore::One(one) => std::slice::from_ref(one),
            OneOrMore::More(more) => more,
        });
        if quanta.into_iter().any(|quantum| quantum.0 == 0) {
            return Err("a quantum is 0: expected more than nothing".to_owned());
        }
        let or =
            |given: Option<Units>, default: u64| given.unwrap_or(Units::whole(default)).duration();
        let mut settings = Settings {
            policy: self.policy.clone(),
            boost: or(self.boost, 0),
            stay: self.stay.unwrap_or(false),
            io_bump: self.iobump.unwrap_or(false),
            ageing: self.ageing.filter(|ageing| ageing.0 > 0).map(Units::duration),
            preemptive: self.preemptive.unwrap_or(true),
            // OSTEP, chapter 9.
            latency: or(self.latency, 48),
            granularity: or(self.granularity, 6),
            base_slice: or(quantum, 3),
            seed,
            ..Settings::default()
        };
        settings.quantum = match self.policy.as_str() {
            "priority" => quantum.map(Units::duration),
            "mlfq" => Some(or(quantum, 10)),
            _ => Some(or(quantum, 1)),
        };
        if self.policy == "mlfq" {
            settings.levels = self.levels()?;
        }
        Ok(settings)
    }

    fn levels(&self) -> Result<Vec<Level>, String> {
        let quanta = self.quantum.as_ref().map_or(0, OneOrMore::len);
        let allotments = self.allotment.as_ref().map_or(0, OneOrMore::len);
        let given = if quanta.max(allotments) > 1 { quanta.max(allotments) } else { 3 };
        // A case with lists of one number each means one level.
        let lists = matches!(self.quantum, Some(OneOrMore::More(_)));
        let levels = match self.queues {
            Some(levels) => usize::from(levels),
            None if lists => quanta.max(allotments),
            None => given,
        };
        if !(1..=1000).contains(&levels) {
            return Err(format!("{levels} queues: expected 1 to 1000"));
        }
        let fits = |n: usize| n <= 1 || n == levels;
        if !fits(quanta) || !fits(allotments) {
            return Err(format!(
                "{levels} queues, but {quanta} quanta and {allotments} allotments: expected one, or one for each"
            ));
        }
        let level = |n: usize| Level {
            quantum: self
                .quantum
                .as_ref()
                .and_then(|quantum| quantum.at(n))
                .unwrap_or(Units::whole(10))
                .duration(),
            allotment: self.allotment.as_ref().and_then(|a| a.at(n)).unwrap_or(1).max(1),
        };
        Ok((0..levels).map(level).collect())
    }

    /// Refuses what would take for ever.
    fn check(&self, settings: &Settings) -> Result<(), String> {
        if self.jobs.is_empty() {
            return Err("no jobs: expected at least one".to_owned());
        }
        if self.jobs.len() > MOST_JOBS {
            return Err(format!("{} jobs: expected at most {MOST_JOBS}", self.jobs.len()));
        }
        let cpus = self.cpus.unwrap_or(1);
        if !(1..=1024).contains(&cpus) {
            return Err(format!("{cpus} CPUs: expected 1 to 1024"));
        }
        let length: u64 = self.jobs.iter().fold(0, |sum, job| sum.saturating_add(job.length.0));
        let latest = self.jobs.iter().map(|job| job.arrival.0).max().unwrap_or(0);
        let levels = settings.levels.iter().map(|level| level.quantum);
        let shortest = match self.policy.as_str() {
            "fifo" | "sjf" | "stcf" | "edf" => None,
            "cfs" => Some(settings.granularity),
            "eevdf" => Some(settings.base_slice),
            "mlfq" => levels.min(),
            _ => settings.quantum,
        };
        let shortest = shortest.map_or(u64::MAX, |time| time.0.max(1));
        // Virtual time passes up to 341 times as fast as time.
        let is_fair = matches!(self.policy.as_str(), "cfs" | "eevdf");
        let longest = if is_fair { u64::MAX / 2048 } else { u64::MAX / 4 };
        let waits =
            self.jobs.iter().map(|job| job.length.0.checked_div(job.io_every.0).unwrap_or(0));
        let waits = waits.fold(0u64, u64::saturating_add);
        let io = waits.saturating_mul(self.io_time.unwrap_or(Units::whole(5)).0);
        let end = length.saturating_add(latest).saturating_add(io);
        let boosts = end.checked_div(settings.boost.0).unwrap_or(0);
        if end > longest {
            return Err("the jobs take longer than a clock can count".to_owned());
        }
        if (length / shortest).saturating_add(waits).saturating_add(boosts) > MOST_STEPS {
            return Err(format!(
                "that comes to more than {MOST_STEPS} slices, waits and boosts: expected shorter jobs or a longer quantum"
            ));
        }
        Ok(())
    }

    /// What a job asks for.
    fn start(&self, job: &Job) -> Result<Start, String> {
        let io = self.io_time.unwrap_or(Units::whole(5)).0.to_string();
        let arguments = [job.length.0.to_string(), job.io_every.0.to_string(), io];
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut start = Start::new("job", &arguments);
        start.time = Time::ZERO + job.arrival.duration();
        let nice = job.nice.unwrap_or(0);
        if !(-20..=19).contains(&nice) {
            return Err(format!("nice {nice}: expected -20 to 19"));
        }
        let mut params = Params::with_nice(nice);
        params.priority = job.priority.unwrap_or(params.priority);
        params.tickets =
            job.tickets.unwrap_or(if job.nice.is_some() { params.tickets } else { 100 });
        params.length = Some(job.length.duration());
        if let Some(deadline) = job.deadline {
            let (deadline, runtime) = (deadline.duration(), job.length.duration());
            params.reservation = Reservation { runtime, deadline, period: deadline.max(runtime) };
        }
        Ok(Start { params, ..start })
    }

    /// Lets the kernel solve it. `seed` is where the draws of `lottery` come from.
    ///
    /// # Errors
    /// What is wrong with the problem, and what was expected.
    pub fn solve(&self, seed: u64) -> Result<Answer, String> {
        let settings = self.settings(seed)?;
        self.check(&settings)?;
        let mut config = Config::new("workbench", Arc::new(Builtins::default()));
        config.cpus = self.cpus.unwrap_or(1);
        config.frames = 4096 + 64 * self.jobs.len() as u32;
        config.scheduler = settings;
        config.costs = CostModel::zero();
        config.dialect = self.dialect()?;
        config.interleave = Duration::ZERO;
        config.log_keep = u64::MAX;
        let lists = [self.priorities.as_ref().map(Vec::len), self.tickets.as_ref().map(Vec::len)];
        if let Some(length) = lists.into_iter().flatten().find(|&length| length != self.jobs.len())
        {
            let jobs = self.jobs.len();
            return Err(format!("a list of {length} for {jobs} jobs: expected one for each"));
        }
        for (n, job) in self.jobs.iter().enumerate() {
            let mut job = job.clone();
            let listed = |list: Option<&Vec<i32>>| list.and_then(|list| list.get(n)).copied();
            job.priority = job.priority.or_else(|| listed(self.priorities.as_ref()));
            let tickets = self.tickets.as_ref().and_then(|list| list.get(n)).copied();
            job.tickets = job.tickets.or(tickets);
            config.programs.push(self.start(&job)?);
        }
        let mut machine = Machine::boot(config).map_err(|error| error.to_string())?;
        machine.run(Until { idle: false, ..Until::time(Time::MAX) });
        self.answer(&machine)
    }

    /// Reads the answer off the event log.
    fn answer(&self, machine: &Machine) -> Result<Answer, String> {
        // Those who come at the same time are started in the order of the list.
        let mut order: Vec<usize> = (0..self.jobs.len()).collect();
        order.sort_by_key(|&job| self.jobs[job].arrival);
        let mut order = order.into_iter();
        let mut of: BTreeMap<Serial, usize> = BTreeMap::new();
        let mut runs: Vec<Run> = vec![Run::default(); self.jobs.len()];
        let mut on: BTreeMap<CpuId, (usize, Time)> = BTreeMap::new();
        let mut slices = Vec::new();
        for (_, record) in machine.log().since(0) {
            let now = record.stamp.time;
            match record.event {
                Event::Task(TaskEvent::Start { child, .. }) => {
                    if let Some(job) = order.next() {
                        of.insert(child, job);
                    }
                }
                Event::Task(TaskEvent::Exit { .. }) => {
                    if let Some(&job) = of.get(&record.stamp.thread) {
                        runs[job].finish = Some(now);
                    }
                }
                Event::Sched(SchedEvent::Ready { thread, .. }) => {
                    if let Some(&job) = of.get(&thread) {
                        runs[job].ready.get_or_insert(now);
                    }
                }
                Event::Sched(SchedEvent::Switch { from, to, why }) => {
                    if let Some((job, since)) = on.remove(&record.stamp.cpu) {
                        // A stretch of no length is no slice: it began and ended with something at one moment.
                        if since < now {
                            let (from, to) = (Units(since.0), Units(now.0));
                            slices.push(Slice { cpu: record.stamp.cpu.0, job, from, to });
                        }
                    }
                    if let Some(&job) = of.get(&from)
                        && why.is_still_ready()
                    {
                        runs[job].ready.get_or_insert(now);
                    }
                    if let Some(&job) = of.get(&to) {
                        on.insert(record.stamp.cpu, (job, now));
                        runs[job].start.get_or_insert(now);
                        if let Some(since) = runs[job].ready.take() {
                            runs[job].waited += now.since(since);
                        }
                    }
                }
                _ => {}
            }
        }
        let jobs = self.jobs.iter().zip(&runs);
        let jobs: Option<Vec<JobAnswer>> = jobs.map(|(job, run)| run.answer(job)).collect();
        let jobs = jobs.ok_or("a job was not finished")?;
        slices.sort_by_key(|slice| (slice.from, slice.cpu));
        let mean = |of: fn(&JobAnswer) -> Units| {
            let sum: u128 = jobs.iter().map(|job| u128::from(of(job).0)).sum();
            sum as f64 / 1e9 / jobs.len() as f64
        };
        let average = Average {
            response: mean(|job| job.response),
            turnaround: mean(|job| job.turnaround),
            wait: mean(|job| job.wait),
        };
        Ok(Answer { policy: self.policy.clone(), jobs, average, slices })
    }

    /// A problem of the kind that a book would ask: `jobs` jobs of at most `longest` units.
    #[must_use]
    pub fn random(policy: &str, seed: u64, jobs: usize, longest: u64) -> Self {
        let mut rng = Rng::new(seed);
        let spread_out = matches!(policy, "stcf" | "mlfq" | "edf");
        let jobs = (0..jobs.clamp(1, MOST_JOBS)).map(|_| {
            let length = Units::whole(1 + rng.below(longest.max(1)));
            let arrival =
                if spread_out { Units::whole(rng.below(longest.max(1))) } else { Units(0) };
            Job {
                arrival,
                length,
                priority: (policy == "priority").then(|| 1 + rng.below(5) as i32),
                tickets: matches!(policy, "lottery" | "stride")
                    .then(|| 10 * (1 + rng.below(10) as u32)),
                nice: matches!(policy, "cfs" | "eevdf").then(|| rng.below(11) as i8 - 5),
                deadline: (policy == "edf")
                    .then(|| Units(length.0 + Units::whole(rng.below(3 * longest.max(1))).0)),
                ..Job::default()
            }
        });
        Self { policy: policy.to_owned(), jobs: jobs.collect(), ..Self::default() }
    }
}

/// What the log says about a job.
#[derive(Clone, Default)]
struct Run {
    ready: Option<Time>,
    start: Option<Time>,
    finish: Option<Time>,
    waited: Duration,
}

impl Run {
    fn answer(&self, job: &Job) -> Option<JobAnswer> {
        let (start, finish) = (Units(self.start?.0), Units(self.finish?.0));
        Some(JobAnswer {
            arrival: job.arrival,
            length: job.length,
            start,
            finish,
            response: Units(start.0 - job.arrival.0),
            turnaround: Units(finish.0 - job.arrival.0),
            wait: Units(self.waited.0),
        })
    }
}

/// How far an answer may be from what was expected: books round to six digits.
const TOLERANCE: f64 = 1e-6;

impl Answer {
    /// What differs from what was expected, in words; nothing if all is well.
    #[must_use]
    pub fn differences(&self, expect: &Expect) -> Vec<String> {
        let mut differences = Vec::new();
        if !expect.jobs.is_empty() && expect.jobs.len() != self.jobs.len() {
            differences.push(format!(
                "expected {} jobs, and there are {}",
                expect.jobs.len(),
                self.jobs.len()
            ));
        }
        let mut compare = |what: String, expected: f64, got: Option<f64>| match got {
            Some(got) if (got - expected).abs() <= TOLERANCE => {}
            Some(got) => differences.push(format!("{what}: expected {expected}, got {got}")),
            None => differences.push(format!("{what}: nothing of that name is in the answer")),
        };
        for (n, (expected, job)) in expect.jobs.iter().zip(&self.jobs).enumerate() {
            for (key, &value) in expected {
                let got = match key.as_str() {
                    "arrival" => Some(job.arrival),
                    "length" => Some(job.length),
                    "start" => Some(job.start),
                    "finish" => Some(job.finish),
                    "response" => Some(job.response),
                    "turnaround" => Some(job.turnaround),
                    "wait" => Some(job.wait),
                    _ => None,
                };
                compare(format!("job {n}, {key}"), value, got.map(Units::as_f64));
            }
        }
        for (key, &value) in &expect.average {
            let got = match key.as_str() {
                "response" => Some(self.average.response),
                "turnaround" => Some(self.average.turnaround),
                "wait" => Some(self.average.wait),
                _ => None,
            };
            compare(format!("average {key}"), value, got);
        }
        differences
    }
}
