//! `grep [-cEFhHilLnoqrsvwx] [-e PATTERN] PATTERN [FILE...]`: lines that match.

use super::tool::{Lines, Options, Tool};
use crate::sys::Sys;
use crate::text::regex::{Style, compile};
use oscope_kernel::abi::flags::file::{FILE_TYPE_MASK, file_type};
use regex_lite::Regex;

/// What is looked for.
struct Search {
    options: Options,
    patterns: Vec<Regex>,
    /// Whether names stand before lines.
    has_names: bool,
    has_any: bool,
}

impl Search {
    fn matches(&self, line: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.is_match(line)) != self.options.has('v')
    }

    async fn file(&mut self, tool: &mut Tool, fd: u64, name: &str) {
        let name = if name == "-" { "(standard input)" } else { name };
        let has = |letter| self.options.has(letter);
        let (mut number, mut count) = (0u64, 0u64);
        let mut lines = Lines::new(fd);
        while let Some(bytes) = lines.next(tool).await {
            number += 1;
            let line = String::from_utf8_lossy(&bytes);
            if !self.matches(&line) {
                continue;
            }
            count += 1;
            if has('q') || has('l') || has('L') {
                break;
            }
            if has('c') {
                continue;
            }
            let mut head = if self.has_names { format!("{name}:") } else { String::new() };
            if has('n') {
                head.push_str(&format!("{number}:"));
            }
            if has('o') && !has('v') {
                for found in self.patterns.iter().flat_map(|pattern| pattern.find_iter(&line)) {
                    if !found.is_empty() {
                        tool.print(&format!("{head}{}\n", found.as_str())).await;
                    }
                }
                continue;
            }
            tool.print(&head).await;
            tool.put(&bytes).await;
            tool.put(b"\n").await;
        }
        if has('c') && !has('q') {
            let head = if self.has_names { format!("{name}:") } else { String::new() };
            tool.print(&format!("{head}{count}\n")).await;
        }
        if has('l') && count > 0 || has('L') && count == 0 {
            tool.print(&format!("{name}\n")).await;
        }
        self.has_any |= count > 0;
    }
}

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "grep").await;
    let Some(mut options) = tool.options("cEFGhHilLnoqrRsvwxye:").await else { return 2 };
    let mut texts: Vec<String> = options.values('e').map(str::to_owned).collect();
    if texts.is_empty() {
        if options.operands.is_empty() {
            return tool.usage("grep [OPTION]... PATTERNS [FILE]...").await.max(2);
        }
        texts.push(options.operands.remove(0));
    }
    let kind = options.last_of("EFG");
    let style = Style {
        is_extended: kind == Some('E'),
        is_fixed: kind == Some('F'),
        ignores_case: options.has('i') || options.has('y'),
    };
    let mut patterns = Vec::new();
    for text in texts.iter().flat_map(|text| text.split('\n')) {
        let compiled = compile(text, style).and_then(|regex| {
            let inner = regex.as_str().to_owned();
            let whole = match (options.has('x'), options.has('w')) {
                (true, _) => format!("^(?:{inner})$"),
                (_, true) => format!("\\b(?:{inner})\\b"),
                _ => return Ok(regex),
            };
            let style = regex_lite::RegexBuilder::new(&whole)
                .case_insensitive(options.has('i') || options.has('y'))
                .build();
            style.map_err(|error| error.to_string())
        });
        match compiled {
            Ok(pattern) => patterns.push(pattern),
            Err(message) => {
                tool.complain(&message).await;
                return 2;
            }
        }
    }
    let is_deep = options.has('r') || options.has('R');
    let names = match (options.operands.is_empty(), is_deep) {
        (true, true) => vec![".".to_owned()],
        _ => options.inputs(),
    };
    let has_names = (names.len() > 1 || is_deep || options.has('H')) && !options.has('h');
    let is_silent = options.has('s');
    let mut search = Search { options, patterns, has_names, has_any: false };
    let mut is_wrong = false;
    let mut waiting: Vec<String> = names.into_iter().rev().collect();
    while let Some(name) = waiting.pop() {
        let status = if name == "-" { None } else { Some(tool.sys.stat(&name).await) };
        match status {
            Some(Err(errno)) => {
                if !is_silent {
                    tool.fail(&name, errno).await;
                }
                is_wrong = true;
                continue;
            }
            Some(Ok(status)) if status.mode & FILE_TYPE_MASK == file_type::DIR => {
                if !is_deep {
                    tool.complain(&format!("{name}: Is a directory")).await;
                    continue;
                }
                let mut inside: Vec<String> = tool.names_in(&name).await;
                inside.reverse();
                let prefix = if name.ends_with('/') { name } else { format!("{name}/") };
                waiting.extend(inside.into_iter().map(|inner| format!("{prefix}{inner}")));
                continue;
            }
            _ => {}
        }
        let Some(fd) = tool.open(&name).await else {
            is_wrong = true;
            continue;
        };
        search.file(&mut tool, fd, &name).await;
        tool.close(fd).await;
        if search.has_any && search.options.has('q') {
            return 0;
        }
    }
    tool.status = if is_wrong { 2 } else { u64::from(!search.has_any) };
    tool.end().await
}
