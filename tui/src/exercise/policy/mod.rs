//! Programs that decide: who runs, which page goes, which request is next, where a block lies.
//!
//! A program reads a line for each decision and prints a line with what it decides; `docs/exercises.md` has the protocol.
//! The problem's state is kept here, and the kernel's own policy has solved it before: the program sees only what a policy
//! may see, and its answers are compared one by one. So nothing that it prints is believed but a decision, and the first one
//! that differs is where its run ends.

use super::child::{Child, Limits, Stop};
use super::compile::Program;
use super::file::{Check, Exercise};
use super::judge::{self, Finding, Verdict};
use super::problem::{Problem, letter, paged, whole};
use super::shelf::Folder;
use crate::lang::Lang;
use crate::text::clean;
use oscope_kernel::base::Rng;
use serde_json::{Value as Json, json};

/// Seeds of the problems that everybody gets.
const OPEN: [u64; 5] = [1, 2, 3, 4, 5];

/// How many more a teacher's seed makes.
const HIDDEN: u64 = 5;

/// Judges a program. `hidden` makes more problems, which the student has not seen.
///
/// # Errors
/// What is wrong with the exercise.
pub fn judge(
    folder: &Folder,
    exercise: &Exercise,
    (name, text): (&str, &str),
    hidden: Option<u64>,
    lang: Lang,
) -> Result<Verdict, String> {
    let max = exercise.points();
    let check = exercise.check.first().ok_or("expected a check")?;
    let program = match Program::prepare(name, text) {
        Ok(program) => program,
        Err((id, why)) => return Ok(Verdict::nothing(&folder.name, max, id, why)),
    };
    let mut seeds = OPEN.to_vec();
    if let Some(hidden) = hidden {
        let mut chance = Rng::new(hidden).split(0x71dd);
        seeds.extend((0..HIDDEN).map(|_| chance.next_u64()));
    }
    let mut child = program.start(Limits::RUN).map_err(|error| format!("{name}: {error}"))?;
    let (mut right, mut found) = (0, Vec::new());
    let mut stop = None;
    for (number, seed) in (1..).zip(&seeds) {
        let problem = judge::problem(exercise, *seed).ok_or("expected a problem")?;
        let mut play =
            Play { child: &mut child, problem, given: Vec::new(), situation: String::new() };
        match play.play(number) {
            Ok(order) => match play.compare(&order, check, lang)? {
                None => right += 1,
                Some(finding) => found.push(finding),
            },
            Err(why) => {
                stop = Some((why, number));
                break;
            }
        }
    }
    let complaints = child.finish();
    if let Some((why, number)) = stop {
        found.insert(0, stopped(why, number, &complaints, lang));
    }
    let share = |points: u32| points * right / u32::try_from(seeds.len()).unwrap_or(1).max(1);
    let points = if found.is_empty() { max } else { share(max) };
    if let Some(first) = found.first_mut() {
        first.points = max - points;
    }
    found.truncate(1);
    Ok(Verdict { exercise: folder.name.clone(), points, max, unreadable: false, findings: found })
}

fn stopped(why: Stop, number: usize, complaints: &str, lang: Lang) -> Finding {
    let (id, sentence) = match (why, lang) {
        (Stop::Ended, Lang::En) => {
            ("ended-early", format!("Your program ended in problem {number} while it was asked."))
        }
        (Stop::Ended, Lang::Ko) => {
            ("ended-early", format!("문제 {number}에서 질문을 받는 중에 프로그램이 끝났습니다."))
        }
        (Stop::Late, Lang::En) => (
            "too-late",
            format!("Your program gave no answer in problem {number}: the time is over."),
        ),
        (Stop::Late, Lang::Ko) => {
            ("too-late", format!("문제 {number}에서 답이 없었습니다. 시간이 다 되었습니다."))
        }
        (Stop::Flood, Lang::En) => (
            "flood",
            format!(
                "Your program printed a line in problem {number} that is no answer: it has no end."
            ),
        ),
        (Stop::Flood, Lang::Ko) => {
            ("flood", format!("문제 {number}에서 끝이 없는 줄을 찍었습니다. 답이 아닙니다."))
        }
    };
    let last = complaints.lines().rev().find(|line| !line.trim().is_empty());
    let picture = last.map(|line| format!("  {}", clean(line))).into_iter().collect();
    Finding { id: id.to_owned(), sentence, picture, ..Finding::default() }
}

/// One problem.
struct Play<'c> {
    child: &'c mut Child,
    problem: Problem,
    given: Vec<String>,
    /// What there was to choose from at the last decision, in words.
    situation: String,
}

impl Play<'_> {
    /// Asks until a decision differs, or all is decided. The kernel's own decisions.
    fn play(&mut self, number: usize) -> Result<Vec<String>, Stop> {
        let right = self.problem.order().unwrap_or_default();
        for (at, (mut question, forced)) in questions(&self.problem, &right).into_iter().enumerate()
        {
            if at == 0 {
                self.child.tell(beginning(&self.problem, number).to_string())?;
            }
            let Some(wanted) = right.get(at) else { break };
            if let Json::Object(object) = &mut question {
                object.insert("ask".to_owned(), json!(!forced));
            }
            self.situation = question.to_string();
            if forced {
                self.child.tell(question.to_string())?;
                self.given.push(wanted.clone());
                continue;
            }
            let answer = self.child.ask(question.to_string())?;
            let decided = decision(&self.problem, &answer);
            let is_right = decided.eq_ignore_ascii_case(wanted);
            self.given.push(decided);
            if !is_right {
                break;
            }
        }
        Ok(right)
    }

    fn compare(
        &self,
        right: &[String],
        check: &Check,
        lang: Lang,
    ) -> Result<Option<Finding>, String> {
        if self.given == right {
            return Ok(None);
        }
        let mut all = check.clone();
        // A policy that decides the same so far is the likely thought.
        for mistake in &check.mistake {
            let Some(policy) = &mistake.policy else { continue };
            let other = self.problem.with_policy(policy).order()?;
            if other.len() >= self.given.len() && other.iter().zip(&self.given).all(|(a, b)| a == b)
            {
                all.id.clone_from(&mistake.id);
                all.say.clone_from(&mistake.say);
                break;
            }
        }
        all.mistake.clear();
        let mut finding = judge::order(&self.problem, right, &self.given, &all, lang)?;
        if let Some(finding) = &mut finding {
            finding.picture.push(format!("  {}", clean(&self.situation)));
        }
        Ok(finding)
    }
}

/// The line with which a problem begins.
fn beginning(problem: &Problem, number: usize) -> Json {
    match problem {
        Problem::Sched(problem) => {
            let quantum = problem.quantum.as_ref().and_then(|quantum| quantum.first());
            json!({"problem": number, "quantum": quantum.map_or(0, whole)})
        }
        Problem::Paging(problem) => json!({"problem": number, "frames": problem.frames}),
        Problem::Disk(problem) => {
            let up = problem.direction == oscope_userland::workbench::disk::Direction::Up;
            json!({"problem": number, "cylinders": problem.cylinders, "up": i32::from(up)})
        }
        Problem::Alloc(problem) => json!({"problem": number, "size": problem.size}),
    }
}

/// What is asked at each decision, if all before it were the kernel's; and whether there is nothing to decide.
fn questions(problem: &Problem, right: &[String]) -> Vec<(Json, bool)> {
    match problem {
        Problem::Sched(problem) => {
            let mut left: Vec<u64> = problem.jobs.iter().map(|job| whole(job.length)).collect();
            let mut asked = Vec::new();
            for (now, who) in (0_u64..).zip(right) {
                let there = |at: usize| {
                    let job = problem.jobs.get(at);
                    job.is_some_and(|job| whole(job.arrival) <= now)
                        && left.get(at).is_some_and(|l| *l > 0)
                };
                let ready: Vec<usize> = (0..left.len()).filter(|at| there(*at)).collect();
                let numbers =
                    |of: &dyn Fn(usize) -> u64| ready.iter().map(|at| of(*at)).collect::<Vec<_>>();
                let names: Vec<String> = ready.iter().map(|at| letter(*at)).collect();
                let arrival = |at: usize| problem.jobs.get(at).map_or(0, |job| whole(job.arrival));
                let line = json!({
                    "now": now, "ready": names,
                    "left": numbers(&|at| left.get(at).copied().unwrap_or(0)),
                    "arrival": numbers(&arrival),
                });
                asked.push((line, ready.is_empty()));
                if let Some(at) = (0..left.len()).find(|at| letter(*at) == *who)
                    && let Some(rest) = left.get_mut(at)
                {
                    *rest = rest.saturating_sub(1);
                }
            }
            asked
        }
        Problem::Paging(problem) => {
            let mut pages: Vec<u64> = Vec::new();
            let mut asked = Vec::new();
            for (page, word) in problem.refs.iter().zip(right) {
                let (hit, miss) = (word == &paged(true, None), word == &paged(false, None));
                let line = json!({"page": page, "hit": i32::from(hit), "pages": pages});
                asked.push((line, hit || miss));
                if let Some(gone) =
                    word.parse().ok().and_then(|gone: u64| pages.iter().position(|p| *p == gone))
                {
                    pages.remove(gone);
                }
                if !hit {
                    pages.push(*page);
                }
            }
            asked
        }
        Problem::Disk(problem) => {
            let mut waiting = problem.requests.clone();
            let mut head = problem.head;
            let mut asked = Vec::new();
            for next in right.iter().filter_map(|word| word.parse::<u64>().ok()) {
                asked.push((json!({"head": head, "waiting": waiting}), false));
                if let Some(at) = waiting.iter().position(|request| *request == next) {
                    waiting.remove(at);
                }
                head = next;
            }
            asked
        }
        Problem::Alloc(problem) => allocations(problem),
    }
}

fn allocations(problem: &oscope_userland::workbench::alloc::Problem) -> Vec<(Json, bool)> {
    let mut holes = vec![(problem.base, problem.size)];
    let mut asked = Vec::new();
    for step in problem.solve().map(|answer| answer.steps).unwrap_or_default() {
        if step.address.is_some() {
            let wanted: u64 = step.op.trim_start_matches('+').parse().unwrap_or(0);
            let starts: Vec<u64> = holes.iter().map(|hole| hole.0).collect();
            let sizes: Vec<u64> = holes.iter().map(|hole| hole.1).collect();
            asked.push((json!({"wanted": wanted, "holes": starts, "sizes": sizes}), false));
        }
        holes = step.free.unwrap_or_default();
    }
    asked
}

/// What an answer decides; what is none is told as it is.
fn decision(problem: &Problem, answer: &str) -> String {
    let key = match problem {
        Problem::Sched(_) => "run",
        Problem::Paging(_) => "evict",
        Problem::Disk(_) => "next",
        Problem::Alloc(_) => "address",
    };
    match serde_json::from_str::<Json>(answer).ok().as_ref().and_then(|json| json.get(key)) {
        Some(Json::String(word)) => clean(word.trim()),
        Some(Json::Number(number)) if number.as_i64() == Some(-1) => "fail".to_owned(),
        Some(Json::Number(number)) => number.to_string(),
        Some(Json::Null) => "fail".to_owned(),
        _ => format!("`{}`", clean(&answer.chars().take(40).collect::<String>())),
    }
}
