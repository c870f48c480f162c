//! `rev [FILE...]`: turns each line round.

use super::tool::{Lines, Tool};
use crate::sys::Sys;

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "rev").await;
    let Some(options) = tool.options("").await else { return 1 };
    for name in options.inputs() {
        let Some(fd) = tool.open(&name).await else { continue };
        let mut lines = Lines::new(fd);
        while let Some(line) = lines.next(&mut tool).await {
            let text: String = String::from_utf8_lossy(&line).chars().rev().collect();
            tool.print(&text).await;
            if lines.last_was_whole() {
                tool.put(b"\n").await;
            }
        }
        tool.close(fd).await;
    }
    tool.end().await
}
