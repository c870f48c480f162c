//! The journal of a program: what it was answered, in order.
//!
//! It is append-only. Saving a program freezes what there is into a segment that copies share by reference
//! count, so that fork and keyframes cost nothing per answer. Neighbouring segments of about the same size
//! are joined, as in a log-structured merge tree, so that there are never many.

use oscope_kernel::abi::program::SignalFrame;
use oscope_kernel::abi::types::SigInfo;
use std::sync::Arc;

/// One answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// A number, and a check on what was asked.
    Value {
        /// What identifies the question.
        check: u32,
        /// The answer.
        value: u64,
    },
    /// Bytes, which stand in the segment's own store.
    Bytes {
        /// What identifies the question.
        check: u32,
        /// How many.
        length: u32,
        /// Where they begin.
        offset: u32,
    },
    /// A signal handler was called here.
    Signal {
        /// The signal.
        signal: u8,
        /// The handler's address.
        handler: u32,
        /// What it was told, if it asked for that: where that begins in the segment's own store.
        info: Option<u32>,
    },
}

/// A run of answers.
#[derive(Clone, Debug, Default)]
struct Segment {
    entries: Vec<Entry>,
    bytes: Vec<u8>,
}

/// All answers since the program's start, or since it rebased.
#[derive(Clone, Debug, Default)]
pub(super) struct Journal {
    sealed: Vec<Arc<Segment>>,
    tail: Segment,
    sealed_length: usize,
    bytes: usize,
}

/// A place in a journal that is being read again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cursor {
    segment: usize,
    entry: usize,
}

impl Journal {
    pub(super) fn len(&self) -> usize {
        self.sealed_length + self.tail.entries.len()
    }

    /// How many bytes of answers it holds besides the numbers.
    pub(super) fn byte_length(&self) -> usize {
        self.bytes
    }

    #[inline]
    pub(super) fn push(&mut self, entry: Entry) {
        self.tail.entries.push(entry);
    }

    pub(super) fn push_bytes(&mut self, check: u32, bytes: &[u8]) {
        let offset = self.tail.bytes.len() as u32;
        self.tail.bytes.extend_from_slice(bytes);
        self.bytes += bytes.len();
        self.push(Entry::Bytes { check, length: bytes.len() as u32, offset });
    }

    /// A handler is called, with what it is told.
    pub(super) fn push_signal(&mut self, frame: &SignalFrame) {
        let info = frame.info.map(|info| {
            let offset = self.tail.bytes.len() as u32;
            self.tail.bytes.extend_from_slice(&info.to_bytes());
            self.bytes += SigInfo::SIZE;
            offset
        });
        self.push(Entry::Signal { signal: frame.signal, handler: frame.handler as u32, info });
    }

    /// The frame of an entry for a signal that was found at a cursor; `None` for other entries.
    pub(super) fn frame(&self, cursor: Cursor, entry: Entry) -> Option<SignalFrame> {
        let Entry::Signal { signal, handler, info } = entry else { return None };
        let info = info.and_then(|offset| {
            let bytes = self.bytes(cursor, offset, SigInfo::SIZE as u32);
            Some(SigInfo::from_bytes(bytes.try_into().ok()?))
        });
        Some(SignalFrame { handler: u64::from(handler), signal, info })
    }

    /// Freezes the tail, so that a clone shares everything.
    pub(super) fn seal(&mut self) {
        if self.tail.entries.is_empty() {
            return;
        }
        self.sealed_length += self.tail.entries.len();
        let mut last = std::mem::take(&mut self.tail);
        while let Some(previous) = self.sealed.last()
            && previous.entries.len() <= last.entries.len() * 2
        {
            let mut joined = (**previous).clone();
            let shift = joined.bytes.len() as u32;
            joined.bytes.append(&mut last.bytes);
            joined.entries.extend(last.entries.iter().map(|entry| match *entry {
                Entry::Bytes { check, length, offset } => {
                    Entry::Bytes { check, length, offset: offset + shift }
                }
                Entry::Signal { signal, handler, info } => {
                    Entry::Signal { signal, handler, info: info.map(|offset| offset + shift) }
                }
                value @ Entry::Value { .. } => value,
            }));
            self.sealed.pop();
            last = joined;
        }
        self.sealed.push(Arc::new(last));
    }

    fn segment(&self, at: usize) -> &Segment {
        self.sealed.get(at).map_or(&self.tail, |sealed| sealed)
    }

    /// The entry at a cursor; `None` at the end.
    pub(super) fn get(&self, cursor: &mut Cursor) -> Option<Entry> {
        while cursor.segment < self.sealed.len()
            && cursor.entry >= self.sealed[cursor.segment].entries.len()
        {
            *cursor = Cursor { segment: cursor.segment + 1, entry: 0 };
        }
        self.segment(cursor.segment).entries.get(cursor.entry).copied()
    }

    /// Goes past the entry at a cursor.
    pub(super) fn step(cursor: &mut Cursor) {
        cursor.entry += 1;
    }

    /// The bytes of an entry that was found at a cursor.
    pub(super) fn bytes(&self, cursor: Cursor, offset: u32, length: u32) -> &[u8] {
        let from = offset as usize;
        self.segment(cursor.segment).bytes.get(from..from + length as usize).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{Cursor, Entry, Journal};

    #[test]
    fn sealing_keeps_every_entry_and_few_segments() {
        let mut journal = Journal::default();
        for n in 0..1000u64 {
            if n % 3 == 0 {
                journal.push_bytes(7, &n.to_le_bytes());
            } else {
                journal.push(Entry::Value { check: 7, value: n });
            }
            journal.seal();
        }
        assert!(journal.sealed.len() < 16, "{} segments", journal.sealed.len());
        let mut cursor = Cursor::default();
        for n in 0..1000u64 {
            match journal.get(&mut cursor) {
                Some(Entry::Value { value, .. }) => assert_eq!(value, n),
                Some(Entry::Bytes { offset, length, .. }) => {
                    assert_eq!(journal.bytes(cursor, offset, length), n.to_le_bytes());
                }
                other => panic!("entry {n}: {other:?}"),
            }
            Journal::step(&mut cursor);
        }
        assert_eq!(journal.get(&mut cursor), None);
        assert_eq!(journal.len(), 1000);
    }
}
