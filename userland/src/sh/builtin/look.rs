//! `command`, `type`, `hash`, `alias`, `unalias`: what a name stands for.

use super::super::Shell;
use super::{exists, is_special, quoted};

const RESERVED: [&str; 16] = [
    "!", "{", "}", "case", "do", "done", "elif", "else", "esac", "fi", "for", "if", "in", "then",
    "until", "while",
];

/// What follows `command`, if that is to be run and not described.
pub(in super::super) fn without_command(arguments: &[String]) -> Option<Vec<String>> {
    let mut rest = arguments.get(1..)?;
    while let Some(option) = rest.first().filter(|word| word.starts_with('-')) {
        match option.as_str() {
            // The usual PATH is the only one here.
            "-p" => rest = rest.get(1..)?,
            "--" => {
                rest = rest.get(1..)?;
                break;
            }
            _ => return None,
        }
    }
    if rest.is_empty() { None } else { Some(rest.to_vec()) }
}

impl Shell {
    /// `command -v NAME`, `command -V NAME`, `type NAME...`
    pub(super) async fn look_up(&mut self, name: &str, arguments: &[String]) -> i32 {
        let mut is_short = false;
        let mut names = arguments;
        if name == "command" {
            while let Some((first, rest)) = names.split_first()
                && let Some(letters) = first.strip_prefix('-')
            {
                for letter in letters.chars() {
                    match letter {
                        'v' => is_short = true,
                        'V' => is_short = false,
                        'p' => {}
                        other => {
                            return self.wrong(name, &format!("Illegal option -{other}")).await;
                        }
                    }
                }
                names = rest;
            }
            // dash looks at one name only.
            names = names.get(..names.len().min(1)).unwrap_or_default();
        }
        let mut status = 0;
        for wanted in names {
            if !self.describe(wanted, is_short).await {
                status = 127;
            }
        }
        status
    }

    /// Says what a name stands for; `false` if for nothing.
    async fn describe(&mut self, name: &str, is_short: bool) -> bool {
        let (short, long) = if RESERVED.contains(&name) {
            (name.to_owned(), "is a shell keyword".to_owned())
        } else if let Some(value) = self.state.aliases.get(name) {
            let short = format!("alias {name}={}", quoted(value));
            (short, format!("is an alias for {value}"))
        } else if is_special(name) {
            (name.to_owned(), "is a special shell builtin".to_owned())
        } else if self.state.functions.contains_key(name) {
            (name.to_owned(), "is a shell function".to_owned())
        } else if exists(name) {
            (name.to_owned(), "is a shell builtin".to_owned())
        } else {
            let was_known = self.state.found.contains_key(name);
            let found = match self.find(name).await {
                Ok(path) if !name.contains('/') || self.sys.access(&path, 1).await.is_ok() => path,
                _ => {
                    if !is_short {
                        self.print(&format!("{name}: not found\n"));
                    }
                    return false;
                }
            };
            let how = if was_known { "is a tracked alias for" } else { "is" };
            let long = format!("{how} {found}");
            // Only running a command makes the shell remember where it is.
            if !was_known {
                self.state.found.remove(name);
            }
            (found, long)
        };
        let text = if is_short { format!("{short}\n") } else { format!("{name} {long}\n") };
        self.print(&text);
        true
    }

    /// `hash [-r] [NAME...]`
    pub(super) async fn hash(&mut self, arguments: &[String]) -> i32 {
        if arguments.is_empty() {
            let paths: Vec<String> =
                self.state.found.values().map(|path| format!("{path}\n")).collect();
            self.print(&paths.concat());
            return 0;
        }
        let mut status = 0;
        for name in arguments {
            if name == "-r" {
                self.state.found.clear();
            } else if self.find(name).await.is_err() {
                self.complain(&format!("hash: {name}: not found")).await;
                status = 1;
            }
        }
        status
    }

    /// `alias [NAME[=TEXT]...]`
    pub(super) async fn alias(&mut self, arguments: &[String]) -> i32 {
        let line = |name: &str, text: &str| format!("{name}={}\n", quoted(text));
        if arguments.is_empty() {
            let all: String =
                self.state.aliases.iter().map(|(name, text)| line(name, text)).collect();
            self.print(&all);
        }
        let mut status = 0;
        for argument in arguments {
            if let Some((name, text)) =
                argument.split_once('=').filter(|(name, _)| !name.is_empty())
            {
                self.state.aliases.insert(name.to_owned(), text.to_owned());
            } else if let Some(text) = self.state.aliases.get(argument) {
                let text = line(argument, text);
                self.print(&text);
            } else {
                let message = format!("alias: {argument} not found\n");
                let _ = self.sys.write(2, message.as_bytes()).await;
                status = 1;
            }
        }
        status
    }

    /// `unalias -a`, `unalias NAME...`
    pub(super) async fn unalias(&mut self, arguments: &[String]) -> i32 {
        let mut status = 0;
        for name in arguments {
            if name == "-a" {
                self.state.aliases.clear();
            } else if self.state.aliases.remove(name).is_none() {
                let message = format!("unalias: {name} not found\n");
                let _ = self.sys.write(2, message.as_bytes()).await;
                status = 1;
            }
        }
        status
    }
}
