//! Layer 5: memory. Frames, address spaces, and what both have to do with each other.
//!
//! Layers: [`frames`] hands out physical frames and counts their owners, [`pages`] says what each is used for and where it is mapped;
//! [`vma`] and [`areas`] describe what should be where in an address space, `tables` what is there; `large` has pages of 2 MiB; [`object`] is memory
//! that several spaces map; [`partition`] is how memory was divided before there were pages; [`replace`] decides which page goes when memory runs short, and [`swap`] has the slots of the swap area, [`pressure`] what is known when memory is short; [`Mm`] owns them all.
//!
//! A typical sequence: fork(2) calls [`Mm::fork`]: the child gets the parent's areas, and shares its page tables of the
//! lowest level, in which nobody may write any more. A store then faults, and the page-fault handler (layer 7) calls
//! [`Mm::copy`] for the side that stored: it gets a copy of the table, and in it a copy of the page; or [`Mm::own`], if it is the
//! page's last owner. `//DOC: cow-fork` marks the place.
//!
//! Taken from elsewhere: areas in an ordered map and the split of "what should be there" (areas) from
//! "what is there" (page tables) from Linux' `mm/`; a reference count and a use per frame as in its `struct page`, and the reverse map
//! of its version 2.5; memory objects from Mach; shared page tables from On-demand-fork; tables of tables in plain memory as in xv6's `vm.c`.

pub mod areas;
pub mod audit;
pub mod block;
mod change;
mod fork;
pub mod frames;
mod large;
pub mod object;
mod objects;
pub mod pages;
pub mod partition;
pub mod pressure;
pub mod promise;
pub mod replace;
mod reverse;
pub mod space;
pub mod swap;
mod tables;
pub mod vma;

pub use areas::Areas;
pub use fork::Forked;
pub use frames::Frames;
pub use object::Object;
pub use pages::{Pages, Use};
pub use pressure::Pressure;
pub use promise::{Overcommit, Promises};
pub use space::{AddressSpace, Command, MMAP_TOP, Rss, STACK_TOP, Share, TEXT_BASE};
pub use swap::SwapArea;
pub use tables::{Leaf, Meter};
pub use vma::{AreaFlags, Backing, Rights, Vma};

use crate::abi::Errno;
use crate::base::{Digester, FrameId, ObjectId, ObjectTag, SpaceId, SpaceTag, Table};
use crate::hw::mmu::{Pte, table_index};
use crate::hw::{Memory, Satp};
use std::collections::BTreeMap;
use std::hash::Hash;
use std::sync::Arc;

/// No frame is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMemory;

impl From<NoMemory> for Errno {
    fn from(NoMemory: NoMemory) -> Self {
        Self::ENOMEM
    }
}

/// How many frames may be needed at most to repair one fault, or to change a range of a space: two page tables, a copy of a third at
/// each end, and the page itself.
pub const FRAMES_FOR_A_CHANGE: u32 = 5;

/// All memory management of a machine.
#[derive(Clone, Debug, Hash)]
pub struct Mm {
    /// Physical frames.
    pub frames: Frames,
    /// What they are used for.
    pub pages: Pages,
    /// What was promised.
    pub promises: Promises,
    /// The swap area, if there is one.
    pub swap: Option<SwapArea>,
    /// How short memory is, and who must go.
    pub pressure: Pressure,
    /// Work that is to be charged.
    pub meter: Meter,
    /// Memory in whole blocks, on machines that have it.
    pub partitions: Option<partition::Partitions>,
    /// The page of zeroes.
    zero: FrameId,
    /// Frames that the kernel keeps for good: drivers' buffers.
    kernel: Vec<FrameId>,
    spaces: Table<SpaceTag, AddressSpace>,
    objects: Table<ObjectTag, Object>,
    texts: BTreeMap<Arc<str>, ObjectId>,
    /// How many pages the files of each file system in memory have.
    file_pages: BTreeMap<u16, u64>,
    leaves: BTreeMap<FrameId, Leaf>,
    /// Large pages by their first frame: whose they are, and where.
    large: BTreeMap<FrameId, (SpaceId, u64)>,
    next_asid: u32,
}

impl Mm {
    /// Memory management for `count` frames. One of them is the page of zeroes.
    #[must_use]
    pub fn new(count: u32) -> Self {
        let (mut frames, mut pages) = (Frames::new(count), Pages::default());
        let zero = frames.allocate().unwrap_or_default();
        pages.set_use(zero, Use::Zero);
        Self {
            frames,
            pages,
            promises: Promises::new(count),
            swap: None,
            pressure: Pressure::new(count),
            meter: Meter::default(),
            partitions: None,
            zero,
            kernel: Vec::new(),
            spaces: Table::default(),
            objects: Table::default(),
            texts: BTreeMap::new(),
            file_pages: BTreeMap::new(),
            leaves: BTreeMap::new(),
            large: BTreeMap::new(),
            next_asid: 1,
        }
    }

    /// Makes an empty address space with one user.
    ///
    /// # Errors
    /// [`NoMemory`].
    pub fn create(&mut self, memory: &mut Memory) -> Result<SpaceId, NoMemory> {
        let root = self.frames.allocate().ok_or(NoMemory)?;
        memory.ram.clear(root);
        self.pages.set_use(root, Use::Table);
        let asid = self.next_asid;
        // Wraps after 2³² spaces, long after the first ones have been flushed and forgotten.
        self.next_asid = self.next_asid.wrapping_add(1).max(1);
        Ok(self.spaces.insert(AddressSpace::new(asid, root)))
    }

    /// An address space.
    #[inline]
    #[must_use]
    pub fn space(&self, id: SpaceId) -> Option<&AddressSpace> {
        self.spaces.get(id)
    }

    /// An address space, to change.
    pub fn space_mut(&mut self, id: SpaceId) -> Option<&mut AddressSpace> {
        self.spaces.get_mut(id)
    }

    /// All address spaces.
    pub fn all_spaces(&self) -> impl Iterator<Item = (SpaceId, &AddressSpace)> {
        self.spaces.iter()
    }

    /// What a CPU loads to use a space.
    #[must_use]
    pub fn satp(&self, id: SpaceId) -> Satp {
        self.spaces.get(id).map_or_else(Satp::default, |space| space.satp)
    }

    /// A frame is used for something, from now on. Pages that may be taken away again are told to the replacement policy.
    #[inline]
    pub fn adopt(&mut self, frame: FrameId, used: Use) {
        self.pages.set_use(frame, used);
        if used.may_go()
            && let Some(policy) = self.pressure.replacer.get_mut()
        {
            policy.insert(frame);
        }
    }

    /// A frame that the kernel keeps for good.
    pub fn kernel_frame(&mut self) -> Option<FrameId> {
        let frame = self.frames.allocate()?;
        self.pages.set_use(frame, Use::Kernel);
        self.kernel.push(frame);
        Some(frame)
    }

    /// The page of zeroes.
    #[must_use]
    pub fn zero_frame(&self) -> FrameId {
        self.zero
    }

    /// Feeds all address spaces and objects into a digest, but not which frames are free.
    pub fn hash_spaces(&self, digester: &mut Digester) {
        (&self.spaces, &self.objects).hash(digester);
    }

    /// How many spaces there are.
    #[must_use]
    pub fn spaces(&self) -> usize {
        self.spaces.len()
    }

    /// One more thread uses the space.
    pub fn share(&mut self, id: SpaceId) {
        if let Some(space) = self.spaces.get_mut(id) {
            space.users += 1;
        }
    }

    /// A thread uses the space no longer; with the last one it is gone.
    pub fn release(&mut self, id: SpaceId, memory: &mut Memory) {
        let Some(space) = self.spaces.get_mut(id) else {
            return;
        };
        space.users -= 1;
        if space.users == 0
            && let Some(space) = self.spaces.remove(id)
        {
            self.dismantle(id, &space, memory);
            self.remove_segments(id, (0, u64::MAX));
            for vma in space.areas() {
                self.promises.give_back(vma.promised());
                self.unmap_object(memory, vma);
            }
        }
    }

    /// Adds an area to a space, where nothing is.
    ///
    /// # Errors
    /// Those of [`Areas::insert`]; `ENOMEM` if more was promised than there is. Nothing has changed then.
    pub fn map(&mut self, id: SpaceId, vma: Vma) -> Result<(), Errno> {
        self.promises.promise(vma.promised())?;
        let added = self.add_segment(id, &vma);
        let space = self.spaces.get_mut(id).ok_or(Errno::ENOMEM)?;
        if let Err(errno) = added.and_then(|_| space.areas.insert(vma)) {
            self.promises.give_back(vma.promised());
            if added == Ok(true) {
                self.remove_segments(id, (vma.start, vma.end));
            }
            return Err(errno);
        }
        self.map_object(&vma);
        Ok(())
    }

    /// Maps a frame, of which the space becomes an owner, at a page of an area.
    ///
    /// # Errors
    /// [`NoMemory`], also if there is no such area; the frame is still the caller's then.
    #[inline]
    pub fn install(
        &mut self,
        id: SpaceId,
        memory: &mut Memory,
        address: u64,
        (frame, share): (FrameId, Share),
    ) -> Result<(), NoMemory> {
        let space = self.spaces.get(id).ok_or(NoMemory)?;
        let rights = space.find(address).ok_or(NoMemory)?.rights;
        self.enter(id, memory, address, frame, (rights, share))
    }

    /// Lets a page of a private anonymous area be the page of zeroes until somebody writes to it.
    ///
    /// # Errors
    /// [`NoMemory`].
    pub fn install_zero(
        &mut self,
        id: SpaceId,
        memory: &mut Memory,
        address: u64,
    ) -> Result<FrameId, NoMemory> {
        let zero = self.zero;
        self.frames.share(zero);
        let installed = self.install(id, memory, address, (zero, Share::CopyOnWrite));
        if installed.is_err() {
            self.frames.release(zero);
        }
        installed.map(|()| zero)
    }

    /// Gives a space its own copy of a frame that it shared. Returns the copy.
    ///
    /// # Errors
    /// [`NoMemory`].
    pub fn copy(
        &mut self,
        id: SpaceId,
        memory: &mut Memory,
        address: u64,
        old: FrameId,
    ) -> Result<FrameId, NoMemory> {
        let new = self.private_frame(id, address).ok_or(NoMemory)?;
        if old == self.zero {
            memory.ram.clear(new);
        } else {
            memory.ram.copy(old, new);
        }
        self.adopt(new, Use::Anonymous);
        if let Err(no) = self.install(id, memory, address, (new, Share::Own)) {
            self.release_frame(memory, new);
            return Err(no);
        }
        Ok(new)
    }

    /// Whether a space may simply write to a frame that it has mapped copy-on-write: it is private memory, nobody else owns
    /// it, and nobody else uses the table that maps it.
    #[must_use]
    pub fn is_last_owner(
        &self,
        id: SpaceId,
        memory: &Memory,
        address: u64,
        frame: FrameId,
    ) -> bool {
        let table = self.spaces.get(id).and_then(|space| space.leaf(&memory.ram, address));
        self.pages.used(frame) == Use::Anonymous
            && self.frames.owners(frame) == 1
            && table.is_some_and(|table| self.frames.owners(table) == 1)
    }

    /// Lets a space write to a page: it is the last owner, or a store to a shared page has been noticed.
    ///
    /// # Errors
    /// [`NoMemory`].
    pub fn own(&mut self, id: SpaceId, memory: &mut Memory, address: u64) -> Result<(), NoMemory> {
        let table = self.own_leaf(id, memory, address)?;
        let index = table_index(address, 0);
        let pte = memory.ram.word(table, index);
        let written = (pte | Pte::WRITE | Pte::READ) & !Pte::COPY_ON_WRITE;
        memory.ram.set_word(table, index, written);
        memory.forget_page(self.satp(id).asid, address);
        Ok(())
    }

    /// The page-table entry for an address, if it maps a page.
    #[inline]
    #[must_use]
    pub fn entry(&self, id: SpaceId, memory: &Memory, address: u64) -> Option<Pte> {
        Some(self.spaces.get(id)?.pte(&memory.ram, address)).filter(|pte| pte.has(Pte::VALID))
    }

    /// How many page tables a space has, and how many of them are shared with others since fork(2).
    #[must_use]
    pub fn count_tables(&self, id: SpaceId, memory: &Memory) -> (u64, u64) {
        let Some(space) = self.spaces.get(id) else { return (0, 0) };
        let leaves = space.all_leaves(&memory.ram);
        let shared = leaves.iter().filter(|(_, table)| self.frames.owners(*table) > 1).count();
        ((1 + space.middles.len() + leaves.len()) as u64, shared as u64)
    }
}
