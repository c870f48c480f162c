//! Simple commands: what the name means, and running it (XCU 2.9.1).

use super::ast::{Command, Simple, Word};
use super::builtin;
use super::child::Group;
use super::jobs::Place;
use super::state::Variable;
use super::{Flow, Shell, Stop};
use oscope_kernel::abi::Errno;
use oscope_kernel::abi::flags::file::{FILE_TYPE_MASK, file_type};
use oscope_kernel::base::Duration;
use std::sync::Arc;

/// How much of the CPU the shell itself takes for a command: dash on a server of 2024 runs two million builtins a second.
const WORK: Duration = Duration::nanos(500);

/// What a command's name stands for.
enum Meaning {
    /// A builtin at which an error ends the shell, and whose assignments stay.
    Special,
    Function(Arc<Command>),
    Builtin,
    /// A file.
    File,
}

/// What an assignment before a command has changed.
type Outer = Vec<(String, Option<Variable>)>;

impl Shell {
    /// Assignments, redirections, and a command.
    pub(super) async fn simple(&mut self, simple: &Simple, text: &str) -> Flow {
        self.state.line = simple.line;
        self.sys.compute(WORK).await;
        self.substituted = None;
        let is_last = std::mem::take(&mut self.is_last);
        let mut arguments = self.fields(&simple.words).await?;
        if arguments.is_empty() {
            return self.assign_only(simple).await;
        }
        // `command` takes its name off, and with it what is special about the rest.
        let mut is_plain = false;
        while arguments.first().is_some_and(|name| name == "command")
            && let Some(rest) = builtin::look::without_command(&arguments)
        {
            is_plain = true;
            arguments = rest;
        }
        let meaning = match arguments.first().map(String::as_str) {
            None => return self.assign_only(simple).await,
            Some(name) if builtin::is_special(name) && !is_plain => Meaning::Special,
            Some(name) => match self.state.functions.get(name) {
                Some(body) if !is_plain => Meaning::Function(Arc::clone(body)),
                _ if builtin::exists(name) => Meaning::Builtin,
                _ => Meaning::File,
            },
        };
        let (outer, values) =
            self.assign(&simple.assignments, !matches!(meaning, Meaning::Special)).await?;
        self.trace(&values, &arguments).await;
        if let Meaning::File = meaning {
            let flow = self.file(simple, &arguments, text, is_last).await;
            self.put_back(outer);
            return flow;
        }
        let is_exec = matches!(meaning, Meaning::Special) && arguments[0] == "exec";
        let Some(saved) = self.redirect(&simple.redirections).await? else {
            self.put_back(outer);
            return match meaning {
                Meaning::Special => Err(Stop::Abort(2)),
                _ => Ok(()),
            };
        };
        let flow = match &meaning {
            Meaning::Function(body) => self.call(body, &arguments).await,
            _ => self.own(&arguments).await,
        };
        self.put_back(outer);
        if is_exec && flow.is_ok() {
            self.keep(saved).await;
        } else {
            self.restore(saved).await;
        }
        match flow {
            // An error in a special builtin ends the shell; `command` takes that away.
            Err(Stop::Abort(_)) if is_plain => Ok(()),
            flow => flow,
        }
    }

    /// Carries a builtin out, and writes what it printed.
    async fn own(&mut self, arguments: &[String]) -> Flow {
        let flow = self.builtin(arguments).await;
        if !self.flush().await {
            let name = arguments.first().map_or("", String::as_str);
            let message = format!("{name}: {name}: I/O error");
            self.complain(&message).await;
            self.state.status = 1;
        }
        flow
    }

    /// No command: the assignments are the shell's own, and redirections make files at most.
    async fn assign_only(&mut self, simple: &Simple) -> Flow {
        let (_, values) = self.assign(&simple.assignments, false).await?;
        self.trace(&values, &[]).await;
        let Some(saved) = self.redirect(&simple.redirections).await? else { return Ok(()) };
        self.restore(saved).await;
        self.state.status = self.substituted.unwrap_or(0);
        Ok(())
    }

    /// `set -x`: what is about to be done.
    async fn trace(&mut self, assignments: &[(String, String)], arguments: &[String]) {
        if !self.state.has('x') {
            return;
        }
        let mut text = self.state.get("PS4").unwrap_or_default().to_owned();
        let assignments = assignments.iter().map(|(name, value)| format!("{name}={value}"));
        let words: Vec<String> = assignments.chain(arguments.iter().cloned()).collect();
        text.push_str(&words.join(" "));
        text.push('\n');
        let _ = self.sys.write(2, text.as_bytes()).await;
    }

    /// Sets variables, one after the other: the next may be made of the last. Also returns what they were before, if
    /// they are for one command alone; it gets them in its environment.
    async fn assign(
        &mut self,
        assignments: &[(String, Word)],
        is_for_command: bool,
    ) -> Flow<(Outer, Vec<(String, String)>)> {
        let (mut outer, mut values) = (Vec::new(), Vec::new());
        for (name, word) in assignments {
            let value = self.value(word).await?;
            let before = self.state.variables.get(name).cloned();
            if let Err(message) = self.state.set(name, &value) {
                return Err(self.abort(&message, 2).await);
            }
            if is_for_command {
                outer.push((name.clone(), before));
                if let Some(variable) = self.state.variables.get_mut(name) {
                    variable.is_exported = true;
                }
            }
            values.push((name.clone(), value));
        }
        Ok((outer, values))
    }

    fn put_back(&mut self, outer: Outer) {
        for (name, before) in outer.into_iter().rev() {
            match before {
                Some(variable) => self.state.variables.insert(name, variable),
                None => self.state.variables.remove(&name),
            };
        }
    }

    /// Runs a file in a process of its own, or in this one if nothing comes after it.
    async fn file(
        &mut self,
        simple: &Simple,
        arguments: &[String],
        text: &str,
        is_last: bool,
    ) -> Flow {
        let found = self.find(&arguments[0]).await;
        if !is_last && found.is_ok() {
            let child = self.fork(Group::Job(0, Place::Foreground)).await?;
            if child != 0 {
                self.wait_in_foreground(child, vec![child], text).await;
                return Ok(());
            }
        }
        let Some(saved) = self.redirect(&simple.redirections).await? else {
            return if is_last || found.is_ok() { Err(Stop::Exit) } else { Ok(()) };
        };
        match found {
            Ok(path) => {
                self.execute(&path, arguments).await;
                Err(Stop::Exit)
            }
            Err(errno) => {
                self.cannot_run(&arguments[0], errno).await;
                self.restore(saved).await;
                Ok(())
            }
        }
    }

    /// Becomes another program. Returns only if it cannot, with the status set.
    pub(super) async fn execute(&mut self, path: &str, arguments: &[String]) {
        self.flush().await;
        let environment = self.state.environment();
        let environment: Vec<&str> = environment.iter().map(String::as_str).collect();
        let mut words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut errno = self.sys.execve_with(path, &words, &environment).await;
        if errno == Errno::ENOEXEC {
            // A file that may be run and is no program is a script for the shell.
            if let Some(first) = words.first_mut() {
                *first = path;
            }
            words.insert(0, "sh");
            errno = self.sys.execve_with("/bin/sh", &words, &environment).await;
        }
        let name = arguments.first().map_or("", String::as_str).to_owned();
        self.cannot_run(&name, errno).await;
    }

    async fn cannot_run(&mut self, name: &str, errno: Errno) {
        let (message, status) = match errno {
            Errno::ENOENT | Errno::ENOTDIR => ("not found", 127),
            Errno::EACCES | Errno::ENOEXEC => ("Permission denied", 126),
            errno => (errno.message(), 126),
        };
        self.complain(&format!("{name}: {message}")).await;
        self.state.status = status;
    }

    /// The file that a command's name stands for.
    pub(super) async fn find(&mut self, name: &str) -> Result<String, Errno> {
        if name.contains('/') {
            return Ok(name.to_owned());
        }
        if let Some(path) = self.state.found.get(name) {
            return Ok(path.clone());
        }
        let path = self.state.get("PATH").unwrap_or_default().to_owned();
        let mut errno = Errno::ENOENT;
        for directory in path.split(':') {
            let directory = if directory.is_empty() { "." } else { directory };
            let candidate = format!("{}/{name}", directory.trim_end_matches('/'));
            let Ok(status) = self.sys.stat(&candidate).await else { continue };
            if status.mode & FILE_TYPE_MASK != file_type::REG {
                continue;
            }
            if self.sys.access(&candidate, 1).await.is_err() {
                errno = Errno::EACCES;
                continue;
            }
            self.state.found.insert(name.to_owned(), candidate.clone());
            return Ok(candidate);
        }
        Err(errno)
    }
}
