//! What lies on the disk: pages in `data`, records in `log`, and in `control` where the log begins.
//!
//! A checkpoint writes all changed pages out, then says in `control` that the log begins anew. Recovery reads the log
//! from that place as long as there are whole records, and puts what they say into the pages. It can be done any
//! number of times with the same result, so a power cut during recovery does no harm.

use super::area::{Area, LOG_BASE, LOG_FLUSHED, LOG_NEXT, NEXT_TRANSACTION, SCHEMA};
use super::error::{Error, Result};
use super::log::{self, HEADER, checksum};
use super::page::SIZE;
use super::transaction::Snapshot;
use super::work::Work;
use super::{Db, Files};
use crate::sys::Sys;
use oscope_kernel::abi::nr;

/// O_RDWR, O_CREAT.
const OPEN: u32 = 0o102;

/// The two places in `control` that are written in turn, so that one of them is always whole.
const SECTOR: u64 = 512;

impl Db {
    /// Opens the database in a directory, or one in memory alone, with so many pages of cache; makes it if there is none,
    /// and brings it up to what was committed.
    pub(crate) async fn open(sys: &Sys, directory: Option<&str>, slots: u64) -> Result<Self> {
        let area = Area::make(sys, slots).await?;
        let files = match directory {
            None => None,
            Some(directory) => {
                let open = |name: &str| format!("{directory}/{name}");
                Some(Files {
                    data: sys.open(&open("data"), OPEN, 0o600).await?,
                    log: sys.open(&open("log"), OPEN, 0o600).await?,
                    control: sys.open(&open("control"), OPEN, 0o600).await?,
                })
            }
        };
        let db = Self { sys: sys.clone(), area, files };
        let base = match files {
            None => None,
            Some(files) => db.read_control(files).await?.map(|(_, base)| base),
        };
        sys.store(area.at(SCHEMA), 1).await;
        match base {
            Some(base) => {
                let end = db.recover(base).await?;
                for field in [LOG_NEXT, LOG_FLUSHED] {
                    sys.store(area.at(field), end).await;
                }
                sys.store(area.at(LOG_BASE), base).await;
            }
            None => {
                // Nothing was ever promised to anybody: begin. The first number is not 0, which stands for pages that
                // were never logged.
                for field in [LOG_NEXT, LOG_FLUSHED, LOG_BASE] {
                    sys.store(area.at(field), 1).await;
                }
                let mut work = Work::new(&db, Snapshot::default());
                work.make_database();
                work.finish().await?;
            }
        }
        let limit = Work::new(&db, Snapshot::default()).transaction_limit().await?;
        sys.store(area.at(NEXT_TRANSACTION), u64::from(limit)).await;
        db.checkpoint().await?;
        Ok(db)
    }

    /// The newest whole sector of `control`: how many came before it, and where the log begins.
    async fn read_control(&self, files: Files) -> Result<Option<(u64, u64)>> {
        let mut newest = None;
        for n in 0..2 {
            let at = self.sys.scratch();
            let count = self.sys.pread(files.control, at, 20, n * SECTOR).await?;
            let bytes = self.sys.peek(at, 20).await;
            let word = |at: usize| bytes[at..at + 8].try_into().map_or(0, u64::from_le_bytes);
            let sum = bytes[16..].try_into().map_or(0, u32::from_le_bytes);
            let sector = (word(0), word(8));
            if count == 20 && sum == checksum(&bytes[..16]) && newest < Some(sector) {
                newest = Some(sector);
            }
        }
        Ok(newest)
    }

    async fn write_control(&self, files: Files, base: u64) -> Result<()> {
        let count = self.read_control(files).await?.map_or(1, |(count, _)| count + 1);
        let mut bytes = [count.to_le_bytes(), base.to_le_bytes()].concat();
        bytes.extend(checksum(&bytes).to_le_bytes());
        let at = self.sys.scratch();
        self.sys.poke(at, &bytes).await;
        self.sys.pwrite(files.control, at, bytes.len() as u64, count % 2 * SECTOR).await?;
        self.sync(files.control).await
    }

    async fn sync(&self, fd: u64) -> Result<()> {
        self.sys.call(nr::FSYNC, [fd, 0, 0, 0, 0, 0]).await?;
        Ok(())
    }

    /// Makes the log short: everything before now is in the data file. The caller works alone, or holds the latch.
    pub(crate) async fn checkpoint(&self) -> Result<()> {
        let Some(files) = self.files else { return Ok(()) };
        self.flush(self.word(LOG_NEXT).await).await?;
        self.write_dirty(u64::MAX).await?;
        self.sync(files.data).await?;
        let next = self.word(LOG_NEXT).await;
        self.write_control(files, next).await?;
        self.sys.store(self.area.at(LOG_BASE), next).await;
        Ok(())
    }

    /// Puts what the log says into the pages of the data file; returns where the log ends.
    async fn recover(&self, base: u64) -> Result<u64> {
        let Some(files) = self.files else { return Ok(base) };
        let page = self.sys.mmap(SIZE as u64).await?;
        let mut lsn = base;
        while let Some(record) = self.read_record(files, lsn, lsn - base).await? {
            let Some(changes) = log::changes(&record, lsn) else { break };
            for change in changes {
                let offset = u64::from(change.page) * SIZE as u64;
                self.sys.poke(page, &vec![0; SIZE]).await;
                self.sys.pread(files.data, page, SIZE as u64, offset).await?;
                if usize::from(change.offset) + change.bytes.len() > SIZE {
                    return Err(Error::Corrupt("a record of the log"));
                }
                self.sys.poke(page + u64::from(change.offset), &change.bytes).await;
                self.sys.store(page, lsn + record.len() as u64).await;
                self.sys.pwrite(files.data, page, SIZE as u64, offset).await?;
            }
            lsn += record.len() as u64;
        }
        self.sys.call(nr::MUNMAP, [page, SIZE as u64, 0, 0, 0, 0]).await?;
        self.sync(files.data).await?;
        Ok(lsn)
    }

    /// The bytes of the record at a place of the log file, if there are that many.
    async fn read_record(&self, files: Files, lsn: u64, offset: u64) -> Result<Option<Vec<u8>>> {
        /// Longer than any statement's record: what claims more is what an older log left behind.
        const LONGEST: usize = 64 << 20;
        let at = self.sys.scratch();
        let count = self.sys.pread(files.log, at, HEADER as u64, offset).await?;
        let head = self.sys.peek(at, HEADER).await;
        let number = head[8..].try_into().map_or(0, u64::from_le_bytes);
        let Some(length) = log::length(&head).filter(|_| count == HEADER as u64 && number == lsn)
        else {
            return Ok(None);
        };
        if length > LONGEST {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        while bytes.len() < length {
            let part = (length - bytes.len()).min(8192) as u64;
            let count = self.sys.pread(files.log, at, part, offset + bytes.len() as u64).await?;
            if count == 0 {
                return Ok(None);
            }
            bytes.extend(self.sys.peek(at, count as usize).await);
        }
        Ok(Some(bytes))
    }
}
