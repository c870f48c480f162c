//! `export`, `readonly`, `unset`, `local`, `shift`, `getopts`: variables and parameters.

use super::super::ast::is_name;
use super::super::{Flow, Shell};
use super::{count, quoted};

impl Shell {
    /// `export [-p] [NAME[=VALUE]...]`, `readonly` in the same way
    pub(super) async fn declare(&mut self, name: &str, arguments: &[String]) -> Flow<i32> {
        let is_export = name == "export";
        let names: Vec<&String> =
            arguments.iter().filter(|word| *word != "-p" && *word != "--").collect();
        if names.is_empty() {
            let lines: Vec<String> = self
                .state
                .variables
                .iter()
                .filter(|(_, v)| if is_export { v.is_exported } else { v.is_readonly })
                .map(|(known, variable)| match &variable.value {
                    Some(value) => format!("{name} {known}={}\n", quoted(value)),
                    None => format!("{name} {known}\n"),
                })
                .collect();
            self.print(&lines.concat());
            return Ok(0);
        }
        for word in names {
            let (known, value) = match word.split_once('=') {
                Some((known, value)) => (known, Some(value)),
                None => (word.as_str(), None),
            };
            if !is_name(known) {
                return Err(self.fatal(name, &format!("{known}: bad variable name")).await);
            }
            if let Some(value) = value
                && let Err(message) = self.state.set(known, value)
            {
                return Err(self.fatal(name, &message).await);
            }
            let variable = self.state.variables.entry(known.to_owned()).or_default();
            if is_export {
                variable.is_exported = true;
            } else {
                variable.is_readonly = true;
            }
        }
        Ok(0)
    }

    /// `unset [-v] [-f] NAME...`
    pub(super) async fn unset(&mut self, arguments: &[String]) -> Flow<i32> {
        let mut is_function = false;
        for word in arguments {
            match word.as_str() {
                "-f" => is_function = true,
                "-v" => is_function = false,
                "--" => {}
                name if is_function => {
                    self.state.functions.remove(name);
                }
                name if !is_name(name) => {
                    return Err(self.fatal("unset", &format!("{name}: bad variable name")).await);
                }
                name => {
                    if let Err(message) = self.state.unset(name) {
                        return Err(self.fatal("unset", &message).await);
                    }
                }
            }
        }
        Ok(0)
    }

    /// `local NAME[=VALUE]...`: as in dash, a local variable begins with the value that it has outside.
    pub(super) async fn local(&mut self, arguments: &[String]) -> Flow<i32> {
        if self.state.scopes.is_empty() {
            return Err(self.fatal("local", "not in a function").await);
        }
        for word in arguments {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word.as_str(), None),
            };
            if !is_name(name) {
                return Err(self.fatal("local", &format!("{name}: bad variable name")).await);
            }
            self.state.make_local(name);
            if let Some(value) = value
                && let Err(message) = self.state.set(name, value)
            {
                return Err(self.fatal("local", &message).await);
            }
        }
        Ok(0)
    }

    /// `shift [N]`
    pub(super) async fn shift(&mut self, arguments: &[String]) -> Flow<i32> {
        let by = match arguments.first().map(|text| count(text)) {
            None => 1,
            Some(Ok(by)) => by as usize,
            Some(Err(message)) => return Err(self.fatal("shift", &message).await),
        };
        if by > self.state.positional.len() {
            return Err(self.fatal("shift", "can't shift that many").await);
        }
        self.state.positional.drain(..by);
        Ok(0)
    }

    /// `getopts OPTIONS NAME [ARGUMENT...]`
    pub(super) async fn getopts(&mut self, arguments: &[String]) -> Flow<i32> {
        let (Some(options), Some(name)) = (arguments.first(), arguments.get(1)) else {
            return Ok(self.wrong("getopts", "Usage: getopts optstring var [arg...]").await);
        };
        if !is_name(name) {
            return Ok(self.wrong("getopts", &format!("{name}: bad variable name")).await);
        }
        let is_silent = options.starts_with(':');
        let words = match arguments.get(2..) {
            Some(own) if !own.is_empty() => own.to_vec(),
            _ => self.state.positional.clone(),
        };
        let mut index: usize =
            self.state.get("OPTIND").and_then(|text| text.parse().ok()).unwrap_or(1).max(1);
        let mut within = self.state.getopts_at;
        let word = words.get(index - 1).cloned().unwrap_or_default();
        let letter = word.chars().nth(within.max(1));
        let is_end = !word.starts_with('-') || word == "-" || word == "--" || letter.is_none();
        let (mut result, mut value, mut status) = ("?".to_owned(), None, 0);
        if is_end {
            if word == "--" {
                index += 1;
            }
            within = 0;
            status = 1;
        } else if let Some(letter) = letter {
            within = within.max(1) + 1;
            let is_done = word.chars().nth(within).is_none();
            let rest: String = word.chars().skip(within).collect();
            let place = options.find(letter).filter(|_| letter != ':');
            let takes_value =
                place.is_some_and(|at| options[at + letter.len_utf8()..].starts_with(':'));
            if is_done || takes_value {
                index += 1;
                within = 0;
            }
            if place.is_none() {
                if is_silent {
                    value = Some(letter.to_string());
                } else {
                    let message = format!("Illegal option -{letter}\n");
                    let _ = self.sys.write(2, message.as_bytes()).await;
                }
            } else if takes_value && rest.is_empty() && words.len() < index {
                if is_silent {
                    result = ":".to_owned();
                    value = Some(letter.to_string());
                } else {
                    let message = format!("No arg for -{letter} option\n");
                    let _ = self.sys.write(2, message.as_bytes()).await;
                }
            } else {
                result = letter.to_string();
                if takes_value && rest.is_empty() {
                    value = words.get(index - 1).cloned();
                    index += 1;
                } else if takes_value {
                    value = Some(rest);
                }
            }
        }
        let changed = [(name.as_str(), result), ("OPTIND", index.to_string())];
        for (name, text) in changed {
            if let Err(message) = self.state.set(name, &text) {
                return Err(self.fatal("getopts", &message).await);
            }
        }
        let _ = match value {
            Some(value) => self.state.set("OPTARG", &value),
            None => self.state.unset("OPTARG"),
        };
        self.state.getopts_at = within;
        Ok(status)
    }
}
