//! Bytes as strace quotes them.

/// Quotes bytes as strace does: `\n \t \r \v \f \\ \"`, other bytes outside printable ASCII in the
/// shortest octal, three digits if a digit follows. With more bytes than `limit` (strace: `-s`, 32),
/// only so many are shown, and `...` follows the quotes.
#[must_use]
pub fn quote(bytes: &[u8], limit: usize) -> String {
    let shown = bytes.get(..limit).unwrap_or(bytes);
    let mut text = String::with_capacity(shown.len() + 5);
    text.push('"');
    for (at, &byte) in shown.iter().enumerate() {
        match byte {
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            b'\r' => text.push_str("\\r"),
            0x0b => text.push_str("\\v"),
            0x0c => text.push_str("\\f"),
            b'"' | b'\\' => text.extend(['\\', char::from(byte)]),
            b' '..=b'~' => text.push(char::from(byte)),
            // Fewer digits would swallow the digit that follows.
            _ if shown.get(at + 1).is_some_and(u8::is_ascii_digit) => {
                text.push_str(&format!("\\{byte:03o}"));
            }
            _ => text.push_str(&format!("\\{byte:o}")),
        }
    }
    text.push_str(if shown.len() < bytes.len() { "\"..." } else { "\"" });
    text
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn bytes_are_quoted_as_strace_quotes_them() {
        assert_eq!(quote(b"hello\n", 32), "\"hello\\n\"");
        assert_eq!(quote(b"\"\\\t\r\x0b\x0c", 32), "\"\\\"\\\\\\t\\r\\v\\f\"");
        assert_eq!(quote(b"\x0124\x0f'\0\0", 32), "\"\\00124\\17'\\0\\0\"");
        assert_eq!(quote("é".as_bytes(), 32), "\"\\303\\251\"");
        assert_eq!(quote(b"abcdef", 3), "\"abc\"...");
        assert_eq!(quote(b"abc", 3), "\"abc\"");
        assert_eq!(quote(b"", 0), "\"\"");
    }
}
