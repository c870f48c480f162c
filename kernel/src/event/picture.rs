//! A call's arguments as they stand beside its record: six words, and a picture of the memory behind them.
//!
//! The picture is a list of regions. Each says when it was taken, where it lies in the program's memory,
//! and what stood there. Whoever prints a call reads it like memory: what is not in the picture could
//! not be read, or was not looked at. (strace does the same on a living process, with process_vm_readv(2).)
//!
//! The bytes: six words of 8 bytes; then for each region a word of 8 (the address, with the top bit set if it
//! was taken after the call), a word of 4 (the length) and the bytes. All little-endian.

/// When a region was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Moment {
    /// Before the handler ran: what goes in.
    Before,
    /// After it: what came out.
    After,
}

/// User addresses have 38 bits (Sv39), so the top bit is free.
const AFTER: u64 = 1 << 63;
const WORDS: usize = 48;
const HEAD: usize = 12;

/// The bytes of six words.
#[inline]
#[must_use]
pub fn words(arguments: &[u64; 6]) -> [u8; WORDS] {
    let mut bytes = [0; WORDS];
    for (place, word) in bytes.chunks_exact_mut(8).zip(arguments) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

/// Appends a region to a list of them; `fill` appends its bytes. An empty one that `fill` calls unreadable is left
/// out.
pub fn add(
    regions: &mut Vec<u8>,
    moment: Moment,
    address: u64,
    fill: impl FnOnce(&mut Vec<u8>) -> bool,
) -> bool {
    let start = regions.len();
    let flag = if moment == Moment::After { AFTER } else { 0 };
    regions.extend_from_slice(&(address | flag).to_le_bytes());
    regions.extend_from_slice(&[0; 4]);
    if !fill(regions) {
        regions.truncate(start);
        return false;
    }
    let length = (regions.len() - start - HEAD) as u32;
    regions[start + 8..start + HEAD].copy_from_slice(&length.to_le_bytes());
    true
}

/// A call's arguments, to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture<'a> {
    bytes: &'a [u8],
}

impl<'a> Picture<'a> {
    /// Reads what stands beside a record.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The six words.
    #[must_use]
    pub fn words(&self) -> [u64; 6] {
        let mut words = [0; 6];
        for (word, bytes) in words.iter_mut().zip(self.bytes.chunks_exact(8)) {
            *word = number(bytes);
        }
        words
    }

    /// Address and bytes of all regions of a moment, in the order in which they were taken.
    pub fn regions(&self, moment: Moment) -> impl Iterator<Item = (u64, &'a [u8])> {
        let mut rest = self.bytes.get(WORDS..).unwrap_or_default();
        std::iter::from_fn(move || {
            let (head, tail) = rest.split_at_checked(HEAD)?;
            let (bytes, tail) = tail.split_at_checked(number(&head[8..]) as usize)?;
            rest = tail;
            Some((number(&head[..8]), bytes))
        })
        .filter(move |(address, _)| (address & AFTER != 0) == (moment == Moment::After))
        .map(|(address, bytes)| (address & !AFTER, bytes))
    }

    /// Everything that is known from an address on, to the end of its region.
    #[must_use]
    pub fn from(&self, moment: Moment, address: u64) -> Option<&'a [u8]> {
        self.regions(moment).find_map(|(start, bytes)| {
            let offset = usize::try_from(address.checked_sub(start)?).ok()?;
            // An empty region is known too: nothing, at its address.
            bytes.get(offset..).filter(|rest| offset == 0 || !rest.is_empty())
        })
    }

    /// So many bytes at an address, if all of them are known.
    #[must_use]
    pub fn at(&self, moment: Moment, address: u64, length: usize) -> Option<&'a [u8]> {
        self.from(moment, address)?.get(..length)
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::{Moment, Picture, add, words};

    #[test]
    fn memory_is_found_by_moment_and_address() {
        let mut bytes = words(&[1, 2, 3, 4, 5, u64::MAX]).to_vec();
        let put = |bytes: &mut Vec<u8>, moment, address, text: &[u8]| {
            add(bytes, moment, address, |bytes| {
                bytes.extend_from_slice(text);
                true
            })
        };
        put(&mut bytes, Moment::Before, 0x1000, b"hello");
        put(&mut bytes, Moment::After, 0x1000, b"HELLO");
        put(&mut bytes, Moment::Before, 0x2000, b"");
        assert!(!add(&mut bytes, Moment::Before, 0x3000, |_| false));
        let picture = Picture::new(&bytes);
        assert_eq!(picture.words(), [1, 2, 3, 4, 5, u64::MAX]);
        assert_eq!(picture.at(Moment::Before, 0x1001, 3), Some(&b"ell"[..]));
        assert_eq!(picture.at(Moment::After, 0x1000, 5), Some(&b"HELLO"[..]));
        assert_eq!(picture.at(Moment::Before, 0x1001, 5), None);
        assert_eq!(picture.at(Moment::Before, 0x2000, 0), Some(&b""[..]));
        assert_eq!(picture.from(Moment::Before, 0x3000), None);
        assert_eq!(picture.from(Moment::Before, 0x1005), None);
    }

    #[test]
    fn broken_bytes_are_no_picture_and_no_panic() {
        let mut bytes = words(&[0; 6]).to_vec();
        bytes.extend_from_slice(&[0xff; 30]);
        for length in 0..bytes.len() {
            let picture = Picture::new(&bytes[..length]);
            assert_eq!(picture.regions(Moment::After).count(), 0);
            assert_eq!(picture.from(Moment::Before, 0), None);
        }
    }
}
