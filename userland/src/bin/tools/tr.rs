//! `tr [-cds] SET1 [SET2]`: puts other characters in the place of some, takes them out, or squeezes them.

use super::tool::Tool;
use crate::sh::pattern::is_of_class;
use crate::sys::Sys;

/// The bytes of a set: `a-z`, `[:upper:]`, `\n`, `\012`.
fn expand(text: &str) -> Vec<u8> {
    let mut rest = text.as_bytes();
    let mut set: Vec<u8> = Vec::new();
    while let Some(&first) = rest.first() {
        if let Some(inner) = rest.strip_prefix(b"[:")
            && let Some(end) = inner.windows(2).position(|pair| pair == b":]")
        {
            let name = String::from_utf8_lossy(&inner[..end]).into_owned();
            set.extend((0..=127u8).filter(|byte| is_of_class(&name, char::from(*byte))));
            rest = &inner[end + 2..];
            continue;
        }
        let (from, length) = one(rest, first);
        rest = &rest[length..];
        if let [b'-', last, ..] = rest {
            let (to, length) = one(&rest[1..], *last);
            set.extend(from..=to);
            rest = &rest[1 + length..];
        } else {
            set.push(from);
        }
    }
    set
}

/// A byte that may be escaped, and how long it is written.
fn one(text: &[u8], first: u8) -> (u8, usize) {
    let [b'\\', kind, ..] = text else { return (first, 1) };
    match kind {
        b'n' => (b'\n', 2),
        b't' => (b'\t', 2),
        b'r' => (b'\r', 2),
        b'a' => (7, 2),
        b'b' => (8, 2),
        b'f' => (12, 2),
        b'v' => (11, 2),
        b'0'..=b'7' => {
            let digits = text[1..].iter().take(3).take_while(|c| (b'0'..=b'7').contains(c));
            let value = digits.clone().fold(0u32, |value, c| value * 8 + u32::from(c - b'0'));
            (value as u8, 1 + digits.count())
        }
        other => (*other, 2),
    }
}

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "tr").await;
    let Some(options) = tool.options_until("cCds", true).await else { return 1 };
    let Some(first) = options.operands.first() else {
        tool.complain("missing operand").await;
        return 1;
    };
    let mut from = expand(first);
    if options.has('c') || options.has('C') {
        from = (0..=255).filter(|byte| !from.contains(byte)).collect();
    }
    let to = options.operands.get(1).map(|text| expand(text));
    let deletes = options.has('d');
    if !deletes && !options.has('s') && to.is_none() {
        tool.complain(&format!("missing operand after '{first}'")).await;
        return 1;
    }
    let mut table: Vec<Option<u8>> = (0..=255).map(Some).collect();
    for (n, byte) in from.iter().enumerate() {
        let place = &mut table[usize::from(*byte)];
        *place = match &to {
            _ if deletes => None,
            Some(to) => to.get(n).or(to.last()).copied(),
            None => Some(*byte),
        };
    }
    let squeezed = match (&to, options.has('s')) {
        (_, false) => Vec::new(),
        (Some(to), true) => to.clone(),
        (None, true) => from,
    };
    let mut last = None;
    loop {
        let bytes = tool.sys.read(0, 8192).await.unwrap_or_default();
        if bytes.is_empty() || tool.is_output_gone() {
            break;
        }
        let mut out = Vec::with_capacity(bytes.len());
        for byte in bytes.iter().filter_map(|byte| table[usize::from(*byte)]) {
            if last != Some(byte) || !squeezed.contains(&byte) {
                out.push(byte);
            }
            last = Some(byte);
        }
        tool.put(&out).await;
    }
    tool.end().await
}
