//! Which hole to take: first, best, worst or next fit.
//!
//! Knuth (TAOCP 2.5) found next fit to be fast and first fit to leave larger holes; Wilson, Johnstone, Neely and
//! Boles ("Dynamic storage allocation: a survey and critical review", 1995) found best fit and address-ordered first
//! fit about equally good on what real programs do, and worst fit bad.

use super::Block;

/// A way to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fit {
    /// The first hole that is large enough.
    First,
    /// The smallest one that is large enough.
    Best,
    /// The largest one.
    Worst,
    /// The first one that is large enough, where the search goes on from where the last one ended.
    Next,
}

/// A hole that was chosen, or none, and what it took to find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The hole's place among those that were looked at, and the hole.
    pub hole: Option<(usize, Block)>,
    /// How many holes were looked at.
    pub searched: u64,
}

impl Fit {
    /// Its name, as on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Best => "best",
            Self::Worst => "worst",
            Self::Next => "next",
        }
    }

    /// The way of a name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        [Self::First, Self::Best, Self::Worst, Self::Next]
            .into_iter()
            .find(|fit| fit.name() == name)
    }

    /// Whether the search is over with the first hole that is large enough.
    #[must_use]
    pub const fn takes_first(self) -> bool {
        matches!(self, Self::First | Self::Next)
    }

    /// Whether a hole that is large enough is better than the best one so far.
    #[must_use]
    pub const fn prefers(self, hole: u64, best: u64) -> bool {
        match self {
            Self::Best => hole < best,
            Self::Worst => hole > best,
            Self::First | Self::Next => false,
        }
    }

    /// Chooses among holes, which come in the order of the search. Of equals the one found first is taken. With
    /// [`Fit::Next`] whoever calls begins where the last search ended.
    pub fn choose(self, holes: impl Iterator<Item = Block>, size: u64) -> Choice {
        let mut choice = Choice { hole: None, searched: 0 };
        for (place, hole) in holes.enumerate() {
            choice.searched += 1;
            if hole.size < size {
                continue;
            }
            if choice.hole.is_none_or(|(_, best)| self.prefers(hole.size, best.size)) {
                choice.hole = Some((place, hole));
            }
            if self.takes_first() {
                break;
            }
        }
        choice
    }
}
