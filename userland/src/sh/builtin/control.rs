//! `break`, `continue`, `return`, `exit`, `eval`, `.`, `exec`, `trap`: what runs next.

use super::super::{Flow, Shell, Stop};
use super::{count, quoted};
use oscope_kernel::abi::Signal;

/// How many commands within each other a text within a command counts for: the parser and the builtin are around it.
const WEIGHT: u32 = 32;

/// The longest dot script, in bytes.
const LONGEST: usize = 1 << 20;

impl Shell {
    /// `break [N]`, `continue [N]`
    pub(super) async fn leave_loops(&mut self, name: &str, arguments: &[String]) -> Flow<i32> {
        let levels = match arguments.first().map(|text| (text, count(text))) {
            None => 1,
            Some((_, Ok(levels))) if levels > 0 => levels,
            Some((text, _)) => {
                return Err(self.fatal(name, &format!("Illegal number: {text}")).await);
            }
        };
        if self.state.loops == 0 {
            return Ok(0);
        }
        self.state.status = 0;
        let levels = levels.min(self.state.loops);
        Err(if name == "break" { Stop::Break(levels) } else { Stop::Continue(levels) })
    }

    /// `return [STATUS]`, `exit [STATUS]`
    pub(super) async fn leave(&mut self, name: &str, arguments: &[String]) -> Flow {
        if let Some(text) = arguments.first() {
            match text.parse::<u32>() {
                Ok(status) => self.state.status = status as i32,
                Err(_) => return Err(self.fatal(name, &format!("Illegal number: {text}")).await),
            }
        }
        if name == "return" {
            return Err(Stop::Return);
        }
        self.state.status &= 0xff;
        Err(Stop::Exit)
    }

    /// `eval WORDS`
    pub(super) async fn eval(&mut self, arguments: &[String]) -> Flow {
        let text = arguments.join(" ");
        self.state.status = 0;
        self.nested(&text, "eval: ").await
    }

    /// Runs a text within a command.
    async fn nested(&mut self, text: &str, origin: &str) -> Flow {
        if self.state.calls >= 1000 {
            return Err(self.abort("Maximum function recursion depth (1000) reached", 2).await);
        }
        self.state.calls += 1;
        self.depth += WEIGHT;
        let flow = self.run_text(text, origin).await;
        self.depth -= WEIGHT;
        self.state.calls -= 1;
        flow
    }

    /// `. FILE`
    pub(super) async fn dot(&mut self, arguments: &[String]) -> Flow {
        let Some(name) = arguments.first() else { return Ok(()) };
        let mut path = name.clone();
        if !name.contains('/') {
            let directories = self.state.get("PATH").unwrap_or_default().to_owned();
            let mut found = None;
            for directory in directories.split(':') {
                let candidate = format!("{directory}/{name}");
                if self.sys.access(&candidate, 4).await.is_ok() {
                    found = Some(candidate);
                    break;
                }
            }
            let Some(found) = found else {
                return Err(self.fatal(".", &format!("{name}: not found")).await);
            };
            path = found;
        }
        let Some(text) = self.text_of_file(&path).await else {
            return Err(self.fatal(".", &format!("cannot open {path}: No such file")).await);
        };
        let line = self.state.line;
        let flow = self.nested(&text, &format!("{path}: ")).await;
        self.state.line = line;
        match flow {
            Err(Stop::Return) => Ok(()),
            flow => flow,
        }
    }

    async fn text_of_file(&self, path: &str) -> Option<String> {
        let fd = self.sys.open(path, 0, 0).await.ok()?;
        let mut bytes = Vec::new();
        while let Ok(some) = self.sys.read(fd, 8192).await {
            if some.is_empty() || bytes.len() > LONGEST {
                break;
            }
            bytes.extend(some);
        }
        let _ = self.sys.close(fd).await;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// `exec [COMMAND]`: without a command only the redirections stay, which is seen to elsewhere.
    pub(super) async fn exec(&mut self, arguments: &[String]) -> Flow {
        let Some(name) = arguments.first() else {
            self.state.status = 0;
            return Ok(());
        };
        match self.find(name).await {
            Ok(path) => self.execute(&path, arguments).await,
            Err(errno) => {
                use oscope_kernel::abi::Errno;
                let is_there = errno == Errno::EACCES;
                let message = if is_there { "Permission denied" } else { "not found" };
                self.complain(&format!("exec: {name}: {message}")).await;
                self.state.status = if is_there { 126 } else { 127 };
            }
        }
        // A shell that was to become something else is of no use, unless somebody types at it.
        if self.state.is_interactive { Ok(()) } else { Err(Stop::Exit) }
    }

    /// `trap [ACTION] [SIGNAL...]`
    pub(super) async fn trap(&mut self, arguments: &[String]) -> Flow<i32> {
        let arguments = match arguments {
            [first, rest @ ..] if first == "--" => rest,
            arguments => arguments,
        };
        let Some((first, rest)) = arguments.split_first() else {
            let lines: Vec<String> = self
                .state
                .traps
                .iter()
                .map(|(number, action)| {
                    format!("trap -- {} {}\n", quoted(action), name_of(*number))
                })
                .collect();
            self.print(&lines.concat());
            return Ok(0);
        };
        // Without an action, or with a number in its place, signals get back what they had.
        let (action, signals) = match first.as_str() {
            "-" => (None, rest),
            _ if rest.is_empty() || first.parse::<u32>().is_ok() => (None, arguments),
            action => (Some(action), rest),
        };
        for text in signals {
            match signal_number(text) {
                Some(number) => self.set_trap(number, action).await,
                None => {
                    let message = format!("trap: {text}: bad trap\n");
                    let _ = self.sys.write(2, message.as_bytes()).await;
                    return Ok(1);
                }
            }
        }
        Ok(0)
    }
}

fn name_of(number: u8) -> String {
    match Signal::from_number(u64::from(number)) {
        Some(signal) => signal.short_name(),
        None => "EXIT".to_owned(),
    }
}

/// `0`, `EXIT`, `2`, `INT` or `SIGINT`.
pub(super) fn signal_number(text: &str) -> Option<u8> {
    if text == "0" || text.eq_ignore_ascii_case("EXIT") {
        return Some(0);
    }
    if let Ok(number) = text.parse::<u64>() {
        return Signal::from_number(number).map(Signal::number);
    }
    signal_by_name(text).map(Signal::number)
}

/// A signal by its name, with or without `SIG`.
pub(crate) fn signal_by_name(text: &str) -> Option<Signal> {
    let upper = text.to_ascii_uppercase();
    let name = if upper.starts_with("SIG") { upper } else { format!("SIG{upper}") };
    Signal::from_name(&name)
}
