//! Pages that stay in memory: mlock(2), mlock2(2), munlock(2), mlockall(2), munlockall(2).

use super::Result;
use super::memory::{PAGE, may_lock, populate, prepare, process_of, space_of};
use super::transfer::Rest;
use crate::abi::Errno;
use crate::abi::flags::memory::{LockAllFlags, LockFlags};
use crate::abi::flags::process::rlimit;
use crate::base::SpaceId;
use crate::context::{Cx, Tables};
use crate::hw::mmu::USER_END;
use crate::mm::{AreaFlags, Vma};
use crate::proc::Stop;

const LOCKS: AreaFlags = AreaFlags::LOCKED.union(AreaFlags::ON_FAULT);

/// The pages of a range, or `None` for no page at all.
fn pages(address: u64, length: u64) -> std::result::Result<Option<(u64, u64)>, Errno> {
    let start = address & !(PAGE - 1);
    // As on Linux, a length that wraps around is what is left of it.
    let length = length.wrapping_add(address - start).wrapping_add(PAGE - 1) & !(PAGE - 1);
    let end = start.checked_add(length).ok_or(Errno::EINVAL)?;
    Ok((length > 0).then_some((start, end)))
}

/// Whether the caller may lock anything.
fn may_lock_at_all(t: &Tables, cx: &Cx) -> std::result::Result<(), Errno> {
    let process = process_of(t, cx)?;
    let allowed = process.cred.is_root() || process.limits.soft(rlimit::MEMLOCK) > 0;
    if allowed { Ok(()) } else { Err(Errno::EPERM) }
}

/// mlock(2).
///
/// # Errors
/// `ENOMEM` if a part is not mapped, cannot be brought, or the limit is exceeded; `EPERM`, `EINVAL`; parks.
pub fn sys_mlock(address: u64, length: u64, rest: Rest<'_>) -> Result {
    lock((address, length), AreaFlags::LOCKED, rest)
}

/// mlock2(2): with MLOCK_ONFAULT pages are locked when they come.
///
/// # Errors
/// As [`sys_mlock`].
pub fn sys_mlock2(address: u64, length: u64, flags: u64, rest: Rest<'_>) -> Result {
    let flags = LockFlags::from_bits(flags as u32).ok_or(Errno::EINVAL)?;
    let on_fault = flags.contains(LockFlags::ONFAULT);
    lock((address, length), if on_fault { LOCKS } else { AreaFlags::LOCKED }, rest)
}

fn lock((address, length): (u64, u64), set: AreaFlags, (frame, t, cx): Rest<'_>) -> Result {
    may_lock_at_all(t, cx)?;
    let Some((start, end)) = pages(address, length)? else { return Ok(0) };
    let id = space_of(t, cx)?;
    let space = t.mm.space(id).ok_or(Errno::ENOMEM)?;
    if end > USER_END || !space.map().cover(start, end) {
        return Err(Stop::Fail(Errno::ENOMEM));
    }
    if frame.stage == 0 {
        let locked = |vma: &&Vma| vma.flags.contains(AreaFlags::LOCKED);
        let already: u64 = space
            .map()
            .within(start, end)
            .filter(locked)
            .map(|vma| vma.clip(start, end).pages())
            .sum();
        if !may_lock(t, cx, (end - start) / PAGE - already)? {
            return Err(Stop::Fail(Errno::ENOMEM));
        }
        prepare(t, cx)?;
        t.mm.set_flags(id, (start, end), (set, LOCKS));
        frame.stage = 1;
    }
    if !set.contains(AreaFlags::ON_FAULT) {
        populate((start, end), None, (frame, t, cx))?;
    }
    Ok(0)
}

/// munlock(2).
///
/// # Errors
/// `ENOMEM` if a part is not mapped (the rest is unlocked), `EINVAL`.
pub fn sys_munlock(address: u64, length: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let Some((start, end)) = pages(address, length)? else { return Ok(0) };
    let id = space_of(t, cx)?;
    t.mm.set_flags(id, (start, end), (AreaFlags::empty(), LOCKS));
    let space = t.mm.space(id).ok_or(Errno::ENOMEM)?;
    if end <= USER_END && space.map().cover(start, end) {
        Ok(0)
    } else {
        Err(Stop::Fail(Errno::ENOMEM))
    }
}

/// mlockall(2).
///
/// # Errors
/// `EINVAL`, `EPERM`, `ENOMEM` if the limit is exceeded; parks.
pub fn sys_mlockall(flags: u64, (frame, t, cx): Rest<'_>) -> Result {
    let flags = LockAllFlags::from_bits(flags as u32).ok_or(Errno::EINVAL)?;
    if (flags - LockAllFlags::ONFAULT).is_empty() {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    may_lock_at_all(t, cx)?;
    let id = space_of(t, cx)?;
    let space = t.mm.space(id).ok_or(Errno::ENOMEM)?;
    let on_fault = flags.contains(LockAllFlags::ONFAULT);
    let set = if on_fault { LOCKS } else { AreaFlags::LOCKED };
    let current = flags.contains(LockAllFlags::CURRENT);
    if frame.stage == 0 {
        let unlocked = space.pages() - space.locked_pages();
        if current && !may_lock(t, cx, unlocked)? {
            return Err(Stop::Fail(Errno::ENOMEM));
        }
        let future = flags.contains(LockAllFlags::FUTURE);
        if let Some(space) = t.mm.space_mut(id) {
            space.locks = if future { set } else { AreaFlags::empty() };
        }
        if current {
            t.mm.set_flags(id, (0, USER_END), (set, LOCKS));
        }
        frame.stage = 1;
        frame.progress = 0;
    }
    if current && !on_fault {
        bring_all(id, (frame, t, cx))?;
    }
    Ok(0)
}

/// Brings all pages of all areas, one area after the other. `frame.progress` is where the next one begins.
fn bring_all(id: SpaceId, (frame, t, cx): Rest<'_>) -> Result<()> {
    loop {
        let space = t.mm.space(id).ok_or(Errno::ENOMEM)?;
        let next = space.find(frame.progress).or_else(|| space.map().above(frame.progress));
        let Some(vma) = next.copied() else { return Ok(()) };
        populate((vma.start, vma.end), None, (frame, t, cx))?;
        frame.progress = vma.end;
        frame.stage = 1;
    }
}

/// munlockall(2).
///
/// # Errors
/// None.
pub fn sys_munlockall(t: &mut Tables, cx: &mut Cx) -> Result {
    let id = space_of(t, cx)?;
    t.mm.set_flags(id, (0, USER_END), (AreaFlags::empty(), LOCKS));
    if let Some(space) = t.mm.space_mut(id) {
        space.locks = AreaFlags::empty();
    }
    Ok(0)
}
