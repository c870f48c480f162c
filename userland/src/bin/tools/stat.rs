//! `stat [-L] [-c FORMAT] FILE...`: what the system knows about a file.

use super::names::{group_name, user_name};
use super::tool::Tool;
use crate::sys::Sys;
use crate::text::{date, mode};
use oscope_kernel::abi::flags::file::{FILE_TYPE_MASK, file_type};
use oscope_kernel::abi::types::{Stat, Timespec, major, minor};

fn kind(status: &Stat) -> &'static str {
    match status.mode & FILE_TYPE_MASK {
        file_type::REG if status.size == 0 => "regular empty file",
        file_type::REG => "regular file",
        file_type::DIR => "directory",
        file_type::LNK => "symbolic link",
        file_type::CHR => "character special file",
        file_type::BLK => "block special file",
        file_type::IFO => "fifo",
        file_type::SOCK => "socket",
        _ => "weird file",
    }
}

fn time(time: Timespec) -> String {
    date::format("%Y-%m-%d %H:%M:%S.%N +0000", time.seconds, time.nanoseconds)
}

/// What is needed besides the status.
struct Words<'a> {
    path: &'a str,
    target: Option<String>,
    user: String,
    group: String,
}

fn fill(format: &str, status: &Stat, words: &Words<'_>) -> String {
    let mut out = String::new();
    let mut letters = format.chars();
    while let Some(c) = letters.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let quoted = match &words.target {
            Some(target) => format!("'{}' -> '{target}'", words.path),
            None => format!("'{}'", words.path),
        };
        let piece = match letters.next() {
            Some('n') => words.path.to_owned(),
            Some('N') => quoted,
            Some('s') => status.size.to_string(),
            Some('b') => status.blocks.to_string(),
            Some('B') => "512".to_owned(),
            Some('o') => status.block_size.to_string(),
            Some('f') => format!("{:x}", status.mode),
            Some('a') => format!("{:o}", status.mode & 0o7777),
            Some('A') => mode::letters(status.mode),
            Some('F') => kind(status).to_owned(),
            Some('h') => status.links.to_string(),
            Some('i') => status.inode.to_string(),
            Some('d') => status.device.to_string(),
            Some('D') => format!("{:x}", status.device),
            Some('t') => format!("{:x}", major(status.special)),
            Some('T') => format!("{:x}", minor(status.special)),
            Some('u') => status.uid.to_string(),
            Some('U') => words.user.clone(),
            Some('g') => status.gid.to_string(),
            Some('G') => words.group.clone(),
            Some('x') => time(status.accessed),
            Some('y') => time(status.modified),
            Some('z') => time(status.changed),
            Some('X') => status.accessed.seconds.to_string(),
            Some('Y') => status.modified.seconds.to_string(),
            Some('Z') => status.changed.seconds.to_string(),
            Some('%') | None => "%".to_owned(),
            Some(_) => "?".to_owned(),
        };
        out.push_str(&piece);
    }
    out
}

/// What is shown without `-c`.
fn whole(status: &Stat, words: &Words<'_>) -> String {
    let device = match status.mode & FILE_TYPE_MASK {
        file_type::CHR | file_type::BLK => {
            format!("\tDevice type: {},{}", major(status.special), minor(status.special))
        }
        _ => String::new(),
    };
    let ids = format!(
        "Access: (%04a/%A)  Uid: ({:5}/{:>8})   Gid: ({:5}/{:>8})\n",
        status.uid, words.user, status.gid, words.group
    );
    let ids = ids.replace("%04a", &format!("{:04o}", status.mode & 0o7777));
    let numbers = format!(
        "  Size: {:<10}\tBlocks: {:<10} IO Block: {:<6} {}\nDevice: {},{}\tInode: {:<11} Links: {}{device}\n",
        status.size,
        status.blocks,
        status.block_size,
        kind(status),
        major(status.device),
        minor(status.device),
        status.inode,
        status.links,
    );
    fill(
        "  File: %N\n",
        status,
        &Words {
            path: words.path,
            target: words.target.clone(),
            user: String::new(),
            group: String::new(),
        },
    )
    .replace('\'', "")
        + &numbers
        + &fill(&ids, status, words)
        + &fill("Access: %x\nModify: %y\nChange: %z\n Birth: -\n", status, words)
}

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "stat").await;
    let Some(options) = tool.options("Lc:t").await else { return 1 };
    if options.operands.is_empty() {
        tool.complain("missing operand").await;
        return 1;
    }
    let (users, groups) = (tool.text_of("/etc/passwd").await, tool.text_of("/etc/group").await);
    for path in &options.operands {
        let status = match options.has('L') {
            true => tool.sys.stat(path).await,
            false => tool.sys.lstat(path).await,
        };
        let status = match status {
            Ok(status) => status,
            Err(errno) => {
                tool.complain(&format!("cannot statx '{path}': {}", errno.message())).await;
                continue;
            }
        };
        let words = Words {
            path,
            target: tool.sys.readlink(path).await.ok().filter(|_| !options.has('L')),
            user: user_name(&users, status.uid),
            group: group_name(&groups, status.gid),
        };
        let text = match options.value('c') {
            Some(format) => fill(format, &status, &words) + "\n",
            None => whole(&status, &words),
        };
        tool.print(&text).await;
    }
    tool.end().await
}
