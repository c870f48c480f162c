//! The areas of one address space: an ordered map in which no two overlap and none could be joined with the next.

use super::vma::{PAGE, Vma};
use crate::abi::Errno;
use crate::hw::mmu::USER_END;
use std::collections::BTreeMap;

/// How many areas a space may have (Linux' vm.max_map_count).
pub const MAX_AREAS: usize = 65_530;
/// How far a stack stays away from what lies below it (Linux' `stack_guard_gap`).
pub const GUARD_GAP: u64 = 256 * PAGE;

/// The areas of a space, by their first address.
#[derive(Clone, Debug, Default, Hash)]
pub struct Areas {
    by_start: BTreeMap<u64, Vma>,
}

impl Areas {
    /// All of them, lowest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Vma> {
        self.by_start.values()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_start.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_start.is_empty()
    }

    /// The area that holds an address.
    #[inline]
    #[must_use]
    pub fn find(&self, address: u64) -> Option<&Vma> {
        let (_, vma) = self.by_start.range(..=address).next_back()?;
        (address < vma.end).then_some(vma)
    }

    /// The lowest area that begins above an address.
    #[must_use]
    pub fn above(&self, address: u64) -> Option<&Vma> {
        self.by_start.range(address.checked_add(1)?..).next().map(|(_, vma)| vma)
    }

    /// The highest area that ends at an address or below it.
    #[must_use]
    pub fn below(&self, address: u64) -> Option<&Vma> {
        self.by_start.range(..address).next_back().map(|(_, vma)| vma)
    }

    /// The areas that have a part in `start..end`, lowest first.
    pub fn within(&self, start: u64, end: u64) -> impl Iterator<Item = &Vma> {
        let first = self.find(start).map_or(start, |vma| vma.start);
        self.by_start.range(first..end.max(first)).map(|(_, vma)| vma)
    }

    /// Whether anything lies in `start..end`.
    #[must_use]
    pub fn overlaps(&self, start: u64, end: u64) -> bool {
        self.by_start.range(..end).next_back().is_some_and(|(_, vma)| vma.end > start)
    }

    /// Whether every page of `start..end` lies in an area.
    #[must_use]
    pub fn cover(&self, start: u64, end: u64) -> bool {
        let mut at = start;
        for vma in self.within(start, end) {
            if vma.start > at {
                return false;
            }
            at = vma.end;
        }
        at >= end
    }

    /// The highest gap of `length` bytes in `lowest..top` whose start is a multiple of `align`.
    #[must_use]
    pub fn gap(&self, length: u64, (lowest, top): (u64, u64), align: u64) -> Option<u64> {
        let fits = |from: u64, to: u64| {
            let start = to.checked_sub(length)? / align * align;
            (start >= from.max(lowest)).then_some(start)
        };
        let mut end = top;
        for vma in self.by_start.range(..top).rev().map(|(_, vma)| vma) {
            if let Some(start) = fits(vma.end, end) {
                return Some(start);
            }
            let guard = if vma.grows_down() { GUARD_GAP } else { 0 };
            end = end.min(vma.start.saturating_sub(guard));
        }
        fits(0, end)
    }

    /// Whether `more` areas could be added.
    #[must_use]
    pub fn has_room(&self, more: usize) -> bool {
        self.by_start.len() + more <= MAX_AREAS
    }

    /// Adds an area where nothing is. It is joined with its neighbours if it continues them; a program with many
    /// small mappings, such as stacks of threads, would soon have too many.
    ///
    /// # Errors
    /// `EINVAL` if its bounds are not pages of user space, `EEXIST` if something is there, `ENOMEM` if there are too
    /// many.
    pub fn insert(&mut self, mut vma: Vma) -> Result<(), Errno> {
        let aligned = vma.start.is_multiple_of(PAGE) && vma.end.is_multiple_of(PAGE);
        if !aligned || vma.start >= vma.end || vma.end > USER_END {
            return Err(Errno::EINVAL);
        }
        if self.overlaps(vma.start, vma.end) {
            return Err(Errno::EEXIST);
        }
        let below = self.below(vma.start).copied().filter(|below| below.can_join(&vma));
        let above = self.by_start.get(&vma.end).copied().filter(|above| vma.can_join(above));
        if below.is_none() && above.is_none() && !self.has_room(1) {
            return Err(Errno::ENOMEM);
        }
        if let Some(above) = above {
            self.by_start.remove(&above.start);
            vma.end = above.end;
        }
        if let Some(below) = below {
            (vma.start, vma.backing) = (below.start, below.backing);
        }
        self.by_start.insert(vma.start, vma);
        Ok(())
    }

    /// Cuts out what lies in `start..end` and returns it. An area that reaches over a bound is cut in two.
    pub fn carve(&mut self, start: u64, end: u64) -> Vec<Vma> {
        let hit: Vec<Vma> = self.within(start, end).copied().collect();
        for vma in &hit {
            self.by_start.remove(&vma.start);
            if vma.start < start {
                self.by_start.insert(vma.start, vma.clip(vma.start, start));
            }
            if vma.end > end {
                self.by_start.insert(end, vma.clip(end, vma.end));
            }
        }
        hit.iter().map(|vma| vma.clip(start, end)).collect()
    }

    /// Changes what lies in `start..end`, area by area, and joins what can be joined then.
    pub fn change(&mut self, start: u64, end: u64, mut change: impl FnMut(&mut Vma)) {
        for mut vma in self.carve(start, end) {
            change(&mut vma);
            // It was just cut out, so there is room and the bounds are right.
            let _ = self.insert(vma);
        }
        // What lies behind the range may continue it now.
        if let Some(last) = self.by_start.get(&end).copied()
            && let Some(below) = self.below(end).copied().filter(|below| below.can_join(&last))
        {
            self.by_start.remove(&end);
            self.by_start.insert(below.start, Vma { end: last.end, ..below });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Areas, GUARD_GAP};
    use crate::mm::vma::{AreaFlags, Backing, Rights, Vma};

    fn vma(start: u64, end: u64, rights: Rights) -> Vma {
        Vma::anonymous(start << 12, end << 12, rights, "")
    }

    fn shown(areas: &Areas) -> Vec<(u64, u64, bool)> {
        areas.iter().map(|vma| (vma.start >> 12, vma.end >> 12, vma.rights.write)).collect()
    }

    #[test]
    fn what_continues_a_neighbour_joins_it_on_both_sides() {
        let mut areas = Areas::default();
        areas.insert(vma(10, 12, Rights::RW)).expect("free");
        areas.insert(vma(14, 16, Rights::RW)).expect("free");
        areas.insert(vma(12, 14, Rights::RW)).expect("free");
        areas.insert(vma(16, 18, Rights::R)).expect("free");
        assert_eq!(shown(&areas), [(10, 16, true), (16, 18, false)]);
    }

    #[test]
    fn a_change_splits_and_a_change_back_joins_again() {
        let mut areas = Areas::default();
        areas.insert(vma(10, 20, Rights::RW)).expect("free");
        areas.change(12 << 12, 14 << 12, |vma| vma.rights = Rights::R);
        assert_eq!(shown(&areas), [(10, 12, true), (12, 14, false), (14, 20, true)]);
        areas.change(12 << 12, 14 << 12, |vma| vma.rights = Rights::RW);
        assert_eq!(shown(&areas), [(10, 20, true)]);
    }

    #[test]
    fn pages_of_a_file_join_only_in_their_order() {
        let mut areas = Areas::default();
        let inode = crate::base::InodeId::default();
        let file = |start, end, page| Vma {
            backing: Backing::File { inode, page },
            ..vma(start, end, Rights::R)
        };
        areas.insert(file(10, 12, 5)).expect("free");
        areas.insert(file(12, 13, 7)).expect("free");
        areas.insert(file(13, 14, 7)).expect("free");
        assert_eq!(areas.len(), 2);
        assert_eq!(areas.find(12 << 12).map(|vma| vma.index_of(12 << 12)), Some(7));
    }

    #[test]
    fn a_gap_is_sought_from_above_and_keeps_away_from_stacks() {
        let mut areas = Areas::default();
        let stack = Vma { flags: AreaFlags::GROWS_DOWN, ..vma(1000, 1010, Rights::RW) };
        areas.insert(stack).expect("free");
        let start = areas.gap(2 << 12, (0, 1010 << 12), 4096);
        assert_eq!(start, Some((998 << 12) - GUARD_GAP));
        areas.insert(vma(700, 742, Rights::RW)).expect("free");
        assert_eq!(areas.gap(3 << 12, (0, 1010 << 12), 4096), Some(697 << 12));
        assert_eq!(areas.gap(3 << 12, (698 << 12, 1010 << 12), 4096), None);
    }
}
