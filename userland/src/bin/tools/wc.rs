//! `wc [-clmw] [FILE...]`: counts lines, words and bytes.

use super::tool::{Options, Tool};
use crate::sys::Sys;
use oscope_kernel::abi::flags::file::{FILE_TYPE_MASK, file_type};

/// Lines, words, characters, bytes.
type Counts = [u64; 4];

fn count(bytes: &[u8]) -> Counts {
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
    let words = bytes.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).count();
    let characters = bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
    [lines, words, characters, bytes.len()].map(|count| count as u64)
}

async fn line(tool: &mut Tool, options: &Options, counts: Counts, width: usize, name: &str) {
    let has_any = "lwmc".chars().any(|letter| options.has(letter));
    let mut fields = Vec::new();
    for (letter, count) in "lwmc".chars().zip(counts) {
        if options.has(letter) || !has_any && letter != 'm' {
            fields.push(format!("{count:>width$}"));
        }
    }
    let name = if name.is_empty() { String::new() } else { format!(" {name}") };
    tool.print(&format!("{}{name}\n", fields.join(" "))).await;
}

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "wc").await;
    let Some(options) = tool.options("clmw").await else { return 1 };
    let (mut all, mut total, mut least, mut size) = (Vec::new(), [0; 4], 1, 0u64);
    for name in options.inputs() {
        let Some(fd) = tool.open(&name).await else { continue };
        // GNU makes the columns as wide as the largest number could be; of a pipe it does not know that.
        match tool.sys.fstat(fd).await {
            Ok(status) if status.mode & FILE_TYPE_MASK == file_type::REG => {
                size = size.saturating_add(status.size.max(0) as u64);
            }
            _ => least = 7,
        }
        match tool.read_all(fd).await {
            Ok(bytes) => {
                let counts = count(&bytes);
                for (sum, count) in total.iter_mut().zip(counts) {
                    *sum += count;
                }
                all.push((counts, name));
            }
            Err(errno) => tool.fail(&name, errno).await,
        }
        tool.close(fd).await;
    }
    let shown = "lwmc".chars().filter(|letter| options.has(*letter)).count();
    let is_single = shown == 1 && options.operands.len() <= 1;
    let is_input = options.operands.is_empty();
    let width = if is_single { 1 } else { size.to_string().len().max(least) };
    let is_several = options.operands.len() > 1;
    for (counts, name) in &all {
        let name = if is_input { "" } else { name };
        line(&mut tool, &options, *counts, width, name).await;
    }
    if is_several {
        line(&mut tool, &options, total, width, "total").await;
    }
    tool.end().await
}
