//! The write-ahead log: no page reaches the disk before the record of its change.
//!
//! A record is what one piece of [`work`](super::work) changed, and is valid as a whole or not at all:
//!
//! ```text
//! | length 4 | checksum 4 | its own number 8 | page 4, offset 2, length 2, bytes ... | ...
//! ```
//!
//! Its number (LSN) is its distance in bytes from the first record ever. Records go into a ring in shared memory; whoever
//! commits waits until the ring up to their record is in the file and the file is on the disk. One fsync(2) serves
//! everybody who waits: group commit (Gawlick & Kinkade, 1985; Mohan et al., ARIES, 1992, for the rule of the log).

use super::area::{
    FLUSH_LATCH, FLUSHED_BELL, FLUSHES, HAS_WRITER, LOG_BASE, LOG_BUFFER, LOG_BUFFER_SIZE,
    LOG_FLUSHED, LOG_LATCH, LOG_NEXT, WRITER_BELL,
};
use super::error::Result;
use super::{Db, Files};
use crate::sys::sync::Mutex;
use oscope_kernel::abi::nr;

/// Bytes before a record's changes.
pub(crate) const HEADER: usize = 16;

/// Bytes of a page that became others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) page: u32,
    pub(crate) offset: u16,
    pub(crate) bytes: Vec<u8>,
}

/// CRC-32 as in IEEE 802.3.
pub(crate) fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 }
        })
    })
}

/// A record with this number.
pub(crate) fn record(lsn: u64, changes: &[Change]) -> Vec<u8> {
    let mut bytes = vec![0; 8];
    bytes.extend(lsn.to_le_bytes());
    for change in changes {
        bytes.extend(change.page.to_le_bytes());
        bytes.extend(change.offset.to_le_bytes());
        bytes.extend((change.bytes.len() as u16).to_le_bytes());
        bytes.extend(&change.bytes);
    }
    let length = bytes.len() as u32;
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    let sum = checksum(&bytes[8..]);
    bytes[4..8].copy_from_slice(&sum.to_le_bytes());
    bytes
}

/// The length that a record's first bytes claim.
pub(crate) fn length(head: &[u8]) -> Option<usize> {
    let length = u32::from_le_bytes(head.get(..4)?.try_into().ok()?) as usize;
    (length >= HEADER).then_some(length)
}

/// The changes in a record; `None` if it is not the whole record of that number.
pub(crate) fn changes(bytes: &[u8], lsn: u64) -> Option<Vec<Change>> {
    let sum = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?);
    let number = u64::from_le_bytes(bytes.get(8..16)?.try_into().ok()?);
    if number != lsn || sum != checksum(&bytes[8..]) {
        return None;
    }
    let (mut rest, mut changes) = (&bytes[HEADER..], Vec::new());
    while !rest.is_empty() {
        let (head, tail) = rest.split_at_checked(8)?;
        let page = u32::from_le_bytes(head[..4].try_into().ok()?);
        let offset = u16::from_le_bytes(head[4..6].try_into().ok()?);
        let length = u16::from_le_bytes(head[6..8].try_into().ok()?);
        let (bytes, tail) = tail.split_at_checked(usize::from(length))?;
        changes.push(Change { page, offset, bytes: bytes.to_vec() });
        rest = tail;
    }
    Some(changes)
}

impl Db {
    fn log_latch(&self) -> Mutex {
        Mutex::shared_at(self.area.at(LOG_LATCH))
    }

    /// Puts a record into the ring; the number of what follows it.
    pub(crate) async fn append(&self, changes: &[Change]) -> Result<u64> {
        let Some(files) = self.files else { return Ok(0) };
        let latch = self.log_latch();
        latch.lock(&self.sys).await;
        let result = self.append_latched(files, changes).await;
        latch.unlock(&self.sys).await;
        result
    }

    async fn append_latched(&self, files: Files, changes: &[Change]) -> Result<u64> {
        let (mut next, mut flushed) = (self.word(LOG_NEXT).await, self.word(LOG_FLUSHED).await);
        let bytes = record(next, changes);
        let mut rest = bytes.as_slice();
        // A record may be longer than the ring: then its beginning is on the disk before its end is here, and until
        // that arrives the checksum says that there is no record.
        while !rest.is_empty() {
            if next - flushed == LOG_BUFFER_SIZE {
                self.write_out(files).await?;
                flushed = self.word(LOG_FLUSHED).await;
            }
            let at = next % LOG_BUFFER_SIZE;
            let room = (LOG_BUFFER_SIZE - at).min(LOG_BUFFER_SIZE - (next - flushed)) as usize;
            let (part, later) = rest.split_at(rest.len().min(room));
            self.sys.poke(self.area.at(LOG_BUFFER) + at, part).await;
            next += part.len() as u64;
            self.sys.store(self.area.at(LOG_NEXT), next).await;
            rest = later;
        }
        Ok(next)
    }

    /// Waits until everything before `lsn` is on the disk.
    pub(crate) async fn flush(&self, lsn: u64) -> Result<()> {
        let Some(files) = self.files else { return Ok(()) };
        if self.word(HAS_WRITER).await == 0 {
            if self.word(LOG_FLUSHED).await < lsn {
                self.write_out(files).await?;
            }
            return Ok(());
        }
        loop {
            let bell = self.sys.load32(self.area.at(FLUSHED_BELL)).await;
            if self.word(LOG_FLUSHED).await >= lsn {
                return Ok(());
            }
            self.sys.fetch_add32(self.area.at(WRITER_BELL), 1).await;
            let _ = self.sys.futex_wake_shared(self.area.at(WRITER_BELL), 1).await;
            let _ = self.sys.futex_wait_shared(self.area.at(FLUSHED_BELL), bell).await;
        }
    }

    /// Writes what the ring holds to the file, and the file to the disk.
    pub(crate) async fn write_out(&self, files: Files) -> Result<()> {
        let latch = Mutex::shared_at(self.area.at(FLUSH_LATCH));
        latch.lock(&self.sys).await;
        let result = self.write_out_latched(files).await;
        latch.unlock(&self.sys).await;
        result
    }

    async fn write_out_latched(&self, files: Files) -> Result<()> {
        let (mut from, to) = (self.word(LOG_FLUSHED).await, self.word(LOG_NEXT).await);
        if from == to {
            return Ok(());
        }
        let base = self.word(LOG_BASE).await;
        while from < to {
            let at = from % LOG_BUFFER_SIZE;
            let length = (to - from).min(LOG_BUFFER_SIZE - at);
            let address = self.area.at(LOG_BUFFER) + at;
            from += self.sys.pwrite(files.log, address, length, from - base).await?;
        }
        self.sys.call(nr::FDATASYNC, [files.log, 0, 0, 0, 0, 0]).await?;
        self.count(FLUSHES).await;
        self.sys.store(self.area.at(LOG_FLUSHED), to).await;
        self.sys.fetch_add32(self.area.at(FLUSHED_BELL), 1).await;
        let _ = self.sys.futex_wake_shared(self.area.at(FLUSHED_BELL), i32::MAX as u32).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_whole_or_nothing() {
        let both = [
            Change { page: 3, offset: 40, bytes: vec![1, 2, 3] },
            Change { page: 9, offset: 0, bytes: vec![7; 4096] },
        ];
        let bytes = record(77, &both);
        assert_eq!(length(&bytes), Some(bytes.len()));
        assert_eq!(changes(&bytes, 77).as_deref(), Some(&both[..]));
        assert_eq!(changes(&bytes, 78), None, "another one's number");
        let mut torn = bytes.clone();
        torn[4000] ^= 1;
        assert_eq!(changes(&torn, 77), None);
        assert_eq!(checksum(b"123456789"), 0xcbf4_3926);
    }
}
