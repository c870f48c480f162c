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
use crate::base::{DeviceId, InodeId};
use crate::context::Tables;
use crate::driver::bus::Driver;
use crate::fs::{Blocks, Content, Ext2, FsStop, Key, State, ext2};
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
    super::file::reap_orphans(t, cx);
    // Data first, and only then that all is well.
    if frame.stage == 0 {
        let all: Vec<Key> = t.fs.cache.files_of(fs).chain(t.fs.cache.blocks_of(device)).collect();
        write_all(&all, (frame, t, cx))?;
        if writes {
            txn::run(t, cx, frame, InodeId { fs, number: 0 }, |fs, txn| fs.end(txn))?;
        }
        frame.stage = 1;
    }
    crate::task::files::release_pins(t, frame);
    let all = t.fs.cache.files_of(fs).chain(t.fs.cache.blocks_of(device)).collect();
    empty(all, (frame, t, cx))?;
    t.fs.sizes.remove(&device);
    Ok(())
}

fn write_all(keys: &[Key], (_, t, cx): Rest<'_>) -> Result<(), Stop> {
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
