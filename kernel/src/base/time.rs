//! Virtual time: instants and lengths in nanoseconds.
//!
//! Nothing in the kernel knows the host's clock. A [`Time`] counts from the start of the world, a
//! [`Duration`] is the difference of two. Arithmetic saturates: a script may ask for a sleep of
//! 2⁶³ seconds, and "never" is then the honest answer.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, AddAssign, Mul, Sub};

/// An instant of virtual time, in nanoseconds since the start of the world.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Time(pub u64);

/// A length of virtual time, in nanoseconds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Duration(pub u64);

impl Time {
    /// The start of the world.
    pub const ZERO: Self = Self(0);
    /// Later than everything: "never".
    pub const MAX: Self = Self(u64::MAX);

    /// How long ago `earlier` was; zero if it lies ahead.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// Longer than any run.
    pub const MAX: Self = Self(u64::MAX);

    /// `n` nanoseconds.
    #[must_use]
    pub const fn nanos(n: u64) -> Self {
        Self(n)
    }
    /// `n` microseconds, saturating.
    #[must_use]
    pub const fn micros(n: u64) -> Self {
        Self(n.saturating_mul(1_000))
    }
    /// `n` milliseconds, saturating.
    #[must_use]
    pub const fn millis(n: u64) -> Self {
        Self(n.saturating_mul(1_000_000))
    }
    /// `n` seconds, saturating.
    #[must_use]
    pub const fn seconds(n: u64) -> Self {
        Self(n.saturating_mul(1_000_000_000))
    }
    /// The shorter of the two.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Self(self.0.min(other.0))
    }
    /// This length less `other`, not below zero.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add<Duration> for Time {
    type Output = Self;
    fn add(self, length: Duration) -> Self {
        Self(self.0.saturating_add(length.0))
    }
}

impl AddAssign<Duration> for Time {
    fn add_assign(&mut self, length: Duration) {
        *self = *self + length;
    }
}

impl Add for Duration {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Duration {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Duration {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.saturating_sub(other)
    }
}

impl Mul<u64> for Duration {
    type Output = Self;
    fn mul(self, times: u64) -> Self {
        Self(self.0.saturating_mul(times))
    }
}

/// Three significant places in the unit that fits: `0 ns`, `120 ns`, `1.500 us`, `12.300 ms`, `2.000 s`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.0;
        let text = match n {
            0..1_000 => format!("{n} ns"),
            1_000..1_000_000 => format!("{}.{:03} us", n / 1_000, n % 1_000),
            1_000_000..1_000_000_000 => {
                format!("{}.{:03} ms", n / 1_000_000, n / 1_000 % 1_000)
            }
            _ => format!("{}.{:03} s", n / 1_000_000_000, n / 1_000_000 % 1_000),
        };
        f.pad(&text)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Duration(self.0), f)
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Time};

    #[test]
    fn arithmetic_saturates_instead_of_wrapping() {
        assert_eq!(Time::MAX + Duration::seconds(1), Time::MAX);
        assert_eq!(Time(5).since(Time(9)), Duration::ZERO);
        assert_eq!(Duration::seconds(u64::MAX), Duration::MAX);
    }

    #[test]
    fn lengths_print_in_the_unit_that_fits() {
        assert_eq!(Duration(999).to_string(), "999 ns");
        assert_eq!(Duration::micros(1500).to_string(), "1.500 ms");
        assert_eq!(Duration::millis(2_040).to_string(), "2.040 s");
    }
}
