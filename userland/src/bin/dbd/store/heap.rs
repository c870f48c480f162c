//! Heaps: the rows of a table, in a chain of pages, in no order.
//!
//! A row's cell begins with the numbers of the transactions that made it and took it away. Where a row lies never
//! changes, so that indexes can point at it: page and cell make its address.

use super::error::{Error, Result};
use super::page::{Kind, LONGEST};
use super::value::{Value, decode_row, encode_row};
use super::work::Work;

/// Bytes before a row's values.
const HEAD: usize = 16;

/// Where a heap's first page says from which page on there may be room.
const ROOM: usize = 8;

/// Where a row lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(pub(crate) u64);

impl Place {
    fn new(page: u32, cell: usize) -> Self {
        Self(u64::from(page) << 16 | cell as u64)
    }

    fn page(self) -> u32 {
        (self.0 >> 16) as u32
    }

    fn cell(self) -> usize {
        (self.0 & 0xffff) as usize
    }
}

/// A row as it lies in its cell, versions that nobody sees included.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) made: u64,
    pub(crate) gone: u64,
    pub(crate) row: Vec<Value>,
}

fn version(cell: &[u8]) -> Result<Option<Version>> {
    if cell.is_empty() {
        return Ok(None);
    }
    let word = |at: usize| cell.get(at..at + 8).and_then(|word| word.try_into().ok());
    let (Some(made), Some(gone)) = (word(0), word(8)) else {
        return Err(Error::Corrupt("a row without a head"));
    };
    let row = decode_row(&cell[HEAD..]).ok_or(Error::Corrupt("a row"))?;
    Ok(Some(Version { made: u64::from_le_bytes(made), gone: u64::from_le_bytes(gone), row }))
}

impl Work<'_> {
    /// The version at a place.
    pub(crate) async fn version(&mut self, place: Place) -> Result<Option<Version>> {
        version(self.page(place.page()).await?.cell(place.cell()))
    }

    /// All versions on one page, and the page after it.
    pub(crate) async fn versions(&mut self, page: u32) -> Result<(Vec<(Place, Version)>, u32)> {
        let found = self.page(page).await?;
        if found.kind() != Kind::Heap {
            return Err(Error::Corrupt("a page of a heap that is none"));
        }
        let mut versions = Vec::new();
        for n in 0..found.count() {
            if let Some(version) = version(found.cell(n))? {
                versions.push((Place::new(page, n), version));
            }
        }
        Ok((versions, found.next()))
    }

    /// All rows of a heap that the statement sees.
    pub(crate) async fn scan(&mut self, heap: u32) -> Result<Vec<(Place, Vec<Value>)>> {
        let (mut rows, mut page) = (Vec::new(), heap);
        while page != 0 {
            let (versions, next) = self.versions(page).await?;
            for (place, version) in versions {
                if self.is_visible(version.made, version.gone).await? {
                    rows.push((place, version.row));
                }
            }
            page = next;
        }
        Ok(rows)
    }

    /// Puts a row in, made by the statement's transaction.
    pub(crate) async fn insert_row(&mut self, heap: u32, row: &[Value]) -> Result<Place> {
        let mut cell = self.own()?.to_le_bytes().to_vec();
        cell.extend(0u64.to_le_bytes());
        cell.extend(encode_row(row));
        if cell.len() > LONGEST {
            return Err(Error::Sql(format!("a row of {} bytes does not fit a page", cell.len())));
        }
        let mut at = match self.page(heap).await?.get32(ROOM) {
            0 => heap,
            at => at,
        };
        while !self.page(at).await?.has_room(cell.len()) {
            let mut next = self.page(at).await?.next();
            if next == 0 {
                next = self.allocate(Kind::Heap).await?;
                self.page_mut(at).await?.set_next(next);
            }
            self.page_mut(heap).await?.put32(ROOM, next);
            at = next;
        }
        let page = self.page_mut(at).await?;
        let n = page.emptied().unwrap_or(page.count());
        if n < page.count() {
            page.refill(n, &cell);
        } else {
            page.insert(n, &cell);
        }
        Ok(Place::new(at, n))
    }

    /// Makes inserts look for room from the first page on again.
    pub(crate) async fn look_for_room(&mut self, heap: u32) -> Result<()> {
        if self.page(heap).await?.get32(ROOM) != 0 {
            self.page_mut(heap).await?.put32(ROOM, heap);
        }
        Ok(())
    }

    /// Takes a row away, in the name of the statement's transaction.
    pub(crate) async fn delete_row(&mut self, place: Place) -> Result<()> {
        let own = self.own()?;
        let page = self.page_mut(place.page()).await?;
        if let Some(gone) = page.cell_mut(place.cell()).get_mut(8..16) {
            gone.copy_from_slice(&own.to_le_bytes());
        }
        Ok(())
    }

    /// Empties the cell of a version that nobody will ever see again.
    pub(crate) async fn clear_row(&mut self, place: Place) -> Result<()> {
        self.page_mut(place.page()).await?.clear(place.cell());
        Ok(())
    }
}
