//! Small helpers for text: guest text made harmless, times made short.

use oscope_kernel::base::Duration;
pub use oscope_userland::script::nearest;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Text of a guest, fit to be shown: whatever could move a cursor, or has no width, becomes `?`.
#[must_use]
pub fn clean(text: &str) -> String {
    let harmless = |c: char| !c.is_control() && c.width().is_some_and(|width| width > 0);
    text.chars().map(|c| if harmless(c) { c } else { '?' }).collect()
}

/// A screen as lines of plain text, without blanks at their ends.
#[must_use]
pub fn of_buffer(buffer: &ratatui::buffer::Buffer) -> String {
    let area = buffer.area;
    let mut text = String::new();
    for y in area.top()..area.bottom() {
        let mut row = String::new();
        let mut x = area.left();
        while x < area.right() {
            let symbol = buffer[(x, y)].symbol();
            row.push_str(symbol);
            // The cell behind a wide glyph belongs to it.
            x += u16::try_from(width(symbol)).unwrap_or(1).max(1);
        }
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

/// How many cells a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text in exactly `cells` cells: cut with `~`, or filled with blanks.
#[must_use]
pub fn fit(text: &str, cells: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    let cut = width(text) > cells;
    let room = if cut { cells.saturating_sub(1) } else { cells };
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide > room {
            break;
        }
        out.push(c);
        used += wide;
    }
    if cut && cells > 0 {
        out.push('~');
        used += 1;
    }
    out.push_str(&" ".repeat(cells.saturating_sub(used)));
    out
}

/// The text in `cells` cells, at the right edge.
#[must_use]
pub fn fit_right(text: &str, cells: usize) -> String {
    let missing = cells.saturating_sub(width(text));
    fit(&format!("{}{text}", " ".repeat(missing)), cells)
}

/// Cuts a sentence into lines of at most `cells` cells, between words.
#[must_use]
pub fn wrap(text: &str, cells: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if !line.is_empty() && width(line) + 1 + width(word) > cells {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// A length in three places: `0`, `640 ns`, `1.50 us`, `12.3 ms`, `250 ms`, `2.00 s`.
#[must_use]
pub fn short(length: Duration) -> String {
    let n = length.0;
    let (unit, scale) = match n {
        0 => return "0".to_owned(),
        1..1_000 => return format!("{n} ns"),
        1_000..1_000_000 => ("us", 1_000),
        1_000_000..1_000_000_000 => ("ms", 1_000_000),
        _ => ("s", 1_000_000_000),
    };
    let (whole, rest) = (n / scale, n % scale);
    match whole {
        0..10 => format!("{whole}.{:02} {unit}", rest * 100 / scale),
        10..100 => format!("{whole}.{} {unit}", rest * 10 / scale),
        _ => format!("{whole} {unit}"),
    }
}

/// A round length without decimals that are zero: `10 ms`, `2.5 ms`.
#[must_use]
pub fn round(length: Duration) -> String {
    let text = short(length);
    match text.split_once(' ') {
        Some((number, unit)) if number.contains('.') => {
            let number = number.trim_end_matches('0').trim_end_matches('.');
            format!("{number} {unit}")
        }
        _ => text,
    }
}

/// A number of bytes in few cells, rounded down: `812`, `12K`, `3.4M` (units of 1024).
#[must_use]
pub fn round_bytes(bytes: u64) -> String {
    let units = ["", "K", "M", "G", "T", "P"];
    let mut unit = 0;
    let mut tenths = u128::from(bytes) * 10;
    while tenths >= 10_240 && unit + 1 < units.len() {
        tenths /= 1024;
        unit += 1;
    }
    let (whole, tenth) = (tenths / 10, tenths % 10);
    match (unit, whole) {
        (1.., 0..10) if tenth > 0 => format!("{whole}.{tenth}{}", units[unit]),
        _ => format!("{whole}{}", units[unit]),
    }
}

/// `1 task`, `2 tasks`, `2 switches`.
#[must_use]
pub fn count(n: usize, what: &str) -> String {
    match n {
        1 => format!("1 {what}"),
        _ if what.ends_with("ch") => format!("{n} {what}es"),
        _ => format!("{n} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::{clean, fit, fit_right, round, round_bytes, short, width, wrap};
    use oscope_kernel::base::Duration;

    #[test]
    fn bytes_in_few_cells() {
        let texts = [0, 812, 1023, 1024, 1536, 12_345, 3_565_158, u64::MAX].map(round_bytes);
        assert_eq!(texts, ["0", "812", "1023", "1K", "1.5K", "12K", "3.3M", "16383P"]);
    }

    #[test]
    fn guest_text_cannot_move_the_cursor() {
        assert_eq!(clean("a\u{1b}[2Jb\u{200d}\n"), "a?[2Jb??");
        assert_eq!(clean("한국"), "한국");
    }

    #[test]
    fn text_fits_its_cells_also_when_it_is_wide() {
        assert_eq!(fit("abc", 5), "abc  ");
        assert_eq!(fit("abcdef", 4), "abc~");
        assert_eq!(width(&fit("한국어", 4)), 4);
        assert_eq!(fit_right("7", 3), "  7");
        assert_eq!(wrap("a bb ccc", 4), ["a bb", "ccc"]);
    }

    #[test]
    fn lengths_are_short() {
        assert_eq!(short(Duration::nanos(640)), "640 ns");
        assert_eq!(short(Duration::micros(1_500)), "1.50 ms");
        assert_eq!(short(Duration::micros(12_345)), "12.3 ms");
        assert_eq!(short(Duration::seconds(120)), "120 s");
        assert_eq!(round(Duration::millis(10)), "10 ms");
        assert_eq!(round(Duration::micros(2_500)), "2.5 ms");
    }
}
