//! Amounts of bytes as people read them.

/// `512`, `1.5K`, `23M`: rounded up, as `ls -h` and `df -h` do.
#[must_use]
pub(crate) fn human(bytes: u64) -> String {
    if bytes < 1024 {
        return bytes.to_string();
    }
    let mut unit = 1u64;
    for letter in ["K", "M", "G", "T", "P"] {
        unit *= 1024;
        if bytes.div_ceil(unit) < 1024 || letter == "P" {
            let tenths = (u128::from(bytes) * 10).div_ceil(u128::from(unit));
            return if tenths < 100 {
                format!("{}.{}{letter}", tenths / 10, tenths % 10)
            } else {
                format!("{}{letter}", bytes.div_ceil(unit))
            };
        }
    }
    bytes.to_string()
}

/// `10`, `4k`, `2M`, `1G`: a number with a unit, as `dd` and `head -c` take it.
#[must_use]
pub(crate) fn parse(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let factor = match &text[digits..] {
        "" | "c" => 1,
        "w" => 2,
        "b" => 512,
        "k" | "K" | "KiB" => 1 << 10,
        "kB" => 1000,
        "M" | "MiB" => 1 << 20,
        "MB" => 1_000_000,
        "G" | "GiB" => 1 << 30,
        _ => return None,
    };
    text[..digits].parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::{human, parse};

    #[test]
    fn amounts_are_rounded_up() {
        let texts = [0, 1023, 1024, 1025, 10 * 1024, 1 << 20, (1 << 20) - 1].map(human);
        assert_eq!(texts, ["0", "1023", "1.0K", "1.1K", "10K", "1.0M", "1.0M"]);
    }

    #[test]
    fn units_multiply() {
        assert_eq!(parse("4k"), Some(4096));
        assert_eq!(parse("7"), Some(7));
        assert_eq!(parse("x"), None);
        assert_eq!(parse("99999999999999999999"), None);
    }
}
