//! What somebody has done so far, in a small file of their own.
//!
//! It is in the state directory (XDG Base Directory Specification 0.8): `$XDG_STATE_HOME/oscope/lessons.json`, or
//! `~/.local/state/oscope/lessons.json`. Where neither can be written, nothing is remembered, and nothing else happens.

use super::reading::{Reading, Standing};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One lesson.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Mark {
    /// The open step.
    pub at: usize,
    /// How many steps there are.
    pub of: usize,
    /// How each stands.
    pub steps: Vec<Standing>,
}

impl Mark {
    /// How many steps are done.
    #[must_use]
    pub fn done(&self) -> usize {
        self.steps.iter().filter(|step| step.done).count()
    }
}

/// All lessons, by folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Progress {
    /// How far somebody is with each.
    pub lessons: BTreeMap<String, Mark>,
}

/// Where it is kept.
#[must_use]
pub fn path() -> Option<PathBuf> {
    let set =
        |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let state = set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")))?;
    Some(state.join("oscope/lessons.json"))
}

impl Progress {
    /// Reads it; what cannot be read is as if there were nothing.
    #[must_use]
    pub fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Writes it, whole or not at all.
    ///
    /// # Errors
    /// Why it could not be written.
    pub fn write(&self, path: &Path) -> std::io::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let text = serde_json::to_string_pretty(self).map_err(std::io::Error::other)?;
        let new = path.with_extension("json.new");
        std::fs::write(&new, text)?;
        std::fs::rename(&new, path)
    }

    /// Takes over where somebody stands.
    pub fn keep(&mut self, reading: &Reading) {
        let mark =
            Mark { at: reading.at, of: reading.steps.len(), steps: reading.standings.clone() };
        self.lessons.insert(reading.lesson.name.clone(), mark);
    }

    /// Goes on where somebody stopped. A lesson whose steps have changed begins anew.
    pub fn resume(&self, reading: &mut Reading) {
        let Some(mark) = self.lessons.get(&reading.lesson.name) else { return };
        if mark.of == reading.steps.len() && mark.steps.len() == mark.of {
            reading.standings.clone_from(&mark.steps);
            reading.go(mark.at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Mark, Progress};

    #[test]
    fn what_is_written_is_read_and_rubbish_is_nothing() {
        let folder = std::env::temp_dir().join(format!("oscope-progress-{}", std::process::id()));
        let path = folder.join("a/lessons.json");
        let mut progress = Progress::default();
        progress.lessons.insert("11-fork".to_owned(), Mark { at: 3, of: 9, steps: Vec::new() });
        progress.write(&path).expect("a temporary folder");
        assert_eq!(Progress::read(&path), progress);
        std::fs::write(&path, "{\"lessons\": 7").expect("a temporary folder");
        assert_eq!(Progress::read(&path), Progress::default());
        std::fs::remove_dir_all(&folder).expect("it was made here");
    }
}
