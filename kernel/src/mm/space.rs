//! An address space: its areas, the root of its page tables, and what it has in memory.

use super::Areas;
use super::vma::{PAGE, Rights, Vma};
use crate::base::{FrameId, Location};
use crate::hw::mmu::{Pte, USER_END, table_index};
use crate::hw::{Ram, Satp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How much memory the entries of one table of the lowest level map: 2 MiB.
pub(super) const TABLE_SPAN: u64 = PAGE * 512;
/// The same for a table of the middle level: 1 GiB.
pub(super) const MIDDLE_SPAN: u64 = TABLE_SPAN * 512;
/// Mappings are placed below this address, downwards; the stack lies above it.
pub const MMAP_TOP: u64 = USER_END - (1 << 30);
/// Where a program's text begins, and the lowest address that mmap(2) chooses (Linux' vm.mmap_min_addr).
pub const TEXT_BASE: u64 = 0x1_0000;
/// One past the highest byte of the first thread's stack.
pub const STACK_TOP: u64 = USER_END - PAGE;

/// What a space has in memory, in pages, as /proc/PID/status tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rss {
    /// Private memory (RssAnon).
    pub anonymous: u64,
    /// Pages of files (RssFile).
    pub file: u64,
    /// Pages of memory objects (RssShmem).
    pub shared: u64,
    /// Pages that are in the swap area (VmSwap); no part of the sum.
    pub swapped: u64,
}

impl Rss {
    /// All that is resident.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.anonymous + self.file + self.shared
    }
}

/// What a space was made for: the program, and what it was told when it began. (Linux remembers where on the stack the texts
/// lie and reads them there, so that a program can change what others see; here they stay as execve(2) was given them.)
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Command {
    /// Its arguments, each with a zero byte behind it (/proc/PID/cmdline).
    pub arguments: Arc<[u8]>,
    /// Its environment, likewise (/proc/PID/environ).
    pub environment: Arc<[u8]>,
    /// Its file, if it was started from one (/proc/PID/exe).
    pub file: Option<Location>,
}

/// An address space.
#[derive(Clone, Debug, Hash)]
pub struct AddressSpace {
    /// What a CPU loads to use it.
    pub satp: Satp,
    /// What should be where.
    pub(super) areas: Areas,
    /// Where the heap begins.
    pub heap: u64,
    /// Where it ends: the program break.
    pub brk: u64,
    /// What it was made for.
    pub command: Command,
    /// Whether what is mapped from now on is locked (MCL_FUTURE), and how.
    pub locks: super::AreaFlags,
    /// Threads and loans that keep it alive.
    pub(super) users: u32,
    /// Tables of the middle level, by their index in the root.
    pub(super) middles: BTreeMap<u16, FrameId>,
    /// How many large pages it has.
    pub(super) large: u64,
    /// What is in memory.
    pub(super) rss: Rss,
    /// The most that was ever in memory at once, in pages (VmHWM).
    pub(super) most: u64,
}

/// The PTE flags for a page of an area.
pub(super) fn flags(rights: Rights) -> u64 {
    if rights == Rights::NONE {
        return Pte::HIDDEN;
    }
    // A writable page that is not readable is reserved in Sv39.
    let read = if rights.read || rights.write { Pte::READ } else { 0 };
    let write = if rights.write { Pte::WRITE } else { 0 };
    let execute = if rights.execute { Pte::EXECUTE } else { 0 };
    Pte::VALID | Pte::USER | read | write | execute
}

/// How a frame is entered in the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// All of the area's rights apply at once.
    Own,
    /// It has other owners: a store must fault first, and makes a copy.
    CopyOnWrite,
    /// It is shared on purpose, and the first store is to be noticed: the page becomes dirty then.
    Watched,
}

impl AddressSpace {
    /// An empty space with this root table.
    pub(super) fn new(asid: u32, root: FrameId) -> Self {
        Self {
            satp: Satp { root, asid },
            areas: Areas::default(),
            heap: 0,
            brk: 0,
            command: Command::default(),
            locks: super::AreaFlags::empty(),
            users: 1,
            middles: BTreeMap::new(),
            large: 0,
            rss: Rss::default(),
            most: 0,
        }
    }

    /// The areas, lowest first.
    pub fn areas(&self) -> impl DoubleEndedIterator<Item = &Vma> {
        self.areas.iter()
    }

    /// All that can be asked about its areas.
    #[must_use]
    pub fn map(&self) -> &Areas {
        &self.areas
    }

    /// The area that holds an address.
    #[inline]
    #[must_use]
    pub fn find(&self, address: u64) -> Option<&Vma> {
        self.areas.find(address)
    }

    /// How many large pages it has, of 2 MiB each.
    #[must_use]
    pub fn large_pages(&self) -> u64 {
        self.large
    }

    /// How many pages are mapped to frames (RSS).
    #[must_use]
    pub fn resident(&self) -> u64 {
        self.rss.total()
    }

    /// The same by kind, and what is in the swap area.
    #[must_use]
    pub fn rss(&self) -> Rss {
        self.rss
    }

    /// The most pages that were ever resident at once.
    #[must_use]
    pub fn most_resident(&self) -> u64 {
        self.most.max(self.rss.total())
    }

    /// How many pages the areas span (VSZ).
    #[must_use]
    pub fn pages(&self) -> u64 {
        self.areas.iter().map(Vma::pages).sum()
    }

    /// How many pages of private memory that may be written the areas span, stacks aside (RLIMIT_DATA).
    #[must_use]
    pub fn data_pages(&self) -> u64 {
        let data = |vma: &&Vma| vma.rights.write && !vma.is_shared() && !vma.grows_down();
        self.areas.iter().filter(data).map(Vma::pages).sum()
    }

    /// How many pages are locked (VmLck).
    #[must_use]
    pub fn locked_pages(&self) -> u64 {
        let locked = |vma: &&Vma| vma.flags.contains(super::AreaFlags::LOCKED);
        self.areas.iter().filter(locked).map(Vma::pages).sum()
    }

    /// The table of the lowest level for an address.
    #[inline]
    pub(super) fn leaf(&self, ram: &Ram, address: u64) -> Option<FrameId> {
        let middle = self.middles.get(&(table_index(address, 2) as u16))?;
        let entry = Pte(ram.word(*middle, table_index(address, 1)));
        (entry.has(Pte::VALID) && !entry.is_leaf()).then(|| entry.frame())
    }

    /// The entry of the large page that holds an address.
    pub(super) fn large(&self, ram: &Ram, address: u64) -> Option<Pte> {
        let middle = self.middles.get(&(table_index(address, 2) as u16))?;
        let entry = Pte(ram.word(*middle, table_index(address, 1)));
        (entry.has(Pte::VALID) && entry.is_leaf()).then_some(entry)
    }

    /// The large pages that have a part in `start..end`: first address and entry.
    pub(super) fn large_within(&self, ram: &Ram, start: u64, end: u64) -> Vec<(u64, Pte)> {
        let mut found = Vec::new();
        for (&index, &middle) in &self.middles {
            let base = u64::from(index) * MIDDLE_SPAN;
            if base >= end || base + MIDDLE_SPAN <= start {
                continue;
            }
            for (n, word) in ram.words(middle).enumerate() {
                let at = base + n as u64 * TABLE_SPAN;
                let entry = Pte(word);
                let is_large = entry.has(Pte::VALID) && entry.is_leaf();
                if is_large && at < end && at + TABLE_SPAN > start {
                    found.push((at, entry));
                }
            }
        }
        found
    }

    /// The table entry of a page, whatever it says; 0 if there is no table.
    #[inline]
    #[must_use]
    pub fn pte(&self, ram: &Ram, address: u64) -> Pte {
        match self.leaf(ram, address) {
            Some(table) => Pte(ram.word(table, table_index(address, 0))),
            None => self.large(ram, address).map_or(Pte(0), |entry| entry.piece(address, 1)),
        }
    }

    /// The tables of the lowest level that map a part of `start..end`, and the first address of each. Regions of 1 GiB
    /// without any table are skipped at once.
    pub(super) fn leaves(&self, ram: &Ram, start: u64, end: u64) -> Vec<(u64, FrameId)> {
        let mut found = Vec::new();
        let mut at = start & !(TABLE_SPAN - 1);
        while at < end {
            let Some(middle) = self.middles.get(&(table_index(at, 2) as u16)) else {
                at = (at | (MIDDLE_SPAN - 1)) + 1;
                continue;
            };
            let entry = Pte(ram.word(*middle, table_index(at, 1)));
            if entry.has(Pte::VALID) && !entry.is_leaf() {
                found.push((at, entry.frame()));
            }
            at += TABLE_SPAN;
        }
        found
    }

    /// All tables of the lowest level, lowest first.
    pub(super) fn all_leaves(&self, ram: &Ram) -> Vec<(u64, FrameId)> {
        let mut found = Vec::new();
        for (&index, &middle) in &self.middles {
            let base = u64::from(index) * MIDDLE_SPAN;
            for (n, word) in ram.words(middle).enumerate() {
                if word & Pte::VALID != 0 && !Pte(word).is_leaf() {
                    found.push((base + n as u64 * TABLE_SPAN, Pte(word).frame()));
                }
            }
        }
        found
    }

    /// What is mapped or swapped in `start..end`: addresses and table entries, lowest first.
    #[must_use]
    pub fn mapped(&self, ram: &Ram, start: u64, end: u64) -> Vec<(u64, Pte)> {
        let mut pages = Vec::new();
        for (base, table) in self.leaves(ram, start, end) {
            let entries = ram.words(table).zip((base..).step_by(PAGE as usize));
            let inside = entries.filter(|&(word, at)| word != 0 && at >= start && at < end);
            pages.extend(inside.map(|(word, at)| (at, Pte(word))));
        }
        if self.large > 0 {
            for (base, entry) in self.large_within(ram, start, end) {
                let all = (base..base + TABLE_SPAN).step_by(PAGE as usize);
                let inside = all.filter(|&at| at >= start && at < end);
                pages.extend(inside.map(|at| (at, entry.piece(at, 1))));
            }
            pages.sort_by_key(|&(at, _)| at);
        }
        pages
    }
}
