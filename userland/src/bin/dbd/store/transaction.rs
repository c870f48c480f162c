//! Transactions: who may see what, who waits for whom.
//!
//! A row carries the number of the transaction that made it and of the one that took it away. Of a transaction that
//! is over, one bit on a page of states says whether it committed: setting that bit *is* the commit, and a transaction
//! that failed, or was under way when the power was cut, never needs to be undone. Which ones are under way stands in a
//! table of the shared area.
//!
//! Read committed: each statement sees what was committed when it began. Whoever wants to change a row that another
//! transaction under way has changed waits for that one's end, and does the statement again. Before it waits, it follows
//! the chain of who waits for whom; if that leads back to itself there is a deadlock, and it gives up (Coffman et al.,
//! "System Deadlocks", 1971).

use super::Db;
use super::area::{
    COMMITS, MOST_TRANSACTIONS, NEXT_TRANSACTION, TRANSACTION_LATCH, TRANSACTION_SIZE, TRANSACTIONS,
};
use super::error::{Error, Result};
use super::page::{Kind, SIZE};
use super::work::{STATUS, Work};
use crate::sys::sync::Mutex;
use std::collections::BTreeMap;

/// Where the bits begin on a page of states, and how many there are.
const BITS: usize = 24;
const PER_PAGE: u64 = (SIZE as u64 - BITS as u64) * 8;

/// How many numbers are set aside at a time.
const AHEAD: u32 = 1024;

/// Fields of an entry in the table of transactions.
const NUMBER: u64 = 0;
const WAITS_FOR: u64 = 8;
const BELL: u64 = 16;

/// Which transactions a statement takes for committed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    /// The statement's own; 0 if it has none yet.
    pub(crate) own: u64,
    /// Those under way when it began.
    active: Vec<u64>,
    /// What was looked up on the pages of states.
    known: BTreeMap<u64, bool>,
}

/// What became of the transaction that a row names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Own,
    Active,
    Committed,
    Aborted,
}

impl Db {
    fn transactions(&self) -> Mutex {
        Mutex::shared_at(self.area.at(TRANSACTION_LATCH))
    }

    /// The table as it is: number, and whom it waits for.
    async fn table(&self) -> Vec<(u64, u64)> {
        let length = MOST_TRANSACTIONS * TRANSACTION_SIZE;
        let bytes = self.sys.peek(self.area.at(TRANSACTIONS), length as usize).await;
        let word = |at: &[u8]| at.try_into().map_or(0, u64::from_le_bytes);
        let entry = |entry: &[u8]| (word(&entry[..8]), word(&entry[8..16]));
        bytes.chunks_exact(TRANSACTION_SIZE as usize).map(entry).collect()
    }

    fn entry(&self, n: usize) -> u64 {
        self.area.at(TRANSACTIONS) + n as u64 * TRANSACTION_SIZE
    }

    /// Who is under way now.
    pub(crate) async fn snapshot(&self, own: u64) -> Snapshot {
        let active = self.table().await.into_iter().map(|(number, _)| number);
        Snapshot {
            own,
            active: active.filter(|&n| n != 0 && n != own).collect(),
            ..Snapshot::default()
        }
    }

    /// Waits until another transaction is over.
    pub(crate) async fn wait_for(&self, own: u64, other: u64) -> Result<()> {
        let (latch, sys) = (self.transactions(), &self.sys);
        latch.lock(sys).await;
        let table = self.table().await;
        let place = |number: u64| table.iter().position(|&(n, _)| n == number && n != 0);
        let Some(theirs) = place(other) else {
            latch.unlock(sys).await;
            return Ok(());
        };
        let mut next = other;
        for _ in 0..table.len() {
            if next == own && own != 0 {
                latch.unlock(sys).await;
                return Err(Error::Deadlock);
            }
            next = place(next).and_then(|n| table.get(n)).map_or(0, |&(_, waits)| waits);
        }
        let mine = place(own);
        if let Some(mine) = mine {
            sys.store(self.entry(mine) + WAITS_FOR, other).await;
        }
        let bell = self.entry(theirs) + BELL;
        let heard = sys.load32(bell).await;
        latch.unlock(sys).await;
        let slept = sys.futex_wait_shared(bell, heard).await;
        if let Some(mine) = mine {
            sys.store(self.entry(mine) + WAITS_FOR, 0).await;
        }
        match slept {
            Err(oscope_kernel::abi::Errno::EINTR) => {
                Err(Error::Io(oscope_kernel::abi::Errno::EINTR))
            }
            _ => Ok(()),
        }
    }

    /// A transaction is over: nobody need wait for it any more.
    pub(crate) async fn end(&self, own: u64, is_committed: bool) {
        if own == 0 {
            return;
        }
        let (latch, sys) = (self.transactions(), &self.sys);
        latch.lock(sys).await;
        let table = self.table().await;
        if let Some(n) = table.iter().position(|&(number, _)| number == own) {
            sys.store(self.entry(n) + NUMBER, 0).await;
            sys.fetch_add32(self.entry(n) + BELL, 1).await;
            let _ = sys.futex_wake_shared(self.entry(n) + BELL, i32::MAX as u32).await;
        }
        latch.unlock(sys).await;
        if is_committed {
            self.count(COMMITS).await;
        }
    }

    /// Begins a transaction: its number. The latch is held alone.
    pub(crate) async fn begin(&self) -> Result<u64> {
        let next = self.word(NEXT_TRANSACTION).await;
        let mut work = Work::new(self, Snapshot::default());
        let limit = work.transaction_limit().await?;
        if next >= u64::from(limit) {
            let more = limit.checked_add(AHEAD).ok_or(Error::Full("transaction numbers"))?;
            work.set_transaction_limit(more).await?;
            work.finish().await?;
        }
        self.enter(next).await?;
        self.sys.store(self.area.at(NEXT_TRANSACTION), next + 1).await;
        Ok(next)
    }

    /// Puts a transaction into the table.
    async fn enter(&self, own: u64) -> Result<()> {
        let (latch, sys) = (self.transactions(), &self.sys);
        latch.lock(sys).await;
        let free = self.table().await.iter().position(|&(number, _)| number == 0);
        if let Some(n) = free {
            sys.store(self.entry(n) + NUMBER, own).await;
            sys.store(self.entry(n) + WAITS_FOR, 0).await;
        }
        latch.unlock(sys).await;
        free.map(drop).ok_or(Error::Full("the table of transactions"))
    }
}

impl Work<'_> {
    /// The statement's transaction.
    pub(crate) fn own(&self) -> Result<u64> {
        match self.snapshot.own {
            0 => Err(Error::Corrupt("a change outside of any transaction")),
            own => Ok(own),
        }
    }

    /// What became of a transaction, as this statement sees it.
    pub(crate) async fn fate(&mut self, number: u64) -> Result<Fate> {
        if number == self.snapshot.own && number != 0 {
            return Ok(Fate::Own);
        }
        if self.snapshot.active.contains(&number) {
            return Ok(Fate::Active);
        }
        let is_committed = match self.snapshot.known.get(&number) {
            Some(&known) => known,
            None => {
                let (page, at, bit) = self.status_bit(number, false).await?;
                let is_set = match page {
                    0 => false,
                    page => {
                        self.page(page).await?.0.get(at).is_some_and(|byte| byte >> bit & 1 == 1)
                    }
                };
                self.snapshot.known.insert(number, is_set);
                is_set
            }
        };
        Ok(if is_committed { Fate::Committed } else { Fate::Aborted })
    }

    /// Where a transaction's bit stands: page (0 if there is none), byte and bit.
    async fn status_bit(&mut self, number: u64, may_make: bool) -> Result<(u32, usize, u64)> {
        let mut page = STATUS;
        for _ in 0..number / PER_PAGE {
            let mut next = self.page(page).await?.next();
            if next == 0 && may_make {
                next = self.allocate(Kind::Status).await?;
                self.page_mut(page).await?.set_next(next);
            }
            page = next;
            if page == 0 {
                break;
            }
        }
        let bit = number % PER_PAGE;
        Ok((page, BITS + (bit / 8) as usize, bit % 8))
    }

    /// Marks the statement's transaction as committed, as part of this work.
    pub(crate) async fn commit(&mut self) -> Result<()> {
        let own = self.snapshot.own;
        if own != 0 {
            let (page, at, bit) = self.status_bit(own, true).await?;
            if let Some(byte) = self.page_mut(page).await?.0.get_mut(at) {
                *byte |= 1 << bit;
            }
        }
        Ok(())
    }

    /// Whether this statement sees a row that these transactions made and took away (0: none did).
    pub(crate) async fn is_visible(&mut self, made: u64, gone: u64) -> Result<bool> {
        if !matches!(self.fate(made).await?, Fate::Own | Fate::Committed) {
            return Ok(false);
        }
        Ok(gone == 0 || !matches!(self.fate(gone).await?, Fate::Own | Fate::Committed))
    }

    /// Whether a row is there for one who wants to change it or forbid another like it.
    ///
    /// # Errors
    /// [`Error::Busy`] if that is up to another transaction.
    pub(crate) async fn is_live(&mut self, made: u64, gone: u64) -> Result<bool> {
        match self.fate(made).await? {
            Fate::Active => return Err(Error::Busy(made)),
            Fate::Aborted => return Ok(false),
            Fate::Own | Fate::Committed => {}
        }
        if gone == 0 {
            return Ok(true);
        }
        match self.fate(gone).await? {
            Fate::Active => Err(Error::Busy(gone)),
            Fate::Aborted => Ok(true),
            Fate::Own | Fate::Committed => Ok(false),
        }
    }
}
