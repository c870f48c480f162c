//! `find [DIRECTORY...] [-maxdepth N] [-mindepth N] [-name PATTERN] [-type C] [-size N] [-newer FILE] [-empty] [-print]
//! [-exec COMMAND ;] [-delete] [! ( ) -o]`: walks trees of directories.

use super::tool::Tool;
use crate::sh::pattern::{fits, unquoted};
use crate::sys::Sys;
use oscope_kernel::abi::flags::file::{FILE_TYPE_MASK, file_type};
use oscope_kernel::abi::types::Stat;
use std::future::Future;
use std::pin::Pin;

/// How deep an expression may be nested.
const DEEPEST: u32 = 100;

#[derive(Debug)]
enum Test {
    Name(String, bool),
    Type(u32),
    Size { sign: char, count: u64, unit: u64 },
    Newer(i64, i64),
    Empty,
    Permissions(u32),
    Print(&'static str),
    Exec(Vec<String>),
    Delete,
    Constant(bool),
    Not(Box<Test>),
    And(Vec<Test>),
    Or(Vec<Test>),
}

struct Reader<'a> {
    words: &'a [String],
    at: usize,
    depth: u32,
    least: u64,
    most: u64,
    acts: bool,
}

impl Reader<'_> {
    fn next(&mut self, of: &str) -> Result<String, String> {
        let word = self.words.get(self.at).cloned();
        self.at += 1;
        word.ok_or_else(|| format!("missing argument to `{of}'"))
    }

    async fn or(&mut self, sys: &Sys) -> Result<Test, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("too deeply nested".to_owned());
        }
        let mut all = vec![self.and(sys).await?];
        while self.words.get(self.at).is_some_and(|word| word == "-o" || word == "-or") {
            self.at += 1;
            all.push(self.and(sys).await?);
        }
        self.depth -= 1;
        Ok(Test::Or(all))
    }

    async fn and(&mut self, sys: &Sys) -> Result<Test, String> {
        let mut all = Vec::new();
        while let Some(word) = self.words.get(self.at) {
            match word.as_str() {
                "-o" | "-or" | ")" => break,
                "-a" | "-and" => self.at += 1,
                _ => all.push(self.one(sys).await?),
            }
        }
        Ok(Test::And(all))
    }

    async fn one(&mut self, sys: &Sys) -> Result<Test, String> {
        let word = self.next("expression")?;
        let number = |text: &str| {
            text.parse::<u64>().map_err(|_| format!("invalid argument `{text}' to `{word}'"))
        };
        Ok(match word.as_str() {
            "!" | "-not" => {
                self.depth += 1;
                if self.depth > DEEPEST {
                    return Err("too deeply nested".to_owned());
                }
                Test::Not(Box::new(Box::pin(self.one(sys)).await?))
            }
            "(" => {
                let inner = Box::pin(self.or(sys)).await?;
                if self.next("(")? != ")" {
                    return Err("expected )".to_owned());
                }
                inner
            }
            "-name" => Test::Name(self.next("-name")?, false),
            "-iname" => Test::Name(self.next("-iname")?.to_lowercase(), true),
            "-type" => Test::Type(match self.next("-type")?.as_str() {
                "f" => file_type::REG,
                "d" => file_type::DIR,
                "l" => file_type::LNK,
                "p" => file_type::IFO,
                "c" => file_type::CHR,
                "b" => file_type::BLK,
                "s" => file_type::SOCK,
                other => return Err(format!("Unknown argument to -type: {other}")),
            }),
            "-size" => {
                let text = self.next("-size")?;
                let (sign, rest) = match text.chars().next() {
                    Some(sign @ ('+' | '-')) => (sign, &text[1..]),
                    _ => ('=', text.as_str()),
                };
                let digits = rest.trim_end_matches(|c: char| c.is_ascii_alphabetic());
                let unit = match &rest[digits.len()..] {
                    "" | "b" => 512,
                    "c" => 1,
                    "k" => 1024,
                    "M" => 1 << 20,
                    _ => return Err(format!("Invalid argument `{text}' to -size")),
                };
                Test::Size { sign, count: number(digits)?, unit }
            }
            "-newer" => {
                let name = self.next("-newer")?;
                let status = sys.stat(&name).await;
                let status = status.map_err(|errno| format!("'{name}': {}", errno.message()))?;
                Test::Newer(status.modified.seconds, status.modified.nanoseconds)
            }
            "-perm" => {
                let text = self.next("-perm")?;
                let mode = u32::from_str_radix(&text, 8);
                Test::Permissions(mode.map_err(|_| format!("invalid mode `{text}'"))?)
            }
            "-empty" => Test::Empty,
            "-true" => Test::Constant(true),
            "-false" => Test::Constant(false),
            "-maxdepth" => {
                let text = self.next("-maxdepth")?;
                self.most = number(&text)?;
                Test::Constant(true)
            }
            "-mindepth" => {
                let text = self.next("-mindepth")?;
                self.least = number(&text)?;
                Test::Constant(true)
            }
            "-print" | "-print0" => {
                self.acts = true;
                Test::Print(if word == "-print" { "\n" } else { "\0" })
            }
            "-delete" => {
                self.acts = true;
                Test::Delete
            }
            "-exec" => {
                self.acts = true;
                let mut command = Vec::new();
                loop {
                    let part = self.next("-exec")?;
                    if part == ";" {
                        break;
                    }
                    command.push(part);
                }
                Test::Exec(command)
            }
            other => return Err(format!("unknown predicate `{other}'")),
        })
    }
}

type Answer<'a> = Pin<Box<dyn Future<Output = bool> + 'a>>;

fn holds<'a>(tool: &'a mut Tool, test: &'a Test, path: &'a str, status: &'a Stat) -> Answer<'a> {
    Box::pin(async move {
        match test {
            Test::Constant(is_so) => *is_so,
            Test::Not(inner) => !holds(tool, inner, path, status).await,
            Test::And(all) => {
                for inner in all {
                    if !holds(tool, inner, path, status).await {
                        return false;
                    }
                }
                true
            }
            Test::Or(all) => {
                for inner in all {
                    if holds(tool, inner, path, status).await {
                        return true;
                    }
                }
                false
            }
            Test::Name(pattern, ignores_case) => {
                let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or(path);
                let name = if *ignores_case { name.to_lowercase() } else { name.to_owned() };
                fits(&unquoted(pattern), &name.chars().collect::<Vec<char>>())
            }
            Test::Type(kind) => status.mode & FILE_TYPE_MASK == *kind,
            Test::Permissions(mode) => status.mode & 0o7777 == *mode,
            Test::Size { sign, count, unit } => {
                let size = (status.size.max(0) as u64).div_ceil(*unit);
                match sign {
                    '+' => size > *count,
                    '-' => size < *count,
                    _ => size == *count,
                }
            }
            Test::Newer(seconds, nanoseconds) => {
                (status.modified.seconds, status.modified.nanoseconds) > (*seconds, *nanoseconds)
            }
            Test::Empty => match status.mode & FILE_TYPE_MASK {
                file_type::DIR => tool.names_in(path).await.is_empty(),
                file_type::REG => status.size == 0,
                _ => false,
            },
            Test::Print(end) => {
                tool.print(&format!("{path}{end}")).await;
                true
            }
            Test::Delete => {
                let is_directory = status.mode & FILE_TYPE_MASK == file_type::DIR;
                let removed = match is_directory {
                    true => tool.sys.rmdir(path).await,
                    false => tool.sys.unlink(path).await,
                };
                if let Err(errno) = removed {
                    tool.complain(&format!("cannot delete '{path}': {}", errno.message())).await;
                }
                removed.is_ok()
            }
            Test::Exec(command) => {
                tool.flush().await;
                let words: Vec<String> =
                    command.iter().map(|part| part.replace("{}", path)).collect();
                tool.run(&words).await == Ok(0)
            }
        }
    })
}

fn deletes(test: &Test) -> bool {
    match test {
        Test::Delete => true,
        Test::Not(inner) => deletes(inner),
        Test::And(all) | Test::Or(all) => all.iter().any(deletes),
        _ => false,
    }
}

pub(super) async fn main(sys: Sys) -> u64 {
    let mut tool = Tool::new(sys, "find").await;
    let words = tool.arguments.clone();
    let is_expression = |word: &String| word.starts_with('-') || word == "(" || word == "!";
    let count = words.iter().position(is_expression).unwrap_or(words.len());
    let (starts, rest) = words.split_at(count);
    let starts = if starts.is_empty() { vec![".".to_owned()] } else { starts.to_vec() };
    let mut reader = Reader { words: rest, at: 0, depth: 0, least: 0, most: u64::MAX, acts: false };
    let mut test = match reader.or(&tool.sys).await {
        Ok(test) => test,
        Err(message) => {
            tool.complain(&message).await;
            return 1;
        }
    };
    let (least, most) = (reader.least, reader.most);
    if !reader.acts {
        test = Test::And(vec![test, Test::Print("\n")]);
    }
    // What is deleted goes before the directory that it is in.
    let is_postorder = deletes(&test);
    let mut waiting: Vec<(String, u64, bool)> =
        starts.into_iter().rev().map(|start| (start, 0, false)).collect();
    while let Some((path, depth, was_entered)) = waiting.pop() {
        let status = match tool.sys.lstat(&path).await {
            Ok(status) => status,
            Err(errno) => {
                tool.complain(&format!("'{path}': {}", errno.message())).await;
                continue;
            }
        };
        let is_directory = status.mode & FILE_TYPE_MASK == file_type::DIR;
        let descends = is_directory && depth < most && !was_entered;
        if depth >= least && (!is_postorder || !descends) {
            holds(&mut tool, &test, &path, &status).await;
        }
        if !descends {
            continue;
        }
        if is_postorder {
            waiting.push((path.clone(), depth, true));
        }
        let prefix = if path.ends_with('/') { path.clone() } else { format!("{path}/") };
        match tool.sys.read_directory(&path).await {
            Ok(entries) => {
                for entry in entries.iter().rev() {
                    let name = String::from_utf8_lossy(&entry.name);
                    waiting.push((format!("{prefix}{name}"), depth + 1, false));
                }
            }
            Err(errno) => tool.complain(&format!("'{path}': {}", errno.message())).await,
        }
    }
    tool.end().await
}
