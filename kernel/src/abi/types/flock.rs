//! A record lock as programs describe it: `struct flock` (asm-generic/fcntl.h).

use super::{Reader, Writer};

/// What F_GETLK, F_SETLK and F_SETLKW of fcntl(2) are about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flock {
    /// F_RDLCK, F_WRLCK or F_UNLCK.
    pub kind: i16,
    /// Where `start` counts from, as for lseek(2).
    pub whence: i16,
    /// The first byte.
    pub start: i64,
    /// How many bytes; 0: all to the end of the file, wherever that will be.
    pub length: i64,
    /// Who holds the lock, for F_GETLK; -1 for an open file's.
    pub pid: i32,
}

impl Flock {
    /// Size in memory, in bytes.
    pub const SIZE: usize = 32;

    /// Reads the structure as it lies in memory.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::SIZE]) -> Self {
        let mut reader = Reader::new(bytes);
        let (kind, whence) = (reader.u16().cast_signed(), reader.u16().cast_signed());
        let _pad = reader.u32();
        Self { kind, whence, start: reader.i64(), length: reader.i64(), pid: reader.i32() }
    }

    /// The structure as it lies in memory.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        Writer::new()
            .u16(self.kind.cast_unsigned())
            .u16(self.whence.cast_unsigned())
            .u32(0) // padding before a word of 8 bytes
            .i64(self.start)
            .i64(self.length)
            .i32(self.pid)
            .finish()
    }
}
