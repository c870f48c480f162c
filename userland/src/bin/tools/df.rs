//! `df [-ahikT] [FILE...]`: how full file systems are. Which are mounted stands in /proc/mounts.

use super::tool::Tool;
use crate::sys::{FileSystemStatus, Sys};
use crate::text::amount;

/// A line of /proc/mounts.
struct Mount {
    source: String,
    place: String,
    kind: String,
}

fn mounts(text: &str) -> Vec<Mount> {
    let unescape = |text: &str| text.replace("\\040", " ").replace("\\011", "\t");
    let mount = |line: &str| {
        let mut fields = line.split(' ');
        let (source, place, kind) = (fields.next()?, fields.next()?, fields.next()?);
        Some(Mount { source: unescape(source), place: unescape(place), kind: kind.to_owned() })
    };
    text.lines().filter_map(mount).collect()
}

fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "-".to_owned();
    }
    format!("{}%", (u128::from(part) * 100).div_ceil(u128::from(whole)))
}

fn row(mount: &Mount, status: &FileSystemStatus, unit: char) -> [String; 7] {
    let bytes = |blocks: u64| blocks.saturating_mul(status.block_size);
    let shown = |blocks: u64| match unit {
        'h' => amount::human(bytes(blocks)),
        _ => bytes(blocks).div_ceil(1024).to_string(),
    };
    let (total, used, free, part) = if unit == 'i' {
        let used = status.files.saturating_sub(status.free_files);
        let texts = [status.files, used, status.free_files].map(|number| number.to_string());
        let [total, used_text, free] = texts;
        (total, used_text, free, percent(used, status.files))
    } else {
        let used = status.blocks.saturating_sub(status.free);
        let part = percent(used, used.saturating_add(status.available));
        (shown(status.blocks), shown(used), shown(status.available), part)
    };
    [mount.source.clone(), mount.kind.clone(), total, used, free, part, mount.place.clone()]
}

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "df").await;
    let Some(options) = tool.options("ahikPT").await else { return 1 };
    let text = tool.text_of("/proc/mounts").await;
    if text.is_empty() {
        tool.complain("cannot read table of mounted file systems: No such file or directory").await;
        return 1;
    }
    let all = mounts(&text);
    let mut wanted: Vec<&Mount> = Vec::new();
    if options.operands.is_empty() {
        // What was mounted over is not seen any more.
        let is_seen = |n: usize| all[n + 1..].iter().all(|later| later.place != all[n].place);
        wanted.extend(all.iter().enumerate().filter(|(n, _)| is_seen(*n)).map(|(_, mount)| mount));
    }
    for path in &options.operands {
        let device = match tool.sys.stat(path).await {
            Ok(status) => status.device,
            Err(errno) => {
                tool.fail(path, errno).await;
                continue;
            }
        };
        let mut found = None;
        for mount in &all {
            let status = tool.sys.stat(&mount.place).await;
            if status.is_ok_and(|status| status.device == device) {
                found = Some(mount);
            }
        }
        wanted.extend(found);
    }
    let unit = options.last_of("hik").unwrap_or('k');
    let head = match unit {
        'i' => ["Filesystem", "Type", "Inodes", "IUsed", "IFree", "IUse%", "Mounted on"],
        'h' => ["Filesystem", "Type", "Size", "Used", "Avail", "Use%", "Mounted on"],
        _ => ["Filesystem", "Type", "1K-blocks", "Used", "Available", "Use%", "Mounted on"],
    };
    let mut rows = vec![head.map(str::to_owned)];
    for mount in wanted {
        let Ok(status) = tool.sys.statfs(&mount.place).await else { continue };
        if status.blocks > 0 || options.has('a') || !options.operands.is_empty() {
            rows.push(row(mount, &status, unit));
        }
    }
    let width = |n: usize| rows.iter().map(|row| row[n].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..7).map(width).collect();
    for [source, kind, total, used, free, part, place] in &rows {
        let kind =
            if options.has('T') { format!("{kind:<w$} ", w = widths[1]) } else { String::new() };
        let line = format!(
            "{source:<a$} {kind}{total:>b$} {used:>c$} {free:>d$} {part:>e$} {place}\n",
            a = widths[0],
            b = widths[2],
            c = widths[3],
            d = widths[4],
            e = widths[5],
        );
        tool.print(&line).await;
    }
    tool.end().await
}
