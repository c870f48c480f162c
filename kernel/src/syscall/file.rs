//! Calls on files and descriptors: read(2), write(2), open(2) and their kin.

use super::Result;
use crate::abi::flags::file::AT_FDCWD;
use crate::abi::flags::{AccessMode, OpenFlags};
use crate::abi::{Access, Errno};
use crate::base::{Channel, DeviceId, InodeId, OpenFileId};
use crate::context::{Cx, Tables, satp_of};
use crate::driver::bus::Driver;
use crate::event::Wait;
use crate::fs::{Attributes, FsStop, Key, Kind, Want};
use crate::hw::PAGE_SIZE;
use crate::io::user::{self, MAX_TRANSFER, STEP_PAGES};
use crate::io::{block, effects, txn};
use crate::proc::{CallFrame, Descriptor, FileKind, Interruptible, MAX_DESCRIPTORS, Stop, WaitFor};
use crate::task::files;

const PAGE: u64 = PAGE_SIZE as u64;

/// The open file behind a descriptor of the caller.
///
/// # Errors
/// `EBADF`.
pub fn open_file(t: &Tables, cx: &Cx, fd: u64) -> std::result::Result<OpenFileId, Errno> {
    let table = t.proc.files_of(cx.caller).ok_or(Errno::EBADF)?;
    table.get(fd).map(|descriptor| descriptor.file).ok_or(Errno::EBADF)
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

/// read(2).
///
/// # Errors
/// `EBADF`, `EFAULT`, `EISDIR`, `EINTR`, `EIO`; parks.
pub fn sys_read(
    fd: u64,
    address: u64,
    length: u64,
    frame: &mut CallFrame,
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    let id = hold(t, cx, frame, fd)?;
    let file = t.proc.open.get(id).ok_or(Errno::EBADF)?;
    if !AccessMode::of(file.flags).reads() {
        return Err(Stop::Fail(Errno::EBADF));
    }
    let length = length.min(MAX_TRANSFER);
    user::check(address, length)?;
    match file.kind {
        FileKind::Console(device) => read_console(device, address, length, (frame, t, cx)),
        FileKind::Inode(inode) => {
            let offset = file.offset;
            read_inode((id, inode, offset), address, length, (frame, t, cx))
        }
        FileKind::Socket(_) => {
            super::socket::receive(id, (address, length, 0), (0, 0), (frame, t, cx))
        }
    }
}

/// What all handlers end with.
type Rest<'a> = (&'a mut CallFrame, &'a mut Tables, &'a mut Cx);

fn read_console(device: DeviceId, address: u64, length: u64, (frame, t, cx): Rest<'_>) -> Result {
    if let Some(count) = frame.interrupted()? {
        return Ok(count);
    }
    let length = length.min(STEP_PAGES * PAGE);
    user::touch(t, cx, address, length, Access::Store)?;
    if length == 0 {
        return Ok(0);
    }
    let mut bytes = vec![0; length as usize];
    let count = effects::using(t, cx, device, |driver, device, _| match driver {
        Some(Driver::Char(driver)) => driver.read(&mut bytes, device),
        _ => 0,
    });
    match count {
        None | Some(0) => Err(Stop::Park(WaitFor::channel(
            Channel::Console(device),
            Wait::Console,
            Interruptible::UnlessRestarted,
        ))),
        Some(count) => {
            user::write(t, cx, address, &bytes[..count])?;
            // What somebody typed begins something new.
            cx.engine.last_request += 1;
            let request = u32::from(cx.machine.0) << 20 | cx.engine.last_request & 0xf_ffff;
            cx.request = crate::base::RequestId(request);
            if let Some(thread) = t.proc.threads.get_mut(cx.caller) {
                thread.request = cx.request;
            }
            Ok(count as u64)
        }
    }
}

fn read_inode(
    (id, inode, offset): (OpenFileId, InodeId, u64),
    address: u64,
    length: u64,
    (frame, t, cx): Rest<'_>,
) -> Result {
    let attributes = txn::run(t, cx, frame, inode, |_, fs, txn| fs.attributes(txn, inode.number))?;
    if attributes.kind == Kind::Directory {
        return Err(Stop::Fail(Errno::EISDIR));
    }
    // The offset has moved along with the progress of earlier runs.
    let left = length - frame.progress;
    let total = left.min(attributes.size.saturating_sub(offset));
    let mut done = 0;
    while done < total {
        let at = offset + done;
        let step = (total - done).min(STEP_PAGES * PAGE - at % PAGE);
        let to = address + frame.progress;
        user::touch(t, cx, to, step, Access::Store)?;
        let first = at / PAGE;
        let last = (at + step - 1) / PAGE;
        let mut frames = Vec::with_capacity(STEP_PAGES as usize + 1);
        for page in first..=last {
            frames.push(txn::fetch_page(t, cx, frame, inode, page)?);
        }
        copy_pages(t, cx, (&frames, at % PAGE, step), to)?;
        done += step;
        frame.progress += step;
        files::release_pins(t, frame);
        if let Some(file) = t.proc.open.get_mut(id) {
            file.offset = offset + done;
        }
    }
    Ok(frame.progress)
}

/// Copies `length` bytes from a run of frames, from `skip` on, to the caller.
fn copy_pages(
    t: &mut Tables,
    cx: &mut Cx,
    (frames, skip, length): (&[crate::base::FrameId], u64, u64),
    to: u64,
) -> Result<()> {
    let satp = satp_of(t, cx.caller)?;
    let (mut skip, mut done) = (skip as usize, 0usize);
    for &frame in frames {
        let part = (PAGE_SIZE - skip).min(length as usize - done);
        let mut bytes = [0; PAGE_SIZE];
        bytes[..part].copy_from_slice(&t.memory.ram.page(frame)[skip..skip + part]);
        t.memory.copy_out(satp, to + done as u64, &bytes[..part])?;
        (skip, done) = (0, done + part);
    }
    cx.charge_copy(length as usize);
    Ok(())
}

/// write(2).
///
/// # Errors
/// `EBADF`, `EFAULT`, `ENOSPC`, `EFBIG`, `EIO`, `ENXIO` for an unbound socket; parks.
pub fn sys_write(
    fd: u64,
    address: u64,
    length: u64,
    frame: &mut CallFrame,
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    let id = hold(t, cx, frame, fd)?;
    let file = t.proc.open.get(id).ok_or(Errno::EBADF)?;
    if !AccessMode::of(file.flags).writes() {
        return Err(Stop::Fail(Errno::EBADF));
    }
    let length = length.min(MAX_TRANSFER);
    user::check(address, length)?;
    match file.kind {
        FileKind::Console(device) => {
            let mut bytes = vec![0; length.min(STEP_PAGES * PAGE) as usize];
            user::read(t, cx, address, &mut bytes)?;
            effects::using(t, cx, device, |driver, device, wires| {
                if let Some(Driver::Char(driver)) = driver {
                    driver.write(&bytes, device, wires);
                }
            });
            Ok(bytes.len() as u64)
        }
        FileKind::Inode(inode) => {
            let append = file.flags & OpenFlags::APPEND.bits() != 0;
            let offset = file.offset;
            write_inode((id, inode, offset, append), address, length, (frame, t, cx))
        }
        FileKind::Socket(_) => super::socket::send(id, (address, length), (0, 0), (frame, t, cx)),
    }
}

fn write_inode(
    (id, inode, offset, append): (OpenFileId, InodeId, u64, bool),
    address: u64,
    length: u64,
    (frame, t, cx): Rest<'_>,
) -> Result {
    let attributes = txn::run(t, cx, frame, inode, |_, fs, txn| fs.attributes(txn, inode.number))?;
    let mut offset = if append { attributes.size } else { offset };
    while frame.progress < length {
        let step = (length - frame.progress).min(PAGE - offset % PAGE);
        match write_page(inode, (offset, address + frame.progress, step), (frame, t, cx)) {
            Ok(()) => {}
            // What is written is written: the next call will learn what is wrong.
            Err(Stop::Fail(_)) if frame.progress > 0 => break,
            Err(stop) => return Err(stop),
        }
        frame.progress += step;
        files::release_pins(t, frame);
        offset += step;
        if let Some(file) = t.proc.open.get_mut(id) {
            file.offset = offset;
        }
    }
    Ok(frame.progress)
}

/// Writes within one page of a file: the block it needs and the new size in one transaction, then the
/// data into the page cache.
fn write_page(
    inode: InodeId,
    (offset, from, length): (u64, u64, u64),
    (frame, t, cx): Rest<'_>,
) -> Result<()> {
    user::touch(t, cx, from, length, Access::Load)?;
    let page = offset / PAGE;
    // The page is needed even when all of it is replaced: its frame is where the data goes. A part of it
    // that is not replaced must come from the disk first.
    txn::fetch_page(t, cx, frame, inode, page)?;
    let end = offset + length;
    let home = txn::run(t, cx, frame, inode, |_, fs, txn| {
        let home = fs.allocate(txn, inode.number, page)?;
        fs.extend(txn, inode.number, end)?;
        Ok(home)
    })?;
    let key = Key::Page(inode, page);
    let target = t.fs.cache.get(key).map(|entry| entry.frame).ok_or(Errno::EIO)?;
    let satp = satp_of(t, cx.caller)?;
    let mut bytes = [0; PAGE_SIZE];
    let bytes = &mut bytes[..length as usize];
    t.memory.copy_in(satp, from, bytes)?;
    let at = (offset % PAGE) as usize;
    t.memory.ram.page_mut(target)[at..at + bytes.len()].copy_from_slice(bytes);
    cx.charge_copy(bytes.len());
    if let Some((_, device)) = t.fs.of(inode) {
        t.fs.cache.set_home(key, (device, home));
    }
    t.fs.cache.mark_dirty(key, cx.cause, cx.request);
    txn::ring_flusher(t, cx);
    Ok(())
}

/// openat(2).
///
/// # Errors
/// Those of path walks, `EEXIST`, `EISDIR`, `EMFILE`, `EINVAL`; parks.
pub fn sys_openat(
    (directory, path, flags, mode): (u64, u64, u64, u64),
    frame: &mut CallFrame,
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    let path = user::read_string(t, cx, path, 4095)?;
    let (flags, open) = (flags as u32, OpenFlags::from_bits_truncate(flags as u32));
    if path == "/dev/console" {
        // A place for device files will come with devfs; until then the console has a name of its own.
        let console = t.console.ok_or(Errno::ENXIO)?;
        return install(FileKind::Console(console), flags, t, cx);
    }
    // What can fail without having made a file is tried first.
    if open.contains(OpenFlags::CREAT | OpenFlags::DIRECTORY) {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    t.proc.files_of(cx.caller).ok_or(Errno::EBADF)?.lowest_free(0)?;
    let start = start_directory(directory as i32, &path, t, cx)?;
    let process = t.proc.process_of(cx.caller).ok_or(Errno::ESRCH)?;
    let cred = process.cred.clone();
    let access = AccessMode::of(flags);
    let (inode, kind) = txn::run(t, cx, frame, start, |vfs, fs, txn| {
        let (directory, name) = vfs.resolve(txn, (start, &cred), &path)?;
        let found = match name {
            None => Ok(directory.number),
            Some(name) => fs.lookup(txn, directory.number, name),
        };
        let number = match (found, name) {
            (Ok(_), _) if open.contains(OpenFlags::CREAT | OpenFlags::EXCL) => {
                return Err(Errno::EEXIST.into());
            }
            (Err(FsStop::Fail(Errno::ENOENT)), Some("..")) => return Err(Errno::ENOENT.into()),
            (Err(FsStop::Fail(Errno::ENOENT)), Some(name)) if open.contains(OpenFlags::CREAT) => {
                let parent = fs.attributes(txn, directory.number)?;
                crate::fs::permit(&parent, &cred, Want::Write)?;
                let mode = mode as u16 & 0o7777 & !0o022;
                let (uid, gid) = (cred.euid, cred.egid);
                let new = Attributes { kind: Kind::Regular, mode, links: 1, uid, gid, size: 0 };
                fs.create(txn, directory.number, name, new)?
            }
            (found, _) => found?,
        };
        let attributes = fs.attributes(txn, number)?;
        if attributes.kind == Kind::Directory && access.writes() {
            return Err(Errno::EISDIR.into());
        }
        if access.reads() {
            crate::fs::permit(&attributes, &cred, Want::Read)?;
        }
        if access.writes() {
            crate::fs::permit(&attributes, &cred, Want::Write)?;
        }
        Ok((InodeId { number, ..directory }, attributes.kind))
    })?;
    if open.contains(OpenFlags::DIRECTORY) && kind != Kind::Directory {
        return Err(Stop::Fail(Errno::ENOTDIR));
    }
    install(FileKind::Inode(inode), flags, t, cx)
}

/// The directory at which a path starts.
pub(super) fn start_directory(
    directory: i32,
    path: &str,
    t: &Tables,
    cx: &Cx,
) -> std::result::Result<InodeId, Errno> {
    let process = t.proc.process_of(cx.caller).ok_or(Errno::ESRCH)?;
    let root = t.fs.root(process.namespaces.mount).ok_or(Errno::ENOENT)?;
    if path.starts_with('/') {
        return Ok(root);
    }
    if directory == AT_FDCWD {
        return Ok(process.cwd.unwrap_or(root));
    }
    let file = open_file(t, cx, u64::from(directory as u32))?;
    match t.proc.open.get(file).map(|file| file.kind) {
        Some(FileKind::Inode(inode)) => Ok(inode),
        _ => Err(Errno::ENOTDIR),
    }
}

/// Gives the caller a descriptor for a newly opened file.
pub(super) fn install(kind: FileKind, flags: u32, t: &mut Tables, cx: &mut Cx) -> Result {
    let close_on_exec = flags & OpenFlags::CLOEXEC.bits() != 0;
    let kept = flags & !(OpenFlags::CLOEXEC | OpenFlags::CREAT | OpenFlags::EXCL).bits();
    let file = t.proc.open.open(kind, kept);
    let table = t.proc.files_of_mut(cx.caller).ok_or(Errno::EBADF);
    let added = table.and_then(|table| table.add(Descriptor { file, close_on_exec }, 0));
    if added.is_err() {
        files::release(t, file);
    }
    Ok(added?)
}

/// close(2).
///
/// # Errors
/// `EBADF`.
pub fn sys_close(fd: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let taken = t.proc.files_of_mut(cx.caller).and_then(|table| table.take(fd));
    files::release(t, taken.ok_or(Errno::EBADF)?.file);
    Ok(0)
}

/// dup(2).
///
/// # Errors
/// `EBADF`, `EMFILE`.
pub fn sys_dup(fd: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let file = open_file(t, cx, fd)?;
    let table = t.proc.files_of_mut(cx.caller).ok_or(Errno::EBADF)?;
    let new = table.add(Descriptor { file, close_on_exec: false }, 0)?;
    t.proc.open.hold(file);
    Ok(new)
}

/// dup3(2).
///
/// # Errors
/// `EBADF`, `EINVAL`.
pub fn sys_dup3(old: u64, new: u64, flags: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let close_on_exec = flags as u32 == OpenFlags::CLOEXEC.bits();
    if old == new || flags != 0 && !close_on_exec {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let file = open_file(t, cx, old)?;
    let at = usize::try_from(new).ok().filter(|&at| at < MAX_DESCRIPTORS).ok_or(Errno::EBADF)?;
    let table = t.proc.files_of_mut(cx.caller).ok_or(Errno::EBADF)?;
    let replaced = table.set(at, Descriptor { file, close_on_exec });
    t.proc.open.hold(file);
    if let Some(replaced) = replaced {
        files::release(t, replaced.file);
    }
    Ok(new)
}

/// lseek(2) with SEEK_SET, SEEK_CUR and SEEK_END.
///
/// # Errors
/// `EBADF`, `ESPIPE`, `EINVAL`; parks for the size.
pub fn sys_lseek(
    (fd, offset, whence): (u64, u64, u64),
    frame: &mut CallFrame,
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    let id = hold(t, cx, frame, fd)?;
    let file = t.proc.open.get(id).ok_or(Errno::EBADF)?;
    let FileKind::Inode(inode) = file.kind else {
        return Err(Stop::Fail(Errno::ESPIPE));
    };
    let current = file.offset;
    let base = match whence {
        0 => 0,
        1 => current,
        2 => txn::run(t, cx, frame, inode, |_, fs, txn| fs.attributes(txn, inode.number))?.size,
        _ => return Err(Stop::Fail(Errno::EINVAL)),
    };
    let to = base.checked_add_signed(offset as i64).filter(|&to| to <= i64::MAX as u64);
    let to = to.ok_or(Errno::EINVAL)?;
    if let Some(file) = t.proc.open.get_mut(id) {
        file.offset = to;
    }
    Ok(to)
}

/// fsync(2). A simplification that is safe: everything dirty is written, not this file alone.
///
/// # Errors
/// `EBADF`, `EINVAL` for what is no file; parks.
pub fn sys_fsync(fd: u64, frame: &mut CallFrame, t: &mut Tables, cx: &mut Cx) -> Result {
    let id = hold(t, cx, frame, fd)?;
    match t.proc.open.get(id).map(|file| file.kind) {
        Some(FileKind::Inode(_)) => sys_sync(t, cx),
        _ => Err(Stop::Fail(Errno::EINVAL)),
    }
}

/// sync(2): writes what is dirty, and returns when it is on the medium.
///
/// # Errors
/// Parks.
pub fn sys_sync(t: &mut Tables, cx: &mut Cx) -> Result {
    let dirty: Vec<Key> = t.fs.cache.dirty().collect();
    for key in dirty {
        block::write_back(t, cx, key);
    }
    match t.fs.cache.writing() {
        Some(key) => Err(block::wait_for(key)),
        None => Ok(0),
    }
}
