//! The audit: every frame's owners counted anew, from the tables in RAM and from all lists, and compared with what the
//! counters say. No frame may leak, and none may be owned by fewer than use it.

use super::large::pieces;
use super::object::Place;
use super::tables::filled;
use super::{Mm, Use};
use crate::base::FrameId;
use crate::hw::Memory;
use crate::hw::mmu::Pte;
use std::collections::BTreeMap;

/// Something that does not add up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A frame has another number of owners than are known.
    Owners {
        /// The frame.
        frame: FrameId,
        /// What it is used for.
        used: Use,
        /// What the counter says.
        counted: u32,
        /// How many were found.
        found: u32,
    },
    /// A slot of the swap area is named another number of times than is known.
    Slot {
        /// The slot.
        slot: u32,
        /// What the counter says.
        counted: u32,
        /// How many were found.
        found: u32,
    },
    /// The reverse map of a frame does not say what the tables say.
    Chain {
        /// The frame.
        frame: FrameId,
        /// How many entries the reverse map knows.
        counted: usize,
        /// How many were found in tables.
        found: usize,
    },
    /// What a space has in memory is not what its tables have.
    Resident {
        /// The space's number in the TLB.
        asid: u32,
        /// What the counters say: resident and swapped.
        counted: (u64, u64),
        /// What was found.
        found: (u64, u64),
    },
    /// What was promised is not what the areas ask for.
    Promised {
        /// What the counter says.
        counted: u64,
        /// What was found.
        found: u64,
    },
}

impl Mm {
    /// Counts all owners anew. `others` are the frames of the page cache.
    #[must_use]
    pub fn audit(&self, memory: &Memory, others: impl Iterator<Item = FrameId>) -> Vec<Finding> {
        let mut owners: BTreeMap<FrameId, u32> = BTreeMap::new();
        let mut links: BTreeMap<FrameId, usize> = BTreeMap::new();
        let mut slots: BTreeMap<u32, u32> = BTreeMap::new();
        let mut findings = Vec::new();
        let mut own = |frame: FrameId| *owners.entry(frame).or_default() += 1;
        others.for_each(&mut own);
        own(self.zero);
        self.kernel.iter().copied().for_each(&mut own);
        if let Some(partitions) = &self.partitions {
            let (first, size) = partitions.stretch();
            let reserved = (first.0..first.0 + size).map(FrameId);
            reserved.filter(|frame| !partitions.is_taken(*frame)).for_each(&mut own);
        }
        let mut promised = 0;
        for (_, space) in self.spaces.iter() {
            own(space.satp.root);
            space.middles.values().copied().for_each(&mut own);
            let (mut resident, mut swapped) = (0, 0);
            for (_, table) in space.all_leaves(&memory.ram) {
                own(table);
                for (_, word) in filled(memory, table) {
                    let counts =
                        !matches!(self.pages.used(word.frame()), Use::Zero | Use::Buffer { .. });
                    match word.slot() {
                        Some(_) => swapped += 1,
                        None => resident += u64::from(counts),
                    }
                }
            }
            for (_, entry) in space.large_within(&memory.ram, 0, crate::hw::mmu::USER_END) {
                pieces(entry.frame()).for_each(&mut own);
                resident += 512;
            }
            promised += space.areas().map(super::Vma::promised).sum::<u64>();
            let (counted, found) = ((space.resident(), space.rss.swapped), (resident, swapped));
            if counted != found {
                findings.push(Finding::Resident { asid: space.satp.asid, counted, found });
            }
        }
        for &table in self.leaves.keys() {
            for (_, word) in filled(memory, table) {
                match word.slot() {
                    Some(slot) => *slots.entry(slot).or_default() += 1,
                    None => {
                        own(word.frame());
                        *links.entry(word.frame()).or_default() += 1;
                    }
                }
                debug_assert!(word.slot().is_some() || word.0 & (Pte::VALID | Pte::HIDDEN) != 0);
            }
        }
        for (_, object) in self.objects.iter() {
            promised += object.promised;
            for place in object.pages.values().copied() {
                match place {
                    Place::Frame(frame) => own(frame),
                    Place::Swapped(slot) => *slots.entry(slot).or_default() += 1,
                }
            }
        }
        if promised != self.promises.promised() {
            findings.push(Finding::Promised { counted: self.promises.promised(), found: promised });
        }
        for frame in (0..self.frames.described()).map(FrameId) {
            let (counted, used) = (self.frames.owners(frame), self.pages.used(frame));
            let found = owners.get(&frame).copied().unwrap_or(0);
            if counted != found {
                findings.push(Finding::Owners { frame, used, counted, found });
            }
            let (counted, found) =
                (self.pages.entries(frame).len(), links.get(&frame).copied().unwrap_or(0));
            if counted != found && used != Use::Zero {
                findings.push(Finding::Chain { frame, counted, found });
            }
        }
        if let Some(swap) = &self.swap {
            for slot in 0..swap.size() {
                let (counted, found) = (swap.names(slot), slots.get(&slot).copied().unwrap_or(0));
                if counted != found {
                    findings.push(Finding::Slot { slot, counted, found });
                }
            }
        }
        findings
    }
}
