//! `touch [-acm] [-d @SECONDS] [-r FILE] FILE...`: sets times, and makes files that are not there.

use super::tool::Tool;
use crate::sys::{Stamp, Sys};
use oscope_kernel::abi::Errno;
use oscope_kernel::abi::types::Timespec;

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "touch").await;
    let Some(options) = tool.options("acmd:r:").await else { return 1 };
    if options.operands.is_empty() {
        tool.complain("missing file operand").await;
        return 1;
    }
    let mut times = (Stamp::Now, Stamp::Now);
    if let Some(name) = options.value('r') {
        match tool.sys.stat(name).await {
            Ok(status) => times = (Stamp::At(status.accessed), Stamp::At(status.modified)),
            Err(errno) => {
                let message = format!("failed to get attributes of '{name}': {}", errno.message());
                tool.complain(&message).await;
                return 1;
            }
        }
    }
    if let Some(text) = options.value('d') {
        let seconds = text.strip_prefix('@').and_then(|digits| digits.parse().ok());
        let Some(seconds) = seconds else {
            tool.complain(&format!("invalid date format '{text}'")).await;
            return 1;
        };
        let time = Stamp::At(Timespec { seconds, nanoseconds: 0 });
        times = (time, time);
    }
    match (options.has('a'), options.has('m')) {
        (true, false) => times.1 = Stamp::Omit,
        (false, true) => times.0 = Stamp::Omit,
        _ => {}
    }
    for path in &options.operands {
        let mut done = tool.sys.set_times(path, times.0, times.1).await;
        if done == Err(Errno::ENOENT) {
            if options.has('c') {
                continue;
            }
            // O_WRONLY | O_CREAT | O_NONBLOCK
            done = match tool.sys.open(path, 0o4101, 0o666).await {
                Ok(fd) => {
                    let _ = tool.sys.close(fd).await;
                    tool.sys.set_times(path, times.0, times.1).await
                }
                Err(errno) => Err(errno),
            };
        }
        if let Err(errno) = done {
            tool.complain(&format!("cannot touch '{path}': {}", errno.message())).await;
        }
    }
    tool.end().await
}
