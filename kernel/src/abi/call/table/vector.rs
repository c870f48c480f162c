//! Reading and writing at a position, into several buffers, or from one descriptor to another; and
//! the two ways to leave reading and writing to the kernel.

use super::calls;
use crate::abi::call::Direction::{In, InOut, Out};
use crate::abi::call::Kind::{
    Address, Buffer, Fd, Flags, Hex, Hidden, Iovec, Long, LongPointer, Offset, SignalSet, Size,
    Struct, Timespec, Unsigned, UnsignedLong,
};
use crate::abi::call::Length::{Argument, Result};
use crate::abi::call::Status::{Partial, Supported};
use crate::abi::flags::file::{IO_URING_ENTER, RWF, SPLICE};

calls! {
    FILE READV readv(fd: Fd, iov: Iovec { direction: Out, count: 2 },
        iovcnt: UnsignedLong) -> Bytes, Supported;
    FILE WRITEV writev(fd: Fd, iov: Iovec { direction: In, count: 2 },
        iovcnt: UnsignedLong) -> Bytes, Supported;
    FILE PREAD64 pread64(fd: Fd, buf: Buffer { direction: Out, length: Result }, count: Size,
        offset: Offset) -> Bytes, Supported;
    FILE PWRITE64 pwrite64(fd: Fd, buf: Buffer { direction: In, length: Argument(2) }, count: Size,
        offset: Offset) -> Bytes, Supported;
    // The high half of the offset is for 32-bit machines.
    FILE PREADV preadv(fd: Fd, iov: Iovec { direction: Out, count: 2 }, iovcnt: UnsignedLong,
        offset: Offset, offset_high: Hidden) -> Bytes, Supported;
    FILE PWRITEV pwritev(fd: Fd, iov: Iovec { direction: In, count: 2 }, iovcnt: UnsignedLong,
        offset: Offset, offset_high: Hidden) -> Bytes, Supported;
    FILE PREADV2 preadv2(fd: Fd, iov: Iovec { direction: Out, count: 2 }, iovcnt: UnsignedLong,
        offset: Offset, offset_high: Hidden, flags: Flags(&RWF)) -> Bytes,
        Partial("RWF_NOWAIT is EOPNOTSUPP, as on Linux' tmpfs");
    FILE PWRITEV2 pwritev2(fd: Fd, iov: Iovec { direction: In, count: 2 }, iovcnt: UnsignedLong,
        offset: Offset, offset_high: Hidden, flags: Flags(&RWF)) -> Bytes,
        Partial("RWF_SYNC and RWF_DSYNC do not wait for the disk");

    FILE SENDFILE sendfile(out_fd: Fd, in_fd: Fd, offset: LongPointer(InOut), count: Size) -> Bytes,
        Supported;
    FILE SPLICE splice(fd_in: Fd, off_in: LongPointer(In), fd_out: Fd,
        off_out: LongPointer(In), len: Size, flags: Flags(&SPLICE)) -> Bytes, Supported;
    FILE TEE tee(fd_in: Fd, fd_out: Fd, len: Size, flags: Flags(&SPLICE)) -> Bytes, Supported;
    FILE VMSPLICE vmsplice(fd: Fd, iov: Iovec { direction: In, count: 2 }, nr_segs: UnsignedLong,
        flags: Flags(&SPLICE)) -> Bytes, Partial("copies, also with SPLICE_F_GIFT");

    FILE IO_SETUP io_setup(nr_events: Unsigned, ctx_idp: LongPointer(InOut)) -> Success;
    FILE IO_DESTROY io_destroy(ctx_id: Hex) -> Success;
    FILE IO_SUBMIT io_submit(ctx_id: Hex, nr: Long, iocbpp: Struct("iocb", In)) -> Count;
    FILE IO_CANCEL io_cancel(ctx_id: Hex, iocb: Struct("iocb", In),
        result: Struct("io_event", Out)) -> Success;
    FILE IO_GETEVENTS io_getevents(ctx_id: Hex, min_nr: Long, nr: Long,
        events: Struct("io_event", Out), timeout: Timespec(In)) -> Count;
    FILE IO_PGETEVENTS io_pgetevents(ctx_id: Hex, min_nr: Long, nr: Long,
        events: Struct("io_event", Out), timeout: Timespec(In),
        sig: Struct("__aio_sigset", In)) -> Count;
    FILE IO_URING_SETUP io_uring_setup(entries: Unsigned,
        params: Struct("io_uring_params", InOut)) -> Fd;
    FILE IO_URING_ENTER io_uring_enter(fd: Fd, to_submit: Unsigned, min_complete: Unsigned,
        flags: Flags(&IO_URING_ENTER), sig: SignalSet(In), sigsz: Size) -> Count;
    FILE IO_URING_REGISTER io_uring_register(fd: Fd, opcode: Unsigned, arg: Address,
        nr_args: Unsigned) -> Int;
}
