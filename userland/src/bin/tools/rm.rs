//! `rm [-dfrRv] FILE...`: removes names, and with `-r` directories with all that is in them.

use super::tool::{Options, Tool};
use crate::sys::Sys;
use oscope_kernel::abi::Errno;
use oscope_kernel::abi::flags::file::{FILE_TYPE_MASK, file_type};

/// Removes one thing, and what is in it.
pub(super) async fn remove(tool: &mut Tool, options: &Options, path: &str) {
    let is_deep = options.last_of("rR").is_some();
    let mut waiting = vec![(path.to_owned(), false)];
    while let Some((path, is_empty)) = waiting.pop() {
        let status = match tool.sys.lstat(&path).await {
            Ok(status) => status,
            Err(Errno::ENOENT | Errno::ENOTDIR) if options.has('f') => continue,
            Err(errno) => {
                tool.complain(&format!("cannot remove '{path}': {}", errno.message())).await;
                continue;
            }
        };
        let is_directory = status.mode & FILE_TYPE_MASK == file_type::DIR;
        if is_directory && !is_deep && !options.has('d') {
            tool.complain(&format!("cannot remove '{path}': Is a directory")).await;
            continue;
        }
        if is_directory && is_deep && !is_empty {
            waiting.push((path.clone(), true));
            for name in tool.names_in(&path).await {
                waiting.push((format!("{path}/{name}"), false));
            }
            continue;
        }
        let removed = match is_directory {
            true => tool.sys.rmdir(&path).await,
            false => tool.sys.unlink(&path).await,
        };
        if let Err(errno) = removed {
            tool.complain(&format!("cannot remove '{path}': {}", errno.message())).await;
        } else if options.has('v') {
            let what = if is_directory { "removed directory" } else { "removed" };
            tool.print(&format!("{what} '{path}'\n")).await;
        }
    }
}

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "rm").await;
    let Some(options) = tool.options("dfirRv").await else { return 1 };
    if options.operands.is_empty() && !options.has('f') {
        tool.complain("missing operand").await;
        return 1;
    }
    for path in options.operands.clone() {
        let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        if matches!(name, "." | "..") {
            let message = format!("refusing to remove '.' or '..' directory: skipping '{path}'");
            tool.complain(&message).await;
        } else if name.is_empty() && options.last_of("rR").is_some() {
            tool.complain("it is dangerous to operate recursively on '/'").await;
        } else {
            remove(&mut tool, &options, &path).await;
        }
    }
    tool.end().await
}
