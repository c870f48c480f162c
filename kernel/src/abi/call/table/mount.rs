//! Mounting file systems, the old way and the new.

use super::calls;
use crate::abi::call::Direction::{In, Out};
use crate::abi::call::Kind::{
    Address, DirFd, Enum, Fd, Flags, Hex, Int, Path, Size, String, Struct, Unsigned,
};
use crate::abi::call::Status::Partial;
use crate::abi::flags::file::{
    AT, FSCONFIG, FSMOUNT, FSOPEN, FSPICK, MOUNT, MOUNT_ATTRIBUTES, MOVE_MOUNT, OPEN_TREE, UMOUNT,
};

calls! {
    FILE MOUNT mount(source: Path, target: Path, filesystemtype: String, mountflags: Flags(&MOUNT),
        data: String) -> Success,
        Partial("tmpfs, proc, binds and moves; no propagation");
    FILE UMOUNT2 umount2(target: Path, flags: Flags(&UMOUNT)) -> Success,
        Partial("no MNT_EXPIRE");
    FILE PIVOT_ROOT pivot_root(new_root: Path, put_old: Path) -> Success;
    FILE OPEN_TREE open_tree(dirfd: DirFd, pathname: Path, flags: Flags(&OPEN_TREE)) -> Fd;
    FILE MOVE_MOUNT move_mount(from_dirfd: DirFd, from_pathname: Path, to_dirfd: DirFd,
        to_pathname: Path, flags: Flags(&MOVE_MOUNT)) -> Success;
    FILE FSOPEN fsopen(fsname: String, flags: Flags(&FSOPEN)) -> Fd;
    FILE FSCONFIG fsconfig(fd: Fd, cmd: Enum(&FSCONFIG), key: String, value: Address,
        aux: Int) -> Success;
    FILE FSMOUNT fsmount(fd: Fd, flags: Flags(&FSMOUNT),
        attr_flags: Flags(&MOUNT_ATTRIBUTES)) -> Fd;
    FILE FSPICK fspick(dirfd: DirFd, pathname: Path, flags: Flags(&FSPICK)) -> Fd;
    FILE MOUNT_SETATTR mount_setattr(dirfd: DirFd, pathname: Path, flags: Flags(&AT),
        attr: Struct("mount_attr", In), size: Size) -> Success;
    FILE STATMOUNT statmount(req: Struct("mnt_id_req", In), buf: Struct("statmount", Out),
        bufsize: Size, flags: Unsigned) -> Success;
    FILE LISTMOUNT listmount(req: Struct("mnt_id_req", In), mnt_ids: Struct("u64", Out),
        nr_mnt_ids: Size, flags: Hex) -> Count;
    FILE NFSSERVCTL nfsservctl(cmd: Int, argp: Address, resp: Address) -> Success;
}
