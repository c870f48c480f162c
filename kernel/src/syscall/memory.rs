//! Calls on the address space: brk(2), mmap(2), munmap(2).

use super::Result;
use super::descriptor::open_file;
use crate::abi::Errno;
use crate::abi::flags::{AccessMode, MapFlags, Protection};
use crate::base::SpaceId;
use crate::context::{Cx, Tables};
use crate::hw::PAGE_SIZE;
use crate::hw::mmu::USER_END;
use crate::mm::{Backing, Rights, Vma};
use crate::proc::{FileKind, Stop};

const PAGE: u64 = PAGE_SIZE as u64;

fn space_of(t: &Tables, cx: &Cx) -> std::result::Result<SpaceId, Errno> {
    t.proc.process_of(cx.caller).and_then(|process| process.space).ok_or(Errno::ENOMEM)
}

/// brk(2), as the kernel has it: returns the break as it is now, whether it moved or not.
///
/// # Errors
/// None.
pub fn sys_brk(to: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let id = space_of(t, cx)?;
    let space = t.mm.space_mut(id).ok_or(Errno::ENOMEM)?;
    let (heap, old) = (space.heap, space.brk);
    if to < heap || to > USER_END {
        return Ok(old);
    }
    if to < old {
        let (start, end) = (to.next_multiple_of(PAGE), old.next_multiple_of(PAGE));
        t.mm.unmap(id, &mut t.memory, start, end);
    }
    let space = t.mm.space_mut(id).ok_or(Errno::ENOMEM)?;
    Ok(if space.set_brk(to).is_ok() { to } else { old })
}

/// mmap(2) of private memory, with or without a file.
///
/// # Errors
/// `EINVAL`, `ENOMEM`, `EBADF`, `EACCES`, `ENODEV`; `EOPNOTSUPP` for shared mappings, which are to come.
pub fn sys_mmap(
    [address, length, protection, flags, fd, offset]: [u64; 6],
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    let id = space_of(t, cx)?;
    let kind = MapFlags::from_bits_truncate(flags as u32);
    let protection = Protection::from_bits_truncate(protection as u32);
    if length == 0 || length > USER_END || offset % PAGE != 0 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    match flags & 0xf {
        2 => {}
        1 | 3 => return Err(Stop::Fail(Errno::EOPNOTSUPP)),
        _ => return Err(Stop::Fail(Errno::EINVAL)),
    }
    let length = length.next_multiple_of(PAGE);
    let backing = if kind.contains(MapFlags::ANONYMOUS) {
        Backing::Anonymous
    } else {
        let file = open_file(t, cx, fd)?;
        let file = t.proc.open.get(file).ok_or(Errno::EBADF)?;
        if !AccessMode::of(file.flags).reads() {
            return Err(Stop::Fail(Errno::EACCES));
        }
        match file.kind {
            FileKind::Inode(inode) => Backing::File { inode, page: offset / PAGE },
            _ => return Err(Stop::Fail(Errno::ENODEV)),
        }
    };
    let rights = Rights {
        read: protection.contains(Protection::READ),
        write: protection.contains(Protection::WRITE),
        execute: protection.contains(Protection::EXEC),
    };
    let fixed = kind.contains(MapFlags::FIXED);
    let start = if fixed {
        let end = address.checked_add(length).filter(|&end| end <= USER_END);
        if address % PAGE != 0 || end.is_none() || address == 0 {
            return Err(Stop::Fail(Errno::EINVAL));
        }
        t.mm.unmap(id, &mut t.memory, address, address + length);
        address
    } else {
        let space = t.mm.space(id).ok_or(Errno::ENOMEM)?;
        space.find_gap(length).ok_or(Errno::ENOMEM)?
    };
    let space = t.mm.space_mut(id).ok_or(Errno::ENOMEM)?;
    space.map(Vma { start, end: start + length, rights, backing, name: "" })?;
    Ok(start)
}

/// munmap(2).
///
/// # Errors
/// `EINVAL`.
pub fn sys_munmap(address: u64, length: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let id = space_of(t, cx)?;
    let end = address.checked_add(length).filter(|&end| end <= USER_END);
    let Some(end) = end.filter(|_| address.is_multiple_of(PAGE) && length > 0) else {
        return Err(Stop::Fail(Errno::EINVAL));
    };
    t.mm.unmap(id, &mut t.memory, address, end.next_multiple_of(PAGE));
    Ok(0)
}
