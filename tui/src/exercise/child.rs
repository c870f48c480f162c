//! A student's program, in a process of its own that can hurt nobody: little time, little memory, an empty folder, no
//! environment. It answers lines with lines; whatever else it does is of no consequence.
//!
//! The limits are those of setrlimit(2), set by `ulimit` of the shell that becomes the program: no unsafe code is needed
//! here. The clock is ours, and at the end the whole process group is killed.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child as Process, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// What a program may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time on the clock for all its answers together.
    pub time: Duration,
    /// Address space in KiB.
    pub memory_kib: u64,
}

impl Limits {
    /// For a program that decides.
    pub const RUN: Self = Self { time: Duration::from_secs(4), memory_kib: 512 << 10 };
    /// For a program whose run somebody looks at, for as long as they like.
    pub const LOOK: Self = Self { time: Duration::from_secs(24 * 3600), memory_kib: 512 << 10 };
    /// For a compiler: rustc maps much more than it uses.
    pub const COMPILE: Self = Self { time: Duration::from_secs(20), memory_kib: 4 << 20 };
}

/// The longest line that is read.
const LONGEST: u64 = 4096;

/// How much of what a program complains about is kept.
const KEPT: u64 = 2000;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The program has ended.
    Ended,
    /// The time is over.
    Late,
    /// A line is longer than any answer.
    Flood,
}

/// The program.
pub struct Child {
    process: Process,
    questions: Option<SyncSender<String>>,
    answers: Receiver<Result<String, Stop>>,
    complaints: Receiver<String>,
    deadline: Instant,
}

/// A command that runs under limits, in a folder, with nothing of our environment but where programs are.
#[must_use]
pub fn limited(limits: Limits, folder: &Path, program: &OsStr, arguments: &[&OsStr]) -> Command {
    let seconds = limits.time.as_secs().max(1);
    // 64 MiB is the largest file that may be written, and no core is left behind.
    let script = format!(
        "ulimit -c 0; ulimit -t {seconds}; ulimit -v {}; ulimit -f 131072; exec \"$0\" \"$@\"",
        limits.memory_kib
    );
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(script).arg(program).args(arguments);
    command.env_clear();
    for name in ["PATH", "HOME", "RUSTUP_HOME", "CARGO_HOME", "RUSTUP_TOOLCHAIN"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.env("TMPDIR", folder).current_dir(folder).process_group(0);
    command
}

/// Runs a command to its end, and at most so long: whether it succeeded, and what it complained about.
///
/// # Errors
/// If it cannot be started.
pub fn run(command: Command, limits: Limits) -> std::io::Result<(bool, String)> {
    run_into(command, limits, Stdio::null())
}

/// The same; what it prints goes somewhere.
///
/// # Errors
/// If it cannot be started.
pub fn run_into(
    mut command: Command,
    limits: Limits,
    stdout: Stdio,
) -> std::io::Result<(bool, String)> {
    command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped());
    let mut process = command.spawn()?;
    let complaints = complaints(&mut process);
    let deadline = Instant::now() + limits.time;
    let done = loop {
        if let Some(status) = process.try_wait()? {
            break status.success();
        }
        if Instant::now() >= deadline {
            break false;
        }
        thread::sleep(Duration::from_millis(5));
    };
    end(&mut process);
    Ok((done, complaints.recv_timeout(Duration::from_secs(1)).unwrap_or_default()))
}

fn complaints(process: &mut Process) -> Receiver<String> {
    let (send, receive) = sync_channel(1);
    if let Some(mut stream) = process.stderr.take() {
        thread::spawn(move || {
            let mut text = Vec::new();
            let _ = stream.by_ref().take(KEPT).read_to_end(&mut text);
            let _ = send.send(String::from_utf8_lossy(&text).into_owned());
            // The rest is read away, so that nobody waits for us.
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
        });
    }
    receive
}

/// Kills a process and all that it has started.
fn end(process: &mut Process) {
    let group = format!("kill -9 -- -{} 2>/dev/null", process.id());
    let _ = Command::new("/bin/sh").arg("-c").arg(group).status();
    let _ = process.kill();
    let _ = process.wait();
}

impl Child {
    /// Starts it.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(mut command: Command, limits: Limits) -> std::io::Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn()?;
        let complaints = complaints(&mut process);
        let (send, answers) = sync_channel(4);
        if let Some(stream) = process.stdout.take() {
            thread::spawn(move || read(BufReader::new(stream), &send));
        }
        let questions = process.stdin.take().map(writer);
        let deadline = Instant::now() + limits.time;
        Ok(Self { process, questions, answers, complaints, deadline })
    }

    /// Says something to which no answer is expected.
    ///
    /// # Errors
    /// If nobody hears it.
    pub fn tell(&mut self, line: String) -> Result<(), Stop> {
        let sent = self.questions.as_ref().map(|questions| questions.send(line + "\n"));
        match sent {
            Some(Ok(())) => Ok(()),
            _ => Err(Stop::Ended),
        }
    }

    /// Asks, and waits for a line.
    ///
    /// # Errors
    /// Why there is none.
    pub fn ask(&mut self, line: String) -> Result<String, Stop> {
        // Who ends early may still have answered.
        let _ = self.tell(line);
        let left = self.deadline.saturating_duration_since(Instant::now());
        match self.answers.recv_timeout(left) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Timeout) => Err(Stop::Late),
            Err(RecvTimeoutError::Disconnected) => Err(Stop::Ended),
        }
    }

    /// Ends it, and hands over what it has complained about.
    pub fn finish(mut self) -> String {
        self.questions = None;
        end(&mut self.process);
        self.complaints.recv_timeout(Duration::from_secs(1)).unwrap_or_default()
    }
}

fn read(mut stream: impl BufRead, send: &SyncSender<Result<String, Stop>>) {
    loop {
        let mut line = Vec::new();
        let answer = match stream.by_ref().take(LONGEST).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => Err(Stop::Ended),
            Ok(_) if line.last() == Some(&b'\n') => {
                Ok(String::from_utf8_lossy(&line).trim().to_owned())
            }
            Ok(length) if length as u64 == LONGEST => Err(Stop::Flood),
            Ok(_) => Err(Stop::Ended),
        };
        let is_over = answer.is_err();
        if send.send(answer).is_err() || is_over {
            return;
        }
    }
}

/// Writes what is sent, so that a program that does not read keeps nobody but this thread.
fn writer(mut stream: ChildStdin) -> SyncSender<String> {
    let (send, receive) = sync_channel::<String>(4096);
    thread::spawn(move || {
        for line in receive {
            if stream.write_all(line.as_bytes()).is_err() {
                return;
            }
        }
    });
    send
}
