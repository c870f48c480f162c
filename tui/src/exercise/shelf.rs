//! Where exercises come from: the folders that the program carries, or a teacher's own.

use super::file::Exercise;
use include_dir::{Dir, include_dir};
use std::collections::BTreeMap;
use std::path::Path;

static SHELF: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../docs/exercises");

/// The largest file that is read.
pub const LARGEST: u64 = 1 << 20;

/// The files of an exercise.
#[derive(Clone, Debug, Default)]
pub struct Folder {
    /// The folder's name: `02-zombie`.
    pub name: String,
    /// Texts by their path in the folder, such as `wrong/no-child.trace`.
    pub files: BTreeMap<String, String>,
}

impl Folder {
    /// The number that its name begins with.
    #[must_use]
    pub fn number(&self) -> Option<u32> {
        self.name.split_once('-')?.0.parse().ok()
    }

    /// Its name without the number.
    #[must_use]
    pub fn slug(&self) -> &str {
        self.name.split_once('-').map_or(self.name.as_str(), |(_, slug)| slug)
    }

    /// A file's text.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// What the author says.
    ///
    /// # Errors
    /// What is wrong with `exercise.toml`.
    pub fn exercise(&self) -> Result<Exercise, String> {
        let text = self.file("exercise.toml").ok_or("there is no exercise.toml")?;
        Exercise::parse(text).map_err(|why| format!("{}/exercise.toml: {why}", self.name))
    }

    /// The files below `folder`, such as `starter`: name and text.
    pub fn below<'f>(&'f self, folder: &'f str) -> impl Iterator<Item = (&'f str, &'f str)> {
        self.files.iter().filter_map(move |(path, text)| {
            let name = path.strip_prefix(folder)?.strip_prefix('/')?;
            Some((name, text.as_str()))
        })
    }

    /// Reads a folder.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn on_disk(path: &Path) -> Result<Self, String> {
        let told = |error: std::io::Error| format!("{}: {error}", path.display());
        let real = path.canonicalize().map_err(told)?;
        let name = real.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut files = BTreeMap::new();
        for folder in ["", "starter", "solution", "wrong"] {
            let Ok(entries) = std::fs::read_dir(real.join(folder)) else { continue };
            for entry in entries.flatten() {
                let fits =
                    entry.metadata().is_ok_and(|data| data.is_file() && data.len() <= LARGEST);
                let Ok(text) =
                    (if fits { std::fs::read_to_string(entry.path()) } else { continue })
                else {
                    continue;
                };
                let name = entry.file_name().to_string_lossy().into_owned();
                let name = if folder.is_empty() { name } else { format!("{folder}/{name}") };
                files.insert(name, text);
            }
        }
        if !files.contains_key("exercise.toml") {
            return Err(format!("{}: expected a folder with an exercise.toml", path.display()));
        }
        Ok(Self { name, files })
    }
}

/// All exercises that the program carries, by number.
#[must_use]
pub fn all() -> Vec<Folder> {
    let mut all: Vec<Folder> = SHELF.dirs().map(carried).collect();
    all.retain(|folder| folder.number().is_some());
    all.sort_by_key(Folder::number);
    all
}

/// The exercises of a teacher: folders of a folder.
///
/// # Errors
/// What cannot be read.
pub fn of_folder(path: &Path) -> Result<Vec<Folder>, String> {
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut all = Vec::new();
    for entry in std::fs::read_dir(path).map_err(told)?.flatten() {
        if entry.path().join("exercise.toml").is_file() {
            all.push(Folder::on_disk(&entry.path())?);
        }
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}

/// A page of the shelf itself, such as a template.
#[must_use]
pub fn page(name: &str) -> Option<&'static str> {
    SHELF.get_file(name)?.contents_utf8()
}

fn carried(dir: &Dir<'_>) -> Folder {
    let name = dir.path().to_string_lossy().into_owned();
    let mut files = BTreeMap::new();
    let below = dir.dirs().flat_map(Dir::files);
    for file in dir.files().chain(below) {
        let path = file.path().strip_prefix(dir.path()).unwrap_or(file.path());
        if let Some(text) = file.contents_utf8() {
            files.insert(path.to_string_lossy().into_owned(), text.to_owned());
        }
    }
    Folder { name, files }
}
