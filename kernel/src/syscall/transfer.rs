//! Calls that move bytes: read(2), write(2), and their kin with several buffers (readv(2)) and at a
//! position (pread(2)).
//!
//! Layers: [`Buffers`] is where bytes go to or come from in user memory; `begin` is what all these calls
//! check first; then each kind of file has its own way: [`super::console`], [`super::pipe`],
//! [`super::socket`], and for files here, page by page through the page cache.

use super::Result;
use super::descriptor::hold;
use crate::abi::flags::file::MountFlags;
use crate::abi::flags::{AccessMode, OpenFlags};
use crate::abi::types::{Iovec, Timespec};
use crate::abi::{Access, Errno};
use crate::base::{FrameId, InodeId, OpenFileId};
use crate::context::{Cx, Tables};
use crate::fs::{Attributes, Change, Key, Kind};
use crate::hw::PAGE_SIZE;
use crate::io::user::{self, MAX_TRANSFER, STEP_PAGES};
use crate::io::{block, file, mount, node, txn};
use crate::ipc::End;
use crate::proc::{CallFrame, FileKind, OpenFile, Stop};
use crate::task::files;
use std::cell::RefCell;

pub(super) const PAGE: u64 = PAGE_SIZE as u64;

/// What all handlers end with.
pub(super) type Rest<'a> = (&'a mut CallFrame, &'a mut Tables, &'a mut Cx);

/// Where bytes go to or come from: in the caller's memory, or in the kernel's own.
#[derive(Clone, Debug)]
pub struct Buffers {
    parts: Parts,
    total: u64,
}

#[derive(Clone, Debug)]
enum Parts {
    One(Iovec),
    Many(Vec<Iovec>),
    /// Bytes of the kernel: those from this one on of the transfer.
    Kernel(u64, Vec<u8>),
    /// Bytes for the kernel.
    Sink(RefCell<Vec<u8>>),
}

impl Buffers {
    /// One buffer. What is longer than Linux moves at once is cut.
    ///
    /// # Errors
    /// `EFAULT` outside user space.
    pub fn one(base: u64, length: u64) -> std::result::Result<Self, Errno> {
        let length = length.min(MAX_TRANSFER);
        user::check(base, length)?;
        Ok(Self { parts: Parts::One(Iovec { base, length }), total: length })
    }

    /// The buffers of an array of `struct iovec`.
    ///
    /// # Errors
    /// `EINVAL` for more than 1024, or a length below zero; `EFAULT`, or a fault to repair.
    pub fn many(t: &mut Tables, cx: &mut Cx, array: u64, count: u64) -> Result<Self> {
        let count = usize::try_from(count).ok().filter(|&count| count <= Iovec::MAX_COUNT);
        let mut bytes = vec![0; count.ok_or(Errno::EINVAL)? * Iovec::SIZE];
        user::read(t, cx, array, &mut bytes)?;
        let (mut parts, mut total) = (Vec::new(), 0u64);
        for part in bytes.as_chunks().0 {
            let Iovec { base, length } = Iovec::from_bytes(part);
            if length > i64::MAX as u64 {
                return Err(Stop::Fail(Errno::EINVAL));
            }
            let length = length.min(MAX_TRANSFER - total);
            user::check(base, length)?;
            total += length;
            if length > 0 {
                parts.push(Iovec { base, length });
            }
        }
        Ok(Self { parts: Parts::Many(parts), total })
    }

    /// Bytes that the kernel has: those from number `from` on of a transfer, of which the others are done.
    #[must_use]
    pub const fn kernel(from: u64, bytes: Vec<u8>) -> Self {
        Self { total: from + bytes.len() as u64, parts: Parts::Kernel(from, bytes) }
    }

    /// Room for so many bytes that the kernel wants itself.
    #[must_use]
    pub const fn sink(total: u64) -> Self {
        Self { parts: Parts::Sink(RefCell::new(Vec::new())), total }
    }

    /// What the kernel has got.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        if let Parts::Sink(bytes) = self.parts { bytes.into_inner() } else { Vec::new() }
    }

    /// How many bytes there are in all.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    fn parts(&self) -> &[Iovec] {
        match &self.parts {
            Parts::One(part) => std::slice::from_ref(part),
            Parts::Many(parts) => parts,
            Parts::Kernel(..) | Parts::Sink(_) => &[],
        }
    }

    /// The stretches of memory for the bytes from number `from` on, `length` of them at most.
    pub fn stretches(&self, from: u64, length: u64) -> impl Iterator<Item = (u64, u64)> {
        let (mut skip, mut left) = (from, length);
        self.parts().iter().filter_map(move |part| {
            let start = skip.min(part.length);
            skip -= start;
            let taken = (part.length - start).min(left);
            left -= taken;
            (taken > 0).then_some((part.base + start, taken))
        })
    }

    /// Makes sure that the caller may access such a stretch, and that its pages are there.
    ///
    /// # Errors
    /// `EFAULT`, or a fault to repair.
    pub fn touch(
        &self,
        t: &mut Tables,
        cx: &Cx,
        (from, length): (u64, u64),
        access: Access,
    ) -> Result<()> {
        for (address, length) in self.stretches(from, length) {
            user::touch(t, cx, address, length, access)?;
        }
        Ok(())
    }

    /// Copies bytes to the caller, from byte number `from` of the buffers on.
    ///
    /// # Errors
    /// As [`touch`](Self::touch); what was touched does not fail.
    pub fn put(&self, t: &mut Tables, cx: &mut Cx, from: u64, bytes: &[u8]) -> Result<()> {
        if let Parts::Sink(sink) = &self.parts {
            sink.borrow_mut().extend_from_slice(bytes);
            return Ok(());
        }
        let mut rest = bytes;
        for (address, length) in self.stretches(from, bytes.len() as u64) {
            let (now, later) = rest.split_at(length as usize);
            user::write(t, cx, address, now)?;
            rest = later;
        }
        Ok(())
    }

    /// Copies `length` bytes from the caller, from byte number `from` of the buffers on.
    ///
    /// # Errors
    /// As [`touch`](Self::touch).
    pub fn get(&self, t: &mut Tables, cx: &mut Cx, from: u64, length: u64) -> Result<Vec<u8>> {
        if let Parts::Kernel(start, bytes) = &self.parts {
            cx.charge_copy(length as usize);
            let from = from.saturating_sub(*start) as usize;
            let part = bytes.get(from..).unwrap_or_default();
            return Ok(part[..part.len().min(length as usize)].to_vec());
        }
        let mut bytes = vec![0; length as usize];
        let mut rest = &mut bytes[..];
        for (address, length) in self.stretches(from, length) {
            let (now, later) = rest.split_at_mut(length as usize);
            user::read(t, cx, address, now)?;
            rest = later;
        }
        Ok(bytes)
    }
}

/// Where in a file a transfer begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// At the open file's offset, which moves along.
    Offset,
    /// Here; the offset stays.
    At(u64),
}

/// The position that pread(2) and its kin name.
pub(super) fn position(offset: u64) -> std::result::Result<Position, Errno> {
    if offset > i64::MAX as u64 { Err(Errno::EINVAL) } else { Ok(Position::At(offset)) }
}

/// What all of these calls begin with: the open file, held until the call ends, if its mode allows it.
pub(super) fn begin(
    fd: u64,
    access: Access,
    position: Position,
    (frame, t, cx): Rest<'_>,
) -> std::result::Result<(OpenFileId, OpenFile), Errno> {
    let id = hold(t, cx, frame, fd)?;
    let file = t.proc.open.get(id).ok_or(Errno::EBADF)?;
    let mode = AccessMode::of(file.flags);
    // A read stores into memory, a write loads from it.
    let allowed = if access == Access::Store { mode.reads() } else { mode.writes() };
    match (allowed, position, file.kind) {
        (_, _, FileKind::Path) => Err(Errno::EBADF),
        (_, Position::At(_), FileKind::Pipe(..) | FileKind::Socket(_) | FileKind::Console(_)) => {
            Err(Errno::ESPIPE)
        }
        (_, Position::At(_), kind) if kind.is_anonymous() => Err(Errno::ESPIPE),
        (false, ..) => Err(Errno::EBADF),
        _ => Ok((id, file.clone())),
    }
}

/// read(2).
///
/// # Errors
/// `EBADF`, `EFAULT`, `EISDIR`, `EINTR`, `EIO`, `EAGAIN`; parks.
pub fn sys_read(fd: u64, address: u64, length: u64, (frame, t, cx): Rest<'_>) -> Result {
    let found = begin(fd, Access::Store, Position::Offset, (frame, t, cx))?;
    let buffers = Buffers::one(address, length)?;
    read(&found, &buffers, Position::Offset, (frame, t, cx))
}

/// pread64(2).
///
/// # Errors
/// As [`sys_read`], and `EINVAL`, `ESPIPE`.
pub fn sys_pread64([fd, address, length, offset]: [u64; 4], (frame, t, cx): Rest<'_>) -> Result {
    let at = position(offset)?;
    let found = begin(fd, Access::Store, at, (frame, t, cx))?;
    let buffers = Buffers::one(address, length)?;
    read(&found, &buffers, at, (frame, t, cx))
}

/// readv(2).
///
/// # Errors
/// As [`sys_read`], and `EINVAL`.
pub fn sys_readv(fd: u64, array: u64, count: u64, (frame, t, cx): Rest<'_>) -> Result {
    let found = begin(fd, Access::Store, Position::Offset, (frame, t, cx))?;
    let buffers = Buffers::many(t, cx, array, count)?;
    read(&found, &buffers, Position::Offset, (frame, t, cx))
}

/// preadv(2).
///
/// # Errors
/// As [`sys_pread64`].
pub fn sys_preadv([fd, array, count, offset]: [u64; 4], (frame, t, cx): Rest<'_>) -> Result {
    let at = position(offset)?;
    let found = begin(fd, Access::Store, at, (frame, t, cx))?;
    let buffers = Buffers::many(t, cx, array, count)?;
    read(&found, &buffers, at, (frame, t, cx))
}

/// write(2).
///
/// # Errors
/// `EBADF`, `EFAULT`, `ENOSPC`, `EFBIG`, `EIO`, `EPIPE`, `EAGAIN`, `ENXIO` for an unbound socket; parks.
pub fn sys_write(fd: u64, address: u64, length: u64, (frame, t, cx): Rest<'_>) -> Result {
    let found = begin(fd, Access::Load, Position::Offset, (frame, t, cx))?;
    let buffers = Buffers::one(address, length)?;
    write(&found, &buffers, Position::Offset, (frame, t, cx))
}

/// pwrite64(2).
///
/// # Errors
/// As [`sys_write`], and `EINVAL`, `ESPIPE`.
pub fn sys_pwrite64([fd, address, length, offset]: [u64; 4], (frame, t, cx): Rest<'_>) -> Result {
    let at = position(offset)?;
    let found = begin(fd, Access::Load, at, (frame, t, cx))?;
    let buffers = Buffers::one(address, length)?;
    write(&found, &buffers, at, (frame, t, cx))
}

/// writev(2).
///
/// # Errors
/// As [`sys_write`], and `EINVAL`.
pub fn sys_writev(fd: u64, array: u64, count: u64, (frame, t, cx): Rest<'_>) -> Result {
    let found = begin(fd, Access::Load, Position::Offset, (frame, t, cx))?;
    let buffers = Buffers::many(t, cx, array, count)?;
    write(&found, &buffers, Position::Offset, (frame, t, cx))
}

/// pwritev(2).
///
/// # Errors
/// As [`sys_pwrite64`].
pub fn sys_pwritev([fd, array, count, offset]: [u64; 4], (frame, t, cx): Rest<'_>) -> Result {
    let at = position(offset)?;
    let found = begin(fd, Access::Load, at, (frame, t, cx))?;
    let buffers = Buffers::many(t, cx, array, count)?;
    write(&found, &buffers, at, (frame, t, cx))
}

pub(super) fn read(
    (id, file): &(OpenFileId, OpenFile),
    buffers: &Buffers,
    position: Position,
    (frame, t, cx): Rest<'_>,
) -> Result {
    match file.kind {
        FileKind::Console(device) => super::console::read(device, file, buffers, (frame, t, cx)),
        FileKind::Inode(inode) => {
            let noatime = file.flags & OpenFlags::NOATIME.bits() != 0;
            let count = read_inode((*id, inode, position), buffers, (frame, t, cx))?;
            if !noatime {
                accessed(file, inode, (frame, t, cx));
            }
            Ok(count)
        }
        FileKind::Memory(object) => {
            super::memfd::read((*id, object, position), buffers, (frame, t, cx))
        }
        FileKind::Generated(inode) => {
            super::generated::read((*id, inode, position), buffers, (frame, t, cx))
        }
        FileKind::Special(special) => super::special::read(special, buffers, (frame, t, cx)),
        FileKind::Pipe(pipe, End::Read | End::Both) => {
            super::pipe::read(pipe, file.flags, buffers, (frame, t, cx))
        }
        FileKind::Counter(id) => super::eventfd::read(id, file.flags, buffers, (frame, t, cx)),
        FileKind::Timer(id) => super::timerfd::read(id, file.flags, buffers, (frame, t, cx)),
        FileKind::Signals(set) => super::signalfd::read(set, file.flags, buffers, (frame, t, cx)),
        FileKind::Epoll(_) => Err(Stop::Fail(Errno::EINVAL)),
        FileKind::Pipe(_, End::Write) | FileKind::Path => Err(Stop::Fail(Errno::EBADF)),
        FileKind::Socket(_) => super::socket::receive::read(*id, buffers, (frame, t, cx)),
    }
}

pub(super) fn write(
    (id, file): &(OpenFileId, OpenFile),
    buffers: &Buffers,
    position: Position,
    (frame, t, cx): Rest<'_>,
) -> Result {
    match file.kind {
        FileKind::Console(device) => super::console::write(device, buffers, (frame, t, cx)),
        FileKind::Inode(inode) => {
            let append = file.flags & OpenFlags::APPEND.bits() != 0;
            write_inode((*id, inode, position, append), buffers, (frame, t, cx))
        }
        FileKind::Memory(object) => {
            let append = file.flags & OpenFlags::APPEND.bits() != 0;
            super::memfd::write((*id, object, position, append), None, buffers, (frame, t, cx))
        }
        FileKind::Generated(inode) => super::generated::write(inode, buffers, (frame, t, cx)),
        FileKind::Special(special) => super::special::write(special, buffers),
        FileKind::Pipe(pipe, End::Write | End::Both) => {
            super::pipe::write(pipe, file.flags, buffers, (frame, t, cx))
        }
        FileKind::Counter(id) => super::eventfd::write(id, file.flags, buffers, (frame, t, cx)),
        FileKind::Timer(_) | FileKind::Signals(_) | FileKind::Epoll(_) => {
            Err(Stop::Fail(Errno::EINVAL))
        }
        FileKind::Pipe(_, End::Read) | FileKind::Path => Err(Stop::Fail(Errno::EBADF)),
        FileKind::Socket(_) => super::socket::send::write(*id, buffers, (frame, t, cx)),
    }
}

/// Where the next byte of a transfer lies in the file.
pub(super) fn next_offset(
    t: &Tables,
    id: OpenFileId,
    position: Position,
    frame: &CallFrame,
) -> u64 {
    match position {
        // The offset has moved along with the progress of earlier runs.
        Position::Offset => t.proc.open.get(id).map_or(0, |file| file.offset),
        Position::At(start) => start.saturating_add(frame.progress),
    }
}

/// A step of a transfer is done: the offset moves along.
pub(super) fn advance(t: &mut Tables, id: OpenFileId, position: Position, to: u64) {
    if position == Position::Offset
        && let Some(file) = t.proc.open.get_mut(id)
    {
        file.offset = to;
    }
}

fn read_inode(
    (id, inode, position): (OpenFileId, InodeId, Position),
    buffers: &Buffers,
    (frame, t, cx): Rest<'_>,
) -> Result {
    let attributes = node::attributes(inode, (frame, t, cx))?;
    if attributes.kind == Kind::Directory {
        return Err(Stop::Fail(Errno::EISDIR));
    }
    if let Some(object) = t.fs.stored(inode).and_then(|fs| fs.object(inode.number)) {
        return super::memfd::read((id, object, position), buffers, (frame, t, cx));
    }
    let mut at = next_offset(t, id, position, frame);
    while frame.progress < buffers.total() && at < attributes.size {
        let left = (buffers.total() - frame.progress).min(attributes.size - at);
        let step = left.min(STEP_PAGES * PAGE - at % PAGE);
        buffers.touch(t, cx, (frame.progress, step), Access::Store)?;
        let mut frames = Vec::with_capacity(STEP_PAGES as usize + 1);
        for page in at / PAGE..=(at + step - 1) / PAGE {
            frames.push(txn::fetch_page(t, cx, frame, inode, page)?);
        }
        copy_pages(t, cx, (&frames, at % PAGE, step), (buffers, frame.progress))?;
        (at, frame.progress) = (at + step, frame.progress + step);
        files::release_pins(t, frame);
        advance(t, id, position, at);
    }
    Ok(frame.progress)
}

/// A file was read: its time of access moves on, if it is older than the last change or than a day (mount(2), MS_RELATIME).
/// That the call cannot wait for that is no loss: the time stays old.
fn accessed(file: &OpenFile, inode: InodeId, (frame, t, cx): Rest<'_>) {
    const DAY: i64 = 86_400;
    let Some(place) = file.place else { return };
    let Ok(old) = node::attributes(inode, (frame, t, cx)) else { return };
    let now: Timespec = cx.now.into();
    let is_old = old.accessed <= old.modified
        || old.accessed <= old.changed
        || now.seconds.saturating_sub(old.accessed.seconds) >= DAY;
    let flags = t.fs.mount_of(place.at.mount).map_or(MountFlags::empty(), |mount| mount.flags);
    if is_old && now != old.accessed && !flags.intersects(MountFlags::NOATIME | MountFlags::RDONLY)
    {
        let change = Change { accessed: Some(now), ..Change::default() };
        let _ = node::change(inode, &change, (frame, t, cx));
    }
}

/// Copies `length` bytes from a run of frames, from `skip` on, to the caller.
fn copy_pages(
    t: &mut Tables,
    cx: &mut Cx,
    (frames, skip, length): (&[FrameId], u64, u64),
    (buffers, from): (&Buffers, u64),
) -> Result<()> {
    let (mut skip, mut done) = (skip as usize, 0usize);
    for &frame in frames {
        let part = (PAGE_SIZE - skip).min(length as usize - done);
        let mut bytes = [0; PAGE_SIZE];
        let bytes = &mut bytes[..part];
        bytes.copy_from_slice(&t.memory.ram.page(frame)[skip..skip + part]);
        buffers.put(t, cx, from + done as u64, bytes)?;
        (skip, done) = (0, done + part);
    }
    Ok(())
}

fn write_inode(
    (id, inode, position, append): (OpenFileId, InodeId, Position, bool),
    buffers: &Buffers,
    (frame, t, cx): Rest<'_>,
) -> Result {
    let attributes = node::attributes(inode, (frame, t, cx))?;
    if buffers.total() == 0 {
        return Ok(0);
    }
    if let Some(object) = file::object(t, inode, attributes.size)? {
        let to = (id, object, position, append);
        let count = super::memfd::write(to, Some(inode), buffers, (frame, t, cx))?;
        super::file::written(inode, &attributes, (frame, t, cx))?;
        return Ok(count);
    }
    let mut at = if append { attributes.size } else { next_offset(t, id, position, frame) };
    while frame.progress < buffers.total() {
        let step = (buffers.total() - frame.progress).min(PAGE - at % PAGE);
        match write_page((inode, &attributes), (at, step), buffers, (frame, t, cx)) {
            Ok(()) => {}
            // What is written is written: the next call will learn what is wrong.
            Err(Stop::Fail(_)) if frame.progress > 0 => break,
            Err(stop) => return Err(stop),
        }
        (at, frame.progress) = (at + step, frame.progress + step);
        files::release_pins(t, frame);
        advance(t, id, position, at);
    }
    Ok(frame.progress)
}

/// Writes within one page of a file: the blocks it needs, the new size and times in one transaction, then the
/// data into the page cache.
fn write_page(
    (inode, old): (InodeId, &Attributes),
    (offset, length): (u64, u64),
    buffers: &Buffers,
    (frame, t, cx): Rest<'_>,
) -> Result<()> {
    let from = frame.progress;
    buffers.touch(t, cx, (from, length), Access::Load)?;
    let page = offset / PAGE;
    // The page is needed even when all of it is replaced: its frame is where the data goes. A part of it
    // that is not replaced must come from the disk first.
    txn::fetch_page(t, cx, frame, inode, page)?;
    let end = offset.checked_add(length).ok_or(Errno::EFBIG)?;
    super::file::within_limit(end, t, cx)?;
    let change = super::file::change_of_write(old, t, cx)?;
    let start = (offset % PAGE) as usize;
    let blocks = txn::run(t, cx, frame, inode, |fs, txn| {
        let part = (start, start + length as usize);
        let blocks = fs.allocate(txn, inode.number, page, part)?;
        if end > fs.attributes(txn, inode.number)?.size {
            fs.resize(txn, inode.number, end)?;
        }
        fs.change(txn, inode.number, &change)?;
        Ok(blocks)
    })?;
    let key = Key::Page(inode, page);
    let target = t.fs.cache.get(key).map(|entry| entry.frame).ok_or(Errno::EIO)?;
    let bytes = buffers.get(t, cx, from, length)?;
    t.memory.ram.page_mut(target)[start..start + bytes.len()].copy_from_slice(&bytes);
    txn::settle(t, inode, page, blocks);
    t.fs.cache.mark_dirty(key, cx.cause, cx.request);
    txn::ring_flusher(t, cx);
    Ok(())
}

/// fsync(2). A simplification that is safe: everything dirty is written, not this file alone; with a journal, all data of its
/// file system, and the journal commits.
///
/// # Errors
/// `EBADF`, `EINVAL` for what is no file, `EIO` if the disk refused a write; parks.
pub fn sys_fsync(fd: u64, (frame, t, cx): Rest<'_>) -> Result {
    let id = hold(t, cx, frame, fd)?;
    match t.proc.open.get(id).map(|file| file.kind) {
        Some(FileKind::Inode(inode)) => {
            if t.fs.journal(inode.fs).is_some() {
                if frame.stage == 0 {
                    let pages: Vec<Key> = t.fs.cache.files_of(inode.fs).collect();
                    mount::write_all(&pages, (frame, t, cx))?;
                }
                txn::committed(t, cx, inode.fs, &mut frame.stage)?;
            } else {
                sys_sync(frame, t, cx)?;
            }
            let refused = t.fs.cache.refused();
            match t.proc.open.get_mut(id) {
                Some(file) if file.refused < refused => {
                    file.refused = refused;
                    Err(Stop::Fail(Errno::EIO))
                }
                _ => Ok(0),
            }
        }
        Some(FileKind::Memory(_)) => Ok(0),
        Some(FileKind::Path) => Err(Stop::Fail(Errno::EBADF)),
        _ => Err(Stop::Fail(Errno::EINVAL)),
    }
}

/// sync(2): writes what is dirty, and returns when it is on the medium.
///
/// # Errors
/// Parks.
pub fn sys_sync(frame: &mut CallFrame, t: &mut Tables, cx: &mut Cx) -> Result {
    for fs in 0..t.fs.supers.len() as u16 {
        if t.fs.journal(fs).is_some_and(|log| !log.running.is_empty() || log.committing.is_some()) {
            txn::committed(t, cx, fs, &mut frame.stage)?;
        }
        frame.stage = 0;
    }
    let dirty: Vec<Key> = t.fs.cache.dirty().collect();
    for key in dirty {
        block::write_back(t, cx, key);
    }
    match t.fs.cache.writing() {
        Some(key) => Err(block::wait_for(key)),
        None => Ok(0),
    }
}
