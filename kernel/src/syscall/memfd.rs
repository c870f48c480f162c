//! Memory with a descriptor: memfd_create(2), and what read(2) and write(2) do with it and with files of
//! file systems in memory.
//!
//! Such a file is a memory object that an open file holds: whoever gets the descriptor, or maps it shared, sees the same
//! frames. POSIX' shm_open(3) is the same thing under a name, and needs a file system in memory for the names.

use super::Result;
use super::descriptor::install;
use super::transfer::{Buffers, PAGE, Position, Rest, advance, next_offset};
use crate::abi::flags::OpenFlags;
use crate::abi::flags::file::access_mode;
use crate::abi::flags::memory::MemfdFlags;
use crate::abi::{Access, Errno};
use crate::base::{InodeId, ObjectId, OpenFileId};
use crate::context::{Cx, Tables};
use crate::fs::{NoBlocks, Txn};
use crate::io::{object, user};
use crate::mm::object::Kind;
use crate::proc::{FileKind, Stop};

/// The longest name, its zero byte not counted (`NAME_MAX` less the prefix `memfd:`).
const NAME_MAX: usize = 249;

/// memfd_create(2).
///
/// # Errors
/// `EINVAL`, `EFAULT`, `EMFILE`.
pub fn sys_memfd_create(name: u64, flags: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let flags = MemfdFlags::from_bits(flags as u32).ok_or(Errno::EINVAL)?;
    if flags.contains(MemfdFlags::HUGETLB) {
        // There is no pool of large pages.
        return Err(Stop::Fail(Errno::ENOSYS));
    }
    let name = match user::read_string(t, cx, name, NAME_MAX) {
        Err(Stop::Fail(Errno::ENAMETOOLONG)) => return Err(Stop::Fail(Errno::EINVAL)),
        name => name?,
    };
    let kind = Kind::Memfd(name.as_str().into());
    let object = t.mm.create_object(kind, 0, (1, false)).map_err(|_| Errno::ENOMEM)?;
    let mut open = access_mode::RDWR;
    if flags.contains(MemfdFlags::CLOEXEC) {
        open |= OpenFlags::CLOEXEC.bits();
    }
    let installed = install(FileKind::Memory(object), open, t, cx);
    if installed.is_err() {
        t.mm.unhold_object(&mut t.memory, object);
    }
    installed
}

/// Reads from memory.
pub(super) fn read(
    (id, object, position): (OpenFileId, ObjectId, Position),
    buffers: &Buffers,
    (frame, t, cx): Rest<'_>,
) -> Result {
    let size = t.mm.object(object).map_or(0, |object| object.size);
    let mut at = next_offset(t, id, position, frame);
    while frame.progress < buffers.total() && at < size {
        let left = (buffers.total() - frame.progress).min(size - at);
        let step = left.min(PAGE - at % PAGE);
        buffers.touch(t, cx, (frame.progress, step), Access::Store)?;
        let skip = (at % PAGE) as usize;
        let bytes = match t.mm.object(object).and_then(|object| object.page(at / PAGE)) {
            // What nobody has touched is not made for a reader.
            None => vec![0; step as usize],
            Some(_) => {
                let (found, _) = object::page(t, cx, frame, (object, at / PAGE))?;
                t.memory.ram.page(found)[skip..skip + step as usize].to_vec()
            }
        };
        buffers.put(t, cx, frame.progress, &bytes)?;
        (at, frame.progress) = (at + step, frame.progress + step);
        advance(t, id, position, at);
    }
    Ok(frame.progress)
}

/// The next bytes of memory, at most so many, which nobody's offset moves past.
pub(super) fn peek(
    object: ObjectId,
    start: u64,
    most: u64,
    (frame, t, cx): Rest<'_>,
) -> Result<Vec<u8>> {
    let size = t.mm.object(object).map_or(0, |object| object.size);
    let length = most.min(size.saturating_sub(start)) as usize;
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        let at = start + bytes.len() as u64;
        let skip = (at % PAGE) as usize;
        let part = (PAGE as usize - skip).min(length - bytes.len());
        match t.mm.object(object).and_then(|object| object.page(at / PAGE)) {
            None => bytes.resize(bytes.len() + part, 0),
            Some(_) => {
                let (found, _) = object::page(t, cx, frame, (object, at / PAGE))?;
                bytes.extend_from_slice(&t.memory.ram.page(found)[skip..skip + part]);
            }
        }
    }
    Ok(bytes)
}

/// Writes to memory, which becomes longer if need be.
pub(super) fn write(
    (id, object, position, append): (OpenFileId, ObjectId, Position, bool),
    inode: Option<InodeId>,
    buffers: &Buffers,
    (frame, t, cx): Rest<'_>,
) -> Result {
    let size = |t: &Tables| t.mm.object(object).map_or(0, |object| object.size);
    let mut at = if append { size(t) } else { next_offset(t, id, position, frame) };
    while frame.progress < buffers.total() {
        let step = (buffers.total() - frame.progress).min(PAGE - at % PAGE);
        let end = at.checked_add(step).filter(|&end| end <= i64::MAX as u64).ok_or(Errno::EFBIG)?;
        buffers.touch(t, cx, (frame.progress, step), Access::Load)?;
        let before = size(t);
        if inode.is_some() && end > before {
            match super::file::within_limit(end, t, cx) {
                Err(_) if frame.progress > 0 => break,
                checked => checked?,
            }
        }
        let bytes = buffers.get(t, cx, frame.progress, step)?;
        if end > before {
            t.mm.resize_object(&mut t.memory, object, end).map_err(|_| Errno::ENOMEM)?;
        }
        let (found, _) = match object::page(t, cx, frame, (object, at / PAGE)) {
            Ok(found) => found,
            Err(stop) => {
                let _ = t.mm.resize_object(&mut t.memory, object, before);
                return Err(stop);
            }
        };
        let skip = (at % PAGE) as usize;
        t.memory.ram.page_mut(found)[skip..skip + bytes.len()].copy_from_slice(&bytes);
        if let Some(inode) = inode.filter(|_| end > before)
            && let Some(fs) = t.fs.stored_mut(inode)
        {
            // The file system keeps the size; who maps the file looks at the object.
            fs.resize(&mut Txn::new(&NoBlocks, cx.now.into()), inode.number, end)
                .map_err(|_| Errno::EIO)?;
        }
        (at, frame.progress) = (end, frame.progress + step);
        advance(t, id, position, at);
    }
    Ok(frame.progress)
}
