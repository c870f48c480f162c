//! `oscope-host play` as a child: one line asks, one line answers (the program itself has the protocol).

use serde_json::{Value, json};
use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Why the host does not play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostError {
    /// There is no such program.
    Missing(PathBuf),
    /// This machine does not let it, and why.
    Cannot(String),
    /// It has ended, or speaks in riddles.
    Broken(String),
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => {
                write!(
                    f,
                    "the host cannot play: there is no {}; `cargo build --workspace` makes it",
                    path.display()
                )
            }
            Self::Cannot(why) => write!(f, "the host cannot play: {why}"),
            Self::Broken(why) => write!(f, "oscope-host: {why}"),
        }
    }
}

impl std::error::Error for HostError {}

/// The runner on the host.
#[derive(Debug)]
pub struct Runner {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    greeting: Value,
}

impl Runner {
    /// Starts the program at a path.
    ///
    /// # Errors
    /// [`HostError`] if it is not there, or the machine gives it no namespaces.
    pub fn start(path: &Path) -> Result<Self, HostError> {
        let mut child = Command::new(path)
            .arg("play")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|_| HostError::Missing(path.to_owned()))?;
        let requests = child.stdin.take();
        let answers = child.stdout.take().ok_or_else(|| broken("it has no output"))?;
        let answers = BufReader::new(answers);
        let mut runner = Self { child, requests, answers, greeting: Value::Null };
        runner.greeting = runner.line()?;
        match runner.greeting.get("cannot").and_then(Value::as_str) {
            Some(why) => Err(HostError::Cannot(why.to_owned())),
            None => Ok(runner),
        }
    }

    /// Which kernel it is: `Linux 6.1.0 on x86_64`.
    #[must_use]
    pub fn kernel(&self) -> String {
        let text = |name: &str| self.greeting.get(name).and_then(Value::as_str).unwrap_or("?");
        format!("Linux {} on {}", text("kernel"), text("machine"))
    }

    /// Whether the calls are made by the machine's own root, as the emulated machine's are by its.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.greeting.get("root").and_then(Value::as_bool).unwrap_or(false)
    }

    fn line(&mut self) -> Result<Value, HostError> {
        let mut line = String::new();
        match self.answers.read_line(&mut line) {
            Ok(0) => Err(broken("it has ended")),
            Ok(_) => serde_json::from_str(&line).map_err(|error| broken(&error.to_string())),
            Err(error) => Err(broken(&error.to_string())),
        }
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// [`HostError::Broken`]; also for what the runner calls an error, as nobody should ask such things.
    pub(super) fn ask(&mut self, request: &Value) -> Result<Value, HostError> {
        let Some(requests) = self.requests.as_mut() else { return Err(broken("it was ended")) };
        writeln!(requests, "{request}").map_err(|error| broken(&error.to_string()))?;
        let answer = self.line()?;
        match answer.get("error").and_then(Value::as_str) {
            Some(error) => Err(broken(error)),
            None => Ok(answer),
        }
    }

    /// Memory of a task, as much of it as is there.
    pub(super) fn read(&mut self, task: u64, address: u64, length: usize) -> Option<Vec<u8>> {
        let answer = self.ask(&json!({ "task": task, "read": [[address, length]] })).ok()?;
        unhex(answer.get("memory")?.get(0)?.get(1)?.as_str()?)
    }
}

impl Drop for Runner {
    /// Without requests it ends by itself, and all its processes with it.
    fn drop(&mut self) {
        self.requests = None;
        let _ = self.child.wait();
    }
}

fn broken(why: &str) -> HostError {
    HostError::Broken(why.to_owned())
}

/// Bytes as pairs of digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Bytes of pairs of digits.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        text.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}
