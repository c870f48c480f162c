//! Address spaces, and memory that processes share.

use super::calls;
use crate::abi::call::Direction::{In, InOut, Out};
use crate::abi::call::Kind::{
    Address, Buffer, CreateMode, Enum, Fd, Flags, Hex, HexOffset, Int, IntPointer, Iovec, IpcFlags,
    IpcKey, Long, Path, Pid, SemOps, SigEvent, Size, Struct, Timespec, Unsigned, UnsignedLong,
};
use crate::abi::call::Length::{Argument, Result};
use crate::abi::call::Status::{Partial, Supported};
use crate::abi::flags::file::{OPEN, OPEN_BITS};
use crate::abi::flags::memory::{
    ADVICE, IPC_COMMAND, IPC_GET, MAP, MEMORY_MOVE, MEMORY_POLICY, MEMORY_POLICY_QUERY, MLOCK2,
    MLOCKALL, MREMAP, MSG_QUEUE, MSYNC, PROTECTION, SEM_COMMAND, SHM_COMMAND, SHMAT, SHMGET,
    SWAPON,
};

calls! {
    MEMORY BRK brk(addr: Address) -> Address, Supported;
    MEMORY MMAP mmap(addr: Address, length: Size, prot: Flags(&PROTECTION), flags: Flags(&MAP),
        fd: Fd, offset: HexOffset) -> Address, Supported;
    MEMORY MUNMAP munmap(addr: Address, length: Size) -> Success, Supported;
    MEMORY MREMAP mremap(old_address: Address, old_size: Size, new_size: Size,
        flags: Flags(&MREMAP), new_address: Address) -> Address, Supported;
    MEMORY MPROTECT mprotect(addr: Address, len: Size, prot: Flags(&PROTECTION)) -> Success, Supported;
    MEMORY MSYNC msync(addr: Address, length: Size, flags: Flags(&MSYNC)) -> Success, Supported;
    MEMORY MADVISE madvise(addr: Address, length: Size, advice: Enum(&ADVICE)) -> Success,
        Partial("MADV_COLD, MADV_PAGEOUT and MADV_COLLAPSE do nothing");
    MEMORY MINCORE mincore(addr: Address, length: Size,
        vec: Struct("unsigned char", Out)) -> Success, Supported;
    MEMORY MLOCK mlock(addr: Address, len: Size) -> Success, Supported;
    MEMORY MLOCK2 mlock2(addr: Address, len: Size, flags: Flags(&MLOCK2)) -> Success, Supported;
    MEMORY MUNLOCK munlock(addr: Address, len: Size) -> Success, Supported;
    MEMORY MLOCKALL mlockall(flags: Flags(&MLOCKALL)) -> Success, Supported;
    MEMORY MUNLOCKALL munlockall() -> Success, Supported;
    MEMORY MSEAL mseal(addr: Address, len: Size, flags: Hex) -> Success;
    MEMORY REMAP_FILE_PAGES remap_file_pages(addr: Address, size: Size, prot: Flags(&PROTECTION),
        pgoff: UnsignedLong, flags: Flags(&MAP)) -> Success;
    MEMORY PKEY_MPROTECT pkey_mprotect(addr: Address, len: Size, prot: Flags(&PROTECTION),
        pkey: Int) -> Success;
    MEMORY PKEY_ALLOC pkey_alloc(flags: Hex, access_rights: Hex) -> Int;
    MEMORY PKEY_FREE pkey_free(pkey: Int) -> Success;
    MEMORY MAP_SHADOW_STACK map_shadow_stack(addr: Address, size: Size, flags: Hex) -> Address;
    MEMORY MEMFD_SECRET memfd_secret(flags: Flags(&OPEN_BITS)) -> Fd;
    MEMORY PROCESS_MADVISE process_madvise(pidfd: Fd, iovec: Iovec { direction: In, count: 2 },
        vlen: Size, advice: Enum(&ADVICE), flags: Unsigned) -> Bytes;
    MEMORY PROCESS_MRELEASE process_mrelease(pidfd: Fd, flags: Unsigned) -> Success;
    MEMORY PROCESS_VM_READV process_vm_readv(pid: Pid,
        local_iov: Iovec { direction: Out, count: 2 }, liovcnt: UnsignedLong,
        remote_iov: Struct("iovec", In), riovcnt: UnsignedLong, flags: UnsignedLong) -> Bytes;
    MEMORY PROCESS_VM_WRITEV process_vm_writev(pid: Pid,
        local_iov: Iovec { direction: In, count: 2 }, liovcnt: UnsignedLong,
        remote_iov: Struct("iovec", In), riovcnt: UnsignedLong, flags: UnsignedLong) -> Bytes;
    MEMORY SWAPON swapon(path: Path, swapflags: Flags(&SWAPON)) -> Success;
    MEMORY SWAPOFF swapoff(path: Path) -> Success;

    MEMORY MBIND mbind(addr: Address, len: Size, mode: Enum(&MEMORY_POLICY),
        nodemask: Struct("nodemask", In), maxnode: UnsignedLong,
        flags: Flags(&MEMORY_MOVE)) -> Success;
    MEMORY GET_MEMPOLICY get_mempolicy(mode: IntPointer(Out), nodemask: Struct("nodemask", Out),
        maxnode: UnsignedLong, addr: Address, flags: Flags(&MEMORY_POLICY_QUERY)) -> Success;
    MEMORY SET_MEMPOLICY set_mempolicy(mode: Enum(&MEMORY_POLICY), nodemask: Struct("nodemask", In),
        maxnode: UnsignedLong) -> Success;
    MEMORY SET_MEMPOLICY_HOME_NODE set_mempolicy_home_node(start: Address, len: Size,
        home_node: UnsignedLong, flags: UnsignedLong) -> Success;
    MEMORY MIGRATE_PAGES migrate_pages(pid: Pid, maxnode: UnsignedLong,
        old_nodes: Struct("nodemask", In), new_nodes: Struct("nodemask", In)) -> Count;
    MEMORY MOVE_PAGES move_pages(pid: Pid, count: UnsignedLong, pages: Struct("void *", In),
        nodes: Struct("int", In), status: Struct("int", Out), flags: Flags(&MEMORY_MOVE)) -> Count;

    MEMORY SHMGET shmget(key: IpcKey, size: Size, shmflg: IpcFlags(&SHMGET)) -> Int, Supported;
    MEMORY SHMAT shmat(shmid: Int, shmaddr: Address, shmflg: Flags(&SHMAT)) -> Address, Supported;
    MEMORY SHMDT shmdt(shmaddr: Address) -> Success, Supported;
    MEMORY SHMCTL shmctl(shmid: Int, cmd: Enum(&SHM_COMMAND),
        buf: Struct("shmid_ds", InOut)) -> ByCommand,
        Partial("SHM_LOCK is remembered and locks nothing");

    // Semaphores and queues stay in the kernel, as futexes do: calling them is waiting.
    KERNEL SEMGET semget(key: IpcKey, nsems: Int, semflg: IpcFlags(&IPC_GET)) -> Int;
    KERNEL SEMOP semop(semid: Int, sops: SemOps, nsops: Size) -> Success;
    KERNEL SEMTIMEDOP semtimedop(semid: Int, sops: SemOps, nsops: Size,
        timeout: Timespec(In)) -> Success;
    KERNEL SEMCTL semctl(semid: Int, semnum: Int, cmd: Enum(&SEM_COMMAND),
        arg: Struct("semun", InOut)) -> ByCommand;
    KERNEL MSGGET msgget(key: IpcKey, msgflg: IpcFlags(&IPC_GET)) -> Int;
    KERNEL MSGSND msgsnd(msqid: Int, msgp: Struct("msgbuf", In), msgsz: Size,
        msgflg: Flags(&MSG_QUEUE)) -> Success;
    KERNEL MSGRCV msgrcv(msqid: Int, msgp: Struct("msgbuf", Out), msgsz: Size, msgtyp: Long,
        msgflg: Flags(&MSG_QUEUE)) -> Bytes;
    KERNEL MSGCTL msgctl(msqid: Int, cmd: Enum(&IPC_COMMAND),
        buf: Struct("msqid_ds", InOut)) -> ByCommand;
    KERNEL MQ_OPEN mq_open(name: Path, oflag: Flags(&OPEN), mode: CreateMode { flags: 1 },
        attr: Struct("mq_attr", In)) -> Fd;
    KERNEL MQ_UNLINK mq_unlink(name: Path) -> Success;
    KERNEL MQ_TIMEDSEND mq_timedsend(mqdes: Fd,
        msg_ptr: Buffer { direction: In, length: Argument(2) }, msg_len: Size, msg_prio: Unsigned,
        abs_timeout: Timespec(In)) -> Success;
    KERNEL MQ_TIMEDRECEIVE mq_timedreceive(mqdes: Fd,
        msg_ptr: Buffer { direction: Out, length: Result }, msg_len: Size,
        msg_prio: IntPointer(Out), abs_timeout: Timespec(In)) -> Bytes;
    KERNEL MQ_NOTIFY mq_notify(mqdes: Fd, sevp: SigEvent) -> Success;
    KERNEL MQ_GETSETATTR mq_getsetattr(mqdes: Fd, newattr: Struct("mq_attr", In),
        oldattr: Struct("mq_attr", Out)) -> Success;
}
