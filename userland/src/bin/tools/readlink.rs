//! `readlink [-fn] FILE...`: where symbolic links lead; with `-f` the path without any.

use super::tool::Tool;
use crate::sys::Sys;

/// How many links a path may have (Linux: `MAXSYMLINKS`).
const MOST_LINKS: u32 = 40;

/// The path that has no `.`, no `..` and no symbolic link. Its last component need not exist.
pub(super) async fn canonical(sys: &Sys, path: &str) -> Option<String> {
    let start = if path.starts_with('/') { String::new() } else { sys.getcwd().await.ok()? };
    let mut done = start.trim_end_matches('/').to_owned();
    let mut rest: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
    let mut links = 0;
    while let Some(part) = rest.pop() {
        match part.as_str() {
            "" | "." => continue,
            ".." => {
                done.truncate(done.rfind('/').unwrap_or(0));
                continue;
            }
            _ => {}
        }
        let next = format!("{done}/{part}");
        if let Ok(target) = sys.readlink(&next).await {
            links += 1;
            if links > MOST_LINKS {
                return None;
            }
            if target.starts_with('/') {
                done.clear();
            }
            rest.extend(target.split('/').rev().map(str::to_owned));
            continue;
        }
        if rest.iter().any(|part| !part.is_empty()) && sys.stat(&next).await.is_err() {
            return None;
        }
        done = next;
    }
    Some(if done.is_empty() { "/".to_owned() } else { done })
}

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "readlink").await;
    let Some(options) = tool.options("efmn").await else { return 1 };
    if options.operands.is_empty() {
        tool.complain("missing operand").await;
        return 1;
    }
    for path in &options.operands {
        let found = match options.last_of("efm").is_some() {
            true => canonical(&tool.sys, path).await,
            false => tool.sys.readlink(path).await.ok(),
        };
        match found {
            Some(text) => {
                let end = if options.has('n') { "" } else { "\n" };
                tool.print(&format!("{text}{end}")).await;
            }
            None => tool.status = 1,
        }
    }
    tool.end().await
}

/// `realpath FILE...`
pub(super) async fn realpath(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "realpath").await;
    let Some(options) = tool.options("em").await else { return 1 };
    for path in &options.operands {
        match canonical(&tool.sys, path).await {
            Some(text) => tool.print(&format!("{text}\n")).await,
            None => tool.complain(&format!("{path}: No such file or directory")).await,
        }
    }
    tool.end().await
}
