//! Counters with a descriptor: eventfd2(2), and what read(2) and write(2) do to one.

use super::Result;
use super::descriptor::install;
use super::transfer::{Buffers, Rest};
use crate::abi::flags::file::access_mode;
use crate::abi::flags::network::EventFdFlags;
use crate::abi::flags::{OpenFlags, PollEvents};
use crate::abi::{Access, Errno};
use crate::base::{Channel, CounterId};
use crate::context::{Cx, Tables};
use crate::event::Wait;
use crate::ipc::events::counter::Counter;
use crate::proc::{FileKind, Interruptible, Stop, WaitFor};
use crate::task::wait;

/// How many bytes are read and written: one number.
const SIZE: u64 = 8;

/// eventfd2(2).
///
/// # Errors
/// `EINVAL`, `EMFILE`.
pub fn sys_eventfd2(value: u64, flags: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let flags = EventFdFlags::from_bits(flags as u32).ok_or(Errno::EINVAL)?;
    let is_semaphore = flags.contains(EventFdFlags::SEMAPHORE);
    let number = t.events.new_number();
    let value = u64::from(value as u32);
    let id = t.events.counters.insert(Counter { value, is_semaphore, number });
    let open = access_mode::RDWR | flags.difference(EventFdFlags::SEMAPHORE).bits();
    install(FileKind::Counter(id), open, t, cx)
}

/// Nothing to take, or no room: the call fails, or waits.
fn wait_for<T>(id: CounterId, flags: u32, frame: &crate::proc::CallFrame) -> Result<T> {
    if flags & OpenFlags::NONBLOCK.bits() != 0 {
        return Err(Stop::Fail(Errno::EAGAIN));
    }
    frame.interrupted()?;
    let channel = Channel::Counter(id);
    Err(Stop::Park(WaitFor::channel(channel, Wait::Poll, Interruptible::UnlessRestarted)))
}

/// What read(2) does: it takes the number, or one of it.
///
/// # Errors
/// `EINVAL` for less than eight bytes, `EAGAIN`, `EINTR`, `EFAULT`; parks.
pub(super) fn read(
    id: CounterId,
    flags: u32,
    buffers: &Buffers,
    (frame, t, cx): Rest<'_>,
) -> Result {
    if buffers.total() < SIZE {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let mut counter = *t.events.counters.get(id).ok_or(Errno::EBADF)?;
    let Some(taken) = counter.take() else {
        return wait_for(id, flags, frame);
    };
    buffers.touch(t, cx, (0, SIZE), Access::Store)?;
    if let Some(found) = t.events.counters.get_mut(id) {
        *found = counter;
    }
    wait::announce(t, cx, Channel::Counter(id), 1, PollEvents::OUT);
    buffers.put(t, cx, 0, &taken.to_le_bytes())?;
    Ok(SIZE)
}

/// What write(2) does: it adds.
///
/// # Errors
/// `EINVAL` for more or less than eight bytes, and for the largest number; `EAGAIN`, `EINTR`, `EFAULT`; parks.
pub(super) fn write(
    id: CounterId,
    flags: u32,
    buffers: &Buffers,
    (frame, t, cx): Rest<'_>,
) -> Result {
    if buffers.total() != SIZE {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let bytes = buffers.get(t, cx, 0, SIZE)?;
    let count = bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    if count == u64::MAX {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let counter = t.events.counters.get_mut(id).ok_or(Errno::EBADF)?;
    if !counter.add(count) {
        return wait_for(id, flags, frame);
    }
    wait::announce(t, cx, Channel::Counter(id), 1, PollEvents::IN);
    Ok(SIZE)
}
