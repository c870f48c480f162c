//! What descriptors stand for, as `strace -y` shows it: `3</etc/passwd>`, `4<pipe:[2]>`.
//!
//! The log says what each call was given and what it returned, so whoever reads it from the start can keep the tables of
//! descriptors: openat(2) adds a path, pipe2(2) two ends, dup3(2) and fork(2) copy, close(2) and execve(2) remove. strace
//! asks the kernel instead (/proc/PID/fd). Objects without a path are numbered as they are made.
//!
//! Limits: of clone(2), threads share a table and processes copy it, whatever CLONE_FILES says; `..` and symbolic links in
//! paths stay as they were written.

use super::Key;
use super::value::int;
use oscope_kernel::abi::flags::file::{OpenFlags, fcntl};
use oscope_kernel::abi::types;
use oscope_kernel::abi::{Errno, nr};
use oscope_kernel::base::MachineId;
use oscope_kernel::event::{Moment, Picture};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// AT_FDCWD: the working directory.
const HERE: i32 = -100;
/// What a machine's first programs find open.
const CONSOLE: &str = "/dev/console";

#[derive(Clone, Debug)]
struct Entry {
    name: Rc<str>,
    close_on_exec: bool,
}

/// What a process has open, and where it is.
#[derive(Clone, Debug)]
pub(super) struct Files {
    open: BTreeMap<i32, Entry>,
    directory: Rc<str>,
}

impl Default for Files {
    fn default() -> Self {
        let console = Entry { name: CONSOLE.into(), close_on_exec: false };
        Self { open: (0..3).map(|fd| (fd, console.clone())).collect(), directory: "/".into() }
    }
}

/// The names that a call's text may use: those of before it, and of what it opens.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    files: &'a Files,
    opened: &'a Opened,
    /// `-yy`: devices with their numbers.
    is_full: bool,
}

/// What a call that has ended added.
pub(super) type Opened = Vec<(i32, Rc<str>, bool)>;

impl Names<'_> {
    /// A descriptor with what it stands for.
    pub(super) fn show(&self, fd: i32) -> String {
        let opened = self.opened.iter().find(|(number, ..)| *number == fd).map(|(_, name, _)| name);
        let name = opened.or_else(|| self.files.open.get(&fd).map(|entry| &entry.name));
        match name {
            None => fd.to_string(),
            Some(name) if self.is_full && **name == *CONSOLE => format!("{fd}<{name}<char 5:1>>"),
            Some(name) => format!("{fd}<{}>", printable(name)),
        }
    }

    /// The descriptor of a directory.
    pub(super) fn show_directory(&self, fd: i32) -> String {
        if fd == HERE {
            return format!("AT_FDCWD<{}>", printable(&self.files.directory));
        }
        self.show(fd)
    }
}

/// A name without what could move a cursor.
fn printable(name: &str) -> String {
    types::quote(name.as_bytes(), usize::MAX).trim_matches('"').to_owned()
}

/// The descriptors of all tasks.
#[derive(Debug, Default)]
pub(super) struct Descriptors {
    files: BTreeMap<Key, Rc<RefCell<Files>>>,
    /// How many objects without a path there have been, of each machine.
    made: BTreeMap<MachineId, u64>,
}

impl Descriptors {
    /// A task begins: a thread shares its process's descriptors, a process copies its parent's.
    pub(super) fn start(&mut self, parent: Key, child: Key, is_thread: bool) {
        let files = match self.files.get(&parent) {
            Some(files) if is_thread => Rc::clone(files),
            Some(files) => Rc::new(RefCell::new(files.borrow().clone())),
            None => Rc::default(),
        };
        self.files.insert(child, files);
    }

    /// A task has ended.
    pub(super) fn end(&mut self, key: Key) {
        self.files.remove(&key);
    }

    /// Calls `show` with the names as they are for a task.
    pub(super) fn with<T>(
        &mut self,
        (key, opened): (Key, &Opened),
        is_full: bool,
        show: impl FnOnce(Names<'_>) -> T,
    ) -> T {
        let files = Rc::clone(self.files.entry(key).or_default());
        let files = files.borrow();
        show(Names { files: &files, opened, is_full })
    }

    /// What a call that has ended opens.
    pub(super) fn opened(&mut self, key: Key, call: u16, detail: &[u8], result: i64) -> Opened {
        if Errno::from_result(result).is_some() {
            return Vec::new();
        }
        let files = Rc::clone(self.files.entry(key).or_default());
        let files = files.borrow();
        let picture = Picture::new(detail);
        let words = picture.words();
        let cloexec = |flags: u64| flags & u64::from(OpenFlags::CLOEXEC.bits()) != 0;
        let same = |fd: u64| files.open.get(&(fd as i32)).map(|entry| Rc::clone(&entry.name));
        let fd = result as i32;
        let copy =
            |name: Option<Rc<str>>, flag| name.map(|name| (fd, name, flag)).into_iter().collect();
        match (call, words[1] as u32) {
            (nr::OPENAT, _) => {
                let path = text(&picture, words[1]);
                vec![(fd, files.resolve(words[0] as i32, &path), cloexec(words[2]))]
            }
            (nr::PIPE2, _) => self.pair(key, &picture, words[0], "pipe", cloexec(words[1])),
            (nr::SOCKETPAIR, _) => self.pair(key, &picture, words[3], "socket", cloexec(words[1])),
            (nr::DUP, _) => copy(same(words[0]), false),
            (nr::DUP3, _) => copy(same(words[0]), cloexec(words[2])),
            (nr::FCNTL, fcntl::DUPFD) => copy(same(words[0]), false),
            (nr::FCNTL, fcntl::DUPFD_CLOEXEC) => copy(same(words[0]), true),
            (nr::SOCKET, _) => vec![(fd, self.make(key, "socket"), cloexec(words[1]))],
            (nr::ACCEPT | nr::ACCEPT4, _) => {
                vec![(fd, self.make(key, "socket"), cloexec(words[3]))]
            }
            (nr::EPOLL_CREATE1, _) => {
                vec![(fd, "anon_inode:[eventpoll]".into(), cloexec(words[0]))]
            }
            (nr::EVENTFD2, _) => vec![(fd, "anon_inode:[eventfd]".into(), cloexec(words[1]))],
            (nr::TIMERFD_CREATE, _) => vec![(fd, "anon_inode:[timerfd]".into(), cloexec(words[1]))],
            (nr::SIGNALFD4, _) => vec![(fd, "anon_inode:[signalfd]".into(), cloexec(words[3]))],
            (nr::INOTIFY_INIT1, _) => vec![(fd, "anon_inode:inotify".into(), cloexec(words[0]))],
            (nr::MEMFD_CREATE, _) => {
                let name = format!("/memfd:{} (deleted)", text(&picture, words[0]));
                vec![(fd, name.into(), words[1] & 1 != 0)]
            }
            _ => Vec::new(),
        }
    }

    fn make(&mut self, (machine, _): Key, kind: &str) -> Rc<str> {
        let made = self.made.entry(machine).or_default();
        *made += 1;
        format!("{kind}:[{made}]").into()
    }

    /// Two descriptors that a call left in memory: the ends of one pipe, or two sockets.
    fn pair(
        &mut self,
        key: Key,
        picture: &Picture<'_>,
        place: u64,
        kind: &str,
        cloexec: bool,
    ) -> Opened {
        let Some(pair) = picture.at(Moment::After, place, 8) else { return Vec::new() };
        let first = self.make(key, kind);
        let second = if kind == "pipe" { Rc::clone(&first) } else { self.make(key, kind) };
        vec![(int(pair), first, cloexec), (int(&pair[4..]), second, cloexec)]
    }

    /// What a call that has ended leaves open.
    pub(super) fn settle(
        &mut self,
        key: Key,
        opened: Opened,
        call: u16,
        detail: &[u8],
        result: i64,
    ) {
        let files = self.files.entry(key).or_default();
        let mut files = files.borrow_mut();
        for (fd, name, close_on_exec) in opened {
            files.open.insert(fd, Entry { name, close_on_exec });
        }
        if Errno::from_result(result).is_some() {
            return;
        }
        let picture = Picture::new(detail);
        let words = picture.words();
        match call {
            nr::CLOSE => {
                files.open.remove(&(words[0] as i32));
            }
            nr::CLOSE_RANGE => files.close_range(words[0] as u32, words[1] as u32, words[2]),
            nr::FCNTL if words[1] as u32 == fcntl::SETFD => {
                if let Some(entry) = files.open.get_mut(&(words[0] as i32)) {
                    entry.close_on_exec = words[2] & 1 != 0;
                }
            }
            nr::CHDIR => files.directory = files.resolve(HERE, &text(&picture, words[0])),
            nr::FCHDIR => {
                if let Some(entry) = files.open.get(&(words[0] as i32)) {
                    files.directory = Rc::clone(&entry.name);
                }
            }
            nr::EXECVE | nr::EXECVEAT => files.open.retain(|_, entry| !entry.close_on_exec),
            _ => {}
        }
    }
}

impl Files {
    /// A path as seen from a directory.
    fn resolve(&self, directory: i32, path: &str) -> Rc<str> {
        let base = if directory == HERE {
            Some(&self.directory)
        } else {
            self.open.get(&directory).map(|entry| &entry.name)
        };
        match base {
            Some(base) if !path.starts_with('/') => {
                let path = path.strip_prefix("./").unwrap_or(path);
                if path == "." || path.is_empty() {
                    return Rc::clone(base);
                }
                format!("{}/{path}", base.trim_end_matches('/')).into()
            }
            _ => path.into(),
        }
    }

    /// close_range(2), which with CLOSE_RANGE_CLOEXEC only marks.
    fn close_range(&mut self, first: u32, last: u32, flags: u64) {
        const CLOEXEC: u64 = 4;
        let is_in = |fd: i32| (first..=last).contains(&fd.cast_unsigned());
        if flags & CLOEXEC == 0 {
            self.open.retain(|&fd, _| !is_in(fd));
        } else {
            let marked = self.open.iter_mut().filter(|(fd, _)| is_in(**fd));
            marked.for_each(|(_, entry)| entry.close_on_exec = true);
        }
    }
}

/// A string that went in.
fn text(picture: &Picture<'_>, place: u64) -> String {
    let bytes = picture.from(Moment::Before, place).unwrap_or_default();
    String::from_utf8_lossy(bytes.strip_suffix(&[0]).unwrap_or(bytes)).into_owned()
}
