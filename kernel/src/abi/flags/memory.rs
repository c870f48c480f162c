//! Flags of mmap(2), mprotect(2) and their kin, and of System V shared memory.
//! From `asm-generic/mman.h`, `asm-generic/mman-common.h` and `linux/ipc.h`.

use super::{Field, const_set, flag_set};

flag_set! {
    /// What may be done with pages: `prot` of mmap(2) and mprotect(2).
    Protection: u32, PROTECTION, "PROT_" zero "PROT_NONE";
    READ = 1;
    WRITE = 2;
    EXEC = 4;
    /// Atomic operations; has no effect.
    SEM = 8;
    /// mprotect(2): down to the beginning of a mapping that grows down.
    GROWSDOWN = 0x0100_0000;
    GROWSUP = 0x0200_0000;
}

const_set! {
    /// Kind of a mapping: the low four bits of mmap's flags.
    map_type, MAP_TYPE, "MAP_";
    /// None given: mmap(2) fails with EINVAL.
    FILE = 0;
    /// Writes reach the file and other processes.
    SHARED = 1;
    /// Writes make a copy of the page.
    PRIVATE = 2;
    /// Like `SHARED`, but unknown flags fail.
    SHARED_VALIDATE = 3;
}

/// The bits of [`map_type`].
pub static MAP_TYPE_FIELD: Field = Field { mask: 0xf, names: &MAP_TYPE };

flag_set! {
    /// Flags of mmap(2) besides the kind of mapping (`map_type`), which is not a set of bits.
    MapFlags: u32, MAP, "MAP_" huge "MAP_HUGE_SHIFT" field &MAP_TYPE_FIELD;
    /// At this very address.
    FIXED = 0x10;
    /// Memory without a file.
    ANONYMOUS = 0x20;
    NORESERVE = 0x4000;
    /// Bring the pages in now.
    POPULATE = 0x8000;
    NONBLOCK = 0x1_0000;
    /// A stack: grows down on faults just below.
    GROWSDOWN = 0x100;
    DENYWRITE = 0x800;
    EXECUTABLE = 0x1000;
    LOCKED = 0x2000;
    STACK = 0x2_0000;
    HUGETLB = 0x4_0000;
    SYNC = 0x8_0000;
    /// Like `FIXED`, but EEXIST instead of replacing what is there.
    FIXED_NOREPLACE = 0x10_0000;
}

flag_set! {
    /// Flags of mremap(2).
    RemapFlags: u32, MREMAP, "MREMAP_";
    MAYMOVE = 1;
    FIXED = 2;
    DONTUNMAP = 4;
}

flag_set! {
    /// Flags of msync(2).
    MsyncFlags: u32, MSYNC, "MS_";
    SYNC = 4;
    ASYNC = 1;
    INVALIDATE = 2;
}

flag_set! {
    /// Flags of mlockall(2).
    LockAllFlags: u32, MLOCKALL, "MCL_";
    CURRENT = 1;
    FUTURE = 2;
    ONFAULT = 4;
}

flag_set! {
    /// Flags of mlock2(2).
    LockFlags: u32, MLOCK2, "MLOCK_";
    ONFAULT = 1;
}

const_set! {
    /// Advice of madvise(2).
    advice, ADVICE, "MADV_";
    NORMAL = 0;
    RANDOM = 1;
    SEQUENTIAL = 2;
    WILLNEED = 3;
    DONTNEED = 4;
    FREE = 8;
    REMOVE = 9;
    DONTFORK = 10;
    DOFORK = 11;
    MERGEABLE = 12;
    UNMERGEABLE = 13;
    HUGEPAGE = 14;
    NOHUGEPAGE = 15;
    DONTDUMP = 16;
    DODUMP = 17;
    WIPEONFORK = 18;
    KEEPONFORK = 19;
    COLD = 20;
    PAGEOUT = 21;
    POPULATE_READ = 22;
    POPULATE_WRITE = 23;
    DONTNEED_LOCKED = 24;
    COLLAPSE = 25;
    HWPOISON = 100;
    SOFT_OFFLINE = 101;
}

const_set! {
    /// Memory policy of set_mempolicy(2), without its flags.
    policy, MEMORY_POLICY, "MPOL_";
    DEFAULT = 0;
    PREFERRED = 1;
    BIND = 2;
    INTERLEAVE = 3;
    LOCAL = 4;
    PREFERRED_MANY = 5;
}

flag_set! {
    /// What get_mempolicy(2) is asked for.
    PolicyQuery: u64, MEMORY_POLICY_QUERY, "MPOL_F_";
    NODE = 1;
    ADDR = 2;
    MEMS_ALLOWED = 4;
}

flag_set! {
    /// Flags of mbind(2) and move_pages(2).
    MoveFlags: u32, MEMORY_MOVE, "MPOL_MF_";
    STRICT = 1;
    MOVE = 2;
    MOVE_ALL = 4;
}

flag_set! {
    /// Flags of memfd_create(2).
    MemfdFlags: u32, MEMFD, "MFD_" huge "MFD_HUGE_SHIFT";
    CLOEXEC = 1;
    ALLOW_SEALING = 2;
    HUGETLB = 4;
}

flag_set! {
    /// Flags of swapon(2), with the priority in the low fifteen bits.
    SwapFlags: u32, SWAPON, "SWAP_FLAG_";
    PREFER = 0x8000;
    DISCARD = 0x1_0000;
    DISCARD_ONCE = 0x2_0000;
    DISCARD_PAGES = 0x4_0000;
}

flag_set! {
    /// Flags of shmget(2), without the permissions in the low nine bits.
    SharedFlags: u32, SHMGET, "SHM_" huge "SHM_HUGE_SHIFT";
    CREAT as "IPC_CREAT" = 0o1000;
    EXCL as "IPC_EXCL" = 0o2000;
    HUGETLB = 0o4000;
    NORESERVE = 0o10000;
}

flag_set! {
    /// Flags of msgget(2) and semget(2), without the permissions in the low nine bits.
    IpcFlags: u32, IPC_GET, "IPC_";
    CREAT = 0o1000;
    EXCL = 0o2000;
    NOWAIT = 0o4000;
}

flag_set! {
    /// Flags of shmat(2).
    AttachFlags: u32, SHMAT, "SHM_";
    RDONLY = 0o10000;
    RND = 0o20000;
    REMAP = 0o40000;
    EXEC = 0o100000;
}

flag_set! {
    /// Flags of msgrcv(2) and msgsnd(2).
    QueueFlags: u32, MSG_QUEUE, "MSG_";
    NOERROR = 0o10000;
    EXCEPT = 0o20000;
    COPY = 0o40000;
    NOWAIT as "IPC_NOWAIT" = 0o4000;
}

const_set! {
    /// Command of shmctl(2), msgctl(2) and semctl(2).
    ipc_command, IPC_COMMAND, "IPC_";
    RMID = 0;
    SET = 1;
    STAT = 2;
    INFO = 3;
    MSG_STAT as "MSG_STAT" = 11;
    MSG_INFO as "MSG_INFO" = 12;
    MSG_STAT_ANY as "MSG_STAT_ANY" = 13;
}

const_set! {
    /// Command of shmctl(2).
    shm_command, SHM_COMMAND, "SHM_";
    RMID as "IPC_RMID" = 0;
    SET as "IPC_SET" = 1;
    IPC_STAT as "IPC_STAT" = 2;
    IPC_INFO as "IPC_INFO" = 3;
    LOCK = 11;
    UNLOCK = 12;
    STAT = 13;
    INFO = 14;
    STAT_ANY = 15;
}

const_set! {
    /// Command of semctl(2).
    sem_command, SEM_COMMAND, "SEM_";
    RMID as "IPC_RMID" = 0;
    SET as "IPC_SET" = 1;
    IPC_STAT as "IPC_STAT" = 2;
    IPC_INFO as "IPC_INFO" = 3;
    GETPID as "GETPID" = 11;
    GETVAL as "GETVAL" = 12;
    GETALL as "GETALL" = 13;
    GETNCNT as "GETNCNT" = 14;
    GETZCNT as "GETZCNT" = 15;
    SETVAL as "SETVAL" = 16;
    SETALL as "SETALL" = 17;
    STAT = 18;
    INFO = 19;
    STAT_ANY = 20;
}
