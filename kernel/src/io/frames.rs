//! Finding a free frame, at the cache's expense if need be.

use crate::base::FrameId;
use crate::context::Tables;

/// A frame with one owner; its contents are undefined. When none is free, the oldest clean page of the
/// cache gives its own away.
pub fn allocate(t: &mut Tables) -> Option<FrameId> {
    t.mm.frames.allocate().or_else(|| {
        while let Some(evicted) = t.fs.cache.evict(true) {
            // Who has the page mapped keeps the frame alive.
            if t.mm.frames.release(evicted.frame) {
                return t.mm.frames.allocate();
            }
        }
        None
    })
}

/// A frame of zeroes.
pub fn allocate_zeroed(t: &mut Tables) -> Option<FrameId> {
    let frame = allocate(t)?;
    t.memory.ram.clear(frame);
    Some(frame)
}

/// One owner less; a frame that nobody owns costs the host nothing.
pub fn release(t: &mut Tables, frame: FrameId) {
    if t.mm.frames.release(frame) {
        t.memory.ram.clear(frame);
    }
}

/// Keeps the cache within its limit.
pub fn trim_cache(t: &mut Tables) {
    while let Some(evicted) = t.fs.cache.evict(false) {
        release(t, evicted.frame);
    }
}
