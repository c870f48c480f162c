//! A journal in use: which blocks were changed since the last commit, and what of the log is still needed.
//!
//! Every operation of the file system adds the blocks it changed to the *running* transaction. From time to time that is
//! closed and becomes the *committing* one: copies of its blocks go to the log. When its commit block is on the disk it is
//! *logged*: its blocks may be written where they belong, and when all of them are, the log can be forgotten (a
//! *checkpoint*). A block that a running or committing transaction has may not be written home: half of a change would be on
//! the disk. That is all that makes a crash harmless.
//!
//! A simplification: the log is emptied as a whole. jbd2 forgets transactions one by one, so that those who need room in the
//! log wait for less.

use super::journal::{self, Place, kind, revokes_of, set_be32, tag, tags_of};
use crate::base::BlockNumber;
use crate::fs::cache::Key;
use crate::fs::txn::Freed;
use std::collections::BTreeSet;

/// What a transaction consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Transaction {
    /// Blocks that it changed.
    pub blocks: BTreeSet<BlockNumber>,
    /// Blocks that older transactions may have copies of, and that must not be replayed.
    pub revoked: BTreeSet<BlockNumber>,
    /// Blocks that it gave back: they may not be used again before it is committed.
    pub freed: BTreeSet<BlockNumber>,
}

impl Transaction {
    /// Whether it has changed nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty() && self.revoked.is_empty()
    }

    /// How many blocks of the log it takes.
    fn length(&self, size: usize) -> u32 {
        let copies = self.blocks.len();
        let own = copies.div_ceil(tags_of(size)) + self.revoked.len().div_ceil(revokes_of(size));
        (copies + own + 1) as u32
    }
}

/// How far a commit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Data of files and copies of blocks are on their way.
    Copies,
    /// The commit block is.
    Commit,
}

/// A commit under way.
#[derive(Clone, Debug, Hash)]
pub struct Committing {
    /// How far it is.
    pub stage: Stage,
    /// The transaction.
    pub transaction: Transaction,
    /// The blocks of the log that it takes, the commit block apart.
    pub log: Vec<BlockNumber>,
    /// Pages of files that must be on the disk before it is.
    pub data: Vec<Key>,
    /// Where its commit block goes.
    pub commit: BlockNumber,
}

/// How far a checkpoint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Checkpoint {
    /// There is none.
    None,
    /// Blocks are on their way home.
    Home,
    /// The journal's superblock is.
    Tail,
}

/// A journal in use.
#[derive(Clone, Debug, Hash)]
pub struct Log {
    /// Where it is.
    pub place: Place,
    /// Bytes of a block.
    pub size: usize,
    /// What was changed since the last commit.
    pub running: Transaction,
    /// What is being committed.
    pub committing: Option<Committing>,
    /// What is in the log and may not be at home.
    pub logged: BTreeSet<BlockNumber>,
    /// How far a checkpoint is.
    pub checkpoint: Checkpoint,
    /// The journal's superblock.
    pub superblock: Box<[u8]>,
    /// How many writes the devices had refused when the last commit began.
    pub refused: u64,
    /// A commit went wrong: nothing is changed any more, so that what is on the disk stays whole.
    pub is_aborted: bool,
    /// The number of the running transaction.
    pub sequence: u32,
    /// The number of the last one that is committed.
    pub committed: u32,
    /// Blocks that may not be used again yet: those that running and committing transactions gave back.
    pub kept: BTreeSet<BlockNumber>,
    /// Where in the log the next transaction begins.
    head: u32,
    /// How many blocks of the log are taken.
    taken: u32,
}

impl Log {
    /// An empty one.
    #[must_use]
    pub fn new(place: Place, superblock: &[u8]) -> Self {
        let (head, sequence, size) = (place.first, place.sequence, superblock.len());
        Self {
            place,
            size,
            running: Transaction::default(),
            committing: None,
            logged: BTreeSet::new(),
            checkpoint: Checkpoint::None,
            superblock: superblock.into(),
            refused: 0,
            is_aborted: false,
            sequence,
            committed: sequence.wrapping_sub(1),
            kept: BTreeSet::new(),
            head,
            taken: 0,
        }
    }

    /// How many blocks the log has.
    fn length(&self) -> u32 {
        self.place.length() - self.place.first
    }

    /// Whether the running transaction is as large as one may be: a quarter of the log, as in jbd2.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.running.length(self.size) >= self.length() / 4
    }

    /// Whether the log must be emptied before another transaction begins.
    #[must_use]
    pub fn is_crowded(&self) -> bool {
        self.taken > self.length() / 2
    }

    /// How many frames a commit needs for its copies.
    #[must_use]
    pub fn wanted(&self) -> u32 {
        self.running.length(self.size) + 1
    }

    /// Whether operations must wait before they change anything more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.is_full() || self.is_crowded() || self.checkpoint != Checkpoint::None
    }

    /// Whether a commit or a checkpoint is under way.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.committing.is_some() || self.checkpoint != Checkpoint::None
    }

    /// Whether all that was changed up to a transaction is on the disk.
    #[must_use]
    pub fn has(&self, sequence: u32) -> bool {
        self.committed.wrapping_sub(sequence).cast_signed() >= 0
    }

    /// The number of the last transaction that has changed something.
    #[must_use]
    pub fn latest(&self) -> u32 {
        if self.running.is_empty() { self.sequence.wrapping_sub(1) } else { self.sequence }
    }

    /// The journal's superblock, which says that the log begins here.
    pub fn tail(&mut self, is_in_use: bool) -> Vec<u8> {
        let start = if is_in_use { self.head } else { 0 };
        journal::write_tail(&mut self.superblock, self.sequence, start);
        self.superblock.to_vec()
    }

    /// The running transaction has changed these blocks, and gave back those.
    pub fn join(&mut self, changed: impl Iterator<Item = BlockNumber>, freed: &BTreeSet<Freed>) {
        for number in changed {
            self.running.blocks.insert(number);
            self.running.revoked.remove(&number);
        }
        for freed in freed {
            let (Freed::Data(number) | Freed::Metadata(number)) = *freed;
            self.running.freed.insert(number);
            self.kept.insert(number);
            if let Freed::Metadata(number) = *freed {
                self.running.blocks.remove(&number);
                self.running.revoked.insert(number);
            }
        }
    }

    /// Whether a block may not be written home.
    #[must_use]
    pub fn holds(&self, number: BlockNumber) -> bool {
        self.running.blocks.contains(&number)
            || self.committing.as_ref().is_some_and(|it| it.transaction.blocks.contains(&number))
    }

    /// Closes the running transaction: what is to be written into the log, and where. `contents` has the blocks as they
    /// are. `data`: pages of files that must be on the disk before it is.
    pub fn close<'c>(
        &mut self,
        data: Vec<Key>,
        contents: impl Fn(BlockNumber) -> Option<&'c [u8]>,
    ) -> Vec<(BlockNumber, Vec<u8>)> {
        let transaction = std::mem::take(&mut self.running);
        let (sequence, size) = (self.sequence, self.size);
        let mut written: Vec<Vec<u8>> = Vec::new();
        let revoked: Vec<BlockNumber> = transaction.revoked.iter().copied().collect();
        for part in revoked.chunks(revokes_of(size)) {
            let mut block = vec![0; size];
            journal::begin(&mut block, kind::REVOKE, sequence);
            set_be32(&mut block, journal::HEAD, (journal::HEAD + 4 + part.len() * 4) as u32);
            for (n, number) in part.iter().enumerate() {
                set_be32(&mut block, journal::HEAD + 4 + n * 4, number.0 as u32);
            }
            written.push(block);
        }
        let copied: Vec<(BlockNumber, &[u8])> =
            transaction.blocks.iter().filter_map(|&n| Some((n, contents(n)?))).collect();
        for part in copied.chunks(tags_of(size)) {
            let mut block = vec![0; size];
            journal::begin(&mut block, kind::DESCRIPTOR, sequence);
            let mut at = journal::HEAD;
            let mut copies = Vec::new();
            for (n, (number, bytes)) in part.iter().enumerate() {
                let mut copy = bytes.to_vec();
                let mut flags = if n == 0 { 0 } else { tag::SAME };
                // What looks like the journal's own would be taken for that.
                if journal::get_be32(&copy, 0) == journal::MAGIC {
                    set_be32(&mut copy, 0, 0);
                    flags |= tag::ESCAPED;
                }
                if n + 1 == part.len() {
                    flags |= tag::LAST;
                }
                set_be32(&mut block, at, number.0 as u32);
                set_be32(&mut block, at + 4, flags);
                at += journal::TAG + if n == 0 { journal::IDENTITY } else { 0 };
                copies.push(copy);
            }
            written.push(block);
            written.append(&mut copies);
        }
        let mut blocks = Vec::with_capacity(written.len());
        for block in written {
            if let Some(number) = self.advance() {
                blocks.push((number, block));
            }
        }
        let commit = self.advance().unwrap_or_default();
        let log = blocks.iter().map(|(number, _)| *number).collect();
        self.committing = Some(Committing { stage: Stage::Copies, transaction, log, data, commit });
        self.sequence = sequence.wrapping_add(1);
        blocks
    }

    fn advance(&mut self) -> Option<BlockNumber> {
        let number = self.place.block(self.head);
        self.head = self.place.after(self.head);
        self.taken += 1;
        number
    }

    /// The commit block of the committing transaction.
    #[must_use]
    pub fn commit_block(&self, seconds: u64) -> Vec<u8> {
        let mut block = vec![0; self.size];
        journal::begin(&mut block, kind::COMMIT, self.sequence.wrapping_sub(1));
        // The time of the commit, at 48: seconds in 64 bits.
        set_be32(&mut block, 48, (seconds >> 32) as u32);
        set_be32(&mut block, 52, seconds as u32);
        block
    }

    /// The commit block is on the disk: returns the blocks that may be written home.
    pub fn committed(&mut self) -> Vec<BlockNumber> {
        let Some(done) = self.committing.take() else { return Vec::new() };
        self.committed = self.sequence.wrapping_sub(1);
        // What a newer transaction revokes need not go home; what it gave back may be used again.
        for number in &done.transaction.freed {
            if !self.running.freed.contains(number) {
                self.kept.remove(number);
            }
        }
        for number in &done.transaction.revoked {
            self.logged.remove(number);
        }
        self.logged.extend(&done.transaction.blocks);
        let running = &self.running.blocks;
        done.transaction.blocks.iter().copied().filter(|number| !running.contains(number)).collect()
    }

    /// The log is empty: all that it had is at home.
    pub fn emptied(&mut self) {
        self.taken = 0;
        self.logged.clear();
        self.checkpoint = Checkpoint::None;
    }
}
