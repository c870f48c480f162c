//! Running file system operations as transactions over the cache.

use super::{block, frames};
use crate::abi::Errno;
use crate::abi::types::Timespec;
use crate::base::{BlockNumber, Channel, DeviceId, InodeId, Work};
use crate::context::{Cx, Tables};
use crate::event::{BlockEvent, Event};
use crate::fs::{CachedBlocks, Content, FileSystem, Fs, FsStop, Key, NoBlocks, State, Super, Txn};
use crate::hw::Page;
use crate::mm::Use;
use crate::proc::{CallFrame, Stop};
use crate::task::wait;

/// How many dirty pages ring the flusher's bell.
const DIRTY_LIMIT: usize = 64;

/// Runs an operation on the file system that has `inode`: merged whole if it succeeds, dropped if not. A
/// miss asks for the block and parks the call; what the operation looked at stays in the cache until the
/// call ends. A file system in memory has no blocks, and its operations check before they change.
///
/// # Errors
/// What the operation failed with, or a park; `ESTALE` for an inode that no file system stores.
pub fn run<R>(
    t: &mut Tables,
    cx: &mut Cx,
    frame: &mut CallFrame,
    inode: InodeId,
    operation: impl FnOnce(&mut dyn FileSystem, &mut Txn<'_>) -> Result<R, FsStop>,
) -> Result<R, Stop> {
    let now: Timespec = cx.now.into();
    let Fs { supers, cache, .. } = &mut t.fs;
    let found = supers.get_mut(usize::from(inode.fs)).and_then(Option::as_mut);
    let Some(Super { content: Content::Stored(fs), device, .. }) = found else {
        return Err(Stop::Fail(Errno::ESTALE));
    };
    let Some(device) = *device else {
        return match operation(fs.as_mut(), &mut Txn::new(&NoBlocks, now)) {
            Ok(value) => Ok(value),
            Err(FsStop::Fail(errno)) => Err(Stop::Fail(errno)),
            Err(FsStop::Miss(_)) => Err(Stop::Fail(Errno::EIO)),
        };
    };
    let blocks = CachedBlocks { cache, ram: &t.memory.ram, device };
    let mut txn = Txn::new(&blocks, now);
    match operation(fs.as_mut(), &mut txn) {
        Ok(value) => {
            let touched = txn.touched();
            let changes = txn.finish();
            // What is about to be changed must not be evicted to make room for it.
            pin(t, frame, device, &touched);
            merge(t, cx, device, changes)?;
            Ok(value)
        }
        Err(FsStop::Fail(errno)) => Err(Stop::Fail(errno)),
        Err(FsStop::Miss(missing)) => {
            let touched = txn.touched();
            drop(txn);
            pin(t, frame, device, &touched);
            match block::fetch(t, cx, Key::Block(device, missing), (device, missing)) {
                // It came in the meantime: the call must run again, and may do so at once.
                Ok(()) => Err(block::wait_for(Key::Block(device, missing))),
                Err(stop) => Err(stop),
            }
        }
    }
}

/// Keeps blocks in the cache until the call ends.
fn pin(t: &mut Tables, frame: &mut CallFrame, device: DeviceId, touched: &[BlockNumber]) {
    for &number in touched {
        pin_key(t, frame, Key::Block(device, number));
    }
}

/// Keeps something in the cache until the call ends.
pub fn pin_key(t: &mut Tables, frame: &mut CallFrame, key: Key) {
    let valid = t.fs.cache.get(key).is_some_and(|entry| entry.is_valid());
    if valid
        && !frame.pinned.contains(&key)
        && let Some(pins) = t.fs.cache.pins_mut(key)
    {
        *pins += 1;
        frame.pinned.push(key);
    }
}

/// Merges what a transaction changed into the cache: all of it, or nothing.
///
/// # Errors
/// `ENOMEM`, before anything has changed.
fn merge(
    t: &mut Tables,
    cx: &mut Cx,
    device: DeviceId,
    changes: Vec<(BlockNumber, Box<Page>)>,
) -> Result<(), Errno> {
    if changes.is_empty() {
        return Ok(());
    }
    // Blocks that are made new have no frame yet. All must have one before any is changed.
    let new: Vec<BlockNumber> = changes
        .iter()
        .map(|(number, _)| *number)
        .filter(|&number| t.fs.cache.get(Key::Block(device, number)).is_none())
        .collect();
    let mut found = Vec::new();
    for _ in &new {
        match frames::allocate(t, Use::Kernel) {
            Some(frame) => found.push(frame),
            None => {
                found.into_iter().for_each(|frame| frames::release(t, frame));
                return Err(Errno::ENOMEM);
            }
        }
    }
    for (number, frame) in new.into_iter().zip(found) {
        t.mm.pages.set_use(frame, frames::use_of(Key::Block(device, number)));
        t.fs.cache.insert(Key::Block(device, number), frame, Some((device, number)), State::Clean);
    }
    let event = cx.emit(Event::Block(BlockEvent::Commit { blocks: changes.len() as u32 }));
    for (number, page) in changes {
        let key = Key::Block(device, number);
        if let Some(frame) = t.fs.cache.get(key).map(|entry| entry.frame) {
            *t.memory.ram.page_mut(frame) = *page;
            t.fs.cache.mark_dirty(key, event, cx.request);
        }
    }
    ring_flusher(t, cx);
    Ok(())
}

/// A page of a file that is in the cache is about to be changed within the file's size: it gets a block, and is dirty.
///
/// # Errors
/// A park, `ENOSPC`, `EFBIG`, `ENOMEM`.
pub fn dirty_page(
    t: &mut Tables,
    cx: &mut Cx,
    frame: &mut CallFrame,
    inode: InodeId,
    page: u64,
) -> Result<(), Stop> {
    let home = run(t, cx, frame, inode, |fs, txn| fs.allocate(txn, inode.number, page))?;
    let key = Key::Page(inode, page);
    if let Some(device) = t.fs.device_of(inode) {
        t.fs.cache.set_home(key, (device, home));
    }
    t.fs.cache.mark_dirty(key, cx.cause, cx.request);
    ring_flusher(t, cx);
    Ok(())
}

/// Wakes the flusher when much is dirty.
pub fn ring_flusher(t: &mut Tables, cx: &mut Cx) {
    if t.fs.cache.dirty_count() >= DIRTY_LIMIT {
        wait::wake_all(t, cx, Channel::Work(Work::Flush));
    }
}

/// Makes sure that a page of a file is in the cache; a page of a hole is made of zeroes.
///
/// # Errors
/// A park, `EIO`, `ENOMEM`.
pub fn fetch_page(
    t: &mut Tables,
    cx: &mut Cx,
    frame: &mut CallFrame,
    inode: InodeId,
    page: u64,
) -> Result<crate::base::FrameId, Stop> {
    let key = Key::Page(inode, page);
    if t.fs.cache.get(key).is_none_or(|entry| !entry.is_valid()) {
        let home = run(t, cx, frame, inode, |fs, txn| fs.block_of(txn, inode.number, page))?;
        match home {
            Some(number) => {
                let device = t.fs.device_of(inode).ok_or(Errno::ENOENT)?;
                block::fetch(t, cx, key, (device, number))?;
            }
            None => {
                frames::trim_cache(t);
                let zeroes = block::frame_or_wait(t, cx, frames::use_of(key))?;
                t.memory.ram.clear(zeroes);
                t.fs.cache.insert(key, zeroes, None, State::Clean);
            }
        }
    }
    pin_key(t, frame, key);
    t.fs.cache.get(key).map(|entry| entry.frame).ok_or(Stop::Fail(Errno::ENOMEM))
}
