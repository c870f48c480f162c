//! What the tools share.

use crate::sys::{Result, Sys};
use oscope_kernel::abi::Errno;

/// How much output is kept before it is written (stdio's `BUFSIZ`, more or less).
const BUFFER: usize = 4096;
/// How much is moved at a time from file to file.
const BLOCK: u64 = 64 * 1024;
/// The longest line, in bytes; longer ones are cut in two.
const LONGEST: usize = 1 << 20;

/// A small program at work.
pub(in super::super) struct Tool {
    pub(super) sys: Sys,
    pub(super) name: &'static str,
    /// Its arguments, without its name.
    pub(super) arguments: Vec<String>,
    /// Its exit status so far.
    pub(super) status: u64,
    out: Vec<u8>,
    /// Whether nobody reads what it writes any more.
    is_output_gone: bool,
    /// A buffer in memory through which files are copied.
    block: Option<u64>,
}

/// Options and operands.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    given: Vec<(char, Option<String>)>,
    /// What is no option.
    pub(super) operands: Vec<String>,
}

impl Options {
    /// Options without values, for a program that does another one's work.
    pub(super) fn of(letters: &str) -> Self {
        let given = letters.chars().map(|letter| (letter, None)).collect();
        Self { given, operands: Vec::new() }
    }

    /// Whether an option was given.
    pub(super) fn has(&self, letter: char) -> bool {
        self.given.iter().any(|(known, _)| *known == letter)
    }

    /// The value of an option, the last one given.
    pub(super) fn value(&self, letter: char) -> Option<&str> {
        self.values(letter).last()
    }

    /// All values of an option.
    pub(super) fn values(&self, letter: char) -> impl Iterator<Item = &str> {
        let given = self.given.iter().filter(move |(known, _)| *known == letter);
        given.filter_map(|(_, value)| value.as_deref())
    }

    /// Which of some options was given last.
    pub(super) fn last_of(&self, letters: &str) -> Option<char> {
        let given = self.given.iter().map(|(letter, _)| *letter);
        given.rev().find(|letter| letters.contains(*letter))
    }

    /// The operands as files to read; none means standard input.
    pub(super) fn inputs(&self) -> Vec<String> {
        if self.operands.is_empty() { vec!["-".to_owned()] } else { self.operands.clone() }
    }
}

impl Tool {
    pub(super) async fn new(sys: Sys, name: &'static str) -> Self {
        let arguments = sys.arguments().await.into_iter().skip(1).collect();
        let out = Vec::new();
        Self { sys, name, arguments, status: 0, out, is_output_gone: false, block: None }
    }

    /// Reads options as getopt(3) of GNU does: `spec` has the letters, a colon behind those that take a value; operands
    /// may stand between options. `None` if one is unknown, which has been said then.
    pub(super) async fn options(&mut self, spec: &str) -> Option<Options> {
        self.options_until(spec, false).await
    }

    /// The same; with `stops`, what stands behind the first operand is an operand too.
    pub(super) async fn options_until(&mut self, spec: &str, stops: bool) -> Option<Options> {
        let mut options = Options::default();
        let mut rest = self.arguments.iter();
        while let Some(word) = rest.next() {
            if word == "--" {
                options.operands.extend(rest.cloned());
                break;
            }
            let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
                options.operands.push(word.clone());
                if stops {
                    options.operands.extend(rest.cloned());
                    break;
                }
                continue;
            };
            if letters.starts_with('-') {
                let message = format!("unrecognized option '{word}'");
                self.complain(&message).await;
                return None;
            }
            for (at, letter) in letters.char_indices() {
                let place = spec.find(letter).filter(|_| letter != ':');
                let Some(place) = place else {
                    self.complain(&format!("invalid option -- '{letter}'")).await;
                    return None;
                };
                if !spec[place + letter.len_utf8()..].starts_with(':') {
                    options.given.push((letter, None));
                    continue;
                }
                let own = &letters[at + letter.len_utf8()..];
                let value =
                    if own.is_empty() { rest.next().cloned() } else { Some(own.to_owned()) };
                let Some(value) = value else {
                    self.complain(&format!("option requires an argument -- '{letter}'")).await;
                    return None;
                };
                options.given.push((letter, Some(value)));
                break;
            }
        }
        Some(options)
    }

    /// Writes bytes, when enough have come together.
    pub(super) async fn put(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
        if self.out.len() >= BUFFER {
            self.flush().await;
        }
    }

    /// Writes a text, when enough has come together.
    pub(super) async fn print(&mut self, text: &str) {
        self.put(text.as_bytes()).await;
    }

    /// Writes what has come together.
    pub(super) async fn flush(&mut self) {
        let bytes = std::mem::take(&mut self.out);
        if bytes.is_empty() || self.is_output_gone {
            return;
        }
        if let Err(errno) = self.sys.write(1, &bytes).await {
            self.is_output_gone = true;
            self.complain(&format!("write error: {}", errno.message())).await;
        }
    }

    /// Whether writing is of no use any more.
    pub(super) fn is_output_gone(&self) -> bool {
        self.is_output_gone
    }

    /// A message on standard error, with the program's name. The status becomes 1 if it was 0.
    pub(super) async fn complain(&mut self, message: &str) {
        if !self.is_output_gone {
            Box::pin(self.flush()).await;
        }
        let text = format!("{}: {message}\n", self.name);
        let _ = self.sys.write(2, text.as_bytes()).await;
        self.status = self.status.max(1);
    }

    /// A message about a file or the like, and why.
    pub(super) async fn fail(&mut self, what: &str, errno: Errno) {
        self.complain(&format!("{what}: {}", errno.message())).await;
    }

    /// A missing operand: how it is used.
    pub(super) async fn usage(&mut self, usage: &str) -> u64 {
        let text = format!("usage: {usage}\n");
        let _ = self.sys.write(2, text.as_bytes()).await;
        1
    }

    /// The end: writes what is left, and returns the status.
    pub(super) async fn end(mut self) -> u64 {
        self.flush().await;
        self.status
    }

    /// Opens a file to read; `-` is standard input. Says why not.
    pub(super) async fn open(&mut self, name: &str) -> Option<u64> {
        if name == "-" {
            return Some(0);
        }
        match self.sys.open(name, 0, 0).await {
            Ok(fd) => Some(fd),
            Err(errno) => {
                self.fail(name, errno).await;
                None
            }
        }
    }

    /// The same with the longer message that some programs have.
    pub(super) async fn open_for_reading(&mut self, name: &str) -> Option<u64> {
        if name == "-" {
            return Some(0);
        }
        match self.sys.open(name, 0, 0).await {
            Ok(fd) => Some(fd),
            Err(errno) => {
                self.fail(&format!("cannot open '{name}' for reading"), errno).await;
                None
            }
        }
    }

    /// Closes what [`open`](Self::open) opened.
    pub(super) async fn close(&self, fd: u64) {
        if fd != 0 {
            let _ = self.sys.close(fd).await;
        }
    }

    /// Moves bytes from one file to another until the first one ends, through memory: the program itself never looks
    /// at them.
    pub(super) async fn copy(&mut self, from: u64, to: u64) -> Result<u64> {
        let block = match self.block {
            Some(block) => block,
            None => *self.block.insert(self.sys.mmap(BLOCK).await?),
        };
        let mut total = 0;
        loop {
            let count = match self.sys.read_at(from, block, BLOCK).await {
                Err(Errno::EINTR) => continue,
                count => count?,
            };
            if count == 0 {
                return Ok(total);
            }
            let mut done = 0;
            while done < count {
                done += self.sys.write_at(to, block + done, count - done).await?;
            }
            total += count;
        }
    }

    /// The names in a directory, in order; says why if it cannot be read.
    pub(super) async fn names_in(&mut self, path: &str) -> Vec<String> {
        match self.sys.read_directory(path).await {
            Ok(entries) => {
                let name = |entry: &oscope_kernel::abi::types::Dirent| {
                    String::from_utf8_lossy(&entry.name).into_owned()
                };
                let mut names: Vec<String> = entries.iter().map(name).collect();
                names.sort_unstable();
                names
            }
            Err(errno) => {
                self.fail(path, errno).await;
                Vec::new()
            }
        }
    }

    /// Becomes another program, found as execvp(3) does. Returns only if it cannot: the status to end with.
    pub(super) async fn execute(&mut self, words: &[String]) -> u64 {
        self.flush().await;
        let environment = self.sys.environment().await;
        self.execute_with(words, &environment).await
    }

    /// The same with another environment.
    pub(super) async fn execute_with(&mut self, words: &[String], environment: &[String]) -> u64 {
        let Some(name) = words.first() else { return 127 };
        let path = environment.iter().find_map(|entry| entry.strip_prefix("PATH="));
        let path = path.unwrap_or("/usr/bin:/bin").to_owned();
        let candidates: Vec<String> = if name.contains('/') {
            vec![name.clone()]
        } else {
            path.split(':').map(|directory| format!("{directory}/{name}")).collect()
        };
        let list: Vec<&str> = words.iter().map(String::as_str).collect();
        let environment: Vec<&str> = environment.iter().map(String::as_str).collect();
        let mut last = Errno::ENOENT;
        for candidate in candidates {
            match self.sys.execve_with(&candidate, &list, &environment).await {
                Errno::ENOENT | Errno::ENOTDIR => {}
                errno => last = errno,
            }
        }
        self.fail(name, last).await;
        if last == Errno::ENOENT { 127 } else { 126 }
    }

    /// Runs a program and waits for its end: its status, 128 and the signal's number if that killed it.
    pub(super) async fn run(&mut self, words: &[String]) -> Result<u64> {
        let child = self.sys.fork().await?;
        if child == 0 {
            let status = self.execute(words).await;
            self.sys.exit(status).await;
        }
        loop {
            match self.sys.wait(child as i64).await {
                Ok((_, word)) if word & 0x7f == 0 => return Ok(u64::from(word >> 8 & 0xff)),
                Ok((_, word)) => return Ok(128 + u64::from(word & 0x7f)),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        }
    }

    /// All of a file.
    pub(super) async fn read_all(&mut self, fd: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        loop {
            match self.sys.read(fd, 8192).await {
                Ok(some) if some.is_empty() => return Ok(bytes),
                Ok(some) => bytes.extend(some),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        }
    }

    /// A small file as a text; empty if it cannot be read.
    pub(super) async fn text_of(&mut self, path: &str) -> String {
        let Ok(fd) = self.sys.open(path, 0, 0).await else { return String::new() };
        let bytes = self.read_all(fd).await.unwrap_or_default();
        let _ = self.sys.close(fd).await;
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// A file read line by line.
pub(super) struct Lines {
    fd: u64,
    buffer: Vec<u8>,
    at: usize,
    is_end: bool,
    was_whole: bool,
}

impl Lines {
    pub(super) fn new(fd: u64) -> Self {
        Self { fd, buffer: Vec::new(), at: 0, is_end: false, was_whole: true }
    }

    /// The next line, without its line feed.
    pub(super) async fn next(&mut self, tool: &mut Tool) -> Option<Vec<u8>> {
        let mut searched = self.at;
        loop {
            let found = self.buffer[searched..].iter().position(|byte| *byte == b'\n');
            if let Some(length) = found.map(|found| searched + found - self.at) {
                let line = self.buffer[self.at..self.at + length].to_vec();
                self.at += length + 1;
                self.was_whole = true;
                return Some(line);
            }
            let is_too_long = self.buffer.len() - self.at > LONGEST;
            if self.is_end || is_too_long {
                let line = self.buffer.split_off(self.at);
                self.buffer.clear();
                self.at = 0;
                self.was_whole = is_too_long;
                return if line.is_empty() { None } else { Some(line) };
            }
            self.buffer.drain(..self.at);
            self.at = 0;
            searched = self.buffer.len();
            match tool.sys.read(self.fd, 8192).await {
                Ok(some) if some.is_empty() => self.is_end = true,
                Ok(some) => self.buffer.extend(some),
                Err(Errno::EINTR) => {}
                Err(errno) => {
                    tool.fail("read error", errno).await;
                    self.is_end = true;
                }
            }
        }
    }

    /// Whether the last line ended with a line feed, as all but the last of a file do.
    pub(super) fn last_was_whole(&self) -> bool {
        self.was_whole
    }
}
