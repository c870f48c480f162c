//! Taking pages away from those who have them.
//!
//! The policy names a frame; what becomes of it depends on what it is used for. A clean page of a file is simply dropped; a dirty one is
//! written back first. Private memory and pages of memory objects go to the swap area: each table entry that mapped the frame
//! gets the slot's number instead, the frame stays in the page cache until it is written, and is free then.
//!
//! A typical sequence: the swapper calls [`one`]; the policy passes over pages that were used since its last look; a page of private memory is
//! named, gets a slot, and is on its way to the disk; [`written`] frees the frame when the disk says so.

use super::{block, frames, swap};
use crate::base::{BlockNumber, FrameId};
use crate::context::{Cx, Tables};
use crate::event::{Event, MemoryEvent};
use crate::fs::{Key, State};
use crate::hw::Memory;
use crate::mm::replace::Usage;
use crate::mm::swap::{Slot, SwapArea};
use crate::mm::{Mm, Use};

/// What became of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Its frame is free.
    Freed,
    /// It is being written, and its frame will be free.
    Writing,
    /// It could not go after all.
    Kept,
}

/// What the policy may know.
struct Look<'t> {
    mm: &'t Mm,
    memory: &'t mut Memory,
    cache: &'t crate::fs::Cache,
    has_slots: bool,
}

impl Usage for Look<'_> {
    fn is_busy(&self, frame: FrameId) -> bool {
        let used = self.mm.pages.used(frame);
        let idle = |key| {
            let entry = self.cache.get(key);
            entry.is_none_or(|e| e.pins == 0 && matches!(e.state, State::Clean | State::Dirty))
        };
        let can_go = match used {
            Use::File { inode, page } => idle(Key::Page(inode, page)),
            Use::Anonymous | Use::Object { .. } => match self.slot_in_cache(frame) {
                Some(key) => idle(key),
                None => self.has_slots,
            },
            _ => false,
        };
        !can_go || self.mm.is_locked(frame)
    }

    fn take_used(&mut self, frame: FrameId) -> bool {
        self.mm.take_accessed(self.memory, frame)
    }
}

impl Look<'_> {
    /// What the frame is cached as, if its data has a slot already.
    fn slot_in_cache(&self, frame: FrameId) -> Option<Key> {
        let swap = self.mm.swap.as_ref()?;
        let slot = swap.cached_in(frame)?;
        Some(Key::Block(swap.device, SwapArea::block(slot)))
    }
}

/// Lets the policy look at what was used, as a kernel does at regular intervals.
pub fn tick(t: &mut Tables) {
    let Some(mut policy) = t.mm.pressure.replacer.take() else { return };
    let mut look = Look { mm: &t.mm, memory: &mut t.memory, cache: &t.fs.cache, has_slots: true };
    policy.tick(&mut look);
    t.mm.pressure.replacer.put(policy);
}

/// Takes one page away. `None` if there is none that could go.
pub fn one(t: &mut Tables, cx: &mut Cx) -> Option<Taken> {
    let mut policy = t.mm.pressure.replacer.take()?;
    let has_slots = t.mm.swap.as_ref().is_some_and(SwapArea::has_room);
    let mut look = Look { mm: &t.mm, memory: &mut t.memory, cache: &t.fs.cache, has_slots };
    let victim = policy.victim(&mut look);
    t.mm.pressure.replacer.put(policy);
    let frame = victim?;
    let used = t.mm.pages.used(frame);
    let taken = match used {
        Use::File { inode, page } => drop_file(t, cx, frame, Key::Page(inode, page)),
        Use::Anonymous | Use::Object { .. } => swap_out(t, cx, frame, used),
        _ => Taken::Kept,
    };
    if taken == Taken::Kept
        && let Some(policy) = t.mm.pressure.replacer.get_mut()
    {
        policy.insert(frame);
    }
    Some(taken)
}

/// A page of a file: dropped if it is as on the disk, else written first, and seen again later.
fn drop_file(t: &mut Tables, cx: &mut Cx, frame: FrameId, key: Key) -> Taken {
    match t.fs.cache.get(key).map(|entry| entry.state) {
        Some(State::Clean) => {
            t.mm.unmap_everywhere(&mut t.memory, frame, None);
            t.fs.cache.remove(key);
            frames::release(t, frame);
            t.mm.pressure.counters.files_dropped += 1;
            cx.emit(Event::Memory(MemoryEvent::Reclaim { frame, slot: None }));
            Taken::Freed
        }
        Some(State::Dirty) => {
            block::write_back(t, cx, key);
            Taken::Kept
        }
        _ => Taken::Kept,
    }
}

/// A page that has no place on a disk: it gets one in the swap area.
fn swap_out(t: &mut Tables, cx: &mut Cx, frame: FrameId, used: Use) -> Taken {
    let Some(area) = &mut t.mm.swap else { return Taken::Kept };
    let device = area.device;
    // Its data may be there still, from the last time.
    let (slot, is_new) = match area.cached_in(frame) {
        Some(slot) => {
            area.share(slot);
            (slot, false)
        }
        None => match area.allocate() {
            Some(slot) => (slot, true),
            None => return Taken::Kept,
        },
    };
    let key = Key::Block(device, SwapArea::block(slot));
    if is_new {
        area.cache(frame, slot);
        area.fill(slot, t.mm.pressure.counters.swapped_out);
        t.mm.frames.share(frame);
        let home = t.fs.home_of(device, BlockNumber(u64::from(slot)));
        t.fs.cache.insert(key, frame, Some(home), State::Clean);
        t.fs.cache.mark_dirty(key, cx.cause, cx.request);
    }
    if let Use::Object { object, page } = used {
        t.mm.unmap_everywhere(&mut t.memory, frame, None);
        if let Some(area) = &mut t.mm.swap {
            area.share(slot);
        }
        t.mm.swap_object(object, page, slot);
        frames::release(t, frame);
    } else {
        t.mm.unmap_everywhere(&mut t.memory, frame, Some(slot));
    }
    // The name that kept the slot meanwhile.
    if let Some(area) = &mut t.mm.swap {
        area.release(slot);
    }
    cx.cause = cx.emit(Event::Memory(MemoryEvent::Reclaim { frame, slot: Some(slot) }));
    t.mm.pressure.counters.swapped_out += u64::from(is_new);
    if block::write_back(t, cx, key) {
        return Taken::Writing;
    }
    forget(t, slot);
    Taken::Freed
}

/// The disk is done with a slot: a frame that only the cache has is free now.
pub fn written(t: &mut Tables, key: Key) {
    if let Some(slot) = swap::slot_of(t, key) {
        let entry = t.fs.cache.get(key);
        let is_done = entry.is_some_and(|e| {
            e.state == State::Clean && e.pins == 0 && t.mm.frames.owners(e.frame) == 1
        });
        // What was read is about to be mapped by who asked for it.
        let was_out = entry.is_some_and(|e| t.mm.pages.used(e.frame) == Use::Anonymous);
        if is_done && was_out {
            forget(t, slot);
        }
    }
    swap::tidy(t);
}

/// Throws a slot's data out of the cache; it is on the disk, or nobody wants it.
fn forget(t: &mut Tables, slot: Slot) {
    let Some(key) = swap::key_of(t, slot) else { return };
    if let Some(entry) = t.fs.cache.remove(key) {
        if let Some(area) = &mut t.mm.swap {
            area.uncache(entry.frame);
        }
        frames::release(t, entry.frame);
    }
}
