//! What the generator remembers of a script so far. It may be wrong: then calls fail, and fail on both kernels.

use std::collections::{BTreeMap, BTreeSet};

/// What a descriptor stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thing {
    /// The reading end of a pipe that does not wait.
    PipeOut,
    /// Its writing end.
    PipeIn,
    /// A regular file.
    File,
}

/// What a process does about a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disposition {
    Ignored,
    Handled,
    /// Handled once.
    Once,
}

/// A process of the script.
#[derive(Clone, Debug)]
pub(super) struct Process {
    pub(super) pid: u32,
    pub(super) parent: u32,
    pub(super) fds: BTreeMap<u32, Thing>,
    /// Dispositions other than the default.
    pub(super) signals: BTreeMap<&'static str, Disposition>,
    pub(super) blocked: BTreeSet<&'static str>,
    pub(super) pending: BTreeSet<&'static str>,
    /// Names of mappings that it has.
    pub(super) mappings: Vec<u32>,
    pub(super) stopped: bool,
    pub(super) zombie: bool,
    /// Its credentials are other ones than root's.
    pub(super) changed: bool,
}

impl Process {
    pub(super) fn root() -> Self {
        Self {
            pid: 1,
            parent: 0,
            fds: BTreeMap::new(),
            signals: BTreeMap::new(),
            blocked: BTreeSet::new(),
            pending: BTreeSet::new(),
            mappings: Vec::new(),
            stopped: false,
            zombie: false,
            changed: false,
        }
    }

    /// The lowest free descriptor from a number on; 0, 1 and 2 are open.
    pub(super) fn free(&self, from: u32) -> u32 {
        (from.max(3)..).find(|fd| !self.fds.contains_key(fd)).unwrap_or(3)
    }

    /// Whether it can have a line of its own.
    pub(super) fn runs(&self) -> bool {
        !self.stopped && !self.zombie
    }

    /// Whether a signal ends a process that does nothing about it.
    pub(super) fn dies_without(&self, signal: &str) -> bool {
        !matches!(signal, "SIGCHLD" | "SIGURG" | "SIGWINCH" | "SIGCONT" | "0")
    }

    /// Whether a signal that arrives now ends it.
    fn dies_of(&self, signal: &str) -> bool {
        self.dies_without(signal) && !self.signals.contains_key(signal)
    }

    /// A signal is sent.
    pub(super) fn send(&mut self, signal: &'static str) {
        if signal == "SIGKILL" {
            self.zombie |= self.pid != 1;
        } else if signal == "SIGSTOP" {
            self.stopped |= self.pid != 1;
        } else if signal == "SIGCONT" && self.stopped {
            self.stopped = false;
            for signal in std::mem::take(&mut self.pending) {
                self.send(signal);
            }
        } else if self.blocked.contains(signal) || self.stopped {
            self.pending.insert(signal);
        } else if self.dies_of(signal) {
            self.zombie = true;
        } else if self.signals.get(signal) == Some(&Disposition::Once) {
            self.signals.remove(signal);
        }
    }

    /// The mask is another one: what was pending may arrive.
    pub(super) fn mask(&mut self, blocked: BTreeSet<&'static str>) {
        self.blocked = blocked;
        for signal in std::mem::take(&mut self.pending) {
            self.send(signal);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Process;

    #[test]
    fn a_blocked_signal_waits_and_then_kills() {
        let mut process = Process { pid: 2, ..Process::root() };
        process.mask(["SIGUSR1"].into());
        process.send("SIGUSR1");
        assert!(process.runs());
        process.mask([].into());
        assert!(process.zombie);
    }

    #[test]
    fn a_stopped_process_dies_when_it_goes_on() {
        let mut process = Process { pid: 2, ..Process::root() };
        process.send("SIGSTOP");
        process.send("SIGTERM");
        assert!(!process.zombie);
        process.send("SIGCONT");
        assert!(process.zombie);
    }
}
