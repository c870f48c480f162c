//! The operation word of futex(2): a command and two flags, printed in strace's own way.

use super::{hex, number};
use std::fmt;

/// Operation word of futex(2), as it stands in the register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FutexOp(pub u32);

/// Name of each command and the arguments that belong to it after the operation (2 val, 3 timeout
/// or val2, 4 uaddr2, 5 val3). The place in the table is the number (linux/futex.h).
const COMMANDS: [(&str, &[u8]); 14] = [
    ("FUTEX_WAIT", &[2, 3]),
    ("FUTEX_WAKE", &[2]),
    ("FUTEX_FD", &[2]),
    ("FUTEX_REQUEUE", &[2, 3, 4]),
    ("FUTEX_CMP_REQUEUE", &[2, 3, 4, 5]),
    ("FUTEX_WAKE_OP", &[2, 3, 4, 5]),
    ("FUTEX_LOCK_PI", &[3]),
    ("FUTEX_UNLOCK_PI", &[]),
    ("FUTEX_TRYLOCK_PI", &[]),
    ("FUTEX_WAIT_BITSET", &[2, 3, 5]),
    ("FUTEX_WAKE_BITSET", &[2, 5]),
    ("FUTEX_WAIT_REQUEUE_PI", &[2, 3, 4]),
    ("FUTEX_CMP_REQUEUE_PI", &[2, 3, 4, 5]),
    ("FUTEX_LOCK_PI2", &[3]),
];

impl FutexOp {
    /// Sleep while the word holds the value.
    pub const WAIT: u32 = 0;
    /// Wake so many sleepers.
    pub const WAKE: u32 = 1;
    /// Wake some, move the rest to another word.
    pub const REQUEUE: u32 = 3;
    /// The same, if the word still holds a value.
    pub const CMP_REQUEUE: u32 = 4;
    /// Wake on two words, changing the second.
    pub const WAKE_OP: u32 = 5;
    /// Lock, and lend one's urgency to the owner; the timeout is an instant of CLOCK_REALTIME.
    pub const LOCK_PI: u32 = 6;
    /// Unlock, and hand over to the most urgent waiter.
    pub const UNLOCK_PI: u32 = 7;
    /// Lock if that is possible at once.
    pub const TRYLOCK_PI: u32 = 8;
    /// As LOCK_PI; the timeout is an instant of CLOCK_MONOTONIC.
    pub const LOCK_PI2: u32 = 13;
    /// Sleep, to be woken by a bit; the timeout is an instant.
    pub const WAIT_BITSET: u32 = 9;
    /// Wake those who wait for one of some bits.
    pub const WAKE_BITSET: u32 = 10;
    /// Flag: only threads of this process use the word.
    pub const PRIVATE: u32 = 128;
    /// Flag: the timeout is measured by CLOCK_REALTIME.
    pub const CLOCK_REALTIME: u32 = 256;

    /// The command without the two flags.
    #[must_use]
    pub const fn command(self) -> u32 {
        self.0 & !(Self::PRIVATE | Self::CLOCK_REALTIME)
    }

    /// Is the word private to the process?
    #[must_use]
    pub const fn is_private(self) -> bool {
        self.0 & Self::PRIVATE != 0
    }

    /// Which arguments after the first two belong to the command; all for one that Linux does not
    /// know.
    #[must_use]
    pub fn arguments(self) -> &'static [u8] {
        self.entry().map_or(&[2, 3, 4, 5], |(_, arguments)| arguments)
    }

    /// Is argument 3 a timeout? Otherwise it is a number, or nothing.
    #[must_use]
    pub const fn has_timeout(self) -> bool {
        matches!(self.command(), 0 | 6 | 9 | 11 | 13)
    }

    /// Reads what `Display` writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.split_once("/*").map_or(text, |(before, _)| before).trim();
        if let Some(word) = number(text) {
            return u32::try_from(word).ok().map(Self);
        }
        let (text, realtime) = match text.strip_suffix("|FUTEX_CLOCK_REALTIME") {
            Some(rest) => (rest, Self::CLOCK_REALTIME),
            None => (text, 0),
        };
        let (text, private) = match text.strip_suffix("_PRIVATE") {
            Some(rest) => (rest, Self::PRIVATE),
            None => (text, 0),
        };
        let command =
            (0..).zip(COMMANDS).find(|(_, (name, _))| *name == text).map(|(command, _)| command)?;
        Some(Self(command | private | realtime))
    }

    /// The command's name; `None` for one that Linux does not know.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        self.entry().map(|(name, _)| name)
    }

    fn entry(self) -> Option<(&'static str, &'static [u8])> {
        COMMANDS.get(usize::try_from(self.command()).ok()?).copied()
    }
}

/// As strace prints it: `FUTEX_WAIT_PRIVATE`, `FUTEX_WAIT_BITSET|FUTEX_CLOCK_REALTIME`.
impl fmt::Display for FutexOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((name, _)) = self.entry() else {
            return write!(f, "{} /* FUTEX_??? */", hex(u64::from(self.0)));
        };
        f.write_str(name)?;
        if self.is_private() {
            f.write_str("_PRIVATE")?;
        }
        if self.0 & Self::CLOCK_REALTIME != 0 {
            f.write_str("|FUTEX_CLOCK_REALTIME")?;
        }
        Ok(())
    }
}
