//! Opening, reading and writing files; directories; what files say about themselves.

use super::calls;
use crate::abi::call::Direction::{In, InOut, Out};
use crate::abi::call::Kind::{
    Address, Buffer, CreateMode, Device, DirFd, Dirents, Enum, Fd, FdPair, FileMode, Flags, Gid,
    Hex, Int, IntPointer, LongPointer, Mode, Offset, Path, Size, Stat, Statfs, Statx, String,
    StringOut, Struct, TimespecPair, Uid, Unsigned, UnsignedLong,
};
use crate::abi::call::Length::{Argument, Result};
use crate::abi::call::Status::{Partial, Supported};
use crate::abi::flags::file::{
    ACCESS, AT, CLOSE_RANGE, FACCESSAT, FALLOCATE, FILE_ADVICE, OPEN, OPEN_BITS, RENAME, STATX_AT,
    STATX_MASK, SYNC_RANGE, WHENCE, XATTR,
};
use crate::abi::flags::memory::MEMFD;

calls! {
    FILE OPENAT openat(dirfd: DirFd, pathname: Path, flags: Flags(&OPEN),
        mode: CreateMode { flags: 2 }) -> Fd,
        Partial("no O_DIRECT and no O_ASYNC so far");
    FILE OPENAT2 openat2(dirfd: DirFd, pathname: Path, how: Struct("open_how", In),
        size: Size) -> Fd;
    FILE CLOSE close(fd: Fd) -> Success, Supported;
    FILE CLOSE_RANGE close_range(first: Unsigned, last: Unsigned,
        flags: Flags(&CLOSE_RANGE)) -> Success, Supported;
    FILE READ read(fd: Fd, buf: Buffer { direction: Out, length: Result }, count: Size) -> Bytes,
        Supported;
    FILE WRITE write(fd: Fd, buf: Buffer { direction: In, length: Argument(2) },
        count: Size) -> Bytes, Supported;
    FILE LSEEK lseek(fd: Fd, offset: Offset, whence: Enum(&WHENCE)) -> Offset, Supported;
    FILE DUP dup(oldfd: Fd) -> Fd, Supported;
    FILE DUP3 dup3(oldfd: Fd, newfd: Fd, flags: Flags(&OPEN_BITS)) -> Fd, Supported;
    FILE SYNC sync() -> Success, Supported;
    FILE FSYNC fsync(fd: Fd) -> Success, Supported;
    FILE FDATASYNC fdatasync(fd: Fd) -> Success,
        Supported;
    FILE SYNCFS syncfs(fd: Fd) -> Success, Supported;
    FILE SYNC_FILE_RANGE sync_file_range(fd: Fd, offset: Offset, nbytes: Offset,
        flags: Flags(&SYNC_RANGE)) -> Success;
    FILE TRUNCATE truncate(path: Path, length: Offset) -> Success,
        Supported;
    FILE FTRUNCATE ftruncate(fd: Fd, length: Offset) -> Success,
        Supported;
    FILE FALLOCATE fallocate(fd: Fd, mode: Flags(&FALLOCATE), offset: Offset,
        len: Offset) -> Success,
        Partial("files in memory alone: longer, or with a hole");
    FILE FADVISE64 fadvise64(fd: Fd, offset: Offset, len: Size,
        advice: Enum(&FILE_ADVICE)) -> Success, Partial("checked, and not followed");
    FILE READAHEAD readahead(fd: Fd, offset: Offset, count: Size) -> Success;
    FILE CACHESTAT cachestat(fd: Fd, range: Struct("cachestat_range", In),
        cstat: Struct("cachestat", Out), flags: Unsigned) -> Success;
    FILE GETDENTS64 getdents64(fd: Fd, dirp: Dirents, count: Size) -> Bytes,
        Supported;
    FILE GETCWD getcwd(buf: StringOut, size: Size) -> Bytes,
        Supported;
    FILE CHDIR chdir(path: Path) -> Success,
        Supported;
    FILE FCHDIR fchdir(fd: Fd) -> Success,
        Supported;
    FILE CHROOT chroot(path: Path) -> Success,
        Supported;
    FILE MKNODAT mknodat(dirfd: DirFd, pathname: Path, mode: FileMode,
        dev: Device { mode: 2 }) -> Success,
        Supported;
    FILE MKDIRAT mkdirat(dirfd: DirFd, pathname: Path, mode: Mode) -> Success,
        Supported;
    FILE UNLINKAT unlinkat(dirfd: DirFd, pathname: Path, flags: Flags(&AT)) -> Success,
        Supported;
    FILE SYMLINKAT symlinkat(target: Path, newdirfd: DirFd, linkpath: Path) -> Success,
        Supported;
    FILE LINKAT linkat(olddirfd: DirFd, oldpath: Path, newdirfd: DirFd, newpath: Path,
        flags: Flags(&AT)) -> Success,
        Supported;
    FILE RENAMEAT2 renameat2(olddirfd: DirFd, oldpath: Path, newdirfd: DirFd, newpath: Path,
        flags: Flags(&RENAME)) -> Success,
        Partial("no RENAME_WHITEOUT");
    FILE READLINKAT readlinkat(dirfd: DirFd, pathname: Path, buf: StringOut, bufsiz: Size) -> Bytes,
        Supported;
    FILE NEWFSTATAT newfstatat(dirfd: DirFd, pathname: Path, statbuf: Stat,
        flags: Flags(&AT)) -> Success,
        Supported;
    FILE FSTAT fstat(fd: Fd, statbuf: Stat) -> Success,
        Supported;
    FILE STATX statx(dirfd: DirFd, pathname: Path, flags: Flags(&STATX_AT),
        mask: Flags(&STATX_MASK), statxbuf: Statx) -> Success,
        Partial("no STATX_BTIME: nobody keeps when a file was made");
    FILE STATFS statfs(path: Path, buf: Statfs) -> Success,
        Supported;
    FILE FSTATFS fstatfs(fd: Fd, buf: Statfs) -> Success,
        Supported;
    FILE FACCESSAT faccessat(dirfd: DirFd, pathname: Path, mode: Flags(&ACCESS)) -> Success,
        Supported;
    FILE FACCESSAT2 faccessat2(dirfd: DirFd, pathname: Path, mode: Flags(&ACCESS),
        flags: Flags(&FACCESSAT)) -> Success,
        Supported;
    FILE FCHMOD fchmod(fd: Fd, mode: Mode) -> Success,
        Supported;
    FILE FCHMODAT fchmodat(dirfd: DirFd, pathname: Path, mode: Mode) -> Success,
        Supported;
    FILE FCHMODAT2 fchmodat2(dirfd: DirFd, pathname: Path, mode: Mode,
        flags: Flags(&AT)) -> Success,
        Supported;
    FILE FCHOWN fchown(fd: Fd, owner: Uid, group: Gid) -> Success,
        Supported;
    FILE FCHOWNAT fchownat(dirfd: DirFd, pathname: Path, owner: Uid, group: Gid,
        flags: Flags(&AT)) -> Success,
        Supported;
    FILE UTIMENSAT utimensat(dirfd: DirFd, pathname: Path, times: TimespecPair,
        flags: Flags(&AT)) -> Success,
        Supported;
    FILE UMASK umask(mask: Mode) -> Mode,
        Supported;
    FILE PIPE2 pipe2(pipefd: FdPair, flags: Flags(&OPEN_BITS)) -> Success,
        Partial("no O_DIRECT, which keeps writes apart");
    FILE MEMFD_CREATE memfd_create(name: String, flags: Flags(&MEMFD)) -> Fd, Partial("no seals, no large pages");
    FILE COPY_FILE_RANGE copy_file_range(fd_in: Fd, off_in: LongPointer(In), fd_out: Fd,
        off_out: LongPointer(In), len: Size, flags: Unsigned) -> Bytes, Supported;
    FILE NAME_TO_HANDLE_AT name_to_handle_at(dirfd: DirFd, pathname: Path,
        handle: Struct("file_handle", InOut), mount_id: IntPointer(Out),
        flags: Flags(&AT)) -> Success;
    FILE OPEN_BY_HANDLE_AT open_by_handle_at(mount_fd: DirFd, handle: Struct("file_handle", In),
        flags: Flags(&OPEN)) -> Fd;
    FILE LOOKUP_DCOOKIE lookup_dcookie(cookie: UnsignedLong, buffer: StringOut, len: Size) -> Bytes;

    FILE SETXATTR setxattr(path: Path, name: String,
        value: Buffer { direction: In, length: Argument(3) }, size: Size,
        flags: Flags(&XATTR)) -> Success;
    FILE LSETXATTR lsetxattr(path: Path, name: String,
        value: Buffer { direction: In, length: Argument(3) }, size: Size,
        flags: Flags(&XATTR)) -> Success;
    FILE FSETXATTR fsetxattr(fd: Fd, name: String,
        value: Buffer { direction: In, length: Argument(3) }, size: Size,
        flags: Flags(&XATTR)) -> Success;
    FILE GETXATTR getxattr(path: Path, name: String,
        value: Buffer { direction: Out, length: Result }, size: Size) -> Bytes;
    FILE LGETXATTR lgetxattr(path: Path, name: String,
        value: Buffer { direction: Out, length: Result }, size: Size) -> Bytes;
    FILE FGETXATTR fgetxattr(fd: Fd, name: String, value: Buffer { direction: Out, length: Result },
        size: Size) -> Bytes;
    FILE LISTXATTR listxattr(path: Path, list: Buffer { direction: Out, length: Result },
        size: Size) -> Bytes;
    FILE LLISTXATTR llistxattr(path: Path, list: Buffer { direction: Out, length: Result },
        size: Size) -> Bytes;
    FILE FLISTXATTR flistxattr(fd: Fd, list: Buffer { direction: Out, length: Result },
        size: Size) -> Bytes;
    FILE REMOVEXATTR removexattr(path: Path, name: String) -> Success;
    FILE LREMOVEXATTR lremovexattr(path: Path, name: String) -> Success;
    FILE FREMOVEXATTR fremovexattr(fd: Fd, name: String) -> Success;

    // Named here because their paths are files.
    FILE ACCT acct(filename: Path) -> Success;
    FILE QUOTACTL quotactl(cmd: Hex, special: Path, id: Int, addr: Address) -> Success;
    FILE QUOTACTL_FD quotactl_fd(fd: Fd, cmd: Hex, id: Int, addr: Address) -> Success;
}
