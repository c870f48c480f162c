//! Strings as strace quotes them.

use super::style::{Hex, Style};
use oscope_kernel::abi::types;

/// Bytes of something that is `whole` bytes long, cut at the style's length.
pub(super) fn quote(bytes: &[u8], whole: usize, style: &Style) -> String {
    let shown = bytes.get(..style.strings).unwrap_or(bytes);
    let mut text = match style.hex {
        Hex::All => in_hex(shown),
        Hex::NotAscii if shown.iter().any(|byte| !is_printable(*byte)) => in_hex(shown),
        _ => types::quote(shown, usize::MAX),
    };
    if shown.len() < whole {
        text.push_str("...");
    }
    text
}

/// Bytes that are no text, in hexadecimal whatever the style says; cut like a string.
pub(super) fn quote_in_hex(bytes: &[u8], style: &Style) -> String {
    quote(bytes, bytes.len(), &Style { hex: Hex::All, ..style.clone() })
}

/// A path: never cut. `bytes` may end in a zero; without one it was too long to be seen whole.
pub(super) fn path(bytes: &[u8], style: &Style) -> String {
    let bytes = bytes.strip_suffix(&[0]).unwrap_or(bytes);
    quote(bytes, bytes.len(), &Style { strings: usize::MAX, ..style.clone() })
}

fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t'..=b'\r')
}

pub(super) fn in_hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect();
    format!("\"{}\"", digits.concat())
}
