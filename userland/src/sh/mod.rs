//! `sh`: the POSIX Shell Command Language, as a program of an emulated machine.
//!
//! Layers, from a text to what it does: `lex` cuts it into tokens, [`parse`] makes a tree of them ([`ast`], with
//! `here` for here-documents); `exec` walks the tree; on the way `expand` turns words into texts, `split` into
//! fields, `glob` into file names; `redirect` changes descriptors; [`jobs`] knows what runs; `traps` what signals
//! do; [`state`] holds what there is to know; `builtin` has the commands that the shell carries out itself.
//! [`pattern`], [`arithmetic`], `builtin::printf` and `builtin::condition` are useful to other programs too.
//!
//! A typical sequence: `ls | wc -l` is read and parsed. The shell makes a pipe and forks twice. Each child finds its
//! end of the pipe, puts it in the place of descriptor 1 or 0, and becomes `ls` or `wc` by execve(2). The shell waits
//! for both, and their last status is `$?`.
//!
//! Taken from elsewhere: messages, statuses and what is a special builtin from dash, which is also what the tests
//! compare with; the split into a parser that knows nothing of processes and an executor that knows nothing of
//! characters from the Korn shell and busybox' `hush`; the safe place for traps, between commands, from all of them.
//!
//! A difference: texts are UTF-8, and what is not is replaced when the shell itself reads it. Programs that it starts
//! pass any bytes.

pub mod arithmetic;
pub mod ast;
pub(crate) mod builtin;
mod child;
mod exec;
mod expand;
mod glob;
mod here;
pub mod jobs;
mod lex;
pub mod parse;
pub mod pattern;
mod redirect;
mod simple;
mod split;
mod start;
pub mod state;
mod traps;

pub(crate) use start::main;
pub(crate) use traps::handler;

use crate::sys::Sys;
use ast::{Command, List};
use state::State;

/// Why a command does not simply end. The status is in [`State::status`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// `break` out of so many loops.
    Break(u32),
    /// `continue` with the loop so far out.
    Continue(u32),
    /// `return` from a function or dot script.
    Return,
    /// `exit`.
    Exit,
    /// An error that ends a shell, and only the command of an interactive one, with this status.
    Abort(i32),
    /// A loop has run for long, and the shell wants to forget how it came here. It goes on with this command.
    Again(Box<Command>),
}

/// What a step of the shell returns.
pub(crate) type Flow<T = ()> = Result<T, Stop>;

/// A shell at work.
pub(crate) struct Shell {
    pub(crate) sys: Sys,
    pub(crate) state: State,
    /// What a builtin has written and nobody has seen yet.
    out: Vec<u8>,
    /// The status of the last command substitution in this command.
    substituted: Option<i32>,
    /// How many commands are around the present one.
    depth: u32,
    /// Whether nothing comes after the present command, so that it may take the shell's place.
    is_last: bool,
}

/// What a shell does next: all that it remembers when it forgets how it came there.
#[derive(Clone, Debug, Hash)]
pub(crate) enum Work {
    /// Read commands and run them.
    Input,
    /// Run these, then go on with the input.
    Then(List),
    /// Run these, and end: a subshell.
    Child(List),
}

impl Shell {
    pub(crate) fn new(sys: Sys, state: State) -> Self {
        Self { sys, state, out: Vec::new(), substituted: None, depth: 0, is_last: false }
    }

    /// Writes what a builtin printed.
    pub(crate) async fn flush(&mut self) -> bool {
        let bytes = std::mem::take(&mut self.out);
        bytes.is_empty() || self.sys.write(1, &bytes).await.is_ok()
    }

    /// Adds to what a builtin prints.
    pub(crate) fn print(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// A message on standard error, with the shell's name and the line.
    pub(crate) async fn complain(&mut self, message: &str) {
        let text = format!("{}: {}: {message}\n", self.state.name, self.state.line);
        let _ = self.sys.write(2, text.as_bytes()).await;
    }
}
