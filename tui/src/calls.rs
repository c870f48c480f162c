//! System calls as `strace` prints them, from what the log keeps of them.

use oscope_kernel::abi::call::{self, Kind};
use oscope_kernel::abi::{Errno, call::Call};
use oscope_kernel::event::picture::Moment;
use oscope_kernel::event::{CallEvent, Event, Picture, Record};

/// The call's name.
#[must_use]
pub fn name(record: &Record) -> Option<&'static str> {
    let Event::Call(
        CallEvent::Done { number, .. }
        | CallEvent::Wait { number, .. }
        | CallEvent::Interrupted { number, .. },
    ) = record.event
    else {
        return None;
    };
    Some(call::lookup(number).map_or("unknown", |call| call.name))
}

/// `openat(AT_FDCWD, "/notes", 0x241, 420) = 3`; of a call that begins to wait, `<unfinished ...>` instead of
/// the result.
#[must_use]
pub fn line(record: &Record, detail: Option<&[u8]>) -> Option<String> {
    let (number, result) = match record.event {
        Event::Call(CallEvent::Done { number, result, .. }) => (number, Some(result)),
        Event::Call(CallEvent::Wait { number, .. } | CallEvent::Interrupted { number, .. }) => {
            (number, None)
        }
        _ => return None,
    };
    let (name, arguments) = match call::lookup(number) {
        Some(call) => (call.name.to_owned(), arguments(call, detail).join(", ")),
        None => (format!("syscall_{number:#x}"), String::new()),
    };
    Some(match result {
        // These do not return.
        Some(_) if name.starts_with("exit") => format!("{name}({arguments}) = ?"),
        Some(result) => format!("{name}({arguments}) = {}", told(result)),
        None => format!("{name}({arguments} <unfinished ...>"),
    })
}

/// Each argument in words, from what the log keeps beside the call.
#[must_use]
pub fn arguments(call: &Call, detail: Option<&[u8]>) -> Vec<String> {
    let picture = Picture::new(detail.unwrap_or_default());
    let words = picture.words();
    call.arguments.iter().zip(words).map(|(a, word)| one(&a.kind, word, &picture)).collect()
}

fn one(kind: &Kind, word: u64, picture: &Picture<'_>) -> String {
    let low = word as u32 as i32;
    match kind {
        Kind::DirFd if low == -100 => "AT_FDCWD".to_owned(),
        Kind::Int | Kind::Fd | Kind::DirFd | Kind::Pid => low.to_string(),
        Kind::Long | Kind::Offset => (word as i64).to_string(),
        Kind::Unsigned | Kind::Uid | Kind::Gid => (word as u32).to_string(),
        Kind::UnsignedLong | Kind::Size => word.to_string(),
        Kind::Path | Kind::String => match picture.from(Moment::Before, word) {
            Some(bytes) => quoted(bytes),
            None => format!("{word:#x}"),
        },
        _ if word == 0 => "0".to_owned(),
        _ => format!("{word:#x}"),
    }
}

/// A string of the program up to its zero, harmless and in quotes; cut at 32 bytes, as strace does.
fn quoted(bytes: &[u8]) -> String {
    const LONGEST: usize = 32;
    let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    let shown = text.get(..LONGEST).unwrap_or(text);
    let more = if shown.len() < text.len() { "..." } else { "" };
    format!("\"{}\"{more}", shown.escape_ascii())
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
    use super::{arguments, quoted, told};
    use oscope_kernel::abi::call::by_name;
    use oscope_kernel::event::picture::{self, Moment};

    #[test]
    fn arguments_are_shown_by_their_kind() {
        let openat = by_name("openat").expect("a call");
        let mut detail = picture::words(&[(-100_i64) as u64, 0x2a000, 0, 0, 0, 0]).to_vec();
        assert_eq!(arguments(openat, Some(&detail))[..2], ["AT_FDCWD", "0x2a000"]);
        picture::add(&mut detail, Moment::Before, 0x2a000, |bytes| {
            bytes.extend_from_slice(b"/a\x1b[2J\0rest");
            true
        });
        assert_eq!(arguments(openat, Some(&detail))[1], r#""/a\x1b[2J""#);
        assert_eq!(arguments(openat, None)[0], "0", "nothing is kept");
        assert!(quoted(&[b'x'; 40]).ends_with("x\"..."));
    }

    #[test]
    fn errors_have_a_name_and_a_meaning() {
        assert_eq!(told(-2), "-1 ENOENT (No such file or directory)");
        assert_eq!(told(3), "3");
        assert_eq!(told(0x7f00_0000_0000), "0x7f0000000000");
    }
}
