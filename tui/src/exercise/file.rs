//! What an exercise's `exercise.toml` says.

use super::problem::Recipe;
use crate::lang::Lang;
use crate::lesson::front::{EDITION, Value, Vary};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What is handed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A script of system calls; judged by what happened when it ran.
    #[default]
    Trace,
    /// Answers to questions that the seed makes.
    Predict,
    /// Settings of a world, and the figures that justify them.
    Experiment,
    /// What is wrong in a world, and what repairs it.
    Debug,
    /// A program that decides: who runs, which page goes.
    Policy,
    /// A program that runs on the machine: an `async fn`.
    Program,
}

impl Kind {
    /// The kind of that name.
    ///
    /// # Errors
    /// The names that there are.
    pub fn named(name: &str) -> Result<Self, String> {
        let all = [
            Self::Trace,
            Self::Predict,
            Self::Experiment,
            Self::Debug,
            Self::Policy,
            Self::Program,
        ];
        let expected = "expected trace, predict, experiment, debug, policy or program";
        all.into_iter().find(|kind| kind.name() == name).ok_or_else(|| expected.to_owned())
    }

    /// As the file has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Predict => "predict",
            Self::Experiment => "experiment",
            Self::Debug => "debug",
            Self::Policy => "policy",
            Self::Program => "program",
        }
    }

    /// Whether what is handed in runs on a machine that can be looked at.
    #[must_use]
    pub const fn has_run(self) -> bool {
        matches!(self, Self::Trace | Self::Experiment | Self::Debug | Self::Program)
    }

    /// Whether what is handed in is a TOML file of answers.
    #[must_use]
    pub const fn is_answers(self) -> bool {
        matches!(self, Self::Predict | Self::Experiment | Self::Debug)
    }
}

/// The texts in one language.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Texts {
    /// What it is called.
    pub title: String,
    /// One sentence, for the list.
    pub summary: String,
    /// The task.
    pub text: String,
    /// Where to look, what to look for, nearly all of it.
    pub hints: Vec<String>,
    /// What to say when it is solved.
    pub solved: String,
}

/// A sentence in both languages.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Said {
    /// English.
    pub en: String,
    /// Korean.
    pub ko: String,
}

impl Said {
    /// In a language.
    #[must_use]
    pub fn in_lang(&self, lang: Lang) -> &str {
        match lang {
            Lang::En => &self.en,
            Lang::Ko => &self.ko,
        }
    }
}

/// An answer that comes of a known misconception.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mistake {
    /// The misconception's name, for the class summary.
    pub id: String,
    /// The answer is this value or expression.
    pub is: Option<String>,
    /// The answer is what this policy would do.
    pub policy: Option<String>,
    /// What to say.
    pub say: Said,
}

/// Something that is to hold. Exactly one of `goal`, `is` and `order` says what.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Check {
    /// Its name, for the class summary: the misconception of those who miss it.
    pub id: String,
    /// How many points it is worth.
    pub points: u32,
    /// An expression over values that is not 0.
    pub goal: Option<String>,
    /// The student's answer to look at.
    pub key: Option<String>,
    /// The right answer: a value or an expression.
    pub is: Option<String>,
    /// The answer is the order in which the policy decides.
    pub order: bool,
    /// The moment to show when it does not hold.
    pub at: Option<String>,
    /// What to say when it does not hold.
    pub say: Said,
    /// Misconceptions that can be told from the answer.
    pub mistake: Vec<Mistake>,
}

/// The file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Exercise {
    /// The edition of the format. A grade is made by the rules of its edition.
    pub edition: String,
    /// What is handed in.
    pub kind: Kind,
    /// How hard it is: 1 to 3.
    pub level: u8,
    /// The file that is handed in; of a program, without the ending.
    pub file: String,
    /// The world that runs: built in, or a file beside it.
    pub world: String,
    /// What is otherwise in that world.
    pub set: Vec<String>,
    /// How long the run is.
    pub until: Option<String>,
    /// What of the world the student may change.
    pub may: Vec<String>,
    /// The problem that the seed makes.
    pub problem: Option<Recipe>,
    /// What differs from student to student.
    pub vary: BTreeMap<String, Vary>,
    /// What is read from the run.
    pub values: BTreeMap<String, Value>,
    /// What is to hold, in the order in which it is told.
    pub check: Vec<Check>,
    /// Typical wrong answers: a file of `wrong/` without its ending, and the first finding there.
    pub wrong: BTreeMap<String, String>,
    /// English.
    pub en: Texts,
    /// Korean.
    pub ko: Texts,
}

impl Exercise {
    /// Reads it.
    ///
    /// # Errors
    /// Where it is wrong, and what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let exercise: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if exercise.edition != EDITION {
            return Err(format!("edition `{}`; expected `{EDITION}`", exercise.edition));
        }
        Ok(exercise)
    }

    /// The texts in a language.
    #[must_use]
    pub const fn texts(&self, lang: Lang) -> &Texts {
        match lang {
            Lang::En => &self.en,
            Lang::Ko => &self.ko,
        }
    }

    /// All points.
    #[must_use]
    pub fn points(&self) -> u32 {
        self.check.iter().map(|check| check.points).sum()
    }
}
