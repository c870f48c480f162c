//! A textbook's time: whole numbers mostly, now and then a decimal fraction.

use oscope_kernel::base::Duration;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A length of time in a textbook's units, exact to nine decimals. A unit is a second of the emulated machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Units(pub u64);

const ONE: u64 = 1_000_000_000;

/// The largest number of units that can be read: what a machine's clock can count, with room to add.
const LARGEST: u64 = 1_000_000_000;

impl Units {
    /// So many whole units.
    #[must_use]
    pub const fn whole(n: u64) -> Self {
        Self(n.saturating_mul(ONE))
    }

    /// As a time of the machine.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration(self.0)
    }

    /// As a number for reports.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / ONE as f64
    }
}

impl FromStr for Units {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let shown: String = text.chars().take(40).collect();
        let bad =
            || format!("`{shown}` is not a number from 0 to {LARGEST} with at most nine decimals");
        let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 9 {
            return Err(bad());
        }
        let whole: u64 = whole.parse().ok().filter(|&n| n <= LARGEST).ok_or_else(bad)?;
        let fraction: u64 = format!("{fraction:0<9}").parse().map_err(|_| bad())?;
        Ok(Self(whole * ONE + fraction))
    }
}

impl fmt::Display for Units {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 / ONE, self.0 % ONE);
        if fraction == 0 {
            return f.pad(&whole.to_string());
        }
        let text = format!("{whole}.{fraction:09}");
        f.pad(text.trim_end_matches('0'))
    }
}

impl<'de> Deserialize<'de> for Units {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = Units;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a number from 0 to {LARGEST}")
            }
            fn visit_u64<E: Error>(self, n: u64) -> Result<Units, E> {
                n.to_string().parse().map_err(E::custom)
            }
            fn visit_i64<E: Error>(self, n: i64) -> Result<Units, E> {
                n.to_string().parse().map_err(E::custom)
            }
            fn visit_f64<E: Error>(self, n: f64) -> Result<Units, E> {
                n.to_string().parse().map_err(E::custom)
            }
        }
        from.deserialize_any(Number)
    }
}

impl Serialize for Units {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(ONE) {
            to.serialize_u64(self.0 / ONE)
        } else {
            to.serialize_f64(self.as_f64())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Units;

    #[test]
    fn what_is_read_is_printed_again() {
        for text in ["0", "7", "0.4", "12.000000001", "1000000000"] {
            assert_eq!(text.parse::<Units>().expect("a number").to_string(), text);
        }
        assert_eq!("1.50".parse::<Units>().expect("a number").to_string(), "1.5");
        for text in
            ["", "-1", "x", "1e3", "1.2.3", "1.0000000001", "1000000001", "99999999999999999999"]
        {
            assert!(text.parse::<Units>().is_err(), "{text}");
        }
    }
}
