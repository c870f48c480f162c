//! Processes that the shell forks: subshells, pipelines, background jobs, command substitutions.
//!
//! A child is a copy of the shell, which is literally what fork(2) makes. It forgets how the shell came to fork it and
//! goes on with its commands alone.

use super::ast::{Command, Item, List, Pipeline, Redirection};
use super::jobs::{Job, Place};
use super::{Flow, Shell, Stop, Work, start};
use oscope_kernel::abi::flags::OpenFlags;
use oscope_kernel::abi::signal::{SIG_DFL, SIG_IGN};
use oscope_kernel::abi::types::WaitStatus;
use oscope_kernel::abi::{Errno, Signal};

/// How much a command substitution may bring.
const LONGEST_OUTPUT: usize = 1 << 20;

/// Signals that a shell treats in its own way while somebody types at it.
const INTERACTIVE: [Signal; 6] =
    [Signal::INT, Signal::QUIT, Signal::TERM, Signal::TSTP, Signal::TTIN, Signal::TTOU];

/// Which process group a child belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// That of the shell: it is part of another command.
    Own,
    /// That of a job; 0 for the job's first process, which founds it.
    Job(u64, Place),
}

/// A list of one command.
pub(super) fn list_of(command: Command) -> List {
    let first = Pipeline { is_negated: false, commands: vec![command] };
    [Item { first, rest: Vec::new(), is_background: false, text: "".into() }].into()
}

impl Shell {
    /// Forks. Returns 0 in the child, which is set up as a subshell.
    pub(super) async fn fork(&mut self, group: Group) -> Flow<u64> {
        self.flush().await;
        let monitors = self.state.has('m');
        let Ok(child) = self.sys.fork().await else {
            return Err(self.abort("Cannot fork", 2).await);
        };
        if let Group::Job(leader, place) = group
            && monitors
        {
            // Both do it, because nobody knows who is first.
            let _ = self.sys.setpgid(child, leader).await;
            if child == 0
                && place == Place::Foreground
                && let Some(terminal) = self.state.terminal
            {
                let own = self.sys.getpid().await;
                let leader = if leader == 0 { own } else { leader };
                let _ = self.sys.tcsetpgrp(terminal, leader).await;
            }
        }
        if child == 0 {
            self.set_up_child(monitors, group).await;
        }
        Ok(child)
    }

    async fn set_up_child(&mut self, monitors: bool, group: Group) {
        let caught = self.state.traps.iter().filter(|(_, action)| !action.is_empty());
        let caught: Vec<u8> = caught.map(|(signal, _)| *signal).collect();
        let was_interactive = self.state.is_interactive;
        for signal in caught {
            if let Some(signal) = Signal::from_number(u64::from(signal)) {
                let _ = self.sys.sigaction(signal, SIG_DFL, 0).await;
            }
        }
        if was_interactive || monitors {
            for signal in INTERACTIVE {
                if self.state.traps.get(&signal.number()).is_none_or(|action| !action.is_empty()) {
                    let _ = self.sys.sigaction(signal, SIG_DFL, 0).await;
                }
            }
        }
        // Without job control `^C` would reach what runs in the background as well.
        if group == Group::Job(0, Place::Background) && !monitors {
            for signal in [Signal::INT, Signal::QUIT] {
                let _ = self.sys.sigaction(signal, SIG_IGN, 0).await;
            }
            if let Ok(null) = self.sys.open("/dev/null", 0, 0).await
                && null != 0
            {
                let _ = self.sys.dup2(null, 0).await;
                let _ = self.sys.close(null).await;
            }
        }
        self.forget_signals().await;
        self.state.become_subshell();
    }

    /// A child goes on with its own commands; it never comes back.
    async fn go_on(&mut self, list: List) -> Stop {
        let state = self.state.clone();
        start::forget(Self::new(self.sys.clone(), state), Work::Child(list)).await;
        Stop::Exit
    }

    /// `( list )`
    pub(super) async fn subshell(
        &mut self,
        list: &List,
        redirections: &[Redirection],
        text: &str,
    ) -> Flow {
        // A child whose only command is a subshell is one already.
        self.is_last = false;
        let child = self.fork(Group::Job(0, Place::Foreground)).await?;
        if child == 0 {
            return match self.redirect(redirections).await? {
                Some(_) => Err(self.go_on(list.clone()).await),
                None => Err(Stop::Exit),
            };
        }
        self.wait_in_foreground(child, vec![child], text).await;
        Ok(())
    }

    /// `command | command`
    pub(super) async fn pipe(&mut self, commands: &[Command], text: &str) -> Flow {
        let (leader, children) = self.start_pipe(commands, Place::Foreground).await?;
        self.wait_in_foreground(leader, children, text).await;
        Ok(())
    }

    /// Starts all commands of a pipeline; the first one's number, and all.
    async fn start_pipe(&mut self, commands: &[Command], place: Place) -> Flow<(u64, Vec<u64>)> {
        self.is_last = false;
        let (mut leader, mut children) = (0, Vec::new());
        let mut input: Option<u64> = None;
        for (n, command) in commands.iter().enumerate() {
            let is_end = n + 1 == commands.len();
            let output = if is_end { None } else { Some(self.make_pipe().await?) };
            let child = self.fork(Group::Job(leader, place)).await?;
            if child == 0 {
                if let Some(input) = input {
                    self.put(input, 0).await;
                }
                if let Some((reader, writer)) = output {
                    let _ = self.sys.close(reader).await;
                    self.put(writer, 1).await;
                }
                return Err(self.go_on(list_of(command.clone())).await);
            }
            leader = if leader == 0 { child } else { leader };
            children.push(child);
            if let Some(input) = input {
                let _ = self.sys.close(input).await;
            }
            input = None;
            if let Some((reader, writer)) = output {
                let _ = self.sys.close(writer).await;
                input = Some(reader);
            }
        }
        Ok((leader, children))
    }

    async fn make_pipe(&mut self) -> Flow<(u64, u64)> {
        match self.sys.pipe2(OpenFlags::CLOEXEC.bits()).await {
            Ok(ends) => Ok(ends),
            Err(_) => Err(self.abort("Pipe call failed", 2).await),
        }
    }

    /// Moves a descriptor to another number.
    async fn put(&self, from: u64, to: u64) {
        if from == to {
            // It was to be closed by execve(2).
            let _ = self.sys.fcntl(from, oscope_kernel::abi::flags::file::fcntl::SETFD, 0).await;
        } else {
            let _ = self.sys.dup2(from, to).await;
            let _ = self.sys.close(from).await;
        }
    }

    /// `list &`
    pub(super) async fn background(&mut self, item: &Item) -> Flow {
        let commands = item.first.commands.as_slice();
        let place = Place::Background;
        let (leader, children) = if item.rest.is_empty() && !item.first.is_negated {
            self.start_pipe(commands, place).await?
        } else {
            let child = self.fork(Group::Job(0, place)).await?;
            if child == 0 {
                let item = Item { is_background: false, ..item.clone() };
                return Err(self.go_on([item].into()).await);
            }
            (child, vec![child])
        };
        self.state.last_background = children.last().copied();
        let text = if self.state.has('m') { &*item.text } else { "" };
        let number = self.state.jobs.add(Job::new(leader, &children, text));
        if self.state.is_interactive {
            let last = children.last().copied().unwrap_or(0);
            let _ = self.sys.write(2, format!("[{number}] {last}\n").as_bytes()).await;
        }
        self.state.status = 0;
        Ok(())
    }

    /// `$(list)`: what it writes, without the line feeds at its end.
    pub(super) async fn substitute(&mut self, list: &List) -> Flow<String> {
        let (reader, writer) = self.make_pipe().await?;
        let child = self.fork(Group::Own).await?;
        if child == 0 {
            let _ = self.sys.close(reader).await;
            self.put(writer, 1).await;
            return Err(self.go_on(list.clone()).await);
        }
        let _ = self.sys.close(writer).await;
        let mut bytes = Vec::new();
        loop {
            match self.sys.read(reader, 8192).await {
                Ok(some) if some.is_empty() => break,
                Ok(some) if bytes.len() < LONGEST_OUTPUT => bytes.extend(some),
                Err(Errno::EINTR) => {}
                _ => {
                    let _ = self.sys.close(reader).await;
                    return Err(self.abort("Out of space", 2).await);
                }
            }
        }
        let _ = self.sys.close(reader).await;
        let status = loop {
            match self.sys.wait(child as i64).await {
                Ok((_, word)) => break WaitStatus::from_word(word),
                Err(Errno::EINTR) => {}
                Err(_) => break None,
            }
        };
        let status = status.map_or(127, super::jobs::status_of);
        self.substituted = Some(status);
        bytes.retain(|byte| *byte != 0);
        let text = String::from_utf8_lossy(&bytes);
        Ok(text.trim_end_matches('\n').to_owned())
    }

    /// A process that writes a here-document into a pipe, because it may be longer than the pipe.
    pub(super) async fn write_here(&mut self, text: &str) -> Flow<u64> {
        let (reader, writer) = self.make_pipe().await?;
        if text.len() <= 4096 {
            let _ = self.sys.write(writer, text.as_bytes()).await;
            let _ = self.sys.close(writer).await;
            return Ok(reader);
        }
        let child = self.fork(Group::Own).await?;
        if child == 0 {
            let _ = self.sys.close(reader).await;
            let _ = self.sys.write(writer, text.as_bytes()).await;
            self.sys.exit(0).await;
        }
        let _ = self.sys.close(writer).await;
        Ok(reader)
    }
}
