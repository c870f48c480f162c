//! `uniq [-cdiu] [INPUT [OUTPUT]]`: takes repeated lines out.

use super::tool::{Lines, Options, Tool};
use crate::sys::Sys;

async fn write(tool: &mut Tool, options: &Options, line: &[u8], count: u64) {
    if options.has('d') && count == 1 || options.has('u') && count > 1 {
        return;
    }
    if options.has('c') {
        tool.print(&format!("{count:7} ")).await;
    }
    tool.put(line).await;
    tool.put(b"\n").await;
}

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "uniq").await;
    let Some(options) = tool.options("cdiu").await else { return 1 };
    let name = options.operands.first().map_or("-", String::as_str);
    let Some(fd) = tool.open(name).await else { return 1 };
    if let Some(path) = options.operands.get(1) {
        match tool.sys.open(path, 0o1101, 0o666).await {
            Ok(out) => {
                let _ = tool.sys.dup2(out, 1).await;
            }
            Err(errno) => {
                tool.fail(path, errno).await;
                return 1;
            }
        }
    }
    let mut lines = Lines::new(fd);
    let mut last: Option<(Vec<u8>, u64)> = None;
    while let Some(line) = lines.next(&mut tool).await {
        match &mut last {
            Some((known, count))
                if *known == line || options.has('i') && known.eq_ignore_ascii_case(&line) =>
            {
                *count += 1;
            }
            _ => {
                if let Some((line, count)) = last.replace((line, 1)) {
                    write(&mut tool, &options, &line, count).await;
                }
            }
        }
    }
    if let Some((line, count)) = last {
        write(&mut tool, &options, &line, count).await;
    }
    tool.end().await
}
