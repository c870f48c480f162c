//! Where lessons come from: the folders that the program carries, or one on disk.

use super::parse::Fault;
use include_dir::{Dir, include_dir};
use std::collections::BTreeMap;
use std::path::Path;

/// What the program carries.
static SHELF: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../docs/lessons");

/// The largest file of a lesson that is read.
const LARGEST: u64 = 1 << 20;

/// The files of a lesson.
#[derive(Clone, Debug, Default)]
pub struct Folder {
    /// The folder's name: `11-fork-and-cow`.
    pub name: String,
    /// Texts by file name.
    pub files: BTreeMap<String, String>,
}

impl Folder {
    /// The number that its name begins with.
    #[must_use]
    pub fn number(&self) -> Option<u32> {
        self.name.split_once('-')?.0.parse().ok()
    }

    /// A file's text.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&str> {
        self.files.get(name).map(String::as_str)
    }

    /// Reads the folder in which a file stands, or a folder.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn on_disk(path: &Path) -> Result<Self, Fault> {
        let fault = |file: &Path, message: String| Fault {
            file: file.display().to_string(),
            line: 1,
            message,
        };
        if !path.exists() {
            return Err(fault(
                path,
                "no such file; expected a lesson's en.md or its folder".to_owned(),
            ));
        }
        let folder = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new(".")) };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let real = folder.canonicalize().map_err(|error| fault(folder, error.to_string()))?;
        let name = real.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut files = BTreeMap::new();
        let entries =
            std::fs::read_dir(folder).map_err(|error| fault(folder, error.to_string()))?;
        for entry in entries.flatten() {
            let path = entry.path();
            let ending = path.extension().and_then(std::ffi::OsStr::to_str);
            let fits = entry.metadata().is_ok_and(|data| data.is_file() && data.len() <= LARGEST);
            if !fits || !matches!(ending, Some("md" | "toml" | "trace")) {
                continue;
            }
            let text =
                std::fs::read_to_string(&path).map_err(|error| fault(&path, error.to_string()))?;
            files.insert(entry.file_name().to_string_lossy().into_owned(), text);
        }
        Ok(Self { name, files })
    }
}

/// All lessons that the program carries, by number.
#[must_use]
pub fn all() -> Vec<Folder> {
    let mut all: Vec<Folder> = SHELF.dirs().map(folder).collect();
    all.retain(|folder| folder.number().is_some());
    all.sort_by_key(Folder::number);
    all
}

fn folder(dir: &Dir<'_>) -> Folder {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let files =
        dir.files().filter_map(|file| Some((name(file.path()), file.contents_utf8()?.to_owned())));
    Folder { name: name(dir.path()), files: files.collect() }
}

/// A page of the shelf itself, such as `tracks.toml` or `glossary.toml`.
#[must_use]
pub fn page(name: &str) -> Option<&'static str> {
    SHELF.get_file(name)?.contents_utf8()
}
