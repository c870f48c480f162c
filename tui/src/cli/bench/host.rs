//! The host's side: a child process that measures the host's own kernel.

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The program `oscope-host`, waiting for orders. It has moved this process and itself to one CPU.
pub(super) struct Host {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Host {
    /// Starts it, if it lies beside this program.
    pub(super) fn start() -> Option<Self> {
        let own = std::env::current_exe().ok()?;
        let path = own.with_file_name(format!("oscope-host{}", std::env::consts::EXE_SUFFIX));
        let mut child = Command::new(path)
            .args(["batches", "--beside-parent"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let (orders, answers) = (child.stdin.take(), child.stdout.take()?);
        Some(Self { child, orders, answers: BufReader::new(answers) })
    }

    /// Nanoseconds for one operation, from one batch; `None` if it cannot do that one.
    pub(super) fn batch(&mut self, operation: &str) -> Option<f64> {
        let orders = self.orders.as_mut()?;
        writeln!(orders, "{operation}").ok()?;
        orders.flush().ok()?;
        let mut line = String::new();
        self.answers.read_line(&mut line).ok()?;
        let answer: Value = serde_json::from_str(&line).ok()?;
        answer.get("ns")?.as_f64()
    }
}

impl Drop for Host {
    /// Without orders it ends by itself.
    fn drop(&mut self) {
        self.orders = None;
        let _ = self.child.wait();
    }
}
