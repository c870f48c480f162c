//! The tree of /proc (proc(5)): which files there are, whose they are, who may look. What they say stands beside this file.

use super::names::{Item, PROCESS, SYSTEM, System};
use super::process::Who;
use super::{
    Jump, command_name, descriptors, maps, memory, mounts, network, parse, position, process,
    sysctl, system,
};
use crate::abi::Errno;
use crate::base::Pid;
use crate::context::{Cx, Tables};
use crate::fs::{Attributes, Entry, Kind};
use crate::proc::FileKind;

/// A file of /proc. Its inode's number says all of it, so that nothing need be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Node {
    /// /proc
    Root,
    /// A file of [`SYSTEM`].
    System(u8),
    /// /proc/sys
    Sys,
    /// What is in it.
    SysItem(u8),
    /// A file of [`PROCESS`]: of a process, or of one thread.
    Process(Subject, u8),
    /// /proc/PID/fd/N
    Fd(Subject, u32),
    /// /proc/PID/fdinfo/N
    FdInfo(Subject, u32),
    /// /proc/PID/net/…
    Net(Subject, u8),
}

/// Whom a file tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Subject {
    number: Pid,
    /// The thread with this number, not the process.
    is_task: bool,
}

/// Where the names of processes begin in the order of /proc, and those of descriptors in theirs: cookies behind them follow
/// from the numbers, and stay good while others come and go.
const FIRST: u64 = 256;

impl Node {
    /// Its inode's number: what kind of file it is in the lowest 4 bits, whether it is a thread's in the next, then which file
    /// (8 bits) or descriptor (20 bits), and in the upper 32 bits whose.
    const fn number(self) -> u64 {
        const fn pack(kind: u64, subject: Subject, what: u64) -> u64 {
            (subject.number.0 as u64) << 32 | what << 5 | (subject.is_task as u64) << 4 | kind
        }
        let nobody = Subject { number: Pid(0), is_task: false };
        match self {
            Self::Root => pack(1, nobody, 0),
            Self::System(index) => pack(2, nobody, index as u64),
            Self::Sys => pack(3, nobody, 0),
            Self::SysItem(index) => pack(4, nobody, index as u64),
            Self::Process(subject, index) => pack(5, subject, index as u64),
            Self::Fd(subject, fd) => pack(6, subject, fd as u64),
            Self::FdInfo(subject, fd) => pack(7, subject, fd as u64),
            Self::Net(subject, index) => pack(8, subject, index as u64),
        }
    }

    /// The file with an inode's number.
    fn from_number(number: u64) -> Result<Self, Errno> {
        let subject = Subject { number: Pid((number >> 32) as u32), is_task: number >> 4 & 1 == 1 };
        let what = (number >> 5 & 0x7ff_ffff) as u32;
        let index = u8::try_from(what);
        Ok(match (number & 15, index) {
            (1, _) => Self::Root,
            (2, Ok(index)) => Self::System(index),
            (3, _) => Self::Sys,
            (4, Ok(index)) => Self::SysItem(index),
            (5, Ok(index)) => Self::Process(subject, index),
            (6, _) => Self::Fd(subject, what),
            (7, _) => Self::FdInfo(subject, what),
            (8, Ok(index)) => Self::Net(subject, index),
            _ => return Err(Errno::ENOENT),
        })
    }
}

fn system_item(index: u8) -> Result<System, Errno> {
    SYSTEM.get(usize::from(index)).map(|(_, item)| *item).ok_or(Errno::ENOENT)
}

fn process_item(index: u8) -> Result<(&'static str, Item, Kind, u16), Errno> {
    PROCESS.get(usize::from(index)).copied().ok_or(Errno::ENOENT)
}

fn who(t: &Tables, subject: Subject) -> Result<Who<'_>, Errno> {
    Who::find(t, subject.number, subject.is_task).ok_or(Errno::ENOENT)
}

/// The file with this name in a directory.
///
/// # Errors
/// `ENOENT`, `ENOTDIR`.
pub fn lookup(t: &Tables, _: &Cx, directory: u64, name: &str) -> Result<u64, Errno> {
    let found = match Node::from_number(directory)? {
        Node::Root => {
            if let Some(number) = parse(name) {
                let subject = Subject { number: Pid(number), is_task: false };
                who(t, subject)?;
                Some(Node::Process(subject, 0))
            } else if name == "sys" {
                Some(Node::Sys)
            } else {
                position(SYSTEM.iter().map(|(known, _)| *known), name).map(Node::System)
            }
        }
        Node::Sys => sys_item(None, name),
        Node::SysItem(index) => match sysctl::item(index) {
            Some((_, Kind::Directory, _)) => sys_item(Some(index), name),
            _ => return Err(Errno::ENOTDIR),
        },
        Node::Process(subject, index) => {
            let who = who(t, subject)?;
            match process_item(index)?.1 {
                Item::Directory => position(PROCESS.iter().map(|(known, ..)| *known), name)
                    .filter(|_| !(subject.is_task && name == "task"))
                    .map(|index| Node::Process(subject, index)),
                Item::Fds | Item::FdInfos => {
                    let fd = parse(name).ok_or(Errno::ENOENT)?;
                    descriptors::file(t, &who, u64::from(fd)).ok_or(Errno::ENOENT)?;
                    let is_link = process_item(index)?.1 == Item::Fds;
                    Some(if is_link { Node::Fd(subject, fd) } else { Node::FdInfo(subject, fd) })
                }
                Item::Tasks => {
                    let number = Pid(parse(name).ok_or(Errno::ENOENT)?);
                    let thread = t.proc.by_tid(number).and_then(|id| t.proc.threads.get(id));
                    let belongs = thread.is_some_and(|thread| thread.process == who.id);
                    belongs.then_some(Node::Process(Subject { number, is_task: true }, 0))
                }
                Item::Net => position(network::FILES.iter().map(|(known, _)| *known), name)
                    .map(|index| Node::Net(subject, index)),
                _ => return Err(Errno::ENOTDIR),
            }
        }
        Node::System(_) | Node::Fd(..) | Node::FdInfo(..) | Node::Net(..) => {
            return Err(Errno::ENOTDIR);
        }
    };
    found.map(Node::number).ok_or(Errno::ENOENT)
}

fn sys_item(directory: Option<u8>, name: &str) -> Option<Node> {
    let found = sysctl::entries(directory).find(|(_, known)| *known == name);
    found.map(|(index, _)| Node::SysItem(index))
}

/// Kind and permission bits of a file.
fn mode(t: &Tables, node: Node) -> Result<(Kind, u16), Errno> {
    Ok(match node {
        Node::Root | Node::Sys => (Kind::Directory, 0o555),
        Node::System(index) => match system_item(index)? {
            System::Itself | System::ThreadSelf | System::Mounts | System::Net => {
                (Kind::Symlink, 0o777)
            }
            System::SlabInfo => (Kind::Regular, 0o400),
            _ => (Kind::Regular, 0o444),
        },
        Node::SysItem(index) => {
            let (_, kind, mode) = sysctl::item(index).ok_or(Errno::ENOENT)?;
            (kind, mode)
        }
        Node::Process(_, index) => {
            let (_, _, kind, mode) = process_item(index)?;
            (kind, mode)
        }
        Node::Fd(subject, fd) => {
            let who = who(t, subject)?;
            let (_, file) = descriptors::file(t, &who, u64::from(fd)).ok_or(Errno::ENOENT)?;
            (Kind::Symlink, descriptors::link_mode(file))
        }
        Node::FdInfo(..) | Node::Net(..) => (Kind::Regular, 0o444),
    })
}

/// What is known of a file. Files of a process belong to its effective user and group.
///
/// # Errors
/// `ENOENT` if what it tells of is gone.
pub fn attributes(t: &Tables, cx: &Cx, number: u64) -> Result<Attributes, Errno> {
    let node = Node::from_number(number)?;
    let (kind, mode) = mode(t, node)?;
    let now = cx.now.into();
    let new = Attributes::new(kind, mode);
    let mut known = Attributes { accessed: now, modified: now, changed: now, ..new };
    if let Node::Process(subject, _) | Node::Fd(subject, _) | Node::FdInfo(subject, _) = node {
        let cred = &who(t, subject)?.process.cred;
        (known.uid, known.gid) = (cred.euid, cred.egid);
    }
    if let Node::Fd(..) = node {
        known.size = 64;
    }
    Ok(known)
}

/// The names in a directory, in the order of their cookies.
///
/// # Errors
/// `ENOTDIR`, `ENOENT`; `EACCES` for the descriptors of somebody else's process.
pub fn list(t: &Tables, cx: &Cx, directory: u64) -> Result<Vec<Entry>, Errno> {
    let mut found: Vec<(u64, String, Node)> = Vec::new();
    match Node::from_number(directory)? {
        Node::Root => {
            for (index, (name, _)) in (0..).zip(SYSTEM) {
                found.push((u64::from(index) + 1, name.to_owned(), Node::System(index)));
            }
            found.push((SYSTEM.len() as u64 + 1, "sys".to_owned(), Node::Sys));
            for (_, process) in t.proc.processes.iter() {
                let subject = Subject { number: process.pid, is_task: false };
                let cookie = FIRST + u64::from(process.pid.0);
                found.push((cookie, process.pid.to_string(), Node::Process(subject, 0)));
            }
        }
        Node::Sys => found.extend(sys_items(None)),
        Node::SysItem(index) => match sysctl::item(index) {
            Some((_, Kind::Directory, _)) => found.extend(sys_items(Some(index))),
            _ => return Err(Errno::ENOTDIR),
        },
        Node::Process(subject, index) => {
            let who = who(t, subject)?;
            match process_item(index)?.1 {
                Item::Directory => {
                    for (index, (name, ..)) in (0..).zip(PROCESS).skip(1) {
                        if !(subject.is_task && name == "task") {
                            let node = Node::Process(subject, index);
                            found.push((u64::from(index), name.to_owned(), node));
                        }
                    }
                }
                item @ (Item::Fds | Item::FdInfos) => {
                    if !descriptors::may_look(t, cx, &who) {
                        return Err(Errno::EACCES);
                    }
                    for (fd, _) in descriptors::all(t, &who) {
                        let number = fd as u32;
                        let node = match item {
                            Item::Fds => Node::Fd(subject, number),
                            _ => Node::FdInfo(subject, number),
                        };
                        found.push((FIRST + fd, fd.to_string(), node));
                    }
                }
                Item::Tasks => {
                    let threads = who.process.threads.iter();
                    for thread in threads.filter_map(|id| t.proc.threads.get(*id)) {
                        let subject = Subject { number: thread.tid, is_task: true };
                        let cookie = FIRST + u64::from(thread.tid.0);
                        found.push((cookie, thread.tid.to_string(), Node::Process(subject, 0)));
                    }
                }
                Item::Net => {
                    for (index, (name, _)) in (0..).zip(network::FILES) {
                        let node = Node::Net(subject, index);
                        found.push((u64::from(index) + 1, name.to_owned(), node));
                    }
                }
                _ => return Err(Errno::ENOTDIR),
            }
        }
        Node::System(_) | Node::Fd(..) | Node::FdInfo(..) | Node::Net(..) => {
            return Err(Errno::ENOTDIR);
        }
    }
    found.sort_by_key(|(cookie, ..)| *cookie);
    let entry = |(next, name, node): (u64, String, Node)| {
        let kind = mode(t, node)?.0;
        Ok(Entry { name: name.into(), inode: node.number(), kind, next })
    };
    found.into_iter().map(entry).collect()
}

fn sys_items(directory: Option<u8>) -> impl Iterator<Item = (u64, String, Node)> {
    let all = sysctl::entries(directory);
    all.map(|(index, name)| (u64::from(index) + 1, name.to_owned(), Node::SysItem(index)))
}

/// Where a symbolic link says that it leads.
///
/// # Errors
/// `EINVAL` for what is no link, `EACCES` for those of somebody else's process, `ENOENT`.
pub fn target(t: &Tables, cx: &Cx, number: u64) -> Result<String, Errno> {
    match Node::from_number(number)? {
        Node::System(index) => {
            let (pid, tid) = descriptors::caller(t, cx).ok_or(Errno::ENOENT)?;
            match system_item(index)? {
                System::Itself => Ok(pid.to_string()),
                System::ThreadSelf => Ok(format!("{pid}/task/{tid}")),
                System::Mounts => Ok("self/mounts".to_owned()),
                System::Net => Ok("self/net".to_owned()),
                _ => Err(Errno::EINVAL),
            }
        }
        Node::Fd(subject, fd) => {
            let who = who(t, subject)?;
            look(t, cx, &who)?;
            let (_, file) = descriptors::file(t, &who, u64::from(fd)).ok_or(Errno::ENOENT)?;
            Ok(descriptors::text(t, cx, file))
        }
        node @ Node::Process(..) => match jump(t, cx, node.number())? {
            Some(Jump::Place(place)) => Ok(descriptors::path(t, cx, place)),
            _ => Err(Errno::EINVAL),
        },
        _ => Err(Errno::EINVAL),
    }
}

/// The place that a link leads to without a path: /proc/PID/cwd, exe, root and fd. `None` for links that have one.
///
/// # Errors
/// `EACCES` for those of somebody else's process, `ENOENT`; `ENXIO` for what cannot be opened again, such as a socket.
pub fn jump(t: &Tables, cx: &Cx, number: u64) -> Result<Option<Jump>, Errno> {
    match Node::from_number(number)? {
        Node::Process(subject, index) => {
            let (name, item, ..) = process_item(index)?;
            if item != Item::Link {
                return Ok(None);
            }
            let who = who(t, subject)?;
            look(t, cx, &who)?;
            descriptors::place_of(t, &who, name)
                .map(|at| Some(Jump::Place(at)))
                .ok_or(Errno::ENOENT)
        }
        Node::Fd(subject, fd) => {
            let who = who(t, subject)?;
            look(t, cx, &who)?;
            let (found, file) = descriptors::file(t, &who, u64::from(fd)).ok_or(Errno::ENOENT)?;
            match (file.place, file.kind) {
                (Some(place), _) => Ok(Some(Jump::Place(place.at))),
                (None, FileKind::Pipe(..)) => Ok(Some(Jump::Open(found.file))),
                _ => Err(Errno::ENXIO),
            }
        }
        _ => Ok(None),
    }
}

/// Whether the caller may look into a process.
fn look(t: &Tables, cx: &Cx, who: &Who<'_>) -> Result<(), Errno> {
    if descriptors::may_look(t, cx, who) { Ok(()) } else { Err(Errno::EACCES) }
}

/// What a file says now.
///
/// # Errors
/// `EISDIR`, `EINVAL` for a link, `EACCES`, `ESRCH` if the process is gone.
pub fn render(t: &Tables, cx: &Cx, number: u64) -> Result<Vec<u8>, Errno> {
    let gone = |errno| if errno == Errno::ENOENT { Errno::ESRCH } else { errno };
    match Node::from_number(number)? {
        Node::Root | Node::Sys => Err(Errno::EISDIR),
        Node::System(index) => Ok(render_system(t, cx, system_item(index)?)?.into_bytes()),
        Node::SysItem(index) => {
            let (item, ..) = sysctl::item(index).ok_or(Errno::ENOENT)?;
            Ok(sysctl::render(t, item)?.into_bytes())
        }
        Node::Process(subject, index) => {
            render_process(t, cx, &who(t, subject).map_err(gone)?, process_item(index)?.1)
        }
        Node::Fd(..) => Err(Errno::EINVAL),
        Node::Net(subject, index) => {
            let namespace = who(t, subject).map_err(gone)?.process.namespaces.network;
            Ok(network::render(t, cx, namespace, index).into_bytes())
        }
        Node::FdInfo(subject, fd) => {
            let who = who(t, subject).map_err(gone)?;
            look(t, cx, &who)?;
            Ok(descriptors::info(t, cx, &who, u64::from(fd))?.into_bytes())
        }
    }
}

fn render_system(t: &Tables, cx: &Cx, item: System) -> Result<String, Errno> {
    Ok(match item {
        System::BuddyInfo => memory::buddyinfo(t),
        // Nobody gave this kernel arguments.
        System::CommandLine => "\n".to_owned(),
        System::CpuInfo => system::cpuinfo(t),
        System::Devices => system::devices(t),
        System::FileSystems => mounts::file_systems(),
        System::Interrupts => system::interrupts(t),
        System::LoadAvg => system::loadavg(t, cx),
        System::Locks => system::locks(t),
        System::MemInfo => memory::meminfo(t),
        System::Partitions => system::partitions(t),
        System::SlabInfo => memory::slabinfo(t),
        System::Stat => system::stat(t, cx),
        System::Swaps => system::swaps(t),
        System::Uptime => system::uptime(t, cx),
        System::Version => system::version(),
        System::VmStat => memory::vmstat(t),
        System::Itself | System::ThreadSelf | System::Mounts | System::Net => {
            return Err(Errno::EINVAL);
        }
    })
}

fn render_process(t: &Tables, cx: &Cx, who: &Who<'_>, item: Item) -> Result<Vec<u8>, Errno> {
    let command = || who.space(t).map(|space| &space.command);
    let text = match item {
        Item::Directory | Item::Fds | Item::FdInfos | Item::Tasks | Item::Net => {
            return Err(Errno::EISDIR);
        }
        Item::Link => return Err(Errno::EINVAL),
        Item::CommandLine => {
            return Ok(command().map_or_else(Vec::new, |command| command.arguments.to_vec()));
        }
        Item::Environment => {
            look(t, cx, who)?;
            return Ok(command().map_or_else(Vec::new, |command| command.environment.to_vec()));
        }
        Item::Comm => command_name(who.thread, who.process).to_owned() + "\n",
        Item::Limits => process::limits(who),
        Item::Maps | Item::Smaps | Item::SmapsRollup => {
            look(t, cx, who)?;
            let space = who.process.space;
            match (space, item) {
                (None, Item::SmapsRollup) => return Err(Errno::ESRCH),
                (None, _) => String::new(),
                (Some(space), Item::Maps) => maps::maps(t, space),
                (Some(space), Item::Smaps) => maps::smaps(t, space),
                (Some(space), _) => maps::rollup(t, space),
            }
        }
        Item::MountInfo => mounts::mountinfo(t, who),
        Item::Mounts => mounts::mounts(t, who),
        Item::OomScore => process::oom_score(t, who),
        Item::OomScoreAdjust => format!("{}\n", who.process.oom_adjust),
        Item::Sched => process::sched(t, who),
        Item::SchedStat => process::schedstat(who),
        Item::Stat => process::stat(t, who),
        Item::Statm => process::statm(t, who),
        Item::Status => process::status(t, who),
        // One of the few files without a line's end.
        Item::Channel => process::channel(who).unwrap_or("0").to_owned(),
    };
    Ok(text.into_bytes())
}

/// Writes to a file, such as /proc/PID/oom_score_adj.
///
/// # Errors
/// `EACCES` for files that cannot be written, and for who asks to be spared and may not; `EINVAL`, `ESRCH`.
pub fn store(t: &mut Tables, cx: &mut Cx, number: u64, bytes: &[u8]) -> Result<(), Errno> {
    let text = std::str::from_utf8(bytes).map_err(|_| Errno::EINVAL)?;
    match Node::from_number(number)? {
        Node::SysItem(index) => {
            let (item, ..) = sysctl::item(index).ok_or(Errno::ENOENT)?;
            sysctl::store(t, item, text)
        }
        Node::Process(subject, index) => {
            let item = process_item(index)?.1;
            let who = who(t, subject).map_err(|_| Errno::ESRCH)?;
            let (id, thread) = (who.id, who.thread.map(|(id, _)| id));
            match item {
                Item::OomScoreAdjust => {
                    let is_root = t.proc.process_of(cx.caller).is_none_or(|me| me.cred.is_root());
                    let process = t.proc.processes.get_mut(id).ok_or(Errno::ESRCH)?;
                    let wanted: i16 = text.trim().parse().map_err(|_| Errno::EINVAL)?;
                    if !(-1000..=1000).contains(&wanted) {
                        return Err(Errno::EINVAL);
                    }
                    if wanted < process.oom_adjust && !is_root {
                        return Err(Errno::EACCES);
                    }
                    process.oom_adjust = wanted;
                    Ok(())
                }
                Item::Comm => {
                    let me = t.proc.threads.get(cx.caller).map(|thread| thread.process);
                    if me != Some(id) {
                        return Err(Errno::EINVAL);
                    }
                    rename(t, thread, text.trim_end_matches('\n'));
                    Ok(())
                }
                _ => Err(Errno::EACCES),
            }
        }
        _ => Err(Errno::EACCES),
    }
}

/// Gives a thread another name, of at most 15 bytes; the first thread's is its process's (PR_SET_NAME).
fn rename(t: &mut Tables, thread: Option<crate::base::ThreadId>, name: &str) {
    let mut name = name.to_owned();
    while name.len() > 15 {
        name.pop();
    }
    let Some(thread) = thread.and_then(|id| t.proc.threads.get_mut(id)) else { return };
    let (tid, process) = (thread.tid, thread.process);
    thread.name = Some(name.clone());
    if let Some(process) = t.proc.processes.get_mut(process).filter(|process| process.pid == tid) {
        process.name = name;
    }
}
