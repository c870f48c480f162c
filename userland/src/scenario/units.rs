//! Numbers with units, as people write them in world files.

use super::WorldError;
use oscope_kernel::base::Duration;

/// Splits `12.5ms` into digits before and after the point, and the unit.
fn parts(text: &str) -> Option<(u64, u64, u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || fraction.len() > 9 {
        return None;
    }
    let scale = 10u64.pow(fraction.len() as u32);
    let fraction = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    Some((whole.parse().ok()?, fraction, scale, unit.trim()))
}

fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (whole, fraction, scale, unit) = parts(text.trim())?;
    let (_, factor) = units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
    let fraction = u128::from(fraction) * u128::from(*factor) / u128::from(scale);
    whole.checked_mul(*factor)?.checked_add(u64::try_from(fraction).ok()?)
}

/// `250ns`, `10us`, `2.5ms`, `1s`, `1min`.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    let units = [
        ("ns", 1),
        ("us", 1_000),
        ("µs", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("min", 60_000_000_000),
    ];
    scaled(text, &units).map(Duration)
}

/// `4096`, `64KiB`, `16MiB`, `2GiB`: bytes.
#[must_use]
pub fn bytes(text: &str) -> Option<u64> {
    scaled(text, &[("", 1), ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)])
}

/// `100Mbit`, `1Gbit`: bits per second.
#[must_use]
pub fn bandwidth(text: &str) -> Option<u64> {
    let units = [("bit", 1), ("kbit", 1_000), ("Mbit", 1_000_000), ("Gbit", 1_000_000_000)];
    scaled(text, &units)
}

/// `1%`, `0.5%`, `0.001`: a share, in millionths; 1 at most.
#[must_use]
pub fn millionths(text: &str) -> Option<u32> {
    let share = match text.trim().strip_suffix('%') {
        Some(percent) => scaled(percent, &[("", 10_000)])?,
        None => scaled(text, &[("", 1_000_000)])?,
    };
    u32::try_from(share).ok().filter(|share| *share <= 1_000_000)
}

/// Reads a value with a unit, or takes the default.
pub(super) fn value<T>(
    path: &str,
    text: Option<&String>,
    default: T,
    read: impl Fn(&str) -> Option<T>,
    expected: &str,
) -> Result<T, WorldError> {
    match text {
        None => Ok(default),
        Some(text) => read(text).ok_or_else(|| wrong(path, text, expected)),
    }
}

/// A value that cannot be.
pub(super) fn wrong(path: &str, found: &str, expected: &str) -> WorldError {
    WorldError::Value {
        path: path.to_owned(),
        found: found.chars().take(60).collect(),
        expected: expected.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{bandwidth, bytes, duration, millionths};
    use oscope_kernel::base::Duration;

    #[test]
    fn people_write_numbers_with_units() {
        assert_eq!(duration("2.5ms"), Some(Duration::micros(2_500)));
        assert_eq!(duration("1 s"), Some(Duration::seconds(1)));
        assert_eq!(bytes("16MiB"), Some(16 << 20));
        assert_eq!(bandwidth("1Gbit"), Some(1_000_000_000));
        assert_eq!(millionths("1.5%"), Some(15_000));
        assert_eq!(millionths("0.001"), Some(1_000));
        assert_eq!(millionths("101%"), None);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "ms", "-1ms", "1", "1.2.3ms", "99999999999999999999s", "1e3ms", "1parsec"]
        {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
