//! How a shell begins, reads, and ends.

use super::ast::List;
use super::parse::{ParseError, Parser};
use super::state::{Input, State};
use super::{Shell, Stop, Work, lex};
use crate::sys::Sys;
use oscope_kernel::abi::flags::file::fcntl;
use oscope_kernel::abi::signal::SIG_IGN;
use oscope_kernel::abi::{Errno, Signal};

/// The number of the function that signals are handled by.
pub(crate) const SIGNALLED: u64 = 0;

/// The descriptor from which the shell keeps its own.
pub(super) const OWN_FDS: u64 = 10;

/// How many bytes of a script are read at a time.
const BLOCK: usize = 8192;
/// The longest script.
const LONGEST: usize = 1 << 20;

/// `sh [-options] [-c COMMAND [NAME [ARGUMENT...]] | FILE [ARGUMENT...]]`
pub(crate) async fn main(sys: Sys) -> u64 {
    let arguments = sys.arguments().await;
    let environment = sys.environment().await;
    let name = arguments.first().map_or("sh", String::as_str);
    let state = State::new(name, &environment, Input::text(""));
    let mut shell = Shell::new(sys, state);
    match shell.set_up(arguments.get(1..).unwrap_or_default()).await {
        Ok(()) => forget(shell, Work::Input).await,
        Err(status) => status,
    }
}

/// Goes on with nothing but the shell's state: a long script, and a child of a long script, need not keep the
/// answers to all that the shell ever asked.
pub(super) async fn forget(shell: Shell, work: Work) -> u64 {
    let Shell { sys, state, .. } = shell;
    sys.rebase((state, work), work_on).await
}

async fn work_on(sys: Sys, (state, work): (State, Work)) -> u64 {
    let mut shell = Shell::new(sys, state);
    let (list, next) = match work {
        Work::Child(list) => (list, None),
        Work::Then(list) => (list, Some(Work::Input)),
        Work::Input => match shell.next_list().await {
            Some(list) => (list, Some(Work::Input)),
            None => return shell.end().await,
        },
    };
    let is_child = next.is_none();
    shell.is_last = shell.may_be_replaced(is_child);
    for (n, item) in list.iter().enumerate() {
        let is_last = shell.is_last && n + 1 == list.len();
        shell.is_last = is_last && !item.is_background && item.rest.is_empty();
        let wants_more = match shell.item(item).await {
            Ok(()) => true,
            Err(Stop::Again(command)) => {
                let mut rest: Vec<_> = list[n..].to_vec();
                rest[0].first.commands = vec![*command];
                let rest: List = rest.into();
                let work = if is_child { Work::Child(rest) } else { Work::Then(rest) };
                return forget(shell, work).await;
            }
            Err(Stop::Abort(status)) if shell.state.is_interactive => {
                shell.state.status = status;
                break;
            }
            // Outside of loops and functions these mean nothing.
            Err(Stop::Break(_) | Stop::Continue(_)) => true,
            Err(Stop::Return | Stop::Exit | Stop::Abort(_)) => false,
        };
        if !wants_more {
            return shell.end().await;
        }
        shell.is_last = is_last;
    }
    match next {
        Some(work) => forget(shell, work).await,
        None => shell.end().await,
    }
}

impl Shell {
    /// Reads the arguments. `Err` with the status if that is all.
    async fn set_up(&mut self, arguments: &[String]) -> Result<(), u64> {
        let mut rest = arguments.iter().cloned().collect::<std::collections::VecDeque<_>>();
        let mut is_command = false;
        let mut is_interactive = None;
        while let Some(word) = rest.front().cloned() {
            let Some(letters) = word.strip_prefix(['-', '+']).filter(|rest| !rest.is_empty())
            else {
                break;
            };
            let is_on = word.starts_with('-');
            rest.pop_front();
            if letters == "-" {
                break;
            }
            for letter in letters.chars() {
                match letter {
                    'c' => is_command = true,
                    'i' => is_interactive = Some(is_on),
                    // A login shell; there is no profile to read.
                    'l' => {}
                    'o' => {
                        let name = rest.pop_front().unwrap_or_default();
                        match super::builtin::set::letter_of(&name) {
                            Some(letter) => self.state.switch(letter, is_on),
                            None => {
                                return Err(self
                                    .refuse(&format!("Illegal option -o {name}"))
                                    .await);
                            }
                        }
                    }
                    letter if super::builtin::set::is_option(letter) => {
                        self.state.switch(letter, is_on);
                    }
                    letter => return Err(self.refuse(&format!("Illegal option -{letter}")).await),
                }
            }
        }
        let mut is_terminal = false;
        self.state.pid = self.sys.getpid().await;
        if is_command {
            let Some(text) = rest.pop_front() else {
                return Err(self.refuse("-c requires an argument").await);
            };
            self.state.input = Input::text(&text);
            if let Some(name) = rest.pop_front() {
                self.state.name = name;
            }
        } else if !self.state.has('s')
            && let Some(path) = rest.pop_front()
        {
            let Ok(fd) = self.sys.open(&path, 0, 0).await else {
                self.state.line = 0;
                return Err(self.refuse(&format!("cannot open {path}: No such file")).await);
            };
            self.state.name = path;
            let own = self.sys.fcntl(fd, fcntl::DUPFD_CLOEXEC, OWN_FDS).await.unwrap_or(fd);
            let _ = self.sys.close(fd).await;
            self.state.input = Input { fd: Some(own), ..Input::text("") };
        } else {
            self.state.input = Input { fd: Some(0), ..Input::text("") };
            self.state.switch('s', true);
            is_terminal = self.sys.isatty(0).await && self.sys.isatty(2).await;
        }
        self.state.positional = rest.into();
        self.state.is_interactive = is_interactive.unwrap_or(is_terminal);
        self.state.switch('i', self.state.is_interactive);
        self.set_up_variables().await;
        self.set_up_signals().await;
        Ok(())
    }

    async fn set_up_variables(&mut self) {
        let directory = self.sys.getcwd().await.unwrap_or_else(|_| "/".to_owned());
        let is_right = match self.state.get("PWD").map(str::to_owned) {
            Some(known) => self.leads_to(&known, &directory).await,
            None => false,
        };
        if !is_right {
            self.state.preset("PWD", &directory, true);
        }
        let parent = self.sys.getppid().await.to_string();
        self.state.preset("PPID", &parent, true);
        let prompt = if self.sys.geteuid().await == 0 { "# " } else { "$ " };
        self.state.preset("PS1", prompt, false);
    }

    /// Whether two paths lead to the same directory.
    async fn leads_to(&self, path: &str, directory: &str) -> bool {
        if path == directory {
            return true;
        }
        let (a, b) = (self.sys.stat(path).await, self.sys.stat(directory).await);
        let same = |a: oscope_kernel::abi::types::Stat, b: oscope_kernel::abi::types::Stat| {
            (a.device, a.inode) == (b.device, b.inode)
        };
        path.starts_with('/') && matches!((a, b), (Ok(a), Ok(b)) if same(a, b))
    }

    /// What is ignored from the start stays so; a shell that somebody types at does not die of `^C`.
    async fn set_up_signals(&mut self) {
        for signal in [Signal::HUP, Signal::INT, Signal::QUIT, Signal::TERM] {
            if self.sys.action(signal).await.is_ok_and(|action| action.handler == SIG_IGN) {
                self.state.ignored_at_start.insert(signal.number());
            }
        }
        if self.state.is_interactive {
            let _ = self.sys.sigaction(Signal::INT, self.sys.handler(SIGNALLED), 0).await;
            for signal in [Signal::QUIT, Signal::TERM] {
                let _ = self.sys.sigaction(signal, SIG_IGN, 0).await;
            }
            self.start_job_control().await;
        }
    }

    async fn refuse(&mut self, message: &str) -> u64 {
        self.state.line = 0;
        self.complain(message).await;
        2
    }

    /// The next complete command; `None` at the end of the input.
    async fn next_list(&mut self) -> Option<List> {
        let mut is_first = true;
        loop {
            if self.poll_signals().await.is_err() {
                if !self.state.is_interactive {
                    return None;
                }
                // What was typed of a command is forgotten.
                self.state.input.at = self.state.input.text.len();
                is_first = true;
            }
            match self.parse() {
                Ok(Some(list)) if self.state.has('n') && !self.state.is_interactive => drop(list),
                Ok(Some(list)) => return Some(list),
                Ok(None) => {
                    if !self.read_more(is_first).await {
                        return None;
                    }
                    is_first = false;
                }
                Err(error) => {
                    self.state.line = error.line;
                    self.complain(&format!("Syntax error: {}", error.message)).await;
                    self.state.status = 2;
                    if !self.state.is_interactive {
                        return None;
                    }
                    // What was typed on that line is gone.
                    let text = self.state.input.text.clone();
                    self.state.input.at = text.len();
                    is_first = true;
                }
            }
        }
    }

    /// Parses what has been read. `Ok(None)`: there is no complete command in it.
    fn parse(&mut self) -> Result<Option<List>, ParseError> {
        let State { input, aliases, .. } = &mut self.state;
        let text = input.text.clone();
        let mut rest = text.get(input.at..).unwrap_or_default();
        if input.fd.is_some() {
            // Lines that are still being written may go on.
            rest = rest.get(..rest.rfind('\n').map_or(0, |end| end + 1)).unwrap_or_default();
        }
        let mut parser = Parser::new(rest, input.line, aliases);
        if input.fd.is_some() {
            parser.expect_more();
        }
        match parser.complete_command() {
            Ok(list) => {
                let (length, line) = parser.position(rest.len());
                input.at += length;
                input.line = line;
                Ok(list)
            }
            Err(error) if error.is_incomplete && input.fd.is_some() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads more of the input. `false` at its end, when nothing is left.
    async fn read_more(&mut self, is_first: bool) -> bool {
        let Some(fd) = self.state.input.fd else { return false };
        let rest = self.state.input.text.get(self.state.input.at..).unwrap_or_default().to_owned();
        if self.state.is_interactive {
            self.prompt(if is_first && rest.is_empty() { "PS1" } else { "PS2" }).await;
        }
        match self.sys.read(fd, BLOCK).await {
            Ok(bytes) if !bytes.is_empty() && rest.len() < LONGEST => {
                let text = String::from_utf8_lossy(&bytes);
                if self.state.has('v') {
                    let _ = self.sys.write(2, text.as_bytes()).await;
                }
                self.state.input.text = format!("{rest}{text}").into();
                self.state.input.at = 0;
                true
            }
            Err(Errno::EINTR) => true,
            _ => {
                // The last line may have no end.
                self.state.input.fd = None;
                self.state.input.text = rest.into();
                self.state.input.at = 0;
                if self.state.is_interactive {
                    let _ = self.sys.write(2, b"\n").await;
                }
                !self.state.input.text.is_empty()
            }
        }
    }

    async fn prompt(&mut self, which: &str) {
        if which == "PS1" {
            self.tell_of_jobs().await;
        }
        let text = self.state.get(which).unwrap_or_default().to_owned();
        let shown = match lex::double_quoted(&text) {
            Ok(word) => self.text(&word).await.unwrap_or(text),
            Err(_) => text,
        };
        let _ = self.sys.write(2, shown.as_bytes()).await;
    }

    /// The shell ends: the EXIT trap, then the status.
    pub(super) async fn end(mut self) -> u64 {
        if !self.state.has_ended {
            self.state.has_ended = true;
            if let Some(action) = self.state.traps.remove(&0).filter(|action| !action.is_empty()) {
                let status = self.state.status;
                self.state.loops = 0;
                match self.evaluate(&action).await {
                    Err(Stop::Exit | Stop::Abort(_)) => {}
                    _ => self.state.status = status,
                }
            }
        }
        self.flush().await;
        let status = self.state.status as u64 & 0xff;
        self.sys.exit(status).await
    }

    /// Whether the last command may run in the shell's own process: nothing must be left to do after it.
    fn may_be_replaced(&self, is_child: bool) -> bool {
        let input = &self.state.input;
        let is_all = input.fd.is_none()
            && input.text.get(input.at..).is_none_or(|rest| rest.trim().is_empty());
        (is_child || is_all) && !self.state.is_interactive && self.state.traps.is_empty()
    }

    /// Parses and runs a text, as `eval` does.
    pub(super) async fn evaluate(&mut self, text: &str) -> super::Flow {
        self.run_text(text, "").await
    }

    /// Runs the commands of a text one after the other; `origin` is what messages about its syntax begin with.
    pub(super) async fn run_text(&mut self, text: &str, origin: &str) -> super::Flow {
        let (mut at, mut line) = (0, 1);
        loop {
            let rest = text.get(at..).unwrap_or_default();
            let mut parser = Parser::new(rest, line, &self.state.aliases);
            let parsed = parser.complete_command();
            let (length, next_line) = parser.position(rest.len());
            match parsed {
                Ok(None) => return Ok(()),
                Ok(Some(list)) => {
                    (at, line) = (at + length, next_line);
                    self.list(&list).await?;
                }
                Err(error) => {
                    self.state.line = error.line;
                    let message = format!("{origin}Syntax error: {}", error.message);
                    return Err(self.abort(&message, 2).await);
                }
            }
        }
    }
}
