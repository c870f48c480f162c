//! /proc/PID/fd and fdinfo, and the links that lead to a place without a path: cwd, root, exe (proc_pid_fd(5)).

use super::process::Who;
use crate::abi::Errno;
use crate::abi::flags::OpenFlags;
use crate::abi::types::Timespec;
use crate::base::{Location, Pid};
use crate::context::{Cx, Tables};
use crate::fs::Reached;
use crate::fs::lock::{Lock, Owner};
use crate::mm::object::Kind;
use crate::proc::{Descriptor, FileKind, OpenFile, Special};
use std::fmt::Write;

/// The root that the caller sees.
fn root(t: &Tables, cx: &Cx) -> Option<Location> {
    let own = t.proc.fs_of(cx.caller).and_then(|info| info.root);
    own.or_else(|| t.fs.root(t.proc.process_of(cx.caller)?.namespaces.mount))
}

/// The path of a place, as the caller sees it; what has lost its name says so (`d_path`).
pub(super) fn path(t: &Tables, cx: &Cx, at: Location) -> String {
    path_from(t, root(t, cx), at)
}

fn path_from(t: &Tables, root: Option<Location>, at: Location) -> String {
    let Some(root) = root else { return String::new() };
    match t.fs.path(at, root) {
        (path, Reached::Removed) => format!("{path} (deleted)"),
        (path, _) => path,
    }
}

/// The descriptors of a process, lowest first.
pub(super) fn all<'a>(
    t: &'a Tables,
    who: &Who<'_>,
) -> impl Iterator<Item = (u64, Descriptor)> + 'a {
    let table = who.thread.and_then(|(id, _)| t.proc.files_of(id));
    table.into_iter().flat_map(|table| table.iter())
}

/// An open file by its descriptor.
pub(super) fn file<'a>(
    t: &'a Tables,
    who: &Who<'_>,
    fd: u64,
) -> Option<(Descriptor, &'a OpenFile)> {
    let table = t.proc.files_of(who.thread?.0)?;
    let found = table.get(fd)?;
    Some((found, t.proc.open.get(found.file)?))
}

/// What a link in /proc/PID/fd says: a path, or a kind and a number.
pub(super) fn text(t: &Tables, cx: &Cx, file: &OpenFile) -> String {
    name_of_open(t, root(t, cx), file)
}

/// The same, as somebody sees it whose root that is.
#[must_use]
pub fn name_of_open(t: &Tables, root: Option<Location>, file: &OpenFile) -> String {
    match file.kind {
        FileKind::Pipe(pipe, _) if file.place.is_none() => format!("pipe:[{}]", pipe.bits()),
        FileKind::Socket(socket) => format!("socket:[{}]", socket.bits()),
        FileKind::Memory(object) => match t.mm.object(object).map(|object| &object.kind) {
            Some(Kind::Memfd(name)) => format!("/memfd:{name} (deleted)"),
            _ => "/dev/zero (deleted)".to_owned(),
        },
        _ => match (file.place, file.kind) {
            (Some(place), _) => path_from(t, root, place.at),
            (None, FileKind::Special(special)) => match special {
                Special::Null => "/dev/null".to_owned(),
                Special::Zero => "/dev/zero".to_owned(),
                Special::Full => "/dev/full".to_owned(),
                Special::Random => "/dev/random".to_owned(),
            },
            (None, FileKind::Console(_)) => "/dev/console".to_owned(),
            (None, FileKind::Counter(_)) => "anon_inode:[eventfd]".to_owned(),
            (None, FileKind::Timer(_)) => "anon_inode:[timerfd]".to_owned(),
            (None, FileKind::Signals(_)) => "anon_inode:[signalfd]".to_owned(),
            (None, FileKind::Epoll(_)) => "anon_inode:[eventpoll]".to_owned(),
            (None, _) => "anon_inode:[unknown]".to_owned(),
        },
    }
}

/// The permission bits of a link in /proc/PID/fd: how the file is open.
pub(super) fn link_mode(file: &OpenFile) -> u16 {
    let access = crate::abi::flags::AccessMode::of(file.flags);
    let nothing = file.kind == FileKind::Path;
    let read = if access.reads() && !nothing { 0o500 } else { 0o100 };
    if access.writes() && !nothing { read | 0o200 } else { read }
}

/// /proc/PID/fdinfo/N.
///
/// # Errors
/// `ENOENT`.
pub(super) fn info(t: &Tables, cx: &Cx, who: &Who<'_>, fd: u64) -> Result<String, Errno> {
    let (descriptor, file) = file(t, who, fd).ok_or(Errno::ENOENT)?;
    // What counted only while it was opened is not kept (man 2 fcntl, F_GETFL).
    let once = OpenFlags::CREAT | OpenFlags::EXCL | OpenFlags::NOCTTY | OpenFlags::TRUNC;
    let mut flags = file.flags & !once.bits();
    if descriptor.close_on_exec {
        flags |= OpenFlags::CLOEXEC.bits();
    } else {
        flags &= !OpenFlags::CLOEXEC.bits();
    }
    let mount = file.place.map_or(0, |place| super::mounts::number(place.at.mount));
    let inode = inode_of(file);
    let mut out =
        format!("pos:\t{}\nflags:\t0{flags:o}\nmnt_id:\t{mount}\nino:\t{inode}\n", file.offset);
    let locks = file.place.and_then(|place| Some((place, t.fs.inodes.get(place.inode)?)));
    for (place, lock) in
        locks.iter().flat_map(|(place, found)| found.locks.iter().map(move |lock| (place, lock)))
    {
        let is_own = match lock.owner {
            Owner::Process(table) => who.thread.and_then(|(_, thread)| thread.files) == Some(table),
            Owner::File(file) | Owner::Whole(file) => file == descriptor.file,
        };
        if is_own {
            let _ = writeln!(out, "lock:\t1: {}", lock_line(t, place.inode, lock));
        }
    }
    special_info(t, cx, file, &mut out);
    Ok(out)
}

/// The inode number of an open file.
fn inode_of(file: &OpenFile) -> u64 {
    match (file.place, file.kind) {
        (Some(place), _) => place.inode.number,
        (None, FileKind::Pipe(pipe, _)) => pipe.bits(),
        (None, FileKind::Socket(socket)) => socket.bits(),
        (None, FileKind::Memory(object)) => object.bits(),
        (None, _) => 1,
    }
}

/// What files say of themselves that stand for something to wait for (proc_pid_fdinfo(5)).
fn special_info(t: &Tables, cx: &Cx, file: &OpenFile, out: &mut String) {
    let _ = match file.kind {
        FileKind::Counter(id) => t.events.counters.get(id).map_or(Ok(()), |counter| {
            writeln!(
                out,
                "eventfd-count: {:16x}\neventfd-id: {}\neventfd-semaphore: {}",
                counter.value,
                counter.number,
                u8::from(counter.is_semaphore)
            )
        }),
        FileKind::Timer(id) => t.events.timers.get(id).map_or(Ok(()), |timer| {
            let left = Timespec::from(timer.left(cx.now));
            let interval = Timespec::from(timer.interval);
            writeln!(
                out,
                "clockid: {}\nticks: {}\nsettime flags: 0{:o}\nit_value: ({}, {})\nit_interval: ({}, {})",
                timer.clock,
                timer.ticks,
                timer.flags,
                left.seconds,
                left.nanoseconds,
                interval.seconds,
                interval.nanoseconds
            )
        }),
        FileKind::Signals(set) => {
            writeln!(out, "sigmask:\t{:016x}", u64::from_le_bytes(set.to_bytes()))
        }
        FileKind::Epoll(id) => t.events.epolls.of(id).try_for_each(|(_, interest)| {
            let target = t.proc.open.get(interest.file);
            writeln!(
                out,
                "tfd: {:8} events: {:8x} data: {:16x}  pos:{} ino:{:x} sdev:{:x}",
                interest.fd,
                interest.events,
                interest.data,
                target.map_or(0, |file| file.offset),
                target.map_or(0, inode_of),
                0
            )
        }),
        _ => Ok(()),
    };
}

/// What /proc/locks says of a lock behind its number.
pub(super) fn lock_line(t: &Tables, inode: crate::base::InodeId, lock: &Lock) -> String {
    let (kind, pid) = match lock.owner {
        Owner::Process(_) => ("POSIX ", i64::from(lock.pid.0)),
        Owner::File(_) => ("OFDLCK", -1),
        Owner::Whole(_) => ("FLOCK ", i64::from(lock.pid.0)),
    };
    let access = if lock.is_exclusive { "WRITE" } else { "READ" };
    let end =
        if lock.end >= i64::MAX.cast_unsigned() { "EOF".to_owned() } else { lock.end.to_string() };
    let device = super::mounts::device_numbers(t, inode.fs);
    let (major, minor) = device;
    format!(
        "{kind} ADVISORY  {access} {pid} {major:02x}:{minor:02x}:{} {} {end}",
        inode.number, lock.start
    )
}

/// Where a link of /proc/PID leads: `cwd`, `root` or `exe`.
pub(super) fn place_of(t: &Tables, who: &Who<'_>, name: &str) -> Option<Location> {
    match name {
        "exe" => who.space(t)?.command.file,
        "cwd" => t.proc.fs_of(who.thread?.0)?.cwd,
        _ => {
            let own = t.proc.fs_of(who.thread?.0)?.root;
            own.or_else(|| t.fs.root(who.process.namespaces.mount))
        }
    }
}

/// Whether the caller may look into a process (Linux' `ptrace_may_access`): it is the caller's own, the caller is root, or all
/// of its users and groups are the caller's real ones.
pub(super) fn may_look(t: &Tables, cx: &Cx, who: &Who<'_>) -> bool {
    let Some(me) = t.proc.process_of(cx.caller) else { return true };
    let (mine, theirs) = (&me.cred, &who.process.cred);
    me.pid == who.process.pid
        || mine.is_root()
        || [theirs.uid, theirs.euid, theirs.suid].iter().all(|uid| *uid == mine.euid)
            && [theirs.gid, theirs.egid, theirs.sgid].iter().all(|gid| *gid == mine.egid)
}

/// The number of the process that asks; `None` for the kernel itself.
pub(super) fn caller(t: &Tables, cx: &Cx) -> Option<(Pid, Pid)> {
    let thread = t.proc.threads.get(cx.caller)?;
    Some((t.proc.processes.get(thread.process)?.pid, thread.tid))
}
