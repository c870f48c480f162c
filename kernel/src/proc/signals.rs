//! Signals that were sent and not taken yet.

use crate::abi::signal::{Signal, SignalSet};
use crate::abi::types::SigInfo;
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
    /// `si_uid`.
    pub uid: u32,
    /// `si_status`.
    pub status: i32,
    /// `si_utime` and `si_stime`, in ticks of 10 ms.
    pub ticks: (u64, u64),
    /// `si_addr`, or `si_value` of what was queued.
    pub address: u64,
    /// The event that sent it.
    pub cause: EventId,
}

impl SignalInfo {
    /// A signal of which nothing more is known than its code.
    #[must_use]
    pub const fn new(signal: Signal, code: i32) -> Self {
        Self {
            signal,
            code,
            pid: 0,
            uid: 0,
            status: 0,
            ticks: (0, 0),
            address: 0,
            cause: EventId::NONE,
        }
    }

    /// Its `siginfo_t`: the sender and what it tells, or the address of a fault.
    #[must_use]
    pub fn told(&self) -> SigInfo {
        SigInfo {
            signal: i32::from(self.signal.number()),
            code: self.code,
            pid: self.pid,
            uid: self.uid,
            status: self.status,
            user_ticks: self.ticks.0,
            system_ticks: self.ticks.1,
            // One word serves for both; which of them it is follows from signal and code.
            value: self.address,
            address: self.address,
        }
    }
}

/// Pending signals of a thread or a process.
#[derive(Clone, Debug, Default, Hash)]
pub struct Pending {
    set: SignalSet,
    infos: Vec<SignalInfo>,
}

impl Pending {
    /// Whether a signal is pending.
    #[must_use]
    pub fn contains(&self, signal: Signal) -> bool {
        self.set().contains(signal)
    }

    /// Adds a signal. A standard signal that is pending already is not added again (signal(7)); real-time
    /// signals queue, at most `limit` of them (RLIMIT_SIGPENDING). `false` if the queue is full.
    pub fn add(&mut self, info: SignalInfo, limit: u64) -> bool {
        if !info.signal.is_realtime() && self.set.contains(info.signal) {
            return true;
        }
        // A full queue still takes what is only pending or not.
        if info.signal.is_realtime() && self.infos.len() as u64 >= limit {
            return false;
        }
        self.set.insert(info.signal);
        self.infos.push(info);
        true
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
