//! Layer 5: memory. Frames, address spaces, and what both have to do with each other.
//!
//! Layers: [`frames`] counts owners of physical frames; [`vma`] describes stretches of an address space;
//! [`space`] keeps the page tables in RAM; [`Mm`] owns them all.
//!
//! A typical sequence: fork(2) calls [`Mm::fork`]: the child gets the parent's areas and a page table whose
//! entries name the *same* frames; both sides lose the right to write. A store then faults, and the page
//! fault handler (layer 7) calls [`Mm::copy`] for the side that stored, or [`Mm::own`] if it is the last
//! owner. `//DOC: cow-fork` marks the place.
//!
//! Taken from elsewhere: areas in an ordered map and the split of "what should be there" (areas) from
//! "what is there" (page tables) from Linux' `mm/`; a reference count per frame as in its `struct page`;
//! tables of tables in plain memory as in xv6's `vm.c`.

pub mod block;
pub mod frames;
pub mod replace;
pub mod space;
pub mod vma;

pub use frames::Frames;
pub use space::{AddressSpace, MMAP_TOP, STACK_TOP, Share, TEXT_BASE};
pub use vma::{Backing, Rights, Vma};

use crate::base::{Digester, FrameId, SpaceId, SpaceTag, Table};
use crate::hw::mmu::Pte;
use crate::hw::{Memory, Satp};
use std::hash::Hash;

/// No frame is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMemory;

/// All memory management of a machine.
#[derive(Clone, Debug, Hash)]
pub struct Mm {
    /// Physical frames.
    pub frames: Frames,
    spaces: Table<SpaceTag, AddressSpace>,
    next_asid: u32,
}

impl Mm {
    /// Memory management for `frames` frames.
    #[must_use]
    pub fn new(frames: u32) -> Self {
        Self { frames: Frames::new(frames), spaces: Table::default(), next_asid: 1 }
    }

    /// Makes an empty address space with one user.
    ///
    /// # Errors
    /// [`NoMemory`].
    pub fn create(&mut self, memory: &mut Memory) -> Result<SpaceId, NoMemory> {
        let asid = self.next_asid;
        let space = AddressSpace::new(asid, &mut self.frames, &mut memory.ram)?;
        // Wraps after 2³² spaces, long after the first ones have been flushed and forgotten.
        self.next_asid = self.next_asid.wrapping_add(1).max(1);
        Ok(self.spaces.insert(space))
    }

    /// An address space.
    #[must_use]
    pub fn space(&self, id: SpaceId) -> Option<&AddressSpace> {
        self.spaces.get(id)
    }

    /// An address space, to change.
    pub fn space_mut(&mut self, id: SpaceId) -> Option<&mut AddressSpace> {
        self.spaces.get_mut(id)
    }

    /// What a CPU loads to use a space.
    #[must_use]
    pub fn satp(&self, id: SpaceId) -> Satp {
        self.spaces.get(id).map_or_else(Satp::default, |space| space.satp)
    }

    /// Feeds all address spaces into a digest, but not which frames are free.
    pub fn hash_spaces(&self, digester: &mut Digester) {
        self.spaces.hash(digester);
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
            space.destroy(&mut self.frames, memory);
        }
    }

    /// A copy of a space for fork(2): the same areas, the same frames, nobody may write to them.
    /// Returns the copy and how many pages it shares.
    ///
    /// # Errors
    /// [`NoMemory`]; the parent is as it was, but for rights to write that come back with a fault.
    pub fn fork(
        &mut self,
        parent: SpaceId,
        memory: &mut Memory,
    ) -> Result<(SpaceId, u64), NoMemory> {
        let child = self.create(memory)?;
        let Self { frames, spaces, .. } = self;
        let Some((from, to)) = spaces.get_two_mut(parent, child) else {
            return Ok((child, 0));
        };
        let pages = from.mapped(&memory.ram);
        let count = pages.len() as u64;
        to.copy_areas(from);
        //DOC: cow-fork
        for (address, pte) in pages {
            let Some(rights) = from.find(address).map(|vma| vma.rights) else {
                continue;
            };
            frames.share(pte.frame());
            let share = (rights, Share::CopyOnWrite);
            let installed = to.install((frames, memory), address, pte.frame(), share);
            if installed.is_err() {
                frames.release(pte.frame());
                self.release(child, memory);
                return Err(NoMemory);
            }
            from.protect_from_writes(memory, address);
        }
        memory.flush_space(from.satp.asid);
        Ok((child, count))
    }

    /// Maps a frame, of which the space becomes an owner, at a page of an area.
    ///
    /// # Errors
    /// [`NoMemory`], also if there is no such area; the frame is still the caller's then.
    pub fn install(
        &mut self,
        id: SpaceId,
        memory: &mut Memory,
        address: u64,
        (frame, share): (FrameId, Share),
    ) -> Result<(), NoMemory> {
        let space = self.spaces.get_mut(id).ok_or(NoMemory)?;
        let rights = space.find(address).ok_or(NoMemory)?.rights;
        space.install((&mut self.frames, memory), address, frame, (rights, share))
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
        let new = self.frames.allocate().ok_or(NoMemory)?;
        memory.ram.copy(old, new);
        if let Err(no) = self.install(id, memory, address, (new, Share::Own)) {
            self.frames.release(new);
            return Err(no);
        }
        self.frames.release(old);
        Ok(new)
    }

    /// Lets the last owner of a frame write to it again.
    pub fn own(&mut self, id: SpaceId, memory: &mut Memory, address: u64) {
        if let Some(space) = self.spaces.get_mut(id) {
            space.allow_writes(memory, address);
        }
    }

    /// Removes what is mapped in `start..end`.
    pub fn unmap(&mut self, id: SpaceId, memory: &mut Memory, start: u64, end: u64) {
        if let Some(space) = self.spaces.get_mut(id) {
            space.unmap(&mut self.frames, memory, start, end);
        }
    }

    /// The page-table entry for an address.
    #[must_use]
    pub fn entry(&self, id: SpaceId, memory: &Memory, address: u64) -> Option<Pte> {
        self.spaces.get(id)?.entry(&memory.ram, address)
    }
}
