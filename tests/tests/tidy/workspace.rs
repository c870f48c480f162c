//! The files that the rules are about, read once.

use crate::strip::code_only;
use crate::tokens::{Token, test_modules, test_ranges, tokens};
use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;

/// What is read beside the files in the root itself. Build output and editors' files are none of our business.
const DIRECTORIES: [&str; 7] = [".ci", ".github", "docs", "kernel", "tests", "tui", "userland"];

/// Larger files are data: known to be there, but not looked into.
const LARGEST_TEXT: u64 = 4 << 20;

/// What is wrong, where, and what is expected instead.
pub(crate) struct Problem {
    path: String,
    line: usize,
    message: String,
}

impl Problem {
    pub(crate) fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        let (path, message) = (path.to_owned(), message.into());
        Self { path, line, message }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// One file.
pub(crate) struct File {
    /// From the root of the workspace, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
    /// Of a Rust file, the text without comments and literals, byte for byte.
    code: String,
    /// All of it is compiled for tests only.
    is_test: bool,
}

impl File {
    fn new(path: &str, text: String) -> Self {
        let is_rust = path.ends_with(".rs");
        let mut parts = path.split('/');
        Self {
            path: path.to_owned(),
            code: if is_rust { code_only(&text) } else { String::new() },
            text,
            is_test: is_rust && parts.any(|p| matches!(p, "tests" | "tests.rs" | "benches")),
        }
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Source of one of the crates, rather than its tests, benches or documents.
    pub(crate) fn is_crate_source(&self) -> bool {
        self.is_rust() && self.path.split('/').nth(1) == Some("src")
    }

    pub(crate) fn tokens(&self) -> Vec<Token<'_>> {
        tokens(&self.code)
    }

    /// The line, counted from 1, of the byte at `at`.
    pub(crate) fn line_of(&self, at: usize) -> usize {
        let before = &self.text.as_bytes()[..at.min(self.text.len())];
        1 + before.iter().filter(|&&b| b == b'\n').count()
    }

    pub(crate) fn problem(&self, at: usize, message: impl Into<String>) -> Problem {
        Problem::new(&self.path, self.line_of(at), message)
    }

    /// Tells whether the byte at an offset is compiled for tests only.
    pub(crate) fn tests(&self, tokens: &[Token<'_>]) -> impl Fn(usize) -> bool + use<> {
        let ranges = test_ranges(tokens);
        let is_test = self.is_test;
        move |at| is_test || ranges.iter().any(|range| range.contains(&at))
    }
}

/// All files, in the order of their paths.
pub(crate) struct Workspace {
    pub(crate) files: Vec<File>,
    /// Files and directories.
    paths: BTreeSet<String>,
}

impl Workspace {
    /// Reads the workspace whose root is `root`.
    pub(crate) fn read(root: &Path) -> Self {
        let mut files = Vec::new();
        for entry in entries(root, root) {
            let is_hidden = entry.path.starts_with('.') && entry.path != ".gitignore";
            if entry.is_directory && DIRECTORIES.contains(&entry.path.as_str()) {
                read_directory(root, &entry.path, &mut files);
            } else if !entry.is_directory && !is_hidden {
                files.push((entry.path.clone(), text(root, &entry.path)));
            }
        }
        Self::new(files)
    }

    /// A workspace of these paths and texts.
    pub(crate) fn new(files: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut files: Vec<_> = files.into_iter().map(|(p, t)| File::new(&p, t)).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        mark_test_modules(&mut files);
        let mut paths = BTreeSet::new();
        for file in &files {
            let slashes = file.path.match_indices('/');
            paths.extend(slashes.map(|(at, _)| file.path[..at].to_owned()));
            paths.insert(file.path.clone());
        }
        Self { files, paths }
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        path.is_empty() || self.paths.contains(path)
    }

    pub(crate) fn rust_files(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.is_rust())
    }
}

/// `#[cfg(test)] mod support;` makes a test of `support.rs` and of all below `support/`.
fn mark_test_modules(files: &mut [File]) {
    let mut modules = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        let directory = children_directory(&file.path);
        let names = test_modules(&file.tokens()).into_iter().map(str::to_owned).collect::<Vec<_>>();
        modules.extend(names.iter().map(|name| format!("{directory}/{name}")));
    }
    for file in files {
        let is_below = |module: &String| {
            let rest = file.path.strip_prefix(module.as_str());
            rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        };
        file.is_test |= modules.iter().any(is_below);
    }
}

/// Where the modules live that the file at `path` declares.
fn children_directory(path: &str) -> &str {
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    match name {
        "mod.rs" | "lib.rs" | "main.rs" => directory,
        _ => path.trim_end_matches(".rs"),
    }
}

struct Entry {
    path: String,
    is_directory: bool,
}

/// What is in `directory`, links left out: they lead out of the tree or around in it.
fn entries(root: &Path, directory: &Path) -> Vec<Entry> {
    let Ok(listing) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let entry = |entry: fs::DirEntry| {
        let kind = entry.file_type().ok().filter(|kind| !kind.is_symlink())?;
        let full = entry.path();
        let parts = full.strip_prefix(root).ok()?.iter();
        let parts: Vec<_> = parts.map(|part| part.to_string_lossy()).collect();
        let is_directory = kind.is_dir();
        Some(Entry { path: parts.join("/"), is_directory })
    };
    listing.flatten().filter_map(entry).collect()
}

fn read_directory(root: &Path, directory: &str, files: &mut Vec<(String, String)>) {
    for entry in entries(root, &root.join(directory)) {
        let name = entry.path.rsplit('/').next().unwrap_or_default();
        if name == "target" || name.starts_with('.') {
            continue;
        }
        if entry.is_directory {
            read_directory(root, &entry.path, files);
        } else {
            let text = text(root, &entry.path);
            files.push((entry.path, text));
        }
    }
}

/// The text of a file; of one that is no text, what there is of it.
fn text(root: &Path, path: &str) -> String {
    let path = root.join(path);
    let is_small = fs::metadata(&path).is_ok_and(|data| data.len() <= LARGEST_TEXT);
    let bytes = if is_small { fs::read(&path).unwrap_or_default() } else { Vec::new() };
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::Workspace;

    #[test]
    fn files_of_test_modules_are_tests() {
        let texts = [
            ("kernel/src/a/mod.rs", "#[cfg(test)]\nmod support;\nmod other;\n"),
            ("kernel/src/a/support.rs", ""),
            ("kernel/src/a/support/more.rs", ""),
            ("kernel/src/a/other.rs", "#[cfg(test)]\nmod inner;\n"),
            ("kernel/src/a/other/inner.rs", ""),
            ("kernel/src/a/tests.rs", ""),
            ("tui/src/lib.rs", ""),
            ("tests/src/lib.rs", ""),
        ];
        let workspace = Workspace::new(texts.map(|(p, t)| (p.to_owned(), t.to_owned())));
        let tests = workspace.files.iter().filter(|file| file.is_test);
        let tests: Vec<_> = tests.map(|file| file.path.as_str()).collect();
        let expected = [
            "kernel/src/a/other/inner.rs",
            "kernel/src/a/support.rs",
            "kernel/src/a/support/more.rs",
            "kernel/src/a/tests.rs",
            "tests/src/lib.rs",
        ];
        assert_eq!(tests, expected);
        assert!(workspace.has("kernel/src/a") && !workspace.has("kernel/src/b"));
    }
}
