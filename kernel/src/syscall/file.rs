//! Where in a file, and how long it is: lseek(2), truncate(2), ftruncate(2), fallocate(2).

use super::Result;
use super::descriptor::hold;
use super::owner::without_privileges;
use super::path::{cred, find, read_path};
use super::transfer::Rest;
use crate::abi::Errno;
use crate::abi::flags::AccessMode;
use crate::abi::flags::file::{AT_FDCWD, AllocateFlags, whence};
use crate::abi::flags::process::rlimit;
use crate::abi::signal::{Signal, code};
use crate::base::{InodeId, ObjectId};
use crate::context::{Cx, Tables};
use crate::fs::{Attributes, Change, Kind, Want, permit};
use crate::hw::PAGE_SIZE;
use crate::io::{file, node, txn, walk};
use crate::proc::{FileKind, Stop};
use crate::task::signal::{self, Target};

const PAGE: u64 = PAGE_SIZE as u64;

/// lseek(2).
///
/// # Errors
/// `EBADF`, `ESPIPE`, `EINVAL`, `ENXIO` if there is neither data nor a hole behind; parks for the size.
pub fn sys_lseek([fd, offset, from]: [u64; 3], (frame, t, cx): Rest<'_>) -> Result {
    let id = hold(t, cx, frame, fd)?;
    let file = t.proc.open.get(id).ok_or(Errno::EBADF)?;
    let (current, kind) = (file.offset, file.kind);
    let offset = offset.cast_signed();
    let size = match kind {
        FileKind::Path => return Err(Stop::Fail(Errno::EBADF)),
        FileKind::Inode(inode) => {
            let attributes = node::attributes(inode, (frame, t, cx))?;
            let knows_ends = attributes.kind != Kind::Directory;
            if !knows_ends && !matches!(from as u32, whence::SET | whence::CUR) {
                return Err(Stop::Fail(Errno::EINVAL));
            }
            attributes.size
        }
        FileKind::Memory(object) => t.mm.object(object).map_or(0, |object| object.size),
        FileKind::Generated(_) => 0,
        // null(4): wherever one goes, one is at the beginning.
        // So it is with what has no bytes (`noop_llseek` in Linux).
        FileKind::Special(_)
        | FileKind::Counter(_)
        | FileKind::Timer(_)
        | FileKind::Signals(_)
        | FileKind::Epoll(_) => return Ok(current),
        FileKind::Pipe(..) | FileKind::Socket(_) | FileKind::Console(_) => {
            return Err(Stop::Fail(Errno::ESPIPE));
        }
    };
    let to = match from as u32 {
        whence::SET => u64::try_from(offset).ok(),
        whence::CUR => current.checked_add_signed(offset),
        whence::END => size.checked_add_signed(offset),
        whence::DATA | whence::HOLE => {
            let start = u64::try_from(offset).ok().filter(|&start| start < size);
            let start = start.ok_or(Errno::ENXIO)?;
            Some(stretch(kind, (start, size), from as u32 == whence::DATA, (frame, t, cx))?)
        }
        _ => None,
    };
    let to = to.filter(|&to| to <= i64::MAX as u64).ok_or(Errno::EINVAL)?;
    if let Some(file) = t.proc.open.get_mut(id) {
        file.offset = to;
    }
    Ok(to)
}

/// Where the next data begins, or the next hole; a file's end is a hole.
fn stretch(
    kind: FileKind,
    (start, size): (u64, u64),
    wants_data: bool,
    (frame, t, cx): Rest<'_>,
) -> Result {
    let object = match kind {
        FileKind::Memory(object) => Some(object),
        FileKind::Inode(inode) => t.fs.stored(inode).and_then(|fs| fs.object(inode.number)),
        _ => None,
    };
    let found = match (object, kind) {
        (Some(object), _) => {
            let there = |page| t.mm.object(object).is_some_and(|found| found.page(page).is_some());
            (start / PAGE..size.div_ceil(PAGE))
                .find(|&page| there(page) == wants_data)
                .map(|page| (page * PAGE).max(start))
        }
        (None, FileKind::Inode(inode)) if t.fs.device_of(inode).is_some() => {
            txn::run(t, cx, frame, inode, |fs, txn| match wants_data {
                true => fs.next_data(txn, inode.number, (start, size)),
                false => fs.next_hole(txn, inode.number, (start, size)),
            })?
        }
        _ => (!wants_data).then_some(start),
    };
    match found {
        Some(found) => Ok(found),
        None if wants_data => Err(Stop::Fail(Errno::ENXIO)),
        None => Ok(size),
    }
}

/// truncate(2).
///
/// # Errors
/// `EISDIR`, `EINVAL`, `EACCES`, `EROFS`, `EFBIG`, those of path walks; parks.
pub fn sys_truncate(path: u64, length: u64, (frame, t, cx): Rest<'_>) -> Result {
    if length > i64::MAX as u64 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let path = read_path(t, cx, path)?;
    let found = find(AT_FDCWD as u64, &path, (true, false), (frame, t, cx))?;
    match found.attributes.kind {
        Kind::Directory => return Err(Stop::Fail(Errno::EISDIR)),
        Kind::Regular => {}
        _ => return Err(Stop::Fail(Errno::EINVAL)),
    }
    walk::writable(t, found.at)?;
    permit(&found.attributes, &cred(t, cx)?, Want::Write)?;
    resize(found.inode, &found.attributes, length, (frame, t, cx))
}

/// ftruncate(2).
///
/// # Errors
/// `EBADF`, `EINVAL`, `EFBIG`, `ENOMEM`; parks.
pub fn sys_ftruncate(fd: u64, length: u64, (frame, t, cx): Rest<'_>) -> Result {
    if length > i64::MAX as u64 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let id = hold(t, cx, frame, fd)?;
    let file = t.proc.open.get(id).ok_or(Errno::EBADF)?;
    if file.kind == FileKind::Path {
        return Err(Stop::Fail(Errno::EBADF));
    }
    let writes = AccessMode::of(file.flags).writes();
    match file.kind {
        FileKind::Memory(object) if writes => {
            t.mm.resize_object(&mut t.memory, object, length).map_err(|_| Errno::ENOMEM)?;
            Ok(0)
        }
        FileKind::Inode(inode) if writes => {
            let attributes = node::attributes(inode, (frame, t, cx))?;
            resize(inode, &attributes, length, (frame, t, cx))
        }
        _ => Err(Stop::Fail(Errno::EINVAL)),
    }
}

fn resize(inode: InodeId, old: &Attributes, length: u64, (frame, t, cx): Rest<'_>) -> Result {
    if length > old.size {
        within_limit(length, t, cx)?;
    }
    file::resize(inode, (old.size, length), (frame, t, cx))?;
    written(inode, old, (frame, t, cx))?;
    Ok(0)
}

/// Whether a file may become so long (RLIMIT_FSIZE).
///
/// # Errors
/// `EFBIG`, with SIGXFSZ.
pub(super) fn within_limit(length: u64, t: &mut Tables, cx: &mut Cx) -> Result<()> {
    let limits = &t.proc.process_of(cx.caller).ok_or(Errno::ESRCH)?.limits;
    if length > limits.soft(rlimit::FSIZE) {
        let me = Target::Thread(cx.caller);
        signal::send(t, cx, me, Signal::XFSZ, code::SI_KERNEL, 0);
        return Err(Stop::Fail(Errno::EFBIG));
    }
    Ok(())
}

/// Somebody wrote to a file: its times move on, and it does not run with its owner's rights any more.
pub(super) fn written(inode: InodeId, old: &Attributes, (frame, t, cx): Rest<'_>) -> Result<()> {
    let change = change_of_write(old, t, cx)?;
    node::change(inode, &change, (frame, t, cx))
}

/// What changes of a file when somebody writes to it.
pub(super) fn change_of_write(old: &Attributes, t: &Tables, cx: &Cx) -> Result<Change> {
    let cred = cred(t, cx)?;
    let drops = old.mode & 0o6000 != 0 && !cred.is_root();
    let mode = drops.then(|| without_privileges(old, &cred));
    Ok(Change { mode, ..Change::modified(cx.now.into()) })
}

/// fallocate(2): makes a file longer, or a hole in it.
///
/// # Errors
/// `EBADF`, `EINVAL`, `ENODEV`, `EFBIG`, `ENOSPC`, `EOPNOTSUPP` for what the file system cannot do; parks.
pub fn sys_fallocate([fd, mode, offset, length]: [u64; 4], (frame, t, cx): Rest<'_>) -> Result {
    let mode = AllocateFlags::from_bits(mode as u32).ok_or(Errno::EOPNOTSUPP)?;
    let id = hold(t, cx, frame, fd)?;
    let file = t.proc.open.get(id).ok_or(Errno::EBADF)?;
    let (kind, writes) = (file.kind, AccessMode::of(file.flags).writes());
    let (start, length) = (offset.cast_signed(), length.cast_signed());
    if kind == FileKind::Path {
        return Err(Stop::Fail(Errno::EBADF));
    }
    if start < 0 || length <= 0 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    if !writes {
        return Err(Stop::Fail(Errno::EBADF));
    }
    let end = offset.checked_add(length.cast_unsigned()).filter(|&end| end <= i64::MAX as u64);
    let end = end.ok_or(Errno::EFBIG)?;
    let (object, inode, size) = match kind {
        FileKind::Memory(object) => {
            (Some(object), None, t.mm.object(object).map_or(0, |object| object.size))
        }
        FileKind::Inode(inode) => {
            let attributes = node::attributes(inode, (frame, t, cx))?;
            if attributes.kind != Kind::Regular {
                return Err(Stop::Fail(Errno::ENODEV));
            }
            (file::object(t, inode, attributes.size)?, Some(inode), attributes.size)
        }
        FileKind::Pipe(..) => return Err(Stop::Fail(Errno::ESPIPE)),
        _ => return Err(Stop::Fail(Errno::ENODEV)),
    };
    // What is asked of files on disks comes with the file systems that can do it.
    let object = object.ok_or(Errno::EOPNOTSUPP)?;
    if mode.contains(AllocateFlags::PUNCH_HOLE) {
        if !mode.contains(AllocateFlags::KEEP_SIZE) {
            return Err(Stop::Fail(Errno::EOPNOTSUPP));
        }
        punch(object, (offset, end.min(size.next_multiple_of(PAGE))), t);
    } else if !(AllocateFlags::KEEP_SIZE).contains(mode) {
        return Err(Stop::Fail(Errno::EOPNOTSUPP));
    } else if inode.is_some_and(|inode| !fits(inode, object, (offset, end), t)) {
        return Err(Stop::Fail(Errno::ENOSPC));
    } else if !mode.contains(AllocateFlags::KEEP_SIZE) && end > size {
        within_limit(end, t, cx)?;
        match inode {
            Some(inode) => file::resize(inode, (size, end), (frame, t, cx))?,
            None => {
                t.mm.resize_object(&mut t.memory, object, end).map_err(|_| Errno::ENOMEM)?;
            }
        }
    }
    if let Some(inode) = inode {
        let attributes = node::attributes(inode, (frame, t, cx))?;
        written(inode, &attributes, (frame, t, cx))?;
    }
    Ok(0)
}

/// Whether a file system in memory has room for all pages of a part of a file.
fn fits(inode: InodeId, object: ObjectId, (start, end): (u64, u64), t: &Tables) -> bool {
    let Some(room) = crate::io::object::room(t, inode) else { return true };
    let (first, last) = (start / PAGE, end.div_ceil(PAGE));
    let within = |page: &u64| (first..last).contains(page);
    let there =
        t.mm.object(object)
            .map_or(0, |found| found.pages().map(|(page, _)| page).filter(within).count() as u64);
    last - first - there <= room
}

/// A hole: whole pages go, parts of pages become zeroes.
fn punch(object: ObjectId, (start, end): (u64, u64), t: &mut Tables) {
    let (first, last) = (start.div_ceil(PAGE), end / PAGE);
    for (from, to) in [(start, end.min(first * PAGE)), (start.max(last * PAGE), end)] {
        let place = t.mm.object(object).and_then(|found| found.page(from / PAGE));
        if let Some(crate::mm::object::Place::Frame(frame)) = place
            && from < to
        {
            let skip = (from % PAGE) as usize;
            t.memory.ram.page_mut(frame)[skip..skip + (to - from) as usize].fill(0);
        }
    }
    if first < last {
        t.mm.punch_object(&mut t.memory, object, (first, last));
    }
}
