//! `cd`, `pwd`, `umask`, `ulimit`, `times`: what the kernel keeps for a process.

use super::super::{Flow, Shell};
use oscope_kernel::abi::types::{RLIM_INFINITY, Rlimit, Timeval};

/// What `ulimit` can limit: the letter, the name with its unit, the resource's number, the unit in bytes or pieces.
const LIMITS: [(char, &str, u32, u64); 12] = [
    ('t', "time(seconds)", 0, 1),
    ('f', "file(blocks)", 1, 512),
    ('d', "data(kbytes)", 2, 1024),
    ('s', "stack(kbytes)", 3, 1024),
    ('c', "coredump(blocks)", 4, 512),
    ('m', "memory(kbytes)", 5, 1024),
    ('l', "locked memory(kbytes)", 8, 1024),
    ('p', "process", 6, 1),
    ('n', "nofiles", 7, 1),
    ('v', "vmemory(kbytes)", 9, 1024),
    ('w', "locks", 10, 1),
    ('r', "rtprio", 14, 1),
];

/// A path without `.`, `..` and doubled slashes, as `cd -L` understands it: a link's parent is where its name stands.
fn logical(from: &str, path: &str) -> String {
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{from}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

impl Shell {
    /// `cd [-L|-P] [DIRECTORY]`, `cd -`
    pub(super) async fn cd(&mut self, arguments: &[String]) -> Flow<i32> {
        let (mut is_physical, mut rest) = (false, arguments);
        while let Some((first, behind)) = rest.split_first() {
            match first.as_str() {
                "-P" => is_physical = true,
                "-L" => is_physical = false,
                "--" => {
                    rest = behind;
                    break;
                }
                "-" => break,
                option if option.starts_with('-') => {
                    let letter = option.chars().nth(1).unwrap_or('-');
                    return Ok(self.wrong("cd", &format!("Illegal option -{letter}")).await);
                }
                _ => break,
            }
            rest = behind;
        }
        let own = |name: &str| self.state.get(name).unwrap_or_default().to_owned();
        let (mut target, mut is_told) = match rest.first().map(String::as_str) {
            None => (own("HOME"), false),
            Some("-") => (own("OLDPWD"), true),
            Some(path) => (path.to_owned(), false),
        };
        if target.is_empty() {
            target = ".".to_owned();
        }
        let before = own("PWD");
        let mut candidates = Vec::new();
        let is_local = target.starts_with('/')
            || target.split('/').next().is_some_and(|first| matches!(first, "." | ".."));
        if !is_local {
            let directories = own("CDPATH");
            for directory in directories.split(':').filter(|directory| !directory.is_empty()) {
                candidates.push((format!("{directory}/{target}"), true));
            }
        }
        candidates.push((target.clone(), false));
        for (candidate, is_elsewhere) in candidates {
            let path = logical(&before, &candidate);
            let to = if is_physical { candidate.as_str() } else { path.as_str() };
            if self.sys.chdir(to).await.is_err() {
                continue;
            }
            let now = if is_physical { self.sys.getcwd().await.unwrap_or(path) } else { path };
            is_told |= is_elsewhere;
            for (name, value) in [("OLDPWD", &before), ("PWD", &now)] {
                if let Err(message) = self.state.set(name, value) {
                    return Ok(self.wrong("cd", &message).await);
                }
            }
            if is_told {
                self.print(&format!("{now}\n"));
            }
            return Ok(0);
        }
        Ok(self.wrong("cd", &format!("can't cd to {target}")).await)
    }

    /// `pwd [-L|-P]`
    pub(super) async fn pwd(&mut self, arguments: &[String]) -> i32 {
        let is_physical = arguments.last().is_some_and(|option| option == "-P");
        let known = self.state.get("PWD").filter(|path| path.starts_with('/'));
        let path = match known {
            Some(path) if !is_physical => path.to_owned(),
            _ => match self.sys.getcwd().await {
                Ok(path) => path,
                Err(errno) => return self.wrong("pwd", errno.message()).await,
            },
        };
        self.print(&format!("{path}\n"));
        0
    }

    /// `umask [-S] [MASK]`
    pub(super) async fn umask(&mut self, arguments: &[String]) -> i32 {
        let is_symbolic = arguments.first().is_some_and(|option| option == "-S");
        let mask = self.sys.umask(0).await;
        self.sys.umask(mask).await;
        let Some(text) = arguments.get(usize::from(is_symbolic)) else {
            let text = if is_symbolic {
                let letters = |shift: u32| {
                    let allowed = !mask >> shift & 7;
                    let letter = |bit: u32, c: &str| {
                        if allowed & bit != 0 { c.to_owned() } else { String::new() }
                    };
                    letter(4, "r") + &letter(2, "w") + &letter(1, "x")
                };
                format!("u={},g={},o={}\n", letters(6), letters(3), letters(0))
            } else {
                format!("{mask:04o}\n")
            };
            self.print(&text);
            return 0;
        };
        let new = if text.starts_with(|c: char| c.is_ascii_digit()) {
            u32::from_str_radix(text, 8).ok().filter(|mask| *mask <= 0o777)
        } else {
            crate::text::mode::symbolic(text, !mask & 0o777, false, 0).map(|mode| !mode & 0o777)
        };
        match new {
            Some(new) => {
                self.sys.umask(new).await;
                0
            }
            None => {
                let is_number = text.starts_with(|c: char| c.is_ascii_digit());
                let kind = if is_number { "number" } else { "mode" };
                self.wrong("umask", &format!("Illegal {kind}: {text}")).await
            }
        }
    }

    /// `ulimit [-HS] [-a | -LETTER [LIMIT]]`
    pub(super) async fn ulimit(&mut self, arguments: &[String]) -> i32 {
        let (mut is_hard, mut is_soft, mut letter, mut is_all) = (false, false, 'f', false);
        let mut rest = arguments;
        while let Some((first, behind)) = rest.split_first()
            && let Some(letters) = first.strip_prefix('-')
        {
            for c in letters.chars() {
                match c {
                    'H' => is_hard = true,
                    'S' => is_soft = true,
                    'a' => is_all = true,
                    c if LIMITS.iter().any(|(known, ..)| *known == c) => letter = c,
                    c => return self.wrong("ulimit", &format!("Illegal option -{c}")).await,
                }
            }
            rest = behind;
        }
        for (known, name, resource, unit) in LIMITS {
            if !is_all && known != letter {
                continue;
            }
            let Ok(limit) = self.sys.getrlimit(resource).await else { continue };
            if let Some(text) = rest.first().filter(|_| !is_all) {
                let value = match text.as_str() {
                    "unlimited" => Some(RLIM_INFINITY),
                    text => text.parse::<u64>().ok().and_then(|value| value.checked_mul(unit)),
                };
                let Some(value) = value else { return self.wrong("ulimit", "bad number").await };
                let (sets_soft, sets_hard) = (is_soft || !is_hard, is_hard || !is_soft);
                let new = Rlimit {
                    soft: if sets_soft { value } else { limit.soft },
                    hard: if sets_hard { value } else { limit.hard },
                };
                if let Err(errno) = self.sys.setrlimit(resource, new).await {
                    let message = format!("error setting limit ({})", errno.message());
                    return self.wrong("ulimit", &message).await;
                }
                return 0;
            }
            let value = if is_hard { limit.hard } else { limit.soft };
            let value = match value {
                RLIM_INFINITY => "unlimited".to_owned(),
                value => (value / unit).to_string(),
            };
            let line = if is_all { format!("{name:<20} {value}\n") } else { format!("{value}\n") };
            self.print(&line);
        }
        0
    }

    /// `times`
    pub(super) async fn times(&mut self) -> i32 {
        for who in [0, u64::MAX] {
            let Ok(usage) = self.sys.getrusage(who).await else { continue };
            let form = |time: Timeval| {
                let seconds = time.seconds;
                format!("{}m{}.{:06}s", seconds / 60, seconds % 60, time.microseconds)
            };
            let line = format!("{} {}\n", form(usage.user_time), form(usage.system_time));
            self.print(&line);
        }
        0
    }
}
