//! Running file system operations as transactions over the cache.

use super::{block, frames};
use crate::abi::Errno;
use crate::abi::types::Timespec;
use crate::base::{BlockNumber, Channel, DeviceId, InodeId, Work};
use crate::context::{Cx, Due, Phase, Tables};
use crate::event::{BlockEvent, Event, Wait};
use crate::fs::{
    CachedBlocks, Changes, Content, FileSystem, Freed, Fs, FsStop, Home, Key, NoBlocks, PageBlocks,
    State, Super, Txn,
};
use crate::hw::PAGE_SIZE;
use crate::mm::Use;
use crate::proc::{CallFrame, Interruptible, Stop, WaitFor};
use crate::task::wait;
use std::collections::BTreeSet;

/// What keeps no blocks back.
static NO_BLOCKS: BTreeSet<BlockNumber> = BTreeSet::new();

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
    let is_root = t.proc.process_of(cx.caller).is_none_or(|process| process.cred.is_root());
    let Fs { supers, cache, sizes, .. } = &mut t.fs;
    let found = supers.get_mut(usize::from(inode.fs)).and_then(Option::as_mut);
    let Some(Super { content: Content::Stored(fs), device, journal, .. }) = found else {
        return Err(Stop::Fail(Errno::ESTALE));
    };
    let Some(device) = *device else {
        return match operation(fs.as_mut(), &mut Txn::new(&NoBlocks, now)) {
            Ok(value) => Ok(value),
            Err(FsStop::Fail(errno)) => Err(Stop::Fail(errno)),
            Err(FsStop::Miss(_)) => Err(Stop::Fail(Errno::EIO)),
        };
    };
    let size = sizes.get(&device).copied().unwrap_or(PAGE_SIZE);
    let kept = journal.as_deref().map_or(&NO_BLOCKS, |log| &log.kept);
    let blocks = CachedBlocks { cache, ram: &t.memory.ram, device, size, kept };
    let mut txn = Txn::new(&blocks, now).on_behalf(is_root);
    match operation(fs.as_mut(), &mut txn) {
        Ok(value) => {
            let touched = txn.touched();
            let changes = txn.finish();
            // What is about to be changed must not be evicted to make room for it.
            pin(t, frame, device, &touched);
            merge(t, cx, (inode.fs, device), changes)?;
            Ok(value)
        }
        // What was given back may be had when that is committed.
        Err(FsStop::Fail(Errno::ENOSPC)) if !kept.is_empty() => Err(commit(cx, device)),
        Err(FsStop::Fail(errno)) => Err(Stop::Fail(errno)),
        Err(FsStop::Miss(missing)) => {
            let touched = txn.touched();
            drop(txn);
            pin(t, frame, device, &touched);
            let home = t.fs.home_of(device, missing);
            match block::fetch(t, cx, Key::Block(device, missing), home) {
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
/// `ENOMEM`, or a park, before anything has changed.
fn merge(
    t: &mut Tables,
    cx: &mut Cx,
    (fs, device): (u16, DeviceId),
    changes: Changes,
) -> Result<(), Stop> {
    let Changes { blocks: changes, freed } = changes;
    if changes.is_empty() {
        return Ok(());
    }
    let gone = freed.iter().filter_map(|freed| match freed {
        Freed::Metadata(number) => Some(*number),
        Freed::Data(_) => None,
    });
    let gone: Vec<BlockNumber> = gone.collect();
    let is_journaled = match t.fs.journal(fs) {
        Some(log) if log.is_aborted => return Err(Stop::Fail(Errno::EROFS)),
        Some(log) if log.is_closed() => return Err(commit(cx, device)),
        log => log.is_some(),
    };
    // What is on its way to or from the disk must have arrived before it is something else.
    for number in gone.iter().chain(changes.iter().map(|(number, _)| number)) {
        let key = Key::Block(device, *number);
        match t.fs.cache.get(key).map(|entry| entry.state) {
            Some(State::Reading) => return Err(block::wait_for(key)),
            // What is being written must not change under the device's hands before it is committed.
            Some(State::Writing { .. }) if is_journaled || gone.contains(number) => {
                return Err(block::wait_for(key));
            }
            _ => {}
        }
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
                return Err(Stop::Fail(Errno::ENOMEM));
            }
        }
    }
    for (number, frame) in new.into_iter().zip(found) {
        let (key, home) = (Key::Block(device, number), t.fs.home_of(device, number));
        t.mm.pages.set_use(frame, frames::use_of(key));
        t.fs.cache.insert(key, frame, Some(home), State::Clean);
    }
    for number in gone {
        t.fs.cache.forget(Key::Block(device, number));
    }
    let event = cx.emit(Event::Block(BlockEvent::Commit { blocks: changes.len() as u32 }));
    if let Some(log) = t.fs.journal_mut(fs) {
        log.join(changes.iter().map(|(number, _)| *number), &freed);
        for (number, _) in &changes {
            t.fs.cache.hold(Key::Block(device, *number));
        }
    }
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

/// Puts bytes into the cache as a block, to be written.
///
/// # Errors
/// `ENOMEM`.
pub fn put_block(
    t: &mut Tables,
    cx: &Cx,
    (device, number): (DeviceId, BlockNumber),
    bytes: &[u8],
) -> Result<(), Errno> {
    let key = Key::Block(device, number);
    let there = t.fs.cache.get(key).map(|entry| entry.frame);
    let frame = match there {
        Some(frame) => frame,
        None => {
            let frame = frames::allocate(t, frames::use_of(key)).ok_or(Errno::ENOMEM)?;
            let home = t.fs.home_of(device, number);
            t.fs.cache.insert(key, frame, Some(home), State::Clean);
            frame
        }
    };
    let length = bytes.len().min(PAGE_SIZE);
    t.memory.ram.page_mut(frame)[..length].copy_from_slice(&bytes[..length]);
    t.fs.cache.mark_dirty(key, cx.cause, cx.request);
    Ok(())
}

/// Has a journal commit, and waits for that.
pub fn commit(cx: &mut Cx, device: DeviceId) -> Stop {
    cx.at(cx.now, Phase::IoDone, Due::Ring(Work::Commit));
    Stop::Park(WaitFor::channel(Channel::Journal(device), Wait::Disk, Interruptible::No))
}

/// Makes sure that all that was changed in a file system is in its journal: `sequence` is the transaction to wait for, 0
/// for the latest.
///
/// # Errors
/// A park; `EIO` if the journal cannot be written.
pub fn committed(t: &Tables, cx: &mut Cx, fs: u16, sequence: &mut u32) -> Result<(), Stop> {
    let (Some(log), Some(device)) = (t.fs.journal(fs), t.fs.of(fs).and_then(|found| found.device))
    else {
        return Ok(());
    };
    if *sequence == 0 {
        *sequence = log.latest();
    }
    match log.has(*sequence) {
        true => Ok(()),
        false if log.is_aborted => Err(Stop::Fail(Errno::EIO)),
        false => Err(commit(cx, device)),
    }
}

/// A page of a file that is in the cache is about to be changed, between two places of it: it gets blocks there, and is
/// dirty.
///
/// # Errors
/// A park, `ENOSPC`, `EFBIG`, `ENOMEM`.
pub fn dirty_page(
    t: &mut Tables,
    cx: &mut Cx,
    frame: &mut CallFrame,
    inode: InodeId,
    (page, part): (u64, (usize, usize)),
) -> Result<(), Stop> {
    let blocks = run(t, cx, frame, inode, |fs, txn| fs.allocate(txn, inode.number, page, part))?;
    let key = Key::Page(inode, page);
    settle(t, inode, page, blocks);
    t.fs.cache.mark_dirty(key, cx.cause, cx.request);
    ring_flusher(t, cx);
    Ok(())
}

/// A page of a file that is in the cache has these blocks from now on.
pub fn settle(t: &mut Tables, inode: InodeId, page: u64, blocks: PageBlocks) {
    if let Some(device) = t.fs.device_of(inode) {
        let home = Home { device, size: t.fs.block_size(device), blocks };
        t.fs.cache.set_home(Key::Page(inode, page), home);
    }
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
        let blocks = run(t, cx, frame, inode, |fs, txn| fs.blocks_of(txn, inode.number, page))?;
        let device = t.fs.device_of(inode).ok_or(Errno::ENOENT)?;
        let home = Home { device, size: t.fs.block_size(device), blocks };
        match home.is_hole() {
            false => block::fetch(t, cx, key, home)?,
            true => {
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
