//! Calls on the address space: brk(2), mmap(2), munmap(2), mprotect(2).
//!
//! mmap(2) only says what should be where; pages come when somebody uses them. With MAP_POPULATE or
//! MAP_LOCKED they come at once: the handler writes down that the area is there, and then stops with a fault for
//! each page that is missing, as a program would that touches them one by one.

use super::Result;
use super::descriptor::open_file;
use super::transfer::Rest;
use crate::abi::flags::memory::map_type;
use crate::abi::flags::process::rlimit;
use crate::abi::flags::{AccessMode, MapFlags, Protection};
use crate::abi::types::RLIM_INFINITY;
use crate::abi::{Access, Errno, Fault};
use crate::base::SpaceId;
use crate::context::{Cx, Tables};
use crate::fs::Kind as InodeKind;
use crate::hw::PAGE_SIZE;
use crate::hw::mmu::{Pte, USER_END};
use crate::io::{block, file, node};
use crate::mm::object::Kind;
use crate::mm::{AreaFlags, Backing, FRAMES_FOR_A_CHANGE, MMAP_TOP, Rights, TEXT_BASE, Vma};
use crate::proc::{CallFrame, FileKind, Process, Stop};

pub(super) const PAGE: u64 = PAGE_SIZE as u64;

/// The caller's address space.
pub(super) fn space_of(t: &Tables, cx: &Cx) -> std::result::Result<SpaceId, Errno> {
    process_of(t, cx)?.space.ok_or(Errno::ENOMEM)
}

pub(super) fn process_of<'t>(t: &'t Tables, cx: &Cx) -> std::result::Result<&'t Process, Errno> {
    t.proc.process_of(cx.caller).ok_or(Errno::ESRCH)
}

/// Makes sure that a change of the address space cannot run out of frames half-way.
pub(super) fn prepare(t: &mut Tables, cx: &mut Cx) -> Result<()> {
    block::reserve(t, cx, FRAMES_FOR_A_CHANGE)
}

/// What `PROT_*` allow.
pub(super) fn rights_of(protection: Protection) -> Rights {
    Rights {
        read: protection.contains(Protection::READ),
        write: protection.contains(Protection::WRITE),
        execute: protection.contains(Protection::EXEC),
    }
}

/// Whether the caller's space may grow by an area (RLIMIT_AS, RLIMIT_DATA).
///
/// # Errors
/// `ENOMEM`.
pub(super) fn may_grow(t: &Tables, cx: &Cx, vma: &Vma) -> std::result::Result<(), Errno> {
    let process = process_of(t, cx)?;
    let space = t.mm.space(space_of(t, cx)?).ok_or(Errno::ENOMEM)?;
    let exceeds = |resource, pages: &dyn Fn() -> u64| {
        let limit = process.limits.soft(resource);
        limit != RLIM_INFINITY && pages().saturating_add(vma.pages()) > limit / PAGE
    };
    let is_data = vma.rights.write && !vma.is_shared() && !vma.grows_down();
    if exceeds(rlimit::AS, &|| space.pages())
        || is_data && exceeds(rlimit::DATA, &|| space.data_pages())
    {
        return Err(Errno::ENOMEM);
    }
    Ok(())
}

/// Whether the caller may lock that many more pages in memory (RLIMIT_MEMLOCK; CAP_IPC_LOCK is root's).
pub(super) fn may_lock(t: &Tables, cx: &Cx, pages: u64) -> std::result::Result<bool, Errno> {
    let process = process_of(t, cx)?;
    let space = t.mm.space(space_of(t, cx)?).ok_or(Errno::ENOMEM)?;
    let limit = process.limits.soft(rlimit::MEMLOCK);
    Ok(process.cred.is_root()
        || limit == RLIM_INFINITY
        || space.locked_pages().saturating_add(pages) <= limit / PAGE)
}

/// brk(2), as the kernel has it: returns the break as it is now, whether it moved or not.
///
/// # Errors
/// None; parks.
pub fn sys_brk(to: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let id = space_of(t, cx)?;
    let space = t.mm.space(id).ok_or(Errno::ENOMEM)?;
    let (heap, old) = (space.heap, space.brk);
    let limit = process_of(t, cx)?.limits.soft(rlimit::DATA);
    if to < heap || to > USER_END || to - heap > limit {
        return Ok(old);
    }
    prepare(t, cx)?;
    let (start, end) = (to.next_multiple_of(PAGE), old.next_multiple_of(PAGE));
    if start > end {
        let more = Vma::anonymous(end, start, Rights::RW, "[heap]");
        if may_grow(t, cx, &more).is_err() {
            return Ok(old);
        }
    } else if start < end && t.mm.unmap(id, &mut t.memory, (start, end)).is_err() {
        return Ok(old);
    }
    Ok(if t.mm.set_brk(id, to).is_ok() { to } else { old })
}

/// What mmap(2) is asked for, as far as it does not depend on the file.
#[derive(Clone, Copy)]
struct Wanted {
    length: u64,
    kind: u32,
    flags: MapFlags,
    rights: Rights,
    offset: u64,
}

/// mmap(2).
///
/// # Errors
/// `EINVAL`, `ENOMEM`, `EBADF`, `EACCES`, `ENODEV`, `EEXIST`, `EOVERFLOW`, `EPERM`, `EAGAIN`, `EOPNOTSUPP`; parks.
pub fn sys_mmap(
    [address, length, protection, flags, fd, offset]: [u64; 6],
    (frame, t, cx): Rest<'_>,
) -> Result {
    if frame.stage > 0 {
        return populate_mapped(frame.progress, length, flags, (frame, t, cx));
    }
    let id = space_of(t, cx)?;
    if offset % PAGE != 0 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let kind = MapFlags::from_bits_truncate(flags as u32);
    let rights = rights_of(Protection::from_bits_truncate(protection as u32));
    if !kind.contains(MapFlags::ANONYMOUS) {
        open_file(t, cx, fd)?;
    }
    if length == 0 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let length = length.checked_next_multiple_of(PAGE).ok_or(Errno::ENOMEM)?;
    offset.checked_add(length).ok_or(Errno::EOVERFLOW)?;
    let flags = flags as u32;
    let wanted = Wanted { length, kind: flags & 0xf, flags: kind, rights, offset };
    let start = place(t, cx, address, &wanted)?;
    if kind.contains(MapFlags::LOCKED) && !may_lock(t, cx, length / PAGE)? {
        return Err(Stop::Fail(Errno::EAGAIN));
    }
    let (backing, most, shared) = back(fd, flags, &wanted, (frame, t, cx))?;
    let mut area = t.mm.space(id).ok_or(Errno::ENOMEM)?.locks;
    area.set(AreaFlags::SHARED, shared);
    area.set(AreaFlags::GROWS_DOWN, kind.contains(MapFlags::GROWSDOWN));
    area.set(AreaFlags::NO_RESERVE, kind.contains(MapFlags::NORESERVE));
    if kind.contains(MapFlags::LOCKED) {
        area |= AreaFlags::LOCKED;
    }
    let mut vma = Vma { start, end: start + length, rights, most, backing, flags: area, name: "" };
    may_grow(t, cx, &vma)?;
    prepare(t, cx)?;
    if kind.intersects(MapFlags::FIXED | MapFlags::FIXED_NOREPLACE) {
        t.mm.unmap(id, &mut t.memory, (start, start + length))?;
    }
    if shared && kind.contains(MapFlags::ANONYMOUS) {
        let promises = !kind.contains(MapFlags::NORESERVE);
        let object = t.mm.create_object(Kind::Anonymous, length, (1, promises));
        let object = object.map_err(|_| Errno::ENOMEM)?;
        vma.backing = Backing::Object { object, page: 0 };
        let mapped = t.mm.map(id, vma);
        // From here on the area keeps it.
        t.mm.unhold_object(&mut t.memory, object);
        mapped?;
    } else {
        t.mm.map(id, vma)?;
    }
    frame.stage = 1;
    frame.progress = start;
    populate_mapped(start, length, u64::from(flags), (frame, t, cx))
}

/// Where a mapping goes.
fn place(t: &Tables, cx: &Cx, hint: u64, wanted: &Wanted) -> std::result::Result<u64, Errno> {
    let Wanted { length, flags, .. } = *wanted;
    let space = t.mm.space(space_of(t, cx)?).ok_or(Errno::ENOMEM)?;
    if length > USER_END {
        return Err(Errno::ENOMEM);
    }
    if flags.intersects(MapFlags::FIXED | MapFlags::FIXED_NOREPLACE) {
        if hint > USER_END - length {
            return Err(Errno::ENOMEM);
        }
        if !hint.is_multiple_of(PAGE) {
            return Err(Errno::EINVAL);
        }
        if hint < TEXT_BASE && !process_of(t, cx)?.cred.is_root() {
            return Err(Errno::EPERM);
        }
        let taken = space.map().overlaps(hint, hint + length);
        if flags.contains(MapFlags::FIXED_NOREPLACE) && taken {
            return Err(Errno::EEXIST);
        }
        return Ok(hint);
    }
    let hint = hint.max(if hint == 0 { 0 } else { TEXT_BASE }).checked_next_multiple_of(PAGE);
    if let Some(hint) = hint.filter(|&hint| hint > 0 && hint <= USER_END - length)
        && !space.map().overlaps(hint, hint + length)
    {
        return Ok(hint);
    }
    space.map().gap(length, (TEXT_BASE, MMAP_TOP), PAGE).ok_or(Errno::ENOMEM)
}

/// What is behind a mapping, what it may allow at most, and whether it is shared.
fn back(
    fd: u64,
    flags: u32,
    wanted: &Wanted,
    (frame, t, cx): Rest<'_>,
) -> Result<(Backing, Rights, bool)> {
    let Wanted { kind, rights, offset, .. } = *wanted;
    let shared = kind != map_type::PRIVATE;
    let grows = wanted.flags.contains(MapFlags::GROWSDOWN);
    if wanted.flags.contains(MapFlags::ANONYMOUS) {
        return match kind {
            // There is no pool of large pages.
            map_type::SHARED | map_type::PRIVATE if wanted.flags.contains(MapFlags::HUGETLB) => {
                Err(Stop::Fail(Errno::ENOMEM))
            }
            map_type::SHARED if grows => Err(Stop::Fail(Errno::EINVAL)),
            map_type::SHARED | map_type::PRIVATE => Ok((Backing::Anonymous, Rights::ALL, shared)),
            _ => Err(Stop::Fail(Errno::EINVAL)),
        };
    }
    let file = t.proc.open.get(open_file(t, cx, fd)?).ok_or(Errno::EBADF)?;
    let (mode, what) = (AccessMode::of(file.flags), file.kind);
    // Flags that mmap(2) has always known; the five bits of a large page's size are among them.
    let newer = MapFlags::SYNC | MapFlags::FIXED_NOREPLACE;
    let known = (MapFlags::all() - newer).bits() | 0xf | 0x7c00_0000;
    match kind {
        map_type::SHARED_VALIDATE if flags & !known != 0 => {
            return Err(Stop::Fail(Errno::EOPNOTSUPP));
        }
        map_type::SHARED | map_type::SHARED_VALIDATE if rights.write && !mode.writes() => {
            return Err(Stop::Fail(Errno::EACCES));
        }
        map_type::SHARED | map_type::SHARED_VALIDATE | map_type::PRIVATE => {}
        _ => return Err(Stop::Fail(Errno::EINVAL)),
    }
    if !mode.reads() {
        return Err(Stop::Fail(Errno::EACCES));
    }
    let page = offset / PAGE;
    let backing = match what {
        FileKind::Inode(inode) => {
            let attributes = node::attributes(inode, (frame, t, cx))?;
            if attributes.kind != InodeKind::Regular {
                return Err(Stop::Fail(Errno::ENODEV));
            }
            match file::object(t, inode, attributes.size)? {
                Some(object) => Backing::Object { object, page },
                None => Backing::File { inode, page },
            }
        }
        FileKind::Memory(object) => Backing::Object { object, page },
        _ => return Err(Stop::Fail(Errno::ENODEV)),
    };
    if grows {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let most = Rights { write: !shared || mode.writes(), ..Rights::ALL };
    Ok((backing, most, shared))
}

/// The area is there; with MAP_POPULATE or MAP_LOCKED its pages are brought too. What cannot be brought is not missed.
fn populate_mapped(start: u64, length: u64, flags: u64, (frame, t, cx): Rest<'_>) -> Result {
    let flags = MapFlags::from_bits_truncate(flags as u32);
    let space = t.mm.space(space_of(t, cx)?).ok_or(Errno::ENOMEM)?;
    let area = space.find(start).map_or(AreaFlags::empty(), |vma| vma.flags);
    let locked = area.contains(AreaFlags::LOCKED) && !area.contains(AreaFlags::ON_FAULT);
    let asked = flags.contains(MapFlags::POPULATE) && !flags.contains(MapFlags::NONBLOCK);
    if asked || locked {
        let end = start + length.next_multiple_of(PAGE);
        populate((start, end), None, (frame, t, cx))?;
    }
    Ok(start)
}

/// Brings the pages of a range, as if somebody touched each: as its area allows, or with this access. `frame.stage` counts those that
/// are done, from 1 on. Pages that cannot be brought are passed over, if no access is named.
///
/// # Errors
/// A fault to repair, or a park.
pub(super) fn populate(
    (start, end): (u64, u64),
    access: Option<Access>,
    (frame, t, cx): Rest<'_>,
) -> Result<()> {
    let id = space_of(t, cx)?;
    loop {
        let page = start + u64::from(frame.stage.saturating_sub(1)) * PAGE;
        if page >= end {
            return Ok(());
        }
        if let Some(access) = wanted_access(access, (id, page), (frame, t, cx))? {
            let pte = t.mm.entry(id, &t.memory, page);
            let needed = if access == Access::Store { Pte::WRITE } else { Pte::VALID };
            if pte.is_none_or(|pte| !pte.has(needed)) {
                return Err(Stop::Fault(Fault { address: page, access }));
            }
        }
        frame.stage = frame.stage.saturating_add(1);
    }
}

/// How a page is to be touched; `None`: it is passed over.
fn wanted_access(
    access: Option<Access>,
    (id, page): (SpaceId, u64),
    (frame, t, cx): (&mut CallFrame, &mut Tables, &mut Cx),
) -> Result<Option<Access>> {
    let Some(vma) = t.mm.space(id).and_then(|space| space.find(page)).copied() else {
        return Ok(access);
    };
    if access.is_some() {
        return Ok(access);
    }
    let there = match vma.backing_at(page) {
        Backing::File { inode, page } => {
            let attributes = node::attributes(inode, (frame, t, cx))?;
            page < attributes.size.div_ceil(PAGE)
        }
        Backing::Object { object, page } => {
            t.mm.object(object).is_some_and(|object| page < object.size.div_ceil(PAGE))
        }
        Backing::Anonymous => true,
    };
    Ok(match vma.rights {
        _ if !there => None,
        Rights { write: true, .. } if !vma.is_shared() => Some(Access::Store),
        Rights { read: true, .. } | Rights { write: true, .. } => Some(Access::Load),
        _ => None,
    })
}

/// munmap(2).
///
/// # Errors
/// `EINVAL`, `ENOMEM`; parks.
pub fn sys_munmap(address: u64, length: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let id = space_of(t, cx)?;
    if address > USER_END || length > USER_END - address {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let length = length.next_multiple_of(PAGE);
    if !address.is_multiple_of(PAGE) || length == 0 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    prepare(t, cx)?;
    t.mm.unmap(id, &mut t.memory, (address, address + length))?;
    Ok(0)
}

/// mprotect(2). As on Linux, what lies before a hole is changed although the call fails.
///
/// # Errors
/// `EINVAL`, `ENOMEM`, `EACCES`; parks.
pub fn sys_mprotect(
    address: u64,
    length: u64,
    protection: u64,
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    let id = space_of(t, cx)?;
    let grows = Protection::GROWSDOWN | Protection::GROWSUP;
    let wanted = Protection::from_bits_retain(protection as u32);
    if wanted.contains(grows) || !address.is_multiple_of(PAGE) {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    if length == 0 {
        return Ok(0);
    }
    let length = length.checked_next_multiple_of(PAGE).ok_or(Errno::ENOMEM)?;
    let end = address.checked_add(length).filter(|&end| end > address).ok_or(Errno::ENOMEM)?;
    let known = Protection::READ | Protection::WRITE | Protection::EXEC | Protection::SEM;
    if !(wanted - grows - known).is_empty() || protection > u64::from(u32::MAX) {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    prepare(t, cx)?;
    let space = t.mm.space(id).ok_or(Errno::ENOMEM)?;
    let mut at = address;
    let first = space.find(address).or_else(|| space.map().above(address));
    if wanted.contains(Protection::GROWSDOWN) {
        let first = first.filter(|vma| vma.start < end).ok_or(Errno::ENOMEM)?;
        if !first.grows_down() {
            return Err(Stop::Fail(Errno::EINVAL));
        }
        at = first.start;
    } else if wanted.contains(Protection::GROWSUP) {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let rights = rights_of(wanted);
    while at < end {
        let space = t.mm.space(id).ok_or(Errno::ENOMEM)?;
        let vma = *space.find(at).ok_or(Errno::ENOMEM)?;
        if !vma.most.covers(rights) {
            return Err(Stop::Fail(Errno::EACCES));
        }
        let to = vma.end.min(end);
        if vma.rights != rights {
            t.mm.protect(id, &mut t.memory, (at, to), rights)?;
        }
        at = to;
    }
    Ok(0)
}
