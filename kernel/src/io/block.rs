//! Blocks on their way between a device and the cache.

use super::{frames, reclaim, swap};
use crate::abi::Errno;
use crate::base::{BlockNumber, Channel, DeviceId, FrameId, RequestId, Work};
use crate::context::{Cx, Due, Phase, Tables};
use crate::driver::bus::Driver;
use crate::driver::{BlockDone, BlockRequest, SECTOR};
use crate::event::{BlockEvent, Event, EventId, Wait};
use crate::fs::{Home, Key, State};
use crate::hw::PAGE_SIZE;
use crate::mm::Use;
use crate::proc::{Interruptible, Stop, WaitFor};
use crate::task::effects;
use crate::task::wait;

/// What a call waits for when a block or page is on its way. No signal ends this wait, as on Linux.
#[must_use]
pub fn wait_for(key: Key) -> Stop {
    Stop::Park(WaitFor::channel(key.channel(), Wait::Disk, Interruptible::No))
}

/// Makes sure that something is in the cache: asks the device for it if need be.
///
/// # Errors
/// A park until it has come, `EIO` (once) if the device failed, `ENOMEM`.
//DOC: fetch
pub fn fetch(t: &mut Tables, cx: &mut Cx, key: Key, home: Home) -> Result<(), Stop> {
    match t.fs.cache.get(key).map(|entry| entry.state) {
        Some(State::Reading) => Err(wait_for(key)),
        Some(State::Failed(errno)) => {
            if let Some(entry) = t.fs.cache.remove(key) {
                frames::release(t, entry.frame);
            }
            Err(Stop::Fail(errno))
        }
        Some(_) => Ok(()),
        None => {
            frames::trim_cache(t);
            let frame = frame_or_wait(t, cx, frames::use_of(key))?;
            t.fs.cache.insert(key, frame, Some(home), State::Reading);
            if home.runs().map(|(_, _, length)| length).sum::<usize>() < PAGE_SIZE {
                t.memory.ram.clear(frame);
            }
            submit(t, cx, (home, frame), (false, cx.cause, cx.request));
            Err(wait_for(key))
        }
    }
}

/// A frame; if all are taken by what is newer than the disk, waits until some of that is written.
///
/// # Errors
/// A park, or `ENOMEM` if writing would not help.
pub fn frame_or_wait(t: &mut Tables, cx: &mut Cx, used: Use) -> Result<FrameId, Stop> {
    reserve(t, cx, 1)?;
    frames::allocate(t, used).ok_or(Stop::Fail(Errno::ENOMEM))
}

/// Makes sure that so many frames are free. Clean pages of the cache that nobody maps go at once; if that is not enough, the caller
/// waits for the swapper.
///
/// # Errors
/// A park, or `ENOMEM` if the swapper has given up.
#[inline]
pub fn reserve(t: &mut Tables, cx: &mut Cx, count: u32) -> Result<(), Stop> {
    if t.mm.frames.available() >= t.mm.pressure.marks.low.max(count) {
        return Ok(());
    }
    reserve_slowly(t, cx, count)
}

#[cold]
fn reserve_slowly(t: &mut Tables, cx: &mut Cx, count: u32) -> Result<(), Stop> {
    swap::tidy(t);
    if frames::make_room(t, count) {
        if t.mm.swap.is_some() {
            ring_swapper(t, cx);
        }
        return Ok(());
    }
    if std::mem::take(&mut t.mm.pressure.is_hopeless) {
        return Err(Stop::Fail(Errno::ENOMEM));
    }
    ring_swapper(t, cx);
    Err(Stop::Park(WaitFor::channel(Channel::Memory, Wait::Memory, Interruptible::No)))
}

/// Tells the swapper that memory is short. It may not be woken from here, where a call must not have changed anything if it parks:
/// the bell is put on the agenda.
fn ring_swapper(t: &mut Tables, cx: &mut Cx) {
    if !t.mm.pressure.is_rung {
        t.mm.pressure.is_rung = true;
        cx.at(cx.now, Phase::IoDone, Due::Ring(Work::Reclaim));
    }
}

/// Starts writing something dirty back. `false` if there was nothing to write.
pub fn write_back(t: &mut Tables, cx: &mut Cx, key: Key) -> bool {
    let Some(entry) = t.fs.cache.begin_write(key) else {
        return false;
    };
    let (Some(home), frame) = (entry.home, entry.frame) else {
        return false;
    };
    let request = entry.request;
    let cause = if entry.cause.is_none() { cx.cause } else { entry.cause };
    if let Key::Page(..) = key {
        // Whoever stores to it through a shared mapping from now on makes it dirty again.
        t.mm.watch(&mut t.memory, frame);
    }
    submit(t, cx, (home, frame), (true, cause, request));
    true
}

/// Hands what belongs to such blocks to the device's driver: a request for each run of blocks.
fn submit(
    t: &mut Tables,
    cx: &mut Cx,
    (home, frame): (Home, FrameId),
    (write, cause, request): (bool, EventId, RequestId),
) {
    let device = home.device;
    for (block, offset, length) in home.runs() {
        // The request was caused by who made the data dirty, which need not be who writes it.
        let own = (cx.cause, cx.request);
        (cx.cause, cx.request) = (cause, request);
        let event = cx.emit(Event::Block(BlockEvent::Submit { device, block, write }));
        (cx.cause, cx.request) = own;
        let sector = block.0.saturating_mul((home.size / SECTOR) as u64);
        let (offset, length) = (offset as u32, length as u32);
        let asked = BlockRequest { sector, frame, offset, length, write, cause: event, request };
        effects::using(t, cx, device, |driver, device, wires| {
            if let Some(Driver::Block(driver)) = driver {
                driver.submit(asked, device, wires);
            }
        });
    }
}

/// What was written so far is on the medium before anything is that is written from now on.
pub fn flush(cx: &mut Cx, device: DeviceId) {
    cx.emit(Event::Block(BlockEvent::Flush { device }));
}

/// The device is done with a request: tells the cache, and wakes who waits.
pub fn finish(t: &mut Tables, cx: &mut Cx, device: DeviceId, done: BlockDone) {
    let BlockRequest { frame, cause, request, .. } = done.asked;
    let block = BlockNumber(done.asked.sector * SECTOR as u64 / t.fs.block_size(device) as u64);
    (cx.cause, cx.request) = (cause, request);
    let event = cx.emit(Event::Block(BlockEvent::Done { device, block, error: done.error }));
    cx.cause = event;
    // The frame says what the block was wanted for: metadata of the device, or a page of a file.
    if let Some(key) = t.fs.cache.key_of(frame) {
        if !t.fs.cache.finish(key, done.error) {
            return;
        }
        reclaim::written(t, key);
        wait::wake_all(t, cx, key.channel());
    }
}
