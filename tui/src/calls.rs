//! System calls as `strace` prints them, from what the log keeps of them.

use oscope_kernel::abi::{Errno, call};
use oscope_kernel::event::{CallEvent, Event, Record};
use oscope_userland::script::printer::{CallText, Style};

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

/// The call in strace's words.
#[must_use]
pub fn text(record: &Record, detail: Option<&[u8]>) -> Option<CallText> {
    let Event::Call(event) = &record.event else { return None };
    Some(CallText::with(event, detail.unwrap_or_default(), &Style::default()))
}

/// `openat(AT_FDCWD, "/notes", O_RDONLY) = 3`; of a call that begins to wait, `<unfinished ...>` instead of
/// the result.
#[must_use]
pub fn line(record: &Record, detail: Option<&[u8]>) -> Option<String> {
    let text = text(record, detail)?;
    Some(if text.result.is_empty() {
        format!("{}({} <unfinished ...>", text.name, text.before)
    } else {
        text.line()
    })
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
    use super::told;

    #[test]
    fn errors_have_a_name_and_a_meaning() {
        assert_eq!(told(-2), "-1 ENOENT (No such file or directory)");
        assert_eq!(told(3), "3");
        assert_eq!(told(0x7f00_0000_0000), "0x7f0000000000");
    }
}
