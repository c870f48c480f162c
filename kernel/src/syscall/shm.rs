//! System V shared memory: shmget(2), shmat(2), shmdt(2), shmctl(2).
//!
//! A typical sequence, in a database server: shmget(key) makes the segment, or finds it; shmat(2) maps it; children made by
//! fork(2) have it too; IPC_RMID right after says that it shall go with the last process.

use super::Result;
use super::memory::{PAGE, may_grow, prepare, process_of, rights_of, space_of};
use super::transfer::Rest;
use crate::abi::Errno;
use crate::abi::flags::Protection;
use crate::abi::flags::memory::{AttachFlags, SharedFlags, shm_command};
use crate::base::{ObjectId, Time};
use crate::context::{Cx, Tables};
use crate::hw::mmu::USER_END;
use crate::io::user;
use crate::ipc::shm::{LOCKED, PRIVATE, REMOVED, Segment};
use crate::mm::object::Kind;
use crate::mm::{AreaFlags, Backing, MMAP_TOP, Rights, TEXT_BASE, Vma};
use crate::proc::Stop;

/// The size of `struct shmid64_ds` on 64-bit machines with generic layout.
const SHMID_DS: usize = 112;
/// How many bytes of it IPC_SET reads: up to the mode.
const SET_FROM: usize = 24;

/// shmget(2).
///
/// # Errors
/// `EINVAL` for a size that is none or larger than the segment, `EEXIST`, `ENOENT`, `EACCES`, `ENOSPC`, `ENOMEM`.
pub fn sys_shmget(key: u64, size: u64, flags: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let (key, mode) = (key as u32, flags as u32);
    let wanted = SharedFlags::from_bits_truncate(mode & !0o777);
    let process = process_of(t, cx)?;
    let (cred, pid) = (process.cred.clone(), process.pid);
    if let Some(id) = t.shm.find(key) {
        let segment = t.shm.get(id).ok_or(Errno::ENOENT)?;
        if wanted.contains(SharedFlags::CREAT | SharedFlags::EXCL) {
            return Err(Stop::Fail(Errno::EEXIST));
        }
        if size > segment.size {
            return Err(Stop::Fail(Errno::EINVAL));
        }
        // What any of the three classes asks for must be granted to the caller.
        let want = (mode >> 6 | mode >> 3 | mode) & 6;
        if !segment.permits(&cred, want) {
            return Err(Stop::Fail(Errno::EACCES));
        }
        return Ok(u64::from(id));
    }
    if key != PRIVATE && !wanted.contains(SharedFlags::CREAT) {
        return Err(Stop::Fail(Errno::ENOENT));
    }
    if size == 0 || size > USER_END {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    if wanted.contains(SharedFlags::HUGETLB) {
        return Err(Stop::Fail(Errno::ENOMEM));
    }
    let promises = !wanted.contains(SharedFlags::NORESERVE);
    let object = t.mm.create_object(Kind::SystemV(key), size, (1, promises));
    let object = object.map_err(|_| Errno::ENOMEM)?;
    match t.shm.insert((key, object, size, mode), &cred, (pid, cx.now)) {
        Ok(id) => Ok(u64::from(id)),
        Err(errno) => {
            t.mm.unhold_object(&mut t.memory, object);
            Err(Stop::Fail(errno))
        }
    }
}

/// shmat(2).
///
/// # Errors
/// `EINVAL` for no such segment, or a bad address; `EACCES`, `EIDRM`, `ENOMEM`; parks.
//DOC: attach
pub fn sys_shmat(id: u64, address: u64, flags: u64, (_, t, cx): Rest<'_>) -> Result {
    let flags = AttachFlags::from_bits_truncate(flags as u32);
    let space = space_of(t, cx)?;
    let process = process_of(t, cx)?;
    let (cred, pid) = (process.cred.clone(), process.pid);
    let remap = flags.contains(AttachFlags::REMAP);
    let start = match address {
        0 if remap => return Err(Stop::Fail(Errno::EINVAL)),
        0 => None,
        _ if flags.contains(AttachFlags::RND) => match address & !(PAGE - 1) {
            0 if remap => return Err(Stop::Fail(Errno::EINVAL)),
            rounded => Some(rounded),
        },
        _ if !address.is_multiple_of(PAGE) => return Err(Stop::Fail(Errno::EINVAL)),
        _ => Some(address),
    };
    let segment = t.shm.get(id as u32).ok_or(Errno::EINVAL)?.clone();
    let read_only = flags.contains(AttachFlags::RDONLY);
    let executes = flags.contains(AttachFlags::EXEC);
    let want = if read_only { 4 } else { 6 } | u32::from(executes);
    if !segment.permits(&cred, want) {
        return Err(Stop::Fail(Errno::EACCES));
    }
    let length = segment.size.next_multiple_of(PAGE);
    let map = t.mm.space(space).ok_or(Errno::ENOMEM)?.map();
    let start = match start {
        Some(start) => {
            let end = start.checked_add(length).filter(|&end| end <= USER_END);
            let end = end.ok_or(Errno::EINVAL)?;
            if !remap && map.overlaps(start, end) {
                return Err(Stop::Fail(Errno::EINVAL));
            }
            start
        }
        None => map.gap(length, (TEXT_BASE, MMAP_TOP), PAGE).ok_or(Errno::ENOMEM)?,
    };
    let mut protection = Protection::READ;
    protection.set(Protection::WRITE, !read_only);
    protection.set(Protection::EXEC, executes);
    let vma = Vma {
        start,
        end: start + length,
        rights: rights_of(protection),
        most: Rights { write: !read_only, ..Rights::ALL },
        backing: Backing::Object { object: segment.object, page: 0 },
        flags: AreaFlags::SHARED,
        name: "",
    };
    may_grow(t, cx, &vma)?;
    prepare(t, cx)?;
    if remap {
        t.mm.unmap(space, &mut t.memory, (start, vma.end))?;
    }
    t.mm.map(space, vma)?;
    if let Some(segment) = t.shm.get_mut(id as u32) {
        (segment.last_pid, segment.attached_at) = (pid, Some(cx.now));
    }
    Ok(start)
}

/// shmdt(2).
///
/// # Errors
/// `EINVAL` if no segment is attached there; parks.
pub fn sys_shmdt(address: u64, (_, t, cx): Rest<'_>) -> Result {
    let id = space_of(t, cx)?;
    let pid = process_of(t, cx)?.pid;
    let space = t.mm.space(id).ok_or(Errno::EINVAL)?;
    if !address.is_multiple_of(PAGE) {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    // The area may have been cut since: all that is left of this attachment goes.
    let first = space.map().within(address, USER_END).find_map(|vma| {
        let segment = segment_of(t, vma)?;
        (vma.start - vma.index_of(vma.start) * PAGE == address).then_some(segment)
    });
    let (segment, object) = first.ok_or(Errno::EINVAL)?;
    let parts: Vec<(u64, u64)> = space
        .map()
        .within(address, USER_END)
        .filter(|vma| matches!(vma.backing, Backing::Object { object: o, .. } if o == object))
        .filter(|vma| vma.start - vma.index_of(vma.start) * PAGE == address)
        .map(|vma| (vma.start, vma.end))
        .collect();
    prepare(t, cx)?;
    for part in parts {
        t.mm.unmap(id, &mut t.memory, part)?;
    }
    if let Some(segment) = t.shm.get_mut(segment) {
        (segment.last_pid, segment.detached_at) = (pid, Some(cx.now));
    }
    reap(t);
    Ok(0)
}

fn segment_of(t: &Tables, vma: &Vma) -> Option<(u32, ObjectId)> {
    match vma.backing {
        Backing::Object { object, .. } => Some((t.shm.of_object(object)?, object)),
        _ => None,
    }
}

/// How many areas have a segment attached.
fn attachments(t: &Tables, object: ObjectId) -> u64 {
    let has = |vma: &&Vma| matches!(vma.backing, Backing::Object { object: o, .. } if o == object);
    t.mm.all_spaces().map(|(_, space)| space.areas().filter(has).count() as u64).sum()
}

/// Forgets segments that were removed and that nobody has attached any more. Their pages have gone with the last area.
pub(super) fn reap(t: &mut Tables) {
    let is_gone =
        |segment: &Segment| segment.mode & REMOVED != 0 && t.mm.object(segment.object).is_none();
    let gone: Vec<u32> =
        t.shm.iter().filter(|(_, segment)| is_gone(segment)).map(|(id, _)| id).collect();
    for id in gone {
        t.shm.remove(id);
    }
}

/// shmctl(2).
///
/// # Errors
/// `EINVAL`, `EACCES`, `EPERM`, `EFAULT`.
pub fn sys_shmctl(id: u64, command: u64, place: u64, (_, t, cx): Rest<'_>) -> Result {
    reap(t);
    let cred = process_of(t, cx)?.cred.clone();
    let id = id as u32;
    match command as u32 {
        shm_command::IPC_INFO | shm_command::INFO => info(command as u32, place, t, cx),
        shm_command::IPC_STAT | shm_command::STAT | shm_command::STAT_ANY => {
            let by_index = command as u32 != shm_command::IPC_STAT;
            let found = if by_index { at_index(t, id) } else { Some(id) };
            let id = found.ok_or(Errno::EINVAL)?;
            let segment = t.shm.get(id).ok_or(Errno::EINVAL)?;
            if command as u32 != shm_command::STAT_ANY && !segment.permits(&cred, 4) {
                return Err(Stop::Fail(Errno::EACCES));
            }
            let bytes = status(segment, attachments(t, segment.object));
            user::write(t, cx, place, &bytes)?;
            Ok(if by_index { u64::from(id) } else { 0 })
        }
        shm_command::SET => {
            let mut bytes = [0; SET_FROM];
            user::read(t, cx, place, &mut bytes)?;
            let now = cx.now;
            let segment = t.shm.get_mut(id).ok_or(Errno::EINVAL)?;
            if !segment.is_owned_by(&cred) {
                return Err(Stop::Fail(Errno::EPERM));
            }
            let word =
                |at: usize| bytes[at..].first_chunk().map_or(0, |word| u32::from_le_bytes(*word));
            (segment.uid, segment.gid) = (word(4), word(8));
            segment.mode = segment.mode & !0o777 | word(20) & 0o777;
            segment.changed_at = now;
            Ok(0)
        }
        shm_command::RMID => {
            let segment = t.shm.get_mut(id).ok_or(Errno::EINVAL)?;
            if !segment.is_owned_by(&cred) {
                return Err(Stop::Fail(Errno::EPERM));
            }
            if segment.mode & REMOVED == 0 {
                segment.mode |= REMOVED;
                // Nobody finds it any more.
                segment.key = PRIVATE;
                let object = segment.object;
                t.mm.unhold_object(&mut t.memory, object);
            }
            reap(t);
            Ok(0)
        }
        shm_command::LOCK | shm_command::UNLOCK => {
            let segment = t.shm.get_mut(id).ok_or(Errno::EINVAL)?;
            if !segment.is_owned_by(&cred) {
                return Err(Stop::Fail(Errno::EPERM));
            }
            if command as u32 == shm_command::LOCK {
                segment.mode |= LOCKED;
            } else {
                segment.mode &= !LOCKED;
            }
            Ok(0)
        }
        _ => Err(Stop::Fail(Errno::EINVAL)),
    }
}

/// The segment in a slot: what SHM_STAT counts by.
fn at_index(t: &Tables, index: u32) -> Option<u32> {
    t.shm.iter().map(|(id, _)| id).find(|id| id % 32_768 == index)
}

/// IPC_INFO and SHM_INFO: limits, or what is used. Returns the highest slot.
fn info(command: u32, place: u64, t: &mut Tables, cx: &mut Cx) -> Result {
    let highest = t.shm.iter().map(|(id, _)| id % 32_768).max().unwrap_or(0);
    let mut bytes = Vec::new();
    if command == shm_command::IPC_INFO {
        // shmmax, shmmin, shmmni, shmseg, shmall, and four that are not used.
        let most = u64::MAX - (1 << 24);
        for word in [most, 1, 4096, 4096, most, 0, 0, 0, 0] {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
    } else {
        let pages: u64 = t.shm.iter().map(|(_, segment)| segment.size.div_ceil(PAGE)).sum();
        let touched: usize = t
            .shm
            .iter()
            .filter_map(|(_, segment)| t.mm.object(segment.object))
            .map(|object| object.pages().count())
            .sum();
        let used = t.shm.iter().count() as u64;
        for word in [used, pages, touched as u64, 0, 0, 0] {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
    }
    user::write(t, cx, place, &bytes)?;
    Ok(u64::from(highest))
}

/// `struct shmid64_ds`.
fn status(segment: &Segment, attached: u64) -> [u8; SHMID_DS] {
    let seconds = |time: Option<Time>| time.map_or(0, |time| time.0 / 1_000_000_000);
    let mut bytes = [0; SHMID_DS];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    // struct ipc64_perm: key, uid, gid, cuid, cgid, mode.
    let words =
        [segment.key, segment.uid, segment.gid, segment.creator.0, segment.creator.1, segment.mode];
    for (n, word) in words.iter().enumerate() {
        put(n * 4, &word.to_le_bytes());
    }
    put(24, &(segment.sequence() as u16).to_le_bytes());
    put(48, &segment.size.to_le_bytes());
    put(56, &seconds(segment.attached_at).to_le_bytes());
    put(64, &seconds(segment.detached_at).to_le_bytes());
    put(72, &seconds(Some(segment.changed_at)).to_le_bytes());
    put(80, &segment.creator_pid.0.to_le_bytes());
    put(84, &segment.last_pid.0.to_le_bytes());
    put(88, &attached.to_le_bytes());
    bytes
}
