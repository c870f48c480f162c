//! What stands behind the equals sign.

use super::command;
use super::structure::{fd_set, poll_fds, timespec};
use super::value::{Reader, address, number};
use oscope_kernel::abi::call::{Call, Kind, ResultKind};
use oscope_kernel::abi::flags::file::{
    DESCRIPTOR, LOCK_TYPE, OPEN, SEALS, fcntl, print_permissions,
};
use oscope_kernel::abi::flags::hex;
use oscope_kernel::abi::flags::network::POLL;
use oscope_kernel::abi::flags::process::{SCHED, prctl};
use oscope_kernel::abi::types::PollFd;
use oscope_kernel::abi::{Errno, Signal, SignalSet, nr};

/// The result of a call that returned.
pub(super) fn result(call: &Call, r: &Reader<'_>, value: i64) -> String {
    if call.result == ResultKind::Never {
        return "?".to_owned();
    }
    if Errno::from_result(value).is_some() {
        return plain(value, call.result);
    }
    match call.result {
        ResultKind::Ready => ready(call, r, value),
        ResultKind::ByCommand => by_command(r, value),
        ResultKind::Fd => r.descriptor(value as i32),
        kind => plain(value, kind),
    }
}

/// A result that needs no look at the arguments.
pub(super) fn plain(value: i64, kind: ResultKind) -> String {
    if let Some(errno) = Errno::from_result(value) {
        return format!("-1 {errno}");
    }
    let word = value.cast_unsigned();
    match kind {
        ResultKind::Never => "?".to_owned(),
        ResultKind::Address if word == 0 => "NULL".to_owned(),
        ResultKind::Address | ResultKind::Hex => hex(word),
        ResultKind::Mode => print_permissions(word as u32),
        ResultKind::Signal => match Signal::from_number(word) {
            Some(signal) => format!("{value} ({signal})"),
            None => value.to_string(),
        },
        ResultKind::Policy => format!("{value} ({})", SCHED.print(word as u32)),
        _ => value.to_string(),
    }
}

/// The mask that a signal handler's frame puts back.
pub(super) fn signal_frame(words: &[u64; 6]) -> String {
    format!("{{mask={}}}", SignalSet(words[0]))
}

/// Calls whose result has a name, depending on their command.
fn by_command(r: &Reader<'_>, value: i64) -> String {
    let word = value.cast_unsigned();
    let name = match (r.number, r.words[1] as u32) {
        (nr::FCNTL, fcntl::GETFL) => format!("flags {}", OPEN.print(word)),
        (nr::FCNTL, fcntl::DUPFD | fcntl::DUPFD_CLOEXEC) => return r.descriptor(value as i32),
        (nr::FCNTL, _) if word == 0 => return "0".to_owned(),
        (nr::FCNTL, fcntl::GETFD) => format!("flags {}", DESCRIPTOR.print(word)),
        (nr::FCNTL, fcntl::GET_SEALS) => format!("seals {}", SEALS.print(word)),
        (nr::FCNTL, fcntl::GETLEASE) => LOCK_TYPE.print(word as u32),
        (nr::FCNTL, fcntl::GETSIG) => return plain(value, ResultKind::Signal),
        (nr::PRCTL, _) if r.words[0] as u32 == prctl::GET_DUMPABLE => {
            let name = command::dumpable(word);
            return name.map_or_else(|| value.to_string(), |name| format!("{value} ({name})"));
        }
        _ => return value.to_string(),
    };
    format!("{} ({name})", hex(word))
}

/// Which descriptors are ready, and what is left of the time.
fn ready(call: &Call, r: &Reader<'_>, value: i64) -> String {
    if value == 0 {
        return "0 (Timeout)".to_owned();
    }
    let mut parts = Vec::new();
    for (argument, &word) in call.arguments.iter().zip(&r.words) {
        let seen = if word == 0 { None } else { r.after(word) };
        match (&argument.kind, seen) {
            (Kind::PollFds, Some(bytes)) => parts.push(answers(r, bytes)),
            (Kind::FdSet, Some(bytes)) if bytes.iter().any(|byte| *byte != 0) => {
                let name = match argument.name {
                    "readfds" => "in",
                    "writefds" => "out",
                    _ => "except",
                };
                parts.push(format!("{name} {}", fd_set(r, bytes)));
            }
            (Kind::Timespec(_), Some(bytes)) => {
                parts.extend(timespec(bytes).map(|left| format!("left {left}")));
            }
            _ => {}
        }
    }
    if parts.is_empty() { value.to_string() } else { format!("{value} ({})", parts.join(", ")) }
}

/// The descriptors of ppoll(2) for which something came.
fn answers(r: &Reader<'_>, bytes: &[u8]) -> String {
    let ready = poll_fds(bytes).filter(|poll| poll.fd >= 0 && poll.returned != 0);
    let ready = ready.map(|poll| {
        let PollFd { fd, returned, .. } = poll;
        format!("{{fd={}, revents={}}}", r.descriptor(fd), POLL.print(u64::from(returned)))
    });
    format!("[{}]", ready.collect::<Vec<_>>().join(", "))
}

/// A number that came out, or where it would have.
pub(super) fn out_word(r: &Reader<'_>, word: u64, width: usize) -> String {
    r.out(word, width).map_or_else(|| address(word), |bytes| format!("[{}]", number(bytes)))
}
