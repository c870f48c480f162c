//! A queue of bytes that remembers who put them in: what pipes and sockets hold.
//!
//! Programs know nothing of requests. The kernel follows one all the same, because stretches of bytes carry the
//! event that wrote them and the request that it served; whoever reads them goes on because of that.

use super::EventId;
use crate::base::RequestId;
use std::collections::VecDeque;

/// Who wrote a stretch of bytes: it ends where `until` bytes have gone through the queue.
#[derive(Clone, Copy, Debug, Hash)]
struct Tag {
    until: u64,
    cause: EventId,
    request: RequestId,
}

/// Bytes in order, with who wrote them.
#[derive(Clone, Debug, Default, Hash)]
pub struct Tagged {
    bytes: VecDeque<u8>,
    tags: VecDeque<Tag>,
    /// How many bytes were ever put in.
    written: u64,
}

impl Tagged {
    /// How many bytes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Puts bytes in at the end, on behalf of somebody.
    pub fn push(&mut self, bytes: &[u8], cause: EventId, request: RequestId) {
        if bytes.is_empty() {
            return;
        }
        self.bytes.extend(bytes);
        self.written += bytes.len() as u64;
        let until = self.written;
        match self.tags.back_mut() {
            Some(last) if last.cause == cause && last.request == request => last.until = until,
            _ => self.tags.push_back(Tag { until, cause, request }),
        }
    }

    /// Copies what stands from byte `from` on, and leaves it there. Returns how many bytes there were to copy.
    pub fn copy(&self, from: usize, into: &mut [u8]) -> usize {
        let (front, back) = self.bytes.as_slices();
        // The ring's memory is one or two stretches.
        let first = front.get(from..).unwrap_or_default();
        let second = back.get(from.saturating_sub(front.len())..).unwrap_or_default();
        let count = first.len().min(into.len());
        into[..count].copy_from_slice(&first[..count]);
        let more = second.len().min(into.len() - count);
        into[count..count + more].copy_from_slice(&second[..more]);
        count + more
    }

    /// Takes `count` bytes out. Returns who wrote the last of them, and for which request.
    pub fn take(&mut self, count: usize) -> Option<(EventId, RequestId)> {
        let count = count.min(self.len());
        self.bytes.drain(..count);
        let read = self.written - self.len() as u64;
        let mut last = None;
        let mut from = read - count as u64;
        while let Some(tag) = self.tags.front().filter(|_| from < read) {
            last = Some((tag.cause, tag.request));
            from = tag.until;
            if tag.until <= read {
                self.tags.pop_front();
            }
        }
        last
    }

    /// Who wrote byte number `at`, and for which request.
    #[must_use]
    pub fn writer(&self, at: usize) -> Option<(EventId, RequestId)> {
        let read = self.written - self.len() as u64;
        let place = read + at as u64;
        let found = self.tags.iter().find(|tag| tag.until > place)?;
        Some((found.cause, found.request))
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.bytes = VecDeque::new();
        self.tags = VecDeque::new();
        self.written = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::Tagged;
    use crate::base::{MachineId, RequestId};
    use crate::event::EventId;

    fn event(n: u64) -> EventId {
        EventId::new(MachineId(0), n)
    }

    #[test]
    fn bytes_come_out_as_they_went_in_and_say_who_wrote_them() {
        let mut queue = Tagged::default();
        queue.push(b"abc", event(1), RequestId(1));
        queue.push(b"de", event(2), RequestId(2));
        let mut bytes = [0; 4];
        assert_eq!(queue.copy(0, &mut bytes), 4);
        assert_eq!(&bytes, b"abcd");
        assert_eq!(queue.copy(3, &mut bytes), 2);
        assert_eq!(&bytes[..2], b"de");
        assert_eq!(queue.writer(2), Some((event(1), RequestId(1))));
        assert_eq!(queue.writer(3), Some((event(2), RequestId(2))));
        assert_eq!(queue.take(2), Some((event(1), RequestId(1))));
        assert_eq!(queue.take(2), Some((event(2), RequestId(2))), "of the last byte");
        assert_eq!(queue.take(9), Some((event(2), RequestId(2))));
        assert_eq!(queue.take(9), None);
    }

    #[test]
    fn a_copy_crosses_the_end_of_the_ring() {
        let mut queue = Tagged::default();
        queue.push(&[1; 10], event(1), RequestId::NONE);
        queue.take(9);
        for n in 0..7 {
            queue.push(&[n; 3], event(1), RequestId::NONE);
        }
        let (mut all, mut late) = ([0; 22], [0; 5]);
        assert_eq!(queue.copy(0, &mut all), 22);
        for from in 0..17 {
            assert_eq!(queue.copy(from, &mut late), 5);
            assert_eq!(late, all[from..from + 5], "from {from}");
        }
        assert_eq!(queue.copy(22, &mut late), 0);
        assert_eq!(queue.copy(99, &mut late), 0);
    }
}
