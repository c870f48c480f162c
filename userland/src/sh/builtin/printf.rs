//! `echo` and `printf` (XCU, printf): formats, conversions, escapes.

use super::super::{Flow, Shell};

/// What `printf` makes of its arguments.
#[derive(Debug, Default)]
pub(crate) struct Formatted {
    /// What is to be written.
    pub(crate) bytes: Vec<u8>,
    /// What was wrong with arguments.
    pub(crate) complaints: Vec<String>,
}

/// The widest field.
const WIDEST: usize = 65536;
/// The most that one `printf` writes.
const LONGEST: usize = 1 << 20;

/// What dash's `echo` writes: `-n` leaves the line feed out, and escapes are always known.
pub(crate) fn echo(arguments: &[String]) -> Vec<u8> {
    let (ends_line, words) = match arguments.split_first() {
        Some((first, rest)) if first == "-n" => (false, rest),
        _ => (true, arguments),
    };
    let mut bytes = Vec::new();
    for (n, word) in words.iter().enumerate() {
        if n > 0 {
            bytes.push(b' ');
        }
        if unescape(word, true, &mut bytes) {
            return bytes;
        }
    }
    if ends_line {
        bytes.push(b'\n');
    }
    bytes
}

/// Adds a text whose escapes stand for other characters. `true` if there is a `\c`, behind which nothing is written.
/// Octal numbers begin with a 0 in `echo` and `%b`, and need none in a format.
pub(crate) fn unescape(text: &str, is_zero_needed: bool, into: &mut Vec<u8>) -> bool {
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        let Some(&kind) = behind.first().filter(|_| byte == b'\\') else {
            into.push(byte);
            continue;
        };
        let plain = match kind {
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'\\' => b'\\',
            b'e' => 27,
            b'c' if is_zero_needed => return true,
            b'0'..=b'7' if kind == b'0' || !is_zero_needed => {
                let most = if is_zero_needed { 4 } else { 3 };
                let digits = behind.iter().take(most).take_while(|c| (b'0'..=b'7').contains(c));
                let length = digits.count();
                let value =
                    behind[..length].iter().fold(0u32, |value, c| value * 8 + u32::from(c - b'0'));
                into.push(value as u8);
                rest = &behind[length..];
                continue;
            }
            _ => {
                into.push(b'\\');
                continue;
            }
        };
        into.push(plain);
        rest = &behind[1..];
    }
    false
}

/// A conversion such as `%-5.2d`.
struct Conversion {
    flags: String,
    width: Option<i64>,
    precision: Option<usize>,
    kind: char,
}

/// Fills a format with arguments, as often as it takes to use them up.
pub(crate) fn format(format: &str, arguments: &[String]) -> Formatted {
    let mut done = Formatted::default();
    let mut left = arguments.iter();
    loop {
        let before = left.len();
        if once(format, &mut left, &mut done) || left.len() == 0 || left.len() == before {
            return done;
        }
        if done.bytes.len() > LONGEST {
            done.complaints.push("output is too long".to_owned());
            return done;
        }
    }
}

/// Goes through the format once; `true` if nothing is to follow.
fn once(format: &str, left: &mut std::slice::Iter<'_, String>, done: &mut Formatted) -> bool {
    let mut rest = format;
    while !rest.is_empty() {
        let length = rest.find('%').unwrap_or(rest.len());
        unescape(&rest[..length], false, &mut done.bytes);
        rest = &rest[length..];
        if rest.is_empty() {
            break;
        }
        if let Some(behind) = rest.strip_prefix("%%") {
            done.bytes.push(b'%');
            rest = behind;
            continue;
        }
        let Some((conversion, behind)) = conversion(&rest[1..], left, done) else {
            done.complaints.push(format!("{rest}: invalid directive"));
            return true;
        };
        rest = behind;
        if one(&conversion, left.next().map(String::as_str), done) {
            return true;
        }
    }
    false
}

/// Reads a conversion behind its `%`.
fn conversion<'a>(
    text: &'a str,
    left: &mut std::slice::Iter<'_, String>,
    done: &mut Formatted,
) -> Option<(Conversion, &'a str)> {
    let length = text.bytes().take_while(|c| b"-+ #0".contains(c)).count();
    let (flags, mut rest) = text.split_at(length);
    let mut flags = flags.to_owned();
    let number =
        |rest: &mut &str, left: &mut std::slice::Iter<'_, String>, done: &mut Formatted| {
            if let Some(behind) = rest.strip_prefix('*') {
                *rest = behind;
                return Some(integer(left.next().map(String::as_str), done) as i64);
            }
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (digits, behind) = rest.split_at(digits);
            *rest = behind;
            (!digits.is_empty()).then(|| digits.parse().unwrap_or(i64::MAX))
        };
    let mut width = number(&mut rest, left, done);
    if let Some(negative) = width.filter(|width| *width < 0) {
        flags.push('-');
        width = Some(negative.saturating_neg());
    }
    let mut precision = None;
    if let Some(behind) = rest.strip_prefix('.') {
        rest = behind;
        let number = number(&mut rest, left, done).unwrap_or(0);
        precision = usize::try_from(number).ok().map(|number| number.min(WIDEST));
    }
    let kind = rest.chars().next().filter(|kind| "diouxXcsbfFeEgG".contains(*kind))?;
    Some((Conversion { flags, width, precision, kind }, &rest[kind.len_utf8()..]))
}

/// Converts one argument; `true` if nothing is to follow.
fn one(conversion: &Conversion, argument: Option<&str>, done: &mut Formatted) -> bool {
    let text = argument.unwrap_or_default();
    let (mut is_end, mut is_number) = (false, false);
    let body: Vec<u8> = match conversion.kind {
        's' => cut(text, conversion.precision).into(),
        'b' => {
            let mut bytes = Vec::new();
            is_end = unescape(text, true, &mut bytes);
            bytes.truncate(conversion.precision.unwrap_or(usize::MAX));
            bytes
        }
        'c' => text.chars().next().map(String::from).unwrap_or_default().into(),
        'f' | 'F' | 'e' | 'E' | 'g' | 'G' => {
            is_number = true;
            decimal(conversion, text, done).into()
        }
        _ => {
            is_number = true;
            let value = integer(argument, done);
            digits(conversion, value).into()
        }
    };
    let width = conversion.width.map_or(0, |width| usize::try_from(width).unwrap_or(0).min(WIDEST));
    let missing = width.saturating_sub(String::from_utf8_lossy(&body).chars().count());
    let pads_zero = conversion.flags.contains('0') && is_number;
    if conversion.flags.contains('-') {
        done.bytes.extend(body);
        done.bytes.extend(std::iter::repeat_n(b' ', missing));
    } else if pads_zero && (conversion.precision.is_none() || "fFeEgG".contains(conversion.kind)) {
        let sign = usize::from(body.first().is_some_and(|byte| b"+- ".contains(byte)));
        done.bytes.extend(&body[..sign]);
        done.bytes.extend(std::iter::repeat_n(b'0', missing));
        done.bytes.extend(&body[sign..]);
    } else {
        done.bytes.extend(std::iter::repeat_n(b' ', missing));
        done.bytes.extend(body);
    }
    is_end
}

fn cut(text: &str, precision: Option<usize>) -> String {
    text.chars().take(precision.unwrap_or(usize::MAX)).collect()
}

/// An argument as a number: C's forms, and `'x` for the number of a character.
fn integer(argument: Option<&str>, done: &mut Formatted) -> i128 {
    let Some(text) = argument else { return 0 };
    if let Some(quoted) = text.strip_prefix(['\'', '"']) {
        return quoted.chars().next().map_or(0, |c| i128::from(u32::from(c)));
    }
    let trimmed = text.trim_start();
    let (sign, rest) = match trimmed.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let (base, rest) = match rest.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &rest[2..]),
        [b'0', _, ..] => (8, &rest[1..]),
        _ => (10, rest),
    };
    let length = rest.chars().take_while(|c| c.is_digit(base)).count();
    let value = i128::from_str_radix(&rest[..length], base).unwrap_or(0);
    if length == 0 {
        done.complaints.push(format!("{text}: expected numeric value"));
    } else if length < rest.len() {
        done.complaints.push(format!("{text}: not completely converted"));
    }
    // What is too large is the largest, as strtoimax(3) has it.
    (sign * value).clamp(i128::from(i64::MIN), i128::from(u64::MAX))
}

fn digits(conversion: &Conversion, value: i128) -> String {
    let has = |flag| conversion.flags.contains(flag);
    let is_signed = matches!(conversion.kind, 'd' | 'i');
    let value = if is_signed { value.min(i128::from(i64::MAX)) } else { value };
    let unsigned = value as u64;
    let (sign, mut text) = match conversion.kind {
        'o' => ("", format!("{unsigned:o}")),
        'x' => (if has('#') && value != 0 { "0x" } else { "" }, format!("{unsigned:x}")),
        'X' => (if has('#') && value != 0 { "0X" } else { "" }, format!("{unsigned:X}")),
        'u' => ("", unsigned.to_string()),
        _ if value < 0 => ("-", value.unsigned_abs().to_string()),
        _ if has('+') => ("+", value.to_string()),
        _ if has(' ') => (" ", value.to_string()),
        _ => ("", value.to_string()),
    };
    if conversion.kind == 'o' && has('#') && !text.starts_with('0') {
        text.insert(0, '0');
    }
    if let Some(precision) = conversion.precision {
        text = format!("{text:0>precision$}");
    }
    format!("{sign}{text}")
}

/// A number with a point. `%e` and `%g` write their shortest exact form.
fn decimal(conversion: &Conversion, text: &str, done: &mut Formatted) -> String {
    let value: f64 = match text.trim().parse() {
        Ok(value) => value,
        Err(_) if text.is_empty() => 0.0,
        Err(_) => {
            done.complaints.push(format!("{text}: expected numeric value"));
            0.0
        }
    };
    let sign = if conversion.flags.contains('+') && value >= 0.0 { "+" } else { "" };
    let precision = conversion.precision.unwrap_or(6);
    match conversion.kind {
        'f' | 'F' => format!("{sign}{value:.precision$}"),
        'e' | 'E' => {
            let text = format!("{value:.precision$e}");
            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let exponent: i32 = exponent.parse().unwrap_or(0);
            let mark = if exponent < 0 { '-' } else { '+' };
            let letter = conversion.kind;
            format!("{sign}{mantissa}{letter}{mark}{:02}", exponent.unsigned_abs())
        }
        _ => format!("{sign}{value}"),
    }
}

impl Shell {
    /// `printf FORMAT [ARGUMENT...]`
    pub(super) async fn printf(&mut self, arguments: &[String]) -> Flow<i32> {
        let arguments = match arguments {
            [first, rest @ ..] if first == "--" => rest,
            arguments => arguments,
        };
        let Some((format_text, rest)) = arguments.split_first() else {
            return Ok(self.wrong("printf", "usage: printf format [arg ...]").await);
        };
        let done = format(format_text, rest);
        self.out.extend(&done.bytes);
        if done.complaints.is_empty() {
            return Ok(0);
        }
        self.flush().await;
        for complaint in done.complaints {
            self.complain(&format!("printf: {complaint}")).await;
        }
        Ok(1)
    }
}

#[cfg(test)]
mod tests {
    use super::{echo, format};

    fn printed(text: &str, arguments: &[&str]) -> String {
        let arguments: Vec<String> = arguments.iter().map(|&text| text.to_owned()).collect();
        String::from_utf8_lossy(&format(text, &arguments).bytes).into_owned()
    }

    #[test]
    fn conversions_are_those_of_c() {
        assert_eq!(
            printed("%d %s|%5d|%-5d|%05d\\n", &["1", "a", "2", "3", "-4"]),
            "1 a|    2|3    |-0004\n"
        );
        assert_eq!(
            printed("%x %X %o %#x %c", &["255", "255", "8", "255", "xyz"]),
            "ff FF 10 0xff x"
        );
        assert_eq!(printed("%s\\n", &["a", "b"]), "a\nb\n");
        assert_eq!(printed("%s-%s;", &["a", "b", "c"]), "a-b;c-;");
        assert_eq!(printed("%.2s|%*d|%5.1f", &["abc", "4", "7", "2.25"]), "ab|   7|  2.2");
        assert_eq!(printed("%b|%s", &["a\\tb", "a\\tb"]), "a\tb|a\\tb");
        assert_eq!(printed("%d %u", &["'A", "-1"]), "65 18446744073709551615");
        assert_eq!(printed("100%%\\101\n", &[]), "100%A\n");
        assert_eq!(printed("%q", &["x"]), "");
    }

    #[test]
    fn what_is_no_number_is_said() {
        let done = format("%d %d\n", &["x".to_owned(), "3x".to_owned()]);
        assert_eq!(done.bytes, b"0 3\n");
        assert_eq!(done.complaints, ["x: expected numeric value", "3x: not completely converted"]);
    }

    #[test]
    fn echo_knows_escapes_and_may_leave_the_line_open() {
        let echo = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            String::from_utf8_lossy(&echo(&words)).into_owned()
        };
        assert_eq!(echo(&["a", "b\\n"]), "a b\n\n");
        assert_eq!(echo(&["-n", "a\\0101"]), "aA");
        assert_eq!(echo(&["a\\cb", "c"]), "a");
        assert_eq!(echo(&["\\x"]), "\\x\n");
    }
}
