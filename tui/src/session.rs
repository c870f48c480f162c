//! A session as a small file: the world, what was changed in it, what was typed, and where somebody stood. Whoever opens
//! it sees the same.
//!
//! The world's text is part of the file, so that it need not be at hand elsewhere. Nothing else is needed: the same
//! world with the same inputs makes the same run.

use crate::lang::Lang;
use crate::model::{Model, View};
use oscope_kernel::base::{MachineId, Time};
use serde::{Deserialize, Serialize};

/// The version of the format.
pub const EDITION: &str = "2026";

/// What the name of a session's file ends in.
pub const ENDING: &str = "oscope";

/// Something that was done to a world by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// When, in nanoseconds of virtual time.
    pub time_ns: u64,
    /// To which machine, in their order.
    pub machine: u16,
    /// Another policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// These bytes were typed on its console.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub typed: Vec<u8>,
    /// A shell was started on its console.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shell: bool,
}

impl Act {
    /// One that does nothing yet.
    #[must_use]
    pub fn new(time: Time, machine: MachineId) -> Self {
        let (time_ns, machine) = (time.0, machine.0);
        Self { time_ns, machine, policy: None, typed: Vec::new(), shell: false }
    }
}

/// A session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// The version of the format.
    pub edition: String,
    /// The world's name, or the script's.
    pub world: String,
    /// Changes of the world, as `--set` has them.
    #[serde(default)]
    pub set: Vec<String>,
    /// Where chance comes from.
    #[serde(default)]
    pub seed: u64,
    /// How long the run is.
    pub until_ns: u64,
    /// The moment that is shown.
    #[serde(default)]
    pub at_ns: u64,
    /// Which machine is shown, in their order.
    #[serde(default)]
    pub shown: usize,
    /// Which view, by its name in commands.
    #[serde(default)]
    pub view: String,
    /// The language: `en` or `ko`.
    #[serde(default)]
    pub lang: String,
    /// Marked moments.
    #[serde(default)]
    pub marks_ns: Vec<u64>,
    /// The condition to stop at.
    #[serde(default)]
    pub stop: String,
    /// The condition of the lists.
    #[serde(default)]
    pub filter: String,
    /// The world's text.
    pub text: String,
    /// What was done by hand, in order.
    #[serde(default, rename = "done")]
    pub acts: Vec<Act>,
}

impl Session {
    /// Reads a session.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn read(text: &str) -> Result<Self, String> {
        let session: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if session.edition != EDITION {
            return Err(format!("edition {:?}: expected {EDITION:?}", session.edition));
        }
        Ok(session)
    }

    /// The session of a model, as a file.
    ///
    /// # Errors
    /// Never, as far as is known; in words.
    pub fn write(model: &Model) -> Result<String, String> {
        let session = Self {
            edition: EDITION.to_owned(),
            until_ns: model.until.0,
            at_ns: model.now.0,
            shown: model.shown,
            view: model.view.word().to_owned(),
            lang: if model.lang == Lang::Ko { "ko" } else { "en" }.to_owned(),
            marks_ns: model.marks.iter().map(|mark| mark.0).collect(),
            stop: model.stop.clone(),
            filter: model.filter.1.clone(),
            acts: model.acts.clone(),
            ..model.origin.clone()
        };
        toml::to_string(&session).map_err(|error| error.to_string())
    }

    /// Puts a model where somebody stood. What does not fit is left as it is.
    pub fn restore(&self, model: &mut Model) {
        if let Some(view) = View::ALL.into_iter().find(|view| view.word() == self.view)
            && model.has(view)
        {
            model.view = view;
        }
        if self.shown < model.machines.len() {
            model.shown = self.shown;
        }
        if let Ok(lang) = Lang::named(&self.lang) {
            model.lang = lang;
        }
        model.marks = self.marks_ns.iter().map(|mark| Time(*mark)).collect();
        model.marks.sort_unstable();
        model.stop.clone_from(&self.stop);
        if let Ok(filter) = oscope_userland::predicate::Predicate::parse(&self.filter) {
            model.filter = (filter, self.filter.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Act, Session};
    use crate::lang::Lang;
    use crate::model::{Model, View};
    use oscope_kernel::base::{MachineId, Time};

    #[test]
    fn a_session_is_read_as_it_was_written() {
        let mut model = Model::new("first", Time(5_000), &[]);
        model.origin = Session {
            world: "first".to_owned(),
            set: vec!["box.cpus=2".to_owned()],
            text: "edition = \"2026\"\n".to_owned(),
            ..Session::default()
        };
        model.view = View::Log;
        model.lang = Lang::Ko;
        model.marks = vec![Time(3), Time(9)];
        model.acts = vec![Act { typed: b"ls\n".to_vec(), ..Act::new(Time(7), MachineId(1)) }];
        let text = Session::write(&model).expect("written");
        let session = Session::read(&text).expect("read");
        assert_eq!(session.acts, model.acts);
        assert_eq!((session.until_ns, session.set.len()), (5_000, 1));
        let mut other = Model::new("first", Time(5_000), &[]);
        session.restore(&mut other);
        assert_eq!((other.view, other.lang, &other.marks), (View::Log, Lang::Ko, &model.marks));
    }

    #[test]
    fn what_is_no_session_is_refused() {
        assert!(Session::read("").is_err());
        assert!(
            Session::read("edition = \"1999\"\nworld = \"\"\nuntil_ns = 1\ntext = \"\"\n").is_err()
        );
        assert!(Session::read("edition = \"2026\"\nnonsense = 1\n").is_err());
    }
}
