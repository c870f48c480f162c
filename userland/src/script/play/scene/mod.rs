//! The files that a recorded log must have found: what was there before its first line, as far as its lines tell.
//!
//! Layers: [`facts`] is what is known of a file; [`Scene::of`] goes through a log's lines as a reader would, with a working
//! directory and open files for each process, and asks of each: what does this say of how things were before? Files that
//! the log itself makes are left alone.
//!
//! A typical sequence: `openat(AT_FDCWD, "in.txt", O_RDONLY) = 3` says that `in.txt` was there; `fstat(3, {… st_size=24})` how
//! long it was; `read(3, "hello"…, 4096) = 24` what it began with; [`Scene::archive`] makes files of that, which the machine
//! is booted with.
//!
//! Taken from elsewhere: preparing a file system from a trace before replaying it from ARTC (Weiss et al., "ROOT:
//! Replaying Multithreaded Traces with Resource-Oriented Ordering", SOSP 2013).

mod facts;
mod ports;
mod words;

use super::compile::arguments;
use super::lower::unquote;
use super::result::Expected;
use super::survey::{is_fork, label_of};
use crate::script::tree::{Children, Kind, Node, Tree};
use facts::Files;
use ports::{Ports, Socket};
use std::collections::{BTreeMap, BTreeSet};
use words::{descriptor, first_directory, plain, text};

/// What a log has found.
#[derive(Clone, Debug, Default)]
pub(super) struct Scene {
    files: Files,
    /// Where the first process was.
    directory: String,
    /// What descriptors 0, 1 and 2 were, if not a terminal: paths.
    standard: [Option<String>; 3],
    /// Lines that read what a machine tells of itself: /proc, /sys, chance.
    of_the_machine: BTreeMap<usize, &'static str>,
    /// Other descriptors that were open from the start.
    inherited: BTreeSet<u64>,
    /// Whether the program had no terminal to control it.
    is_detached: bool,
    /// The name of the program.
    program: Option<String>,
    /// Where its file was.
    file: Option<String>,
    /// The ports that the kernel chose.
    ports: Ports,
}

/// An open file, as the log's reader sees it.
#[derive(Clone, Debug)]
struct Open {
    path: String,
    offset: u64,
}

#[derive(Clone, Debug, Default)]
struct Process {
    directory: String,
    files: BTreeMap<i128, Open>,
    sockets: BTreeMap<i128, Socket>,
}

struct Reader {
    scene: Scene,
    processes: BTreeMap<String, Process>,
    /// Who began to make another process last.
    parent: String,
    /// Descriptors that some call of the log has given, whatever they are.
    given_away: BTreeSet<i128>,
    /// Files that the log makes by copying others: what they were copied from.
    copies: BTreeMap<String, String>,
    /// Files that a program could change through memory.
    stored: BTreeSet<String>,
}

/// Where a log is played that does not say where it was recorded.
const HOME: &str = "/home/student";

impl Scene {
    /// Reads a log.
    pub(super) fn of(tree: &Tree) -> Self {
        let directory = first_directory(tree).unwrap_or_else(|| HOME.to_owned());
        let scene = Self { directory: directory.clone(), ..Self::default() };
        let first = Process { directory, ..Process::default() };
        let mut reader = Reader {
            scene,
            processes: BTreeMap::new(),
            parent: String::new(),
            given_away: BTreeSet::new(),
            copies: BTreeMap::new(),
            stored: BTreeSet::new(),
        };
        reader.scene.files.directory(&reader.scene.directory.clone());
        reader.processes.insert(String::new(), first);
        reader.statements(tree.statements());
        reader.scene
    }

    /// The archive for the machine's root: what a machine has anyway, and what the log has found.
    pub(super) fn archive(&self, base: &[u8]) -> Vec<u8> {
        self.files.archive(base)
    }

    /// Where the first process is.
    pub(super) fn directory(&self) -> &str {
        &self.directory
    }

    /// Why a line, by its node, may say something else here, if there is a reason.
    pub(super) fn varies(&self, node: usize) -> Option<&'static str> {
        self.of_the_machine.get(&node).copied()
    }

    /// Whether the program had no terminal to control it.
    pub(super) fn is_detached(&self) -> bool {
        self.is_detached
    }

    /// The name of the program that made the first call.
    pub(super) fn program(&self) -> Option<&str> {
        self.program.as_deref()
    }

    /// Where the file of that program was.
    pub(super) fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// The ports that the kernel chose, in order: whether for TCP, and which; 0: nobody said.
    pub(super) fn ports(&self) -> impl Iterator<Item = (bool, u16)> {
        self.ports.choices()
    }

    /// The files that it has open from the start: descriptors and paths. Those of the first three that are not named are the
    /// console.
    pub(super) fn open(&self) -> Vec<(u64, String)> {
        let standard = (0..).zip(&self.standard).filter_map(|(fd, path)| Some((fd, path.clone()?)));
        let inherited = self.inherited.iter().map(|fd| (*fd, "/dev/null".to_owned()));
        standard.chain(inherited).collect()
    }
}

impl Reader {
    fn statements(&mut self, nodes: Children<'_>) {
        for node in nodes {
            if matches!(node.kind(), Kind::Call | Kind::Unfinished) {
                self.line(node);
            }
        }
    }

    fn line(&mut self, node: Node<'_>) {
        let Some(name) = node.child(Kind::Name).map(Node::text) else { return };
        let label = label_of(node).unwrap_or("").to_owned();
        if !self.processes.contains_key(&label) {
            // A child is its parent's copy; the first process is the one that nobody made.
            let parent = self.processes.get(&self.parent).or_else(|| self.processes.get(""));
            let copy = parent.cloned().unwrap_or_default();
            self.processes.insert(label.clone(), copy);
        }
        if is_fork(name) {
            self.parent.clone_from(&label);
        }
        let given = arguments(node);
        let expected = Expected::of(node);
        if node.kind() != Kind::Call || !expected.fails() {
            self.on_socket(&label, name, &given, expected.number());
        }
        if node.kind() != Kind::Call {
            return;
        }
        if expected.fails() {
            self.failure(&label, name, &given, &expected);
            return;
        }
        if is_fork(name)
            && let Some(child) = expected.number().filter(|number| *number > 0)
        {
            let copy = self.processes.get(&label).cloned().unwrap_or_default();
            self.processes.entry(child.to_string()).or_insert(copy);
            return;
        }
        let result = expected.number();
        if let Some(fd) = result {
            self.inherited(&label, name, &given, fd);
        }
        if name == "execve" && self.scene.program.is_none() {
            let path = given.first().and_then(|node| text(*node)).unwrap_or_default();
            self.scene.program = path.rsplit('/').next().map(str::to_owned);
            self.scene.file = ports::program(&given);
            self.program_is_there();
        }
        if let ("readlink", [link, to, ..]) = (name, given.as_slice())
            && link.text() == "\"/proc/self/exe\""
            && self.processes.len() <= 2
        {
            self.scene.file = self.scene.file.take().or(text(*to));
            self.program_is_there();
        }
        if let Some(why) = self.varies(&label, name, &given) {
            self.scene.of_the_machine.insert(node.number(), why);
        }
        if matches!(name, "pipe" | "pipe2" | "socketpair") {
            for node in given.iter().flat_map(|node| node.children()) {
                self.given_away.extend(descriptor(node));
            }
        }
        self.given_away.extend(result.filter(|number| (0..1024).contains(number)));
        self.on_path(&label, name, &given, result);
        self.on_descriptor(&label, name, &given, result);
    }

    /// The first program had a file.
    fn program_is_there(&mut self) {
        let path = self.scene.file.clone();
        if let Some(facts) = path.and_then(|path| self.scene.files.something(&path)) {
            facts.mode.get_or_insert(0o755);
        }
    }

    /// A call on a socket may say which port the kernel has chosen, or that it had to.
    fn on_socket(&mut self, label: &str, name: &str, given: &[Node<'_>], result: Option<i128>) {
        let Some(process) = self.processes.get_mut(label) else { return };
        if let (true, Some(fd)) = (name == "socket", result) {
            process.sockets.extend(Ports::made(given).map(|socket| (fd, socket)));
        } else if let Some(socket) = ports::of(given).and_then(|fd| process.sockets.get_mut(&fd)) {
            self.scene.ports.called(name, given, socket);
        }
    }

    /// A call that takes the lowest free descriptor says that those below were open: who is not known to have been opened
    /// was open from the start.
    fn inherited(&mut self, label: &str, name: &str, given: &[Node<'_>], fd: i128) {
        let from = match name {
            "open" | "openat" | "creat" | "dup" | "socket" => 0,
            "fcntl" if given.get(1).is_some_and(|node| node.text().starts_with("F_DUPFD")) => {
                given.get(2).and_then(|node| node.integer()).unwrap_or(fd)
            }
            _ => return,
        };
        let is_first = self.processes.len() <= 2;
        let Some(process) = self.processes.get(label).filter(|_| is_first || from > 2) else {
            return;
        };
        let missing: Vec<i128> = (from.max(3)..fd.min(64))
            .filter(|fd| !process.files.contains_key(fd) && !self.given_away.contains(fd))
            .collect();
        for fd in missing {
            self.scene.inherited.insert(fd as u64);
            for process in self.processes.values_mut() {
                let path = "/dev/null".to_owned();
                process.files.entry(fd).or_insert(Open { path, offset: 0 });
            }
        }
    }

    /// Whether a call reads what no line tells: what only the machine knows that the log was recorded on, or what was stored
    /// to a file through memory.
    fn varies(&mut self, label: &str, name: &str, given: &[Node<'_>]) -> Option<&'static str> {
        const SOURCES: [&str; 4] = ["/proc", "/sys", "/dev/urandom", "/dev/random"];
        let path = match name {
            "read" | "pread64" | "lseek" | "fstat" | "getdents64" | "mmap" => {
                let place = if name == "mmap" { 4 } else { 0 };
                let fd = given.get(place).and_then(|node| descriptor(*node));
                let process = self.processes.get(label);
                fd.and_then(|fd| process?.files.get(&fd)).map(|open| open.path.clone())
            }
            "readlink" | "stat" | "lstat" => given.first().and_then(|node| text(*node)),
            "readlinkat" | "newfstatat" => given.get(1).and_then(|node| text(*node)),
            _ => None,
        };
        let path = path?;
        if let ("mmap", [_, _, protection, flags, ..]) = (name, given)
            && flags.text().contains("MAP_SHARED")
            && protection.text().contains("WRITE")
        {
            self.stored.insert(path.clone());
        }
        let told = SOURCES.iter().any(|source| path.starts_with(source));
        let stored = self.stored.contains(&path);
        told.then_some("it is what another machine tells of itself")
            .or(stored.then_some("the program stored it to memory, of which no line tells"))
    }

    /// What is said by what failed: a descriptor that is no terminal, a name that was there already.
    fn failure(&mut self, label: &str, name: &str, given: &[Node<'_>], expected: &Expected<'_>) {
        let errno = expected.errno.unwrap_or_default();
        match (name, given) {
            ("ioctl", [fd, request, ..])
                if errno == "ENOTTY" && request.text().starts_with('T') =>
            {
                if let Some(fd) = descriptor(*fd) {
                    self.no_terminal(label, fd, false);
                }
            }
            // A shell opens it for reading when nobody shall be asked.
            ("write", [fd, ..]) if errno == "EBADF" && descriptor(*fd) == Some(0) => {
                self.no_terminal(label, 0, true);
            }
            ("open" | "openat", [.., path, _])
                if errno == "ENXIO" && path.text().contains("/dev/tty") =>
            {
                self.scene.is_detached = true;
            }
            ("readlink" | "open", [path, ..]) if matches!(errno, "EINVAL" | "EEXIST") => {
                let path = self.path(label, None, *path);
                self.there(path);
            }
            ("readlinkat" | "openat", [directory, path, ..])
                if matches!(errno, "EINVAL" | "EEXIST") =>
            {
                let path = self.path(label, Some(*directory), *path);
                self.there(path);
            }
            ("mkdir", [path, ..]) if errno == "EEXIST" => {
                if let Some(path) = self.path(label, None, *path) {
                    self.scene.files.directory(&path);
                }
            }
            _ => {}
        }
    }

    /// One of the first descriptors is a file.
    fn no_terminal(&mut self, label: &str, fd: i128, is_null: bool) {
        let process = self.processes.get(label);
        let opened_since = process.is_none_or(|process| process.files.contains_key(&fd));
        let Some(place) = usize::try_from(fd).ok().and_then(|fd| self.scene.standard.get_mut(fd))
        else {
            return;
        };
        if place.is_some() || opened_since {
            return;
        }
        let path = if is_null {
            "/dev/null".to_owned()
        } else {
            // Nobody can say which file it was: it is empty, and where nobody looks.
            let path = format!("/var/descriptor{fd}");
            self.scene.files.regular(&path).mode = Some(0o644);
            path
        };
        *place = Some(path.clone());
        for process in self.processes.values_mut() {
            process.files.entry(fd).or_insert(Open { path: path.clone(), offset: 0 });
        }
    }

    /// The whole path that an argument names for a process, from a directory descriptor or where the process is.
    fn path(&self, label: &str, directory: Option<Node<'_>>, path: Node<'_>) -> Option<String> {
        let path = text(path)?;
        if path.is_empty() {
            return None;
        }
        if path.starts_with('/') {
            return Some(plain(&path));
        }
        let process = self.processes.get(label)?;
        let base = match directory.filter(|node| !node.text().starts_with("AT_FDCWD")) {
            Some(node) => process.files.get(&descriptor(node)?)?.path.clone(),
            None => process.directory.clone(),
        };
        Some(plain(&format!("{base}/{path}")))
    }

    fn on_path(&mut self, label: &str, name: &str, given: &[Node<'_>], result: Option<i128>) {
        let path = |n: usize| self.path(label, None, *given.get(n)?);
        let path_at = |n: usize| self.path(label, given.get(n).copied(), *given.get(n + 1)?);
        match name {
            "open" | "openat" | "creat" => {
                let (path, flags) = match name {
                    "openat" => (path_at(0), given.get(2)),
                    "creat" => (path(0), None),
                    _ => (path(0), given.get(1)),
                };
                let flags = flags.map_or("O_CREAT", |flags| flags.text()).to_owned();
                if let (Some(path), Some(fd)) = (path, result) {
                    self.opened(label, &path, &flags, fd);
                }
            }
            "stat" | "lstat" => self.told(path(0), given.get(1).copied()),
            "newfstatat" | "statx" => {
                let place = if name == "statx" { 4 } else { 2 };
                self.told(path_at(0), given.get(place).copied());
            }
            "access" => self.there(path(0)),
            "faccessat" | "faccessat2" => self.there(path_at(0)),
            "execve" => {
                let path = path(0);
                if let Some(path) = &path {
                    self.scene.files.regular(path).mode = Some(0o755);
                }
            }
            "chdir" => {
                if let Some(path) = path(0) {
                    self.scene.files.directory(&path);
                    if let Some(process) = self.processes.get_mut(label) {
                        process.directory = path;
                    }
                }
            }
            "readlink" | "readlinkat" => {
                let (path, place) = if name == "readlink" { (path(0), 1) } else { (path_at(0), 2) };
                let target = given.get(place).and_then(|node| text(*node));
                if let (Some(path), Some(target)) = (path, target) {
                    self.scene.files.link(&path, &target);
                }
            }
            "mkdir" => self.made(path(0)),
            "mkdirat" | "mknodat" | "symlinkat" => {
                let made = if name == "symlinkat" { path_at(1) } else { path_at(0) };
                self.made(made);
            }
            "mknod" | "mkfifo" => self.made(path(0)),
            "symlink" => self.made(path(1)),
            "link" | "rename" => {
                let (from, to) = (path(0), path(1));
                self.there(from);
                self.made(to);
            }
            "linkat" | "renameat" | "renameat2" => {
                let (from, to) = (path_at(0), path_at(2));
                self.there(from);
                self.made(to);
            }
            "unlink" | "chmod" | "chown" | "truncate" | "utime" | "utimes" => self.there(path(0)),
            "rmdir" => {
                if let Some(path) = path(0) {
                    self.scene.files.directory(&path);
                    self.scene.files.changed(&path);
                }
            }
            "unlinkat" | "fchmodat" | "fchownat" | "utimensat" => self.there(path_at(0)),
            _ => {}
        }
        if matches!(
            name,
            "unlink" | "unlinkat" | "rename" | "renameat" | "renameat2" | "chmod" | "truncate"
        ) {
            let path = if name.ends_with("at") || name.ends_with("at2") {
                self.path(label, given.first().copied(), given.get(1).copied().unwrap_or(given[0]))
            } else {
                given.first().and_then(|node| self.path(label, None, *node))
            };
            if let Some(path) = path {
                self.scene.files.changed(&path);
            }
        }
    }

    /// Something was there, whatever it was.
    fn there(&mut self, path: Option<String>) {
        if let Some(path) = path {
            self.scene.files.something(&path);
        }
    }

    /// Something was not there: the log makes it.
    fn made(&mut self, path: Option<String>) {
        if let Some(path) = path {
            self.scene.files.made(&path);
        }
    }

    fn opened(&mut self, label: &str, path: &str, flags: &str, fd: i128) {
        let creates = flags.contains("O_CREAT") || flags.contains("O_TMPFILE");
        let files = &mut self.scene.files;
        match () {
            () if creates && !files.is_known(path) => files.made(path),
            () if flags.contains("O_DIRECTORY") => files.directory(path),
            () if path.starts_with("/dev/") || path.starts_with("/proc/") => {}
            () => {
                files.something(path);
            }
        }
        if flags.contains("O_TRUNC") {
            files.changed(path);
        }
        if let Some(process) = self.processes.get_mut(label) {
            process.files.insert(fd, Open { path: path.to_owned(), offset: 0 });
        }
    }

    /// A file told about itself.
    fn told(&mut self, path: Option<String>, stat: Option<Node<'_>>) {
        if let (Some(path), Some(stat)) = (path, stat) {
            self.scene.files.told(&path, stat);
        }
    }

    fn on_descriptor(&mut self, label: &str, name: &str, given: &[Node<'_>], result: Option<i128>) {
        let Some(fd) = given.first().and_then(|node| descriptor(*node)) else { return };
        if matches!(name, "fstat" | "newfstatat") {
            let stat = if name == "fstat" { given.get(1) } else { given.get(2) };
            let of_itself =
                name == "fstat" || given.get(1).is_some_and(|path| path.text() == "\"\"");
            if let Some(stat) = stat.filter(|_| of_itself) {
                let is_null = stat.text().contains("st_rdev=makedev(0x1, 0x3)");
                if is_null || stat.text().contains("S_IFREG") {
                    self.no_terminal(label, fd, is_null);
                }
                let path = self.processes.get(label).and_then(|p| p.files.get(&fd));
                let path = path.map(|open| open.path.clone());
                self.told(path, Some(*stat));
            }
        }
        if name == "lseek" {
            // A terminal has no offset.
            self.no_terminal(label, fd, false);
        }
        let Some(process) = self.processes.get_mut(label) else { return };
        let result = result.unwrap_or(0);
        match name {
            "close" => {
                process.files.remove(&fd);
            }
            "dup" | "dup2" | "dup3" | "fcntl" => {
                let copies = name != "fcntl"
                    || given.get(1).is_some_and(|command| command.text().starts_with("F_DUPFD"));
                if let Some(open) = process.files.get(&fd).cloned().filter(|_| copies) {
                    process.files.insert(result, open);
                }
            }
            "fchdir" => {
                if let Some(open) = process.files.get(&fd) {
                    process.directory.clone_from(&open.path);
                }
            }
            "lseek" | "_llseek" => {
                if let (Some(open), Ok(to)) = (process.files.get_mut(&fd), u64::try_from(result)) {
                    open.offset = to;
                }
            }
            "read" | "pread64" | "pread" => {
                let Some(open) = process.files.get_mut(&fd) else { return };
                let positioned = name != "read";
                let at = match given.get(3).and_then(|node| node.integer()).filter(|_| positioned) {
                    Some(at) => u64::try_from(at).unwrap_or(0),
                    None => open.offset,
                };
                let count = u64::try_from(result).unwrap_or(0);
                if !positioned {
                    open.offset = open.offset.saturating_add(count);
                }
                // What is read from a copy was in what it was copied from.
                let path = self.copies.get(&open.path).unwrap_or(&open.path).clone();
                let data = given.get(1).and_then(|node| unquote(node.text()));
                self.scene.files.contents(&path, at, data.map_or(Vec::new(), |data| data.0), count);
            }
            "write" | "pwrite64" | "writev" | "ftruncate" | "fallocate" => {
                if let Some(open) = process.files.get_mut(&fd) {
                    let written = if name == "write" { result } else { 0 };
                    let written = u64::try_from(written).unwrap_or(0);
                    open.offset = open.offset.saturating_add(written);
                    let path = open.path.clone();
                    self.scene.files.changed(&path);
                }
            }
            "sendfile" | "copy_file_range" => {
                let to = given.get(if name == "sendfile" { 0 } else { 2 });
                let from = given.get(usize::from(name == "sendfile"));
                let open = |node: Option<&Node<'_>>| process.files.get(&descriptor(*node?)?);
                if let (Some(to), Some(from)) = (open(to), open(from))
                    && self.scene.files.is_made(&to.path)
                {
                    self.copies.insert(to.path.clone(), from.path.clone());
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
