//! Calls on files by name, and on what they say about themselves: openat(2), lseek(2).

use super::Result;
use super::descriptor::{hold, install, open_file};
use crate::abi::Errno;
use crate::abi::flags::file::AT_FDCWD;
use crate::abi::flags::{AccessMode, OpenFlags};
use crate::base::InodeId;
use crate::context::{Cx, Tables};
use crate::fs::{Attributes, FsStop, Kind, Want};
use crate::io::{txn, user};
use crate::proc::{CallFrame, FileKind, Stop};

/// openat(2).
///
/// # Errors
/// Those of path walks, `EEXIST`, `EISDIR`, `EMFILE`, `EINVAL`; parks.
pub fn sys_openat(
    (directory, path, flags, mode): (u64, u64, u64, u64),
    frame: &mut CallFrame,
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    let path = user::read_string(t, cx, path, 4095)?;
    // On machines of 64 bits every open file may be large, and F_GETFL says so.
    let flags = flags as u32 | OpenFlags::LARGEFILE.bits();
    let open = OpenFlags::from_bits_truncate(flags);
    if path == "/dev/console" {
        // A place for device files will come with devfs; until then the console has a name of its own.
        let console = t.console.ok_or(Errno::ENXIO)?;
        return install(FileKind::Console(console), flags, t, cx);
    }
    // What can fail without having made a file is tried first.
    if open.contains(OpenFlags::CREAT | OpenFlags::DIRECTORY) {
        return Err(Stop::Fail(Errno::EINVAL));
    }
    let limit = t.proc.descriptor_limit(cx.caller);
    t.proc.files_of(cx.caller).ok_or(Errno::EBADF)?.lowest_free(0, limit)?;
    let start = start_directory(directory as i32, &path, t, cx)?;
    let process = t.proc.process_of(cx.caller).ok_or(Errno::ESRCH)?;
    let cred = process.cred.clone();
    let umask = t.proc.fs_of(cx.caller).map_or(0, |info| info.umask);
    let access = AccessMode::of(flags);
    let (inode, kind) = txn::run(t, cx, frame, start, |vfs, fs, txn| {
        let (directory, name) = vfs.resolve(txn, (start, &cred), &path)?;
        let found = match name {
            None => Ok(directory.number),
            Some(name) => fs.lookup(txn, directory.number, name),
        };
        let number = match (found, name) {
            (Ok(_), _) if open.contains(OpenFlags::CREAT | OpenFlags::EXCL) => {
                return Err(Errno::EEXIST.into());
            }
            (Err(FsStop::Fail(Errno::ENOENT)), Some("..")) => return Err(Errno::ENOENT.into()),
            (Err(FsStop::Fail(Errno::ENOENT)), Some(name)) if open.contains(OpenFlags::CREAT) => {
                let parent = fs.attributes(txn, directory.number)?;
                crate::fs::permit(&parent, &cred, Want::Write)?;
                let mode = mode as u16 & 0o7777 & !umask;
                let (uid, gid) = (cred.euid, cred.egid);
                let new = Attributes { kind: Kind::Regular, mode, links: 1, uid, gid, size: 0 };
                fs.create(txn, directory.number, name, new)?
            }
            (found, _) => found?,
        };
        let attributes = fs.attributes(txn, number)?;
        if attributes.kind == Kind::Directory && access.writes() {
            return Err(Errno::EISDIR.into());
        }
        if access.reads() {
            crate::fs::permit(&attributes, &cred, Want::Read)?;
        }
        if access.writes() {
            crate::fs::permit(&attributes, &cred, Want::Write)?;
        }
        Ok((InodeId { number, ..directory }, attributes.kind))
    })?;
    if open.contains(OpenFlags::DIRECTORY) && kind != Kind::Directory {
        return Err(Stop::Fail(Errno::ENOTDIR));
    }
    install(FileKind::Inode(inode), flags, t, cx)
}

/// The directory at which a path starts.
pub(super) fn start_directory(
    directory: i32,
    path: &str,
    t: &Tables,
    cx: &Cx,
) -> std::result::Result<InodeId, Errno> {
    let process = t.proc.process_of(cx.caller).ok_or(Errno::ESRCH)?;
    let root = t.fs.root(process.namespaces.mount).ok_or(Errno::ENOENT)?;
    if path.starts_with('/') {
        return Ok(root);
    }
    if directory == AT_FDCWD {
        return Ok(t.proc.fs_of(cx.caller).and_then(|info| info.cwd).unwrap_or(root));
    }
    let file = open_file(t, cx, u64::from(directory as u32))?;
    match t.proc.open.get(file).map(|file| file.kind) {
        Some(FileKind::Inode(inode)) => Ok(inode),
        _ => Err(Errno::ENOTDIR),
    }
}

/// lseek(2) with SEEK_SET, SEEK_CUR and SEEK_END.
///
/// # Errors
/// `EBADF`, `ESPIPE`, `EINVAL`; parks for the size.
pub fn sys_lseek(
    (fd, offset, whence): (u64, u64, u64),
    frame: &mut CallFrame,
    t: &mut Tables,
    cx: &mut Cx,
) -> Result {
    let id = hold(t, cx, frame, fd)?;
    let file = t.proc.open.get(id).ok_or(Errno::EBADF)?;
    let (current, kind) = (file.offset, file.kind);
    if !matches!(kind, FileKind::Inode(_) | FileKind::Memory(_)) {
        return Err(Stop::Fail(Errno::ESPIPE));
    }
    let base = match whence {
        0 => 0,
        1 => current,
        2 => match kind {
            FileKind::Inode(inode) => {
                txn::run(t, cx, frame, inode, |_, fs, txn| fs.attributes(txn, inode.number))?.size
            }
            FileKind::Memory(object) => t.mm.object(object).map_or(0, |object| object.size),
            _ => 0,
        },
        _ => return Err(Stop::Fail(Errno::EINVAL)),
    };
    let to = base.checked_add_signed(offset as i64).filter(|&to| to <= i64::MAX as u64);
    let to = to.ok_or(Errno::EINVAL)?;
    if let Some(file) = t.proc.open.get_mut(id) {
        file.offset = to;
    }
    Ok(to)
}
