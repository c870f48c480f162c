//! A slotted page: cells of any length, found through an array of their places.
//!
//! ```text
//! 0     8      12     14      16    20     24
//! | lsn | room | kind | count | end | next | slot 0 | slot 1 | ...  free  ... | cell 1 | cell 0 |
//! ```
//!
//! The slots grow upwards, the cells downwards from the end of the page, and what is between is free. A slot says where
//! its cell begins and how long it is. The layout is the one of PostgreSQL's pages ("Database Page Layout" in its
//! manual) and of Gray & Reuter, "Transaction Processing" (1993), section 14.3.

/// Bytes of a page.
pub(crate) const SIZE: usize = 4096;
const HEADER: usize = 24;
const SLOT: usize = 4;

/// The longest cell that fits twice on a page.
pub(crate) const LONGEST: usize = (SIZE - HEADER) / 2 - SLOT;

/// What a page holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Free = 0,
    Meta = 1,
    Status = 2,
    Heap = 3,
    Leaf = 4,
    Inner = 5,
}

/// A copy of a page that a process works with.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Page(pub(crate) Vec<u8>);

impl Page {
    /// A page with no cells.
    pub(crate) fn new(kind: Kind) -> Self {
        let mut page = Self(vec![0; SIZE]);
        page.put16(12, kind as u16);
        page.put16(16, SIZE as u16);
        page
    }

    pub(crate) fn get16(&self, at: usize) -> u16 {
        self.0.get(at..at + 2).map_or(0, |two| u16::from_le_bytes([two[0], two[1]]))
    }

    fn put16(&mut self, at: usize, value: u16) {
        self.0[at..at + 2].copy_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn get32(&self, at: usize) -> u32 {
        u32::from(self.get16(at)) | u32::from(self.get16(at + 2)) << 16
    }

    pub(crate) fn put32(&mut self, at: usize, value: u32) {
        self.0[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn kind(&self) -> Kind {
        match self.get16(12) {
            1 => Kind::Meta,
            2 => Kind::Status,
            3 => Kind::Heap,
            4 => Kind::Leaf,
            5 => Kind::Inner,
            _ => Kind::Free,
        }
    }

    /// How many cells there are.
    pub(crate) fn count(&self) -> usize {
        usize::from(self.get16(14)).min((SIZE - HEADER) / SLOT)
    }

    fn end(&self) -> usize {
        usize::from(self.get16(16)).min(SIZE)
    }

    /// The page after this one: of a heap, or of the leaves of a tree. 0 is none.
    pub(crate) fn next(&self) -> u32 {
        self.get32(20)
    }

    pub(crate) fn set_next(&mut self, page: u32) {
        self.put32(20, page);
    }

    /// Cell number `n`; nothing if it is gone.
    pub(crate) fn cell(&self, n: usize) -> &[u8] {
        if n >= self.count() {
            return &[];
        }
        let at = HEADER + n * SLOT;
        let (start, length) = (usize::from(self.get16(at)), usize::from(self.get16(at + 2)));
        self.0.get(start..start + length).unwrap_or(&[])
    }

    /// The bytes of cell number `n`, to be changed without changing their number.
    pub(crate) fn cell_mut(&mut self, n: usize) -> &mut [u8] {
        let at = HEADER + n * SLOT;
        let (start, length) = (usize::from(self.get16(at)), usize::from(self.get16(at + 2)));
        self.0.get_mut(start..start + length).unwrap_or_default()
    }

    /// How many bytes the cells take without the holes between them, with their slots.
    fn used(&self) -> usize {
        (0..self.count()).map(|n| self.cell(n).len() + SLOT).sum()
    }

    /// Whether a cell of this length can still be put in.
    pub(crate) fn has_room(&self, length: usize) -> bool {
        HEADER + self.used() + length + SLOT <= SIZE
    }

    /// Puts a cell in as number `n`; those from `n` on move up by one. `false` if there is no room.
    pub(crate) fn insert(&mut self, n: usize, cell: &[u8]) -> bool {
        if !self.has_room(cell.len()) || n > self.count() {
            return false;
        }
        let count = self.count();
        if HEADER + (count + 1) * SLOT + cell.len() > self.end() {
            self.compact();
        }
        let start = self.end() - cell.len();
        self.0[start..start + cell.len()].copy_from_slice(cell);
        let (from, to) = (HEADER + n * SLOT, HEADER + count * SLOT);
        self.0.copy_within(from..to, from + SLOT);
        self.put16(from, start as u16);
        self.put16(from + 2, cell.len() as u16);
        self.put16(14, count as u16 + 1);
        self.put16(16, start as u16);
        true
    }

    /// Takes cell number `n` out; those behind it move down by one.
    pub(crate) fn remove(&mut self, n: usize) {
        let count = self.count();
        if n < count {
            let (from, to) = (HEADER + (n + 1) * SLOT, HEADER + count * SLOT);
            self.0.copy_within(from..to, from - SLOT);
            self.put16(14, count as u16 - 1);
        }
    }

    /// The number of a cell that was emptied.
    pub(crate) fn emptied(&self) -> Option<usize> {
        (0..self.count()).find(|&n| self.cell(n).is_empty())
    }

    /// Fills cell number `n`, which was emptied. `false` if there is no room.
    pub(crate) fn refill(&mut self, n: usize, cell: &[u8]) -> bool {
        if !self.has_room(cell.len()) || n >= self.count() {
            return false;
        }
        if HEADER + self.count() * SLOT + cell.len() > self.end() {
            self.compact();
        }
        let start = self.end() - cell.len();
        self.0[start..start + cell.len()].copy_from_slice(cell);
        self.put16(HEADER + n * SLOT, start as u16);
        self.put16(HEADER + n * SLOT + 2, cell.len() as u16);
        self.put16(16, start as u16);
        true
    }

    /// Empties cell number `n` and leaves its slot, so that the others keep their numbers.
    pub(crate) fn clear(&mut self, n: usize) {
        if n < self.count() {
            self.put16(HEADER + n * SLOT + 2, 0);
        }
    }

    /// Moves the cells together, so that the free bytes are in one piece.
    fn compact(&mut self) {
        let cells: Vec<Vec<u8>> = (0..self.count()).map(|n| self.cell(n).to_vec()).collect();
        let mut end = SIZE;
        for (n, cell) in cells.iter().enumerate() {
            end -= cell.len();
            self.0[end..end + cell.len()].copy_from_slice(cell);
            self.put16(HEADER + n * SLOT, end as u16);
        }
        self.put16(16, end as u16);
    }

    /// Where this page differs from how it was: ranges, those close to each other as one.
    pub(crate) fn differences(&self, before: &Self) -> Vec<(usize, usize)> {
        /// What a range of its own costs in the log.
        const GAP: usize = 8;
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        for (at, (new, old)) in self.0.iter().zip(&before.0).enumerate() {
            if new == old {
                continue;
            }
            match ranges.last_mut() {
                Some((_, end)) if at - *end < GAP => *end = at + 1,
                _ => ranges.push((at, at + 1)),
            }
        }
        ranges
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_keep_their_order_and_holes_are_used_again() {
        let mut page = Page::new(Kind::Leaf);
        let cell = |n: u8| vec![n; 100];
        let mut n = 0;
        while page.insert(0, &cell(n)) {
            n += 1;
        }
        assert_eq!(page.count(), 39);
        assert_eq!(page.cell(38), cell(0));
        page.remove(10);
        page.clear(3);
        assert!(page.insert(10, &[7; 150]));
        assert_eq!(page.emptied(), Some(3));
        let mut other = page.clone();
        assert!(other.refill(3, &[9; 40]) && other.cell(3) == [9; 40] && other.emptied().is_none());
        assert_eq!(
            (page.cell(3), page.cell(10), page.cell(9)),
            (&[][..], &[7; 150][..], &cell(29)[..])
        );
    }
}
