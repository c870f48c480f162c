//! How strace shows a call whose wait a signal ended: by a code that the program never sees.
//!
//! Linux returns one of four codes from the call to its own signal code, which makes the call again or turns the
//! code into EINTR (linux/errno.h). oscope's log knows two kinds, [`Restart::ERESTARTSYS`] and the rest; which one of
//! the rest, or EINTR at once, depends on the call (signal(7), "Interruption of system calls").

use super::finish;
use oscope_kernel::abi::call::ResultKind;
use oscope_kernel::abi::flags::FutexOp;
use oscope_kernel::abi::{Restart, nr};

/// The result of an interrupted call; `ended` is what the program got, if it got something.
pub(super) fn text(number: u16, words: &[u64; 6], restart: Restart, ended: Option<i64>) -> String {
    match (code(number, words, restart), ended) {
        (None, Some(result)) => finish::plain(result, ResultKind::Int),
        (code, _) => format!("? {}", code.unwrap_or(restart)),
    }
}

/// The code, or `None` where Linux answers EINTR at once.
pub(super) fn code(number: u16, words: &[u64; 6], restart: Restart) -> Option<Restart> {
    if restart == Restart::ERESTARTSYS {
        return Some(restart);
    }
    /// TIMER_ABSTIME: there is nothing left to compute, the same call is made again.
    const ABSOLUTE: u64 = 1;
    match number {
        nr::CLOCK_NANOSLEEP if words[1] & ABSOLUTE != 0 => Some(Restart::ERESTARTNOHAND),
        nr::NANOSLEEP | nr::CLOCK_NANOSLEEP => Some(Restart::ERESTART_RESTARTBLOCK),
        nr::FUTEX if FutexOp(words[1] as u32).has_timeout() && words[3] != 0 => {
            Some(Restart::ERESTART_RESTARTBLOCK)
        }
        nr::FUTEX => Some(Restart::ERESTARTSYS),
        nr::PPOLL | nr::PSELECT6 | nr::RT_SIGSUSPEND => Some(Restart::ERESTARTNOHAND),
        nr::EPOLL_PWAIT
        | nr::EPOLL_PWAIT2
        | nr::RT_SIGTIMEDWAIT
        | nr::SEMOP
        | nr::SEMTIMEDOP
        | nr::MSGSND
        | nr::MSGRCV
        | nr::IO_GETEVENTS => None,
        _ => Some(restart),
    }
}
