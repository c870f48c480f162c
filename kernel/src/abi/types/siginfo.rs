//! What is told with a signal: `siginfo_t` (asm-generic/siginfo.h), 128 bytes of which the first few are
//! used, and `stack_t`.

use super::{Reader, Writer};
use crate::abi::signal::{Signal, code};

/// What is told with a signal. Which of the fields mean something follows from signal and code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SigInfo {
    /// `si_signo`; 0 if waitid(2) found nothing.
    pub signal: i32,
    /// `si_code`.
    pub code: i32,
    /// `si_pid`.
    pub pid: u32,
    /// `si_uid`.
    pub uid: u32,
    /// `si_status` of SIGCHLD.
    pub status: i32,
    /// `si_utime` of SIGCHLD: ticks of 10 ms that the child's programs used.
    pub user_ticks: u64,
    /// `si_stime` of SIGCHLD: ticks of 10 ms that the kernel used for the child.
    pub system_ticks: u64,
    /// `si_value` of what was queued.
    pub value: u64,
    /// `si_addr` of a fault.
    pub address: u64,
}

impl SigInfo {
    /// Size in memory, in bytes.
    pub const SIZE: usize = 128;

    /// What SIGCHLD and waitid(2) tell of a child.
    #[must_use]
    pub fn of_child(code: i32, pid: u32, uid: u32, status: i32) -> Self {
        let signal = i32::from(Signal::CHLD.number());
        Self { signal, code, pid, uid, status, ..Self::default() }
    }

    /// Whether the signal was caused by an address, and the structure says which.
    fn has_address(&self) -> bool {
        let faults = [Signal::ILL, Signal::FPE, Signal::SEGV, Signal::BUS, Signal::TRAP];
        let fault = faults.iter().any(|signal| i32::from(signal.number()) == self.signal);
        fault && self.code > 0 && self.code < code::SI_KERNEL
    }

    fn is_of_child(&self) -> bool {
        self.signal == i32::from(Signal::CHLD.number()) && self.code > 0
    }

    /// Reads the structure as it lies in memory.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::SIZE]) -> Self {
        let mut reader = Reader::new(bytes);
        let (signal, _errno, code, _pad) = (reader.i32(), reader.i32(), reader.i32(), reader.i32());
        let info = Self { signal, code, ..Self::default() };
        if info.has_address() {
            return Self { address: reader.u64(), ..info };
        }
        let (pid, uid) = (reader.u32(), reader.u32());
        let info = Self { pid, uid, ..info };
        if info.is_of_child() {
            let (status, _pad) = (reader.i32(), reader.i32());
            return Self { status, user_ticks: reader.u64(), system_ticks: reader.u64(), ..info };
        }
        Self { value: reader.u64(), ..info }
    }

    /// The structure as it lies in memory.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        // si_errno, and what aligns the union behind si_code, are zero.
        let head = Writer::new().i32(self.signal).i32(0).i32(self.code).i32(0);
        if self.has_address() {
            return head.u64(self.address).finish();
        }
        let who = head.u32(self.pid).u32(self.uid);
        if self.is_of_child() {
            return who
                .i32(self.status)
                .i32(0)
                .u64(self.user_ticks)
                .u64(self.system_ticks)
                .finish();
        }
        who.u64(self.value).finish()
    }

    /// The same as a signalfd(2) tells it: `struct signalfd_siginfo` (linux/signalfd.h), which happens to be as long.
    #[must_use]
    pub fn to_signalfd(self) -> [u8; Self::SIZE] {
        // ssi_errno and ssi_fd, ssi_tid, ssi_band, ssi_overrun and ssi_trapno are zero.
        let head = Writer::new().i32(self.signal).i32(0).i32(self.code);
        if self.has_address() {
            return head.bytes(&[0; 60]).u64(self.address).finish();
        }
        let who = head.u32(self.pid).u32(self.uid).bytes(&[0; 20]);
        if self.is_of_child() {
            let status = who.i32(self.status).i32(0).u64(0);
            return status.u64(self.user_ticks).u64(self.system_ticks).finish();
        }
        // ssi_status; then the value as a number and as a pointer.
        who.i32(0).u32(self.value as u32).u64(self.value).finish()
    }
}

/// A stack for signal handlers: `stack_t` of sigaltstack(2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct StackT {
    /// `ss_sp`: where it begins.
    pub base: u64,
    /// `ss_flags`.
    pub flags: u32,
    /// `ss_size`: bytes.
    pub size: u64,
}

impl StackT {
    /// Size in memory, in bytes.
    pub const SIZE: usize = 24;
    /// The smallest stack (`MINSIGSTKSZ` of asm-generic); less is ENOMEM.
    pub const MIN: u64 = 2048;
    /// Flag: in use now.
    pub const ONSTACK: u32 = 1;
    /// Flag: there is none.
    pub const DISABLE: u32 = 2;
    /// Flag: forgotten when a handler is entered.
    pub const AUTODISARM: u32 = 1 << 31;

    /// Reads the structure as it lies in memory.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::SIZE]) -> Self {
        let mut reader = Reader::new(bytes);
        let (base, flags, _pad) = (reader.u64(), reader.u32(), reader.u32());
        Self { base, flags, size: reader.u64() }
    }

    /// The structure as it lies in memory.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        Writer::new().u64(self.base).u32(self.flags).u32(0).u64(self.size).finish()
    }
}
