//! Somebody who reads a lesson: what each step says with the figures of this run, what was answered, and what comes next.
//!
//! A typical sequence: [`Reading::open`] runs the world once and prepares all steps. A step with a question is done when the
//! question is answered, or its answer was shown; then comes the next one. Nobody is held back: [`Reading::go`] goes
//! anywhere.

use super::front::{Change, Predict, Why};
use super::measure::{Known, Values};
use super::moment::is_name;
use super::parse::{Fault, Step};
use super::whole::Lesson;
use crate::lang::Lang;
use crate::model::View;
use crate::trace::{Tags, Trace};
use crate::why::{self, Kind, Scene, Stage};
use oscope_kernel::base::{Duration, Time};

/// Something to choose, and whether it is right in this run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What it says.
    pub label: String,
    /// What to say to those who choose it wrongly.
    pub say: String,
    /// Whether it is right.
    pub is_right: bool,
}

/// A question with its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What can be chosen; none: something is typed.
    pub options: Vec<Offer>,
    /// What is to be typed.
    pub answer: Option<Known>,
    /// What to say to some wrong answers.
    pub wrong: Vec<(String, String)>,
    /// Where to look, what to look for, nearly all of it.
    pub hints: Vec<String>,
    /// What to say when it is right.
    pub right: String,
}

/// So many links of a chain are shown.
const LINKS: usize = 8;

/// The letter of a choice.
#[must_use]
pub fn letter(at: usize) -> char {
    (b'a'..=b'z').nth(at).map_or('?', char::from)
}

impl Question {
    /// Whether an answer is right; if not, what to say, which may be nothing.
    ///
    /// # Errors
    /// That it answers nothing: there is no such choice.
    pub fn judge(&self, typed: &str) -> Result<Result<(), String>, String> {
        let typed = typed.trim();
        if let Some(answer) = &self.answer {
            if answer.is(typed) {
                return Ok(Ok(()));
            }
            let same = |wrong: &str| {
                let number = wrong.parse().map(Known::Number);
                wrong.eq_ignore_ascii_case(typed) || number.is_ok_and(|number| number.is(typed))
            };
            let say = self.wrong.iter().find(|(wrong, _)| same(wrong));
            return Ok(Err(say.map(|(_, say)| say.clone()).unwrap_or_default()));
        }
        let mut options = self.options.iter().enumerate();
        let chosen = options.find(|(at, option)| {
            typed.eq_ignore_ascii_case(&letter(*at).to_string())
                || option.label.eq_ignore_ascii_case(typed)
                || typed.parse() == Ok(at + 1) && !self.options.iter().any(|o| o.label == typed)
        });
        match chosen {
            Some((_, option)) if option.is_right => Ok(Ok(())),
            Some((_, option)) => Ok(Err(option.say.clone())),
            None => {
                let last = letter(self.options.len().saturating_sub(1));
                Err(format!("`{typed}`; expected a letter from a to {last}"))
            }
        }
    }

    /// The right answer, as one would type it.
    #[must_use]
    pub fn right_answer(&self) -> String {
        if let Some(answer) = &self.answer {
            return answer.to_string();
        }
        let right = self.options.iter().position(|option| option.is_right);
        right.map_or_else(String::new, |at| format!("{} {}", letter(at), self.options[at].label))
    }
}

/// A chain of events that explains something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The answer.
    pub text: String,
    /// The chain, a sentence each.
    pub links: Vec<String>,
}

/// A step as it is shown.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its heading.
    pub heading: String,
    /// Its text, in Markdown.
    pub text: String,
    /// Where the machine goes when it is opened.
    pub go: Option<Time>,
    /// Which machine is looked at.
    pub machine: Option<usize>,
    /// What stands beside it.
    pub view: View,
    /// A question.
    pub question: Option<Question>,
    /// Something to explain.
    pub why: Option<Explained>,
    /// Something to change.
    pub change: Option<Change>,
}

/// How far somebody has come with a step.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(default)]
pub struct Standing {
    /// The wrong answers so far.
    pub wrong: Vec<String>,
    /// How many hints were asked for.
    pub hints: usize,
    /// Whether it is done.
    pub done: bool,
    /// Whether the answer was shown.
    pub shown: bool,
}

/// A lesson that is read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The lesson.
    pub lesson: Lesson,
    /// Its steps.
    pub steps: Vec<Shown>,
    /// Which one is open.
    pub at: usize,
    /// How each stands.
    pub standings: Vec<Standing>,
    /// What was said to the last answer.
    pub said: Option<(bool, String)>,
}

impl Reading {
    /// Runs the world of a lesson and prepares its steps.
    ///
    /// # Errors
    /// What is wrong with the lesson.
    pub fn open(lesson: Lesson, lang: Lang) -> Result<Self, Vec<Fault>> {
        let (steps, faults) = prepare(&lesson, lang);
        if !faults.is_empty() {
            return Err(faults);
        }
        let standings = vec![Standing::default(); steps.len()];
        Ok(Self { lesson, steps, at: 0, standings, said: None })
    }

    /// The open step.
    #[must_use]
    pub fn step(&self) -> Option<&Shown> {
        self.steps.get(self.at)
    }

    /// How the open step stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.standings.get(self.at).cloned().unwrap_or_default()
    }

    /// Whether the open step waits for an answer or a change.
    #[must_use]
    pub fn waits(&self) -> bool {
        let asks = self.step().is_some_and(|step| step.question.is_some() || step.change.is_some());
        asks && !self.standing().done
    }

    /// Goes to a step.
    pub fn go(&mut self, at: usize) {
        self.at = at.min(self.steps.len().saturating_sub(1));
        self.said = None;
        // What asks nothing is done when it is read.
        let is_read = !self.waits();
        if let Some(standing) = self.standings.get_mut(self.at) {
            standing.done |= is_read;
        }
    }

    /// Answers the question of the open step. Says whether it was right.
    pub fn answer(&mut self, typed: &str) -> bool {
        let Some(question) = self.step().and_then(|step| step.question.clone()) else {
            return false;
        };
        let Some(standing) = self.standings.get_mut(self.at) else { return false };
        match question.judge(typed) {
            Ok(Ok(())) => {
                standing.done = true;
                self.said = Some((true, question.right));
                true
            }
            Ok(Err(say)) => {
                standing.wrong.push(typed.trim().to_owned());
                self.said = Some((false, say));
                false
            }
            Err(message) => {
                self.said = Some((false, message));
                false
            }
        }
    }

    /// Tries a change: what is typed for it, or the text of a script. Says whether it meets the goal.
    pub fn try_change(&mut self, typed: &str) -> bool {
        let Some(change) = self.step().and_then(|step| step.change.clone()) else { return false };
        let met = judge(&self.lesson, &change, typed);
        let Some(standing) = self.standings.get_mut(self.at) else { return false };
        match met {
            Ok(true) => {
                standing.done = true;
                self.said = Some((true, String::new()));
                true
            }
            Ok(false) => {
                standing.wrong.push(typed.lines().next().unwrap_or_default().to_owned());
                self.said = Some((false, change.say));
                false
            }
            Err(message) => {
                self.said = Some((false, message));
                false
            }
        }
    }

    /// One more hint; the answer when there are no more.
    pub fn hint(&mut self) {
        let Some(step) = self.steps.get(self.at) else { return };
        let hints = step.question.as_ref().map_or(0, |question| question.hints.len());
        let can_show = step.question.is_some() || step.change.is_some();
        let Some(standing) = self.standings.get_mut(self.at) else { return };
        if standing.hints < hints {
            standing.hints += 1;
        } else if can_show {
            standing.shown = true;
            standing.done = true;
        }
    }

    /// How many steps are done.
    #[must_use]
    pub fn done(&self) -> usize {
        self.standings.iter().filter(|standing| standing.done).count()
    }
}

/// Whether a change meets its goal.
///
/// # Errors
/// What is wrong with the change.
pub fn judge(lesson: &Lesson, change: &Change, typed: &str) -> Result<bool, String> {
    let changes = match (&change.set, change.script) {
        (Some(path), _) => (vec![(path.clone(), typed.trim().to_owned())], None),
        (None, true) => (Vec::new(), Some(typed.to_owned())),
        (None, false) => return Err("a change needs `set` or `script = true`".to_owned()),
    };
    Ok(Values::new(&lesson.plan, changes).number(&change.goal)? != 0)
}

/// All steps with the figures of the run, and what is wrong with them.
#[must_use]
pub fn prepare(lesson: &Lesson, lang: Lang) -> (Vec<Shown>, Vec<Fault>) {
    let mut values = Values::new(&lesson.plan, (Vec::new(), None));
    let mut faults = Vec::new();
    let file = format!("{}/{}", lesson.name, if lang == Lang::Ko { "ko.md" } else { "en.md" });
    let mut steps = Vec::new();
    for (at, step) in lesson.steps.iter().enumerate() {
        let mut maker = Maker { values: &mut values, lang, problems: Vec::new() };
        steps.push(maker.step(step, lesson.view(at)));
        let problems = maker.problems.into_iter();
        faults.extend(problems.map(|message| Fault {
            file: file.clone(),
            line: step.line,
            message,
        }));
    }
    (steps, faults)
}

struct Maker<'v, 'p> {
    values: &'v mut Values<'p>,
    lang: Lang,
    problems: Vec<String>,
}

impl Maker<'_, '_> {
    fn get<T>(&mut self, found: Result<T, String>) -> Option<T> {
        found.map_err(|why| self.problems.push(why)).ok()
    }

    /// A text with the figures of this run put in: `{name}`.
    fn fill(&mut self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let (before, behind) = rest.split_at(open);
            out.push_str(before);
            let name = behind[1..].split('}').next().filter(|name| is_name(name));
            match name.filter(|name| behind.len() > name.len() + 1) {
                Some(name) => {
                    let found = self.values.value(name);
                    let known = self.get(found);
                    out.push_str(&known.map_or_else(|| "?".to_owned(), |known| known.to_string()));
                    rest = &behind[name.len() + 2..];
                }
                None => {
                    out.push('{');
                    rest = &behind[1..];
                }
            }
        }
        out.push_str(rest);
        out
    }

    fn step(&mut self, step: &Step, view: View) -> Shown {
        let go = step.go.as_ref().and_then(|go| go.to.clone()).and_then(|moment| {
            let found = self.values.time(&moment);
            self.get(found)
        });
        let machine = step.go.as_ref().and_then(|go| go.machine.clone()).and_then(|name| {
            let found = self.values.run().and_then(|run| {
                let id = run.world.by_name(&name);
                id.map(|id| usize::from(id.0))
                    .ok_or_else(|| format!("there is no machine `{name}`"))
            });
            self.get(found)
        });
        Shown {
            heading: self.fill(&step.heading),
            text: self.fill(&step.text),
            go,
            machine,
            view,
            question: step.predict.as_ref().map(|predict| self.question(predict)),
            why: step.why.as_ref().and_then(|why| self.explain(why)),
            change: step.change.as_ref().map(|change| Change {
                ask: self.fill(&change.ask),
                say: self.fill(&change.say),
                ..change.clone()
            }),
        }
    }

    fn question(&mut self, predict: &Predict) -> Question {
        let mut options = Vec::new();
        for choice in &predict.choices {
            let found = match (&choice.when, &choice.is) {
                (Some(when), None) => self.values.number(when).map(|number| number != 0),
                (None, Some(is)) => self.is(is),
                _ => Err(format!("the choice `{}` needs either `when` or `is`", choice.label)),
            };
            let is_right = self.get(found).unwrap_or(false);
            let (label, say) = (self.fill(&choice.label), self.fill(&choice.say));
            options.push(Offer { label, say, is_right });
        }
        let right = options.iter().filter(|option| option.is_right).count();
        match (&predict.answer, options.len()) {
            (Some(_), 0) => {}
            (None, 2..) if right == 1 => {}
            (None, 2..) => {
                self.problems.push(format!("{right} choices are right in this run; expected one"));
            }
            _ => {
                self.problems
                    .push("a prediction needs `answer`, or two choices or more".to_owned());
            }
        }
        let answer = predict.answer.as_ref().and_then(|expression| {
            let found = self.values.answer(expression);
            self.get(found)
        });
        let wrong: Vec<(String, String)> =
            predict.wrong.iter().map(|(key, say)| (self.fill(key), self.fill(say))).collect();
        for (wrong, _) in &wrong {
            if answer.as_ref().is_some_and(|answer| answer.is(wrong)) {
                self.problems
                    .push(format!("`{wrong}` is listed as wrong and is right in this run"));
            }
        }
        if predict.hints.len() != 3 {
            self.problems.push(format!("{} hints; expected three", predict.hints.len()));
        }
        let hints = predict.hints.iter().map(|hint| self.fill(hint)).collect();
        Question { options, answer, wrong, hints, right: self.fill(&predict.right) }
    }

    /// `next = hog`: whether a value is a text.
    fn is(&mut self, text: &str) -> Result<bool, String> {
        let (name, wanted) =
            text.split_once('=').ok_or_else(|| format!("is `{text}`; expected `value = text`"))?;
        let known = self.values.value(name.trim())?;
        Ok(known.is(self.fill(wanted.trim()).as_str()))
    }

    fn explain(&mut self, why: &Why) -> Option<Explained> {
        let all = [
            (Kind::Thread, &why.thread),
            (Kind::Call, &why.call),
            (Kind::Page, &why.page),
            (Kind::Lock, &why.lock),
            (Kind::Disk, &why.disk),
            (Kind::Packet, &why.packet),
            (Kind::Request, &why.request),
        ];
        let Some((kind, subject)) =
            all.into_iter().find_map(|(kind, text)| Some((kind, text.clone()?)))
        else {
            self.problems.push(
                "expected what to explain: thread, call, page, lock, disk, packet or request"
                    .to_owned(),
            );
            return None;
        };
        let subject = self.fill(&subject);
        let moment = self.values.time(why.at.as_deref().unwrap_or("end"));
        let time = self.get(moment)?;
        let lang = self.lang;
        let found = self.values.run().and_then(|run| {
            let machines = run.world.machines();
            let names: Vec<&str> = machines.iter().map(|m| m.config().name.as_str()).collect();
            let question =
                why::Question::read(kind, &subject, &names).map_err(|p| p.to_string())?;
            let traces: Vec<Trace> = machines.iter().map(|m| Trace::of(m, Tags::Letters)).collect();
            let known = run.world.time() + Duration::nanos(1);
            let stages = names.iter().zip(&traces);
            let stages = stages.map(|(name, trace)| Stage { name, trace, known }).collect();
            let answer = why::explain(&Scene { stages }, &question, time, lang)
                .map_err(|p| p.to_string())?;
            // The first link is the answer itself, and a long way back is for `oscope why`.
            let links = answer.links.iter().skip(1).take(LINKS);
            let links: Vec<String> = links.map(|link| link.text.clone()).collect();
            Ok(Explained { text: answer.text, links })
        });
        let explained = self.get(found)?;
        if explained.links.is_empty() {
            self.problems.push("nothing explains it at that moment".to_owned());
        }
        Some(explained)
    }
}
