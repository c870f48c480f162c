//! A piece of work: pages are read and changed as copies, and all changes become true at once, or none.
//!
//! Whoever works holds the database's latch: shared to read, alone to change. Dropping a piece of work undoes it.

use super::Db;
use super::area::LOG_BASE;
use super::cache::Want;
use super::error::{Error, Result};
use super::log::Change;
use super::page::{Kind, Page, SIZE};
use super::transaction::Snapshot;
use std::collections::BTreeMap;

/// The page of what concerns the whole database.
pub(crate) const META: u32 = 0;
/// The first page of the states of transactions, and of the catalog.
pub(crate) const STATUS: u32 = 1;
pub(crate) const CATALOG: u32 = 2;

/// On the meta page: how many pages there are; up to which number transactions may be.
const PAGES: usize = 64;
const LIMIT: usize = 68;

/// The log sequence number in a page's first bytes.
fn lsn_of(page: &Page) -> u64 {
    u64::from(page.get32(0)) | u64::from(page.get32(4)) << 32
}

/// Pages under way.
pub(crate) struct Work<'a> {
    pub(crate) db: &'a Db,
    /// Which transactions count.
    pub(crate) snapshot: Snapshot,
    pages: BTreeMap<u32, Page>,
    /// As the changed ones were; new ones were empty.
    before: BTreeMap<u32, Option<Page>>,
    /// How many pages were looked at, and how many of those the disk had to deliver.
    pub(crate) blocks: u64,
    pub(crate) misses: u64,
}

impl<'a> Work<'a> {
    /// Begins; the caller has the latch.
    pub(crate) fn new(db: &'a Db, snapshot: Snapshot) -> Self {
        let (pages, before) = (BTreeMap::new(), BTreeMap::new());
        Self { db, snapshot, pages, before, blocks: 0, misses: 0 }
    }

    /// A page.
    pub(crate) async fn page(&mut self, number: u32) -> Result<&Page> {
        if !self.pages.contains_key(&number) {
            let (page, is_miss) = self.db.read_page(number).await?;
            self.blocks += 1;
            self.misses += u64::from(is_miss);
            self.pages.insert(number, page);
        }
        self.pages.get(&number).ok_or(Error::Corrupt("a page that went missing"))
    }

    /// A page that is about to be changed.
    pub(crate) async fn page_mut(&mut self, number: u32) -> Result<&mut Page> {
        let page = self.page(number).await?.clone();
        self.before.entry(number).or_insert(Some(page));
        self.pages.get_mut(&number).ok_or(Error::Corrupt("a page that went missing"))
    }

    /// A new page.
    pub(crate) async fn allocate(&mut self, kind: Kind) -> Result<u32> {
        let meta = self.page_mut(META).await?;
        let number = meta.get32(PAGES);
        meta.put32(PAGES, number.checked_add(1).ok_or(Error::Full("the data file"))?);
        self.make(number, kind);
        Ok(number)
    }

    /// Makes a page of this number.
    pub(crate) fn make(&mut self, number: u32, kind: Kind) {
        self.pages.insert(number, Page::new(kind));
        self.before.insert(number, None);
    }

    /// Makes the pages that every database has.
    pub(crate) fn make_database(&mut self) {
        self.make(META, Kind::Meta);
        self.make(STATUS, Kind::Status);
        self.make(CATALOG, Kind::Heap);
        if let Some(meta) = self.pages.get_mut(&META) {
            meta.put32(PAGES, CATALOG + 1);
            meta.put32(LIMIT, 1);
        }
    }

    /// Up to which number transactions may be handed out; the numbers survive a crash, so that none is used twice.
    pub(crate) async fn transaction_limit(&mut self) -> Result<u32> {
        Ok(self.page(META).await?.get32(LIMIT))
    }

    pub(crate) async fn set_transaction_limit(&mut self, limit: u32) -> Result<()> {
        self.page_mut(META).await?.put32(LIMIT, limit);
        Ok(())
    }

    /// Makes all changes true: into the log first, then into the cache. Returns up to where the log must be on the disk
    /// for them to last.
    pub(crate) async fn finish(self) -> Result<u64> {
        let base = self.db.word(LOG_BASE).await;
        let mut changes = Vec::new();
        let mut dirty = Vec::new();
        for (&number, before) in &self.before {
            let Some(page) = self.pages.get(&number) else { continue };
            // A page's first change since the checkpoint is logged whole: the power may fail in the middle of writing
            // it, and a range cannot mend what is torn.
            let (want, ranges) = match before {
                None => (Want::Fresh, vec![(0, SIZE)]),
                Some(before) if before == page => continue,
                Some(before) if lsn_of(before) <= base => (Want::Stored, vec![(0, SIZE)]),
                Some(before) => (Want::Stored, page.differences(before)),
            };
            for &(from, to) in &ranges {
                let bytes = page.0.get(from..to).unwrap_or_default().to_vec();
                changes.push(Change { page: number, offset: from as u16, bytes });
            }
            dirty.push((number, want, ranges));
        }
        if dirty.is_empty() {
            return Ok(0);
        }
        let lsn = self.db.append(&changes).await?;
        for (number, want, mut ranges) in dirty {
            let Some(page) = self.pages.get(&number) else { continue };
            let mut bytes = page.0.clone();
            bytes[..8].copy_from_slice(&lsn.to_le_bytes());
            ranges.push((0, 8));
            self.db.write_page(number, want, &bytes, &ranges, lsn).await?;
        }
        Ok(lsn)
    }
}
