//! Makes a process of a source file: Python as it is, C and Rust through their compilers. A program that runs on the
//! machine is compiled by rustc together with the small libc that oscope carries.

use super::child::{Child, Limits, limited, run};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Words that a Rust source may not have: they reach for files while the compiler runs, or for what is no part of a policy.
const BARRED: [&str; 12] = [
    "include!",
    "include_str!",
    "include_bytes!",
    "env!",
    "option_env!",
    "asm!",
    "#[path",
    "extern crate",
    "std::process",
    "std::fs",
    "std::net",
    "unsafe",
];

/// How Rust is compiled.
const RUSTC: [&str; 10] = [
    "--edition=2024",
    "-F",
    "unsafe_code",
    "--cap-lints=warn",
    // The libc has more than one program needs.
    "-A",
    "dead_code",
    "-C",
    "debuginfo=0",
    "-C",
    "codegen-units=1",
];

/// What a program of the machine begins with: the libc, and the student's functions.
const MAIN: &str = "#[macro_use]\nmod oscope;\nmod program;\n\nfn main() {\n    oscope::serve(program::FUNCTIONS);\n}\n";

/// The libc, which is also in each workspace.
pub const LIBRARY: &str = include_str!("../../../docs/exercises/oscope.rs");

/// Refuses a Rust source that reaches for what is not its own.
fn allowed(name: &str, text: &str) -> Result<(), (&'static str, String)> {
    match BARRED.into_iter().find(|word| text.contains(word)) {
        Some(word) => {
            Err(("barred", format!("{name}: `{word}` has no place in what is handed in")))
        }
        None => Ok(()),
    }
}

/// A program that can be started.
pub struct Program {
    folder: Scratch,
    command: OsString,
    arguments: Vec<OsString>,
}

/// A folder that goes when it is no longer needed.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> std::io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("oscope-program-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Program {
    /// Writes the source down and compiles it. What is wrong comes with the name of the finding.
    pub(super) fn prepare(name: &str, text: &str) -> Result<Self, (&'static str, String)> {
        let here = |error: std::io::Error| ("no-program", format!("{name}: {error}"));
        let ending = Path::new(name).extension().and_then(OsStr::to_str).unwrap_or_default();
        let folder = Scratch::new().map_err(here)?;
        let source = folder.0.join(format!("policy.{ending}"));
        fs::write(&source, text).map_err(here)?;
        let compiler: (&str, &[&str]) = match ending {
            "py" => {
                let arguments = [OsStr::new("-I"), OsStr::new("-S"), source.as_os_str()];
                let arguments = arguments.map(OsStr::to_owned).to_vec();
                return Ok(Self { folder, command: "python3".into(), arguments });
            }
            "c" => ("cc", &["-O1", "-x", "c"]),
            "rs" => {
                allowed(name, text)?;
                ("rustc", &RUSTC)
            }
            _ => {
                return Err((
                    "no-program",
                    format!("{name}: expected a file ending in .py, .c or .rs"),
                ));
            }
        };
        Self::compiled(name, compiler, folder, &[source])
    }

    /// The same for a program that runs on the machine: Rust, and with it the libc.
    pub(super) fn with_library(name: &str, text: &str) -> Result<Self, (&'static str, String)> {
        allowed(name, text)?;
        let here = |error: std::io::Error| ("no-program", format!("{name}: {error}"));
        let folder = Scratch::new().map_err(here)?;
        let files = [("main.rs", MAIN), ("oscope.rs", LIBRARY), ("program.rs", text)];
        let mut sources = Vec::new();
        for (file, text) in files {
            let path = folder.0.join(file);
            fs::write(&path, text).map_err(here)?;
            sources.push(path);
        }
        Self::compiled(name, ("rustc", &RUSTC), folder, &sources)
    }

    /// Compiles the first of the sources, which leads to the others.
    fn compiled(
        name: &str,
        compiler: (&str, &[&str]),
        folder: Scratch,
        sources: &[PathBuf],
    ) -> Result<Self, (&'static str, String)> {
        let here = |error: std::io::Error| ("no-program", format!("{name}: {error}"));
        let binary = folder.0.join("policy");
        let mut arguments: Vec<&OsStr> = compiler.1.iter().map(OsStr::new).collect();
        arguments.extend([OsStr::new("-o"), binary.as_os_str()]);
        arguments.extend(sources.first().map(|source| source.as_os_str()));
        let command = limited(Limits::COMPILE, &folder.0, OsStr::new(compiler.0), &arguments);
        let (done, complaints) = run(command, Limits::COMPILE).map_err(here)?;
        if !done || !binary.is_file() {
            return Err(("not-compiled", format!("{name}: {}", complaint(&complaints))));
        }
        // A program finds an empty folder: its own source is gone, and with it what others might learn from it.
        for source in sources {
            let _ = fs::remove_file(source);
        }
        Ok(Self { folder, command: binary.into_os_string(), arguments: Vec::new() })
    }

    pub(super) fn start(&self, limits: Limits) -> std::io::Result<Child> {
        let arguments: Vec<&OsStr> = self.arguments.iter().map(OsString::as_os_str).collect();
        let command = limited(limits, &self.folder.0, &self.command, &arguments);
        Child::start(command, limits)
    }
}

/// The first error of a compiler, with the line that it is about.
fn complaint(all: &str) -> String {
    let mut lines = all.lines().skip_while(|line| !line.contains("error"));
    let first = lines.next().unwrap_or("it does not compile");
    let place = lines.next().and_then(|line| line.trim().strip_prefix("--> "));
    let place =
        place.and_then(|place| place.rsplit_once('/').map(|(_, file)| file).or(Some(place)));
    let place = place.map(|place| format!(" ({place})")).unwrap_or_default();
    crate::text::clean(&format!("{first}{place}"))
}
