//! Finding a free frame, at the cache's expense if need be.

use crate::base::{FrameId, SpaceId};
use crate::context::Tables;
use crate::fs::Key;
use crate::mm::Use;

/// A frame with one owner; its contents are undefined. When none is free, the oldest clean page of the
/// cache that nobody maps gives its own away.
pub fn allocate(t: &mut Tables, used: Use) -> Option<FrameId> {
    let frame = t.mm.frames.allocate().or_else(|| {
        evict_one(t);
        t.mm.frames.allocate()
    })?;
    t.mm.adopt(frame, used);
    Some(frame)
}

/// A frame of zeroes.
pub fn allocate_zeroed(t: &mut Tables, used: Use) -> Option<FrameId> {
    let frame = allocate(t, used)?;
    t.memory.ram.clear(frame);
    Some(frame)
}

/// A frame of zeroes for a page of private memory.
pub fn private_zeroed(t: &mut Tables, space: SpaceId, address: u64) -> Option<FrameId> {
    if !t.mm.is_partitioned() {
        return allocate_zeroed(t, Use::Anonymous);
    }
    let frame = t.mm.private_frame(space, address)?;
    t.mm.adopt(frame, Use::Anonymous);
    t.memory.ram.clear(frame);
    Some(frame)
}

/// Makes room at the cache's expense until `count` frames are free. `false` if it has no more to give.
pub fn make_room(t: &mut Tables, count: u32) -> bool {
    while t.mm.frames.available() < count {
        if !evict_one(t) {
            return false;
        }
    }
    true
}

/// The oldest clean page that nobody has pinned and nobody maps gives its frame away.
fn evict_one(t: &mut Tables) -> bool {
    let pages = &t.mm.pages;
    let evicted = t.fs.cache.evict(true, |frame| !pages.is_mapped(frame));
    evicted.is_some_and(|evicted| {
        if let Some(swap) = &mut t.mm.swap {
            swap.uncache(evicted.frame);
        }
        release(t, evicted.frame);
        true
    })
}

/// One owner less; a frame that nobody owns costs the host nothing.
pub fn release(t: &mut Tables, frame: FrameId) {
    t.mm.release_frame(&mut t.memory, frame);
}

/// Keeps the cache within its limit. Pages that somebody maps stay: they are his as well.
pub fn trim_cache(t: &mut Tables) {
    loop {
        let pages = &t.mm.pages;
        let Some(evicted) = t.fs.cache.evict(false, |frame| !pages.is_mapped(frame)) else {
            return;
        };
        if let Some(swap) = &mut t.mm.swap {
            swap.uncache(evicted.frame);
        }
        release(t, evicted.frame);
    }
}

/// What a frame of the cache is used for.
#[must_use]
pub const fn use_of(key: Key) -> Use {
    match key {
        Key::Block(device, block) => Use::Buffer { device, block },
        Key::Page(inode, page) => Use::File { inode, page },
    }
}
