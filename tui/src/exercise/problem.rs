//! Problems that a seed makes, and the order of decisions that is their answer: who runs in which unit of time, which
//! page goes, which cylinder is next, where a block lies. The kernel's own policies decide, on the workbench.

use crate::lang::Lang;
use oscope_kernel::base::Rng;
use oscope_userland::workbench::{Units, alloc, disk, paging, sched};
use serde::Deserialize;

/// What a problem is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bench {
    /// Which job runs.
    #[default]
    Sched,
    /// Which page goes.
    Paging,
    /// Which request is next.
    Disk,
    /// Where a block lies.
    Alloc,
}

/// How an author wants problems to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recipe {
    /// What it is about.
    pub bench: Bench,
    /// Who decides.
    pub policy: String,
    /// How many jobs, references, requests.
    pub count: usize,
    /// The longest job, the last page, the largest request.
    pub most: u64,
    /// Frames of RAM; cylinders of a disk; bytes of memory.
    pub size: u64,
    /// The quantum, in units of time.
    pub quantum: u64,
    /// Jobs arrive one after the other.
    pub arrivals: bool,
}

/// A problem.
#[derive(Clone, Debug, PartialEq)]
pub enum Problem {
    /// Which job runs.
    Sched(sched::Problem),
    /// Which page goes.
    Paging(paging::Problem),
    /// Which request is next.
    Disk(disk::Problem),
    /// Where a block lies.
    Alloc(alloc::Problem),
}

/// The letter that stands for a job.
#[must_use]
pub fn letter(job: usize) -> String {
    let letter = ('A'..='Z').nth(job).unwrap_or('*');
    letter.to_string()
}

/// A number of whole units.
#[must_use]
pub const fn whole(units: Units) -> u64 {
    units.0 / 1_000_000_000
}

impl Recipe {
    /// The problem of a seed.
    #[must_use]
    pub fn make(&self, seed: u64) -> Problem {
        let seed = Rng::new(seed).split(0x00e5_0e5e).next_u64();
        let policy = self.policy.as_str();
        match self.bench {
            Bench::Sched => {
                let drawn = if self.arrivals { "stcf" } else { policy };
                let mut problem = sched::Problem::random(drawn, seed, self.count, self.most);
                policy.clone_into(&mut problem.policy);
                if self.quantum > 0 {
                    problem.quantum = Some(sched::OneOrMore::One(Units::whole(self.quantum)));
                }
                if self.arrivals {
                    // The first is there at once: a CPU that idles at first teaches nothing.
                    let first = problem.jobs.iter().map(|job| job.arrival.0).min().unwrap_or(0);
                    for job in &mut problem.jobs {
                        job.arrival.0 -= first;
                    }
                    problem.jobs.sort_by_key(|job| job.arrival);
                }
                Problem::Sched(problem)
            }
            Bench::Paging => {
                let frames = u32::try_from(self.size).unwrap_or(u32::MAX);
                Problem::Paging(paging::Problem::random(
                    policy, seed, frames, self.count, self.most,
                ))
            }
            Bench::Disk => {
                Problem::Disk(disk::Problem::random(policy, seed, self.size.max(1), self.count))
            }
            Bench::Alloc => Problem::Alloc(alloc::Problem {
                size: self.size,
                policy: policy.to_owned(),
                order: Some("addrsort".to_owned()),
                coalesce: true,
                ops: alloc::Problem::random(seed, self.count, self.most),
                ..alloc::Problem::default()
            }),
        }
    }
}

impl Problem {
    /// The same problem for another policy.
    #[must_use]
    pub fn with_policy(&self, policy: &str) -> Self {
        let mut other = self.clone();
        let name = match &mut other {
            Self::Sched(problem) => &mut problem.policy,
            Self::Paging(problem) => &mut problem.policy,
            Self::Disk(problem) => &mut problem.policy,
            Self::Alloc(problem) => &mut problem.policy,
        };
        policy.clone_into(name);
        other
    }

    /// What the kernel's policy decides, one word for each decision.
    ///
    /// # Errors
    /// What is wrong with the problem.
    pub fn order(&self) -> Result<Vec<String>, String> {
        match self {
            Self::Sched(problem) => {
                let answer = problem.solve(0)?;
                let end = answer.slices.iter().map(|slice| whole(slice.to)).max().unwrap_or(0);
                let mut order = vec!["-".to_owned(); usize::try_from(end).unwrap_or(0)];
                for slice in &answer.slices {
                    for unit in whole(slice.from)..whole(slice.to) {
                        if let Some(place) =
                            usize::try_from(unit).ok().and_then(|at| order.get_mut(at))
                        {
                            *place = letter(slice.job);
                        }
                    }
                }
                Ok(order)
            }
            Self::Paging(problem) => {
                let steps = problem.solve(0)?.steps;
                Ok(steps.iter().map(|step| paged(step.hit, step.evicted)).collect())
            }
            Self::Disk(problem) => Ok(problem.solve()?.order.iter().map(u64::to_string).collect()),
            Self::Alloc(problem) => {
                let steps = problem.solve()?.steps;
                let placed = steps.iter().filter_map(|step| step.address);
                Ok(placed.map(|at| at.map_or("fail".to_owned(), |at| at.to_string())).collect())
            }
        }
    }

    /// The question, as the workbench puts it.
    #[must_use]
    pub fn question(&self, lang: Lang) -> String {
        let list =
            |numbers: &[u64]| numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(" ");
        match (self, lang) {
            (Self::Sched(problem), _) => {
                let jobs = problem.jobs.iter().enumerate().map(|(at, job)| {
                    let (arrival, length) = (whole(job.arrival), whole(job.length));
                    match lang {
                        Lang::En => {
                            format!("  {}  arrives at {arrival}, needs {length}", letter(at))
                        }
                        Lang::Ko => format!("  {}  도착 {arrival}, 필요 {length}", letter(at)),
                    }
                });
                jobs.collect::<Vec<_>>().join("\n")
            }
            (Self::Paging(problem), Lang::En) => {
                format!("  frames      {}\n  references  {}", problem.frames, list(&problem.refs))
            }
            (Self::Paging(problem), Lang::Ko) => {
                format!("  프레임  {}\n  참조    {}", problem.frames, list(&problem.refs))
            }
            (Self::Disk(problem), Lang::En) => format!(
                "  cylinders  0 to {}\n  head       {}, moving {}\n  requests   {}",
                problem.cylinders.saturating_sub(1),
                problem.head,
                up_or_down(problem),
                list(&problem.requests)
            ),
            (Self::Disk(problem), Lang::Ko) => format!(
                "  실린더  0부터 {}까지\n  헤드    {}, 방향 {}\n  요청    {}",
                problem.cylinders.saturating_sub(1),
                problem.head,
                up_or_down(problem),
                list(&problem.requests)
            ),
            (Self::Alloc(problem), Lang::En) => {
                format!("  memory    0 to {}\n  requests  {}", problem.size, problem.ops.join(" "))
            }
            (Self::Alloc(problem), Lang::Ko) => {
                format!("  메모리  0부터 {}까지\n  요청    {}", problem.size, problem.ops.join(" "))
            }
        }
    }

    /// What a decision is about: `unit 3`, `reference 3 (page 7)`.
    #[must_use]
    pub fn place(&self, at: usize, lang: Lang) -> String {
        let number = at + 1;
        match (self, lang) {
            (Self::Sched(_), Lang::En) => format!("tick {at}"),
            (Self::Sched(_), Lang::Ko) => format!("{at}번째 틱"),
            (Self::Paging(problem), Lang::En) => {
                let page = problem.refs.get(at).copied().unwrap_or_default();
                format!("reference {number} (page {page})")
            }
            (Self::Paging(problem), Lang::Ko) => {
                let page = problem.refs.get(at).copied().unwrap_or_default();
                format!("{number}번째 참조 (페이지 {page})")
            }
            (Self::Disk(_) | Self::Alloc(_), Lang::En) => format!("request {number}"),
            (Self::Disk(_) | Self::Alloc(_), Lang::Ko) => format!("{number}번째 요청"),
        }
    }
}

const fn up_or_down(problem: &disk::Problem) -> &'static str {
    match problem.direction {
        disk::Direction::Up => "up",
        disk::Direction::Down => "down",
    }
}

/// What a reference to a page comes to: `hit`, `miss` into a free frame, or the page that goes.
#[must_use]
pub fn paged(hit: bool, evicted: Option<u64>) -> String {
    match evicted {
        _ if hit => "hit".to_owned(),
        None => "miss".to_owned(),
        Some(page) => page.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Bench, Recipe};

    #[test]
    fn a_seed_makes_one_problem_and_the_policy_its_answer() {
        let recipe = Recipe {
            bench: Bench::Sched,
            policy: "rr".to_owned(),
            count: 3,
            most: 6,
            quantum: 2,
            ..Recipe::default()
        };
        let problem = recipe.make(7);
        assert_eq!(problem, recipe.make(7));
        assert_ne!(problem, recipe.make(8));
        let order = problem.order().expect("a problem");
        assert!(order.iter().all(|who| ["A", "B", "C"].contains(&who.as_str())), "{order:?}");
        let same_work = problem.with_policy("fifo").order().expect("a problem");
        assert_eq!(order.len(), same_work.len());
    }
}
