//! The cache: blocks of devices and pages of files, each in a frame of RAM.
//!
//! One cache with two kinds of key, as Linux has since 2.4: a page of a file is found under the file, a
//! block of metadata under its device. The cache holds names of frames, states and dirtiness; data is
//! moved by layer 7.

use super::file_system::PageBlocks;
use crate::abi::Errno;
use crate::base::{BlockNumber, Channel, DeviceId, FrameId, InodeId, RequestId};
use crate::event::EventId;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What is cached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A block of a device: metadata.
    Block(DeviceId, BlockNumber),
    /// A page of a file: data.
    Page(InodeId, u64),
}

impl Key {
    /// What to wait on for it.
    #[must_use]
    pub fn channel(self) -> Channel {
        match self {
            Self::Block(device, block) => Channel::Block { device, block },
            Self::Page(inode, page) => Channel::Page { inode, page },
        }
    }
}

/// Where an entry belongs on its device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Home {
    /// The device.
    pub device: DeviceId,
    /// Bytes of a block.
    pub size: usize,
    /// The blocks that a page is made of; of a single block, the first of them.
    pub blocks: PageBlocks,
}

impl Home {
    /// A block's own.
    #[must_use]
    pub const fn of_block(device: DeviceId, size: usize, number: BlockNumber) -> Self {
        Self { device, size, blocks: [Some(number), None, None, None] }
    }

    /// Whether there is no block at all.
    #[must_use]
    pub fn is_hole(&self) -> bool {
        self.blocks.iter().all(Option::is_none)
    }

    /// Blocks that lie behind each other, to be moved in one go: the first one's number, where they begin in the frame,
    /// and how long they are, in bytes.
    pub fn runs(&self) -> impl Iterator<Item = (BlockNumber, usize, usize)> {
        let blocks = self.blocks;
        let size = self.size;
        let mut n = 0;
        std::iter::from_fn(move || {
            while blocks.get(n)?.is_none() {
                n += 1;
            }
            let (start, first) = (n, (*blocks.get(n)?)?);
            n += 1;
            while blocks
                .get(n)
                .is_some_and(|next| *next == Some(BlockNumber(first.0 + (n - start) as u64)))
            {
                n += 1;
            }
            Some((first, start * size, (n - start) * size))
        })
    }
}

/// Where an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// The device is reading it; its frame holds nothing yet.
    Reading,
    /// Reading it failed. Whoever asks next is told, and the entry goes.
    Failed(Errno),
    /// As on the device.
    Clean,
    /// Newer than on the device.
    Dirty,
    /// Being written; `again`: changed meanwhile.
    Writing {
        /// Whether it is dirty once more.
        again: bool,
    },
}

/// An entry.
#[derive(Clone, Debug, Hash)]
pub struct Cached {
    /// Where the data is.
    pub frame: FrameId,
    /// Where it belongs on the device; none for a page of a hole.
    pub home: Option<Home>,
    /// How many requests for it are under way.
    under_way: u8,
    /// What went wrong with one of those that are done.
    error: Option<Errno>,
    /// How it stands.
    pub state: State,
    /// Calls that must find it here when they run again.
    pub pins: u32,
    /// What made it dirty.
    pub cause: EventId,
    /// The request that made it dirty.
    pub request: RequestId,
}

impl Cached {
    /// Whether the frame holds the data.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        !matches!(self.state, State::Reading | State::Failed(_))
    }
}

/// All that is cached.
#[derive(Clone, Debug, Hash)]
pub struct Cache {
    entries: BTreeMap<Key, Cached>,
    dirty: BTreeSet<Key>,
    /// What may not be written before a journal says so.
    held: BTreeSet<Key>,
    /// What is being read or written, by frame.
    moving: BTreeMap<FrameId, Key>,
    /// Keys in the order in which they came, for eviction. May hold keys that are gone.
    order: VecDeque<Key>,
    /// How many entries there may be before clean ones are evicted.
    limit: usize,
    /// How many writes devices have refused.
    refused: u64,
}

impl Cache {
    /// A cache of about `limit` entries.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            entries: BTreeMap::new(),
            dirty: BTreeSet::new(),
            held: BTreeSet::new(),
            moving: BTreeMap::new(),
            order: VecDeque::new(),
            limit: limit.max(16),
            refused: 0,
        }
    }

    /// An entry.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<&Cached> {
        self.entries.get(&key)
    }

    /// An entry's pin count, to change.
    pub fn pins_mut(&mut self, key: Key) -> Option<&mut u32> {
        self.entries.get_mut(&key).map(|entry| &mut entry.pins)
    }

    /// Puts an entry in, in the given state: `Reading` when a device was asked for it, `Clean` for a hole
    /// or a block that is made new.
    pub fn insert(&mut self, key: Key, frame: FrameId, home: Option<Home>, state: State) {
        let (cause, request) = (EventId::NONE, RequestId::NONE);
        if state == State::Reading {
            self.moving.insert(frame, key);
        }
        let under_way = match (state, home) {
            (State::Reading, Some(home)) => home.runs().count() as u8,
            _ => 0,
        };
        let (pins, error) = (0, None);
        let entry = Cached { frame, home, under_way, error, state, pins, cause, request };
        self.entries.insert(key, entry);
        self.order.push_back(key);
    }

    /// Takes an entry out; the caller gives its frame back.
    pub fn remove(&mut self, key: Key) -> Option<Cached> {
        self.dirty.remove(&key);
        self.held.remove(&key);
        self.entries.remove(&key)
    }

    /// The data in the frame was changed.
    pub fn mark_dirty(&mut self, key: Key, cause: EventId, request: RequestId) {
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.state = match entry.state {
                State::Writing { .. } => State::Writing { again: true },
                _ => State::Dirty,
            };
            (entry.cause, entry.request) = (cause, request);
            if !self.held.contains(&key) {
                self.dirty.insert(key);
            }
        }
    }

    /// It may not be written before it is [released](Self::release).
    pub fn hold(&mut self, key: Key) {
        self.dirty.remove(&key);
        self.held.insert(key);
    }

    /// It may be written.
    pub fn release(&mut self, key: Key) {
        self.held.remove(&key);
        if self.entries.get(&key).is_some_and(|entry| entry.state == State::Dirty) {
            self.dirty.insert(key);
        }
    }

    /// Where the entry belongs from now on: its file got a block for it.
    pub fn set_home(&mut self, key: Key, home: Home) {
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.home = Some(home);
        }
    }

    /// What an entry holds is worth nothing any more: it need not be written.
    pub fn forget(&mut self, key: Key) {
        if let Some(entry) = self.entries.get_mut(&key).filter(|entry| entry.state == State::Dirty)
        {
            entry.state = State::Clean;
            self.dirty.remove(&key);
        }
        self.held.remove(&key);
    }

    /// A dirty entry is being written; `None` if there is nothing to write.
    pub fn begin_write(&mut self, key: Key) -> Option<&Cached> {
        let entry = self.entries.get_mut(&key)?;
        let runs = entry.home.map_or(0, |home| home.runs().count());
        if entry.state != State::Dirty || runs == 0 || self.held.contains(&key) {
            return None;
        }
        entry.under_way = runs as u8;
        self.dirty.remove(&key);
        self.moving.insert(entry.frame, key);
        entry.state = State::Writing { again: false };
        Some(entry)
    }

    /// The device is done with a request for an entry; `true` if that was the last one.
    pub fn finish(&mut self, key: Key, error: Option<Errno>) -> bool {
        let Some(entry) = self.entries.get_mut(&key) else {
            return true;
        };
        entry.error = entry.error.or(error);
        entry.under_way = entry.under_way.saturating_sub(1);
        if entry.under_way > 0 {
            return false;
        }
        let error = entry.error.take();
        self.moving.remove(&entry.frame);
        if matches!(entry.state, State::Writing { .. }) && error.is_some() {
            self.refused += 1;
        }
        entry.state = match (entry.state, error) {
            (State::Reading, Some(error)) => State::Failed(error),
            (State::Writing { again: true }, _) => State::Dirty,
            // What could not be written is not tried for ever: the data is lost to the disk, and whoever asks
            // with fsync(2) is told so, as on Linux.
            _ => State::Clean,
        };
        if entry.state == State::Dirty && !self.held.contains(&key) {
            self.dirty.insert(key);
        }
        true
    }

    /// How many writes devices have refused so far.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.refused
    }

    /// What a frame that is on its way to or from a device is cached as.
    #[must_use]
    pub fn key_of(&self, frame: FrameId) -> Option<Key> {
        self.moving.get(&frame).copied()
    }

    /// Dirty entries that are not being written, in the order of their keys.
    pub fn dirty(&self) -> impl Iterator<Item = Key> {
        self.dirty.iter().copied()
    }

    /// How many entries are dirty and not being written.
    #[must_use]
    pub fn dirty_count(&self) -> usize {
        self.dirty.len()
    }

    /// Something that is being written.
    #[must_use]
    pub fn writing(&self) -> Option<Key> {
        let writing = |key: &&Key| {
            self.get(**key).is_some_and(|entry| matches!(entry.state, State::Writing { .. }))
        };
        self.moving.values().find(writing).copied()
    }

    /// Takes out the oldest clean entry that nobody has pinned and that `may_go`, if the cache is over its limit or `force`
    /// is set; the caller gives its frame back.
    pub fn evict(&mut self, force: bool, may_go: impl Fn(FrameId) -> bool) -> Option<Cached> {
        if !force && self.entries.len() <= self.limit {
            return None;
        }
        for _ in 0..self.order.len() {
            let key = self.order.pop_front()?;
            match self.entries.get(&key) {
                None => {}
                Some(entry)
                    if entry.state == State::Clean && entry.pins == 0 && may_go(entry.frame) =>
                {
                    return self.entries.remove(&key);
                }
                Some(_) => self.order.push_back(key),
            }
        }
        None
    }

    /// The pages of a file from one on, as far as they are here.
    pub fn pages_of(&self, inode: InodeId, from: u64) -> impl Iterator<Item = Key> {
        let range = Key::Page(inode, from)..=Key::Page(inode, u64::MAX);
        self.entries.range(range).map(|(key, _)| *key)
    }

    /// What is cached of a device.
    pub fn blocks_of(&self, device: DeviceId) -> impl Iterator<Item = Key> {
        let range = Key::Block(device, BlockNumber(0))..=Key::Block(device, BlockNumber(u64::MAX));
        self.entries.range(range).map(|(key, _)| *key)
    }

    /// What is cached of the files of a file system.
    pub fn files_of(&self, fs: u16) -> impl Iterator<Item = Key> {
        let first = Key::Page(InodeId { fs, number: 0 }, 0);
        let last = Key::Page(InodeId { fs, number: u64::MAX }, u64::MAX);
        self.entries.range(first..=last).map(|(key, _)| *key)
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is cached.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All entries, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &Cached)> {
        self.entries.iter().map(|(key, entry)| (*key, entry))
    }
}
