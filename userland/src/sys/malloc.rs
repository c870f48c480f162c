//! malloc(3): a heap of blocks over brk(2) and mmap(2), kept wholly in emulated memory.
//!
//! Every block begins with a header of 16 bytes: its size, and a mark that says it is in use. A hole has the address of
//! the next hole in the mark's place, so that the list of holes needs no memory of its own; it is ordered by address, and
//! neighbours are joined when a block comes back. Which hole is taken is the choice of a [`Fit`]. Since all of this lies in
//! the process's own memory, a thread that writes beyond its block ruins the heap for all: here too.
//!
//! A typical sequence: [`Heap::new`] puts a control block at the program break. [`Heap::malloc`] walks the list, and
//! moves the break up when no hole is large enough; large requests get a mapping of their own. [`Heap::free`] finds the
//! size in front of the block.
//!
//! Taken from elsewhere: the header in front and the list through the holes from Kernighan and Ritchie, *The C Programming
//! Language*, 8.7; the threshold for mappings and the check of what is freed from glibc's malloc.

use super::sync::Mutex;
use super::{Result, Sys};
use oscope_kernel::abi::{Errno, nr};
use oscope_kernel::mm::block::Fit;

/// Bytes in front of each block; blocks are multiples of it, and begin at one.
pub const HEADER: u64 = 16;

/// From here on a request gets a mapping of its own (glibc's M_MMAP_THRESHOLD).
pub const MMAP_THRESHOLD: u64 = 128 * 1024;

/// How much the break moves at least.
const GROWTH: u64 = 64 * 1024;

/// The mark of a block in use, and of one that is a mapping. No hole has such an address.
const IN_USE: u64 = 0xb10c_0000_0000_0001;
const MAPPED: u64 = 0xb10c_0000_0000_0003;

/// Where things lie in the control block.
const LOCK: u64 = 0;
const FIT: u64 = 8;
const FIRST: u64 = 16;
const ROVER: u64 = 24;
const END: u64 = 32;
const SEARCHED: u64 = 40;
const CONTROL: u64 = 64;

/// "No hole".
const NONE: u64 = 0;

/// A heap. A value is only the address of its control block: it is copied to every thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Heap {
    /// Where its control block lies.
    pub address: u64,
}

/// A hole on the way through the list: where its address stands, itself, its size, and the next one.
#[derive(Clone, Copy)]
struct Hole {
    link: u64,
    at: u64,
    size: u64,
    next: u64,
}

const WAYS: [Fit; 4] = [Fit::First, Fit::Best, Fit::Worst, Fit::Next];

impl Sys {
    /// brk(2) as the kernel has it: moves the program break, if it can, and says where it is.
    pub async fn brk(&self, to: u64) -> u64 {
        self.call3(nr::BRK, to, 0, 0).await.unwrap_or(0)
    }
}

impl Heap {
    /// Makes an empty heap at the program break.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub async fn new(sys: &Sys, fit: Fit) -> Result<Self> {
        let old = sys.brk(0).await;
        let address = old.next_multiple_of(HEADER);
        let end = (address + CONTROL).next_multiple_of(4096);
        if sys.brk(end).await != end {
            return Err(Errno::ENOMEM);
        }
        let heap = Self { address };
        let way = WAYS.iter().position(|way| *way == fit).unwrap_or(0);
        sys.store32(address + LOCK, 0).await;
        sys.store(address + FIT, way as u64).await;
        sys.store(address + FIRST, NONE).await;
        sys.store(address + ROVER, NONE).await;
        sys.store(address + END, end).await;
        sys.store(address + SEARCHED, 0).await;
        heap.add(sys, address + CONTROL, end - address - CONTROL).await?;
        Ok(heap)
    }

    /// A block of at least `size` bytes, whatever they hold. Its address is a multiple of 16.
    ///
    /// # Errors
    /// `ENOMEM`; `EINVAL` if somebody has written over the heap's lists.
    pub async fn malloc(self, sys: &Sys, size: u64) -> Result {
        let rounded = size.max(1).checked_next_multiple_of(HEADER);
        let size = rounded.and_then(|size| size.checked_add(HEADER)).ok_or(Errno::ENOMEM)?;
        if size >= MMAP_THRESHOLD {
            let at = sys.mmap(size).await?;
            sys.store(at, size).await;
            sys.store(at + 8, MAPPED).await;
            return Ok(at + HEADER);
        }
        self.lock().lock(sys).await;
        let block = self.take(sys, size).await;
        self.lock().unlock(sys).await;
        Ok(block? + HEADER)
    }

    /// Gives a block back. Nothing happens with address 0.
    ///
    /// # Errors
    /// `EINVAL` if no block in use begins there, where glibc ends the program: "free(): invalid pointer".
    pub async fn free(self, sys: &Sys, address: u64) -> Result<()> {
        if address == 0 {
            return Ok(());
        }
        let at = address.checked_sub(HEADER).filter(|at| at.is_multiple_of(HEADER));
        let at = at.ok_or(Errno::EINVAL)?;
        let (size, mark) = (sys.load(at).await, sys.load(at + 8).await);
        match mark {
            MAPPED => sys.call(nr::MUNMAP, [at, size, 0, 0, 0, 0]).await.map(|_| ()),
            IN_USE => {
                self.lock().lock(sys).await;
                let added = self.add(sys, at, size).await;
                self.lock().unlock(sys).await;
                added
            }
            _ => Err(Errno::EINVAL),
        }
    }

    /// The holes, lowest first: address and size.
    ///
    /// # Errors
    /// `EINVAL` if somebody has written over them.
    pub async fn holes(self, sys: &Sys) -> Result<Vec<(u64, u64)>> {
        let mut holes = Vec::new();
        let mut link = self.address + FIRST;
        while let Some(hole) = self.hole(sys, link).await? {
            holes.push((hole.at, hole.size));
            link = hole.at + 8;
        }
        Ok(holes)
    }

    /// How many holes all searches have looked at.
    pub async fn searched(self, sys: &Sys) -> u64 {
        sys.load(self.address + SEARCHED).await
    }

    fn lock(self) -> Mutex {
        Mutex::at(self.address + LOCK)
    }

    /// The hole whose address stands at `link`; `None` at the end of the list. Holes ascend, so the way through the
    /// list ends even if somebody has written over it.
    async fn hole(self, sys: &Sys, link: u64) -> Result<Option<Hole>> {
        let at = sys.load(link).await;
        if at == NONE {
            return Ok(None);
        }
        let end = sys.load(self.address + END).await;
        let ascends = at > link && at.is_multiple_of(HEADER);
        if !ascends || end.checked_sub(at).is_none_or(|room| room < HEADER) {
            return Err(Errno::EINVAL);
        }
        let (size, next) = (sys.load(at).await, sys.load(at + 8).await);
        let fits = size >= HEADER && size.is_multiple_of(HEADER) && size <= end - at;
        if fits { Ok(Some(Hole { link, at, size, next })) } else { Err(Errno::EINVAL) }
    }

    /// Takes a block of `size` bytes, header included, off the front of a hole.
    async fn take(self, sys: &Sys, size: u64) -> Result {
        let hole = match self.search(sys, size).await? {
            Some(hole) => hole,
            None => {
                self.grow(sys, size).await?;
                self.search(sys, size).await?.ok_or(Errno::ENOMEM)?
            }
        };
        let rest = hole.at + size;
        if hole.size > size {
            sys.store(rest, hole.size - size).await;
            sys.store(rest + 8, hole.next).await;
            sys.store(hole.link, rest).await;
        } else {
            sys.store(hole.link, hole.next).await;
        }
        sys.store(self.address + ROVER, rest).await;
        sys.store(hole.at, size).await;
        sys.store(hole.at + 8, IN_USE).await;
        Ok(hole.at)
    }

    /// The hole that the heap's fit chooses.
    async fn search(self, sys: &Sys, size: u64) -> Result<Option<Hole>> {
        let way = sys.load(self.address + FIT).await as usize;
        let fit = WAYS.get(way).copied().ok_or(Errno::EINVAL)?;
        let rover = if fit == Fit::Next { sys.load(self.address + ROVER).await } else { NONE };
        // The best one from the rover on, and the best one below it, which counts if there is no other.
        let (mut best, mut below): (Option<Hole>, Option<Hole>) = (None, None);
        let mut searched = 0;
        let mut link = self.address + FIRST;
        while let Some(hole) = self.hole(sys, link).await? {
            searched += 1;
            link = hole.at + 8;
            let so_far = if hole.at < rover { &mut below } else { &mut best };
            let is_better = so_far.is_none_or(|best| fit.prefers(hole.size, best.size));
            if hole.size >= size && is_better {
                *so_far = Some(hole);
                if fit.takes_first() && hole.at >= rover {
                    break;
                }
            }
        }
        sys.fetch_add(self.address + SEARCHED, searched).await;
        Ok(best.or(below))
    }

    /// Moves the break up, by what a request needs at least.
    async fn grow(self, sys: &Sys, size: u64) -> Result<()> {
        let end = sys.load(self.address + END).await;
        let wanted = end + size.max(GROWTH).next_multiple_of(4096);
        // Somebody else may have moved the break; then the heap stays as it is.
        if sys.brk(0).await != end || sys.brk(wanted).await != wanted {
            return Err(Errno::ENOMEM);
        }
        sys.store(self.address + END, wanted).await;
        self.add(sys, end, wanted - end).await
    }

    /// Puts a hole into the list, and joins it with those that touch it.
    async fn add(self, sys: &Sys, at: u64, size: u64) -> Result<()> {
        let mut below: Option<Hole> = None;
        let mut link = self.address + FIRST;
        let above = loop {
            match self.hole(sys, link).await? {
                Some(hole) if hole.at < at => {
                    below = Some(hole);
                    link = hole.at + 8;
                }
                above => break above,
            }
        };
        let (mut hole_size, mut next) = (size, above.map_or(NONE, |above| above.at));
        if let Some(above) = above.filter(|above| at + size == above.at) {
            hole_size += above.size;
            next = above.next;
        }
        match below {
            Some(below) if below.at + below.size == at => {
                sys.store(below.at, below.size + hole_size).await;
                sys.store(below.at + 8, next).await;
                // What was a header is nobody's now: freed once more, it is found out.
                sys.store(at + 8, NONE).await;
            }
            _ => {
                sys.store(at, hole_size).await;
                sys.store(at + 8, next).await;
                sys.store(link, at).await;
            }
        }
        Ok(())
    }
}
