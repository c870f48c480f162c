//! Sequence numbers: 32 bits that count bytes and wrap around (RFC 9293 §3.4).

use std::ops::{Add, AddAssign, Sub};

/// A place in the stream of bytes. Two of them compare rightly while they are less than 2³¹ apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Seq(pub u32);

impl Seq {
    /// Whether it stands before another place.
    #[must_use]
    pub const fn before(self, other: Self) -> bool {
        (self.0.wrapping_sub(other.0) as i32) < 0
    }

    /// Whether it stands behind another place.
    #[must_use]
    pub const fn after(self, other: Self) -> bool {
        other.before(self)
    }

    /// Whether `from` ≤ it < `to`.
    #[must_use]
    pub const fn is_within(self, from: Self, to: Self) -> bool {
        !self.before(from) && self.before(to)
    }

    /// The later of the two.
    #[must_use]
    pub const fn max(self, other: Self) -> Self {
        if self.before(other) { other } else { self }
    }

    /// The earlier of the two.
    #[must_use]
    pub const fn min(self, other: Self) -> Self {
        if self.before(other) { self } else { other }
    }
}

impl Add<u32> for Seq {
    type Output = Self;
    fn add(self, count: u32) -> Self {
        Self(self.0.wrapping_add(count))
    }
}

impl AddAssign<u32> for Seq {
    fn add_assign(&mut self, count: u32) {
        *self = *self + count;
    }
}

/// How many bytes lie between; 0 if the other place is behind this one.
impl Sub for Seq {
    type Output = u32;
    fn sub(self, other: Self) -> u32 {
        if self.before(other) { 0 } else { self.0.wrapping_sub(other.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::Seq;

    #[test]
    fn the_order_survives_the_turn_of_the_counter() {
        let last = Seq(u32::MAX - 1);
        let first = last + 4;
        assert_eq!(first, Seq(2));
        assert!(last.before(first) && first.after(last) && !first.before(first));
        assert_eq!((first - last, last - first), (4, 0));
        assert!(Seq(0).is_within(last, first) && !first.is_within(last, first));
        assert_eq!((last.max(first), last.min(first)), (first, last));
    }
}
