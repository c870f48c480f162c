//! B-trees: from keys to places of rows.
//!
//! A leaf's cells are entries: a key's bytes and the place of its row, which makes every entry different. An inner
//! node's cells are a child's page and the smallest entry that may be found under it; the first one's is empty. Leaves
//! are chained. The root's page never changes: when it is full its cells move to two new pages. Nodes are not
//! joined again when entries go, as in most databases (Bayer & McCreight, 1972; Comer, "The Ubiquitous B-Tree", 1979).

use super::error::{Error, Result};
use super::heap::Place;
use super::page::{Kind, LONGEST, Page};
use super::work::Work;

/// Bytes of a place behind a key, and of a child's page before it.
const PLACE: usize = 8;
const CHILD: usize = 4;
/// Deeper than any tree of pages can be.
const DEEPEST: usize = 24;

fn entry(key: &[u8], place: Place) -> Vec<u8> {
    [key, &place.0.to_be_bytes()].concat()
}

fn child(cell: &[u8]) -> Result<u32> {
    let page = cell.get(..CHILD).and_then(|page| page.try_into().ok());
    page.map(u32::from_le_bytes).ok_or(Error::Corrupt("an inner node"))
}

/// How many of a node's cells, less `skip` bytes each, are not greater than a sought entry.
fn not_above(page: &Page, skip: usize, sought: &[u8]) -> usize {
    let (mut low, mut high) = (0, page.count());
    while low < high {
        let middle = low.midpoint(high);
        if page.cell(middle).get(skip..).unwrap_or_default() <= sought {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

impl Work<'_> {
    /// A new tree: the page of its root.
    pub(crate) async fn make_tree(&mut self) -> Result<u32> {
        self.allocate(Kind::Leaf).await
    }

    /// The way from the root to the leaf where an entry belongs: pages, and which child was taken.
    async fn descend(&mut self, root: u32, sought: &[u8]) -> Result<Vec<(u32, usize)>> {
        let (mut path, mut at) = (Vec::new(), root);
        while path.len() < DEEPEST {
            let page = self.page(at).await?;
            match page.kind() {
                Kind::Leaf => {
                    path.push((at, not_above(page, 0, sought)));
                    return Ok(path);
                }
                Kind::Inner => {
                    let n = not_above(page, CHILD, sought).saturating_sub(1);
                    let next = child(page.cell(n))?;
                    path.push((at, n));
                    at = next;
                }
                _ => return Err(Error::Corrupt("a node of a tree that is none")),
            }
        }
        Err(Error::Corrupt("a tree without end"))
    }

    /// Puts an entry in.
    pub(crate) async fn insert_entry(&mut self, root: u32, key: &[u8], place: Place) -> Result<()> {
        let mut cell = entry(key, place);
        if cell.len() + CHILD > LONGEST / 2 {
            return Err(Error::Sql(format!("a key of {} bytes is too long", key.len())));
        }
        let mut path = self.descend(root, &cell).await?;
        // From the leaf upwards: a node that is full is split, and its parent gets a cell more.
        while let Some((at, n)) = path.pop() {
            let kind = self.page(at).await?.kind();
            // In a leaf the cell goes before the first greater one, in an inner node behind the child that was split.
            let n = if kind == Kind::Leaf { n } else { n + 1 };
            if self.page_mut(at).await?.insert(n, &cell) {
                return Ok(());
            }
            let (right, separator) = self.split(at, n, &cell).await?;
            if at == root {
                return self.grow(root, right, &separator).await;
            }
            cell = [&right.to_le_bytes(), separator.as_slice()].concat();
        }
        Err(Error::Corrupt("a tree without a root"))
    }

    /// Moves the upper half of a node, with a cell more, to a new page: that page, and its smallest entry.
    async fn split(&mut self, at: u32, n: usize, cell: &[u8]) -> Result<(u32, Vec<u8>)> {
        let page = self.page(at).await?.clone();
        let mut cells: Vec<Vec<u8>> = (0..page.count()).map(|n| page.cell(n).to_vec()).collect();
        cells.insert(n.min(cells.len()), cell.to_vec());
        // Who appends in order fills pages: then only the new cell moves on.
        let is_append = n + 1 == cells.len() && page.next() == 0;
        let middle = if is_append { cells.len() - 1 } else { halfway(&cells) };
        let kind = page.kind();
        let right = self.allocate(kind).await?;
        let skip = if kind == Kind::Leaf { 0 } else { CHILD };
        let separator = cells[middle].get(skip..).unwrap_or_default().to_vec();
        if kind == Kind::Inner {
            cells[middle].truncate(CHILD);
        }
        let upper = cells.split_off(middle);
        let (mut left_page, mut right_page) = (Page::new(kind), Page::new(kind));
        fill(&mut left_page, &cells)?;
        fill(&mut right_page, &upper)?;
        right_page.set_next(page.next());
        left_page.set_next(right);
        *self.page_mut(right).await? = right_page;
        *self.page_mut(at).await? = left_page;
        Ok((right, separator))
    }

    /// The root was split: its lower half moves too, and it becomes their parent.
    async fn grow(&mut self, root: u32, right: u32, separator: &[u8]) -> Result<()> {
        let lower = self.page(root).await?.clone();
        let left = self.allocate(lower.kind()).await?;
        *self.page_mut(left).await? = lower;
        let mut top = Page::new(Kind::Inner);
        let cells = [left.to_le_bytes().to_vec(), [&right.to_le_bytes(), separator].concat()];
        fill(&mut top, &cells)?;
        *self.page_mut(root).await? = top;
        Ok(())
    }

    /// The places of all entries from `low` on whose keys are not above `high`, or begin with it.
    pub(crate) async fn range(
        &mut self,
        root: u32,
        low: &[u8],
        high: Option<&[u8]>,
    ) -> Result<Vec<Place>> {
        let path = self.descend(root, low).await?;
        let Some(&(mut at, mut n)) = path.last() else { return Ok(Vec::new()) };
        let mut places = Vec::new();
        loop {
            let page = self.page(at).await?;
            while n < page.count() {
                let cell = page.cell(n);
                let (key, place) = cell.split_at(cell.len().saturating_sub(PLACE));
                if high.is_some_and(|high| key > high && !key.starts_with(high)) {
                    return Ok(places);
                }
                let place = place.try_into().map_err(|_| Error::Corrupt("an entry"))?;
                places.push(Place(u64::from_be_bytes(place)));
                n += 1;
            }
            (at, n) = (page.next(), 0);
            if at == 0 {
                return Ok(places);
            }
        }
    }

    /// Takes an entry out, if it is there.
    pub(crate) async fn remove_entry(&mut self, root: u32, key: &[u8], place: Place) -> Result<()> {
        let entry = entry(key, place);
        let path = self.descend(root, &entry).await?;
        if let Some(&(at, n)) = path.last()
            && let Some(n) = n.checked_sub(1)
            && self.page(at).await?.cell(n) == entry
        {
            self.page_mut(at).await?.remove(n);
        }
        Ok(())
    }
}

/// After how many cells half of the bytes have come; at least one stays on each side.
fn halfway(cells: &[Vec<u8>]) -> usize {
    let total: usize = cells.iter().map(Vec::len).sum();
    let mut sum = 0;
    for (n, cell) in cells.iter().enumerate() {
        sum += cell.len();
        if sum * 2 >= total {
            return (n + 1).clamp(1, cells.len() - 1);
        }
    }
    cells.len() / 2
}

fn fill(page: &mut Page, cells: &[Vec<u8>]) -> Result<()> {
    for (n, cell) in cells.iter().enumerate() {
        if !page.insert(n, cell) {
            return Err(Error::Corrupt("a node too full to split"));
        }
    }
    Ok(())
}
