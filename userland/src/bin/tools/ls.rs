//! `ls [-aAdFhiklnrRStu1] [FILE...]`: lists files and directories.

use super::names::{group_name, user_name};
use super::tool::{Options, Tool};
use crate::sys::Sys;
use crate::text::{amount, date, mode};
use oscope_kernel::abi::flags::file::{FILE_TYPE_MASK, file_type};
use oscope_kernel::abi::types::{Stat, major, minor};

/// A file that is to be listed.
struct Entry {
    name: String,
    path: String,
    status: Stat,
}

fn kind(status: &Stat) -> u32 {
    status.mode & FILE_TYPE_MASK
}

/// What `-F` puts behind a name.
fn mark(status: &Stat) -> &'static str {
    match kind(status) {
        file_type::DIR => "/",
        file_type::LNK => "@",
        file_type::IFO => "|",
        file_type::SOCK => "=",
        file_type::REG if status.mode & 0o111 != 0 => "*",
        _ => "",
    }
}

struct Listing {
    options: Options,
    users: String,
    groups: String,
    is_terminal: bool,
    now: i64,
}

impl Listing {
    fn has(&self, letter: char) -> bool {
        self.options.has(letter)
    }

    fn sort(&self, entries: &mut [Entry]) {
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        if self.has('t') {
            let time =
                |entry: &Entry| (entry.status.modified.seconds, entry.status.modified.nanoseconds);
            entries.sort_by_key(|entry| std::cmp::Reverse(time(entry)));
        } else if self.has('S') {
            entries.sort_by_key(|entry| std::cmp::Reverse(entry.status.size));
        }
        if self.has('r') {
            entries.reverse();
        }
    }

    /// Lists entries, in order.
    async fn show(&self, tool: &mut Tool, entries: &[Entry]) {
        let mut names = Vec::new();
        for entry in entries {
            let mut name = entry.name.clone();
            if self.has('l') && kind(&entry.status) == file_type::LNK {
                let target = tool.sys.readlink(&entry.path).await.unwrap_or_default();
                name.push_str(&format!(" -> {target}"));
            } else if self.has('F') {
                name.push_str(mark(&entry.status));
            } else if self.has('p') && kind(&entry.status) == file_type::DIR {
                name.push('/');
            }
            names.push(name);
        }
        if self.has('l') || self.has('n') {
            return self.long(tool, entries, &names).await;
        }
        if self.has('i') {
            let width = entries.iter().map(|entry| entry.status.inode.to_string().len()).max();
            let width = width.unwrap_or(0);
            for (name, entry) in names.iter_mut().zip(entries) {
                *name = format!("{:>width$} {name}", entry.status.inode);
            }
        }
        if self.has('1') || !self.is_terminal && !self.has('C') {
            for name in names {
                tool.print(&format!("{name}\n")).await;
            }
            return;
        }
        columns(tool, &names).await;
    }

    async fn long(&self, tool: &mut Tool, entries: &[Entry], names: &[String]) {
        let mut rows: Vec<[String; 7]> = Vec::new();
        for entry in entries {
            let status = &entry.status;
            let size = match kind(status) {
                file_type::CHR | file_type::BLK => {
                    format!("{}, {}", major(status.special), minor(status.special))
                }
                _ if self.has('h') => amount::human(status.size.max(0) as u64),
                _ => status.size.to_string(),
            };
            let (user, group) = if self.has('n') {
                (status.uid.to_string(), status.gid.to_string())
            } else {
                (user_name(&self.users, status.uid), group_name(&self.groups, status.gid))
            };
            rows.push([
                if self.has('i') { status.inode.to_string() } else { String::new() },
                mode::letters(status.mode),
                status.links.to_string(),
                user,
                group,
                size,
                date::of_listing(status.modified.seconds, self.now),
            ]);
        }
        let width = |n: usize| rows.iter().map(|row| row[n].len()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..7).map(width).collect();
        for (row, name) in rows.iter().zip(names) {
            let [inode, letters, links, user, group, size, time] = row;
            let mut line = String::new();
            if self.has('i') {
                line.push_str(&format!("{inode:>w$} ", w = widths[0]));
            }
            line.push_str(&format!(
                "{letters} {links:>a$} {user:<b$} {group:<c$} {size:>d$} {time} {name}\n",
                a = widths[2],
                b = widths[3],
                c = widths[4],
                d = widths[5],
            ));
            tool.print(&line).await;
        }
    }

    /// Whether a name in a directory is listed.
    fn is_shown(&self, name: &str) -> bool {
        !name.starts_with('.') || self.has('a') || self.has('A')
    }

    /// A directory's entries; says why if it cannot be read.
    async fn read(&self, tool: &mut Tool, path: &str) -> Option<Vec<Entry>> {
        let found = match tool.sys.read_directory(path).await {
            Ok(found) => found,
            Err(errno) => {
                let message = format!("cannot open directory '{path}': {}", errno.message());
                tool.complain(&message).await;
                tool.status = 2;
                return None;
            }
        };
        let mut names: Vec<String> =
            found.iter().map(|entry| String::from_utf8_lossy(&entry.name).into_owned()).collect();
        if self.has('a') {
            names.extend([".".to_owned(), "..".to_owned()]);
        }
        names.retain(|name| self.is_shown(name));
        let mut entries = Vec::new();
        // Names are enough, if nothing more is to be said about them.
        let needs_status = "lnitSFRph".chars().any(|letter| self.has(letter));
        for name in names {
            let inner = format!("{}/{name}", path.trim_end_matches('/'));
            let status = if needs_status {
                match tool.sys.lstat(&inner).await {
                    Ok(status) => status,
                    Err(errno) => {
                        let message = format!("cannot access '{inner}': {}", errno.message());
                        tool.complain(&message).await;
                        continue;
                    }
                }
            } else {
                Stat::default()
            };
            entries.push(Entry { name, path: inner, status });
        }
        self.sort(&mut entries);
        Some(entries)
    }
}

/// Names in columns, as wide as a terminal's screen.
async fn columns(tool: &mut Tool, names: &[String]) {
    let screen = tool.sys.window_size(1).await.map_or(80, |size| usize::from(size.columns));
    let length = |name: &String| name.chars().count();
    // As few rows as possible.
    let (mut rows, mut widths) = (names.len(), Vec::new());
    for tried in 1..=names.len() {
        let wide: Vec<usize> = names
            .chunks(tried)
            .map(|column| column.iter().map(length).max().unwrap_or(0))
            .collect();
        if wide.iter().sum::<usize>() + 2 * (wide.len() - 1) <= screen.max(20) {
            (rows, widths) = (tried, wide);
            break;
        }
    }
    for row in 0..rows {
        let mut line = String::new();
        let cells: Vec<(usize, &String)> =
            names.iter().enumerate().filter(|(n, _)| n % rows == row).collect();
        for (at, (n, name)) in cells.iter().enumerate() {
            line.push_str(name);
            if at + 1 < cells.len() {
                let width = widths.get(n / rows).copied().unwrap_or(0) + 2;
                line.push_str(&" ".repeat(width.saturating_sub(length(name))));
            }
        }
        tool.print(&format!("{line}\n")).await;
    }
}

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "ls").await;
    let Some(options) = tool.options("aAdFhiklnpqrRStu1C").await else { return 2 };
    let is_long = options.has('l') || options.has('n');
    let (users, groups) = match is_long {
        true => (tool.text_of("/etc/passwd").await, tool.text_of("/etc/group").await),
        false => (String::new(), String::new()),
    };
    let is_terminal = tool.sys.isatty(1).await;
    let now = tool.sys.real_time().await.seconds;
    let operands = match options.operands.is_empty() {
        true => vec![".".to_owned()],
        false => options.operands.clone(),
    };
    let listing = Listing { options, users, groups, is_terminal, now };
    let (mut files, mut directories) = (Vec::new(), Vec::new());
    for name in operands.iter().cloned() {
        let follows = !is_long && !listing.has('d') && !listing.has('F');
        let mut status = tool.sys.lstat(&name).await;
        if let Ok(link) = &status
            && kind(link) == file_type::LNK
            && (follows || name.ends_with('/'))
        {
            status = tool.sys.stat(&name).await.or(status);
        }
        match status {
            Ok(status) if kind(&status) == file_type::DIR && !listing.has('d') => {
                directories.push(Entry { path: name.clone(), name, status });
            }
            Ok(status) => files.push(Entry { path: name.clone(), name, status }),
            Err(errno) => {
                tool.complain(&format!("cannot access '{name}': {}", errno.message())).await;
                tool.status = 2;
            }
        }
    }
    listing.sort(&mut files);
    listing.sort(&mut directories);
    listing.show(&mut tool, &files).await;
    let has_headings = operands.len() > 1 || listing.has('R');
    let mut has_before = !files.is_empty();
    let mut waiting: Vec<String> = directories.into_iter().rev().map(|entry| entry.path).collect();
    while let Some(path) = waiting.pop() {
        let Some(entries) = listing.read(&mut tool, &path).await else { continue };
        if has_headings {
            let before = if has_before { "\n" } else { "" };
            tool.print(&format!("{before}{path}:\n")).await;
        }
        has_before = true;
        if is_long {
            let blocks: i64 = entries.iter().map(|entry| entry.status.blocks).sum();
            tool.print(&format!("total {}\n", blocks / 2)).await;
        }
        listing.show(&mut tool, &entries).await;
        if listing.has('R') {
            let inner = entries.iter().rev().filter(|entry| {
                kind(&entry.status) == file_type::DIR && entry.name != "." && entry.name != ".."
            });
            waiting.extend(inner.map(|entry| entry.path.clone()));
        }
    }
    tool.end().await
}
