//! `tail [-f] [-n [+]LINES] [-c [+]BYTES] [FILE...]`: the end of files, and what is added to them.

use super::head::{header, old_style};
use super::tool::Tool;
use crate::sys::Sys;
use oscope_kernel::base::Duration;

/// How often a file is looked at again with `-f`.
const INTERVAL: Duration = Duration::seconds(1);

/// Where the end begins.
fn start(bytes: &[u8], text: &str, is_bytes: bool) -> Option<usize> {
    let (from_start, digits) = match text.strip_prefix('+') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('-').unwrap_or(text)),
    };
    let count: usize = digits.parse().ok()?;
    if is_bytes {
        let place =
            if from_start { count.saturating_sub(1) } else { bytes.len().saturating_sub(count) };
        return Some(place.min(bytes.len()));
    }
    if from_start {
        let skipped = bytes.split_inclusive(|byte| *byte == b'\n').take(count.saturating_sub(1));
        return Some(skipped.map(<[u8]>::len).sum());
    }
    let kept = bytes.split_inclusive(|byte| *byte == b'\n').rev().take(count);
    Some(bytes.len() - kept.map(<[u8]>::len).sum::<usize>())
}

/// Shows what is added to a file, for ever.
async fn follow(sys: Sys, fd: u64) -> u64 {
    // Few enough rounds to remember, then afresh.
    for _ in 0..64 {
        match sys.read(fd, 8192).await {
            Ok(bytes) if !bytes.is_empty() => {
                if sys.write(1, &bytes).await.is_err() {
                    return 1;
                }
            }
            Ok(_) => {
                let _ = sys.sleep(INTERVAL).await;
            }
            Err(_) => return 1,
        }
    }
    sys.rebase(fd, follow).await
}

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "tail").await;
    old_style(&mut tool.arguments);
    let Some(options) = tool.options("n:c:fqv").await else { return 1 };
    let letter = options.last_of("nc").unwrap_or('n');
    let text = options.value(letter).unwrap_or("10").to_owned();
    let names = options.inputs();
    let mut last = 0;
    for (n, name) in names.iter().enumerate() {
        let Some(fd) = tool.open_for_reading(name).await else { continue };
        if (names.len() > 1 || options.has('v')) && !options.has('q') {
            header(&mut tool, name, n > 0).await;
        }
        match tool.read_all(fd).await {
            Ok(bytes) => match start(&bytes, &text, letter == 'c') {
                Some(start) => tool.put(&bytes[start..]).await,
                None => {
                    let what = if letter == 'n' { "lines" } else { "bytes" };
                    tool.complain(&format!("invalid number of {what}: '{text}'")).await;
                    return 1;
                }
            },
            Err(errno) => tool.fail(name, errno).await,
        }
        last = fd;
    }
    if options.has('f') && tool.status == 0 {
        tool.flush().await;
        return tool.sys.rebase(last, follow).await;
    }
    tool.end().await
}
