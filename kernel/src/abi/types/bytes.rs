//! Taking structures apart and putting them together, one little-endian field after the other.

/// Reads fields from the front of a byte string. Past its end everything is zero, so that no length
/// can make it fail; the structures hand in arrays of their exact size.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next `N` bytes, zeros where there are none left.
    pub(super) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut taken = [0; N];
        let (now, rest) = self.rest.split_at(N.min(self.rest.len()));
        for (place, byte) in taken.iter_mut().zip(now) {
            *place = *byte;
        }
        self.rest = rest;
        taken
    }

    pub(super) fn u8(&mut self) -> u8 {
        u8::from_le_bytes(self.bytes())
    }

    pub(super) fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.bytes())
    }

    pub(super) fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.bytes())
    }

    pub(super) fn i32(&mut self) -> i32 {
        i32::from_le_bytes(self.bytes())
    }

    pub(super) fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.bytes())
    }

    pub(super) fn i64(&mut self) -> i64 {
        i64::from_le_bytes(self.bytes())
    }
}

/// Writes fields to the front of an array of `N` bytes, which stays zero where nothing was written.
pub(super) struct Writer<const N: usize> {
    bytes: [u8; N],
    at: usize,
}

impl<const N: usize> Writer<N> {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; N], at: 0 }
    }

    pub(super) fn bytes(mut self, field: &[u8]) -> Self {
        for (place, byte) in self.bytes.iter_mut().skip(self.at).zip(field) {
            *place = *byte;
        }
        self.at += field.len();
        self
    }

    pub(super) fn u8(self, field: u8) -> Self {
        self.bytes(&[field])
    }

    pub(super) fn u16(self, field: u16) -> Self {
        self.bytes(&field.to_le_bytes())
    }

    pub(super) fn u32(self, field: u32) -> Self {
        self.bytes(&field.to_le_bytes())
    }

    pub(super) fn i32(self, field: i32) -> Self {
        self.bytes(&field.to_le_bytes())
    }

    pub(super) fn u64(self, field: u64) -> Self {
        self.bytes(&field.to_le_bytes())
    }

    pub(super) fn i64(self, field: i64) -> Self {
        self.bytes(&field.to_le_bytes())
    }

    pub(super) const fn finish(self) -> [u8; N] {
        self.bytes
    }
}
