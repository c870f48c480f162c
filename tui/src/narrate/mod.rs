//! What happened, as sentences made from typed events: in English and in Korean.
//!
//! A typical sequence: [`crate::steps`] groups records into a visible change, [`tell`] looks the records up in the
//! trace, and the language's own module makes one sentence of them.

mod en;
mod ko;
pub mod network;

use crate::lang::Lang;
use crate::steps::Step;
use crate::trace::{Doing, Trace, Track};
use oscope_kernel::base::{Serial, Time};
use oscope_kernel::event::{Record, Wait};

/// A task as sentences call it: `B (blink)`.
#[must_use]
pub fn who(lang: Lang, trace: &Trace, serial: Serial, time: Time) -> String {
    match lang {
        Lang::En => en::who(trace, serial, time),
        Lang::Ko => ko::who(trace, serial, time),
    }
}

/// One sentence on a visible change.
#[must_use]
pub fn tell(lang: Lang, trace: &Trace, step: &Step) -> String {
    match lang {
        Lang::En => en::tell(trace, step),
        Lang::Ko => ko::tell(trace, step),
    }
}

/// What one record says, without the time and the full stop.
#[must_use]
pub fn tell_record(lang: Lang, trace: &Trace, record: &Record) -> String {
    match lang {
        Lang::En => en::tell_record(trace, record),
        Lang::Ko => ko::tell_record(trace, record),
    }
}

/// A single record, with its time and number.
#[must_use]
pub fn tell_event(lang: Lang, trace: &Trace, number: u64, record: &Record) -> String {
    match lang {
        Lang::En => en::tell_event(trace, number, record),
        Lang::Ko => {
            let time = record.stamp.time;
            format!("사건 {number}, {time}: {}.", ko::tell_record(trace, record))
        }
    }
}

/// What somebody waits for, in a word.
#[must_use]
pub fn waits_for(lang: Lang, wait: Wait) -> &'static str {
    match lang {
        Lang::En => en::waits_for(wait),
        Lang::Ko => ko::waits_for(wait),
    }
}

/// A task's state in a few words, as at the end of its lane.
#[must_use]
pub fn state(lang: Lang, doing: Option<Doing>) -> String {
    match lang {
        Lang::En => en::state(doing),
        Lang::Ko => ko::state(doing),
    }
}

/// One sentence on what a task does at a moment, and since when.
#[must_use]
pub fn tell_task_now(lang: Lang, track: &Track, time: Time) -> String {
    match lang {
        Lang::En => en::tell_task_now(track, time),
        Lang::Ko => ko::tell_task_now(track, time),
    }
}
