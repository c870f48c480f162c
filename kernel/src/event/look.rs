//! Looking behind the pointers of a call, as a tracer would, and keeping what is seen as a [`picture`].
//!
//! How far to look says [`extent`]. Whose memory it is does not matter here: the emulated machine's, or that of a
//! process of the host.

use super::picture::{self, Moment};
use crate::abi::call::Kind;
use crate::abi::call::extent::{self, Extent, LIST_LIMIT, TEXT_LIMIT};
use crate::abi::flags::CloneFlags;
use crate::abi::types::Iovec;
use crate::abi::{Errno, SignalSet};

/// Bytes in a page: so long may a list of pointers be.
const PAGE: usize = 4096;

/// Appends bytes of memory; `false` if not all of them can be read.
fn read(
    peek: &impl Fn(u64, usize, &mut Vec<u8>) -> usize,
    address: u64,
    length: usize,
    bytes: &mut Vec<u8>,
) -> bool {
    let mut done = 0;
    while done < length {
        let Some(at) = address.checked_add(done as u64) else { return false };
        match peek(at, length - done, bytes) {
            0 => return false,
            part => done += part,
        }
    }
    true
}

/// Looks at memory and writes down what it sees.
///
/// `peek` appends up to so many bytes from an address on, as many as it can see at a time, and returns how many; 0
/// if there is nothing to be seen.
pub struct Eye<'a, P> {
    peek: P,
    moment: Moment,
    regions: &'a mut Vec<u8>,
}

impl<'a, P: Fn(u64, usize, &mut Vec<u8>) -> usize> Eye<'a, P> {
    /// One that adds to the regions of a picture.
    pub fn new(peek: P, moment: Moment, regions: &'a mut Vec<u8>) -> Self {
        Self { peek, moment, regions }
    }

    /// Looks at what came out through an argument of a call that has ended.
    pub fn follow_after(&mut self, kind: &Kind, at: usize, words: &[u64; 6], result: i64) {
        // What is left of a sleep comes out if the call fails in one way; all else if it does not fail.
        let came_out = match Errno::from_result(result) {
            None => *kind != Kind::Remaining,
            Some(errno) => *kind == Kind::Remaining && errno == Errno::EINTR,
        };
        if came_out {
            let mut pointee = |address| self.word(address, 4).unwrap_or(0);
            let result = result.cast_unsigned();
            let extent = extent::after(kind, at, words, result, &mut pointee);
            self.follow(words[at], extent);
        }
    }

    /// Looks as far as is said behind a pointer.
    pub fn follow(&mut self, address: u64, extent: Extent) {
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
        let mut bytes = Vec::new();
        read(&self.peek, address, width, &mut bytes)
            .then(|| bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)))
    }

    /// A region of known length, whole or not at all.
    fn bytes(&mut self, address: u64, length: u64) {
        let peek = &self.peek;
        picture::add(self.regions, self.moment, address, |bytes| {
            read(peek, address, length as usize, bytes)
        });
    }

    /// A string with its zero byte. One without, or longer than the limit, is cut.
    fn text(&mut self, address: u64, limit: u64) {
        let peek = &self.peek;
        picture::add(self.regions, self.moment, address, |bytes| {
            let start = bytes.len();
            let mut rest = limit as usize + 1;
            let mut at = address;
            while rest > 0 {
                let seen = bytes.len();
                // A string is short: there is no need to look at the whole page at once.
                let part = peek(at, rest.min(64), bytes);
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
        let peek = &self.peek;
        let most = PAGE / 8;
        picture::add(self.regions, self.moment, list, |bytes| {
            for n in 0..most {
                let start = bytes.len();
                let Some(at) = list.checked_add(n as u64 * 8) else { return false };
                if !read(peek, at, 8, bytes) {
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
