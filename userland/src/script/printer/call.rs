//! One system call as text: its name, the arguments that are known when it begins, those that are known when it
//! ends, and its result.

use super::descriptors::Names;
use super::style::Style;
use super::value::{Reader, Shown};
use super::{clone, finish, interruption};
use oscope_kernel::abi::call::{self, Call, Kind, ResultKind};
use oscope_kernel::abi::flags::hex;
use oscope_kernel::abi::{Restart, nr};
use oscope_kernel::event::{CallEvent, Log, Picture};
use std::borrow::Cow;

/// A call in strace's words. Put together as `name(before after) = result`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallText {
    /// The name, as the call table has it.
    pub name: Cow<'static, str>,
    /// What strace prints when the call begins, after the opening bracket. If arguments follow, the comma is
    /// part of it.
    pub before: String,
    /// What it prints when the call ends, up to the closing bracket.
    pub after: String,
    /// What stands behind the equals sign; empty for a call that is not over.
    pub result: String,
    /// Whether arguments are still to come when the call begins.
    pub is_open: bool,
}

impl CallText {
    /// The text of an event of a call. `sequence` is the number of its record in the log.
    #[must_use]
    pub fn of(log: &Log, sequence: u64, event: &CallEvent, style: &Style) -> Self {
        let (CallEvent::Wait { detail, .. }
        | CallEvent::Interrupted { detail, .. }
        | CallEvent::Done { detail, .. }) = *event;
        Self::with(event, log.bytes(sequence, detail), style)
    }

    /// The same, with what the log keeps beside the record, for who has that and not the log.
    #[must_use]
    pub fn with(event: &CallEvent, detail: &[u8], style: &Style) -> Self {
        Self::named(event, detail, style, None)
    }

    /// The same, with what descriptors stand for.
    #[must_use]
    pub(super) fn named(
        event: &CallEvent,
        detail: &[u8],
        style: &Style,
        names: Option<Names<'_>>,
    ) -> Self {
        let (number, end) = match *event {
            CallEvent::Wait { number, .. } => (number, End::None),
            CallEvent::Interrupted { number, restart, .. } => (number, End::Interrupted(restart)),
            CallEvent::Done { number, result, restart: Some(restart), .. } => {
                (number, End::Ended(restart, result))
            }
            CallEvent::Done { number, result, restart: None, .. } => {
                (number, End::Returned(result))
            }
        };
        text(number, Picture::new(detail), end, (style, names))
    }

    /// What the text of a call that waits would be if a signal ended its wait with a condition.
    #[must_use]
    pub(super) fn interrupted(
        number: u16,
        detail: &[u8],
        restart: Restart,
        (style, names): (&Style, Option<Names<'_>>),
    ) -> Self {
        text(number, Picture::new(detail), End::Interrupted(restart), (style, names))
    }

    /// The whole call on one line, without padding.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { name, before, after, result, .. } = self;
        format!("{name}({before}{after}) = {result}")
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It has not.
    None,
    /// With what the register holds.
    Returned(i64),
    /// A signal ended its wait; it will be made again.
    Interrupted(Restart),
    /// A signal ended its wait for good. The program sees the errno, strace what the kernel meant.
    Ended(Restart, i64),
}

pub(super) fn text(
    number: u16,
    picture: Picture<'_>,
    end: End,
    (style, names): (&Style, Option<Names<'_>>),
) -> CallText {
    let words = picture.words();
    let result = match end {
        End::None | End::Interrupted(_) => None,
        End::Returned(result) | End::Ended(_, result) => Some(result),
    };
    let Some(call) = call::lookup(number) else {
        // strace: a number that has no name.
        let words: Vec<String> = words.iter().map(|&word| hex(word)).collect();
        return CallText {
            name: format!("syscall_{number:#x}").into(),
            before: words.join(", "),
            after: String::new(),
            result: result.map_or_else(String::new, |value| finish::plain(value, ResultKind::Int)),
            is_open: false,
        };
    };
    let reader = Reader { picture, words, number, result, style, names };
    let (before, after, is_open) =
        if style.raw.contains(number) { raw(call, &words) } else { arguments(call, &reader) };
    let result = match end {
        End::None => String::new(),
        End::Returned(value) => finish::result(call, &reader, value),
        End::Interrupted(restart) => interruption::text(number, &words, restart, None),
        End::Ended(restart, result) => interruption::text(number, &words, restart, Some(result)),
    };
    CallText { name: call.name.into(), before, after, result, is_open }
}

fn raw(call: &Call, words: &[u64; 6]) -> (String, String, bool) {
    let shown: Vec<String> = words.iter().take(call.arguments.len()).map(|&w| hex(w)).collect();
    (shown.join(", "), String::new(), false)
}

/// The arguments: those known at the beginning, those known at the end, and whether there are any of these.
fn arguments(call: &Call, reader: &Reader<'_>) -> (String, String, bool) {
    if call.number == nr::RT_SIGRETURN {
        return (finish::signal_frame(&reader.words), String::new(), false);
    }
    let mut order: Vec<usize> = (0..call.arguments.len()).collect();
    let is_clone = call.number == nr::CLONE;
    if is_clone {
        order.swap(0, 1);
    }
    let (mut before, mut after) = (String::new(), String::new());
    let (mut is_first, mut is_open) = (true, false);
    for at in order {
        let Some(Shown { text, is_late, joins }) = reader.argument(at, &call.arguments[at].kind)
        else {
            continue;
        };
        if call.number == nr::CLONE3 && at == 0 && clone::has_results(reader, reader.words[0]) {
            before.push_str(&text);
            after.push_str(&clone::after(reader, reader.words[0]));
            (is_first, is_open) = (false, true);
            continue;
        }
        let comma = if is_first || joins { "" } else { ", " };
        is_first = false;
        // What is known early stands late behind what is known late.
        if is_late && !is_open {
            is_open = true;
            // strace prints the comma before it stops to wait, but for clone's optional words.
            if is_clone {
                after.push_str(comma);
            } else {
                before.push_str(comma);
            }
            after.push_str(&text);
        } else if is_open {
            after.push_str(comma);
            after.push_str(&text);
        } else {
            before.push_str(comma);
            before.push_str(&text);
        }
    }
    (before, after, is_open)
}

/// Whether strace can print a kind's argument only when the call is over.
pub(super) fn is_late(kind: &Kind, words: &[u64; 6]) -> bool {
    use oscope_kernel::abi::call::Direction::{InOut, Out};
    use oscope_kernel::abi::call::extent::{self, Extent};
    match kind {
        // Printed at once; what comes out stands behind the result.
        Kind::PollFds | Kind::FdSet | Kind::Timespec(InOut) | Kind::CloneArguments => false,
        Kind::Struct(..) => false,
        Kind::FcntlArgument | Kind::IoctlArgument | Kind::PrctlArgument => {
            extent::after(kind, 1, words, 0, &mut |_| 0) != Extent::Nothing
                || extent::after(kind, 2, words, 0, &mut |_| 0) != Extent::Nothing
        }
        Kind::CloneWord { .. } => true,
        _ => matches!(kind.direction(), Out | InOut),
    }
}
