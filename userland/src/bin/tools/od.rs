//! `od [-A x|d|o|n] [-c] [-t x1|o1|d1|u1] [FILE...]`: bytes as numbers or characters.

use super::tool::Tool;
use crate::sys::Sys;

const ROW: usize = 16;

fn character(byte: u8) -> String {
    match byte {
        0 => "\\0".to_owned(),
        7 => "\\a".to_owned(),
        8 => "\\b".to_owned(),
        b'\t' => "\\t".to_owned(),
        b'\n' => "\\n".to_owned(),
        11 => "\\v".to_owned(),
        12 => "\\f".to_owned(),
        b'\r' => "\\r".to_owned(),
        b' '..=b'~' => char::from(byte).to_string(),
        _ => format!("{byte:03o}"),
    }
}

fn field(kind: &str, pair: &[u8]) -> String {
    let byte = pair.first().copied().unwrap_or(0);
    match kind {
        "c" => format!("{:>4}", character(byte)),
        "x1" => format!(" {byte:02x}"),
        "o1" => format!(" {byte:03o}"),
        "d1" => format!("{:>5}", byte as i8),
        "u1" => format!("{byte:>4}"),
        _ => {
            let word = u16::from_le_bytes([byte, pair.get(1).copied().unwrap_or(0)]);
            if kind == "x2" { format!(" {word:04x}") } else { format!(" {word:06o}") }
        }
    }
}

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "od").await;
    let Some(options) = tool.options("A:bcxt:v").await else { return 1 };
    let kind = match options.last_of("bcxt") {
        Some('b') => "o1",
        Some('c') => "c",
        Some('x') => "x2",
        Some(_) => options.value('t').unwrap_or("o2"),
        None => "o2",
    };
    let kind = if kind == "x" { "x2" } else { kind };
    if !["c", "x1", "o1", "d1", "u1", "x2", "o2"].contains(&kind) {
        tool.complain(&format!("invalid type string '{kind}'")).await;
        return 1;
    }
    let mut bytes = Vec::new();
    for name in options.inputs() {
        let Some(fd) = tool.open(&name).await else { continue };
        bytes.extend(tool.read_all(fd).await.unwrap_or_default());
        tool.close(fd).await;
    }
    let radix = options.value('A').unwrap_or("o");
    let address = |at: usize| match radix {
        "x" => format!("{at:06x}"),
        "d" => format!("{at:07}"),
        "n" => String::new(),
        _ => format!("{at:07o}"),
    };
    let size = if kind.ends_with('2') { 2 } else { 1 };
    let mut last: Option<&[u8]> = None;
    let mut is_repeated = false;
    for (n, row) in bytes.chunks(ROW).enumerate() {
        // Rows that are like the one before are one star.
        if last == Some(row) && row.len() == ROW && !options.has('v') {
            if !is_repeated {
                tool.print("*\n").await;
            }
            is_repeated = true;
            continue;
        }
        is_repeated = false;
        last = Some(row);
        let fields: String = row.chunks(size).map(|pair| field(kind, pair)).collect();
        tool.print(&format!("{}{fields}\n", address(n * ROW))).await;
    }
    if radix != "n" {
        tool.print(&format!("{}\n", address(bytes.len()))).await;
    }
    tool.end().await
}
