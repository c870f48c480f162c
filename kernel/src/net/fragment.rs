//! Fragments: packets that were cut because a cable takes no longer frames, and how they become whole again
//! (RFC 791 §3.2, RFC 815).

use crate::base::{Duration, Time};
use crate::event::EventId;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// How long the fragments of a packet wait for each other (Linux' `ipfrag_time`).
pub const PATIENCE: Duration = Duration::seconds(30);
/// Most packets that are being put together.
const MAX_PACKETS: usize = 64;
/// Most fragments of a packet.
const MAX_PIECES: usize = 64;

/// What fragments of one packet agree in: from, to, protocol and number.
pub type Key = (Ipv4Addr, Ipv4Addr, u8, u16);

/// A packet of which some fragments are here.
#[derive(Clone, Debug, Hash)]
struct Partial {
    /// Where they belong, and their bytes. They do not overlap.
    pieces: BTreeMap<usize, Vec<u8>>,
    /// How long the packet is, once the last fragment has come.
    total: Option<usize>,
    until: Time,
    cause: EventId,
}

/// All packets that are being put together.
#[derive(Clone, Debug, Default, Hash)]
pub struct Fragments(BTreeMap<Key, Partial>);

/// One fragment.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// Where it belongs in the packet, in bytes.
    pub offset: usize,
    /// Whether others follow behind it.
    pub more: bool,
    /// Its bytes.
    pub bytes: &'a [u8],
}

impl Fragments {
    /// Takes a fragment. Returns the packet's bytes when all are there. One that overlaps another is an attack and
    /// makes all of them void (RFC 5722 for IPv6; Linux does so for IPv4 as well).
    pub fn take(
        &mut self,
        key: Key,
        piece: Piece<'_>,
        (now, cause): (Time, EventId),
    ) -> Option<Vec<u8>> {
        let Piece { offset, more, bytes } = piece;
        let end = offset + bytes.len();
        if bytes.is_empty() || end > usize::from(u16::MAX) || (more && bytes.len() % 8 != 0) {
            return None;
        }
        if !self.0.contains_key(&key) && self.0.len() >= MAX_PACKETS {
            let oldest = self.0.iter().min_by_key(|(_, partial)| partial.until)?.0;
            let oldest = *oldest;
            self.0.remove(&oldest);
        }
        let partial = self.0.entry(key).or_insert_with(|| Partial {
            pieces: BTreeMap::new(),
            total: None,
            until: now + PATIENCE,
            cause,
        });
        let before = partial.pieces.range(..=offset).next_back();
        let overlaps = before.is_some_and(|(at, piece)| at + piece.len() > offset)
            || partial.pieces.range(offset..end).next().is_some();
        if overlaps || partial.pieces.len() >= MAX_PIECES {
            self.0.remove(&key);
            return None;
        }
        partial.pieces.insert(offset, bytes.to_vec());
        if !more {
            partial.total = Some(end);
        }
        let have: usize = partial.pieces.values().map(Vec::len).sum();
        if partial.total != Some(have) {
            return None;
        }
        let partial = self.0.remove(&key)?;
        Some(partial.pieces.into_values().flatten().collect())
    }

    /// When the next packet is given up.
    #[must_use]
    pub fn next_timer(&self) -> Option<Time> {
        self.0.values().map(|partial| partial.until).min()
    }

    /// Gives up packets whose time is over. Returns how many.
    pub fn give_up(&mut self, now: Time) -> usize {
        let before = self.0.len();
        self.0.retain(|_, partial| partial.until > now);
        before - self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::{Fragments, Key, PATIENCE, Piece};
    use crate::base::Time;
    use crate::event::EventId;
    use std::net::Ipv4Addr;

    const KEY: Key = (Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST, 17, 7);
    const NOW: (Time, EventId) = (Time::ZERO, EventId::NONE);

    fn piece(offset: usize, more: bool, bytes: &[u8]) -> Piece<'_> {
        Piece { offset, more, bytes }
    }

    #[test]
    fn fragments_come_together_in_any_order() {
        let mut fragments = Fragments::default();
        assert_eq!(fragments.take(KEY, piece(16, false, b"end"), NOW), None);
        assert_eq!(fragments.take(KEY, piece(0, true, b"01234567"), NOW), None);
        let whole = fragments.take(KEY, piece(8, true, b"89abcdef"), NOW);
        assert_eq!(whole.as_deref(), Some(&b"0123456789abcdefend"[..]));
        assert_eq!(fragments.next_timer(), None);
    }

    #[test]
    fn overlaps_and_nonsense_make_nothing() {
        let mut fragments = Fragments::default();
        assert_eq!(fragments.take(KEY, piece(0, true, b"01234567"), NOW), None);
        assert_eq!(fragments.take(KEY, piece(0, false, b"0123456789"), NOW), None);
        assert_eq!(fragments.take(KEY, piece(0, true, b"odd"), NOW), None);
        assert_eq!(fragments.take(KEY, piece(65_528, false, b"too far away"), NOW), None);
        assert_eq!(fragments.take(KEY, piece(8, false, b"89"), NOW), None);
        assert_eq!(fragments.give_up(Time::ZERO + PATIENCE), 1);
    }
}
