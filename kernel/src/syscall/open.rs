//! openat(2): from a path to an open file.
//!
//! A typical sequence: the path is walked to its last component; with O_CREAT the file is made if it is not there; what
//! was found is checked against what is wanted; O_TRUNC cuts it; then it becomes an open file, of the kind that the inode
//! says: a file, a made-up one, an end of a FIFO, a device.

use super::Result;
use super::descriptor::install_at;
use super::path::{cred, find, find_parent, may_create, owned, read_path};
use super::transfer::Rest;
use crate::abi::Errno;
use crate::abi::flags::file::MountFlags;
use crate::abi::flags::{AccessMode, OpenFlags};
use crate::abi::types::{major, minor};
use crate::base::{Channel, InodeId, OpenFileId};
use crate::context::{Cx, Tables};
use crate::event::Wait;
use crate::fs::{Kind, New, Want, is_owner, permit};
use crate::io::node::{self, Node};
use crate::io::{file, txn, walk};
use crate::ipc::End;
use crate::proc::{Descriptor, FileKind, Interruptible, Place, Special, Stop, WaitFor};

/// Flags that have a meaning together with O_PATH.
const WITH_PATH: OpenFlags = OpenFlags::DIRECTORY
    .union(OpenFlags::NOFOLLOW)
    .union(OpenFlags::PATH)
    .union(OpenFlags::CLOEXEC);

/// openat(2).
///
/// # Errors
/// Those of path walks, `EEXIST`, `EISDIR`, `EMFILE`, `EINVAL`, `ENXIO`, `EROFS`; parks.
pub fn sys_openat([directory, path, flags, mode]: [u64; 4], (frame, t, cx): Rest<'_>) -> Result {
    if frame.stage > 0 {
        return wait_for_other_end((frame, t, cx));
    }
    let path = read_path(t, cx, path)?;
    // On machines of 64 bits every open file may be large, and F_GETFL says so.
    let mut flags = flags as u32 | OpenFlags::LARGEFILE.bits();
    let mut open = OpenFlags::from_bits_truncate(flags);
    if open.contains(OpenFlags::PATH) {
        open &= WITH_PATH;
        flags = open.bits();
    }
    let access = AccessMode::of(flags);
    let nameless = open.contains(OpenFlags::TMPFILE);
    if open.contains(OpenFlags::CREAT | OpenFlags::DIRECTORY) || nameless && !access.writes() {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    // What can fail without having made a file is tried first.
    let limit = t.proc.descriptor_limit(cx.caller);
    t.proc.files_of(cx.caller).ok_or(Errno::EBADF)?.lowest_free(0, limit)?;
    let sought = match () {
        () if nameless => {
            make_nameless(directory, &path, mode, (frame, t, cx)).map(|found| (found, true))
        }
        () if open.contains(OpenFlags::CREAT) => {
            find_or_make(directory, &path, (open, mode), (frame, t, cx))
        }
        () => {
            let follow = !open.contains(OpenFlags::NOFOLLOW);
            find(directory, &path, (follow, false), (frame, t, cx)).map(|found| (found, false))
        }
    };
    let (found, is_new) = match sought {
        Err(Stop::Fail(Errno::ENXIO)) => {
            let base = walk::base(t, cx, directory, &path)?;
            let file = walk::opened(base, &path, (frame, t, cx))?.ok_or(Errno::ENXIO)?;
            return reopen(file, flags, t, cx);
        }
        sought => sought?,
    };
    if open.contains(OpenFlags::DIRECTORY) && !nameless && !found.is_directory() {
        return Err(Stop::Fail(Errno::ENOTDIR));
    }
    let place = Place { at: found.at, inode: found.inode };
    if open.contains(OpenFlags::PATH) {
        return install_at(FileKind::Path, flags, Some(place), t, cx);
    }
    may_open(&found, (open, access, is_new), t, cx)?;
    let kind = kind_of(&found, t, cx)?;
    if open.contains(OpenFlags::TRUNC) && kind == FileKind::Inode(found.inode) && !is_new {
        file::resize(found.inode, (found.attributes.size, 0), (frame, t, cx))?;
    }
    if found.attributes.kind == Kind::Fifo {
        return open_fifo(place, flags, (frame, t, cx));
    }
    install_at(kind, flags, Some(place), t, cx)
}

/// A pipe is opened again, by its name in /proc/PID/fd: one more open file at one of its ends. A simplification: it
/// does not wait for somebody at the other, as a FIFO does.
fn reopen(file: OpenFileId, flags: u32, t: &mut Tables, cx: &mut Cx) -> Result {
    let kind = t.proc.open.get(file).ok_or(Errno::ENXIO)?.kind;
    let FileKind::Pipe(pipe, _) = kind else { return Err(Stop::Fail(Errno::ENXIO)) };
    let end = match AccessMode::of(flags) {
        AccessMode::Read => End::Read,
        AccessMode::Write => End::Write,
        AccessMode::ReadWrite | AccessMode::Neither => End::Both,
    };
    t.pipes.open(pipe, end);
    install_at(FileKind::Pipe(pipe, end), flags, None, t, cx)
}

/// With O_CREAT: what is there, or a new file.
fn find_or_make(
    directory: u64,
    path: &str,
    (open, mode): (OpenFlags, u64),
    (frame, t, cx): Rest<'_>,
) -> Result<(Node, bool)> {
    let exclusive = open.contains(OpenFlags::EXCL);
    let follow = !exclusive && !open.contains(OpenFlags::NOFOLLOW);
    let parent = find_parent(directory, path, follow, (frame, t, cx))?;
    if !parent.is_name() || parent.slash {
        let is_there = exclusive && !parent.is_name();
        return Err(Stop::Fail(if is_there { Errno::EEXIST } else { Errno::EISDIR }));
    }
    if let Some(found) = parent.child {
        return match found.is_directory() {
            _ if exclusive => Err(Stop::Fail(Errno::EEXIST)),
            true => Err(Stop::Fail(Errno::EISDIR)),
            false => Ok((found, false)),
        };
    }
    may_create(&parent.directory, t, cx)?;
    let new = New { mode: mode as u16 & 0o7777, ..New::of_root(Kind::Regular, 0) };
    let new = owned(new, &parent.directory.attributes, (t, cx))?;
    Ok((node::create(&parent.directory, &parent.name, &new, (frame, t, cx))?, true))
}

/// O_TMPFILE: a file without a name, in a directory's file system.
fn make_nameless(directory: u64, path: &str, mode: u64, (frame, t, cx): Rest<'_>) -> Result<Node> {
    let parent = find(directory, path, (true, false), (frame, t, cx))?;
    if !parent.is_directory() {
        return Err(Stop::Fail(Errno::ENOTDIR));
    }
    may_create(&parent, t, cx)?;
    let new = New { mode: mode as u16 & 0o7777, ..New::of_root(Kind::Regular, 0) };
    let new = owned(new, &parent.attributes, (t, cx))?;
    let number = txn::run(t, cx, frame, parent.inode, |fs, txn| fs.create_nameless(txn, &new))?;
    let inode = InodeId { number, ..parent.inode };
    t.fs.inodes.orphan(inode);
    // Linux calls it by its number too, and says that it is deleted.
    let dentry = t.fs.dentries.enter(parent.at.dentry, &format!("#{number}"), Some(inode));
    t.fs.dentries.unhash(dentry);
    let at = crate::base::Location { dentry, ..parent.at };
    node::node_at(at, (frame, t, cx))
}

/// Whether the caller may open what was found (Linux' `may_open`).
fn may_open(
    found: &Node,
    (open, access, is_new): (OpenFlags, AccessMode, bool),
    t: &Tables,
    cx: &Cx,
) -> std::result::Result<(), Errno> {
    let flags = t.fs.mount_of(found.at.mount).map_or(MountFlags::empty(), |mount| mount.flags);
    let writes = access.writes() || open.contains(OpenFlags::TRUNC);
    match found.attributes.kind {
        Kind::Symlink => return Err(Errno::ELOOP),
        Kind::Directory if writes => return Err(Errno::EISDIR),
        Kind::Character | Kind::Block if flags.contains(MountFlags::NODEV) => {
            return Err(Errno::EACCES);
        }
        _ => {}
    }
    if is_new {
        // Whoever made it may use it, whatever its mode says.
        return Ok(());
    }
    let cred = cred(t, cx)?;
    if access.reads() || access == AccessMode::Neither {
        permit(&found.attributes, &cred, Want::Read)?;
    }
    if writes || access == AccessMode::Neither {
        permit(&found.attributes, &cred, Want::Write)?;
        if matches!(found.attributes.kind, Kind::Regular | Kind::Directory) {
            walk::writable(t, found.at)?;
        }
    }
    if open.contains(OpenFlags::NOATIME) && !is_owner(&found.attributes, &cred) {
        return Err(Errno::EPERM);
    }
    Ok(())
}

/// What kind of open file an inode makes.
fn kind_of(found: &Node, t: &Tables, cx: &Cx) -> std::result::Result<FileKind, Errno> {
    match found.attributes.kind {
        Kind::Regular if t.fs.generated(found.inode).is_some() => {
            Ok(FileKind::Generated(found.inode))
        }
        // The ends of a FIFO are found later: that may take a while.
        Kind::Regular | Kind::Directory | Kind::Symlink | Kind::Fifo => {
            Ok(FileKind::Inode(found.inode))
        }
        Kind::Socket | Kind::Block => Err(Errno::ENXIO),
        Kind::Character => device(found.attributes.device, t, cx),
    }
}

/// The device behind a character special file (Documentation/admin-guide/devices.txt of Linux).
fn device(number: u64, t: &Tables, cx: &Cx) -> std::result::Result<FileKind, Errno> {
    match (major(number), minor(number)) {
        (1, 3) => Ok(FileKind::Special(Special::Null)),
        (1, 5) => Ok(FileKind::Special(Special::Zero)),
        (1, 7) => Ok(FileKind::Special(Special::Full)),
        (1, 8 | 9) => Ok(FileKind::Special(Special::Random)),
        (5, 1) | (4, 64) => Ok(FileKind::Console(t.console.ok_or(Errno::ENXIO)?)),
        // The caller's controlling terminal.
        (5, 0) => {
            let session = t.proc.process_of(cx.caller).map(|process| process.session);
            let console = t.console.filter(|_| session.is_some() && session == t.tty.session);
            Ok(FileKind::Console(console.ok_or(Errno::ENXIO)?))
        }
        _ => Err(Errno::ENXIO),
    }
}

/// Opens an end of a FIFO (fifo(7)): whoever opens one end waits for somebody at the other.
fn open_fifo(place: Place, flags: u32, (frame, t, cx): Rest<'_>) -> Result {
    let end = match AccessMode::of(flags) {
        AccessMode::Read => End::Read,
        AccessMode::Write => End::Write,
        AccessMode::ReadWrite | AccessMode::Neither => End::Both,
    };
    let known = t.fs.inodes.get(place.inode).and_then(|found| found.pipe);
    let nonblocking = flags & OpenFlags::NONBLOCK.bits() != 0;
    let readers = known.and_then(|pipe| t.pipes.get(pipe)).map_or(0, |pipe| pipe.readers);
    if end == End::Write && nonblocking && readers == 0 {
        return Err(Stop::Fail(Errno::ENXIO));
    }
    let pipe = known.unwrap_or_else(|| t.pipes.create_fifo());
    let kept = flags & !(OpenFlags::CLOEXEC | OpenFlags::CREAT | OpenFlags::EXCL).bits();
    t.pipes.open(pipe, end);
    let file = t.proc.open.open(FileKind::Pipe(pipe, end), kept, Some(place));
    t.fs.inodes.open(place.inode, AccessMode::of(flags).writes());
    t.fs.inodes.of(place.inode).pipe = Some(pipe);
    // The call has the file open from now on: should it be killed, that is closed again.
    frame.held.push(file);
    let opened = t.pipes.get(pipe).map_or((0, 0), |pipe| pipe.opened());
    let awaited = match end {
        End::Read => opened.1,
        End::Write => opened.0,
        End::Both => 0,
    };
    frame.stage = awaited.saturating_add(1);
    crate::task::wait::wake_all(t, cx, Channel::Fifo(place.inode));
    wait_for_other_end((frame, t, cx))
}

/// A FIFO is open at one end: the descriptor comes when somebody has opened the other. The frame's stage says how many
/// had done so before.
fn wait_for_other_end((frame, t, cx): Rest<'_>) -> Result {
    let id = *frame.held.first().ok_or(Errno::EBADF)?;
    let file = t.proc.open.get(id).ok_or(Errno::EBADF)?;
    let (flags, place) = (file.flags, file.place.ok_or(Errno::EBADF)?);
    let FileKind::Pipe(pipe, end) = file.kind else { return Err(Stop::Fail(Errno::EBADF)) };
    let pipe = t.pipes.get(pipe).ok_or(Errno::EBADF)?;
    let (there, opened) = match end {
        End::Read => (pipe.writers > 0, pipe.opened().1),
        End::Write => (pipe.readers > 0, pipe.opened().0),
        End::Both => (true, 0),
    };
    let nonblocking = flags & OpenFlags::NONBLOCK.bits() != 0;
    let came = opened != frame.stage - 1;
    if !(there || came || nonblocking && end == End::Read) {
        frame.interrupted()?;
        let channel = Channel::Fifo(place.inode);
        let wait = WaitFor::channel(channel, Wait::Pipe, Interruptible::UnlessRestarted);
        return Err(Stop::Park(wait));
    }
    let limit = t.proc.descriptor_limit(cx.caller);
    let close_on_exec = frame.arguments[2] as u32 & OpenFlags::CLOEXEC.bits() != 0;
    let table = t.proc.files_of_mut(cx.caller).ok_or(Errno::EBADF)?;
    let fd = table.add(Descriptor { file: id, close_on_exec }, 0, limit)?;
    t.proc.open.hold(id);
    Ok(fd)
}
