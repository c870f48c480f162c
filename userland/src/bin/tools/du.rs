//! `du [-abhks] [-d DEPTH] [FILE...]`: how much space trees of directories take.

use super::tool::Tool;
use crate::sys::Sys;
use crate::text::amount;
use oscope_kernel::abi::flags::file::{FILE_TYPE_MASK, file_type};
use std::collections::BTreeSet;

/// A directory under way: its path, the names that are left, and how much was found so far.
struct Level {
    path: String,
    names: Vec<String>,
    total: u64,
}

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "du").await;
    let Some(options) = tool.options("abchksxd:").await else { return 1 };
    let most: usize = match options.value('d') {
        Some(text) => text.parse().unwrap_or(usize::MAX),
        None if options.has('s') => 0,
        None => usize::MAX,
    };
    let shown = |bytes: u64| match (options.has('h'), options.has('b')) {
        (true, _) => amount::human(bytes),
        (_, true) => bytes.to_string(),
        _ => bytes.div_ceil(1024).to_string(),
    };
    let starts =
        if options.operands.is_empty() { vec![".".to_owned()] } else { options.operands.clone() };
    // What has several names is counted once.
    let mut known: BTreeSet<(u64, u64)> = BTreeSet::new();
    let mut sum = 0u64;
    for start in starts {
        let mut levels = vec![Level { path: String::new(), names: vec![start], total: 0 }];
        loop {
            let depth = levels.len();
            let Some(level) = levels.last_mut() else { break };
            let Some(name) = level.names.pop() else {
                let Some(done) = levels.pop() else { break };
                let Some(above) = levels.last_mut() else {
                    sum = sum.saturating_add(done.total);
                    break;
                };
                above.total = above.total.saturating_add(done.total);
                if levels.len() <= most.saturating_add(1) {
                    tool.print(&format!("{}\t{}\n", shown(done.total), done.path)).await;
                }
                continue;
            };
            let path = match level.path.as_str() {
                "" => name,
                "/" => format!("/{name}"),
                parent => format!("{parent}/{name}"),
            };
            let status = match tool.sys.lstat(&path).await {
                Ok(status) => status,
                Err(errno) => {
                    tool.complain(&format!("cannot access '{path}': {}", errno.message())).await;
                    continue;
                }
            };
            let is_directory = status.mode & FILE_TYPE_MASK == file_type::DIR;
            if !is_directory && status.links > 1 && !known.insert((status.device, status.inode)) {
                continue;
            }
            let size =
                if options.has('b') { status.size } else { status.blocks.saturating_mul(512) };
            let size = size.max(0) as u64;
            if is_directory {
                let mut names = tool.names_in(&path).await;
                names.reverse();
                levels.push(Level { path, names, total: size });
                continue;
            }
            level.total = level.total.saturating_add(size);
            if depth == 1 || options.has('a') && depth <= most.saturating_add(1) {
                tool.print(&format!("{}\t{path}\n", shown(size))).await;
            }
        }
    }
    if options.has('c') {
        tool.print(&format!("{}\ttotal\n", shown(sum))).await;
    }
    tool.end().await
}
