//! Tells right from wrong: runs what was handed in, reads values from that run, and compares.

use super::file::{Check, Exercise, Kind, Mistake};
use super::picture;
use super::policy;
use super::problem::Problem;
use super::program::Running;
use super::shelf::Folder;
use crate::lang::Lang;
use crate::lesson::front::{Front, Value};
use crate::lesson::measure::{Known, Values};
use crate::lesson::shelf::Folder as Files;
use crate::lesson::whole::Plan;
use crate::source::{Source, length_of};
use crate::text::{clean, fit};
use oscope_kernel::base::{Duration, Rng, Time};
use oscope_userland::script::play::{Played, report};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Something that does not hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Finding {
    /// The check, or the misconception that the answer shows.
    pub id: String,
    /// The points that it costs.
    pub points: u32,
    /// What is wrong, in a sentence.
    pub sentence: String,
    /// What happened around the moment.
    pub picture: Vec<String>,
}

/// What became of a submission.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Verdict {
    /// The exercise.
    pub exercise: String,
    /// The points it got.
    pub points: u32,
    /// The points there are.
    pub max: u32,
    /// Nothing could be run, because it cannot be read.
    pub unreadable: bool,
    /// What does not hold, the first first.
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// Whether all is as it should be.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.findings.is_empty()
    }

    /// A verdict for what got nothing.
    #[must_use]
    pub fn nothing(name: &str, max: u32, id: &str, sentence: String) -> Self {
        let finding = Finding { id: id.to_owned(), points: max, sentence, picture: Vec::new() };
        Self {
            exercise: name.to_owned(),
            max,
            findings: vec![finding],
            unreadable: id == "unreadable",
            ..Self::default()
        }
    }
}

/// What a student has answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers {
    /// Changes of the world.
    pub set: Vec<(String, String)>,
    /// Everything else.
    pub given: BTreeMap<String, String>,
}

impl Answers {
    fn parse(text: &str, may: &[String]) -> Result<Self, String> {
        let table: toml::Table = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut answers = Self::default();
        for (key, value) in table {
            match (key.as_str(), value) {
                ("set", toml::Value::Table(changes)) => {
                    for (path, value) in flat("", changes) {
                        if !may.contains(&path) {
                            let may = may.join(", ");
                            return Err(format!("set `{}`; expected one of {may}", clean(&path)));
                        }
                        answers.set.push((path, value));
                    }
                }
                (_, value) => {
                    answers.given.insert(key, word(value));
                }
            }
        }
        Ok(answers)
    }
}

/// `box.scheduler.quantum`, however somebody has nested it.
fn flat(before: &str, table: toml::Table) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (key, value) in table {
        let path = if before.is_empty() { key } else { format!("{before}.{key}") };
        match value {
            toml::Value::Table(inner) => all.extend(flat(&path, inner)),
            other => all.push((path, word(other))),
        }
    }
    all
}

fn word(value: toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.trim().to_owned(),
        toml::Value::Array(list) => list.into_iter().map(word).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

/// How long a script's run goes on after the last line, in nanoseconds.
const AFTER: u64 = 1_000_000;

/// What an exercise's runs are made of, for one student.
///
/// # Errors
/// What is wrong with the exercise.
pub fn plan(
    folder: &Folder,
    exercise: &Exercise,
    seed: u64,
    until: Option<String>,
) -> Result<Plan, String> {
    let front = Front {
        world: if exercise.kind == Kind::Trace {
            exercise.file.clone()
        } else {
            exercise.world.clone()
        },
        set: exercise.set.clone(),
        until: until.or_else(|| exercise.until.clone()),
        values: exercise.values.clone(),
        vary: exercise.vary.clone(),
        ..Front::default()
    };
    let files = Files { name: folder.name.clone(), files: folder.files.clone() };
    Plan::new(&front, &files, seed)
}

/// The problem of a student.
#[must_use]
pub fn problem(exercise: &Exercise, seed: u64) -> Option<Problem> {
    let recipe = exercise.problem.as_ref()?;
    // A question that a misconception answers rightly asks for nothing: the next one that the seed makes is taken.
    let mut chance = Rng::new(seed);
    let mut problem = recipe.make(seed);
    for _ in 0..TRIES {
        let right = problem.order();
        let mistakes = exercise.check.iter().flat_map(|check| &check.mistake);
        let mut policies = mistakes.filter_map(|mistake| mistake.policy.as_deref());
        if policies.all(|policy| problem.with_policy(policy).order() != right) {
            break;
        }
        problem = recipe.make(chance.next_u64());
    }
    Some(problem)
}

/// How many questions are tried before one is taken as it is.
const TRIES: usize = 100;

/// Puts into a text what differs from student to student: `{question}`, `{order}`, `{order.fifo}`, and `{value}` for a
/// value of the run as it is without changes.
///
/// # Errors
/// What is wrong with the exercise.
pub fn fill(
    text: &str,
    folder: &Folder,
    exercise: &Exercise,
    seed: u64,
    lang: Lang,
) -> Result<String, String> {
    let mut text = text.to_owned();
    if let Some(problem) = problem(exercise, seed) {
        text = text.replace("{question}", &problem.question(lang));
        if text.contains("{order}") {
            text = text.replace("{order}", &problem.order()?.join(" "));
        }
        while let Some(policy) = between(&text, "{order.", "}").map(str::to_owned) {
            let order = problem.with_policy(&policy).order()?.join(" ");
            text = text.replace(&format!("{{order.{policy}}}"), &order);
        }
    }
    if exercise.kind == Kind::Trace || !text.contains('{') {
        return Ok(text);
    }
    let plan = plan(folder, exercise, seed, None)?;
    for (name, value) in &plan.varied {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    let mut values = Values::new(&plan, (Vec::new(), None));
    for name in plan.values.keys() {
        let place = format!("{{{name}}}");
        if text.contains(&place) {
            text = text.replace(&place, &values.value(name)?.to_string());
        }
    }
    Ok(text)
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    let from = text.find(before)? + before.len();
    let rest = text.get(from..)?;
    rest.get(..rest.find(after)?)
}

/// Judges what was handed in: the file's name, and its text.
///
/// # Errors
/// What is wrong with the exercise itself.
pub fn submission(
    folder: &Folder,
    exercise: &Exercise,
    file: (&str, &str),
    seed: u64,
    lang: Lang,
) -> Result<Verdict, String> {
    graded(folder, exercise, file, (seed, None), lang)
}

/// The same, and programs get more problems, which a second seed makes.
///
/// # Errors
/// What is wrong with the exercise itself.
pub fn graded(
    folder: &Folder,
    exercise: &Exercise,
    (name, text): (&str, &str),
    (seed, hidden): (u64, Option<u64>),
    lang: Lang,
) -> Result<Verdict, String> {
    match exercise.kind {
        Kind::Policy => policy::judge(folder, exercise, (name, text), hidden, lang),
        Kind::Program => on_machine(folder, exercise, (name, text), seed, lang),
        _ => judge(folder, exercise, text, seed, lang),
    }
}

/// Judges a program that runs on the machine.
fn on_machine(
    folder: &Folder,
    exercise: &Exercise,
    (name, text): (&str, &str),
    seed: u64,
    lang: Lang,
) -> Result<Verdict, String> {
    let max = exercise.points();
    let running = match Running::prepare(name, text) {
        Ok(running) => running,
        Err((id, why)) => return Ok(Verdict::nothing(&folder.name, max, id, why)),
    };
    let mut plan = plan(folder, exercise, seed, None)?;
    plan.programs.add(Arc::clone(&running.image));
    let values = Values::new(&plan, (Vec::new(), None));
    let mut court = Court { values, problem: None, answers: Answers::default(), lang };
    let (mut points, mut found) = court.session(exercise)?;
    // Why it did not go on explains the rest.
    if let Some((id, sentence)) = running.broken(exercise, lang) {
        let picture = found.first().map(|first| first.picture.clone()).unwrap_or_default();
        points = 0;
        let id = id.to_owned();
        found.insert(0, Finding { id, points: max, sentence, picture });
    }
    Ok(Verdict { exercise: folder.name.clone(), points, max, unreadable: false, findings: found })
}

/// Judges a text that was handed in for one of the kinds that need no program.
///
/// # Errors
/// What is wrong with the exercise itself.
pub fn judge(
    folder: &Folder,
    exercise: &Exercise,
    text: &str,
    seed: u64,
    lang: Lang,
) -> Result<Verdict, String> {
    let max = exercise.points();
    let unreadable = |why: String| Ok(Verdict::nothing(&folder.name, max, "unreadable", why));
    let mut plan = plan(folder, exercise, seed, None)?;
    let mut changes = (Vec::new(), None);
    let mut answers = Answers::default();
    let mut found = Vec::new();
    if exercise.kind.is_answers() {
        answers = match Answers::parse(text, &exercise.may) {
            Ok(answers) => answers,
            Err(why) => return unreadable(format!("{}: {why}", exercise.file)),
        };
        changes.0.clone_from(&answers.set);
        for (key, given) in &answers.given {
            let value = Value { text: Some(given.clone()), ..Value::default() };
            plan.values.insert(format!("your_{key}"), value);
        }
        if !answers.set.is_empty()
            && let Err(why) = plan.source(&changes)
        {
            return unreadable(format!("{}: {why}", exercise.file));
        }
    } else if exercise.kind == Kind::Trace {
        match Source::of_script(&exercise.file, text) {
            Ok(source) => {
                found.extend(script(&exercise.file, &source, lang)?);
                // What tasks do after their last line is part of the picture: perhaps they wait.
                let length = source.script().map_or(Ok(Time::ZERO), length_of)?;
                let until = format!("{}ns", length.0.saturating_add(AFTER));
                plan = self::plan(folder, exercise, seed, Some(until))?;
            }
            Err(why) => return unreadable(why),
        }
        changes.1 = Some(text.to_owned());
    }
    let mut court = Court {
        values: Values::new(&plan, changes),
        problem: problem(exercise, seed),
        answers,
        lang,
    };
    let (points, more) = court.session(exercise)?;
    found.extend(more);
    Ok(Verdict { exercise: folder.name.clone(), points, max, unreadable: false, findings: found })
}

/// What of a script did not go as the script says.
fn script(name: &str, source: &Source, lang: Lang) -> Result<Option<Finding>, String> {
    let Some(plan) = source.script() else { return Ok(None) };
    let mut world = source.boot()?;
    world.run(report::LIMIT);
    let played = Played::of(plan, &world);
    if played.passes() {
        return Ok(None);
    }
    let problems = report::problems(plan, &played);
    let Some(first) = problems.first() else { return Ok(None) };
    let text = plan.source();
    let row = text.get(..first.range.start).unwrap_or(text).matches('\n').count() + 1;
    let sentence = match lang {
        Lang::En => format!(
            "{name}:{row}: the run goes another way than your script says: {}; expected {}.",
            first.message, first.expected
        ),
        Lang::Ko => format!(
            "{name}:{row}: 실행이 스크립트와 다르게 흘러갑니다: {}; 기대한 것: {}.",
            first.message, first.expected
        ),
    };
    let rows = text.lines().enumerate().skip(row.saturating_sub(3)).take(4);
    let picture = rows.map(|(at, line)| {
        let mark = if at + 1 == row { '>' } else { ' ' };
        format!("  {mark} {:>3}  {}", at + 1, fit(line, 66).trim_end())
    });
    Ok(Some(Finding { id: "script".to_owned(), points: 0, sentence, picture: picture.collect() }))
}

struct Court<'p> {
    values: Values<'p>,
    problem: Option<Problem>,
    answers: Answers,
    lang: Lang,
}

impl Court<'_> {
    /// Hears all checks: the points, and what does not hold.
    fn session(&mut self, exercise: &Exercise) -> Result<(u32, Vec<Finding>), String> {
        let (mut points, mut found) = (0, Vec::new());
        for check in &exercise.check {
            match self.hear(check)? {
                None => points += check.points,
                Some(finding) => {
                    points += check.points.saturating_sub(finding.points);
                    found.push(finding);
                }
            }
        }
        Ok((points, found))
    }

    fn hear(&mut self, check: &Check) -> Result<Option<Finding>, String> {
        if check.order {
            return self.order(check);
        }
        if let Some(goal) = &check.goal {
            // What never happens in this run cannot be as it should be.
            let holds = self.values.number(goal).is_ok_and(|number| number != 0);
            return Ok((!holds).then(|| self.missed(check, "")));
        }
        let (Some(key), Some(is)) = (&check.key, &check.is) else {
            return Err(format!("check `{}`: expected goal, order, or key and is", check.id));
        };
        let right = self.values.answer(is)?;
        let given = self.answers.given.get(key).cloned().unwrap_or_default();
        if right.is(&given) {
            return Ok(None);
        }
        let mistake = check.mistake.iter().find(|mistake| {
            let is = mistake.is.as_deref().map(|is| self.values.answer(is));
            matches!(is, Some(Ok(known)) if known.is(&given))
        });
        Ok(Some(self.told(check, mistake, &given)))
    }

    /// An answer that is a list of decisions: the first that is another than the kernel's.
    fn order(&mut self, check: &Check) -> Result<Option<Finding>, String> {
        let problem = self.problem.clone().ok_or("a check of the order, but no problem")?;
        let right = problem.order()?;
        let key = check.key.as_deref().unwrap_or("order");
        let given = self.answers.given.get(key).map(String::as_str).unwrap_or_default();
        let given: Vec<String> =
            given.split([' ', ',']).filter(|w| !w.is_empty()).map(str::to_owned).collect();
        order(&problem, &right, &given, check, self.lang)
    }

    fn missed(&mut self, check: &Check, given: &str) -> Finding {
        self.told(check, None, given)
    }

    fn told(&mut self, check: &Check, mistake: Option<&Mistake>, given: &str) -> Finding {
        let (id, say) = mistake.map_or((&check.id, &check.say), |m| (&m.id, &m.say));
        let sentence = self.spoken(say.in_lang(self.lang), given);
        let picture = check.at.as_deref().and_then(|at| self.picture(at)).unwrap_or_default();
        Finding { id: id.clone(), points: check.points, sentence, picture }
    }

    /// A sentence with `{value}`s put in.
    fn spoken(&mut self, text: &str, given: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else { break };
            out.push_str(before);
            match name {
                "given" => out.push_str(&clean(given)),
                name => {
                    let known: Result<Known, String> = self.values.value(name);
                    out.push_str(&known.map_or_else(|_| "…".to_owned(), |known| known.to_string()));
                }
            }
            rest = after;
        }
        out + rest
    }

    fn picture(&mut self, at: &str) -> Option<Vec<String>> {
        // If the moment never comes, the whole run is shown to its end.
        let moment = self.values.time(at);
        let run = self.values.run().ok()?;
        let moment = moment.unwrap_or(run.until);
        let shown = Time(moment.0.saturating_sub(Duration::nanos(1).0));
        Some(picture::of_run(run, 0, shown, self.lang))
    }
}

/// Compares decisions with the kernel's.
///
/// # Errors
/// What is wrong with the problem.
pub(super) fn order(
    problem: &Problem,
    right: &[String],
    given: &[String],
    check: &Check,
    lang: Lang,
) -> Result<Option<Finding>, String> {
    let same = |a: &String, b: &String| a.eq_ignore_ascii_case(b);
    let longest = right.len().max(given.len());
    let differs = |at: &usize| match (right.get(*at), given.get(*at)) {
        (Some(a), Some(b)) => !same(a, b),
        _ => true,
    };
    let Some(at) = (0..longest).find(differs) else { return Ok(None) };
    let mut mistake = None;
    for known in &check.mistake {
        if let Some(policy) = &known.policy {
            let other = problem.with_policy(policy).order()?;
            // What one has decided up to the point where the two part says which of them it was.
            let decided = other.iter().zip(given).all(|(a, b)| same(a, b));
            if decided && given.len() == other.len() {
                mistake = Some(known);
                break;
            }
        }
    }
    let place = problem.place(at, lang);
    let said = given.get(at).map_or("", String::as_str);
    let parted = match (lang, said, right.get(at)) {
        (Lang::En, "", _) => format!("Your answer stops before {place}."),
        (Lang::En, said, None) => format!("At {place} all is done, and you say {}.", clean(said)),
        (Lang::En, said, Some(_)) => {
            format!(
                "Up to there all is right; at {place} you say {}, and the kernel does otherwise.",
                clean(said)
            )
        }
        (Lang::Ko, "", _) => format!("답이 {place} 앞에서 끝납니다."),
        (Lang::Ko, said, None) => format!("{place}에는 모두 끝났는데, 답은 {}입니다.", clean(said)),
        (Lang::Ko, said, Some(_)) => {
            format!(
                "여기까지는 맞습니다. {place}에서 답은 {}인데 커널은 다르게 합니다.",
                clean(said)
            )
        }
    };
    let (id, say) = mistake.map_or((&check.id, &check.say), |m| (&m.id, &m.say));
    let sentence = format!("{parted} {}", say.in_lang(lang)).trim_end().to_owned();
    let picture = picture::of_order(problem, right, given, at, lang);
    // Half the way is worth half the points.
    let part = u64::from(check.points) * at as u64 / (right.len() as u64).max(1);
    let points = check.points - u32::try_from(part).unwrap_or(0).min(check.points);
    Ok(Some(Finding { id: id.clone(), points, sentence, picture }))
}
