//! `cat [-n] [FILE...]`: writes files one after the other.

use super::tool::{Lines, Tool};
use crate::sys::Sys;

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "cat").await;
    let Some(options) = tool.options("nu").await else { return 1 };
    let mut number = 0u64;
    for name in options.inputs() {
        let Some(fd) = tool.open(&name).await else { continue };
        if options.has('n') {
            let mut lines = Lines::new(fd);
            while let Some(line) = lines.next(&mut tool).await {
                number += 1;
                tool.print(&format!("{number:6}\t")).await;
                tool.put(&line).await;
                if lines.last_was_whole() {
                    tool.put(b"\n").await;
                }
            }
        } else {
            tool.flush().await;
            if let Err(errno) = tool.copy(fd, 1).await {
                tool.complain(&format!("{name}: {}", errno.message())).await;
            }
        }
        tool.close(fd).await;
    }
    tool.end().await
}
