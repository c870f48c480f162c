//! Signals that were sent and not taken yet.

use crate::abi::signal::{Signal, SignalSet};
use crate::event::EventId;

/// A signal with what its handler is told (`siginfo_t`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SignalInfo {
    /// Which.
    pub signal: Signal,
    /// `si_code`.
    pub code: i32,
    /// `si_pid`.
    pub pid: u32,
    /// `si_addr`.
    pub address: u64,
    /// The event that sent it.
    pub cause: EventId,
}

impl SignalInfo {
    /// The beginning of its `siginfo_t`, as far as it is used: number, errno, code, padding; then the sender, or
    /// the address of a fault.
    #[must_use]
    pub fn told(&self) -> [u8; 48] {
        let mut bytes = [0; 48];
        let mut put = |at: usize, field: &[u8]| bytes[at..at + field.len()].copy_from_slice(field);
        put(0, &u32::from(self.signal.number()).to_le_bytes());
        put(8, &self.code.to_le_bytes());
        if self.signal.is_fault() && self.code > 0 {
            put(16, &self.address.to_le_bytes());
        } else {
            put(16, &self.pid.to_le_bytes());
        }
        bytes
    }
}

/// How many real-time signals queue at most (a RLIMIT_SIGPENDING).
const MAX_QUEUED: usize = 1024;

/// Pending signals of a thread or a process.
#[derive(Clone, Debug, Default, Hash)]
pub struct Pending {
    set: SignalSet,
    infos: Vec<SignalInfo>,
}

impl Pending {
    /// Adds a signal. A standard signal that is pending already is not added again (signal(7)); real-time
    /// signals queue.
    pub fn add(&mut self, info: SignalInfo) {
        let queues = info.signal.is_realtime() && self.infos.len() < MAX_QUEUED;
        if !queues && self.set.contains(info.signal) {
            return;
        }
        self.set.insert(info.signal);
        self.infos.push(info);
    }

    /// Which are pending.
    #[must_use]
    pub fn set(&self) -> SignalSet {
        self.set
    }

    /// The lowest pending signal that is not in `mask`, left where it is.
    #[must_use]
    pub fn peek(&self, mask: SignalSet) -> Option<SignalInfo> {
        let signal = self.set.difference(mask).first()?;
        self.infos.iter().find(|info| info.signal == signal).copied()
    }

    /// Takes the lowest pending signal that is not in `mask`.
    pub fn take(&mut self, mask: SignalSet) -> Option<SignalInfo> {
        let signal = self.set.difference(mask).first()?;
        let at = self.infos.iter().position(|info| info.signal == signal)?;
        let info = self.infos.remove(at);
        if !self.infos.iter().any(|info| info.signal == signal) {
            self.set.remove(signal);
        }
        Some(info)
    }

    /// Forgets all pending instances of the given signals.
    pub fn discard(&mut self, signals: SignalSet) {
        self.infos.retain(|info| !signals.contains(info.signal));
        self.set = self.set.difference(signals);
    }
}
