//! Descriptors under control: fcntl, ioctl, locks; and waiting for descriptors: poll, select,
//! epoll, and those that stand for events, signals and changes.

use super::calls;
use crate::abi::call::Direction::In;
use crate::abi::call::Direction::InOut;
use crate::abi::call::Kind::{
    DirFd, Enum, EpollEvent, EpollEvents, FcntlArgument, Fd, FdSet, Flags, Hex, Int, IoctlArgument,
    IoctlRequest, Path, PollFds, SignalSet, SignalSetPack, Size, Timespec, Unsigned,
};
use crate::abi::call::Status::{Partial, Supported};
use crate::abi::flags::file::{FCNTL, FLOCK, INOTIFY, INOTIFY_INIT, OPEN, USERFAULT};
use crate::abi::flags::network::{EPOLL_CREATE, EPOLL_OP, EVENTFD, SIGNALFD};

calls! {
    FILE FCNTL fcntl(fd: Fd, cmd: Enum(&FCNTL), arg: FcntlArgument) -> ByCommand,
        Partial("no leases, owners and seals: EINVAL");
    FILE IOCTL ioctl(fd: Fd, request: IoctlRequest, argp: IoctlArgument) -> ByCommand,
        Partial("terminals, and FIONREAD of pipes");
    FILE FLOCK flock(fd: Fd, operation: Flags(&FLOCK)) -> Success, Supported;

    // Linux changes the timeouts of these two; the C library hides it.
    FILE PPOLL ppoll(fds: PollFds, nfds: Unsigned, tmo_p: Timespec(InOut), sigmask: SignalSet(In),
        sigsetsize: Size) -> Ready,
        Supported;
    FILE PSELECT6 pselect6(nfds: Int, readfds: FdSet, writefds: FdSet, exceptfds: FdSet,
        timeout: Timespec(InOut), sigmask: SignalSetPack) -> Ready, Supported;
    FILE EPOLL_CREATE1 epoll_create1(flags: Flags(&EPOLL_CREATE)) -> Fd, Supported;
    FILE EPOLL_CTL epoll_ctl(epfd: Fd, op: Enum(&EPOLL_OP), fd: Fd, event: EpollEvent) -> Success,
        Partial("of the files that the kernel makes up, none can be watched");
    FILE EPOLL_PWAIT epoll_pwait(epfd: Fd, events: EpollEvents, maxevents: Int, timeout: Int,
        sigmask: SignalSet(In), sigsetsize: Size) -> Count, Supported;
    FILE EPOLL_PWAIT2 epoll_pwait2(epfd: Fd, events: EpollEvents, maxevents: Int,
        timeout: Timespec(In), sigmask: SignalSet(In), sigsetsize: Size) -> Count, Supported;
    FILE EVENTFD2 eventfd2(initval: Unsigned, flags: Flags(&EVENTFD)) -> Fd, Supported;
    FILE SIGNALFD4 signalfd4(fd: Fd, mask: SignalSet(In), sizemask: Size,
        flags: Flags(&SIGNALFD)) -> Fd, Supported;
    FILE INOTIFY_INIT1 inotify_init1(flags: Flags(&INOTIFY_INIT)) -> Fd;
    FILE INOTIFY_ADD_WATCH inotify_add_watch(fd: Fd, pathname: Path, mask: Flags(&INOTIFY)) -> Int;
    FILE INOTIFY_RM_WATCH inotify_rm_watch(fd: Fd, wd: Int) -> Success;
    FILE FANOTIFY_INIT fanotify_init(flags: Hex, event_f_flags: Flags(&OPEN)) -> Fd;
    FILE FANOTIFY_MARK fanotify_mark(fanotify_fd: Fd, flags: Hex, mask: Hex, dirfd: DirFd,
        pathname: Path) -> Success;
    MEMORY USERFAULTFD userfaultfd(flags: Flags(&USERFAULT)) -> Fd;
    FILE VHANGUP vhangup() -> Success;
}
