//! What a futex word is known by.
//!
//! In memory that is shared on purpose, a word has as many addresses as there are mappings of it: it is known by the object
//! or file that it lies in, and where (Linux' shared futex keys). Any other word is known by its space and address,
//! and so is every word of a call with FUTEX_PRIVATE_FLAG, for which nobody looks.

use crate::abi::Errno;
use crate::base::{Channel, SharedMemory, SpaceId};
use crate::context::Tables;
use crate::hw::PAGE_SIZE;
use crate::mm::Backing;

/// The channel of the word at an address of a space.
///
/// # Errors
/// `EFAULT` if it is to be looked up and nothing is mapped there.
pub fn key_of(
    t: &Tables,
    space: SpaceId,
    address: u64,
    is_private: bool,
) -> Result<Channel, Errno> {
    let own = Channel::Futex { space, address };
    if is_private {
        return Ok(own);
    }
    let vma = t.mm.space(space).and_then(|space| space.find(address)).ok_or(Errno::EFAULT)?;
    let (memory, page) = match vma.backing_at(address) {
        Backing::Object { object, page } => (SharedMemory::Object(object), page),
        Backing::File { inode, page } => (SharedMemory::File(inode), page),
        Backing::Anonymous => return Ok(own),
    };
    if !vma.is_shared() {
        return Ok(own);
    }
    let size = PAGE_SIZE as u64;
    Ok(Channel::SharedFutex { memory, offset: page.saturating_mul(size) + address % size })
}
