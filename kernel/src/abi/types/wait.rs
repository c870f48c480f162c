//! The status word of wait4(2): how a child ended, or that it stopped or went on (wait(2),
//! bits/waitstatus.h).

use crate::abi::flags::hex;
use crate::abi::signal::Signal;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What became of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum WaitStatus {
    /// It ended by itself, with the low eight bits of what it gave to exit(2).
    Exited(u8),
    /// A signal killed it.
    Signaled {
        /// Which one.
        signal: Signal,
        /// Was a core dumped?
        core: bool,
    },
    /// A signal stopped it.
    Stopped(Signal),
    /// SIGCONT made it go on.
    Continued,
}

impl WaitStatus {
    const CORE: u32 = 0x80;
    const STOPPED: u32 = 0x7f;
    const CONTINUED: u32 = 0xffff;

    /// The word that wait4(2) leaves at its second argument.
    #[must_use]
    pub const fn to_word(self) -> u32 {
        match self {
            Self::Exited(code) => (code as u32) << 8,
            Self::Signaled { signal, core } => {
                signal.number() as u32 | if core { Self::CORE } else { 0 }
            }
            Self::Stopped(signal) => (signal.number() as u32) << 8 | Self::STOPPED,
            Self::Continued => Self::CONTINUED,
        }
    }

    /// Takes the word apart; `None` for words that Linux does not make.
    #[must_use]
    pub fn from_word(word: u32) -> Option<Self> {
        if word == Self::CONTINUED {
            return Some(Self::Continued);
        }
        let [low, high, 0, 0] = word.to_le_bytes() else {
            return None;
        };
        let signal = |number: u8| Signal::from_number(u64::from(number));
        match (low, high) {
            (0, code) => Some(Self::Exited(code)),
            (0x7f, number) => signal(number).map(Self::Stopped),
            (number, 0) => signal(number & 0x7f)
                .map(|signal| Self::Signaled { signal, core: u32::from(number) & Self::CORE != 0 }),
            _ => None,
        }
    }

    /// A status word as strace prints it, brackets included; in hexadecimal if it says nothing.
    #[must_use]
    pub fn print(word: u32) -> String {
        match Self::from_word(word) {
            Some(status) => format!("[{{{status}}}]"),
            None => format!("[{}]", hex(u64::from(word))),
        }
    }

    /// Reads what [`WaitStatus::print`] writes, with or without brackets and braces.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        let text = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(text);
        if let Some(code) = text.strip_prefix("WIFEXITED(s) && WEXITSTATUS(s) == ") {
            return code.parse().ok().map(Self::Exited);
        }
        if let Some(rest) = text.strip_prefix("WIFSIGNALED(s) && WTERMSIG(s) == ") {
            let name = rest.strip_suffix(" && WCOREDUMP(s)");
            let signal = Signal::from_name(name.unwrap_or(rest))?;
            return Some(Self::Signaled { signal, core: name.is_some() });
        }
        if let Some(name) = text.strip_prefix("WIFSTOPPED(s) && WSTOPSIG(s) == ") {
            return Signal::from_name(name).map(Self::Stopped);
        }
        (text == "WIFCONTINUED(s)").then_some(Self::Continued)
    }
}

/// As strace prints it between braces: `WIFEXITED(s) && WEXITSTATUS(s) == 3`.
impl fmt::Display for WaitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "WIFEXITED(s) && WEXITSTATUS(s) == {code}"),
            Self::Signaled { signal, core } => {
                let core = if *core { " && WCOREDUMP(s)" } else { "" };
                write!(f, "WIFSIGNALED(s) && WTERMSIG(s) == {signal}{core}")
            }
            Self::Stopped(signal) => write!(f, "WIFSTOPPED(s) && WSTOPSIG(s) == {signal}"),
            Self::Continued => f.write_str("WIFCONTINUED(s)"),
        }
    }
}
