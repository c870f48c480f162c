//! Taking the file system of a block device into use, and letting go of it.
//!
//! A typical sequence: mount(2) finds /dev/vda and the device behind it; the superblock is read in blocks of a page, which
//! is what a device has before anybody says otherwise; it says that blocks have 1 KiB, so what was cached is thrown away and
//! the device has such blocks from now on (Linux: `sb_set_blocksize`); superblock and descriptors are read again, and the
//! file system is there. umount2(2) says in the superblock that all is well, writes what is dirty, and lets go.

use super::node::Rest;
use super::{block, frames, txn};
use crate::abi::Errno;
use crate::abi::types::{major, makedev, minor};
use crate::base::{DeviceId, InodeId, Work};
use crate::context::{Due, Phase, Tables};
use crate::driver::bus::Driver;
use crate::fs::ext2::journal::{self, Place};
use crate::fs::{Blocks, Content, Ext2, FsStop, Key, Log, State, Txn, ext2};
use crate::hw::PAGE_SIZE;
use crate::proc::Stop;

/// The major number of disks (what Linux gives virtio disks, most of the time).
const MAJOR: u32 = 254;
/// How many minor numbers a disk has: itself and its partitions.
const MINORS: u32 = 16;

/// The disks of the machine, and their device numbers.
pub fn disks(t: &Tables) -> impl Iterator<Item = (DeviceId, u64)> {
    let all = (0..t.bus.len()).map(|n| DeviceId(n as u16));
    let disks = all.filter(|&id| matches!(t.bus.driver(id), Some(Driver::Block(_))));
    disks.zip(0..).map(|(id, n)| (id, makedev(MAJOR, n * MINORS)))
}

/// The disk with a device number.
#[must_use]
pub fn disk(t: &Tables, number: u64) -> Option<DeviceId> {
    let number = makedev(major(number), minor(number));
    disks(t).find(|(_, other)| *other == number).map(|(id, _)| id)
}

/// Asks something of a device's blocks; what is missing is fetched.
fn ask<R>(
    device: DeviceId,
    (frame, t, cx): Rest<'_>,
    question: impl FnOnce(&dyn Blocks) -> Result<R, FsStop>,
) -> Result<R, Stop> {
    match question(&t.fs.blocks(&t.memory.ram, device)) {
        Ok(answer) => Ok(answer),
        Err(FsStop::Fail(errno)) => Err(Stop::Fail(errno)),
        Err(FsStop::Miss(missing)) => {
            let (key, home) = (Key::Block(device, missing), t.fs.home_of(device, missing));
            block::fetch(t, cx, key, home)?;
            txn::pin_key(t, frame, key);
            Err(block::wait_for(key))
        }
    }
}

/// How many blocks a device has.
fn capacity(t: &Tables, device: DeviceId) -> u64 {
    let Some(Driver::Block(driver)) = t.bus.driver(device) else { return 0 };
    driver.capacity() * (PAGE_SIZE / t.fs.block_size(device)) as u64
}

/// Takes the ext2 file system of a device into use; returns its number.
///
/// # Errors
/// `EINVAL` for what is no such file system, `EUCLEAN` for figures that cannot be, `EBUSY` if it is in use otherwise;
/// parks.
pub fn open_ext2(device: DeviceId, writes: bool, (frame, t, cx): Rest<'_>) -> Result<u16, Stop> {
    if t.fs.supers.iter().flatten().any(|found| found.device == Some(device)) {
        return Err(Stop::Fail(Errno::EBUSY));
    }
    let size = ask(device, (frame, t, cx), ext2::block_size)?;
    if size != t.fs.block_size(device) {
        set_block_size(device, size, (frame, t, cx))?;
    }
    let capacity = capacity(t, device);
    let fs = ask(device, (frame, t, cx), |blocks| Ext2::mount(blocks, capacity, writes))?;
    let number = t.fs.add(Content::Stored(Box::new(fs)), Some(device));
    if writes {
        let any = InodeId { fs: number, number: 0 };
        if let Err(stop) = txn::run(t, cx, frame, any, |fs, txn| fs.begin(txn)) {
            t.fs.discard(number);
            return Err(stop);
        }
    }
    Ok(number)
}

/// How far a mount with a journal is: kept in the call's frame, because each step must be on the disk before the next.
mod stage {
    /// What the log has is being put where it belongs.
    pub(super) const REPLAY: u32 = 1;
    /// The journal's superblock says that its log is empty.
    pub(super) const EMPTY: u32 = 2;
    /// The superblock says that the journal is in use, and the log has a beginning.
    pub(super) const IN_USE: u32 = 3;
}

/// Takes the ext3 file system of a device into use: what its journal has and the file system does not is put there first.
/// Returns its number.
///
/// # Errors
/// As [`open_ext2`], and `EINVAL` if there is no journal.
pub fn open_ext3(device: DeviceId, writes: bool, (frame, t, cx): Rest<'_>) -> Result<u16, Stop> {
    if t.fs.supers.iter().flatten().any(|found| found.device == Some(device)) {
        return Err(Stop::Fail(Errno::EBUSY));
    }
    let size = ask(device, (frame, t, cx), ext2::block_size)?;
    if size != t.fs.block_size(device) {
        set_block_size(device, size, (frame, t, cx))?;
    }
    let capacity = capacity(t, device);
    let blocks: Vec<Key> = t.fs.cache.blocks_of(device).collect();
    write_all(&blocks, (frame, t, cx))?;
    let mount = |blocks: &dyn Blocks| Ext2::mount_journaled(blocks, capacity, writes);
    if frame.stage == 0 {
        let (place, replay) = ask(device, (frame, t, cx), |blocks| {
            let place = mount(blocks)?.find_journal(blocks)?;
            let replay = journal::replay(blocks, &place, capacity)?;
            Ok((place, replay))
        })?;
        for (&number, bytes) in &replay.blocks {
            txn::put_block(t, cx, (device, number), bytes)?;
        }
        // When that is on the disk, the log may be forgotten.
        frame.progress = replay.next.max(place.sequence).into();
        frame.stage = stage::REPLAY;
        let blocks: Vec<Key> = t.fs.cache.blocks_of(device).collect();
        write_all(&blocks, (frame, t, cx))?;
    }
    let sequence = frame.progress as u32;
    let (fs, place) = ask(device, (frame, t, cx), |blocks| {
        let fs = mount(blocks)?;
        let place = fs.find_journal(blocks)?;
        Ok((fs, Place { sequence, ..place }))
    })?;
    let first = place.block(0).ok_or(Errno::EUCLEAN)?;
    let bytes = ask(device, (frame, t, cx), |blocks| Ok(blocks.block(first)?.to_vec()))?;
    let mut log = Log::new(place, &bytes);
    if frame.stage == stage::REPLAY {
        frame.stage = stage::EMPTY;
        block::flush(cx, device);
        let tail = log.tail(false);
        txn::put_block(t, cx, (device, first), &tail)?;
        write_all(&[Key::Block(device, first)], (frame, t, cx))?;
    }
    if frame.stage == stage::EMPTY {
        frame.stage = stage::IN_USE;
        block::flush(cx, device);
        let now = cx.now.into();
        let changes = ask(device, (frame, t, cx), |blocks| {
            let mut txn = Txn::new(blocks, now);
            fs.mark(&mut txn, writes)?;
            Ok(txn.finish())
        })?;
        for (number, bytes) in changes.blocks {
            txn::put_block(t, cx, (device, number), &bytes[..size])?;
        }
        if writes {
            let tail = log.tail(true);
            txn::put_block(t, cx, (device, first), &tail)?;
        }
        let blocks: Vec<Key> = t.fs.cache.blocks_of(device).collect();
        write_all(&blocks, (frame, t, cx))?;
    }
    let orphans = ask(device, (frame, t, cx), |blocks| fs.orphans(blocks))?;
    block::flush(cx, device);
    let number = t.fs.add(Content::Stored(Box::new(fs)), Some(device));
    (frame.stage, frame.progress) = (0, 0);
    if writes {
        if let Some(Some(found)) = t.fs.supers.get_mut(usize::from(number)) {
            found.journal = Some(Box::new(log));
        }
        for inode in orphans {
            t.fs.inodes.orphan(InodeId { fs: number, number: inode });
        }
        cx.at(cx.now, Phase::IoDone, Due::Ring(Work::Commit));
    }
    Ok(number)
}

/// A device has blocks of another size from now on. What is cached of it goes.
fn set_block_size(device: DeviceId, size: usize, (frame, t, cx): Rest<'_>) -> Result<(), Stop> {
    crate::task::files::release_pins(t, frame);
    empty(t.fs.cache.blocks_of(device).collect(), (frame, t, cx))?;
    t.fs.sizes.insert(device, size);
    Ok(())
}

/// Throws things out of the cache; what is dirty is written first.
fn empty(keys: Vec<Key>, (_, t, cx): Rest<'_>) -> Result<(), Stop> {
    for &key in &keys {
        block::write_back(t, cx, key);
    }
    for &key in &keys {
        let moves = |state| matches!(state, State::Reading | State::Writing { .. });
        if t.fs.cache.get(key).is_some_and(|entry| moves(entry.state)) {
            return Err(block::wait_for(key));
        }
    }
    for key in keys {
        if let Some(gone) = t.fs.cache.remove(key) {
            t.mm.unmap_everywhere(&mut t.memory, gone.frame, None);
            frames::release(t, gone.frame);
        }
    }
    Ok(())
}

/// The last mount of a file system is about to go: all of it is on its device when this returns.
///
/// # Errors
/// Parks.
pub fn close(fs: u16, writes: bool, (frame, t, cx): Rest<'_>) -> Result<(), Stop> {
    let Some(device) = t.fs.of(fs).and_then(|found| found.device) else { return Ok(()) };
    // First the data, and with a journal what it still has to commit; then the journal's end; and only then that all is
    // well.
    if frame.stage == 0 {
        super::file::reap_orphans(t, cx);
        let pages: Vec<Key> = t.fs.cache.files_of(fs).collect();
        write_all(&pages, (frame, t, cx))?;
        if let Some(log) = t.fs.journal(fs)
            && !log.is_aborted
            && (!log.running.is_empty() || log.is_busy())
        {
            return Err(txn::commit(cx, device));
        }
        frame.stage = 1;
    }
    if frame.stage == 1 {
        let all: Vec<Key> = t.fs.cache.blocks_of(device).collect();
        write_all(&all, (frame, t, cx))?;
        block::flush(cx, device);
        let log = t.fs.supers.get_mut(usize::from(fs)).and_then(Option::as_mut);
        if let Some(mut log) =
            log.and_then(|found| found.journal.take()).filter(|it| !it.is_aborted)
            && let Some(first) = log.place.block(0)
        {
            let tail = log.tail(false);
            txn::put_block(t, cx, (device, first), &tail)?;
        }
        frame.stage = 2;
    }
    if frame.stage == 2 {
        let all: Vec<Key> = t.fs.cache.blocks_of(device).collect();
        write_all(&all, (frame, t, cx))?;
        block::flush(cx, device);
        if writes {
            txn::run(t, cx, frame, InodeId { fs, number: 0 }, |fs, txn| fs.end(txn))?;
        }
        frame.stage = 3;
    }
    crate::task::files::release_pins(t, frame);
    let all = t.fs.cache.files_of(fs).chain(t.fs.cache.blocks_of(device)).collect();
    empty(all, (frame, t, cx))?;
    block::flush(cx, device);
    t.fs.sizes.remove(&device);
    Ok(())
}

/// Writes what is dirty of this, and waits until it is on the medium.
///
/// # Errors
/// Parks.
pub fn write_all(keys: &[Key], (_, t, cx): Rest<'_>) -> Result<(), Stop> {
    for &key in keys {
        block::write_back(t, cx, key);
    }
    for &key in keys {
        if t.fs.cache.get(key).is_some_and(|entry| matches!(entry.state, State::Writing { .. })) {
            return Err(block::wait_for(key));
        }
    }
    Ok(())
}
