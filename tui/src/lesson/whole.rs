//! A lesson, whole: its world, its values, and its steps in one language.

use super::front::{Choice, Front, Predict, Value};
use super::measure::Changes;
use super::parse::{Fault, Page, Step};
use super::shelf::Folder;
use crate::lang::Lang;
use crate::model::View;
use crate::source::{self, Source};
use oscope_kernel::base::{Rng, Time};
use oscope_userland::scenario::{BUILTIN, Extra, WorldFile, units};
use std::collections::BTreeMap;
use std::path::Path;

/// What a lesson's runs are made of.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The file of the world or script, or the name of a built-in world.
    pub world: String,
    /// How each value is read.
    pub values: BTreeMap<String, Value>,
    /// What differs from student to student: name and value.
    pub varied: BTreeMap<String, String>,
    /// Programs of somebody's own that its machines can run.
    pub programs: Extra,
    /// What that changes in the world.
    set: Vec<(String, String)>,
    until: Option<Time>,
    files: BTreeMap<String, String>,
    seed: u64,
}

/// Takes `PATH=VALUE` apart.
///
/// # Errors
/// If it is none.
pub fn change(text: &str) -> Result<(String, String), String> {
    let (path, value) = text
        .split_once('=')
        .ok_or_else(|| format!("`{text}`; expected PATH=VALUE, such as box.cpus=2"))?;
    Ok((path.trim().to_owned(), value.trim().to_owned()))
}

impl Plan {
    /// The plan that a front matter describes, for one student.
    ///
    /// # Errors
    /// What is wrong with the front matter.
    pub fn new(front: &Front, folder: &Folder, seed: u64) -> Result<Self, String> {
        let mut plan = Self {
            world: front.world.clone(),
            values: front.values.clone(),
            files: folder.files.clone(),
            seed,
            ..Self::default()
        };
        for text in &front.set {
            plan.set.push(change(text)?);
        }
        if let Some(until) = &front.until {
            let length = units::duration(until)
                .ok_or_else(|| format!("until `{until}`; expected a time such as 30ms"))?;
            plan.until = Some(Time::ZERO + length);
        }
        let chance = Rng::new(seed).split(u64::from(folder.number().unwrap_or(0)));
        for (at, (name, vary)) in (0..).zip(&front.vary) {
            let place = chance.split(at).below((vary.to.len() as u64).max(1));
            let value = vary.to.get(usize::try_from(place).unwrap_or(0));
            let value =
                value.ok_or_else(|| format!("vary.{name}: expected what it may be in `to`"))?;
            if let Some(path) = &vary.set {
                plan.set.push((path.clone(), value.clone()));
            }
            plan.varied.insert(name.clone(), value.clone());
        }
        Ok(plan)
    }

    /// A file of the folder, with what differs from student to student put in.
    ///
    /// # Errors
    /// If there is none.
    pub fn file(&self, name: &str) -> Result<&str, String> {
        let found = self.files.get(name).map(String::as_str);
        found.ok_or_else(|| format!("there is no file `{name}` beside the lesson"))
    }

    /// Whether the run is one of a script.
    #[must_use]
    pub fn is_script(&self) -> bool {
        Path::new(&self.world).extension().is_some_and(|ending| ending == "trace")
    }

    /// The text of the world or the script, as this student has it.
    ///
    /// # Errors
    /// If there is none.
    pub fn text(&self) -> Result<String, String> {
        let builtin = BUILTIN.iter().find(|builtin| builtin.name == self.world);
        let text = match builtin {
            Some(builtin) => builtin.text,
            None => self.file(&self.world)?,
        };
        Ok(self.varied_in(text))
    }

    fn varied_in(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, value) in &self.varied {
            text = text.replace(&format!("{{{{{name}}}}}"), value);
        }
        text
    }

    /// What is changed from the world as its file has it, as `--set` has it.
    #[must_use]
    pub fn changes(&self) -> &[(String, String)] {
        &self.set
    }

    /// What is run, and for how long, if something is changed.
    ///
    /// # Errors
    /// What is wrong with the world, the script or the changes.
    pub fn source(&self, (set, script): &Changes) -> Result<(Source, Time), String> {
        if script.is_some() || self.is_script() {
            let text = match script {
                Some(text) => self.varied_in(text),
                None => self.text()?,
            };
            if let Some((path, _)) = set.first() {
                return Err(format!(
                    "set {path}: a script sets its machine up by `@machine` lines"
                ));
            }
            let source = Source::of_script(&self.world, &text)?;
            let length = source.script().map_or(Ok(Time::ZERO), source::length_of)?;
            return Ok((source, self.until.unwrap_or(length)));
        }
        let all: Vec<(String, String)> = self.set.iter().chain(set).cloned().collect();
        let file = WorldFile::parse_with(&self.world, &self.text()?, &all);
        let mut file = file.map_err(|error| error.to_string())?;
        file.set_seed(self.seed);
        file.add_programs(&self.programs);
        let until = file.until().map_err(|error| error.to_string())?;
        Ok((Source::World(Box::new(file)), self.until.unwrap_or(until)))
    }
}

/// A lesson in one language.
#[derive(Clone, Debug, Default)]
pub struct Lesson {
    /// Its number.
    pub number: u32,
    /// Its folder.
    pub name: String,
    /// What it is called.
    pub title: String,
    /// What one can do after it.
    pub goal: String,
    /// The front matter.
    pub front: Front,
    /// What its runs are made of.
    pub plan: Plan,
    /// The steps.
    pub steps: Vec<Step>,
}

impl Lesson {
    /// Reads a lesson for one student; what is wrong comes with as much as could be read. A lesson that is not translated
    /// is in English.
    #[must_use]
    pub fn read(folder: &Folder, lang: Lang, seed: u64) -> (Self, Vec<Fault>) {
        let path = |file: &str| format!("{}/{file}", folder.name);
        let (page, mut faults) =
            Page::read(&path("en.md"), folder.file("en.md").unwrap_or(""), false);
        let plan = Plan::new(&page.front, folder, seed).unwrap_or_else(|message| {
            faults.push(Fault { file: path("en.md"), line: 1, message });
            Plan::default()
        });
        let mut lesson = Self {
            number: folder.number().unwrap_or(0),
            name: folder.name.clone(),
            title: page.front.title.clone(),
            goal: page.front.goal.clone(),
            front: page.front,
            plan,
            steps: page.steps,
        };
        if let (Lang::Ko, Some(text)) = (lang, folder.file("ko.md")) {
            let (korean, more) = Page::read(&path("ko.md"), text, true);
            faults.extend(more);
            faults.extend(lesson.translate(korean, &path("ko.md")));
        }
        (lesson, faults)
    }

    /// Takes the texts of a translation over.
    fn translate(&mut self, page: Page, file: &str) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut fault = |line, message| {
            faults.push(Fault { file: file.to_owned(), line, message });
        };
        if page.steps.len() != self.steps.len() {
            let (found, expected) = (page.steps.len(), self.steps.len());
            fault(1, format!("{found} steps; expected {expected}, as in en.md"));
        }
        for (step, korean) in self.steps.iter_mut().zip(page.steps) {
            match korean.of {
                Some(of) if of == step.hash => {}
                found => {
                    let what = if found.is_some() {
                        "is stale: the English has changed"
                    } else {
                        "says not what it translates"
                    };
                    let message = format!(
                        "`{}` {what}; expected `<!-- of {:08x} -->`",
                        korean.heading, step.hash
                    );
                    fault(korean.line, message);
                }
            }
            for problem in translate(step, korean) {
                fault(step.line, problem);
            }
        }
        self.title = page.front.title;
        self.goal = page.front.goal;
        faults
    }

    /// The view that stands beside a step.
    #[must_use]
    pub fn view(&self, step: usize) -> View {
        let named = self.steps.iter().take(step + 1).rev();
        let mut named = named.filter_map(|step| step.go.as_ref()?.view.as_deref());
        view_of(named.next().unwrap_or(&self.front.view)).unwrap_or(View::Cpu)
    }
}

/// A view by its name.
#[must_use]
pub fn view_of(word: &str) -> Option<View> {
    View::ALL.into_iter().find(|view| view.word() == word && *view != View::Lessons)
}

/// Takes the texts of a translated step over; what does not fit.
fn translate(step: &mut Step, korean: Step) -> Vec<String> {
    let mut problems = Vec::new();
    step.heading = korean.heading;
    step.text = korean.text;
    step.line = korean.line;
    match (&mut step.predict, korean.predict) {
        (Some(predict), Some(korean)) => problems.extend(translate_predict(predict, korean)),
        (None, None) => {}
        (Some(_), None) => problems.push("expected a block `predict`, as in en.md".to_owned()),
        (None, Some(_)) => problems.push("a block `predict` that en.md does not have".to_owned()),
    }
    match (&mut step.change, korean.change) {
        (Some(change), Some(korean)) => {
            change.ask = korean.ask;
            change.say = korean.say;
        }
        (None, None) => {}
        (Some(_), None) => problems.push("expected a block `change`, as in en.md".to_owned()),
        (None, Some(_)) => problems.push("a block `change` that en.md does not have".to_owned()),
    }
    problems
}

fn translate_predict(predict: &mut Predict, korean: Predict) -> Vec<String> {
    let mut problems = Vec::new();
    let mut same = |what: &str, found: usize, expected: usize| {
        if found != expected {
            problems.push(format!("{found} {what}; expected {expected}, as in en.md"));
        }
    };
    same("hints", korean.hints.len(), predict.hints.len());
    same("labels", korean.labels.len(), predict.choices.len());
    same("wrong answers", korean.wrong.len(), predict.wrong.len());
    let put = |to: &mut String, from: Option<&String>| {
        if let Some(text) = from.filter(|text| !text.is_empty()) {
            text.clone_into(to);
        }
    };
    for (at, Choice { label, say, .. }) in predict.choices.iter_mut().enumerate() {
        put(label, korean.labels.get(at));
        put(say, korean.says.get(at));
    }
    for (answer, say) in &mut predict.wrong {
        put(say, korean.wrong.get(answer));
    }
    predict.hints = korean.hints;
    predict.right = korean.right;
    problems
}
