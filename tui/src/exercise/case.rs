//! What was handed in, made ready to run: the machine, the changes, the answers, the program.

use super::child::Limits;
use super::file::{Exercise, Kind};
use super::program::Running;
use super::shelf::Folder;
use crate::lesson::front::{Front, Value};
use crate::lesson::measure::Changes;
use crate::lesson::shelf::Folder as Files;
use crate::lesson::whole::Plan;
use crate::source::{Source, length_of};
use crate::text::clean;
use oscope_kernel::base::Time;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a student has answered.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// Changes of the world.
    pub set: Vec<(String, String)>,
    /// Everything else.
    pub given: BTreeMap<String, String>,
}

impl Answers {
    pub(super) fn parse(text: &str, may: &[String]) -> Result<Self, String> {
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

/// A submission that can be run.
pub struct Case {
    /// The machine, and what is read from its run.
    pub plan: Plan,
    /// What the student changes.
    pub changes: Changes,
    /// What the student says.
    pub answers: Answers,
    /// The student's program, if it runs on the machine.
    pub program: Option<Running>,
}

/// Why there is nothing to run: the name of the finding, and a sentence.
pub type Refused = (&'static str, String);

impl Case {
    /// Makes what was handed in ready: the file's name, and its text. The limits are those of a program's process.
    ///
    /// # Errors
    /// What is wrong with the exercise itself.
    pub fn of(
        folder: &Folder,
        exercise: &Exercise,
        (name, text): (&str, &str),
        (seed, limits): (u64, Limits),
    ) -> Result<Result<Self, Refused>, String> {
        let mut case = Self {
            plan: plan(folder, exercise, seed, None)?,
            changes: (Vec::new(), None),
            answers: Answers::default(),
            program: None,
        };
        let made = match exercise.kind {
            Kind::Trace => case.take_script(folder, exercise, text, seed)?,
            Kind::Program => Running::prepare(name, text, limits).map(|program| {
                case.plan.programs.add(Arc::clone(&program.image));
                case.program = Some(program);
            }),
            _ => case.take_answers(exercise, text),
        };
        Ok(made.map(|()| case))
    }

    fn take_answers(&mut self, exercise: &Exercise, text: &str) -> Result<(), Refused> {
        let unreadable = |why: String| ("unreadable", format!("{}: {why}", exercise.file));
        self.answers = Answers::parse(text, &exercise.may).map_err(unreadable)?;
        self.changes.0.clone_from(&self.answers.set);
        for (key, given) in &self.answers.given {
            let value = Value { text: Some(given.clone()), ..Value::default() };
            self.plan.values.insert(format!("your_{key}"), value);
        }
        if !self.answers.set.is_empty() {
            self.plan.source(&self.changes).map_err(unreadable)?;
        }
        Ok(())
    }

    fn take_script(
        &mut self,
        folder: &Folder,
        exercise: &Exercise,
        text: &str,
        seed: u64,
    ) -> Result<Result<(), Refused>, String> {
        let source = match Source::of_script(&exercise.file, text) {
            Ok(source) => source,
            Err(why) => return Ok(Err(("unreadable", why))),
        };
        // What tasks do after their last line is part of the picture: perhaps they wait.
        let length = source.script().map_or(Ok(Time::ZERO), length_of)?;
        let until = format!("{}ns", length.0.saturating_add(AFTER));
        self.plan = plan(folder, exercise, seed, Some(until))?;
        self.changes.1 = Some(text.to_owned());
        Ok(Ok(()))
    }

    /// What runs, and for how long.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn source(&self) -> Result<(Source, Time), String> {
        self.plan.source(&self.changes)
    }
}
