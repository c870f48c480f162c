//! strace's own options, from words to a [`Style`].

use super::filter::{CLASSES, Filter};
use super::style::{Clock, Hex, Paths, Quiet, Status, Style};
use crate::script::nearest;
use oscope_kernel::abi::call;

/// The options that are known, for messages.
const KNOWN: &str = "-t -tt -ttt -r -T -y -yy -n -v -x -xx -q -qq -qqq -z -Z -f -s N -a N \
                     -e trace=SET -e raw=SET -e signal=SET -e status=SET";

impl Style {
    /// This style, changed by words such as `-tt -T -y -s 40 -e trace=read,write`.
    ///
    /// # Errors
    /// What is wrong with them, and what was expected, in a sentence.
    pub fn with_options(self, words: &str) -> Result<Self, String> {
        let mut style = self;
        let mut words = words.split_whitespace();
        while let Some(word) = words.next() {
            if let Some(long) = word.strip_prefix("--") {
                return Err(format!("`--{long}` is not known here; expected one of {KNOWN}"));
            }
            let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
                return Err(format!("`{word}` is no option; expected one of {KNOWN}"));
            };
            let mut rest = letters;
            while let Some(letter) = rest.chars().next() {
                rest = &rest[letter.len_utf8()..];
                if matches!(letter, 's' | 'a' | 'e') {
                    let value = if rest.is_empty() { words.next() } else { Some(rest) };
                    let value = value.ok_or_else(|| format!("`-{letter}` wants a value"))?;
                    style.valued(letter, value)?;
                    rest = "";
                } else {
                    style.flag(letter)?;
                }
            }
        }
        Ok(style)
    }

    /// An option without a value; some mean more when they are given again.
    fn flag(&mut self, letter: char) -> Result<(), String> {
        match letter {
            't' => {
                self.clock = match self.clock {
                    Clock::Seconds => Clock::Micros,
                    Clock::Micros | Clock::Epoch => Clock::Epoch,
                    Clock::None | Clock::Relative => Clock::Seconds,
                }
            }
            'r' => self.clock = Clock::Relative,
            'T' => self.took = true,
            'y' => self.paths = if self.paths == Paths::None { Paths::Names } else { Paths::Full },
            'n' => self.numbers = true,
            'v' => self.verbose = true,
            'x' => self.hex = if self.hex == Hex::None { Hex::NotAscii } else { Hex::All },
            'q' => self.quiet = self.quiet.more(),
            'z' => self.status = Status::SUCCESSFUL,
            'Z' => self.status = Status::FAILED,
            // All tasks are followed in any case.
            'f' => {}
            other => return Err(format!("`-{other}` is not known here; expected one of {KNOWN}")),
        }
        Ok(())
    }

    fn valued(&mut self, letter: char, value: &str) -> Result<(), String> {
        if letter == 'e' {
            return self.expression(value);
        }
        let number =
            value.parse().map_err(|_| format!("`-{letter} {value}`: expected a number"))?;
        if letter == 's' {
            self.strings = number;
        } else {
            // A line wider than any terminal is a slip.
            self.column =
                Some(number).filter(|column| *column <= 1000).ok_or("`-a`: at most 1000")?;
        }
        Ok(())
    }

    /// `-e KIND=SET`; without a kind it is about calls.
    fn expression(&mut self, value: &str) -> Result<(), String> {
        let (kind, set) = value.split_once('=').unwrap_or(("trace", value));
        match kind {
            "trace" | "t" => self.trace = Filter::calls(set).map_err(|word| no_call(&word))?,
            "raw" | "x" => self.raw = Filter::calls(set).map_err(|word| no_call(&word))?,
            "signal" | "signals" | "s" => {
                self.signals = Filter::signals(set).map_err(|word| {
                    format!("`{word}` is no signal; expected one such as SIGINT")
                })?;
            }
            "status" => self.status = Status::read(set)?,
            "quiet" | "silent" | "silence" | "q" => self.quiet = Quiet::read(set)?,
            _ => {
                return Err(format!(
                    "`-e {kind}=` is not known here; expected trace, raw, signal, status or quiet"
                ));
            }
        }
        Ok(())
    }
}

fn no_call(word: &str) -> String {
    if let Some(class) = word.strip_prefix('%') {
        let classes = CLASSES.map(|class| format!("%{class}")).join(", ");
        return format!("`%{class}` is no class of calls; expected one of {classes}");
    }
    let near = nearest(word, call::all().map(|call| call.name));
    let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    format!("`{word}` is no system call of riscv64{near}")
}
