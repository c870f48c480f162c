//! Which calls, signals and results are shown: the sets of strace's `-e`.

use oscope_kernel::abi::Signal;
use oscope_kernel::abi::call::{self, Call, Kind, ResultKind, Server};
use std::collections::BTreeSet;

/// A set of numbers, or all but those.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    numbers: BTreeSet<u16>,
    is_all_but: bool,
}

impl Filter {
    /// Everything.
    pub const ALL: Self = Self { numbers: BTreeSet::new(), is_all_but: true };
    /// Nothing.
    pub const NONE: Self = Self { numbers: BTreeSet::new(), is_all_but: false };

    /// Whether a number is in the set.
    #[must_use]
    pub fn contains(&self, number: u16) -> bool {
        self.numbers.contains(&number) != self.is_all_but
    }

    /// Reads a set of calls: `open,close`, `%file`, `!read`, `all`, `none`.
    ///
    /// # Errors
    /// The word that is no call and no class.
    pub fn calls(text: &str) -> Result<Self, String> {
        Self::read(text, |word| {
            if let Some(class) = word.strip_prefix('%') {
                let is_in = class_of(class)?;
                return Some(
                    call::all().filter(|call| is_in(call)).map(|call| call.number).collect(),
                );
            }
            call::by_name(word).map(|call| vec![call.number])
        })
    }

    /// Reads a set of signals: `SIGINT,term`, `!CHLD`, `none`.
    ///
    /// # Errors
    /// The word that is no signal.
    pub fn signals(text: &str) -> Result<Self, String> {
        Self::read(text, |word| {
            let name = word.to_uppercase();
            let name = name.strip_prefix("SIG").unwrap_or(&name);
            let mut all = (1..=64).filter_map(Signal::from_number);
            let signal = all
                .find(|signal| signal.short_name() == name || signal.number().to_string() == word);
            signal.map(|signal| vec![signal.number().into()])
        })
    }

    fn read(text: &str, find: impl Fn(&str) -> Option<Vec<u16>>) -> Result<Self, String> {
        let (text, is_all_but) = text.strip_prefix('!').map_or((text, false), |rest| (rest, true));
        let (mut numbers, mut is_inverse) = (BTreeSet::new(), is_all_but);
        for word in text.split(',') {
            match word {
                "all" => is_inverse = !is_all_but,
                "none" | "" => {}
                _ => numbers.extend(find(word).ok_or_else(|| word.to_owned())?),
            }
        }
        // `all` and what else stands beside it is all.
        if is_inverse != is_all_but {
            numbers.clear();
        }
        Ok(Self { numbers, is_all_but: is_inverse })
    }
}

/// The classes that can be named, besides single calls.
pub(super) const CLASSES: [&str; 7] =
    ["file", "process", "network", "signal", "ipc", "desc", "memory"];

type IsIn = fn(&Call) -> bool;

fn class_of(name: &str) -> Option<IsIn> {
    let class: IsIn = match name {
        "file" => |call| call.arguments.iter().any(|argument| argument.kind == Kind::Path),
        "desc" => |call| {
            let is_fd = |kind: &Kind| {
                matches!(kind, Kind::Fd | Kind::DirFd | Kind::FdPair | Kind::PollFds | Kind::FdSet)
            };
            call.result == ResultKind::Fd
                || call.arguments.iter().any(|argument| is_fd(&argument.kind))
        },
        "network" => |call| call.server == Some(Server::Network),
        "memory" => |call| call.server == Some(Server::Memory) && !is_ipc(call.name),
        "ipc" => |call| is_ipc(call.name),
        "process" => |call| {
            const NAMES: [&str; 14] = [
                "clone",
                "clone3",
                "execve",
                "execveat",
                "exit",
                "exit_group",
                "kill",
                "pidfd_send_signal",
                "rt_sigqueueinfo",
                "rt_tgsigqueueinfo",
                "tgkill",
                "tkill",
                "wait4",
                "waitid",
            ];
            NAMES.contains(&call.name)
        },
        "signal" => |call| {
            const NAMES: [&str; 6] =
                ["kill", "pidfd_send_signal", "sigaltstack", "signalfd4", "tgkill", "tkill"];
            NAMES.contains(&call.name) || call.name.starts_with("rt_") && call.name.contains("sig")
        },
        _ => return None,
    };
    Some(class)
}

fn is_ipc(name: &str) -> bool {
    ["shm", "sem", "msg"].iter().any(|family| name.starts_with(family))
}
