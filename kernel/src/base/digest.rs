//! One number for a whole state.
//!
//! Two machines are "the same" when their digests are. State derives [`Hash`] over ordered containers
//! only, and is fed to this hasher, whose arithmetic is fixed here (the standard library's own hasher is
//! unspecified across releases). Integers are taken by value, so a digest does not depend on the host's
//! byte order or word size.
//!
//! The mixing step is the folded multiply of wyhash (Wang Yi, 2019). It is no cryptographic hash: it
//! finds accidents, not forgeries.

use std::hash::{Hash, Hasher};

/// Feeds state into a 64-bit digest.
#[derive(Clone, Debug)]
pub struct Digester {
    state: u64,
}

impl Default for Digester {
    fn default() -> Self {
        Self { state: 0x2d35_8dcc_aa6c_78a5 }
    }
}

impl Digester {
    /// The digest of one value.
    #[must_use]
    pub fn of<T: Hash + ?Sized>(value: &T) -> u64 {
        let mut digester = Self::default();
        value.hash(&mut digester);
        digester.finish()
    }

    fn mix(&mut self, word: u64) {
        let product = u128::from(self.state ^ word) * u128::from(word ^ 0x8bb8_4b93_962e_acc9);
        // The rotation keeps a word that makes the product zero from erasing what came before.
        self.state = (product as u64 ^ (product >> 64) as u64) ^ self.state.rotate_left(23);
    }
}

impl Hasher for Digester {
    fn write(&mut self, bytes: &[u8]) {
        let mut words = bytes.chunks_exact(8);
        for word in &mut words {
            self.mix(word.iter().rev().fold(0, |w, &b| w << 8 | u64::from(b)));
        }
        let rest = words.remainder();
        if !rest.is_empty() {
            self.mix(rest.iter().rev().fold(rest.len() as u64, |w, &b| w << 8 | u64::from(b)));
        }
    }
    fn write_u8(&mut self, n: u8) {
        self.mix(u64::from(n));
    }
    fn write_u16(&mut self, n: u16) {
        self.mix(u64::from(n));
    }
    fn write_u32(&mut self, n: u32) {
        self.mix(u64::from(n));
    }
    fn write_u64(&mut self, n: u64) {
        self.mix(n);
    }
    fn write_u128(&mut self, n: u128) {
        self.mix(n as u64);
        self.mix((n >> 64) as u64);
    }
    fn write_usize(&mut self, n: usize) {
        self.mix(n as u64);
    }
    fn write_isize(&mut self, n: isize) {
        self.mix(n as i64 as u64);
    }
    fn finish(&self) -> u64 {
        let product = u128::from(self.state) * 0xa076_1d64_78bd_642f;
        product as u64 ^ (product >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::Digester;

    #[test]
    fn the_digest_is_the_same_for_ever() {
        assert_eq!(Digester::of(&(1u32, 2u8, [7u64; 3])), 6897351377144238158);
    }

    #[test]
    fn order_and_length_matter() {
        assert_ne!(Digester::of(&[1u8, 2][..]), Digester::of(&[2u8, 1][..]));
        assert_ne!(Digester::of(&[0u8][..]), Digester::of(&[0u8, 0][..]));
        assert_ne!(Digester::of(&("a", "bc")), Digester::of(&("ab", "c")));
    }
}
