//! `head [-n LINES] [-c BYTES] [FILE...]`: the beginning of files.

use super::tool::{Lines, Tool};
use crate::sys::Sys;

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "head").await;
    old_style(&mut tool.arguments);
    let Some(options) = tool.options("n:c:qv").await else { return 1 };
    let mut counts = [10u64, u64::MAX];
    for (letter, count) in ['n', 'c'].into_iter().zip(&mut counts) {
        let Some(text) = options.value(letter) else { continue };
        match text.parse() {
            Ok(number) => *count = number,
            Err(_) => {
                let what = if letter == 'n' { "lines" } else { "bytes" };
                tool.complain(&format!("invalid number of {what}: '{text}'")).await;
                return 1;
            }
        }
    }
    let [lines, bytes] = counts;
    let names = options.inputs();
    for (n, name) in names.iter().enumerate() {
        let Some(fd) = tool.open_for_reading(name).await else { continue };
        if (names.len() > 1 || options.has('v')) && !options.has('q') {
            header(&mut tool, name, n > 0).await;
        }
        if options.has('c') {
            let mut left = bytes;
            while left > 0 {
                let some = tool.sys.read(fd, left.min(8192) as usize).await.unwrap_or_default();
                if some.is_empty() {
                    break;
                }
                left -= some.len() as u64;
                tool.put(&some).await;
            }
        } else {
            let mut input = Lines::new(fd);
            for _ in 0..lines {
                let Some(line) = input.next(&mut tool).await else { break };
                tool.put(&line).await;
                if input.last_was_whole() {
                    tool.put(b"\n").await;
                }
            }
        }
        tool.close(fd).await;
    }
    tool.end().await
}

/// The name of a file, when there are several.
pub(super) async fn header(tool: &mut Tool, name: &str, has_before: bool) {
    let name = if name == "-" { "standard input" } else { name };
    let before = if has_before { "\n" } else { "" };
    tool.print(&format!("{before}==> {name} <==\n")).await;
}

/// `-5` is `-n 5`.
pub(super) fn old_style(arguments: &mut [String]) {
    if let Some(first) = arguments.first_mut()
        && let Some(digits) = first.strip_prefix('-')
        && !digits.is_empty()
        && digits.bytes().all(|c| c.is_ascii_digit())
    {
        *first = format!("-n{digits}");
    }
}
