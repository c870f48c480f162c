//! Times: `struct timespec`, `struct timeval` and the pairs of them that timers use
//! (linux/time_types.h; on a 64-bit machine all numbers are 64 bits wide).

use super::{Reader, Writer};
use crate::base::{Duration, Time};
use std::fmt;

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// Seconds and nanoseconds: `struct timespec`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timespec {
    /// Seconds.
    pub seconds: i64,
    /// Nanoseconds, 0 to 999,999,999; or, for utimensat(2), [`Self::NOW`] or [`Self::OMIT`].
    pub nanoseconds: i64,
}

impl Timespec {
    /// Size in memory, in bytes.
    pub const SIZE: usize = 16;
    /// `UTIME_NOW`: set the time stamp to the current time.
    pub const NOW: i64 = (1 << 30) - 1;
    /// `UTIME_OMIT`: leave the time stamp alone.
    pub const OMIT: i64 = (1 << 30) - 2;

    /// Reads the structure as it lies in memory.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::SIZE]) -> Self {
        let mut reader = Reader::new(bytes);
        Self { seconds: reader.i64(), nanoseconds: reader.i64() }
    }

    /// The structure as it lies in memory.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        Writer::new().i64(self.seconds).i64(self.nanoseconds).finish()
    }

    /// Would Linux take it for a sleep or a timeout (`timespec64_valid`)? If not, the call fails
    /// with EINVAL.
    #[must_use]
    pub const fn is_valid(self) -> bool {
        self.seconds >= 0 && 0 <= self.nanoseconds && self.nanoseconds < NANOS_PER_SECOND as i64
    }

    /// The length, saturating at [`Duration::MAX`]; `None` if it is not valid.
    #[must_use]
    pub fn to_duration(self) -> Option<Duration> {
        if !self.is_valid() {
            return None;
        }
        let seconds = u64::try_from(self.seconds).ok()?;
        let nanoseconds = u64::try_from(self.nanoseconds).ok()?;
        Some(Duration::seconds(seconds) + Duration::nanos(nanoseconds))
    }

    /// The instant, counted from the start of the world and saturating at [`Time::MAX`]; `None` if
    /// it is not valid.
    #[must_use]
    pub fn to_time(self) -> Option<Time> {
        self.to_duration().map(|length| Time::ZERO + length)
    }
}

impl From<Duration> for Timespec {
    fn from(length: Duration) -> Self {
        // Both quotients of a u64 by 10⁹ fit into an i64.
        Self {
            seconds: (length.0 / NANOS_PER_SECOND).cast_signed(),
            nanoseconds: (length.0 % NANOS_PER_SECOND).cast_signed(),
        }
    }
}

impl From<Time> for Timespec {
    fn from(instant: Time) -> Self {
        Self::from(instant.since(Time::ZERO))
    }
}

/// As strace prints it: `{tv_sec=1, tv_nsec=500000000}`.
impl fmt::Display for Timespec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{tv_sec={}, tv_nsec={}}}", self.seconds, self.nanoseconds)
    }
}

/// Seconds and microseconds: `struct timeval`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timeval {
    /// Seconds.
    pub seconds: i64,
    /// Microseconds, 0 to 999,999.
    pub microseconds: i64,
}

impl Timeval {
    /// Size in memory, in bytes.
    pub const SIZE: usize = 16;

    /// Reads the structure as it lies in memory.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::SIZE]) -> Self {
        let mut reader = Reader::new(bytes);
        Self { seconds: reader.i64(), microseconds: reader.i64() }
    }

    /// The structure as it lies in memory.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        Writer::new().i64(self.seconds).i64(self.microseconds).finish()
    }

    /// Would Linux take it? If not, the call fails with EINVAL.
    #[must_use]
    pub const fn is_valid(self) -> bool {
        self.seconds >= 0 && 0 <= self.microseconds && self.microseconds < 1_000_000
    }

    /// The length, saturating; `None` if it is not valid.
    #[must_use]
    pub fn to_duration(self) -> Option<Duration> {
        if !self.is_valid() {
            return None;
        }
        let seconds = u64::try_from(self.seconds).ok()?;
        let microseconds = u64::try_from(self.microseconds).ok()?;
        Some(Duration::seconds(seconds) + Duration::micros(microseconds))
    }
}

/// Cuts off what is less than a microsecond.
impl From<Duration> for Timeval {
    fn from(length: Duration) -> Self {
        let Timespec { seconds, nanoseconds } = length.into();
        Self { seconds, microseconds: nanoseconds / 1_000 }
    }
}

/// As strace prints it: `{tv_sec=1, tv_usec=500000}`.
impl fmt::Display for Timeval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{tv_sec={}, tv_usec={}}}", self.seconds, self.microseconds)
    }
}

/// A timer of timer_settime(2) and timerfd_settime(2): `struct itimerspec`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Itimerspec {
    /// Time between expirations; zero: only once.
    pub interval: Timespec,
    /// Time to the first expiration; zero: disarmed.
    pub value: Timespec,
}

impl Itimerspec {
    /// Size in memory, in bytes.
    pub const SIZE: usize = 32;

    /// Reads the structure as it lies in memory.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::SIZE]) -> Self {
        let mut reader = Reader::new(bytes);
        Self {
            interval: Timespec::from_bytes(&reader.bytes()),
            value: Timespec::from_bytes(&reader.bytes()),
        }
    }

    /// The structure as it lies in memory.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        Writer::new().bytes(&self.interval.to_bytes()).bytes(&self.value.to_bytes()).finish()
    }
}

/// As strace prints it.
impl fmt::Display for Itimerspec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{it_interval={}, it_value={}}}", self.interval, self.value)
    }
}

/// A timer of setitimer(2): `struct itimerval`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Itimerval {
    /// Time between expirations; zero: only once.
    pub interval: Timeval,
    /// Time to the first expiration; zero: disarmed.
    pub value: Timeval,
}

impl Itimerval {
    /// Size in memory, in bytes.
    pub const SIZE: usize = 32;

    /// Reads the structure as it lies in memory.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::SIZE]) -> Self {
        let mut reader = Reader::new(bytes);
        Self {
            interval: Timeval::from_bytes(&reader.bytes()),
            value: Timeval::from_bytes(&reader.bytes()),
        }
    }

    /// The structure as it lies in memory.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        Writer::new().bytes(&self.interval.to_bytes()).bytes(&self.value.to_bytes()).finish()
    }
}

/// As strace prints it.
impl fmt::Display for Itimerval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{it_interval={}, it_value={}}}", self.interval, self.value)
    }
}
