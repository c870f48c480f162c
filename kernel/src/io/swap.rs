//! Pages on their way from the swap area. The data of a slot passes through the page cache, under the block of the disk:
//! there it is found by everybody who names the slot.

use super::{block, frames, txn};
use crate::abi::Errno;
use crate::base::{FrameId, ObjectId, SpaceId};
use crate::context::{Cx, Tables};
use crate::fs::{Key, State};
use crate::mm::swap::{Slot, SwapArea};
use crate::mm::{Share, Use};
use crate::proc::{CallFrame, Stop};

/// What a slot is cached as.
#[must_use]
pub fn key_of(t: &Tables, slot: Slot) -> Option<Key> {
    t.mm.swap.as_ref().map(|swap| Key::Block(swap.device, SwapArea::block(slot)))
}

/// Whether something in the cache is a slot's data, and which slot's.
#[must_use]
pub fn slot_of(t: &Tables, key: Key) -> Option<Slot> {
    match (key, &t.mm.swap) {
        (Key::Block(device, block), Some(swap)) if device == swap.device => {
            u32::try_from(block.0).ok()
        }
        _ => None,
    }
}

/// The frame with a slot's data, in the cache.
fn fetch(t: &mut Tables, cx: &mut Cx, frame: &mut CallFrame, slot: Slot) -> Result<FrameId, Stop> {
    let key = key_of(t, slot).ok_or(Errno::EIO)?;
    let Key::Block(device, number) = key else { return Err(Stop::Fail(Errno::EIO)) };
    block::fetch(t, cx, key, t.fs.home_of(device, number))?;
    txn::pin_key(t, frame, key);
    let found = t.fs.cache.get(key).map(|entry| entry.frame).ok_or(Errno::ENOMEM)?;
    let (counters, frames) = (&mut t.mm.pressure.counters, u64::from(t.mm.frames.size()));
    if let Some(swap) = t.mm.swap.as_mut().filter(|swap| swap.cached_in(found).is_none()) {
        swap.cache(found, slot);
        counters.swapped_in += 1;
        // It would have stayed in a memory not twice as large.
        let since = counters.swapped_out.saturating_sub(swap.filled(slot));
        counters.refaults += u64::from(since <= frames);
    }
    Ok(found)
}

/// Brings a slot's data into the page of a space that names it. The last one who names the slot gets the very frame.
///
/// # Errors
/// A park, `EIO`, `ENOMEM`.
pub fn into_space(
    t: &mut Tables,
    cx: &mut Cx,
    frame: &mut CallFrame,
    (space, page): (SpaceId, u64),
    slot: Slot,
) -> Result<FrameId, Stop> {
    let found = fetch(t, cx, frame, slot)?;
    t.mm.adopt(found, Use::Anonymous);
    t.mm.frames.share(found);
    // Entering it lets go of the slot.
    if t.mm.install(space, &mut t.memory, page, (found, Share::CopyOnWrite)).is_err() {
        frames::release(t, found);
        return Err(Stop::Fail(Errno::ENOMEM));
    }
    crate::task::files::release_pins(t, frame);
    tidy(t);
    Ok(found)
}

/// Brings a slot's data into the page of an object that names it.
///
/// # Errors
/// As [`into_space`].
pub fn into_object(
    t: &mut Tables,
    cx: &mut Cx,
    frame: &mut CallFrame,
    (object, page): (ObjectId, u64),
    slot: Slot,
) -> Result<FrameId, Stop> {
    let found = fetch(t, cx, frame, slot)?;
    t.mm.frames.share(found);
    t.mm.fill_object(&mut t.memory, object, page, found);
    crate::task::files::release_pins(t, frame);
    tidy(t);
    Ok(found)
}

/// Throws slots out of the cache that nobody names any more. What is on its way to or from the disk stays until it has
/// arrived.
pub fn tidy(t: &mut Tables) {
    let Some(swap) = &t.mm.swap else { return };
    for slot in swap.orphans().collect::<Vec<Slot>>() {
        let Some(key) = key_of(t, slot) else { continue };
        let entry = t.fs.cache.get(key).map(|entry| (entry.state, entry.pins));
        match entry {
            None => {}
            Some((State::Clean | State::Dirty | State::Failed(_), 0)) => {
                if let Some(entry) = t.fs.cache.remove(key) {
                    if let Some(swap) = &mut t.mm.swap {
                        swap.uncache(entry.frame);
                    }
                    frames::release(t, entry.frame);
                }
            }
            Some(_) => continue,
        }
        if let Some(swap) = &mut t.mm.swap {
            swap.forget(slot);
        }
    }
}
