//! `nl [-b a|t] [FILE...]`: numbers lines; without `-b a` only those that are not empty.

use super::tool::{Lines, Tool};
use crate::sys::Sys;

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "nl").await;
    let Some(options) = tool.options("b:").await else { return 1 };
    let counts_all = options.value('b') == Some("a");
    let mut number = 0u64;
    for name in options.inputs() {
        let Some(fd) = tool.open(&name).await else { continue };
        let mut lines = Lines::new(fd);
        while let Some(line) = lines.next(&mut tool).await {
            if line.is_empty() && !counts_all {
                tool.print("       \n").await;
                continue;
            }
            number += 1;
            tool.print(&format!("{number:6}\t")).await;
            tool.put(&line).await;
            tool.put(b"\n").await;
        }
        tool.close(fd).await;
    }
    tool.end().await
}
