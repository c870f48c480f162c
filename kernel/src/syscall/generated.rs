//! Files that the kernel makes up when they are read.

use super::Result;
use super::transfer::{Buffers, PAGE, Position, Rest, advance, next_offset};
use crate::abi::{Access, Errno};
use crate::base::{InodeId, OpenFileId};
use crate::context::{Cx, Tables};
use crate::proc::Stop;
use crate::pseudo;
use std::sync::Arc;

/// What read(2) does: the text is made when somebody reads from the beginning, and stays until then.
///
/// # Errors
/// Those of [`pseudo::render`], or a fault to repair.
pub(super) fn read(
    (id, inode, position): (OpenFileId, InodeId, Position),
    buffers: &Buffers,
    (frame, t, cx): Rest<'_>,
) -> Result {
    let at = next_offset(t, id, position, frame);
    let text = text_of(id, inode, at, (t, cx))?;
    let rest = usize::try_from(at).ok().and_then(|at| text.get(at..)).unwrap_or_default();
    let count = rest.len().min(buffers.total() as usize).min(16 * PAGE as usize);
    buffers.touch(t, cx, (0, count as u64), Access::Store)?;
    let bytes = rest[..count].to_vec();
    buffers.put(t, cx, 0, &bytes)?;
    if let Some(file) = t.proc.open.get_mut(id) {
        file.text = Some(text);
    }
    advance(t, id, position, at + count as u64);
    Ok(count as u64)
}

/// What a file says to whoever reads it from there on.
fn text_of(
    id: OpenFileId,
    inode: InodeId,
    at: u64,
    (t, cx): (&mut Tables, &mut Cx),
) -> Result<Arc<[u8]>> {
    let known = t.proc.open.get(id).and_then(|file| file.text.clone());
    match known.filter(|_| at > 0) {
        Some(text) => Ok(text),
        None => Ok(pseudo::render(t, cx, inode.number)?.into()),
    }
}

/// The bytes from there on, at most so many, which nobody's offset moves past.
///
/// # Errors
/// Those of [`pseudo::render`].
pub(super) fn peek(
    id: OpenFileId,
    inode: InodeId,
    (at, most): (u64, u64),
    (_, t, cx): Rest<'_>,
) -> Result<Vec<u8>> {
    let text = text_of(id, inode, at, (t, cx))?;
    let rest = usize::try_from(at).ok().and_then(|at| text.get(at..)).unwrap_or_default();
    let bytes = rest[..rest.len().min(most as usize)].to_vec();
    if let Some(file) = t.proc.open.get_mut(id) {
        file.text = Some(text);
    }
    Ok(bytes)
}

/// What write(2) does.
///
/// # Errors
/// Those of [`pseudo::store`], `EINVAL` for more than a page, or a fault to repair.
pub(super) fn write(inode: InodeId, buffers: &Buffers, (_, t, cx): Rest<'_>) -> Result {
    if buffers.total() > PAGE {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    buffers.touch(t, cx, (0, buffers.total()), Access::Load)?;
    let bytes = buffers.get(t, cx, 0, buffers.total())?;
    pseudo::store(t, cx, inode.number, &bytes)?;
    Ok(buffers.total())
}
