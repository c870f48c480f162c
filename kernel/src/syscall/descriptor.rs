//! Calls on descriptors: dup(2), close(2), fcntl(2).

use super::Result;
use super::transfer::Rest;
use crate::abi::Errno;
use crate::abi::flags::file::{CloseRangeFlags, DescriptorFlags, fcntl};
use crate::abi::flags::{AccessMode, OpenFlags};
use crate::base::OpenFileId;
use crate::context::{Cx, Tables};
use crate::io;
use crate::proc::{CallFrame, Descriptor, FileKind, Place, Stop};
use crate::task::{files, share};

/// The open file behind a descriptor of the caller.
///
/// # Errors
/// `EBADF`.
pub fn open_file(t: &Tables, cx: &Cx, fd: u64) -> std::result::Result<OpenFileId, Errno> {
    let table = t.proc.files_of(cx.caller).ok_or(Errno::EBADF)?;
    table.get(number(fd)).map(|descriptor| descriptor.file).ok_or(Errno::EBADF)
}

/// A descriptor is an `unsigned int`: Linux does not look at the register's upper half.
fn number(fd: u64) -> u64 {
    u64::from(fd as u32)
}

/// The same, and the call holds it until it ends: a file that another thread closes meanwhile stays.
///
/// # Errors
/// `EBADF`.
pub fn hold(
    t: &mut Tables,
    cx: &Cx,
    frame: &mut CallFrame,
    fd: u64,
) -> std::result::Result<OpenFileId, Errno> {
    if let Some(&held) = frame.held.first() {
        return Ok(held);
    }
    let file = open_file(t, cx, fd)?;
    t.proc.open.hold(file);
    frame.held.push(file);
    Ok(file)
}

/// The same, for the second descriptor of a call that has two.
///
/// # Errors
/// `EBADF`.
pub(super) fn hold_second(
    t: &mut Tables,
    cx: &Cx,
    frame: &mut CallFrame,
    fd: u64,
) -> std::result::Result<OpenFileId, Errno> {
    if let Some(&held) = frame.held.get(1) {
        return Ok(held);
    }
    let file = open_file(t, cx, fd)?;
    t.proc.open.hold(file);
    frame.held.push(file);
    Ok(file)
}

/// Gives the caller a descriptor for a newly opened file.
///
/// # Errors
/// `EMFILE`; the file is closed then.
pub(super) fn install(kind: FileKind, flags: u32, t: &mut Tables, cx: &mut Cx) -> Result {
    install_at(kind, flags, None, t, cx)
}

/// The same, for a file with a place in the tree.
///
/// # Errors
/// `EMFILE`; the file is closed then.
pub(super) fn install_at(
    kind: FileKind,
    flags: u32,
    place: Option<Place>,
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    let close_on_exec = flags & OpenFlags::CLOEXEC.bits() != 0;
    let once = OpenFlags::CLOEXEC | OpenFlags::CREAT | OpenFlags::EXCL | OpenFlags::TRUNC;
    let file = t.proc.open.open(kind, flags & !(once | OpenFlags::NOCTTY).bits(), place);
    if let Some(place) = place {
        t.fs.inodes.open(place.inode, AccessMode::of(flags).writes());
    }
    if let Some(opened) = t.proc.open.get_mut(file) {
        // What went wrong before is not this file's affair.
        opened.refused = t.fs.cache.refused();
    }
    let limit = t.proc.descriptor_limit(cx.caller);
    let table = t.proc.files_of_mut(cx.caller).ok_or(Errno::EBADF);
    let added = table.and_then(|table| table.add(Descriptor { file, close_on_exec }, 0, limit));
    if added.is_err() {
        files::release(t, cx, file);
    }
    Ok(added?)
}

/// close(2).
///
/// # Errors
/// `EBADF`.
pub fn sys_close(fd: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let table =
        t.proc.threads.get(cx.caller).and_then(|thread| thread.files).ok_or(Errno::EBADF)?;
    let taken = t.proc.files.get_mut(table).and_then(|table| table.take(number(fd)));
    let file = taken.ok_or(Errno::EBADF)?.file;
    files::unlock_records(t, cx, table, file);
    files::release(t, cx, file);
    io::file::reap_orphans(t, cx);
    Ok(0)
}

/// close_range(2).
///
/// # Errors
/// `EINVAL`.
pub fn sys_close_range(first: u64, last: u64, flags: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let (first, last) = (number(first), number(last));
    let flags = CloseRangeFlags::from_bits(flags as u32).ok_or(Errno::EINVAL)?;
    if first > last {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    if flags.contains(CloseRangeFlags::UNSHARE) {
        share::unshare_files(t, cx);
    }
    let table = t.proc.files_of_mut(cx.caller).ok_or(Errno::EBADF)?;
    let range: Vec<u64> =
        table.iter().map(|(fd, _)| fd).filter(|fd| (first..=last).contains(fd)).collect();
    if flags.contains(CloseRangeFlags::CLOEXEC) {
        for fd in range {
            if let Some(descriptor) = table.get_mut(fd) {
                descriptor.close_on_exec = true;
            }
        }
        return Ok(0);
    }
    let closed: Vec<Descriptor> = range.into_iter().filter_map(|fd| table.take(fd)).collect();
    for descriptor in closed {
        files::release(t, cx, descriptor.file);
    }
    Ok(0)
}

/// dup(2).
///
/// # Errors
/// `EBADF`, `EMFILE`.
pub fn sys_dup(fd: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    duplicate(fd, 0, false, t, cx)
}

/// A second descriptor for the same open file, the lowest free one from `least` on.
fn duplicate(fd: u64, least: usize, close_on_exec: bool, t: &mut Tables, cx: &mut Cx) -> Result {
    let file = open_file(t, cx, fd)?;
    let limit = t.proc.descriptor_limit(cx.caller);
    let table = t.proc.files_of_mut(cx.caller).ok_or(Errno::EBADF)?;
    let new = table.add(Descriptor { file, close_on_exec }, least, limit)?;
    t.proc.open.hold(file);
    Ok(new)
}

/// dup3(2).
///
/// # Errors
/// `EBADF`, `EINVAL`.
pub fn sys_dup3(old: u64, new: u64, flags: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let close_on_exec = flags as u32 == OpenFlags::CLOEXEC.bits();
    let (old, new) = (number(old), number(new));
    if old == new || flags as u32 != 0 && !close_on_exec {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let limit = t.proc.descriptor_limit(cx.caller);
    let at = usize::try_from(new).ok().filter(|&at| at < limit).ok_or(Errno::EBADF)?;
    let file = open_file(t, cx, old)?;
    let table = t.proc.files_of_mut(cx.caller).ok_or(Errno::EBADF)?;
    let replaced = table.set(at, Descriptor { file, close_on_exec });
    t.proc.open.hold(file);
    if let Some(replaced) = replaced {
        files::release(t, cx, replaced.file);
    }
    Ok(new)
}

/// The status flags that F_SETFL may change; it ignores the others.
const SETTABLE: OpenFlags = OpenFlags::APPEND
    .union(OpenFlags::NONBLOCK)
    .union(OpenFlags::DIRECT)
    .union(OpenFlags::NOATIME)
    .union(OpenFlags::ASYNC);

/// fcntl(2): copies and flags of descriptors, flags of open files, and the capacity of pipes. Locks and
/// the rest are `EINVAL`.
///
/// # Errors
/// `EBADF`, `EINVAL`, `EMFILE`, and those of F_SETPIPE_SZ.
pub fn sys_fcntl((fd, command, argument): (u64, u64, u64), (frame, t, cx): Rest<'_>) -> Result {
    let id = hold(t, cx, frame, fd)?;
    let kind = t.proc.open.get(id).ok_or(Errno::EBADF)?.kind;
    let of_descriptor = matches!(
        command as u32,
        fcntl::DUPFD | fcntl::DUPFD_CLOEXEC | fcntl::GETFD | fcntl::SETFD | fcntl::GETFL
    );
    if kind == FileKind::Path && !of_descriptor {
        return Err(Stop::Fail(Errno::EBADF));
    }
    match command as u32 {
        fcntl::DUPFD | fcntl::DUPFD_CLOEXEC => {
            let limit = t.proc.descriptor_limit(cx.caller);
            let least = usize::try_from(argument).ok().filter(|&least| least < limit);
            let close_on_exec = command as u32 == fcntl::DUPFD_CLOEXEC;
            duplicate(fd, least.ok_or(Errno::EINVAL)?, close_on_exec, t, cx)
        }
        fcntl::GETFD => {
            let table = t.proc.files_of(cx.caller).ok_or(Errno::EBADF)?;
            let descriptor = table.get(number(fd)).ok_or(Errno::EBADF)?;
            Ok(u64::from(descriptor.close_on_exec))
        }
        fcntl::SETFD => {
            let table = t.proc.files_of_mut(cx.caller).ok_or(Errno::EBADF)?;
            let descriptor = table.get_mut(number(fd)).ok_or(Errno::EBADF)?;
            descriptor.close_on_exec = argument as u32 & DescriptorFlags::CLOEXEC.bits() != 0;
            Ok(0)
        }
        fcntl::GETFL => {
            let file = t.proc.open.get(id).ok_or(Errno::EBADF)?;
            Ok(u64::from(file.flags))
        }
        fcntl::SETFL => {
            let file = t.proc.open.get_mut(id).ok_or(Errno::EBADF)?;
            file.flags = file.flags & !SETTABLE.bits() | argument as u32 & SETTABLE.bits();
            Ok(0)
        }
        fcntl::GETLK
        | fcntl::SETLK
        | fcntl::SETLKW
        | fcntl::OFD_GETLK
        | fcntl::OFD_SETLK
        | fcntl::OFD_SETLKW => super::flock::record(id, command as u32, argument, (frame, t, cx)),
        fcntl::GETPIPE_SZ => match kind {
            FileKind::Pipe(pipe, _) => {
                Ok(t.pipes.get(pipe).map(|pipe| pipe.capacity()).ok_or(Errno::EBADF)?)
            }
            _ => Err(Stop::Fail(Errno::EBADF)),
        },
        fcntl::SETPIPE_SZ => match kind {
            FileKind::Pipe(pipe, _) => super::pipe::resize(pipe, argument, t, cx),
            _ => Err(Stop::Fail(Errno::EBADF)),
        },
        _ => Err(Stop::Fail(Errno::EINVAL)),
    }
}
