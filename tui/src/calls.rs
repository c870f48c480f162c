//! System calls as `strace` prints them, from what the log keeps of them.

use oscope_kernel::abi::call::{self, Kind};
use oscope_kernel::abi::{Errno, call::Call};
use oscope_kernel::event::{CallEvent, Event, Record};

/// The six words that a call was made with.
#[must_use]
pub fn words(detail: Option<&[u8]>) -> Vec<u64> {
    let detail = detail.unwrap_or_default();
    let word = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_le_bytes);
    detail.chunks_exact(8).take(6).map(word).collect()
}

/// The call's name.
#[must_use]
pub fn name(record: &Record) -> Option<&'static str> {
    let Event::Call(CallEvent::Done { number, .. }) = record.event else {
        return None;
    };
    Some(call::lookup(number).map_or("unknown", |call| call.name))
}

/// `openat(AT_FDCWD, 0x2a000, 577, 420) = 3`. What pointers point to is not shown.
#[must_use]
pub fn line(record: &Record, detail: Option<&[u8]>) -> Option<String> {
    let Event::Call(CallEvent::Done { number, result, .. }) = record.event else {
        return None;
    };
    let words = words(detail);
    let (name, arguments) = match call::lookup(number) {
        Some(call) => (call.name.to_owned(), arguments(call, &words).join(", ")),
        None => (format!("syscall_{number:#x}"), String::new()),
    };
    Some(format!("{name}({arguments}) = {}", told(result)))
}

/// Each argument in words.
#[must_use]
pub fn arguments(call: &Call, words: &[u64]) -> Vec<String> {
    call.arguments.iter().zip(words).map(|(argument, word)| one(&argument.kind, *word)).collect()
}

fn one(kind: &Kind, word: u64) -> String {
    let low = word as u32 as i32;
    match kind {
        Kind::DirFd if low == -100 => "AT_FDCWD".to_owned(),
        Kind::Int | Kind::Fd | Kind::DirFd | Kind::Pid => low.to_string(),
        Kind::Long | Kind::Offset => (word as i64).to_string(),
        Kind::Unsigned | Kind::Uid | Kind::Gid => (word as u32).to_string(),
        Kind::UnsignedLong | Kind::Size => word.to_string(),
        _ if word == 0 => "0".to_owned(),
        _ => format!("{word:#x}"),
    }
}

/// The result as strace shows it: a number, or -1 with the error and its meaning.
#[must_use]
pub fn told(result: i64) -> String {
    match Errno::from_result(result) {
        Some(errno) => format!("-1 {} ({})", errno.name(), errno.message()),
        None if !(-4096..=0xffff_ffff).contains(&result) => format!("{result:#x}"),
        None => result.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{arguments, told, words};
    use oscope_kernel::abi::call::by_name;

    #[test]
    fn words_are_little_endian_and_at_most_six() {
        let bytes: Vec<u8> = (0..9_u64).flat_map(u64::to_le_bytes).collect();
        assert_eq!(words(Some(&bytes)), [0, 1, 2, 3, 4, 5]);
        assert!(words(None).is_empty() && words(Some(&[1, 2])).is_empty());
    }

    #[test]
    fn arguments_are_shown_by_their_kind() {
        let openat = by_name("openat").expect("a call");
        let shown = arguments(openat, &[(-100_i64) as u64, 0x2a000, 0, 0]);
        assert_eq!(shown[..2], ["AT_FDCWD", "0x2a000"]);
    }

    #[test]
    fn errors_have_a_name_and_a_meaning() {
        assert_eq!(told(-2), "-1 ENOENT (No such file or directory)");
        assert_eq!(told(3), "3");
        assert_eq!(told(0x7f00_0000_0000), "0x7f0000000000");
    }
}
