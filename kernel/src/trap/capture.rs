//! What a call's pointers point to, for the log: looked at before the call and after it, as a tracer would.
//!
//! What is looked at follows from the kinds in the table of calls alone ([`extent`]); no call is known by name
//! here. Looking changes nothing: no time passes, no page comes in, no translation is remembered.

use crate::abi::call::extent::{self, Extent, LIST_LIMIT, TEXT_LIMIT};
use crate::abi::call::{Argument, Kind, looks, lookup};
use crate::abi::flags::CloneFlags;
use crate::abi::types::Iovec;
use crate::abi::{Errno, SignalSet};
use crate::context::{Cx, Tables, satp_of};
use crate::event::Moment;
use crate::event::picture;
use crate::hw::{Memory, PAGE_SIZE, Satp};
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
    let mut eye = Eye { t, satp, moment: Moment::Before, regions: &mut frame.told.regions };
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
    let errno = Errno::from_result(result);
    let mut pointee = |address| word(&t.memory, satp, address, 4).unwrap_or(0);
    let mut eye = Eye { t, satp, moment: Moment::After, regions: &mut frame.told.regions };
    for (at, Argument { kind, .. }) in arguments(frame.number, mask) {
        // What is left of a sleep comes out if the call fails in one way; all else if it does not fail.
        let came_out = match errno {
            None => *kind != Kind::Remaining,
            Some(errno) => *kind == Kind::Remaining && errno == Errno::EINTR,
        };
        if came_out {
            let extent = extent::after(kind, at, &words, result.cast_unsigned(), &mut pointee);
            eye.follow(words[at], extent);
        }
    }
}

/// The arguments of a call whose bit is set, with their places.
fn arguments(number: u64, mask: u8) -> impl Iterator<Item = (usize, &'static Argument)> {
    let call = u16::try_from(number).ok().and_then(lookup);
    let arguments = call.map_or(&[][..], |call| call.arguments);
    arguments.iter().enumerate().filter(move |(at, _)| mask >> at & 1 != 0)
}

/// A number of `width` bytes in user memory.
fn word(memory: &Memory, satp: Satp, address: u64, width: usize) -> Option<u64> {
    let mut bytes = Vec::new();
    read(memory, satp, address, width, &mut bytes)
        .then(|| bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)))
}

/// Appends bytes of user memory; `false` if not all of them can be read.
fn read(memory: &Memory, satp: Satp, address: u64, length: usize, bytes: &mut Vec<u8>) -> bool {
    let mut done = 0;
    while done < length {
        let Some(at) = address.checked_add(done as u64) else { return false };
        match memory.peek(satp, at, length - done, bytes) {
            0 => return false,
            part => done += part,
        }
    }
    true
}

/// Looks at memory and writes down what it sees.
struct Eye<'a> {
    t: &'a Tables,
    satp: Satp,
    moment: Moment,
    regions: &'a mut Vec<u8>,
}

impl Eye<'_> {
    fn follow(&mut self, address: u64, extent: Extent) {
        if address == 0 {
            return;
        }
        match extent {
            Extent::Nothing => {}
            Extent::Bytes(length) => self.bytes(address, length),
            Extent::Text(limit) => self.text(address, limit),
            Extent::Texts => self.texts(address),
            Extent::SignalSetPack => {
                self.bytes(address, 16);
                if let Some(set) = self.word(address, 8).filter(|set| *set != 0) {
                    self.bytes(set, SignalSet::SIZE as u64);
                }
            }
            Extent::CloneArguments(length) => self.clone_arguments(address, length),
            Extent::Buffers { count, bytes } => self.buffers(address, count, bytes),
            Extent::Message { bytes } => self.message(address, bytes),
        }
    }

    fn word(&self, address: u64, width: usize) -> Option<u64> {
        word(&self.t.memory, self.satp, address, width)
    }

    /// A region of known length, whole or not at all.
    fn bytes(&mut self, address: u64, length: u64) {
        let (memory, satp) = (&self.t.memory, self.satp);
        picture::add(self.regions, self.moment, address, |bytes| {
            read(memory, satp, address, length as usize, bytes)
        });
    }

    /// A string with its zero byte. One without, or longer than the limit, is cut.
    fn text(&mut self, address: u64, limit: u64) {
        let (memory, satp) = (&self.t.memory, self.satp);
        picture::add(self.regions, self.moment, address, |bytes| {
            let start = bytes.len();
            let mut rest = limit as usize + 1;
            let mut at = address;
            while rest > 0 {
                let seen = bytes.len();
                // A string is short: there is no need to look at the whole page at once.
                let part = memory.peek(satp, at, rest.min(64), bytes);
                if let Some(end) = bytes[seen..].iter().position(|&byte| byte == 0) {
                    bytes.truncate(seen + end + 1);
                    return true;
                }
                if part == 0 {
                    break;
                }
                at += part as u64;
                rest -= part;
            }
            bytes.len() > start
        });
    }

    /// Pointers to strings, to the null at the end, and the strings.
    fn texts(&mut self, list: u64) {
        let mut texts = Vec::new();
        let (memory, satp) = (&self.t.memory, self.satp);
        let most = PAGE_SIZE / 8;
        picture::add(self.regions, self.moment, list, |bytes| {
            for n in 0..most {
                let start = bytes.len();
                let Some(at) = list.checked_add(n as u64 * 8) else { return false };
                if !read(memory, satp, at, 8, bytes) {
                    return false;
                }
                let text = bytes[start..].iter().rev().fold(0, |w, &byte| w << 8 | u64::from(byte));
                if text == 0 {
                    break;
                }
                texts.push(text);
            }
            true
        });
        for text in texts.into_iter().take(LIST_LIMIT as usize) {
            self.text(text, TEXT_LIMIT);
        }
    }

    /// A list of buffers, and the first so many bytes of them.
    fn buffers(&mut self, list: u64, count: u64, mut bytes: u64) {
        self.bytes(list, count * Iovec::SIZE as u64);
        for n in 0..count {
            let at = list.saturating_add(n * Iovec::SIZE as u64);
            let (Some(base), Some(length)) = (self.word(at, 8), self.word(at.saturating_add(8), 8))
            else {
                return;
            };
            let part = length.min(bytes);
            bytes -= part;
            if base != 0 && part > 0 {
                self.bytes(base, part);
            }
        }
    }

    /// `struct clone_args`, and after the call the numbers that it asked for: a descriptor at the second word, a thread
    /// at the fourth.
    fn clone_arguments(&mut self, address: u64, length: u64) {
        if self.moment == Moment::Before {
            return self.bytes(address, length);
        }
        let flags = self.word(address, 8).unwrap_or(0);
        for (flag, at) in [(CloneFlags::PIDFD, 8), (CloneFlags::PARENT_SETTID, 24)] {
            let place = self.word(address.saturating_add(at), 8);
            if let Some(place) = place.filter(|_| flags & flag.bits() != 0) {
                self.bytes(place, 4);
            }
        }
    }

    /// `struct msghdr`: name at 0, its length at 8, buffers at 16, their number at 24.
    fn message(&mut self, header: u64, bytes: u64) {
        self.bytes(header, 56);
        let field = |at: u64, width| self.word(header.saturating_add(at), width).unwrap_or(0);
        let (name, length) = (field(0, 8), field(8, 4));
        let (list, count) = (field(16, 8), field(24, 8));
        if name != 0 {
            self.bytes(name, length.min(128));
        }
        if list != 0 {
            self.buffers(list, count.min(LIST_LIMIT), bytes);
        }
    }
}
