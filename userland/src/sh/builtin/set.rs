//! `set`: options and positional parameters.

use super::super::state::OPTIONS;
use super::super::{Flow, Shell};
use super::quoted;

/// The letter of an option with a long name.
pub(in super::super) fn letter_of(name: &str) -> Option<char> {
    OPTIONS.iter().find(|(_, known)| *known == name).map(|(letter, _)| *letter)
}

/// Whether there is an option with this letter.
pub(in super::super) fn is_option(letter: char) -> bool {
    OPTIONS.iter().any(|(known, _)| *known == letter)
}

impl Shell {
    /// `set [-options] [+options] [--] [ARGUMENT...]`
    pub(super) async fn set(&mut self, arguments: &[String]) -> Flow<i32> {
        if arguments.is_empty() {
            let set = self.state.variables.iter();
            let lines = set.filter_map(|(name, variable)| {
                Some(format!("{name}={}\n", quoted(variable.value.as_ref()?)))
            });
            let text: String = lines.collect();
            self.print(&text);
            return Ok(0);
        }
        let mut rest = arguments;
        let mut sets_positional = false;
        while let Some((word, behind)) = rest.split_first() {
            let is_on = match word.chars().next() {
                Some('-') => true,
                Some('+') => false,
                _ => break,
            };
            rest = behind;
            match word.as_str() {
                "--" => {
                    sets_positional = true;
                    break;
                }
                "-" => {
                    self.state.switch('x', false);
                    self.state.switch('v', false);
                    break;
                }
                _ => {}
            }
            for letter in word.chars().skip(1) {
                if letter == 'o' {
                    let Some((name, behind)) = rest.split_first() else {
                        self.list_options(is_on);
                        return Ok(0);
                    };
                    rest = behind;
                    match letter_of(name) {
                        Some(letter) => self.switch(letter, is_on).await,
                        None => {
                            return Err(self
                                .fatal("set", &format!("Illegal option -o {name}"))
                                .await);
                        }
                    }
                } else if is_option(letter) && !matches!(letter, 'i' | 's') {
                    self.switch(letter, is_on).await;
                } else {
                    let sign = if is_on { '-' } else { '+' };
                    let message = format!("Illegal option {sign}{letter}");
                    return Err(self.fatal("set", &message).await);
                }
            }
        }
        if sets_positional || !rest.is_empty() {
            self.state.positional = rest.to_vec();
        }
        Ok(0)
    }

    async fn switch(&mut self, letter: char, is_on: bool) {
        if letter == 'm' && is_on && self.state.terminal.is_none() {
            if !self.start_job_control().await {
                self.complain("set: can't access tty; job control turned off").await;
            }
            return;
        }
        self.state.switch(letter, is_on);
    }

    fn list_options(&mut self, is_readable: bool) {
        if is_readable {
            self.print("Current option settings\n");
        }
        for (letter, name) in OPTIONS {
            let is_on = self.state.has(letter);
            let line = if is_readable {
                format!("{name:<16}{}\n", if is_on { "on" } else { "off" })
            } else {
                format!("set {} {name}\n", if is_on { "-o" } else { "+o" })
            };
            self.print(&line);
        }
    }
}
