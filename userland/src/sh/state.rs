//! What a shell knows: a plain value, so that a subshell is a copy of it and a long script can forget how it came to it.

use super::arithmetic;
use super::ast::{Command, is_name};
use super::jobs::Jobs;
use oscope_kernel::abi::Signal;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A variable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Variable {
    /// Its value; a variable may have attributes before it has a value.
    pub value: Option<String>,
    /// Whether commands get it in their environment.
    pub is_exported: bool,
    /// Whether it cannot be changed.
    pub is_readonly: bool,
}

/// The letters of `set`, in the order in which `$-` has them, with their long names.
pub const OPTIONS: [(char, &str); 14] = [
    ('e', "errexit"),
    ('f', "noglob"),
    ('I', "ignoreeof"),
    ('i', "interactive"),
    ('m', "monitor"),
    ('n', "noexec"),
    ('s', "stdin"),
    ('x', "xtrace"),
    ('v', "verbose"),
    ('V', "vi"),
    ('E', "emacs"),
    ('C', "noclobber"),
    ('a', "allexport"),
    ('u', "nounset"),
];

/// Where commands come from.
#[derive(Clone, Debug, Hash)]
pub struct Input {
    /// A descriptor to read more from; `None`: the text is all there is.
    pub fd: Option<u64>,
    /// What has been read.
    pub text: Arc<str>,
    /// How much of it has been parsed.
    pub at: usize,
    /// The number of the line at that place.
    pub line: u32,
}

impl Input {
    /// A text that is there as a whole.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self { fd: None, text: text.into(), at: 0, line: 1 }
    }
}

/// A shell's state.
#[derive(Clone, Debug, Hash)]
pub struct State {
    /// `$0`, and what messages begin with.
    pub name: String,
    /// `$1` and those that follow.
    pub positional: Vec<String>,
    /// Variables by name.
    pub variables: BTreeMap<String, Variable>,
    /// Functions by name.
    pub functions: BTreeMap<Arc<str>, Arc<Command>>,
    /// Aliases by name.
    pub aliases: BTreeMap<String, String>,
    /// Letters of [`OPTIONS`] that are on.
    pub options: BTreeSet<char>,
    /// `$?`.
    pub status: i32,
    /// `$!`.
    pub last_background: Option<u64>,
    /// `$$`: the number of the shell that is no subshell.
    pub pid: u64,
    /// What runs, or ran, beside it.
    pub jobs: Jobs,
    /// What is done on a signal, or at the end (number 0). An empty text: it is ignored.
    pub traps: BTreeMap<u8, String>,
    /// Signals that were ignored when the shell began; a shell that nobody types into cannot change that.
    pub ignored_at_start: BTreeSet<u8>,
    /// For each function that runs: its local variables, as they were outside.
    pub scopes: Vec<BTreeMap<String, Option<Variable>>>,
    /// How many loops run around the present command.
    pub loops: u32,
    /// How many functions and dot scripts run around it.
    pub calls: u32,
    /// How many commands around the present one are asked whether they succeed.
    pub tested: u32,
    /// The line of the present command.
    pub line: u32,
    /// How far getopts has come within an argument.
    pub getopts_at: usize,
    /// Where commands were found.
    pub found: BTreeMap<String, String>,
    /// The terminal on which it moves jobs to the foreground, on a descriptor of its own.
    pub terminal: Option<u64>,
    /// Whether it was forked from another shell.
    pub is_subshell: bool,
    /// Whether somebody types at it.
    pub is_interactive: bool,
    /// Where commands come from.
    pub input: Input,
    /// Whether the EXIT trap has run.
    pub has_ended: bool,
}

impl State {
    /// A shell that has not done anything.
    #[must_use]
    pub fn new(name: &str, environment: &[String], input: Input) -> Self {
        let mut variables = BTreeMap::new();
        for entry in environment {
            if let Some((name, value)) = entry.split_once('=')
                && is_name(name)
            {
                let value = Some(value.to_owned());
                let variable = Variable { value, is_exported: true, is_readonly: false };
                variables.insert(name.to_owned(), variable);
            }
        }
        let mut state = Self {
            name: name.to_owned(),
            positional: Vec::new(),
            variables,
            functions: BTreeMap::new(),
            aliases: BTreeMap::new(),
            options: BTreeSet::new(),
            status: 0,
            last_background: None,
            pid: 0,
            jobs: Jobs::default(),
            traps: BTreeMap::new(),
            ignored_at_start: BTreeSet::new(),
            scopes: Vec::new(),
            loops: 0,
            calls: 0,
            tested: 0,
            line: 1,
            getopts_at: 0,
            found: BTreeMap::new(),
            terminal: None,
            is_subshell: false,
            is_interactive: false,
            input,
            has_ended: false,
        };
        for (name, value) in [("IFS", " \t\n"), ("OPTIND", "1"), ("PS2", "> "), ("PS4", "+ ")] {
            state.preset(name, value, true);
        }
        state.preset("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", false);
        state
    }

    /// Gives a variable a value that it may have had from outside; some are never taken from there.
    pub fn preset(&mut self, name: &str, value: &str, is_forced: bool) {
        let variable = self.variables.entry(name.to_owned()).or_default();
        if is_forced || variable.value.is_none() {
            variable.value = Some(value.to_owned());
        }
    }

    /// A variable's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name)?.value.as_deref()
    }

    /// Sets a variable.
    ///
    /// # Errors
    /// The message if it is read-only.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let exports = self.has('a');
        let variable = self.variables.entry(name.to_owned()).or_default();
        if variable.is_readonly {
            return Err(format!("{name}: is read only"));
        }
        variable.value = Some(value.to_owned());
        variable.is_exported |= exports;
        match name {
            "PATH" => self.found.clear(),
            "OPTIND" => self.getopts_at = 0,
            _ => {}
        }
        Ok(())
    }

    /// Takes a variable away.
    ///
    /// # Errors
    /// The message if it is read-only.
    pub fn unset(&mut self, name: &str) -> Result<(), String> {
        if self.variables.get(name).is_some_and(|variable| variable.is_readonly) {
            return Err(format!("{name}: is read only"));
        }
        self.variables.remove(name);
        Ok(())
    }

    /// Whether the option with this letter is on.
    #[must_use]
    pub fn has(&self, letter: char) -> bool {
        self.options.contains(&letter)
    }

    /// Switches an option on or off.
    pub fn switch(&mut self, letter: char, is_on: bool) {
        if is_on {
            self.options.insert(letter);
        } else {
            self.options.remove(&letter);
        }
    }

    /// `$-`.
    #[must_use]
    pub fn letters(&self) -> String {
        OPTIONS.iter().map(|(letter, _)| *letter).filter(|letter| self.has(*letter)).collect()
    }

    /// Characters that split fields.
    #[must_use]
    pub fn separators(&self) -> &str {
        // Not set at all, it is as if it had its usual value.
        self.get("IFS").unwrap_or(" \t\n")
    }

    /// What commands get as their environment.
    #[must_use]
    pub fn environment(&self) -> Vec<String> {
        let exported = self.variables.iter().filter(|(_, variable)| variable.is_exported);
        exported
            .filter_map(|(name, variable)| Some(format!("{name}={}", variable.value.as_ref()?)))
            .collect()
    }

    /// Makes a variable local to the function that runs.
    pub fn make_local(&mut self, name: &str) {
        let outer = self.variables.get(name).cloned();
        if let Some(scope) = self.scopes.last_mut() {
            scope.entry(name.to_owned()).or_insert(outer);
        }
    }

    /// A function ends: its local variables are again what they were.
    pub fn leave_scope(&mut self) {
        let Some(scope) = self.scopes.pop() else { return };
        for (name, outer) in scope {
            match outer {
                Some(variable) => self.variables.insert(name, variable),
                None => self.variables.remove(&name),
            };
        }
    }

    /// What a forked shell does not take over.
    pub fn become_subshell(&mut self) {
        self.is_subshell = true;
        self.is_interactive = false;
        self.switch('m', false);
        self.switch('i', false);
        self.jobs = Jobs::default();
        self.loops = 0;
        // What is ignored stays ignored.
        self.traps.retain(|_, action| action.is_empty());
        self.has_ended = false;
    }

    /// Whether a signal was ignored from the start, for good.
    #[must_use]
    pub fn is_ignored_for_good(&self, signal: Signal) -> bool {
        !self.is_interactive && self.ignored_at_start.contains(&signal.number())
    }
}

/// Arithmetic sees variables, and `set -u`.
impl arithmetic::Variables for State {
    fn get(&self, name: &str) -> Option<String> {
        if name == "LINENO" {
            return Some(self.line.to_string());
        }
        State::get(self, name).map(str::to_owned)
    }

    fn set(&mut self, name: &str, value: i64) -> Result<(), String> {
        State::set(self, name, &value.to_string())
    }
}
