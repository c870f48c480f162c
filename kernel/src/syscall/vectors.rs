//! preadv2(2) and pwritev2(2): several buffers, a position or none, and flags for this one transfer.

use super::Result;
use super::transfer::{Buffers, Position, Rest, begin, position, read, write};
use crate::abi::flags::OpenFlags;
use crate::abi::flags::file::VectorFlags;
use crate::abi::{Access, Errno};

/// The position that the calls name: -1 is the open file's offset.
fn place(offset: u64) -> std::result::Result<Position, Errno> {
    if offset == u64::MAX { Ok(Position::Offset) } else { position(offset) }
}

/// The flags, of which those that ask not to wait cannot be obeyed.
fn read_flags(flags: u64) -> std::result::Result<VectorFlags, Errno> {
    let known = VectorFlags::HIPRI | VectorFlags::DSYNC | VectorFlags::SYNC | VectorFlags::APPEND;
    let flags = VectorFlags::from_bits(flags as u32).filter(|flags| known.contains(*flags));
    flags.ok_or(Errno::EOPNOTSUPP)
}

/// preadv2(2).
///
/// # Errors
/// `EOPNOTSUPP` for flags, and as readv(2) and preadv(2).
pub fn sys_preadv2(
    [fd, array, count, offset, flags]: [u64; 5],
    (frame, t, cx): Rest<'_>,
) -> Result {
    let at = place(offset)?;
    let found = begin(fd, Access::Store, at, (frame, t, cx))?;
    let buffers = Buffers::many(t, cx, array, count)?;
    read_flags(flags)?;
    read(&found, &buffers, at, (frame, t, cx))
}

/// pwritev2(2).
///
/// # Errors
/// `EOPNOTSUPP` for flags, and as writev(2) and pwritev(2).
pub fn sys_pwritev2(
    [fd, array, count, offset, flags]: [u64; 5],
    (frame, t, cx): Rest<'_>,
) -> Result {
    let at = place(offset)?;
    let (id, mut file) = begin(fd, Access::Load, at, (frame, t, cx))?;
    let buffers = Buffers::many(t, cx, array, count)?;
    let flags = read_flags(flags)?;
    if flags.contains(VectorFlags::APPEND) {
        file.flags |= OpenFlags::APPEND.bits();
    }
    write(&(id, file), &buffers, at, (frame, t, cx))
}
