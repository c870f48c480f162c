//! Makes a process of a source file: Python as it is, C and Rust through their compilers.

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

/// A program that can be started.
pub(super) struct Program {
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
        let binary = folder.0.join("policy");
        let compiler: (&str, &[&str]) = match ending {
            "py" => {
                let arguments = [OsStr::new("-I"), OsStr::new("-S"), source.as_os_str()];
                let arguments = arguments.map(OsStr::to_owned).to_vec();
                return Ok(Self { folder, command: "python3".into(), arguments });
            }
            "c" => ("cc", &["-O1", "-x", "c"]),
            "rs" => {
                if let Some(word) = BARRED.into_iter().find(|word| text.contains(word)) {
                    let why = format!("{name}: `{word}` has no place in a policy");
                    return Err(("barred", why));
                }
                (
                    "rustc",
                    &[
                        "--edition=2024",
                        "-F",
                        "unsafe_code",
                        "--cap-lints=warn",
                        "-C",
                        "debuginfo=0",
                        "-C",
                        "codegen-units=1",
                    ],
                )
            }
            _ => {
                return Err((
                    "no-program",
                    format!("{name}: expected a file ending in .py, .c or .rs"),
                ));
            }
        };
        let mut arguments: Vec<&OsStr> = compiler.1.iter().map(OsStr::new).collect();
        arguments.extend([OsStr::new("-o"), binary.as_os_str(), source.as_os_str()]);
        let command = limited(Limits::COMPILE, &folder.0, OsStr::new(compiler.0), &arguments);
        let (done, complaints) = run(command, Limits::COMPILE).map_err(here)?;
        if !done || !binary.is_file() {
            let told = complaints
                .lines()
                .find(|line| line.contains("error"))
                .unwrap_or("it does not compile");
            return Err(("not-compiled", format!("{name}: {}", crate::text::clean(told))));
        }
        // A program finds an empty folder: its own source is gone, and with it what others might learn from it.
        let _ = fs::remove_file(&source);
        Ok(Self { folder, command: binary.into_os_string(), arguments: Vec::new() })
    }

    pub(super) fn start(&self) -> std::io::Result<Child> {
        let arguments: Vec<&OsStr> = self.arguments.iter().map(OsString::as_os_str).collect();
        let command = limited(Limits::RUN, &self.folder.0, &self.command, &arguments);
        Child::start(command, Limits::RUN)
    }
}
