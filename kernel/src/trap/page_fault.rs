//! Page faults: what is missing is brought, what is shared is copied, what is forbidden is punished.

use crate::abi::signal::code;
use crate::abi::{Access, Errno, Fault};
use crate::base::{FrameId, SpaceId, ThreadId};
use crate::context::{Cx, Tables};
use crate::event::{Event, MemoryEvent, Repair};
use crate::hw::PAGE_SIZE;
use crate::hw::mmu::Pte;
use crate::io::{block, frames, txn};
use crate::mm::{Backing, Share};
use crate::proc::{CallFrame, Stop, WaitFor};

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
    let space = t.proc.process_of(thread).and_then(|process| process.space);
    let space = space.ok_or(Unrepaired::Violation(code::SEGV_MAPERR))?;
    let vma = t.mm.space(space).and_then(|space| space.find(fault.address)).copied();
    let vma = vma.ok_or(Unrepaired::Violation(code::SEGV_MAPERR))?;
    let allowed = match fault.access {
        Access::Load => vma.rights.read || vma.rights.write,
        Access::Store => vma.rights.write,
        Access::Execute => vma.rights.execute,
        Access::Misaligned => return Err(Unrepaired::Misaligned),
    };
    if !allowed {
        return Err(Unrepaired::Violation(code::SEGV_ACCERR));
    }
    let page = fault.address & !(PAGE_SIZE as u64 - 1);
    let entry = t.mm.entry(space, &t.memory, page);
    let (what, mapped) = match entry {
        //DOC: cow-fault
        Some(pte) if fault.access == Access::Store && pte.has(Pte::COPY_ON_WRITE) => {
            split(t, cx, space, page, pte.frame())?
        }
        // Another CPU repaired it, or the TLB was behind: nothing to do but to try again.
        Some(pte) => {
            let satp = t.mm.satp(space);
            t.memory.flush_page(satp.asid, page);
            (None, pte.frame())
        }
        None => match vma.backing {
            Backing::Anonymous => {
                let zeroes = block::frame_or_wait(t, cx).map_err(|stop| match stop {
                    Stop::Park(wait) => Unrepaired::Park(wait),
                    _ => Unrepaired::NoMemory,
                })?;
                t.memory.ram.clear(zeroes);
                map(t, space, page, (zeroes, Share::Own))?;
                (Some(Repair::Zero), zeroes)
            }
            Backing::File { inode, page: first } => {
                let at = first + (page - vma.start) / PAGE_SIZE as u64;
                let cached =
                    txn::fetch_page(t, cx, frame, inode, at).map_err(|stop| match stop {
                        Stop::Park(wait) => {
                            if let Some(thread) = t.proc.threads.get_mut(thread) {
                                thread.times.major_faults += 1;
                            }
                            Unrepaired::Park(wait)
                        }
                        Stop::Fail(Errno::ENOMEM) => Unrepaired::NoMemory,
                        _ => Unrepaired::NoData,
                    })?;
                // The page belongs to the cache and to whoever maps it; a store splits it off.
                t.mm.frames.share(cached);
                map(t, space, page, (cached, Share::CopyOnWrite))?;
                (Some(Repair::File), cached)
            }
        },
    };
    if let Some(repair) = what {
        let Fault { address, access } = fault;
        if let Some(thread) = t.proc.threads.get_mut(thread) {
            thread.times.faults += 1;
        }
        cx.emit(Event::Memory(MemoryEvent::Fault { address, access, repair, frame: mapped }));
    }
    Ok(())
}

/// Maps a frame that was counted for the space; gives it back if that fails.
fn map(
    t: &mut Tables,
    space: SpaceId,
    page: u64,
    (frame, share): (FrameId, Share),
) -> Result<(), Unrepaired> {
    t.mm.install(space, &mut t.memory, page, (frame, share)).map_err(|_| {
        frames::release(t, frame);
        Unrepaired::NoMemory
    })
}

/// A store to a page that is shared copy-on-write: a copy, or, for the last owner, the right to write.
fn split(
    t: &mut Tables,
    cx: &mut Cx,
    space: SpaceId,
    page: u64,
    shared: FrameId,
) -> Result<(Option<Repair>, FrameId), Unrepaired> {
    if t.mm.frames.owners(shared) == 1 {
        t.mm.own(space, &mut t.memory, page);
        return Ok((Some(Repair::Own), shared));
    }
    cx.charge(cx.costs.copy_page);
    match t.mm.copy(space, &mut t.memory, page, shared) {
        Ok(copy) => Ok((Some(Repair::Copy), copy)),
        Err(_) => Err(Unrepaired::NoMemory),
    }
}
