//! Flags and constants of files, directories and mounts.
//! From `asm-generic/fcntl.h`, `linux/fcntl.h`, `linux/stat.h`, `linux/fs.h`, `linux/mount.h`.

use super::{Field, const_set, flag_set};

/// Directory descriptor that stands for the working directory (`AT_FDCWD`, linux/fcntl.h).
pub const AT_FDCWD: i32 = -100;

const_set! {
    /// Access mode: the low two bits of open's flags. A number, not bits: reading is 0.
    access_mode, ACCESS_MODE, "O_";
    RDONLY = 0;
    WRONLY = 1;
    RDWR = 2;
    /// Neither: the descriptor is good for ioctl only.
    ACCMODE = 3;
}

/// The bits of [`access_mode`] (`O_ACCMODE`).
pub static ACCESS_MODE_FIELD: Field = Field { mask: 3, names: &ACCESS_MODE };

flag_set! {
    /// Flags of openat(2) besides the access mode ([`AccessMode`]), which is not a set of bits.
    OpenFlags: u32, OPEN, "O_" field &ACCESS_MODE_FIELD;
    /// Make the file if it is not there.
    CREAT = 0o100;
    /// With `CREAT`: fail with EEXIST if it is there.
    EXCL = 0o200;
    NOCTTY = 0o400;
    /// Cut it to length 0.
    TRUNC = 0o1000;
    /// Every write goes to the end.
    APPEND = 0o2000;
    /// EAGAIN instead of blocking.
    NONBLOCK = 0o4000;
    /// Every write is on the disk, with its metadata, before it returns.
    SYNC = 0o4010000;
    SYNC_ALONE as "__O_SYNC" = 0o4000000;
    /// Every write's data is on the disk before it returns.
    DSYNC = 0o10000;
    /// Past the cache.
    DIRECT = 0o40000;
    LARGEFILE = 0o100000;
    /// ELOOP if the last component is a symbolic link.
    NOFOLLOW = 0o400000;
    NOATIME = 0o1000000;
    /// execve closes it.
    CLOEXEC = 0o2000000;
    /// A place in the tree, not a file to read or write.
    PATH = 0o10000000;
    TMPFILE = 0o20200000;
    TMPFILE_ALONE as "__O_TMPFILE" = 0o20000000;
    /// ENOTDIR unless it is a directory.
    DIRECTORY = 0o200000;
    ASYNC as "FASYNC" = 0o20000;
}

/// What an open file may be used for: the access mode of openat(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessMode {
    /// Reading (`O_RDONLY`).
    Read,
    /// Writing (`O_WRONLY`).
    Write,
    /// Both (`O_RDWR`).
    ReadWrite,
    /// Neither (3).
    Neither,
}

impl AccessMode {
    /// The mode in the flags of openat(2).
    #[must_use]
    pub const fn of(flags: u32) -> Self {
        match flags & 3 {
            0 => Self::Read,
            1 => Self::Write,
            2 => Self::ReadWrite,
            _ => Self::Neither,
        }
    }

    /// May one read?
    #[must_use]
    pub const fn reads(self) -> bool {
        matches!(self, Self::Read | Self::ReadWrite)
    }

    /// May one write?
    #[must_use]
    pub const fn writes(self) -> bool {
        matches!(self, Self::Write | Self::ReadWrite)
    }
}

/// The flags of dup3(2), pipe2(2) and F_SETFL: those of openat(2) without an access mode.
pub static OPEN_BITS: super::FlagSet = super::FlagSet {
    unknown: "O_???",
    zero: "0",
    field: None,
    width: u32::MAX as u64,
    huge: None,
    bits: OPEN.bits,
};

const_set! {
    /// Where lseek(2) counts from.
    whence, WHENCE, "SEEK_";
    SET = 0;
    CUR = 1;
    END = 2;
    /// The next byte that is not in a hole.
    DATA = 3;
    /// The next hole.
    HOLE = 4;
}

flag_set! {
    /// Flags of the calls whose names end in `at`, apart from [`FaccessatFlags`].
    AtFlags: u32, AT, "AT_";
    SYMLINK_NOFOLLOW = 0x100;
    /// unlinkat(2): remove a directory.
    REMOVEDIR = 0x200;
    SYMLINK_FOLLOW = 0x400;
    NO_AUTOMOUNT = 0x800;
    /// An empty path means the directory descriptor itself.
    EMPTY_PATH = 0x1000;
    RECURSIVE = 0x8000;
}

const_set! {
    /// How up to date statx(2) has to be: two bits of its flags that are a number.
    statx_sync, STATX_SYNC, "AT_STATX_";
    SYNC_AS_STAT = 0;
    FORCE_SYNC = 0x2000;
    DONT_SYNC = 0x4000;
}

/// The bits of [`statx_sync`] (`AT_STATX_SYNC_TYPE`).
pub static STATX_SYNC_FIELD: Field = Field { mask: 0x6000, names: &STATX_SYNC };

flag_set! {
    /// Flags of statx(2) besides [`statx_sync`].
    StatxFlags: u32, STATX_AT, "AT_" field &STATX_SYNC_FIELD;
    STATX_FORCE_SYNC = 0x2000;
    STATX_DONT_SYNC = 0x4000;
    SYMLINK_NOFOLLOW = 0x100;
    REMOVEDIR = 0x200;
    SYMLINK_FOLLOW = 0x400;
    NO_AUTOMOUNT = 0x800;
    EMPTY_PATH = 0x1000;
    RECURSIVE = 0x8000;
}

flag_set! {
    /// What statx(2) is asked for.
    StatxMask: u32, STATX_MASK, "STATX_";
    ALL = 0xfff;
    BASIC_STATS = 0x7ff;
    TYPE = 1;
    MODE = 2;
    NLINK = 4;
    UID = 8;
    GID = 0x10;
    ATIME = 0x20;
    MTIME = 0x40;
    CTIME = 0x80;
    INO = 0x100;
    SIZE = 0x200;
    BLOCKS = 0x400;
    BTIME = 0x800;
    MNT_ID = 0x1000;
    DIOALIGN = 0x2000;
}

flag_set! {
    /// Flags of faccessat2(2). The bit of `EACCESS` is that of AT_REMOVEDIR elsewhere.
    FaccessatFlags: u32, FACCESSAT, "AT_";
    SYMLINK_NOFOLLOW = 0x100;
    /// Ask for the effective ids, not the real ones.
    EACCESS = 0x200;
    EMPTY_PATH = 0x1000;
}

flag_set! {
    /// What access(2) asks; no bits: is it there?
    AccessQuery: u32, ACCESS, "" unknown "?_OK" zero "F_OK";
    R_OK = 4;
    W_OK = 2;
    X_OK = 1;
}

const_set! {
    /// Kind of a file: the bits 0o170000 of its mode.
    file_type, FILE_TYPE, "S_IF";
    SOCK = 0o140000;
    LNK = 0o120000;
    REG = 0o100000;
    BLK = 0o060000;
    DIR = 0o040000;
    CHR = 0o020000;
    IFO as "S_IFIFO" = 0o010000;
}

/// The bits of [`file_type`] (`S_IFMT`).
pub const FILE_TYPE_MASK: u32 = 0o170000;

flag_set! {
    /// Permission bits of a file, and the three above them.
    FileMode: u32, MODE, "S_I";
    SUID = 0o4000;
    SGID = 0o2000;
    SVTX = 0o1000;
    RUSR = 0o400;
    WUSR = 0o200;
    XUSR = 0o100;
    RGRP = 0o40;
    WGRP = 0o20;
    XGRP = 0o10;
    ROTH = 0o4;
    WOTH = 0o2;
    XOTH = 0o1;
}

/// A mode with the kind of file as strace prints it: `S_IFREG|S_ISUID|0755`.
#[must_use]
pub fn print_mode(mode: u32) -> String {
    let mut text = match FILE_TYPE.name(mode & FILE_TYPE_MASK) {
        Some(name) => format!("{name}|"),
        None if mode & FILE_TYPE_MASK != 0 => {
            format!("{:#o}|", mode & FILE_TYPE_MASK).replacen("0o", "0", 1)
        }
        None => String::new(),
    };
    for (bit, name) in
        [(FileMode::SUID, "S_ISUID|"), (FileMode::SGID, "S_ISGID|"), (FileMode::SVTX, "S_ISVTX|")]
    {
        if mode & bit.bits() != 0 {
            text.push_str(name);
        }
    }
    text + &print_permissions(mode & 0o777)
}

/// A mode as a plain number, as strace prints it for openat(2) and umask(2): `0644`, `000`.
#[must_use]
pub fn print_permissions(mode: u32) -> String {
    format!("0{mode:02o}")
}

const_set! {
    /// Commands of fcntl(2).
    fcntl, FCNTL, "F_";
    DUPFD = 0;
    GETFD = 1;
    SETFD = 2;
    GETFL = 3;
    SETFL = 4;
    GETLK = 5;
    SETLK = 6;
    SETLKW = 7;
    SETOWN = 8;
    GETOWN = 9;
    SETSIG = 10;
    GETSIG = 11;
    SETOWN_EX = 15;
    GETOWN_EX = 16;
    OFD_GETLK = 36;
    OFD_SETLK = 37;
    OFD_SETLKW = 38;
    SETLEASE = 1024;
    GETLEASE = 1025;
    NOTIFY = 1026;
    DUPFD_CLOEXEC = 1030;
    SETPIPE_SZ = 1031;
    GETPIPE_SZ = 1032;
    ADD_SEALS = 1033;
    GET_SEALS = 1034;
}

flag_set! {
    /// Flags of a descriptor, F_SETFD of fcntl(2).
    DescriptorFlags: u32, DESCRIPTOR, "FD_";
    CLOEXEC = 1;
}

const_set! {
    /// Whom F_SETOWN_EX of fcntl(2) means.
    owner_type, OWNER_TYPE, "F_OWNER_";
    TID = 0;
    PID = 1;
    PGRP = 2;
}

flag_set! {
    /// What F_ADD_SEALS of fcntl(2) forbids.
    Seals: u32, SEALS, "F_SEAL_";
    SEAL = 1;
    SHRINK = 2;
    GROW = 4;
    WRITE = 8;
    FUTURE_WRITE = 0x10;
}

flag_set! {
    /// Of what F_NOTIFY of fcntl(2) tells in a directory.
    DirectoryNotify: u32, DIRECTORY_NOTIFY, "DN_";
    ACCESS = 1;
    MODIFY = 2;
    CREATE = 4;
    DELETE = 8;
    RENAME = 0x10;
    ATTRIB = 0x20;
    MULTISHOT = 0x8000_0000;
}

const_set! {
    /// Kind of a record lock, `l_type` of fcntl(2).
    lock_type, LOCK_TYPE, "F_";
    RDLCK = 0;
    WRLCK = 1;
    UNLCK = 2;
}

flag_set! {
    /// Operation of flock(2).
    FlockFlags: u32, FLOCK, "LOCK_";
    SH = 1;
    EX = 2;
    NB = 4;
    UN = 8;
    MAND = 32;
    RW = 192;
    READ = 64;
    WRITE = 128;
}

flag_set! {
    /// Flags of renameat2(2).
    RenameFlags: u32, RENAME, "RENAME_";
    NOREPLACE = 1;
    EXCHANGE = 2;
    WHITEOUT = 4;
}

flag_set! {
    /// Mode of fallocate(2).
    AllocateFlags: u32, FALLOCATE, "FALLOC_FL_";
    KEEP_SIZE = 1;
    PUNCH_HOLE = 2;
    NO_HIDE_STALE = 4;
    COLLAPSE_RANGE = 8;
    ZERO_RANGE = 0x10;
    INSERT_RANGE = 0x20;
    UNSHARE_RANGE = 0x40;
}

const_set! {
    /// Advice of fadvise64(2).
    file_advice, FILE_ADVICE, "POSIX_FADV_";
    NORMAL = 0;
    RANDOM = 1;
    SEQUENTIAL = 2;
    WILLNEED = 3;
    DONTNEED = 4;
    NOREUSE = 5;
}

flag_set! {
    /// Flags of splice(2), tee(2) and vmsplice(2).
    SpliceFlags: u32, SPLICE, "SPLICE_F_";
    MOVE = 1;
    NONBLOCK = 2;
    MORE = 4;
    GIFT = 8;
}

flag_set! {
    /// Flags of sync_file_range(2).
    SyncRangeFlags: u32, SYNC_RANGE, "SYNC_FILE_RANGE_";
    WAIT_BEFORE = 1;
    WRITE = 2;
    WAIT_AFTER = 4;
}

flag_set! {
    /// Flags of preadv2(2) and pwritev2(2).
    VectorFlags: u32, RWF, "RWF_";
    HIPRI = 1;
    DSYNC = 2;
    SYNC = 4;
    NOWAIT = 8;
    APPEND = 0x10;
}

flag_set! {
    /// Flags of setxattr(2).
    XattrFlags: u32, XATTR, "XATTR_";
    CREATE = 1;
    REPLACE = 2;
}

flag_set! {
    /// Events and flags of inotify_add_watch(2).
    InotifyMask: u32, INOTIFY, "IN_";
    ACCESS = 1;
    MODIFY = 2;
    ATTRIB = 4;
    CLOSE_WRITE = 8;
    CLOSE_NOWRITE = 0x10;
    OPEN = 0x20;
    MOVED_FROM = 0x40;
    MOVED_TO = 0x80;
    CREATE = 0x100;
    DELETE = 0x200;
    DELETE_SELF = 0x400;
    MOVE_SELF = 0x800;
    UNMOUNT = 0x2000;
    Q_OVERFLOW = 0x4000;
    IGNORED = 0x8000;
    ONLYDIR = 0x0100_0000;
    DONT_FOLLOW = 0x0200_0000;
    EXCL_UNLINK = 0x0400_0000;
    MASK_CREATE = 0x1000_0000;
    MASK_ADD = 0x2000_0000;
    ISDIR = 0x4000_0000;
    ONESHOT = 0x8000_0000;
}

flag_set! {
    /// Flags of inotify_init1(2).
    InotifyFlags: u32, INOTIFY_INIT, "IN_";
    NONBLOCK = 0o4000;
    CLOEXEC = 0o2000000;
}

flag_set! {
    /// Flags of close_range(2).
    CloseRangeFlags: u32, CLOSE_RANGE, "CLOSE_RANGE_";
    UNSHARE = 2;
    CLOEXEC = 4;
}

flag_set! {
    /// Flags of userfaultfd(2).
    UserfaultFlags: u32, USERFAULT, "UFFD_";
    USER_MODE_ONLY = 1;
    NONBLOCK as "O_NONBLOCK" = 0o4000;
    CLOEXEC as "O_CLOEXEC" = 0o2000000;
}

flag_set! {
    /// Flags of mount(2). An `unsigned long`.
    MountFlags: u64, MOUNT, "MS_";
    MGC_VAL = 0xc0ed_0000;
    RDONLY = 1;
    NOSUID = 2;
    NODEV = 4;
    NOEXEC = 8;
    SYNCHRONOUS = 0x10;
    REMOUNT = 0x20;
    MANDLOCK = 0x40;
    DIRSYNC = 0x80;
    NOSYMFOLLOW = 0x100;
    NOATIME = 0x400;
    NODIRATIME = 0x800;
    BIND = 0x1000;
    MOVE = 0x2000;
    REC = 0x4000;
    SILENT = 0x8000;
    POSIXACL = 1 << 16;
    UNBINDABLE = 1 << 17;
    PRIVATE = 1 << 18;
    SLAVE = 1 << 19;
    SHARED = 1 << 20;
    RELATIME = 1 << 21;
    KERNMOUNT = 1 << 22;
    I_VERSION = 1 << 23;
    STRICTATIME = 1 << 24;
    LAZYTIME = 1 << 25;
}

flag_set! {
    /// Flags of umount2(2).
    UmountFlags: u32, UMOUNT, "MNT_";
    FORCE = 1;
    DETACH = 2;
    EXPIRE = 4;
    NOFOLLOW as "UMOUNT_NOFOLLOW" = 8;
}

flag_set! {
    /// Flags of open_tree(2).
    OpenTreeFlags: u32, OPEN_TREE, "OPEN_TREE_";
    CLONE = 1;
    CLOEXEC = 0o2000000;
    SYMLINK_NOFOLLOW as "AT_SYMLINK_NOFOLLOW" = 0x100;
    NO_AUTOMOUNT as "AT_NO_AUTOMOUNT" = 0x800;
    EMPTY_PATH as "AT_EMPTY_PATH" = 0x1000;
    RECURSIVE as "AT_RECURSIVE" = 0x8000;
}

flag_set! {
    /// Flags of move_mount(2).
    MoveMountFlags: u32, MOVE_MOUNT, "MOVE_MOUNT_";
    F_SYMLINKS = 1;
    F_AUTOMOUNTS = 2;
    F_EMPTY_PATH = 4;
    T_SYMLINKS = 0x10;
    T_AUTOMOUNTS = 0x20;
    T_EMPTY_PATH = 0x40;
    SET_GROUP = 0x100;
}

flag_set! {
    /// Flags of fsopen(2).
    FsOpenFlags: u32, FSOPEN, "FSOPEN_";
    CLOEXEC = 1;
}

flag_set! {
    /// Flags of fsmount(2).
    FsMountFlags: u32, FSMOUNT, "FSMOUNT_";
    CLOEXEC = 1;
}

flag_set! {
    /// Attributes of a mount, for fsmount(2) and mount_setattr(2).
    MountAttributes: u32, MOUNT_ATTRIBUTES, "MOUNT_ATTR_";
    RDONLY = 1;
    NOSUID = 2;
    NODEV = 4;
    NOEXEC = 8;
    NOATIME = 0x10;
    STRICTATIME = 0x20;
    NODIRATIME = 0x80;
}

flag_set! {
    /// Flags of fspick(2).
    FsPickFlags: u32, FSPICK, "FSPICK_";
    CLOEXEC = 1;
    SYMLINK_NOFOLLOW = 2;
    NO_AUTOMOUNT = 4;
    EMPTY_PATH = 8;
}

const_set! {
    /// Commands of fsconfig(2).
    fsconfig, FSCONFIG, "FSCONFIG_";
    SET_FLAG = 0;
    SET_STRING = 1;
    SET_BINARY = 2;
    SET_PATH = 3;
    SET_PATH_EMPTY = 4;
    SET_FD = 5;
    CMD_CREATE = 6;
    CMD_RECONFIGURE = 7;
}

flag_set! {
    /// Flags of io_uring_enter(2).
    RingEnterFlags: u32, IO_URING_ENTER, "IORING_ENTER_";
    GETEVENTS = 1;
    SQ_WAKEUP = 2;
    SQ_WAIT = 4;
    EXT_ARG = 8;
    REGISTERED_RING = 16;
}
