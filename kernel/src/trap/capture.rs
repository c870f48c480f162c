//! What a call's pointers point to, for the log: looked at before the call and after it, as a tracer would.
//!
//! What is looked at follows from the kinds in the table of calls alone ([`extent`]); no call is known by name
//! here. Looking changes nothing: no time passes, no page comes in, no translation is remembered.

use crate::abi::call::{Argument, extent, looks, lookup};
use crate::context::{Cx, Tables, satp_of};
use crate::event::Moment;
use crate::event::look::Eye;
use crate::proc::{CallFrame, Tale};

/// Looks at what goes into a call that is about to run. A call that has begun to wait keeps what was seen
/// then.
#[inline]
pub fn before(t: &Tables, cx: &Cx, frame: &mut CallFrame) {
    let (before, _) = looks(frame.number);
    if frame.told.tale == Tale::Interrupted {
        frame.told.tale = Tale::New;
    }
    let is_new = frame.told.tale == Tale::New && (frame.stage, frame.progress) == (0, 0);
    if before != 0 && is_new && cx.engine.log.is_on() {
        look_before(t, cx, frame, before);
    }
}

#[inline(never)]
fn look_before(t: &Tables, cx: &Cx, frame: &mut CallFrame, mask: u8) {
    frame.told.regions.clear();
    let Ok(satp) = satp_of(t, cx.caller) else { return };
    let words = frame.arguments;
    let peek = |address, length, bytes: &mut Vec<u8>| t.memory.peek(satp, address, length, bytes);
    let mut eye = Eye::new(peek, Moment::Before, &mut frame.told.regions);
    for (at, argument) in arguments(frame.number, mask) {
        eye.follow(words[at], extent::before(&argument.kind, at, &words));
    }
}

/// Looks at what came out of a call that ends with this result.
#[inline]
pub fn after(t: &Tables, cx: &Cx, frame: &mut CallFrame, result: i64) {
    let (_, after) = looks(frame.number);
    if after != 0 && cx.engine.log.is_on() {
        look_after(t, cx, frame, after, result);
    }
}

#[inline(never)]
fn look_after(t: &Tables, cx: &Cx, frame: &mut CallFrame, mask: u8, result: i64) {
    let Ok(satp) = satp_of(t, cx.caller) else { return };
    let words = frame.arguments;
    let peek = |address, length, bytes: &mut Vec<u8>| t.memory.peek(satp, address, length, bytes);
    let mut eye = Eye::new(peek, Moment::After, &mut frame.told.regions);
    for (at, Argument { kind, .. }) in arguments(frame.number, mask) {
        eye.follow_after(kind, at, &words, result);
    }
}

/// The arguments of a call whose bit is set, with their places.
fn arguments(number: u64, mask: u8) -> impl Iterator<Item = (usize, &'static Argument)> {
    let call = u16::try_from(number).ok().and_then(lookup);
    let arguments = call.map_or(&[][..], |call| call.arguments);
    arguments.iter().enumerate().filter(move |(at, _)| mask >> at & 1 != 0)
}
