//! A student's folder: what is in it, and how far somebody is.
//!
//! `oscope exercise new DIR` makes it. It holds a folder per exercise, with the task and the file to change, and
//! `progress.json`. Nothing else is needed: the program carries the kernel that judges.

use super::compile::LIBRARY;
use super::file::{Exercise, Kind};
use super::judge::fill;
use super::shelf::Folder;
use crate::lang::Lang;
use oscope_kernel::base::Rng;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// The file that makes a folder a workspace.
pub const PROGRESS: &str = "progress.json";

/// How far somebody is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Progress {
    /// The edition of the exercises.
    pub edition: String,
    /// What the questions are drawn from.
    pub seed: u64,
    /// Those that are solved.
    pub solved: BTreeSet<String>,
    /// How many hints were asked for, by exercise.
    pub hints: BTreeMap<String, usize>,
    /// The exercise that is shown, if it was chosen.
    pub current: Option<String>,
}

/// A workspace.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// Where.
    pub path: PathBuf,
    /// How far.
    pub progress: Progress,
}

/// A student's own seed: the same name and salt always give the same questions.
#[must_use]
pub fn seed_of(salt: &str, student: &str) -> u64 {
    let mut rng = Rng::new(0x5a17);
    for byte in salt.bytes().chain([0]).chain(student.bytes()) {
        rng = Rng::new(rng.split(u64::from(byte)).next_u64());
    }
    // Seeds of nine digits can be typed.
    rng.below(1_000_000_000)
}

/// The endings that a program may have.
pub const ENDINGS: [&str; 3] = ["py", "c", "rs"];

/// The files of an exercise that hold what a student hands in; of a program, whichever language it is in.
#[must_use]
pub fn names(exercise: &Exercise) -> Vec<String> {
    match exercise.kind {
        Kind::Policy => ENDINGS.map(|ending| format!("{}.{ending}", exercise.file)).to_vec(),
        Kind::Program => vec![format!("{}.rs", exercise.file)],
        _ => vec![exercise.file.clone()],
    }
}

impl Workspace {
    /// Makes a workspace. What is there already stays as it is.
    ///
    /// # Errors
    /// What cannot be written.
    pub fn new(path: &Path, all: &[Folder], seed: u64, lang: Lang) -> Result<Self, String> {
        let progress = Progress {
            edition: crate::lesson::front::EDITION.to_owned(),
            seed,
            ..Progress::default()
        };
        let mut workspace = Self { path: path.to_owned(), progress };
        if path.join(PROGRESS).exists() {
            workspace = Self::open(path)?;
        } else if fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some()) {
            let message = "expected a folder that is empty, or does not exist";
            return Err(format!("{}: {message}", path.display()));
        }
        for folder in all {
            workspace.lay_out(folder, lang)?;
        }
        // What programs are compiled with is there to be read.
        let library = path.join("oscope.rs");
        fs::write(&library, LIBRARY).map_err(|error| format!("{}: {error}", library.display()))?;
        workspace.save()?;
        Ok(workspace)
    }

    fn lay_out(&self, folder: &Folder, lang: Lang) -> Result<(), String> {
        let exercise = folder.exercise()?;
        let place = self.path.join(&folder.name);
        let told = |error: std::io::Error| format!("{}: {error}", place.display());
        fs::create_dir_all(&place).map_err(told)?;
        for (name, text) in folder.below("starter") {
            if !place.join(name).exists() {
                let text = self.filled(text, folder, &exercise, lang)?;
                fs::write(place.join(name), text).map_err(told)?;
            }
        }
        // What a script of the exercise refers to, and worlds to look at.
        for (name, text) in &folder.files {
            let is_world =
                name != "exercise.toml" && name.ends_with(".toml") && !name.contains('/');
            if is_world && !text.contains("{{") && !place.join(name).exists() {
                fs::write(place.join(name), text).map_err(told)?;
            }
        }
        let texts = exercise.texts(lang);
        let mut page = format!("# {}\n\n", texts.title);
        let text = self.filled(&texts.text, folder, &exercise, lang)?;
        let _ = writeln!(page, "{}", text.trim());
        fs::write(place.join("README.md"), page).map_err(told)
    }

    fn filled(
        &self,
        text: &str,
        folder: &Folder,
        exercise: &Exercise,
        lang: Lang,
    ) -> Result<String, String> {
        match exercise.kind {
            Kind::Policy | Kind::Program => Ok(text.to_owned()),
            _ => fill(text, folder, exercise, self.progress.seed, lang),
        }
    }

    /// Opens the workspace that a folder is, or in which it lies.
    ///
    /// # Errors
    /// If there is none.
    pub fn open(path: &Path) -> Result<Self, String> {
        let start = path.canonicalize().map_err(|error| format!("{}: {error}", path.display()))?;
        let found = start.ancestors().find(|folder| folder.join(PROGRESS).is_file());
        let path = found.ok_or_else(|| {
            let shown = start.display();
            format!("{shown} is in no workspace; `oscope exercise new DIR` makes one")
        })?;
        let file = path.join(PROGRESS);
        let text =
            fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let progress =
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
        Ok(Self { path: path.to_owned(), progress })
    }

    /// Writes how far somebody is, whole or not at all.
    ///
    /// # Errors
    /// Why it could not be written.
    pub fn save(&self) -> Result<(), String> {
        let file = self.path.join(PROGRESS);
        let told = |error: std::io::Error| format!("{}: {error}", file.display());
        let text =
            serde_json::to_string_pretty(&self.progress).map_err(|error| error.to_string())?;
        let new = self.path.join("progress.json.new");
        fs::write(&new, text + "\n").map_err(told)?;
        fs::rename(&new, &file).map_err(told)
    }

    /// The exercise that is to be done now: the one that was chosen, or the first that is not solved.
    #[must_use]
    pub fn current<'f>(&self, all: &'f [Folder]) -> Option<&'f Folder> {
        let chosen = self.progress.current.as_deref();
        let chosen = all.iter().find(|folder| chosen == Some(folder.name.as_str()));
        chosen.or_else(|| all.iter().find(|folder| !self.progress.solved.contains(&folder.name)))
    }
}

/// The file that was handed in: of several languages the first that is no longer the starter.
#[must_use]
pub fn handed_in(place: &Path, exercise: &Exercise, folder: &Folder) -> Option<PathBuf> {
    let names = names(exercise);
    let changed = |name: &&String| {
        let text = fs::read_to_string(place.join(name)).ok();
        text.is_some() && text.as_deref() != folder.file(&format!("starter/{name}"))
    };
    let there = |name: &&String| place.join(name).is_file();
    let name = names.iter().find(changed).or_else(|| names.iter().find(there))?;
    Some(place.join(name))
}

/// Reads what was handed in.
///
/// # Errors
/// What is wrong with the file.
pub fn read(path: &Path) -> Result<String, String> {
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    let data = fs::metadata(path).map_err(told)?;
    if !data.is_file() || data.len() > super::shelf::LARGEST {
        return Err(format!("{}: expected a file of at most 1 MiB", path.display()));
    }
    fs::read_to_string(path).map_err(told)
}

#[cfg(test)]
mod tests {
    use super::seed_of;

    #[test]
    fn seeds_differ_by_student_and_by_salt() {
        assert_eq!(seed_of("spring", "kim"), seed_of("spring", "kim"));
        assert_ne!(seed_of("spring", "kim"), seed_of("spring", "lee"));
        assert_ne!(seed_of("spring", "kim"), seed_of("autumn", "kim"));
        assert_ne!(seed_of("a", "bc"), seed_of("ab", "c"));
    }
}
