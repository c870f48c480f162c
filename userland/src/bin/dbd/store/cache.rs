//! The buffer cache: pages of the data file in slots of shared memory.
//!
//! A directory (lists by page number) says which slot holds a page. What is looked for and not there is read into the slot
//! that the clock algorithm finds: the hand passes over slots used since it last came by. A changed page is written
//! back first, and the log before it. The latch of the directory is never held during I/O: a slot that is being read
//! or written says so, and whoever wants it waits for that slot alone.

use super::Db;
use super::area::{CACHE_LATCH, HAND, HITS, READS, WRITES};
use super::error::{Error, Result};
use super::page::{Page, SIZE};
use crate::bin::steps::Step;
use crate::sys::sync::Mutex;

/// Fields of a slot's descriptor.
const PAGE: u64 = 0;
const NEXT: u64 = 4;
const STATE: u64 = 8;
const FLAGS: u64 = 12;
const LSN: u64 = 16;

/// States of a slot: nothing in it, a page in it, being read or written.
const FREE: u32 = 0;
const VALID: u32 = 1;
const MOVING: u32 = 2;

/// Flags: changed since it was read; used since the clock hand came by.
const DIRTY: u32 = 1;
const USED: u32 = 2;

/// How a page is come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// As the disk has it.
    Stored,
    /// It is new, and what the disk has does not matter.
    Fresh,
}

impl Db {
    fn cache_latch(&self) -> Mutex {
        Mutex::shared_at(self.area.at(CACHE_LATCH))
    }

    /// A copy of a page, and whether it had to be read from the disk.
    pub(crate) async fn read_page(&self, page: u32) -> Result<(Page, bool)> {
        let (slot, is_miss) = self.hold(page, Want::Stored).await?;
        let bytes = self.sys.peek(self.area.slot(slot), SIZE).await;
        self.cache_latch().unlock(&self.sys).await;
        Ok((Page(bytes), is_miss))
    }

    /// Puts changed bytes of a page into the cache; the log has them up to `lsn`.
    pub(crate) async fn write_page(
        &self,
        page: u32,
        want: Want,
        bytes: &[u8],
        ranges: &[(usize, usize)],
        lsn: u64,
    ) -> Result<()> {
        let (slot, _) = self.hold(page, want).await?;
        let (address, descriptor) = (self.area.slot(slot), self.area.descriptor(slot));
        for &(from, to) in ranges {
            if let Some(part) = bytes.get(from..to) {
                self.sys.poke(address + from as u64, part).await;
            }
        }
        self.sys.store32(descriptor + FLAGS, DIRTY | USED).await;
        self.sys.store(descriptor + LSN, lsn).await;
        self.cache_latch().unlock(&self.sys).await;
        Ok(())
    }

    /// Finds a page, or brings it in. Returns with the directory's latch held, so that the slot stays what it is; on an
    /// error the latch is free.
    async fn hold(&self, page: u32, want: Want) -> Result<(u64, bool)> {
        let (latch, sys) = (self.cache_latch(), &self.sys);
        Step::CacheLooked.mark(sys, u64::from(page)).await;
        loop {
            latch.lock(sys).await;
            if let Some(slot) = self.lookup(page).await {
                let descriptor = self.area.descriptor(slot);
                if sys.load32(descriptor + STATE).await == MOVING {
                    latch.unlock(sys).await;
                    let _ = sys.futex_wait_shared(descriptor + STATE, MOVING).await;
                    continue;
                }
                let flags = sys.load32(descriptor + FLAGS).await;
                sys.store32(descriptor + FLAGS, flags | USED).await;
                self.count(HITS).await;
                return Ok((slot, false));
            }
            let slot = match self.victim().await {
                Ok(slot) => slot,
                Err(error) => {
                    latch.unlock(sys).await;
                    return Err(error);
                }
            };
            if sys.load32(self.area.descriptor(slot) + FLAGS).await & DIRTY != 0 {
                self.write_back(slot).await?;
                // The hand comes back for it.
                sys.store(self.area.at(HAND), slot).await;
                continue;
            }
            self.unlink(slot).await;
            self.link(slot, page).await;
            latch.unlock(sys).await;
            let filled = self.fill(slot, page, want).await;
            latch.lock(sys).await;
            if filled.is_err() {
                self.unlink(slot).await;
            }
            let state = if filled.is_ok() { VALID } else { FREE };
            self.settle(slot, state).await;
            if want == Want::Stored {
                Step::CacheKept.mark(sys, u64::from(page)).await;
            }
            if let Err(error) = filled {
                latch.unlock(sys).await;
                return Err(error);
            }
            return Ok((slot, true));
        }
    }

    /// The slot that holds a page. The directory's latch is held.
    async fn lookup(&self, page: u32) -> Option<u64> {
        let mut link = self.sys.load32(self.area.chain(page)).await;
        while link != 0 {
            let slot = u64::from(link) - 1;
            let descriptor = self.area.descriptor(slot);
            if self.sys.load32(descriptor + PAGE).await == page {
                return Some(slot);
            }
            link = self.sys.load32(descriptor + NEXT).await;
        }
        None
    }

    /// The slot whose page is to go.
    async fn victim(&self) -> Result<u64> {
        let sys = &self.sys;
        // Twice around: the first time marks are taken away.
        for _ in 0..2 * self.area.slots + 1 {
            let slot = sys.fetch_add(self.area.at(HAND), 1).await % self.area.slots;
            let descriptor = self.area.descriptor(slot);
            let state = sys.load32(descriptor + STATE).await;
            if state == FREE {
                return Ok(slot);
            }
            let flags = sys.load32(descriptor + FLAGS).await;
            if state == MOVING || self.files.is_none() {
                continue;
            }
            if flags & USED == 0 {
                return Ok(slot);
            }
            sys.store32(descriptor + FLAGS, flags & !USED).await;
        }
        Err(Error::Full("the buffer cache"))
    }

    /// Takes a slot out of the list it is in. The directory's latch is held.
    async fn unlink(&self, slot: u64) {
        let (sys, descriptor) = (&self.sys, self.area.descriptor(slot));
        if sys.load32(descriptor + STATE).await == FREE {
            return;
        }
        let after = sys.load32(descriptor + NEXT).await;
        let mut at = self.area.chain(sys.load32(descriptor + PAGE).await);
        loop {
            let link = sys.load32(at).await;
            if u64::from(link) == slot + 1 {
                sys.store32(at, after).await;
                return;
            }
            if link == 0 {
                return;
            }
            at = self.area.descriptor(u64::from(link) - 1) + NEXT;
        }
    }

    /// Makes a slot that of a page, on its way. The directory's latch is held.
    async fn link(&self, slot: u64, page: u32) {
        let (sys, descriptor, chain) =
            (&self.sys, self.area.descriptor(slot), self.area.chain(page));
        sys.store32(descriptor + PAGE, page).await;
        let first = sys.load32(chain).await;
        sys.store32(descriptor + NEXT, first).await;
        sys.store32(descriptor + STATE, MOVING).await;
        sys.store32(descriptor + FLAGS, USED).await;
        sys.store32(chain, slot as u32 + 1).await;
    }

    /// A slot is no longer on its way.
    async fn settle(&self, slot: u64, state: u32) {
        let at = self.area.descriptor(slot) + STATE;
        self.sys.store32(at, state).await;
        let _ = self.sys.futex_wake_shared(at, i32::MAX as u32).await;
    }

    async fn fill(&self, slot: u64, page: u32, want: Want) -> Result<()> {
        let address = self.area.slot(slot);
        let mut count = 0;
        if want == Want::Stored {
            let files = self.files.ok_or(Error::Corrupt("a page that nobody made"))?;
            self.count(READS).await;
            Step::CacheMissed.mark(&self.sys, u64::from(page)).await;
            count = self
                .sys
                .pread(files.data, address, SIZE as u64, u64::from(page) * SIZE as u64)
                .await?;
            Step::DiskReturned.mark(&self.sys, u64::from(page)).await;
        }
        if count < SIZE as u64 {
            self.sys.poke(address + count, &vec![0; SIZE - count as usize]).await;
        }
        Ok(())
    }

    /// Writes a changed page to the data file. The directory's latch is held before, and free after.
    async fn write_back(&self, slot: u64) -> Result<()> {
        let (sys, descriptor) = (&self.sys, self.area.descriptor(slot));
        sys.store32(descriptor + STATE, MOVING).await;
        let page = sys.load32(descriptor + PAGE).await;
        let lsn = sys.load(descriptor + LSN).await;
        self.cache_latch().unlock(sys).await;
        let written = self.write_through(slot, page, lsn).await;
        self.cache_latch().lock(sys).await;
        if written.is_ok() {
            let flags = sys.load32(descriptor + FLAGS).await;
            sys.store32(descriptor + FLAGS, flags & !DIRTY).await;
        }
        self.settle(slot, VALID).await;
        self.cache_latch().unlock(sys).await;
        written
    }

    async fn write_through(&self, slot: u64, page: u32, lsn: u64) -> Result<()> {
        let Some(files) = self.files else { return Ok(()) };
        self.flush(lsn).await?;
        let offset = u64::from(page) * SIZE as u64;
        self.sys.pwrite(files.data, self.area.slot(slot), SIZE as u64, offset).await?;
        self.count(WRITES).await;
        Ok(())
    }

    /// Writes changed pages to the data file, at most so many; how many there were.
    pub(crate) async fn write_dirty(&self, most: u64) -> Result<u64> {
        let sys = &self.sys;
        let mut written = 0;
        for slot in 0..self.area.slots {
            if written == most || self.files.is_none() {
                break;
            }
            let descriptor = self.area.descriptor(slot);
            if sys.load32(descriptor + FLAGS).await & DIRTY == 0 {
                continue;
            }
            self.cache_latch().lock(sys).await;
            let is_dirty = sys.load32(descriptor + FLAGS).await & DIRTY != 0;
            if is_dirty && sys.load32(descriptor + STATE).await == VALID {
                self.write_back(slot).await?;
                written += 1;
            } else {
                self.cache_latch().unlock(sys).await;
            }
        }
        Ok(written)
    }
}
