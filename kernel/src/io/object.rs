//! Pages of memory objects, made or brought back when somebody wants them.

use super::{block, swap};
use crate::abi::Errno;
use crate::base::{FrameId, InodeId, ObjectId};
use crate::context::{Cx, Tables};
use crate::event::Repair;
use crate::hw::PAGE_SIZE;
use crate::mm::Use;
use crate::mm::object::{Kind, Place};
use crate::proc::{CallFrame, Stop};

/// A page of an object, and how it was come by; one that nobody has touched yet is made of zeroes.
///
/// # Errors
/// `EIO` behind the object's end, `ENOMEM`, `ENOSPC` if its file system is full; parks.
pub fn page(
    t: &mut Tables,
    cx: &mut Cx,
    frame: &mut CallFrame,
    (object, index): (ObjectId, u64),
) -> Result<(FrameId, Repair), Stop> {
    let found = t.mm.object(object).ok_or(Errno::EIO)?;
    if index >= found.size.div_ceil(PAGE_SIZE as u64) {
        return Err(Stop::Fail(Errno::EIO));
    }
    match found.page(index) {
        Some(Place::Frame(frame)) => Ok((frame, Repair::Shared)),
        Some(Place::Swapped(slot)) => {
            let frame = swap::into_object(t, cx, frame, (object, index), slot)?;
            Ok((frame, Repair::SwapIn))
        }
        None => {
            if let Kind::File(inode) = found.kind
                && room(t, inode) == Some(0)
            {
                return Err(Stop::Fail(Errno::ENOSPC));
            }
            let used = Use::Object { object, page: index };
            let zeroes = block::frame_or_wait(t, cx, used)?;
            t.memory.ram.clear(zeroes);
            t.mm.fill_object(&mut t.memory, object, index, zeroes);
            Ok((zeroes, Repair::Zero))
        }
    }
}

/// How many more pages the files of a file system in memory may have; `None` if there is no limit.
#[must_use]
pub fn room(t: &Tables, inode: InodeId) -> Option<u64> {
    let most = t.fs.stored(inode)?.most_pages()?;
    Some(most.saturating_sub(t.mm.pages_of_files(inode.fs)))
}
