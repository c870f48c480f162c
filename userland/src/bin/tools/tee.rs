//! `tee [-a] [FILE...]`: writes what it reads to standard output and to files.

use super::tool::Tool;
use crate::sys::Sys;

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "tee").await;
    let Some(options) = tool.options("ai").await else { return 1 };
    let how = if options.has('a') { 0o2101 } else { 0o1101 };
    let mut files = vec![(1, "standard output".to_owned())];
    for name in &options.operands {
        match tool.sys.open(name, how, 0o666).await {
            Ok(fd) => files.push((fd, name.clone())),
            Err(errno) => tool.fail(name, errno).await,
        }
    }
    while let Ok(bytes) = tool.sys.read(0, 8192).await {
        if bytes.is_empty() {
            break;
        }
        for (fd, name) in &files {
            if let Err(errno) = tool.sys.write(*fd, &bytes).await {
                tool.fail(name, errno).await;
            }
        }
    }
    tool.end().await
}
