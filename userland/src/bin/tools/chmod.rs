//! `chmod [-R] MODE FILE...`: sets permissions, `755` or `u+x`.

use super::tool::Tool;
use crate::sys::Sys;
use crate::text::mode;
use oscope_kernel::abi::flags::file::{FILE_TYPE_MASK, file_type};

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "chmod").await;
    // A mode such as `-x` is no option.
    let is_mode = |word: &String| {
        word.len() > 1 && word.starts_with('-') && word[1..].chars().all(|c| "rwxXst".contains(c))
    };
    if let Some(at) = tool.arguments.iter().position(is_mode) {
        tool.arguments.insert(at, "--".to_owned());
    }
    let Some(options) = tool.options("Rfv").await else { return 1 };
    let Some((text, paths)) = options.operands.split_first().filter(|(_, paths)| !paths.is_empty())
    else {
        tool.complain("missing operand").await;
        return 1;
    };
    let mask = tool.sys.umask(0).await;
    tool.sys.umask(mask).await;
    let mut waiting: Vec<String> = paths.iter().rev().cloned().collect();
    while let Some(path) = waiting.pop() {
        let status = match tool.sys.stat(&path).await {
            Ok(status) => status,
            Err(errno) => {
                tool.complain(&format!("cannot access '{path}': {}", errno.message())).await;
                continue;
            }
        };
        let is_directory = status.mode & FILE_TYPE_MASK == file_type::DIR;
        let Some(new) = mode::parse(text, status.mode, is_directory, mask) else {
            tool.complain(&format!("invalid mode: '{text}'")).await;
            return 1;
        };
        if let Err(errno) = tool.sys.chmod(&path, new).await {
            let message = format!("changing permissions of '{path}': {}", errno.message());
            tool.complain(&message).await;
        }
        if is_directory && options.has('R') {
            let names = tool.names_in(&path).await;
            waiting.extend(names.into_iter().rev().map(|name| format!("{path}/{name}")));
        }
    }
    tool.end().await
}
