//! Calls that tell the kernel what a program is about to do with a file, and syncfs(2).

use super::Result;
use super::descriptor::hold;
use super::transfer::{Rest, sys_sync};
use crate::abi::Errno;
use crate::proc::{FileKind, Stop};

/// The highest advice there is (`POSIX_FADV_NOREUSE`).
const LAST_ADVICE: u32 = 5;

/// posix_fadvise(2). The advice is checked and not followed: nothing is read ahead here, and pages go when memory is short.
///
/// # Errors
/// `EBADF`, `EINVAL`, `ESPIPE`.
pub fn sys_fadvise64([fd, _offset, length, advice]: [u64; 4], (frame, t, cx): Rest<'_>) -> Result {
    let id = hold(t, cx, frame, fd)?;
    match t.proc.open.get(id).ok_or(Errno::EBADF)?.kind {
        FileKind::Path => return Err(Stop::Fail(Errno::EBADF)),
        FileKind::Pipe(..) => return Err(Stop::Fail(Errno::ESPIPE)),
        _ => {}
    }
    if length > i64::MAX as u64 || advice as u32 > LAST_ADVICE {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    Ok(0)
}

/// syncfs(2). A simplification that is safe: all file systems are written, not this one alone.
///
/// # Errors
/// `EBADF`; parks.
pub fn sys_syncfs(fd: u64, (frame, t, cx): Rest<'_>) -> Result {
    let id = hold(t, cx, frame, fd)?;
    if t.proc.open.get(id).ok_or(Errno::EBADF)?.kind == FileKind::Path {
        return Err(Stop::Fail(Errno::EBADF));
    }
    sys_sync(frame, t, cx)
}
