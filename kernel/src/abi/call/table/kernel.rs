//! What stays in the kernel even of a microkernel: the CPU, waiting on words of memory, and the two
//! calls that only riscv64 has.

use super::calls;
use crate::abi::call::Direction::{In, InOut, Out};
use crate::abi::call::Kind::{
    Address, CpuSet, Enum, Flags, FutexOp, FutexTimeout, FutexValue, Hex, Int, IntPointer,
    LongPointer, Pid, Size, Struct, Timespec, Unsigned,
};
use crate::abi::call::Status::{Partial, Supported};
use crate::abi::flags::process::{CLOCK, MEMBARRIER, MEMBARRIER_FLAGS};

calls! {
    KERNEL SCHED_YIELD sched_yield() -> Success, Supported;
    KERNEL GETCPU getcpu(cpu: IntPointer(Out), node: IntPointer(Out), tcache: Address) -> Success,
        Supported;
    KERNEL FUTEX futex(uaddr: Address, futex_op: FutexOp, val: FutexValue, timeout: FutexTimeout,
        uaddr2: FutexValue, val3: FutexValue) -> ByCommand,
        Partial("no FUTEX_WAIT_REQUEUE_PI, FUTEX_CMP_REQUEUE_PI and FUTEX_FD");
    KERNEL FUTEX_WAITV futex_waitv(waiters: Struct("futex_waitv", In), nr_futexes: Unsigned,
        flags: Unsigned, timeout: Timespec(In), clockid: Enum(&CLOCK)) -> Int;
    KERNEL FUTEX_WAKE futex_wake(uaddr: Address, mask: Hex, nr: Int, flags: Hex) -> Count;
    KERNEL FUTEX_WAIT futex_wait(uaddr: Address, val: Hex, mask: Hex, flags: Hex,
        timespec: Timespec(In), clockid: Enum(&CLOCK)) -> Success;
    KERNEL FUTEX_REQUEUE futex_requeue(waiters: Struct("futex_waitv", In), flags: Unsigned,
        nr_wake: Int, nr_requeue: Int) -> Count;
    KERNEL SET_ROBUST_LIST set_robust_list(head: Address, len: Size) -> Success,
        Supported;
    KERNEL GET_ROBUST_LIST get_robust_list(pid: Pid, head_ptr: LongPointer(Out),
        len_ptr: LongPointer(Out)) -> Success,
        Supported;
    KERNEL MEMBARRIER membarrier(cmd: Enum(&MEMBARRIER), flags: Flags(&MEMBARRIER_FLAGS),
        cpu_id: Int) -> ByCommand,
        Partial("no barriers for instruction streams and restartable sequences");
    KERNEL RSEQ rseq(rseq: Address, rseq_len: Unsigned, flags: Hex, sig: Hex) -> Success;
    KERNEL RISCV_HWPROBE riscv_hwprobe(pairs: Struct("riscv_hwprobe", InOut), pair_count: Size,
        cpusetsize: Size, cpus: CpuSet(In), flags: Unsigned) -> Success;
    KERNEL RISCV_FLUSH_ICACHE riscv_flush_icache(start: Address, end: Address,
        flags: Hex) -> Success;
}
