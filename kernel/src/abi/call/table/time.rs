//! Clocks, sleeping and timers. Clocks and sleeps are the kernel's own; timers that send signals
//! belong to who delivers signals.

use super::calls;
use crate::abi::call::Direction::{In, InOut, Out};
use crate::abi::call::Kind::{
    Enum, Fd, Flags, Int, IntPointer, Itimerspec, Itimerval, Remaining, SigEvent, Struct, Timespec,
    Timeval, Timezone, Tms,
};
use crate::abi::call::Status::{Partial, Supported};
use crate::abi::flags::process::{CLOCK, ITIMER, TIMER, TIMERFD};

calls! {
    KERNEL NANOSLEEP nanosleep(req: Timespec(In), rem: Remaining) -> Success, Supported;
    KERNEL CLOCK_NANOSLEEP clock_nanosleep(clockid: Enum(&CLOCK), flags: Flags(&TIMER),
        request: Timespec(In), remain: Remaining) -> Success,
        Partial("not on clocks of CPU time");
    KERNEL CLOCK_GETTIME clock_gettime(clockid: Enum(&CLOCK), tp: Timespec(Out)) -> Success,
        Supported;
    KERNEL CLOCK_SETTIME clock_settime(clockid: Enum(&CLOCK), tp: Timespec(In)) -> Success;
    KERNEL CLOCK_GETRES clock_getres(clockid: Enum(&CLOCK), res: Timespec(Out)) -> Success,
        Supported;
    KERNEL CLOCK_ADJTIME clock_adjtime(clockid: Enum(&CLOCK), buf: Struct("timex", InOut)) -> Int;
    KERNEL ADJTIMEX adjtimex(buf: Struct("timex", InOut)) -> Int;
    KERNEL GETTIMEOFDAY gettimeofday(tv: Timeval(Out), tz: Timezone(Out)) -> Success,
        Supported;
    KERNEL SETTIMEOFDAY settimeofday(tv: Timeval(In), tz: Timezone(In)) -> Success;
    PROCESS TIMES times(buf: Tms) -> Int, Supported;
    PROCESS GETITIMER getitimer(which: Enum(&ITIMER), curr_value: Itimerval(Out)) -> Success,
        Partial("ITIMER_REAL alone");
    PROCESS SETITIMER setitimer(which: Enum(&ITIMER), new_value: Itimerval(In),
        old_value: Itimerval(Out)) -> Success,
        Partial("ITIMER_REAL alone");
    PROCESS TIMER_CREATE timer_create(clockid: Enum(&CLOCK), sevp: SigEvent,
        timerid: IntPointer(Out)) -> Success;
    PROCESS TIMER_SETTIME timer_settime(timerid: Int, flags: Flags(&TIMER),
        new_value: Itimerspec(In), old_value: Itimerspec(Out)) -> Success;
    PROCESS TIMER_GETTIME timer_gettime(timerid: Int, curr_value: Itimerspec(Out)) -> Success;
    PROCESS TIMER_GETOVERRUN timer_getoverrun(timerid: Int) -> Count;
    PROCESS TIMER_DELETE timer_delete(timerid: Int) -> Success;
    FILE TIMERFD_CREATE timerfd_create(clockid: Enum(&CLOCK), flags: Flags(&TIMERFD)) -> Fd,
        Partial("all clocks are one, and nobody sets it");
    FILE TIMERFD_SETTIME timerfd_settime(fd: Fd, flags: Flags(&TIMERFD), new_value: Itimerspec(In),
        old_value: Itimerspec(Out)) -> Success, Supported;
    FILE TIMERFD_GETTIME timerfd_gettime(fd: Fd, curr_value: Itimerspec(Out)) -> Success,
        Supported;
}
