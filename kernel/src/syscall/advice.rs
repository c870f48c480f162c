//! What programs say and ask about their pages: madvise(2), mincore(2), msync(2).

use super::Result;
use super::memory::{PAGE, populate, prepare, space_of};
use super::transfer::Rest;
use crate::abi::flags::memory::{MsyncFlags, advice};
use crate::abi::{Access, Errno};
use crate::base::{InodeId, SpaceId};
use crate::context::{Cx, Tables};
use crate::fs::{Key, State};
use crate::hw::mmu::USER_END;
use crate::io::{block, node, txn, user};
use crate::mm::{AreaFlags, Backing, Vma};
use crate::proc::Stop;

/// madvise(2). Advice that nothing follows from is taken all the same.
///
/// # Errors
/// `EINVAL`, `ENOMEM` if a part is not mapped (the rest is done), `EACCES`, `EFAULT`; parks.
pub fn sys_madvise(address: u64, length: u64, how: u64, (frame, t, cx): Rest<'_>) -> Result {
    let id = space_of(t, cx)?;
    let how = how as u32;
    let is_known = how <= advice::COLLAPSE && !(5..8).contains(&how);
    if !is_known || !address.is_multiple_of(PAGE) {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let length = length.checked_next_multiple_of(PAGE).ok_or(Errno::EINVAL)?;
    let end = address.checked_add(length).ok_or(Errno::EINVAL)?;
    if length == 0 {
        return Ok(0);
    }
    match how {
        advice::POPULATE_READ | advice::POPULATE_WRITE => {
            return bring((address, end), how, (frame, t, cx));
        }
        advice::WILLNEED => frame.stage = frame.stage.max(1),
        _ => prepare(t, cx)?,
    }
    let space = t.mm.space(id).ok_or(Errno::ENOMEM)?;
    let parts: Vec<Vma> =
        space.map().within(address, end).map(|vma| vma.clip(address, end)).collect();
    let covered = end <= USER_END && space.map().cover(address, end);
    for part in parts {
        advise(id, &part, how, (frame, t, cx))?;
    }
    if covered { Ok(0) } else { Err(Stop::Fail(Errno::ENOMEM)) }
}

/// Follows an advice for one area, or a part of it.
fn advise(id: SpaceId, part: &Vma, how: u32, (frame, t, cx): Rest<'_>) -> Result<()> {
    let range = (part.start, part.end);
    let locked = part.flags.contains(AreaFlags::LOCKED);
    let plain = part.backing == Backing::Anonymous;
    let none = AreaFlags::empty();
    let (set, clear) = match how {
        advice::NORMAL => (none, AreaFlags::SEQUENTIAL | AreaFlags::RANDOM),
        advice::RANDOM => (AreaFlags::RANDOM, AreaFlags::SEQUENTIAL),
        advice::SEQUENTIAL => (AreaFlags::SEQUENTIAL, AreaFlags::RANDOM),
        advice::DONTFORK => (AreaFlags::NO_FORK, none),
        advice::DOFORK => (none, AreaFlags::NO_FORK),
        advice::WIPEONFORK if plain => (AreaFlags::WIPE_ON_FORK, none),
        advice::WIPEONFORK => return Err(Stop::Fail(Errno::EINVAL)),
        advice::KEEPONFORK => (none, AreaFlags::WIPE_ON_FORK),
        advice::DONTDUMP => (AreaFlags::NO_DUMP, none),
        advice::DODUMP => (none, AreaFlags::NO_DUMP),
        advice::HUGEPAGE => (AreaFlags::HUGE, AreaFlags::NO_HUGE),
        advice::NOHUGEPAGE => (AreaFlags::NO_HUGE, AreaFlags::HUGE),
        advice::MERGEABLE => (AreaFlags::MERGEABLE, none),
        advice::UNMERGEABLE => (none, AreaFlags::MERGEABLE),
        advice::DONTNEED | advice::FREE | advice::COLD | advice::PAGEOUT if locked => {
            return Err(Stop::Fail(Errno::EINVAL));
        }
        advice::FREE if !plain => return Err(Stop::Fail(Errno::EINVAL)),
        // What may be freed when memory is short is freed at once: one of the things that may happen.
        advice::DONTNEED | advice::DONTNEED_LOCKED | advice::FREE => {
            t.mm.discard(id, &mut t.memory, range).map_err(|_| Errno::ENOMEM)?;
            (none, none)
        }
        advice::REMOVE => {
            remove(t, part)?;
            (none, none)
        }
        advice::WILLNEED => {
            read_ahead(part, (frame, t, cx))?;
            (none, none)
        }
        _ => (none, none),
    };
    if !(set | clear).is_empty() {
        t.mm.set_flags(id, range, (set, clear));
    }
    Ok(())
}

/// MADV_REMOVE: a hole in a memory object.
fn remove(t: &mut Tables, part: &Vma) -> std::result::Result<(), Errno> {
    let Backing::Object { object, page } = part.backing else {
        return Err(Errno::EINVAL);
    };
    if part.flags.contains(AreaFlags::LOCKED) {
        return Err(Errno::EINVAL);
    }
    if !part.is_shared() || !part.rights.write {
        return Err(Errno::EACCES);
    }
    t.mm.punch_object(&mut t.memory, object, (page, page + part.pages()));
    Ok(())
}

/// MADV_WILLNEED: asks for the pages of a file that are not in the cache, and waits for none of them.
fn read_ahead(part: &Vma, (frame, t, cx): Rest<'_>) -> Result<()> {
    let Backing::File { inode, page } = part.backing else { return Ok(()) };
    let attributes = node::attributes(inode, (frame, t, cx))?;
    let end = attributes.size.div_ceil(PAGE).min(page + part.pages());
    // A window as large as Linux reads ahead by default: 128 KiB.
    for page in (page..end).take(32) {
        if t.fs.cache.get(Key::Page(inode, page)).is_none() {
            match txn::fetch_page(t, cx, frame, inode, page) {
                Ok(_) | Err(Stop::Park(_)) => {}
                Err(stop) => return Err(stop),
            }
        }
    }
    Ok(())
}

/// MADV_POPULATE_READ and MADV_POPULATE_WRITE: brings pages as if they were read or written.
fn bring((start, end): (u64, u64), how: u32, (frame, t, cx): Rest<'_>) -> Result {
    let space = t.mm.space(space_of(t, cx)?).ok_or(Errno::ENOMEM)?;
    if end > USER_END || !space.map().cover(start, end) {
        return Err(Stop::Fail(Errno::ENOMEM));
    }
    let writes = how == advice::POPULATE_WRITE;
    let forbidden = |vma: &Vma| if writes { !vma.rights.write } else { !vma.rights.read };
    if space.map().within(start, end).any(forbidden) {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    frame.stage = frame.stage.max(1);
    let access = if writes { Access::Store } else { Access::Load };
    populate((start, end), Some(access), (frame, t, cx))?;
    Ok(0)
}

/// mincore(2): which pages of a range are in memory.
///
/// # Errors
/// `EINVAL`, `ENOMEM` if a part is not mapped, `EFAULT`.
pub fn sys_mincore(address: u64, length: u64, place: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    if !address.is_multiple_of(PAGE) {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let end = address.checked_add(length).filter(|&end| end <= USER_END).ok_or(Errno::ENOMEM)?;
    let end = end.next_multiple_of(PAGE);
    let id = space_of(t, cx)?;
    user::check(place, (end - address) / PAGE)?;
    let space = t.mm.space(id).ok_or(Errno::ENOMEM)?;
    // No more than can be answered at all is looked at.
    if !space.map().cover(address, end) {
        return Err(Stop::Fail(Errno::ENOMEM));
    }
    let mut at = address;
    while at < end {
        let pages = ((end - at) / PAGE).min(PAGE);
        let space = t.mm.space(id).ok_or(Errno::ENOMEM)?;
        let answers: Vec<u8> =
            (0..pages).map(|n| u8::from(is_in_memory(t, space, at + n * PAGE))).collect();
        user::write(t, cx, place + (at - address) / PAGE, &answers)?;
        at += pages * PAGE;
    }
    Ok(0)
}

/// Whether a page would be there without a wait for the disk.
fn is_in_memory(t: &Tables, space: &crate::mm::AddressSpace, page: u64) -> bool {
    let pte = space.pte(&t.memory.ram, page);
    if pte.keeps_frame() {
        return true;
    }
    let cached = |key| t.fs.cache.get(key).is_some_and(|entry| entry.is_valid());
    if let Some(slot) = pte.slot() {
        return crate::io::swap::key_of(t, slot).is_some_and(cached);
    }
    match space.find(page).map(|vma| vma.backing_at(page)) {
        Some(Backing::File { inode, page }) => cached(Key::Page(inode, page)),
        Some(Backing::Object { object, page }) => {
            t.mm.object(object).is_some_and(|object| object.page(page).is_some())
        }
        Some(Backing::Anonymous) | None => false,
    }
}

/// msync(2): what was stored through shared mappings of files reaches the disk.
///
/// # Errors
/// `EINVAL`, `ENOMEM` if a part is not mapped (the rest is done), `EBUSY` for MS_INVALIDATE of locked pages, `EIO`; parks.
pub fn sys_msync(address: u64, length: u64, flags: u64, (_, t, cx): Rest<'_>) -> Result {
    let flags = MsyncFlags::from_bits(flags as u32).ok_or(Errno::EINVAL)?;
    if !address.is_multiple_of(PAGE) || flags.contains(MsyncFlags::SYNC | MsyncFlags::ASYNC) {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let length = length.checked_next_multiple_of(PAGE).ok_or(Errno::ENOMEM)?;
    let end = address.checked_add(length).ok_or(Errno::ENOMEM)?;
    if length == 0 {
        return Ok(0);
    }
    let space = t.mm.space(space_of(t, cx)?).ok_or(Errno::ENOMEM)?;
    let covered = end <= USER_END && space.map().cover(address, end);
    let mut files: Vec<(InodeId, u64, u64)> = Vec::new();
    for vma in space.map().within(address, end) {
        if flags.contains(MsyncFlags::INVALIDATE) && vma.flags.contains(AreaFlags::LOCKED) {
            return Err(Stop::Fail(Errno::EBUSY));
        }
        let part = vma.clip(address, end);
        if let (Backing::File { inode, page }, true) = (part.backing, part.is_shared()) {
            files.push((inode, page, page + part.pages()));
        }
    }
    if flags.contains(MsyncFlags::SYNC) {
        for (inode, from, to) in files {
            write_range(t, cx, inode, (from, to))?;
        }
    }
    if covered { Ok(0) } else { Err(Stop::Fail(Errno::ENOMEM)) }
}

/// Writes the dirty pages of a part of a file, and waits until they are on the disk.
fn write_range(t: &mut Tables, cx: &mut Cx, inode: InodeId, (from, to): (u64, u64)) -> Result<()> {
    let inside = |key: &Key| matches!(*key, Key::Page(of, page) if of == inode && (from..to).contains(&page));
    let dirty: Vec<Key> = t.fs.cache.dirty().filter(inside).collect();
    for key in dirty {
        block::write_back(t, cx, key);
    }
    let mut entries = t.fs.cache.iter().filter(|(key, _)| inside(key));
    let busy = entries.find(|(_, entry)| matches!(entry.state, State::Writing { .. }));
    match busy {
        Some((key, _)) => Err(block::wait_for(key)),
        None => Ok(()),
    }
}
