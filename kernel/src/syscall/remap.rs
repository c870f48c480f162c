//! mremap(2): an area becomes longer, shorter, or goes elsewhere with all its pages.

use super::Result;
use super::memory::{PAGE, may_grow, may_lock, populate, prepare, space_of};
use super::transfer::Rest;
use crate::abi::Errno;
use crate::abi::flags::memory::RemapFlags;
use crate::base::SpaceId;
use crate::context::{Cx, Tables};
use crate::hw::mmu::USER_END;
use crate::io::block;
use crate::mm::{AreaFlags, MMAP_TOP, TEXT_BASE, Vma};
use crate::proc::Stop;

/// What is moved or changed: where it is, how long it is and shall be.
#[derive(Clone, Copy)]
struct Change {
    id: SpaceId,
    start: u64,
    old: u64,
    new: u64,
    keeps: bool,
}

/// mremap(2).
///
/// # Errors
/// `EINVAL`, `EFAULT` if the range is not one area, `ENOMEM`, `EAGAIN` if too much would be locked; parks.
pub fn sys_mremap([start, old, new, flags, target]: [u64; 5], (frame, t, cx): Rest<'_>) -> Result {
    if frame.stage > 0 {
        return fill(frame.progress, (old, new), (frame, t, cx));
    }
    let wanted = RemapFlags::from_bits(flags as u32).ok_or(Errno::EINVAL)?;
    let (fixed, moves) = (wanted.contains(RemapFlags::FIXED), wanted.contains(RemapFlags::MAYMOVE));
    let keeps = wanted.contains(RemapFlags::DONTUNMAP);
    let old = old.checked_next_multiple_of(PAGE).ok_or(Errno::EINVAL)?;
    let new = new.checked_next_multiple_of(PAGE).ok_or(Errno::EINVAL)?;
    if (fixed || keeps) && !moves || keeps && old != new || start % PAGE != 0 || new == 0 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let id = space_of(t, cx)?;
    let space = t.mm.space(id).ok_or(Errno::ENOMEM)?;
    let vma = *space.find(start).ok_or(Errno::EFAULT)?;
    let change = Change { id, start, old, new, keeps };
    // Tables for where it goes, and copies of shared ones where it was.
    let tables = (old.max(new) / PAGE / 512 + 2) * 2 + 2;
    block::reserve(t, cx, u32::try_from(tables).map_err(|_| Errno::ENOMEM)?)?;
    prepare(t, cx)?;
    if fixed || keeps {
        let to = if fixed { check_target(change, target)? } else { elsewhere(t, change)? };
        return finish(change, to, vma, fixed, (frame, t, cx));
    }
    if old >= new {
        if old > new {
            t.mm.unmap(id, &mut t.memory, (start + new, start + old))?;
        }
        return Ok(start);
    }
    check_growth(t, cx, change, &vma)?;
    if old == vma.end - start && grow_in_place(t, change, &vma)? {
        frame.stage = 1;
        frame.progress = start;
        return fill(start, (old, new), (frame, t, cx));
    }
    if !moves {
        return Err(Stop::Fail(Errno::ENOMEM));
    }
    let to = elsewhere(t, change)?;
    finish(change, to, vma, false, (frame, t, cx))
}

/// MREMAP_FIXED: the target must be in user space and must not overlap what is moved.
fn check_target(change: Change, to: u64) -> std::result::Result<u64, Errno> {
    let Change { start, old, new, .. } = change;
    let end = to.checked_add(new).filter(|&end| end <= USER_END).ok_or(Errno::EINVAL)?;
    let overlaps = start < end && to < start.saturating_add(old);
    if !to.is_multiple_of(PAGE) || overlaps { Err(Errno::EINVAL) } else { Ok(to) }
}

fn elsewhere(t: &Tables, change: Change) -> std::result::Result<u64, Errno> {
    let space = t.mm.space(change.id).ok_or(Errno::ENOMEM)?;
    space.map().gap(change.new, (TEXT_BASE, MMAP_TOP), PAGE).ok_or(Errno::ENOMEM)
}

/// Whether the area may become that long.
fn check_growth(t: &Tables, cx: &Cx, change: Change, vma: &Vma) -> std::result::Result<(), Errno> {
    let Change { start, old, new, .. } = change;
    if old == 0 && !vma.is_shared() {
        return Err(Errno::EINVAL);
    }
    if old > vma.end - start {
        return Err(Errno::EFAULT);
    }
    if new <= old {
        return Ok(());
    }
    if t.mm.is_partitioned() && !vma.is_shared() {
        // A block has a bound.
        return Err(Errno::ENOMEM);
    }
    let more = (new - old) / PAGE;
    if vma.flags.contains(AreaFlags::LOCKED) && !may_lock(t, cx, more)? {
        return Err(Errno::EAGAIN);
    }
    may_grow(t, cx, &Vma { start: 0, end: new - old, ..*vma })
}

/// Makes the area longer where it is, if nothing is in the way.
fn grow_in_place(t: &mut Tables, change: Change, vma: &Vma) -> Result<bool> {
    let (from, to) = (vma.end, change.start.saturating_add(change.new));
    let space = t.mm.space(change.id).ok_or(Errno::ENOMEM)?;
    if to > USER_END || space.map().overlaps(from, to) {
        return Ok(false);
    }
    let backing = vma.backing_at(from);
    t.mm.map(change.id, Vma { start: from, end: to, backing, ..*vma })?;
    Ok(true)
}

/// Maps the same thing elsewhere, moves the pages, and unmaps the old place.
fn finish(change: Change, to: u64, vma: Vma, replaces: bool, (frame, t, cx): Rest<'_>) -> Result {
    let Change { id, start, old, new, keeps } = change;
    check_growth(t, cx, change, &vma)?;
    if t.mm.is_partitioned() && !vma.is_shared() {
        // What moves would need a second block.
        return Err(Stop::Fail(Errno::ENOMEM));
    }
    if replaces {
        t.mm.unmap(id, &mut t.memory, (to, to + new))?;
    }
    if replaces && new < old {
        t.mm.unmap(id, &mut t.memory, (start + new, start + old))?;
    }
    let backing = vma.backing_at(start);
    t.mm.map(id, Vma { start: to, end: to + new, backing, ..vma })?;
    let length = old.min(new);
    t.mm.move_pages(id, &mut t.memory, (start, to, length)).map_err(|_| Errno::ENOMEM)?;
    if old > 0 && !keeps {
        t.mm.unmap(id, &mut t.memory, (start, start + length))?;
    }
    if keeps {
        let none = AreaFlags::empty();
        t.mm.set_flags(id, (start, start + length), (none, AreaFlags::LOCKED));
    }
    frame.stage = 1;
    frame.progress = to;
    fill(to, (old, new), (frame, t, cx))
}

/// The new part of a locked area is brought at once.
fn fill(start: u64, (old, new): (u64, u64), (frame, t, cx): Rest<'_>) -> Result {
    let (old, new) = (old.next_multiple_of(PAGE), new.next_multiple_of(PAGE));
    let space = t.mm.space(space_of(t, cx)?).ok_or(Errno::ENOMEM)?;
    let locked = space.find(start).is_some_and(|vma| vma.flags.contains(AreaFlags::LOCKED));
    if locked && new > old {
        populate((start + old, start + new), None, (frame, t, cx))?;
    }
    Ok(start)
}
