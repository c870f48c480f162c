//! `mkdir [-p] [-m MODE] DIRECTORY...`: makes directories.

use super::tool::Tool;
use crate::sys::Sys;
use crate::text::mode;
use oscope_kernel::abi::Errno;
use oscope_kernel::abi::flags::file::{FILE_TYPE_MASK, file_type};

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "mkdir").await;
    let Some(options) = tool.options("pm:v").await else { return 1 };
    if options.operands.is_empty() {
        tool.complain("missing operand").await;
        return 1;
    }
    let mask = tool.sys.umask(0).await;
    tool.sys.umask(mask).await;
    let mut exact = None;
    if let Some(text) = options.value('m') {
        exact = mode::parse(text, 0o777, true, mask);
        if exact.is_none() {
            tool.complain(&format!("invalid mode '{text}'")).await;
            return 1;
        }
    }
    for path in &options.operands {
        let mut prefixes = vec![path.as_str()];
        if options.has('p') {
            let inner = path.match_indices('/').map(|(at, _)| &path[..at]);
            prefixes = inner.filter(|prefix| !prefix.is_empty()).chain([path.as_str()]).collect();
        }
        for prefix in prefixes {
            let made = tool.sys.mkdir(prefix, 0o777).await;
            let is_there = match tool.sys.stat(prefix).await {
                Ok(status) => status.mode & FILE_TYPE_MASK == file_type::DIR,
                Err(_) => false,
            };
            match made {
                Ok(_) => {}
                Err(Errno::EEXIST) if options.has('p') && is_there => continue,
                Err(errno) => {
                    let message =
                        format!("cannot create directory '{prefix}': {}", errno.message());
                    tool.complain(&message).await;
                    break;
                }
            }
            if prefix == path
                && let Some(mode) = exact
            {
                let _ = tool.sys.chmod(path, mode).await;
            }
            if options.has('v') {
                tool.print(&format!("mkdir: created directory '{prefix}'\n")).await;
            }
        }
    }
    tool.end().await
}
