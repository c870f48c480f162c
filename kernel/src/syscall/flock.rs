//! Advisory locks: fcntl(2) on ranges of bytes, flock(2) on whole files.

use super::Result;
use super::descriptor::hold;
use super::transfer::Rest;
use crate::abi::Errno;
use crate::abi::flags::AccessMode;
use crate::abi::flags::file::{FlockFlags, fcntl, lock_type, whence};
use crate::abi::types::Flock;
use crate::base::{Channel, InodeId, OpenFileId, Pid};
use crate::context::Tables;
use crate::event::Wait;
use crate::fs::lock::{Lock, Owner};
use crate::io::{node, user};
use crate::proc::{Interruptible, State, Stop, WaitFor};
use crate::task::wait;

/// fcntl(2): F_GETLK, F_SETLK, F_SETLKW, and those of open file descriptions.
///
/// # Errors
/// `EAGAIN`, `EBADF` for a mode that does not allow it, `EINVAL`, `EFAULT`, `EINTR`, `EDEADLK`; parks.
pub(super) fn record(id: OpenFileId, command: u32, place: u64, (frame, t, cx): Rest<'_>) -> Result {
    let mut bytes = [0; Flock::SIZE];
    user::read(t, cx, place, &mut bytes)?;
    let asked = Flock::from_bytes(&bytes);
    let file = t.proc.open.get(id).ok_or(Errno::EBADF)?;
    let (mode, offset) = (AccessMode::of(file.flags), file.offset);
    let inode = file.place.ok_or(Errno::EINVAL)?.inode;
    let kind = u32::from(asked.kind.cast_unsigned());
    let of_file = matches!(command, fcntl::OFD_GETLK | fcntl::OFD_SETLK | fcntl::OFD_SETLKW);
    if of_file && asked.pid != 0 {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let (start, end) = range(&asked, offset, inode, (frame, t, cx))?;
    let process = t.proc.process_of(cx.caller).ok_or(Errno::ESRCH)?.pid;
    let table = t.proc.threads.get(cx.caller).and_then(|thread| thread.files);
    let owner = if of_file { Owner::File(id) } else { Owner::Process(table.ok_or(Errno::EBADF)?) };
    let is_exclusive = kind == lock_type::WRLCK;
    let wanted = Lock { owner, pid: process, is_exclusive, start, end };
    if matches!(command, fcntl::GETLK | fcntl::OFD_GETLK) {
        if !matches!(kind, lock_type::RDLCK | lock_type::WRLCK) {
            return Err(Stop::Fail(Errno::EINVAL));
        }
        let held = t.fs.inodes.get(inode).and_then(|found| found.locks.conflict(&wanted).copied());
        user::write(t, cx, place, &answer(&asked, held).to_bytes())?;
        return Ok(0);
    }
    match kind {
        lock_type::UNLCK => {
            let found = t.fs.inodes.get_mut(inode);
            if found.is_some_and(|found| found.locks.clear(owner, start, end)) {
                wait::wake_all(t, cx, Channel::FileLock(inode));
            }
            return Ok(0);
        }
        lock_type::RDLCK if !mode.reads() => return Err(Stop::Fail(Errno::EBADF)),
        lock_type::WRLCK if !mode.writes() => return Err(Stop::Fail(Errno::EBADF)),
        lock_type::RDLCK | lock_type::WRLCK => {}
        _ => return Err(Stop::Fail(Errno::EINVAL)),
    }
    let waits = matches!(command, fcntl::SETLKW | fcntl::OFD_SETLKW);
    take(inode, wanted, waits, (frame, t, cx))
}

/// The bytes that a `struct flock` means, first and last.
fn range(
    asked: &Flock,
    offset: u64,
    inode: InodeId,
    (frame, t, cx): Rest<'_>,
) -> Result<(u64, u64)> {
    let base = match u32::from(asked.whence.cast_unsigned()) {
        whence::SET => 0,
        whence::CUR => offset,
        whence::END => node::attributes(inode, (frame, t, cx))?.size,
        _ => return Err(Stop::Fail(Errno::EINVAL)),
    };
    let start = base.cast_signed().checked_add(asked.start).ok_or(Errno::EOVERFLOW)?;
    let (first, last) = match asked.length {
        0 => (start, i64::MAX),
        1.. => (start, start.checked_add(asked.length - 1).ok_or(Errno::EOVERFLOW)?),
        // A length below zero means the bytes before.
        _ => (start.checked_add(asked.length).ok_or(Errno::EINVAL)?, start - 1),
    };
    match (u64::try_from(first), u64::try_from(last)) {
        (Ok(first), Ok(last)) => Ok((first, last)),
        _ => Err(Stop::Fail(Errno::EINVAL)),
    }
}

/// What F_GETLK tells: the first lock in the way, or F_UNLCK.
fn answer(asked: &Flock, held: Option<Lock>) -> Flock {
    let Some(held) = held else {
        return Flock { kind: lock_type::UNLCK as i16, ..*asked };
    };
    let kind = if held.is_exclusive { lock_type::WRLCK } else { lock_type::RDLCK };
    let to_the_end = held.end >= i64::MAX as u64;
    Flock {
        kind: kind as i16,
        whence: whence::SET as i16,
        start: held.start.cast_signed(),
        length: if to_the_end { 0 } else { (held.end - held.start + 1).cast_signed() },
        // An open file's lock is nobody's in particular.
        pid: if matches!(held.owner, Owner::File(_)) { -1 } else { held.pid.0.cast_signed() },
    }
}

/// Takes a lock, or waits for it.
fn take(inode: InodeId, wanted: Lock, waits: bool, (frame, t, cx): Rest<'_>) -> Result {
    let held = t.fs.inodes.get(inode).and_then(|found| found.locks.conflict(&wanted).copied());
    let Some(held) = held else {
        t.fs.inodes.of(inode).locks.set(wanted);
        // A lock that became weaker may let others in.
        wait::wake_all(t, cx, Channel::FileLock(inode));
        return Ok(0);
    };
    if !waits {
        return Err(Stop::Fail(Errno::EAGAIN));
    }
    if closes_circle(wanted.pid, &held, t) {
        return Err(Stop::Fail(Errno::EDEADLK));
    }
    frame.interrupted()?;
    let channel = Channel::FileLock(inode);
    Err(Stop::Park(WaitFor::channel(channel, Wait::Lock, Interruptible::UnlessRestarted)))
}

/// Whether the holder of a record lock waits, over others perhaps, for the one who would wait for it (fcntl(2), EDEADLK).
/// Only single-threaded owners are followed: a process with several threads need not be stuck.
fn closes_circle(me: Pid, held: &Lock, t: &Tables) -> bool {
    let mut holder = held.pid;
    if !matches!(held.owner, Owner::Process(_)) {
        return false;
    }
    // As deep as Linux looks (`MAX_DEADLK_ITERATIONS`).
    for _ in 0..10 {
        if holder == me {
            return true;
        }
        let Some(inode) = awaited_by(holder, t) else { return false };
        let locks = t.fs.inodes.get(inode).map(|found| &found.locks);
        let next = locks.and_then(|locks| locks.iter().find(|lock| lock.pid != holder));
        let Some(next) = next else { return false };
        holder = next.pid;
    }
    false
}

/// The file that a process waits to lock.
fn awaited_by(pid: Pid, t: &Tables) -> Option<InodeId> {
    let thread = t.proc.threads.get(t.proc.by_tid(pid)?)?;
    let State::Parked(parked) = &thread.state else { return None };
    parked.places.iter().find_map(|(channel, _)| match channel {
        Channel::FileLock(inode) => Some(*inode),
        _ => None,
    })
}

/// flock(2).
///
/// # Errors
/// `EBADF`, `EINVAL`, `EWOULDBLOCK`, `EINTR`; parks.
pub fn sys_flock(fd: u64, operation: u64, (frame, t, cx): Rest<'_>) -> Result {
    let asked = FlockFlags::from_bits_truncate(operation as u32);
    let waits = !asked.contains(FlockFlags::NB);
    let what = asked.difference(FlockFlags::NB);
    if ![FlockFlags::SH, FlockFlags::EX, FlockFlags::UN].contains(&what) {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let id = hold(t, cx, frame, fd)?;
    let file = t.proc.open.get(id).ok_or(Errno::EBADF)?;
    if file.kind == crate::proc::FileKind::Path {
        return Err(Stop::Fail(Errno::EBADF));
    }
    let pid = t.proc.process_of(cx.caller).ok_or(Errno::ESRCH)?.pid;
    let owner = Owner::Whole(id);
    let is_exclusive = what == FlockFlags::EX;
    // What has no place, such as a pipe, nobody else can have opened: it is always free.
    let Some(inode) = file.place.map(|place| place.inode) else { return Ok(0) };
    let wanted = Lock { owner, pid, is_exclusive, start: 0, end: u64::MAX };
    let cleared = t.fs.inodes.get_mut(inode);
    let had_one = cleared.is_some_and(|found| found.locks.clear(owner, 0, u64::MAX));
    if had_one {
        // A lock of another kind is not exchanged at one stroke: the old one is given back first (flock(2)).
        wait::wake_all(t, cx, Channel::FileLock(inode));
        frame.stage += 1;
    }
    if what == FlockFlags::UN {
        return Ok(0);
    }
    take(inode, wanted, waits, (frame, t, cx))
}
