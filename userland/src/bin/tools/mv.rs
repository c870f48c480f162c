//! `mv [-fn] SOURCE... TARGET`: gives files other names; between file systems it copies and removes.

use super::cp;
use super::rm;
use super::tool::{Options, Tool};
use crate::sys::Sys;
use oscope_kernel::abi::Errno;
use oscope_kernel::abi::flags::file::{FILE_TYPE_MASK, file_type};

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "mv").await;
    let Some(options) = tool.options("finv").await else { return 1 };
    let Some((target, sources)) = options.operands.split_last().filter(|(_, s)| !s.is_empty())
    else {
        let message = match options.operands.first() {
            None => "missing file operand".to_owned(),
            Some(only) => format!("missing destination file operand after '{only}'"),
        };
        tool.complain(&message).await;
        return 1;
    };
    let status = tool.sys.stat(target).await;
    let is_directory = status.is_ok_and(|s| s.mode & FILE_TYPE_MASK == file_type::DIR);
    if sources.len() > 1 && !is_directory {
        tool.complain(&format!("target '{target}' is not a directory")).await;
        return 1;
    }
    for source in sources {
        if let Err(errno) = tool.sys.lstat(source).await {
            tool.complain(&format!("cannot stat '{source}': {}", errno.message())).await;
            continue;
        }
        let to = cp::target_of(&tool, source, target).await;
        if options.has('n') && tool.sys.lstat(&to).await.is_ok() {
            continue;
        }
        let same = (tool.sys.lstat(source).await, tool.sys.lstat(&to).await);
        if let (Ok(a), Ok(b)) = same
            && (a.device, a.inode) == (b.device, b.inode)
        {
            tool.complain(&format!("'{source}' and '{to}' are the same file")).await;
            continue;
        }
        match tool.sys.rename(source, &to, 0).await {
            Ok(_) => {}
            Err(Errno::EXDEV) => {
                let deep = Options::of("ap");
                if cp::copy(&mut tool, &deep, source, &to).await {
                    rm::remove(&mut tool, &Options::of("rf"), source).await;
                }
            }
            Err(Errno::EINVAL) => {
                let message = format!("cannot move '{source}' to a subdirectory of itself, '{to}'");
                tool.complain(&message).await;
            }
            Err(errno) => {
                let message = format!("cannot move '{source}' to '{to}': {}", errno.message());
                tool.complain(&message).await;
            }
        }
    }
    tool.end().await
}
