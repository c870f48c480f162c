//! Tells right from wrong: runs what was handed in, reads values from that run, and compares.

use super::case::{Answers, Case, plan};
use super::child::Limits;
use super::file::{Check, Exercise, Kind, Mistake};
use super::picture;
use super::policy;
use super::problem::Problem;
use super::shelf::Folder;
use crate::lang::Lang;
use crate::lesson::measure::{Known, Values};
use crate::source::Source;
use crate::text::{clean, fit};
use oscope_kernel::base::{Duration, Rng, Time};
use oscope_userland::script::play::{Played, report};
use serde::{Deserialize, Serialize};

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
    /// The moment that the picture shows, in nanoseconds, if there is a run to look at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_ns: Option<u64>,
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
        let (unreadable, id) = (id == "unreadable", id.to_owned());
        let finding = Finding { id, points: max, sentence, ..Finding::default() };
        Self {
            exercise: name.to_owned(),
            max,
            findings: vec![finding],
            unreadable,
            ..Self::default()
        }
    }
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
        _ => judge(folder, exercise, (name, text), seed, lang),
    }
}

/// Judges what runs on a machine, or needs no program at all.
///
/// # Errors
/// What is wrong with the exercise itself.
pub fn judge(
    folder: &Folder,
    exercise: &Exercise,
    (name, text): (&str, &str),
    seed: u64,
    lang: Lang,
) -> Result<Verdict, String> {
    let max = exercise.points();
    let case = match Case::of(folder, exercise, (name, text), (seed, Limits::RUN))? {
        Ok(case) => case,
        Err((id, why)) => return Ok(Verdict::nothing(&folder.name, max, id, why)),
    };
    let mut found = Vec::new();
    if exercise.kind == Kind::Trace {
        found.extend(script(&exercise.file, &case.source()?.0, lang)?);
    }
    let mut court = Court {
        values: Values::new(&case.plan, case.changes.clone()),
        problem: problem(exercise, seed),
        answers: case.answers.clone(),
        lang,
    };
    let (mut points, more) = court.session(exercise)?;
    found.extend(more);
    // Why a program did not go on explains the rest.
    if let Some((id, sentence)) = case.program.as_ref().and_then(|p| p.broken(exercise, lang)) {
        let first = found.first().cloned().unwrap_or_default();
        points = 0;
        found.insert(0, Finding { id: id.to_owned(), points: max, sentence, ..first });
    }
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
    let (id, picture) = ("script".to_owned(), picture.collect());
    Ok(Some(Finding { id, points: 0, sentence, picture, at_ns: None }))
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
        let shown = check.at.as_deref().and_then(|at| self.picture(at));
        let (at_ns, picture) = shown.unzip();
        let picture = picture.unwrap_or_default();
        Finding { id: id.clone(), points: check.points, sentence, picture, at_ns }
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

    /// A moment in nanoseconds, and a picture of it.
    fn picture(&mut self, at: &str) -> Option<(u64, Vec<String>)> {
        // If the moment never comes, the whole run is shown to its end.
        let moment = self.values.time(at);
        let run = self.values.run().ok()?;
        let moment = moment.unwrap_or(run.until);
        let shown = Time(moment.0.saturating_sub(Duration::nanos(1).0));
        Some((shown.0, picture::of_run(run, 0, shown, self.lang)))
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
    Ok(Some(Finding { id: id.clone(), points, sentence, picture, at_ns: None }))
}
