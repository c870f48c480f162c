//! `lsof [-p PID] [FILE...]`: which processes have which files open, as /proc/PID/fd has it.

use super::names::user_name;
use super::process::all;
use super::tool::Tool;
use crate::sys::Sys;
use oscope_kernel::abi::flags::file::{FILE_TYPE_MASK, file_type};
use oscope_kernel::abi::types::{major, minor};

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "lsof").await;
    let Some(options) = tool.options("p:n").await else { return 1 };
    let pids: Vec<u64> = options
        .values('p')
        .flat_map(|text| text.split(','))
        .filter_map(|text| text.parse().ok())
        .collect();
    let users = tool.text_of("/etc/passwd").await;
    let processes = all(&mut tool).await;
    if processes.is_empty() {
        tool.complain("/proc is not mounted, or has no processes").await;
        return 1;
    }
    let mut rows = vec![
        ["COMMAND", "PID", "USER", "FD", "TYPE", "DEVICE", "SIZE/OFF", "NODE", "NAME"]
            .map(str::to_owned),
    ];
    for process in processes.iter().filter(|p| pids.is_empty() || pids.contains(&p.pid)) {
        let base = format!("/proc/{}", process.pid);
        let mut places = vec![
            ("cwd".to_owned(), format!("{base}/cwd")),
            ("rtd".to_owned(), format!("{base}/root")),
        ];
        let descriptors = tool.sys.read_directory(&format!("{base}/fd")).await.unwrap_or_default();
        let mut numbers: Vec<u64> = descriptors
            .iter()
            .filter_map(|entry| String::from_utf8_lossy(&entry.name).parse().ok())
            .collect();
        numbers.sort_unstable();
        for number in numbers {
            let how = tool.text_of(&format!("{base}/fdinfo/{number}")).await;
            let flags = how.lines().find_map(|line| line.strip_prefix("flags:"));
            let flags = flags.and_then(|text| u32::from_str_radix(text.trim(), 8).ok());
            let letter = match flags.map(|flags| flags & 3) {
                Some(0) => "r",
                Some(1) => "w",
                Some(2) => "u",
                _ => "",
            };
            places.push((format!("{number}{letter}"), format!("{base}/fd/{number}")));
        }
        for (name, path) in places {
            let Ok(target) = tool.sys.readlink(&path).await else { continue };
            if !options.operands.is_empty() && !options.operands.contains(&target) {
                continue;
            }
            let status = tool.sys.stat(&path).await.unwrap_or_default();
            let kind = match status.mode & FILE_TYPE_MASK {
                file_type::REG => "REG",
                file_type::DIR => "DIR",
                file_type::CHR => "CHR",
                file_type::BLK => "BLK",
                file_type::IFO => "FIFO",
                file_type::SOCK => "sock",
                _ => "unknown",
            };
            let is_device = matches!(kind, "CHR" | "BLK");
            let device = if is_device { status.special } else { status.device };
            rows.push([
                process.name.clone(),
                process.pid.to_string(),
                user_name(&users, process.uid),
                name,
                kind.to_owned(),
                format!("{},{}", major(device), minor(device)),
                if is_device { "0t0".to_owned() } else { status.size.to_string() },
                status.inode.to_string(),
                target,
            ]);
        }
    }
    let width = |n: usize| rows.iter().map(|row| row[n].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..9).map(width).collect();
    for row in &rows {
        let mut line = String::new();
        for (n, text) in row.iter().enumerate() {
            let width = widths[n];
            match n {
                0 | 2 => line.push_str(&format!("{text:<width$} ")),
                8 => line.push_str(text),
                _ => line.push_str(&format!("{text:>width$} ")),
            }
        }
        tool.print(&format!("{line}\n")).await;
    }
    tool.end().await
}
