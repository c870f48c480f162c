//! `mktemp [-d] [TEMPLATE]`: makes a file or directory with a name that nobody has.

use super::tool::Tool;
use crate::sys::Sys;
use oscope_kernel::abi::Errno;

const LETTERS: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// How many names are tried.
const ATTEMPTS: u32 = 100;

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "mktemp").await;
    let Some(options) = tool.options("dup:").await else { return 1 };
    let directory = options.value('p').unwrap_or("/tmp");
    let template = match options.operands.first() {
        Some(template) => template.clone(),
        None => format!("{directory}/tmp.XXXXXXXXXX"),
    };
    let stem = template.trim_end_matches('X');
    let count = template.len() - stem.len();
    if count < 3 {
        tool.complain(&format!("too few X's in template '{template}'")).await;
        return 1;
    }
    for _ in 0..ATTEMPTS {
        let chance = tool.sys.random(count).await.unwrap_or_default();
        let letters = chance.iter().map(|byte| char::from(LETTERS[usize::from(*byte) % 62]));
        let path = format!("{stem}{}", letters.collect::<String>());
        let made = if options.has('d') {
            tool.sys.mkdir(&path, 0o700).await
        } else {
            // O_RDWR | O_CREAT | O_EXCL
            tool.sys.open(&path, 0o302, 0o600).await
        };
        match made {
            Err(Errno::EEXIST) => {}
            Err(errno) => {
                let what = if options.has('d') { "directory" } else { "file" };
                let message = format!(
                    "failed to create {what} via template '{template}': {}",
                    errno.message()
                );
                tool.complain(&message).await;
                return 1;
            }
            Ok(_) => {
                tool.print(&format!("{path}\n")).await;
                return tool.end().await;
            }
        }
    }
    tool.complain("no free name").await;
    tool.end().await
}
