//! `rmdir [-p] DIRECTORY...`: removes empty directories, and with `-p` those they are in.

use super::tool::Tool;
use crate::sys::Sys;

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "rmdir").await;
    let Some(options) = tool.options("p").await else { return 1 };
    if options.operands.is_empty() {
        tool.complain("missing operand").await;
        return 1;
    }
    for path in &options.operands {
        let mut path = path.trim_end_matches('/');
        loop {
            if let Err(errno) = tool.sys.rmdir(path).await {
                let message = format!("failed to remove '{path}': {}", errno.message());
                tool.complain(&message).await;
                break;
            }
            match path.rsplit_once('/') {
                Some((parent, _)) if options.has('p') && !parent.is_empty() => path = parent,
                _ => break,
            }
        }
    }
    tool.end().await
}
