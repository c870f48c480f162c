//! `mount [-r] [-t KIND] [-o OPTIONS] SOURCE DIRECTORY`, `mount --bind OLD NEW`, and `mount` alone, which lists what is
//! mounted; `umount [-l] DIRECTORY...`.

use super::tool::Tool;
use crate::sys::Sys;
use oscope_kernel::abi::Errno;

/// Options that are flags of mount(2) (linux/mount.h).
const FLAGS: [(&str, u64); 10] = [
    ("ro", 1),
    ("nosuid", 2),
    ("nodev", 4),
    ("noexec", 8),
    ("sync", 16),
    ("remount", 32),
    ("noatime", 1024),
    ("nodiratime", 2048),
    ("bind", 4096),
    ("move", 8192),
];

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "mount").await;
    let (mut flags, mut rest_of_options) = (0, Vec::new());
    tool.arguments.retain(|word| match word.as_str() {
        "--bind" | "-B" => {
            flags |= 4096;
            false
        }
        "--move" | "-M" => {
            flags |= 8192;
            false
        }
        _ => true,
    });
    let Some(options) = tool.options("rwt:o:").await else { return 1 };
    if options.has('r') {
        flags |= 1;
    }
    for option in options.values('o').flat_map(|text| text.split(',')) {
        match FLAGS.iter().find(|(name, _)| *name == option) {
            Some((_, flag)) => flags |= flag,
            None if matches!(option, "rw" | "defaults" | "") => {}
            None => rest_of_options.push(option),
        }
    }
    let kind = options.value('t').unwrap_or("");
    match &options.operands[..] {
        [] => {
            let text = tool.text_of("/proc/mounts").await;
            for line in text.lines() {
                let fields: Vec<&str> = line.split(' ').collect();
                if let [source, place, found, how, ..] = fields[..]
                    && (kind.is_empty() || kind == found)
                {
                    tool.print(&format!("{source} on {place} type {found} ({how})\n")).await;
                }
            }
        }
        [source, place] => {
            let done =
                tool.sys.mount((source, place, kind), flags, &rest_of_options.join(",")).await;
            if let Err(errno) = done {
                let why = match errno {
                    Errno::ENOENT => "mount point does not exist".to_owned(),
                    Errno::ENODEV => format!("unknown filesystem type '{kind}'"),
                    Errno::EPERM => "permission denied".to_owned(),
                    errno => errno.message().to_owned(),
                };
                tool.complain(&format!("{place}: {why}.")).await;
                tool.status = 32;
            }
        }
        _ => return tool.usage("mount [-t KIND] [-o OPTIONS] SOURCE DIRECTORY").await,
    }
    tool.end().await
}

pub(super) async fn umount(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "umount").await;
    let Some(options) = tool.options("fl").await else { return 1 };
    if options.operands.is_empty() {
        return tool.usage("umount [-l] DIRECTORY...").await;
    }
    let flags = u64::from(options.has('f')) | u64::from(options.has('l')) << 1;
    for place in &options.operands {
        if let Err(errno) = tool.sys.umount(place, flags).await {
            let why = match errno {
                Errno::EINVAL => "not mounted".to_owned(),
                Errno::EBUSY => "target is busy".to_owned(),
                Errno::ENOENT => "no mount point specified".to_owned(),
                errno => errno.message().to_lowercase(),
            };
            tool.complain(&format!("{place}: {why}.")).await;
            tool.status = 32;
        }
    }
    tool.end().await
}
