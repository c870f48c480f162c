//! Commands that the shell carries out itself: those that change the shell (`cd` in a child would be of no use), and
//! those that scripts use so often that a process for each would be slow (XCU 2.14).
//!
//! Each is a method of [`Shell`] in a file of its family. It prints with [`Shell::print`] and returns its status.

pub(crate) mod condition;
mod control;
mod job;
pub(crate) mod look;
pub(crate) mod printf;
mod read;
pub(crate) mod set;
mod system;
mod variable;

pub(crate) use control::signal_by_name;

use super::{Flow, Shell, Stop};

/// Builtins at which an error ends the shell, and before which assignments last.
const SPECIAL: [&str; 14] = [
    ".", ":", "break", "continue", "eval", "exec", "exit", "export", "readonly", "return", "set",
    "shift", "trap", "unset",
];

/// `times` is special too, and cannot fail.
const OTHER: [&str; 25] = [
    "[", "alias", "bg", "cd", "chdir", "command", "echo", "false", "fg", "getopts", "hash", "jobs",
    "kill", "local", "printf", "pwd", "read", "test", "times", "true", "type", "ulimit", "umask",
    "unalias", "wait",
];

/// Whether a name is that of a special builtin.
pub(super) fn is_special(name: &str) -> bool {
    SPECIAL.contains(&name)
}

/// Whether a name is that of a builtin.
pub(super) fn exists(name: &str) -> bool {
    is_special(name) || OTHER.contains(&name)
}

impl Shell {
    /// Carries a builtin out, and sets the status.
    pub(super) async fn builtin(&mut self, arguments: &[String]) -> Flow {
        let (name, rest) = match arguments.split_first() {
            Some((name, rest)) => (name.as_str(), rest),
            None => return Ok(()),
        };
        let status = match name {
            ":" | "true" => 0,
            "false" => 1,
            "echo" => {
                self.out.extend(printf::echo(rest));
                0
            }
            "printf" => self.printf(rest).await?,
            "[" | "test" => self.test(name, rest).await,
            "break" | "continue" => self.leave_loops(name, rest).await?,
            "return" | "exit" => return self.leave(name, rest).await,
            "eval" => return self.eval(rest).await,
            "." => return self.dot(rest).await,
            "exec" => return self.exec(rest).await,
            "export" | "readonly" => self.declare(name, rest).await?,
            "unset" => self.unset(rest).await?,
            "local" => self.local(rest).await?,
            "shift" => self.shift(rest).await?,
            "getopts" => self.getopts(rest).await?,
            "read" => self.read(rest).await?,
            "set" => self.set(rest).await?,
            "trap" => self.trap(rest).await?,
            "cd" | "chdir" => self.cd(rest).await?,
            "pwd" => self.pwd(rest).await,
            "umask" => self.umask(rest).await,
            "ulimit" => self.ulimit(rest).await,
            "times" => self.times().await,
            "kill" => self.kill(rest).await,
            "jobs" => self.jobs(rest).await,
            "fg" | "bg" => self.resume(name, rest).await,
            "wait" => self.wait(rest).await?,
            "alias" => self.alias(rest).await,
            "unalias" => self.unalias(rest).await,
            "command" | "type" => self.look_up(name, rest).await,
            "hash" => self.hash(rest).await,
            _ => 127,
        };
        self.state.status = status;
        Ok(())
    }

    /// A message of a builtin; its status for wrong usage.
    async fn wrong(&mut self, name: &str, message: &str) -> i32 {
        self.complain(&format!("{name}: {message}")).await;
        2
    }

    /// A message of a special builtin, at which a shell ends.
    async fn fatal(&mut self, name: &str, message: &str) -> Stop {
        self.abort(&format!("{name}: {message}"), 2).await
    }
}

/// A count such as that of `shift` and `break`.
fn count(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("Illegal number: {text}"))
}

/// A value in quotes that the shell reads back as it was.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\"'\"'"))
}
