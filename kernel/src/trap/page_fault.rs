//! Page faults: what is missing is brought, what is shared is copied, what is forbidden is punished.
//!
//! Layers: [`repair`] finds the area and whether the access is allowed there; then there are three cases: the page is mapped and the
//! MMU refused all the same (`mapped`), the page is in the swap area (`swapped`), or there is nothing yet (`missing`). Each enters a frame in the tables, or says why not.
//!
//! A typical sequence: a program stores to fresh memory; the area is anonymous and may be written; `missing` takes a free
//! frame, clears it, and enters it; the program's store is tried again.

use crate::abi::flags::process::rlimit;
use crate::abi::signal::code;
use crate::abi::{Access, Errno, Fault};
use crate::base::{FrameId, InodeId, SpaceId, ThreadId};
use crate::context::{Cx, Tables};
use crate::event::{Event, MemoryEvent, Repair, Wait};
use crate::hw::PAGE_SIZE;
use crate::hw::mmu::{Pte, USER_END};
use crate::io::{block, frames, node, object, swap, tlb, txn};
use crate::mm::areas::GUARD_GAP;
use crate::mm::{AreaFlags, Backing, FRAMES_FOR_A_CHANGE, Share, Vma};
use crate::proc::{CallFrame, Stop, WaitFor};

const PAGE: u64 = PAGE_SIZE as u64;

/// Why a fault was not repaired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unrepaired {
    /// The page is on its way: wait, and try again.
    Park(WaitFor),
    /// The access is forbidden, or there is nothing: SIGSEGV with this `si_code`.
    Violation(i32),
    /// The page's data cannot be had: SIGBUS.
    NoData,
    /// An atomic operation at an address that is no multiple of its width: SIGBUS.
    Misaligned,
    /// There is no memory left for it.
    NoMemory,
}

impl From<Stop> for Unrepaired {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Park(wait) => Self::Park(wait),
            Stop::Fail(Errno::ENOMEM) => Self::NoMemory,
            Stop::Fail(_) | Stop::Fault(_) => Self::NoData,
        }
    }
}

impl From<crate::mm::NoMemory> for Unrepaired {
    fn from(_: crate::mm::NoMemory) -> Self {
        Self::NoMemory
    }
}

/// What was done, and the frame that is mapped now.
type Repaired = Result<(Repair, FrameId), Unrepaired>;

/// Where a fault happened.
#[derive(Clone, Copy)]
struct Spot {
    space: SpaceId,
    page: u64,
    vma: Vma,
    stores: bool,
}

/// Repairs the mapping behind a fault of `thread`. `frame` keeps what must not leave the cache meanwhile.
///
/// # Errors
/// [`Unrepaired`].
pub fn repair(
    t: &mut Tables,
    cx: &mut Cx,
    frame: &mut CallFrame,
    thread: ThreadId,
    fault: Fault,
) -> Result<(), Unrepaired> {
    cx.charge(cx.costs.page_fault);
    let repaired = attempt(t, cx, frame, thread, fault);
    charge_tables(t, cx);
    tlb::settle(t, cx);
    if let Err(Unrepaired::Park(wait)) = &repaired
        && wait.kind == Wait::Disk
        && let Some(thread) = t.proc.threads.get_mut(thread)
    {
        thread.times.is_major = true;
    }
    let Some((repair, frame)) = repaired? else { return Ok(()) };
    if let Some(thread) = t.proc.threads.get_mut(thread) {
        thread.times.faults += 1;
        thread.times.major_faults += u64::from(std::mem::take(&mut thread.times.is_major));
    }
    let Fault { address, access } = fault;
    cx.emit(Event::Memory(MemoryEvent::Fault { address, access, repair, frame }));
    Ok(())
}

/// Page tables that had to be copied are charged to whoever had to copy them.
fn charge_tables(t: &mut Tables, cx: &mut Cx) {
    let meter = std::mem::take(&mut t.mm.meter);
    if meter.tables > 0 {
        let (table, entry) = (cx.costs.fork_table.0, cx.costs.fork_page.0);
        let cost = table.saturating_mul(meter.tables) + entry.saturating_mul(meter.entries);
        cx.charge(crate::base::Duration(cost));
    }
}

fn attempt(
    t: &mut Tables,
    cx: &mut Cx,
    frame: &mut CallFrame,
    thread: ThreadId,
    fault: Fault,
) -> Result<Option<(Repair, FrameId)>, Unrepaired> {
    let Fault { address, access } = fault;
    let space = t.proc.process_of(thread).and_then(|process| process.space);
    let space = space.ok_or(Unrepaired::Violation(code::SEGV_MAPERR))?;
    let vma = match t.mm.space(space).and_then(|space| space.find(address)) {
        Some(vma) => *vma,
        None => {
            grow_stack(t, space, thread, address).ok_or(Unrepaired::Violation(code::SEGV_MAPERR))?
        }
    };
    let allowed = match access {
        Access::Load => vma.rights.read || vma.rights.write,
        Access::Store => vma.rights.write,
        Access::Execute => vma.rights.execute,
        Access::Misaligned => return Err(Unrepaired::Misaligned),
    };
    if !allowed {
        return Err(Unrepaired::Violation(code::SEGV_ACCERR));
    }
    // Whatever the repair takes is there before it begins, so that it cannot stop half-way.
    block::reserve(t, cx, FRAMES_FOR_A_CHANGE)?;
    let page = address & !(PAGE - 1);
    let at = Spot { space, page, vma, stores: access == Access::Store };
    let pte = t.mm.space(space).map_or(Pte(0), |space| space.pte(&t.memory.ram, page));
    if let Some(slot) = pte.slot() {
        return swapped(t, cx, frame, at, slot).map(Some);
    }
    if pte.has(Pte::VALID) {
        return mapped(t, cx, frame, at, pte);
    }
    missing(t, cx, frame, at).map(Some)
}

/// A fault just below a stack makes the stack larger, if it may (Linux' `expand_downwards`). The area as it is then.
fn grow_stack(t: &mut Tables, space: SpaceId, thread: ThreadId, address: u64) -> Option<Vma> {
    let limits = &t.proc.process_of(thread)?.limits;
    let (stack, all) = (limits.soft(rlimit::STACK), limits.soft(rlimit::AS));
    let found = t.mm.space(space)?;
    let above = *found.map().above(address).filter(|vma| vma.grows_down())?;
    let to = address & !(PAGE - 1);
    let more = above.start - to;
    let fits = above.end - to <= stack && (found.pages() * PAGE).saturating_add(more) <= all;
    let below = found.map().below(to + 1);
    let apart = below.is_none_or(|below| {
        let harmless = below.grows_down() || below.rights == crate::mm::Rights::NONE;
        harmless || to >= below.end.saturating_add(GUARD_GAP)
    });
    if !fits || !apart || address >= USER_END {
        return None;
    }
    t.mm.grow_down(space, above.start, to).ok()?;
    t.mm.space(space)?.find(address).copied()
}

/// The page is mapped, and the MMU refused: a store to what is read-only so that it can be noticed.
fn mapped(
    t: &mut Tables,
    cx: &mut Cx,
    frame: &mut CallFrame,
    at: Spot,
    pte: Pte,
) -> Result<Option<(Repair, FrameId)>, Unrepaired> {
    let Spot { space, page, vma, stores } = at;
    let old = pte.frame();
    if !stores || pte.has(Pte::WRITE) {
        // Another CPU repaired it, or the TLB was behind: nothing to do but to try again.
        let satp = t.mm.satp(space);
        t.memory.flush_page(satp.asid, page);
        return Ok(None);
    }
    if vma.is_shared() {
        if let Backing::File { inode, .. } = vma.backing {
            notice_store(t, cx, frame, inode, vma.index_of(page))?;
        }
        t.mm.own(space, &mut t.memory, page)?;
        return Ok(Some((Repair::Noticed, old)));
    }
    //DOC: cow-fault
    if t.mm.is_last_owner(space, &t.memory, page, old) {
        t.mm.own(space, &mut t.memory, page)?;
        return Ok(Some((Repair::Own, old)));
    }
    let what = if old == t.mm.zero_frame() { Repair::Zero } else { Repair::Copy };
    if what == Repair::Copy {
        cx.charge(cx.costs.copy_page);
    }
    let copy = t.mm.copy(space, &mut t.memory, page, old)?;
    Ok(Some((what, copy)))
}

/// Nothing is there yet: what the area says should be.
fn missing(t: &mut Tables, cx: &mut Cx, frame: &mut CallFrame, at: Spot) -> Repaired {
    // Where memory lies in blocks nothing private is shared, not even until somebody writes.
    let at = Spot { stores: at.stores || (t.mm.is_partitioned() && !at.vma.is_shared()), ..at };
    let Spot { space, page, vma, stores } = at;
    if let Some(first) = t.mm.install_large(space, &mut t.memory, (page, &vma)) {
        // 512 pages to clear, each of which takes half as long as to copy.
        cx.charge(cx.costs.copy_page * 256);
        return Ok((Repair::Large, first));
    }
    match vma.backing_at(page) {
        Backing::Anonymous if !stores => {
            Ok((Repair::ZeroPage, t.mm.install_zero(space, &mut t.memory, page)?))
        }
        Backing::Anonymous => {
            let zeroes = frames::private_zeroed(t, space, page).ok_or(Unrepaired::NoMemory)?;
            enter(t, at, (zeroes, Share::Own))?;
            Ok((Repair::Zero, zeroes))
        }
        Backing::File { inode, page: index } => {
            let cached = page_of_file(t, cx, frame, inode, index)?;
            if vma.is_shared() && stores {
                notice_store(t, cx, frame, inode, index)?;
            }
            // The page belongs to the cache and to whoever maps it; a store to a private mapping splits it off.
            let how = match (vma.is_shared(), stores) {
                (true, true) => Share::Own,
                (true, false) => Share::Watched,
                (false, _) => Share::CopyOnWrite,
            };
            first_of_shared(t, cx, at, (cached, how), Repair::File)
        }
        Backing::Object { object, page: index } => {
            let (found, what) = object::page(t, cx, frame, (object, index))?;
            let how = if vma.is_shared() { Share::Own } else { Share::CopyOnWrite };
            first_of_shared(t, cx, at, (found, how), what)
        }
    }
}

/// Maps a frame that the cache or an object owns, or, for a store to a private mapping, a copy of it at once.
fn first_of_shared(
    t: &mut Tables,
    cx: &mut Cx,
    at: Spot,
    (found, how): (FrameId, Share),
    what: Repair,
) -> Repaired {
    if at.stores && !at.vma.is_shared() {
        cx.charge(cx.costs.copy_page);
        let copy = t.mm.copy(at.space, &mut t.memory, at.page, found)?;
        return Ok((Repair::Copy, copy));
    }
    t.mm.frames.share(found);
    enter(t, at, (found, how))?;
    Ok((what, found))
}

/// Maps a frame that was counted for the space; gives it back if that fails.
fn enter(t: &mut Tables, at: Spot, what: (FrameId, Share)) -> Result<(), Unrepaired> {
    t.mm.install(at.space, &mut t.memory, at.page, what).map_err(|_| {
        frames::release(t, what.0);
        Unrepaired::NoMemory
    })
}

/// A page of a file, in the cache. What lies wholly behind the file's end is no page of it: SIGBUS.
fn page_of_file(
    t: &mut Tables,
    cx: &mut Cx,
    frame: &mut CallFrame,
    inode: InodeId,
    index: u64,
) -> Result<FrameId, Unrepaired> {
    let attributes = node::attributes(inode, (frame, t, cx))?;
    if index >= attributes.size.div_ceil(PAGE) {
        return Err(Unrepaired::NoData);
    }
    Ok(txn::fetch_page(t, cx, frame, inode, index)?)
}

/// Somebody will store to a page of a file through a shared mapping: it needs a block on the disk, and is dirty from now on.
/// (Linux' `page_mkwrite`.)
fn notice_store(
    t: &mut Tables,
    cx: &mut Cx,
    frame: &mut CallFrame,
    inode: InodeId,
    index: u64,
) -> Result<(), Unrepaired> {
    // It may have left the cache since it was mapped by somebody else.
    page_of_file(t, cx, frame, inode, index)?;
    let size = node::attributes(inode, (frame, t, cx))?.size;
    let end = size.saturating_sub(index * PAGE).min(PAGE) as usize;
    txn::dirty_page(t, cx, frame, inode, (index, (0, end)))?;
    Ok(())
}

/// The page is in the swap area.
fn swapped(t: &mut Tables, cx: &mut Cx, frame: &mut CallFrame, at: Spot, slot: u32) -> Repaired {
    let Spot { space, page, stores, vma } = at;
    let found = swap::into_space(t, cx, frame, (space, page), slot)?;
    // Who stores gets his own at once, rather than fault again.
    if stores && vma.rights.write && t.mm.is_last_owner(space, &t.memory, page, found) {
        t.mm.own(space, &mut t.memory, page)?;
    }
    debug_assert!(
        !vma.flags.contains(AreaFlags::SHARED),
        "shared pages are swapped by their object"
    );
    Ok((Repair::SwapIn, found))
}
