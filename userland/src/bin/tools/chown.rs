//! `chown [-hR] [OWNER][:[GROUP]] FILE...` and `chgrp [-hR] GROUP FILE...`: sets owners.

use super::names::number;
use super::tool::Tool;
use crate::sys::Sys;
use oscope_kernel::abi::flags::AtFlags;
use oscope_kernel::abi::flags::file::{FILE_TYPE_MASK, file_type};

pub(super) async fn main(sys: Sys) -> u64 {
    change(sys, "chown").await
}

pub(super) async fn group(sys: Sys) -> u64 {
    change(sys, "chgrp").await
}

async fn change(sys: Sys, name: &'static str) -> u64 {
    let mut tool = Tool::new(sys, name).await;
    let Some(options) = tool.options("hRfv").await else { return 1 };
    let Some((text, paths)) = options.operands.split_first().filter(|(_, paths)| !paths.is_empty())
    else {
        tool.complain("missing operand").await;
        return 1;
    };
    let (user, group) = match (name, text.split_once([':', '.'])) {
        ("chgrp", _) => ("", text.as_str()),
        (_, Some((user, group))) => (user, group),
        (_, None) => (text.as_str(), ""),
    };
    let mut ids = [u32::MAX; 2];
    for (id, (file, text, what)) in
        ids.iter_mut().zip([("/etc/passwd", user, "user"), ("/etc/group", group, "group")])
    {
        if text.is_empty() {
            continue;
        }
        let file = tool.text_of(file).await;
        match number(&file, text) {
            Some(number) => *id = number,
            None => {
                tool.complain(&format!("invalid {what}: '{text}'")).await;
                return 1;
            }
        }
    }
    let flags = if options.has('h') { AtFlags::SYMLINK_NOFOLLOW } else { AtFlags::empty() };
    let mut waiting: Vec<String> = paths.iter().rev().cloned().collect();
    while let Some(path) = waiting.pop() {
        match tool.sys.chown(&path, ids[0], ids[1], flags).await {
            Ok(_) => {}
            Err(errno) if tool.sys.lstat(&path).await.is_err() => {
                tool.complain(&format!("cannot access '{path}': {}", errno.message())).await;
                continue;
            }
            Err(errno) => {
                let what = if name == "chgrp" { "group" } else { "ownership" };
                let message = format!("changing {what} of '{path}': {}", errno.message());
                tool.complain(&message).await;
            }
        }
        let status = tool.sys.lstat(&path).await;
        let is_directory = status.is_ok_and(|s| s.mode & FILE_TYPE_MASK == file_type::DIR);
        if is_directory && options.has('R') {
            let names = tool.names_in(&path).await;
            waiting.extend(names.into_iter().rev().map(|name| format!("{path}/{name}")));
        }
    }
    tool.end().await
}
