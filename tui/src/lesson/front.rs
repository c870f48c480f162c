//! What a lesson's file says in TOML: the front matter, and the blocks of its steps.

use serde::Deserialize;
use std::collections::BTreeMap;

/// The edition of the format.
pub const EDITION: &str = "2026";

/// The front matter of a lesson.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Front {
    /// The edition of the format.
    pub edition: String,
    /// What the lesson is called.
    pub title: String,
    /// What one can do after it.
    pub goal: String,
    /// About how long it takes.
    pub minutes: u32,
    /// A file beside it, or a built-in world.
    pub world: String,
    /// What is otherwise in that world, as `--set` has it.
    pub set: Vec<String>,
    /// How long the run is, if not as the world says.
    pub until: Option<String>,
    /// What stands beside the text.
    pub view: String,
    /// Which of the 21 steps of a request it explains.
    pub request: Vec<u32>,
    /// Where the kernel's source does what the lesson tells of: a file and an anchor.
    pub source: Vec<String>,
    /// Words of the glossary.
    pub terms: Vec<String>,
    /// What differs from student to student.
    pub vary: BTreeMap<String, Vary>,
    /// What is read from the run.
    pub values: BTreeMap<String, Value>,
}

/// Something that differs from student to student.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vary {
    /// What of the world it is; otherwise its name in double braces is replaced.
    pub set: Option<String>,
    /// What it may be.
    pub to: Vec<String>,
}

/// How a value is read from a run: exactly one of the first ten says what.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Value {
    /// How many events meet a condition.
    pub count: Option<String>,
    /// When the first event that meets a condition happened.
    pub time: Option<String>,
    /// A field of an event.
    pub take: Option<String>,
    /// A field of all events that meet a condition, added up.
    pub sum: Option<String>,
    /// A figure of the machine.
    pub metric: Option<String>,
    /// What a task does.
    pub state: Option<String>,
    /// A figure of the machine's memory.
    pub memory: Option<String>,
    /// Something about a page of a process.
    pub page: Option<String>,
    /// A line of what the console shows.
    pub console: Option<i64>,
    /// An expression over other values.
    pub calc: Option<String>,
    /// Itself.
    pub text: Option<String>,
    /// Which events, for `take` and `sum`.
    pub of: Option<String>,
    /// Keys of the event's JSON.
    #[serde(rename = "where")]
    pub keys: BTreeMap<String, toml::Value>,
    /// Which of the events: 1 is the first, -1 the last.
    pub nth: Option<i64>,
    /// Not before this moment.
    pub from: Option<String>,
    /// Not after this moment.
    pub to: Option<String>,
    /// At which moment.
    pub at: Option<String>,
    /// What about the page.
    pub what: Option<String>,
    /// What a number is: `time` in nanoseconds, `bytes`.
    pub unit: Option<String>,
    /// Which machine.
    pub machine: Option<String>,
    /// Another run: with these changes.
    pub set: Vec<String>,
    /// Another run: with this script of the folder.
    pub script: Option<String>,
}

/// The block `run`: where the machine goes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Go {
    /// The moment.
    pub to: Option<String>,
    /// What stands beside the text from here on.
    pub view: Option<String>,
    /// Which machine is looked at.
    pub machine: Option<String>,
}

/// The block `predict`: a question.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Predict {
    /// The right answer: a value or an expression.
    pub answer: Option<String>,
    /// What to say to wrong answers.
    pub wrong: BTreeMap<String, String>,
    /// What can be chosen.
    pub choices: Vec<Choice>,
    /// The labels of the choices, in a translation.
    pub labels: Vec<String>,
    /// What to say to those who chose wrongly, in a translation.
    pub says: Vec<String>,
    /// Where to look, what to look for, nearly all of it.
    pub hints: Vec<String>,
    /// What to say when it is right.
    pub right: String,
}

/// Something to choose.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Choice {
    /// What it says.
    pub label: String,
    /// It is right if this expression is not zero.
    pub when: Option<String>,
    /// It is right if a value is this: `next = hog`.
    pub is: Option<String>,
    /// What to say to those who choose it wrongly.
    pub say: String,
}

/// The block `why`: something to explain by a chain of events.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Why {
    /// A thread.
    pub thread: Option<String>,
    /// A call.
    pub call: Option<String>,
    /// A page.
    pub page: Option<String>,
    /// A lock.
    pub lock: Option<String>,
    /// A request to a disk.
    pub disk: Option<String>,
    /// A packet.
    pub packet: Option<String>,
    /// A request.
    pub request: Option<String>,
    /// At which moment.
    pub at: Option<String>,
}

/// The block `change`: something for the student to change, and what is to come of it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Change {
    /// The task, in words.
    pub ask: String,
    /// What of the world is changed.
    pub set: Option<String>,
    /// The script is written anew.
    pub script: bool,
    /// An expression that is to be true in the changed run.
    pub goal: String,
    /// What meets it.
    pub reference: String,
    /// What does not.
    pub wrong: String,
    /// What to say to those who miss it.
    pub say: String,
}
