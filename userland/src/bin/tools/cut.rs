//! `cut -f LIST [-d SEPARATOR] [-s]`, `cut -c LIST`, `cut -b LIST`: parts of lines.

use super::tool::{Lines, Tool};
use crate::sys::Sys;

/// `1,3-5,7-` as ranges, in order.
fn ranges(text: &str) -> Option<Vec<(usize, usize)>> {
    let mut all = Vec::new();
    for part in text.split(',') {
        let number = |text: &str| text.parse::<usize>().ok().filter(|number| *number > 0);
        all.push(match part.split_once('-') {
            None => (number(part)?, number(part)?),
            Some(("", to)) => (1, number(to)?),
            Some((from, "")) => (number(from)?, usize::MAX),
            Some((from, to)) => (number(from)?, number(to)?),
        });
    }
    all.sort_unstable();
    Some(all)
}

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "cut").await;
    let Some(options) = tool.options("f:c:b:d:s").await else { return 1 };
    let Some(kind) = options.last_of("fcb") else {
        tool.complain("you must specify a list of bytes, characters, or fields").await;
        return 1;
    };
    let Some(ranges) = options.value(kind).and_then(ranges) else {
        tool.complain("invalid byte, character or field list").await;
        return 1;
    };
    let is_in = |n: usize| ranges.iter().any(|(from, to)| (*from..=*to).contains(&n));
    let separator = options.value('d').and_then(|text| text.bytes().next()).unwrap_or(b'\t');
    for name in options.inputs() {
        let Some(fd) = tool.open(&name).await else { continue };
        let mut lines = Lines::new(fd);
        while let Some(line) = lines.next(&mut tool).await {
            let mut out = Vec::new();
            if kind == 'b' {
                out.extend(line.iter().enumerate().filter(|(n, _)| is_in(n + 1)).map(|(_, b)| *b));
            } else if kind == 'c' {
                let text = String::from_utf8_lossy(&line);
                let kept = text.chars().enumerate().filter(|(n, _)| is_in(n + 1));
                out.extend(kept.map(|(_, c)| c).collect::<String>().into_bytes());
            } else if !line.contains(&separator) {
                if options.has('s') {
                    continue;
                }
                out = line;
            } else {
                let fields = line.split(|byte| *byte == separator).enumerate();
                let kept: Vec<&[u8]> =
                    fields.filter(|(n, _)| is_in(n + 1)).map(|(_, field)| field).collect();
                out = kept.join(&separator);
            }
            out.push(b'\n');
            tool.put(&out).await;
        }
        tool.close(fd).await;
    }
    tool.end().await
}
